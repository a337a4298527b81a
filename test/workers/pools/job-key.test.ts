import { execFileSync } from 'node:child_process';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { JobKind } from '../../../workers/pools/job.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { builtModule } from '../../built.ts';

interface Inputs {
  readonly name: string;
  readonly version: number;
  readonly data: string;
  readonly question: unknown;
  readonly cell: unknown;
}

function keyOf({ name, version, data, question, cell }: Inputs): string {
  const kind: JobKind<unknown, unknown, null> = { name, version, run: () => null };
  return jobSet(kind, { question, data }, [cell]).cells[0]!.key;
}

const INPUTS: Inputs = {
  name: 'square',
  version: 1,
  data: '0.0.0',
  question: { list: [1, Number.NaN], factor: 2 },
  cell: { text: '\u0007é', n: 3 },
};
/**
 * Of these two texts as RFC 8785 has them, the first hashed into the second, by `sha256sum`:
 * `{"factor":2,"list":[1,{"$number":"NaN"}]}`,
 * `{"cell":{"n":3,"text":"\u0007é"},"data":"0.0.0","kind":"square","question":"79ac8638…","version":1}`.
 */
const KEY = '84cc4f48f0af92c7ffe6ae396e6af5c9aea0ce5479c74c592586e5cae057d3f5';

test('a key is the SHA-256 that another program computes of the same text', () => {
  expect(keyOf(INPUTS)).toBe(KEY);
});

test('another process computes the same keys', () => {
  const program = `
    const { jobSet, dataVersion } = await import('${builtModule('workers/pools/job-key')}');
    const kind = { name: 'square', version: 1, run: () => null };
    const asked = { data: '0.0.0', question: { list: [1, NaN], factor: 2 } };
    const [{ key }] = jobSet(kind, asked, [{ text: '\\u0007é', n: 3 }]).cells;
    console.log(key, dataVersion('1.2.3'));`;
  const args = ['--input-type=module', '--eval', program];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  expect(said.trim()).toBe(`${KEY} ${dataVersion('1.2.3')}`);
});

/** Values that are no arrays or objects, far enough apart that none equals another. */
const leaf = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.double({ noDefaultInfinity: true }),
  fc.constant(null),
);
const record = fc.dictionary(fc.string(), fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf)));
const inputs: fc.Arbitrary<Inputs> = fc.record({
  name: fc.stringMatching(/^[a-z-]+$/),
  version: fc.nat(),
  data: fc.string(),
  question: record,
  cell: record,
});

/** The same value with the members of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

test('the order of members does not matter', () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const other = { ...given, question: reversed(given.question), cell: reversed(given.cell) };
      expect(keyOf(other)).toBe(keyOf(given));
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('whatever differs, the key does', () => {
  fc.assert(
    fc.property(inputs, inputs, (given, other) => {
      const changed = (Object.keys(given) as (keyof Inputs)[])
        .map((field) => ({ ...given, [field]: other[field] }))
        .filter((each) => JSON.stringify(reversed(each)) !== JSON.stringify(reversed(given)));
      // As many keys as there are inputs: those of two fields differ from one another as well.
      expect(new Set([given, ...changed].map(keyOf)).size).toBe(1 + changed.length);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('one leaf that differs is enough, and so is what moves from the question to the cell', () => {
  const base = keyOf({ ...INPUTS, question: { a: { b: [1, 2, { c: 3 }] } }, cell: { d: 4 } });
  const others = [
    { question: { a: { b: [1, 2, { c: 4 }] } }, cell: { d: 4 } },
    { question: { a: { b: [2, 1, { c: 3 }] } }, cell: { d: 4 } },
    { question: { a: { b: [1, 2, { c: '3' }] } }, cell: { d: 4 } },
    { question: { a: { b: [1, 2, { c: 3, e: null }] } }, cell: { d: 4 } },
    { question: { d: 4 }, cell: { a: { b: [1, 2, { c: 3 }] } } },
  ];
  const keys = [base, ...others.map((other) => keyOf({ ...INPUTS, ...other }))];
  expect(new Set(keys).size).toBe(keys.length);
});
