/**
 * A text that another release prints, or that was copied in another way, and what must be read from it.
 */
import type { ForeignKind } from '../../../../bench/import/readers.ts';

export interface Form {
  readonly name: string;
  /** Default: a move. */
  readonly kind?: ForeignKind;
  /** Reader, where the text alone does not say which; default: it is recognised. */
  readonly as?: string;
  readonly text: string;
  /** What the file says in its own terms, as far as it is held here; `format` is the title. */
  readonly said: Readonly<Record<string, unknown>>;
  /** What must not be there, since the text does not say it. */
  readonly absent?: readonly string[];
  /** No line of it is left unread. */
  readonly quiet?: boolean;
}

/** How many fields are right, and those that are not: name, what was found, what is meant. */
export interface Score {
  readonly right: number;
  readonly wrong: readonly string[];
}

/** Compares field by field. @param path names the field */
export function scoreOf(expected: unknown, found: unknown, path: string): Score {
  if (Array.isArray(expected) && Array.isArray(found) && expected.length === found.length) {
    return together(expected.map((each, i) => scoreOf(each, (found as unknown[])[i], `${path}[${i}]`)));
  }
  const isTree = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
  if (isTree && typeof found === 'object' && found !== null) {
    const fields = found as Readonly<Record<string, unknown>>;
    return together(Object.entries(expected).map(([name, each]) => scoreOf(each, fields[name], `${path}.${name}`)));
  }
  if (Object.is(expected, found) || isNear(expected, found)) return { right: 1, wrong: [] };
  return { right: 0, wrong: [`${path}: ${JSON.stringify(found)}, meant is ${JSON.stringify(expected)}`] };
}

/** Times of traces are sums of fractions. */
function isNear(expected: unknown, found: unknown): boolean {
  return typeof expected === 'number' && typeof found === 'number' && Math.abs(expected - found) <= 1e-9 * expected;
}

export function together(scores: readonly Score[]): Score {
  return {
    right: scores.reduce((sum, { right }) => sum + right, 0),
    wrong: scores.flatMap(({ wrong }) => wrong),
  };
}
