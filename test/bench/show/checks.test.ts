import { describe, expect, test } from 'vitest';

import { annotations, type Check, junitReport } from '../../../bench/show/checks.ts';
import { comparisonChecks } from '../../../bench/documents/comparison/checks.ts';
import { compareDocument, type MetricResult } from '../../../bench/documents/comparison/document.ts';
import { validationChecks } from '../../../bench/documents/validation/checks.ts';
import type { Validation } from '../../../bench/documents/validation/document.ts';

const CHECKS: readonly Check[] = [
  { suite: 'a', name: 'holds' },
  { suite: 'b', name: 'x < "1" & y: 2, 3', failure: 'it is 2\nnot 1, 50 % off\u0007' },
  { suite: 'a', name: 'open', skipped: 'too few' },
];

describe('a JUnit report', () => {
  test('has a suite for each name, with counts of what is in it', () => {
    const [head, ...lines] = junitReport('all', CHECKS.toReversed()).trimEnd().split('\n  ');
    expect(head).toContain('<testsuites name="all" tests="3" failures="1" errors="0" skipped="1">');
    expect(lines.map((line) => line.trim())).toEqual([
      '<testsuite name="a" tests="2" failures="0" errors="0" skipped="1">',
      '<testcase classname="a" name="open"><skipped message="too few"/></testcase>',
      '<testcase classname="a" name="holds"/>',
      '</testsuite>',
      '<testsuite name="b" tests="1" failures="1" errors="0" skipped="0">',
      '<testcase classname="b" name="x &lt; &quot;1&quot; &amp; y: 2, 3"><failure message="it is 2&#10;not 1, 50 % off"/></testcase>',
      '</testsuite>\n</testsuites>',
    ]);
  });
});

test('annotations are errors of what fails, with what GitHub reads specially escaped', () => {
  expect(annotations(CHECKS)).toEqual(['::error title=b%3A x < "1" & y%3A 2%2C 3::it is 2%0Anot 1, 50 %25 off\u0007']);
});

const row = (changes: Partial<MetricResult>): MetricResult => ({
  name: 'm',
  kind: 'exact',
  unit: '',
  better: 'lower',
  verdict: 'same',
  fails: false,
  ...changes,
});

test('a comparison has a check for each row, and one for exact metrics that are the same', () => {
  const side = { word: 'x', kind: 'built folder', revision: null } as const;
  const results = [
    row({ verdict: 'worse', fails: true, base: 1, candidate: 2, effect: 1 }),
    row({ name: 'n', verdict: 'cannot tell', why: 'too few' }),
    row({ name: 'o', verdict: 'same' }),
  ];
  const checks = comparisonChecks(compareDocument({ base: side, candidate: side, results, same: 7 }));
  expect(checks).toEqual([
    { suite: 'x against x', name: '7 exact metrics are the same' },
    { suite: 'x against x', name: 'm', failure: 'm: 1 -> 2, +100.0 %: worse' },
    { suite: 'x against x', name: 'n', skipped: 'n: cannot tell: too few' },
    { suite: 'x against x', name: 'o' },
  ]);
});

test('a validation has a check for each predicted figure, for each kind with a bound, and for what else does not hold', () => {
  const figure = { table: 't', inputs: {}, output: 'ms', published: 1, modelled: 2, band: [1, 3], error: 1 };
  const comparisons = [1, 2, 3].map((index) => ({ ...figure, row: index, calibrates: index === 3 ? ['p'] : [] }));
  const complaints = ['downtime: the median error is 50 %, allowed is 35 %', '30 parameters are fitted to 5 rows'];
  const kinds = [
    { kind: 'downtime', errorMax: 0.35 },
    { kind: 'total', errorMax: 0.15 },
    { kind: 'part', errorMax: null },
  ];
  const validation = { tables: [{ comparisons }], kinds, complaints } as unknown as Validation;
  expect(validationChecks(validation)).toEqual([
    { suite: 't', name: 'row 1: ms' },
    { suite: 't', name: 'row 2: ms' },
    { suite: 'all tables', name: 'downtime', failure: complaints[0] },
    { suite: 'all tables', name: 'total time' },
    { suite: 'all tables', name: complaints[1], failure: complaints[1] },
  ]);
});
