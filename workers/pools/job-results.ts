/**
 * What the cells of a job came to: a set keyed by the cells' hashes. Adding a result again changes nothing, so that a cell
 * may be run twice and sets of several runs can be united in any order.
 */
import { canonicalText, parsePlain, plainText } from '../../sim/base/plain-data.ts';
import { UserError, type UserErrorKind } from '../../sim/base/user-error.ts';

/** What came of a cell: its value, or why it cannot be asked. */
export type CellResult<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | {
      readonly kind: 'refused';
      /** Kind of the {@link UserError}. */
      readonly error: UserErrorKind;
      readonly message: string;
      readonly hint?: string;
    };

/**
 * The value of a cell that can be asked.
 *
 * @throws UserError for one that was refused
 */
export function valueOf<Value>(result: CellResult<Value>): Value {
  if (result.kind === 'done') return result.value;
  throw new UserError(result.error, result.message, result.hint);
}

/** One key has two results that differ: the function is not pure, or something that it depends on is not in the key. */
export class Contradiction extends Error {
  override readonly name = 'Contradiction';
  readonly key: string;

  constructor(key: string, texts: readonly [string, string]) {
    const [one, other] = texts.map((text) => (text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text));
    super(`cell ${key} has two results that differ: ${one} and ${other}`);
    this.key = key;
  }
}

/** Letters of a result in a message. */
const SHOWN_MAX = 200;

export class JobResults<Value> {
  private readonly byKey = new Map<string, CellResult<Value>>();

  get size(): number {
    return this.byKey.size;
  }

  get(key: string): CellResult<Value> | undefined {
    return this.byKey.get(key);
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  /** @throws Contradiction when the cell has another result already */
  add(key: string, result: CellResult<Value>): void {
    const before = this.byKey.get(key);
    if (before === undefined) {
      this.byKey.set(key, result);
      return;
    }
    const texts = [canonicalText(before), canonicalText(result)] as const;
    if (texts[0] !== texts[1]) throw new Contradiction(key, texts);
  }

  /**
   * Takes in all of another set.
   *
   * @throws Contradiction for a cell whose two results differ
   */
  merge(other: JobResults<Value>): void {
    for (const [key, result] of other.byKey) this.add(key, result);
  }

  /** One line for each result, sorted by key: equal sets have equal texts. */
  lines(): string {
    return [...this.byKey.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, result]) => resultLine(key, result))
      .join('');
  }

  /**
   * Takes in lines. A line that is torn, or something else than a result, is passed over: its cell is run again.
   *
   * @throws Contradiction
   */
  addLines(text: string): void {
    for (const line of text.split('\n')) {
      const read = line === '' ? undefined : readLine(line);
      if (read !== undefined) this.add(read.key, read.result as CellResult<Value>);
    }
  }
}

/** A result as one line of text, with its line break. */
export function resultLine<Value>(key: string, result: CellResult<Value>): string {
  return `${plainText({ key, result })}\n`;
}

function readLine(line: string): { readonly key: string; readonly result: unknown } | undefined {
  let value: unknown;
  try {
    value = parsePlain(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('key' in value) || !('result' in value)) return undefined;
  const { key, result } = value;
  if (typeof key !== 'string' || typeof result !== 'object' || result === null || !('kind' in result)) return undefined;
  return result.kind === 'done' || result.kind === 'refused' ? { key, result } : undefined;
}
