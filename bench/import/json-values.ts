/**
 * JSON values that stand one after the other in a text: JSON lines, pretty values, a list of values, and logs in which a time or
 * an arrow stands before each.
 */
import { LEVELS_MAX } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { MIB } from '../../sim/base/units.ts';
import { numbered } from './numbered.ts';
import { addFindings, type Finding } from './reader.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonValue {
  readonly value: JsonObject;
  /** Line in which it begins, from 1. */
  readonly line: number;
}

/** Characters that are held at once, of one value. */
const JSON_CHARS_MAX = 64 * MIB;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a field that is a list; an empty one for another. */
export function listAt(object: unknown, name: string): readonly unknown[] {
  const value = isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
  return Array.isArray(value) ? value : [];
}

/** The value of a field, of fields in it, and so on; undefined where one is not there. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A finite number of 0 or more; undefined for all else. */
export function amountAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : undefined;
}

export function flagAt(object: unknown, ...path: readonly string[]): boolean | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'boolean' ? value : undefined;
}

/** First words of the finding of a file that ends within a JSON value. */
const CUT_SHORT = 'the file is cut short';

/**
 * Refuses a file in which nothing was found because it ends within a JSON value: its format is not what is wrong with it.
 *
 * @throws UserError of kind `input` with the lines, where one of the findings says so
 */
export function refuseCut(file: string, findings: readonly Finding[]): void {
  const cut = findings.find(({ text }) => text.startsWith(CUT_SHORT));
  if (cut === undefined) return;
  throw new UserError(
    'input',
    `${file}:${cut.line ?? 1}: ${cut.text}`,
    'Nothing else is in it: copy or record the file again, whole.',
  );
}

/** Where the scan of a text is. */
class Scan {
  depth = 0;
  startedAt = 0;
  pieces: string[] = [];
  chars = 0;
  private inText = false;
  private escaped = false;

  /** Scans a line from a place on. @returns the place after the value that ends in it; -1: it does not end */
  endIn(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (this.inText) {
        if (this.escaped) this.escaped = false;
        else if (char === BACKSLASH) this.escaped = true;
        else if (char === QUOTE) this.inText = false;
      } else if (char === QUOTE) this.inText = true;
      else if (char === OPEN || char === OPEN_LIST) this.depth += 1;
      else if (char === CLOSE || char === CLOSE_LIST) {
        this.depth -= 1;
        if (this.depth === 0) return at + 1;
      }
    }
    return -1;
  }

  begin(line: number): void {
    this.depth = 0;
    this.startedAt = line;
    this.pieces = [];
    this.chars = 0;
    this.inText = false;
    this.escaped = false;
  }
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [34, 92, 123, 125, 91, 93] as const;

/**
 * Reads value after value; what is no value is named in the findings.
 *
 * @param findings takes what was not read
 * @throws UserError of kind `input` for values larger than what is held
 */
export function* jsonValues(lines: Iterable<string>, file: string, findings: Finding[]): Generator<JsonValue> {
  const scan = new Scan();
  let lastLine = 0;
  for (const { text, line } of numbered(lines)) {
    let from = 0;
    if (text !== '') lastLine = line;
    if (scan.depth > 0 && isCutBefore(scan, text)) {
      addFindings(findings, {
        kind: 'warning',
        line: scan.startedAt,
        text: 'a JSON value begins here and does not end',
      });
      scan.depth = 0;
    }
    while (from < text.length) {
      if (scan.depth === 0) {
        const begin = beginIn(text, from);
        if (begin < 0) break;
        from = begin;
        scan.begin(line);
      }
      const end = scan.endIn(text, from);
      scan.pieces.push(text.slice(from, end < 0 ? undefined : end));
      scan.chars += text.length - from + 1;
      if (scan.chars > JSON_CHARS_MAX) throw tooLarge(file, scan.startedAt);
      if (end < 0) break;
      yield* parsed(scan, file, findings);
      from = end;
    }
    if (scan.depth > 0) scan.pieces.push('\n');
  }
  if (scan.depth > 0) {
    addFindings(findings, {
      kind: 'warning',
      line: scan.startedAt,
      text: isLikeJson(scan.pieces)
        ? `${CUT_SHORT}: it ends in line ${lastLine}, within the JSON value that begins here`
        : 'a brace is opened here and never closed',
    });
  }
}

/** Whether what begins is JSON, and not braces of another language. */
function isLikeJson(pieces: readonly string[]): boolean {
  const begin = pieces.slice(0, 4).join('').slice(0, 200);
  return /^(?:\[\s*)?\{\s*"[^"]*"\s*(?::|$)/.test(begin);
}

/** A value of one line that was cut: the next line begins a value of its own at the margin. */
function isCutBefore(scan: Scan, text: string): boolean {
  return /^\{"(?:QMP|return|event|execute|error|component)"/.test(text) && scan.pieces[0]!.length > 1;
}

/** Where a value begins: an object anywhere, a list where nothing stands before it and objects follow. */
function beginIn(text: string, from: number): number {
  const object = text.indexOf('{', from);
  const list = /^\s*\[\s*(?:[{\]]|$)/.exec(text.slice(from, from + 200));
  if (list !== null) return text.indexOf('[', from);
  return object;
}

function* parsed(scan: Scan, file: string, findings: Finding[]): Generator<JsonValue> {
  const line = scan.startedAt;
  let value: unknown;
  try {
    value = JSON.parse(scan.pieces.join(''));
  } catch {
    addFindings(findings, { kind: 'warning', line, text: 'what begins here is in braces and is no JSON' });
    return;
  }
  refuseDeep(value, file, line);
  for (const each of Array.isArray(value) ? value : [value]) {
    if (isObject(each)) yield { value: each, line };
    else addFindings(findings, { kind: 'unused', line, text: 'a JSON value that is no object' });
  }
}

function refuseDeep(value: unknown, file: string, line: number): void {
  let level: readonly unknown[] = [value];
  for (let levels = 0; level.length > 0; levels++) {
    if (levels > LEVELS_MAX) {
      throw new UserError('input', `${file}: line ${line}: a value is nested more than ${LEVELS_MAX} deep`, 'No program that is read here writes such.'); // prettier-ignore
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
}

function tooLarge(file: string, line: number): UserError {
  return new UserError('input', `${file}: line ${line}: a JSON value has more than ${JSON_CHARS_MAX} characters`, 'Is a brace that is not closed above it? Split the file.'); // prettier-ignore
}
