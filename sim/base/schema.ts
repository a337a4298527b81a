/**
 * Reading a document against a schema, with errors for people: the path of the field, what was found, what is allowed.
 */
import type { z } from 'zod';
import { UserError } from './user-error.ts';

type Issue = z.core.$ZodIssue;

/**
 * Checks a parsed document.
 *
 * @param schema what is allowed
 * @param document the value that was read
 * @param what name of the file or thing, as the user wrote it, for the message
 * @param hint what to try when it does not fit; default: what else is wrong with it
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
  const { issues } = result.error;
  const more = issues.length - 1;
  const others =
    more === 0 ? undefined : `${more} more ${more === 1 ? 'field is' : 'fields are'} wrong in the same file.`;
  throw new UserError('input', `${what}: ${sentence(issues[0]!, document)}`, hint ?? others);
}

/** `cells[2].load`, or `the document` for its top. */
function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function sentence(given: Issue, document: unknown): string {
  const issue = closest(given);
  const at = fieldPath(issue.path);
  const found = quote(valueAt(document, issue.path));
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = issue.keys.map((key) => `'${key}'`).join(', ');
      return `${at} has ${issue.keys.length === 1 ? 'a field' : 'fields'} that stopcopy does not know: ${names}`;
    }
    case 'invalid_type':
      return `${at} is ${found}, allowed is ${article(issue.expected)}`;
    case 'invalid_value':
      return `${at} is ${found}, allowed is ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return `${at} is ${found}, allowed is ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${at} is ${found}, allowed is ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return `${at} is ${found}, allowed is ${issue.message}`;
    default:
      return `${at} is ${found}: ${issue.message}`;
  }
}

/**
 * Where several shapes are allowed and none fits: what is wrong with the one that fits best, which is the one that gets
 * furthest into the document before it fails.
 */
function closest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  let best: Issue | undefined;
  for (const branch of issue.errors) {
    const first = branch[0];
    if (first === undefined) continue;
    const inner = closest({ ...first, path: [...issue.path, ...first.path] });
    if (best === undefined || inner.path.length > best.path.length) best = inner;
  }
  return best ?? issue;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}

function article(type: string): string {
  const name = type === 'int' ? 'integer' : type === 'record' ? 'object' : type;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function quote(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has no BigInt; a binary document may.
  const text =
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
