import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type CellResult, Contradiction, JobResults, resultLine } from '../../../workers/pools/job-results.ts';

const done = (value: unknown): CellResult<unknown> => ({ kind: 'done', value });

function setOf(entries: readonly (readonly [string, CellResult<unknown>])[]): JobResults<unknown> {
  const results = new JobResults<unknown>();
  for (const [key, result] of entries) results.add(key, result);
  return results;
}

test('adding a result again changes nothing, whatever the order of its members', () => {
  const results = setOf([['a', done({ x: 1, y: Number.NaN })]]);
  results.add('a', done({ y: Number.NaN, x: 1 }));
  expect(results.size).toBe(1);
});

test('a second result that differs is a contradiction, and is named', () => {
  const results = setOf([['a', done(1)]]);
  expect(() => results.add('a', done(2))).toThrow(Contradiction);
  expect(() => results.merge(setOf([['a', { kind: 'refused', error: 'input', message: 'no' }]]))).toThrow(
    'cell a has two results that differ: {"kind":"done","value":1} and {"error":"input","kind":"refused","message":"no"}',
  );
  expect(results.get('a')).toEqual(done(1));
});

/** The value follows from the key, as that of a pure function does. */
const sets = fc.array(fc.nat({ max: 20 }), { maxLength: 15 }).map((keys) => {
  return keys.map((key) => [`k${key}`, done({ half: key / 2, odd: key % 2 === 1 })] as const);
});

test('merging is a union: in any order, grouped in any way, with any of them twice', () => {
  fc.assert(
    fc.property(sets, sets, sets, (a, b, c) => {
      const left = setOf(a);
      left.merge(setOf(b));
      left.merge(setOf(c));
      const right = setOf(c);
      const inner = setOf(b);
      inner.merge(setOf(a));
      right.merge(inner);
      right.merge(setOf(b));
      expect(right.lines()).toBe(left.lines());
      expect(left.size).toBe(new Set([...a, ...b, ...c].map(([key]) => key)).size);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('lines are read again with every number and the order of members; torn and foreign ones are passed over', () => {
  const value = { z: Number.NaN, a: [Number.NEGATIVE_INFINITY, -0], none: undefined };
  const results = setOf([
    ['b', done(value)],
    ['a', { kind: 'refused', error: 'infeasible', message: 'no', hint: 'more' }],
  ]);
  const read = new JobResults<unknown>();
  const foreign = [
    'null',
    '{"key":"c"}',
    '{"key":3,"result":{"kind":"done"}}',
    '{"key":"d","result":{"kind":"other"}}',
  ];
  read.addLines(`${foreign.join('\n')}\n${results.lines()}{"key":"e","result":{"kind":"done","va`);
  expect(read.lines()).toBe(results.lines());
  expect(read.size).toBe(2);
  expect(resultLine('b', read.get('b')!)).toBe(
    '{"key":"b","result":{"kind":"done","value":{"z":{"$number":"NaN"},"a":[{"$number":"-Infinity"},{"$number":"-0"}]}}}\n',
  );
  expect(read.get('a')).toEqual(results.get('a'));
});
