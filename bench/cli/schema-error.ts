/**
 * Turns what zod found into one sentence: file, path of the field, what was found, what is allowed.
 */
import type { z } from 'zod';

import { UserError } from '../../sim/base/user-error.ts';

type Issue = z.core.$ZodIssue;

/**
 * @param file the name of the file as the user wrote it
 * @param document what was parsed from the file; its values are quoted in the sentence
 * @param hint what to try; default: what else is wrong with the file
 */
export function schemaError(file: string, document: unknown, error: z.ZodError, hint?: string): UserError {
  const issue = error.issues[0];
  if (issue === undefined) return new UserError('input', `${file}: does not follow its schema`, hint);
  const more = error.issues.length - 1;
  const others =
    more === 0 ? undefined : `${more} more ${more === 1 ? 'field is' : 'fields are'} wrong in the same file.`;
  return new UserError('input', `${file}: ${sentence(issue, document)}`, hint ?? others);
}

/** `cells[2].load`, or `the document` for its top. */
export function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function sentence(issue: Issue, document: unknown): string {
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
    default:
      return `${at} is ${found}: ${issue.message}`;
  }
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
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
