import { expect, test } from 'vitest';

import { parseJsonText } from '../../../sim/base/json-text.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

function refusal(text: string): UserError {
  try {
    parseJsonText(text, 'f.json', 'a trace', 'Try another.');
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error(`was taken: ${text}`);
}

test('JSON is parsed', () => {
  expect(parseJsonText(' {"a": [1]}', 'f.json', 'a trace', '')).toEqual({ a: [1] });
  const deepest = `${'['.repeat(200)}${']'.repeat(200)}`;
  expect(JSON.stringify(parseJsonText(deepest, 'f.json', 'a trace', ''))).toBe(deepest);
});

test.each([
  ['', 'empty … not JSON'],
  ['{"a":\n 1,\n  b}', 'not JSON … line 3, column 3'],
  ['{"a": 1', 'not JSON … line 1, column 8 … cut short'],
  ['hello', 'not JSON'],
  [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'nested … 200'],
  [`${'{"a":'.repeat(201)}1${'}'.repeat(201)}`, 'nested … 200'],
  ['{\n<<<<<<< ours\n}', 'not JSON … half merged'],
  ['# mine\nformat: stopcopy-scenario\n', 'stopcopy-scenario … a trace'],
])('%j is refused in words of this program', (text, message) => {
  const error = refusal(text);
  expect(error.kind).toBe('input');
  expect(error.message).toMatch(stating('f.json', message));
});

test('a document of another kind is recognised, and its command named', () => {
  expect(refusal('format: "stopcopy-question"').hint).toMatch(stating('stopcopy plan'));
});
