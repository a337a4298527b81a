/**
 * A document with comments: the same tree as a plain object, and as YAML that says where each value is from.
 */

/** A text, number or truth; or what is in it. */
export type CommentedValue = string | number | boolean | CommentedMap | CommentedList;

export interface CommentedField {
  readonly key: string;
  readonly value: CommentedValue;
  /** Where it is from. */
  readonly comment?: string | undefined;
}

export interface CommentedMap {
  readonly fields: readonly CommentedField[];
  /** Whether it stands in one line. */
  readonly flow?: boolean;
}

export interface CommentedList {
  readonly items: readonly CommentedValue[];
  readonly flow?: boolean;
}

/** A map in one line. */
export function flow(fields: Readonly<Record<string, CommentedValue>>): CommentedMap {
  return { fields: Object.entries(fields).map(([key, value]) => ({ key, value })), flow: true };
}

/** The tree without its comments, as a parser of YAML gives it. */
export function plainOf(value: CommentedValue): unknown {
  if (typeof value !== 'object') return value;
  if ('items' in value) return value.items.map(plainOf);
  return Object.fromEntries(value.fields.map(({ key, value: inner }) => [key, plainOf(inner)]));
}

/** The tree as YAML. */
export function yamlOf(value: CommentedMap): string {
  const lines: string[] = [];
  mapLines(value, '', '', lines);
  return `${lines.join('\n')}\n`;
}

/** @param lead what stands before the first field: a dash in a list, else as much as before the others */
function mapLines({ fields }: CommentedMap, lead: string, indent: string, lines: string[]): void {
  let front = lead;
  for (const { key, value, comment } of fields) {
    const behind = comment === undefined ? '' : ` # ${oneLine(comment)}`;
    if (isInline(value)) lines.push(`${front}${keyText(key)}: ${inlineOf(value)}${behind}`);
    else {
      lines.push(`${front}${keyText(key)}:${behind}`);
      if ('items' in value) for (const item of value.items) itemLines(item, `${indent}  `, lines);
      else mapLines(value, `${indent}  `, `${indent}  `, lines);
    }
    front = indent;
  }
}

/** Characters that would end a comment, or that YAML does not take. */
// oxlint-disable-next-line no-control-regex
const NOT_IN_COMMENTS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]|[\uD800-\uDFFF]/g;

/** Text that came from a file, within one line. */
export function oneLine(text: string): string {
  return text.replaceAll(NOT_IN_COMMENTS, '?');
}

function itemLines(item: CommentedValue, indent: string, lines: string[]): void {
  if (isInline(item)) lines.push(`${indent}- ${inlineOf(item)}`);
  else if ('fields' in item) mapLines(item, `${indent}- `, `${indent}  `, lines);
}

/** Whether a value goes into the line of its key. */
function isInline(value: CommentedValue): value is string | number | boolean {
  if (typeof value !== 'object') return true;
  return value.flow === true || ('items' in value ? value.items : value.fields).length === 0;
}

function inlineOf(value: CommentedValue): string {
  if (typeof value === 'string') return scalarOf(value);
  if (typeof value !== 'object') return String(value);
  if ('items' in value) return `[${value.items.map(inlineOf).join(', ')}]`;
  const fields = value.fields.map(({ key, value: inner }) => `${keyText(key)}: ${inlineOf(inner)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

/** A name of a field, or the number of a VF; other numbers would be read as such. */
function keyText(key: string): string {
  return /^(?:[a-z]\w*|\d{1,4})$/i.test(key) ? key : `'${key}'`;
}

/** Texts that need no quotes, in a line of their own and within brackets: words, IDs, addresses, sizes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)(?:0x[0-9a-f]+|[A-Za-z][\w./+-]*(?: [\w./+-]+)*|[0-9a-f]{4,8}(?::[0-9a-f]{2}){2}\.[0-7]|[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|[0-9a-f]{4}:[0-9a-f]{4} [\w :]+|\d+[KMGT]iB)$/i; // prettier-ignore

function scalarOf(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}
