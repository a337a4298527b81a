import { expect, test } from 'vitest';

import { Bug } from '../../../sim/base/bug.ts';
import { isKeyOf, keyIn, keysOf, mapValues, tableOf } from '../../../sim/base/keys.ts';

const TABLE = { b: 1, a: 2 } as const;

test('keys are in the order of the table', () => {
  expect(keysOf(TABLE)).toEqual(['b', 'a']);
});

test('a word that every object has is no key', () => {
  expect(['a', 'b', 'c', 'toString', '__proto__'].map((word) => isKeyOf(TABLE, word))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(keyIn(TABLE, 'a')).toBe('a');
  expect(() => keyIn(TABLE, 'toString')).toThrow(Bug);
});

test('tables are made of keys, and of other tables', () => {
  expect(Object.entries(tableOf(['y', 'x'], (key) => key.repeat(2)))).toEqual([
    ['y', 'yy'],
    ['x', 'xx'],
  ]);
  expect(Object.entries(mapValues(TABLE, (value, key) => `${key}${value}`))).toEqual([
    ['b', 'b1'],
    ['a', 'a2'],
  ]);
});
