import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { editDistance, similarName } from '../../../sim/base/similar.ts';

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['vcpu', 'vcpus', 1],
  ['tiemout', 'timeout', 1],
  ['ca', 'abc', 3],
])('%j and %j are %d edits apart', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
});

test('the distance is the same both ways, 0 for equal words alone, and at most the longer word', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const edits = editDistance(a, b);
      expect(editDistance(b, a)).toBe(edits);
      expect(edits === 0).toBe(a === b);
      expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});

test('a name is suggested within a third of its letters', () => {
  const names = ['vcpus', 'memory', 'downtimeLimit'];
  expect(similarName('vcpu', names)).toBe('vcpus');
  expect(similarName('Memory', names)).toBe('memory');
  expect(similarName('downtime_limit', names)).toBe('downtimeLimit');
  expect(similarName('cores', names)).toBeUndefined();
});
