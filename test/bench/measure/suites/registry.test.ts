import { describe, expect, test } from 'vitest';
import { aboutSuite, chooseSuites, OWN_SUITES, SUITE_NAMES } from '../../../../bench/measure/suites/registry.ts';
import { SUITES } from '../../../../bench/measure/suites/sweep-types.ts';
import { stating } from '../../../stating.ts';

const SWEEP = Object.keys(SUITES);

describe('what is run', () => {
  test('is the whole sweep when nothing is named', () => {
    expect(chooseSuites(undefined)).toEqual({ kind: 'sweep', names: SWEEP });
    expect(chooseSuites([])).toEqual({ kind: 'sweep', names: SWEEP });
  });

  test('is what was named, in that order', () => {
    expect(chooseSuites(['downtime', 'virtual'])).toEqual({ kind: 'sweep', names: ['downtime', 'virtual'] });
    expect(chooseSuites(['designs'])).toEqual({ kind: 'own', names: ['designs'] });
  });

  test('is never both kinds', () => {
    expect(() => chooseSuites(['downtime', 'designs'])).toThrow(stating('--suite', 'designs', 'downtime'));
  });
});

test('every name is there once, with a sentence', () => {
  expect(SUITE_NAMES).toEqual([...SWEEP, ...Object.keys(OWN_SUITES)]);
  expect(new Set(SUITE_NAMES).size).toBe(SUITE_NAMES.length);
  for (const name of SUITE_NAMES) expect(aboutSuite(name)).toMatch(/^[a-z].{20,}[^.]$/);
});
