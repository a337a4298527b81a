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
  ['', 'f.json: is empty, not JSON'],
  ['{"a":\n 1,\n  b}', 'f.json: is not JSON at line 3, column 3; it may be cut short'],
  ['{"a": 1', 'f.json: is not JSON at line 1, column 8; it may be cut short'],
  ['hello', 'f.json: is not JSON; it may be cut short'],
  [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'f.json: is nested more than 200 deep'],
  [`${'{"a":'.repeat(201)}1${'}'.repeat(201)}`, 'f.json: is nested more than 200 deep'],
  ['{\n<<<<<<< ours\n}', 'f.json: is not JSON: it is half merged, with marks of conflicts'],
  [
    '# mine\nformat: stopcopy-scenario\n',
    'f.json: is a scenario (format stopcopy-scenario), and a trace is needed here',
  ],
])('%j is refused in words of this program', (text, message) => {
  const error = refusal(text);
  expect([error.kind, error.message]).toEqual(['input', message]);
});

test('a document of another kind is recognised, and its command named', () => {
  expect(refusal('format: "stopcopy-question"').hint).toMatch(stating('stopcopy plan'));
});
