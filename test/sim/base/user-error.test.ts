import { expect, test } from 'vitest';

import { shortened, UserError } from '../../../sim/base/user-error.ts';

test('what a terminal would obey is escaped, and lines stay', () => {
  const { message, hint } = new UserError('input', 'x: \u001B[31m\u0000\u202E\tred', 'one\r\ntwo\uFEFF é 日本');
  expect(message).toBe(String.raw`x: \u001b[31m\u0000\u202e\u0009red`);
  expect(hint).toBe('one\\u000d\ntwo\\ufeff é 日本');
});

test('what is quoted is short enough for a sentence', () => {
  expect(shortened('x'.repeat(60))).toBe('x'.repeat(60));
  expect(shortened('x'.repeat(61))).toBe(`${'x'.repeat(57)}…`);
});
