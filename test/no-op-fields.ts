/**
 * Fields and what shows that a program reads them: with one of them changed, some output is another one.
 */
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';

import { UserError } from '../sim/base/user-error.ts';
import { leavesOf } from './schema-leaves.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A document and the same with one field changed, both as changes of a common one; or why the field is a label. */
export type FieldCase = readonly [before: Fields, after: Fields] | string;

/** An object with another laid over it; lists and objects with a `kind` are replaced whole. */
export function over(base: unknown, change: unknown): unknown {
  if (!isObject(base) || !isObject(change) || 'kind' in change) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(change)) merged[name] = name in merged ? over(merged[name], value) : value;
  return merged;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Declares a test per field of a schema.
 *
 * @param cases of every field; a field without one fails, and so does a case without a field
 * @param base what all documents have in common
 * @param elsewhere fields that another test has cases of
 * @param partOf some of the output, computed first: where it changes, the output does
 * @param outputOf everything that comes out, but for what merely repeats the document
 */
export function everyFieldIsRead(
  schema: z.ZodType,
  cases: Readonly<Record<string, FieldCase>>,
  base: Fields,
  outputOf: (document: unknown) => string,
  elsewhere: RegExp = /^$/,
  partOf: (document: unknown) => string = outputOf,
): void {
  const part = orRefusal(partOf);
  const whole = partOf === outputOf ? part : orRefusal(outputOf);

  test('every field has a case, and every case a field', () => {
    expect(Object.keys(cases).toSorted()).toEqual(
      leavesOf(schema)
        .filter((path) => !elsewhere.test(path))
        .toSorted(),
    );
  });

  describe('changed, it changes the output', () => {
    const changes = Object.entries(cases).flatMap(([field, given]) =>
      typeof given === 'string' ? [] : [[field, ...given] as const],
    );
    test.each(changes)('%s', (_, own, change) => {
      const before = over(base, own);
      const after = over(before, change);
      const output = part(after) === part(before) ? whole : part;
      expect(output(after)).not.toBe(output(before));
    });
  });
}

/** What comes out of a document, or why it is refused. Many cases begin with one document: it is played once. */
function orRefusal(outputOf: (document: unknown) => string): (document: unknown) => string {
  const outputs = new Map<string, string>();
  const played = (document: unknown): string => {
    try {
      return outputOf(document);
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
  };
  return (document) => {
    const key = JSON.stringify(document);
    const output = outputs.get(key) ?? played(document);
    outputs.set(key, output);
    return output;
  };
}
