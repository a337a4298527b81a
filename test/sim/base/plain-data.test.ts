import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Bug } from '../../../sim/base/bug.ts';
import { canonicalText, parsePlain, plainText } from '../../../sim/base/plain-data.ts';

test('members are sorted by code units, at every depth, and undefined ones are left out', () => {
  // U+FB33 sorts after U+1F600 by code units, though not by code points.
  const value = { b: [{ z: 1, a: 'x' }], a: undefined, '\u{1F600}': 2, '\uFB33': 3, '': null };
  expect(canonicalText(value)).toBe('{"":null,"b":[{"a":"x","z":1}],"\u{1F600}":2,"\uFB33":3}');
  expect(plainText(value)).toBe('{"b":[{"z":1,"a":"x"}],"\u{1F600}":2,"\uFB33":3,"":null}');
});

test('numbers are as in RFC 8785, and those that JSON lacks are written out', () => {
  const numbers = [
    0,
    -0,
    1e21,
    1e-7,
    0.1 + 0.2,
    2 ** 53,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  expect(canonicalText(numbers)).toBe(
    '[0,{"$number":"-0"},1e+21,1e-7,0.30000000000000004,9007199254740992,' +
      '{"$number":"NaN"},{"$number":"Infinity"},{"$number":"-Infinity"}]',
  );
});

const leaf = fc.oneof(
  fc.double(),
  fc.float64Array({ maxLength: 3 }),
  fc.uint8Array({ maxLength: 3 }),
  fc.integer(),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
);
const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('plain'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string({ unit: 'binary' }), tie('plain')), { maxLength: 4 }).map(Object.fromEntries),
  ),
}));

test('what is written is read again, to the sign of a zero', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(parsePlain(plainText(value))).toStrictEqual(value);
      expect(canonicalText(parsePlain(plainText(value)))).toBe(canonicalText(value));
      expect(canonicalText(parsePlain(canonicalText(value)))).toBe(canonicalText(value));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test.each([
  ['a function', () => 1, 'function'],
  ['a map', new Map(), 'Map'],
  ['an array of big numbers', new BigInt64Array(1), 'BigInt64Array'],
  ['a bigint', 1n, 'bigint'],
  ['undefined in an array', [undefined], 'undefined'],
  ['the name of the written numbers', { $number: 'NaN' }, '$number'],
])('%s is no plain data', (_, value, seen) => {
  expect(() => canonicalText({ value })).toThrow(new Bug('NOT_PLAIN', [seen]));
});
