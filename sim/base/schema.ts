/**
 * Reading a document against a schema, with errors for people: the path of the field, what was found, what is allowed.
 */
import type { z } from 'zod';
import { UserError } from './user-error.ts';

/**
 * Checks a parsed document.
 *
 * @param schema what is allowed
 * @param document the value that was read
 * @param what name of the file or thing, for the message
 * @param hint what to try when it does not fit
 * @throws UserError of kind `input`, naming the first field that does not fit
 */
export function parseDocument<T extends z.ZodType>(
  schema: T,
  document: unknown,
  what: string,
  hint?: string,
): z.output<T> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new UserError('input', `${what}: ${describe(issue, document)}`, hint);
}

/** One sentence for an issue: field, found, allowed. */
function describe(issue: z.core.$ZodIssue, document: unknown): string {
  const where = issue.path.length === 0 ? 'the document' : fieldPath(issue.path);
  const found = shown(valueAt(document, issue.path));
  return `${where}: ${issue.message.replace(/^Invalid input: /, '').replace(/, received undefined$/, '')} (found ${found})`;
}

function fieldPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    text += typeof key === 'number' ? `[${key}]` : `${text === '' ? '' : '.'}${String(key)}`;
  }
  return text;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const SHOWN_MAX = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no BigInt; a binary document may.
  const text =
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? typeof value;
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
