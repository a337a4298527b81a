import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { compareResultFiles } from '../../../bench/compare/result-files.ts';
import { machineFacts } from '../../../bench/measure/machine.ts';
import { benchSection } from '../../../bench/documents/bench/section.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { parseBenchResult, readBenchResult } from '../../../bench/documents/bench/result.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { fixtureCell, fixtureResult } from '../fixture.ts';
import { stating } from '../../stating.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-result-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refusal(document: unknown): string {
  return refusalOfText(typeof document === 'string' ? document : JSON.stringify(document));
}

function refusalOfText(text: string): string {
  try {
    parseBenchResult(text, 'r.json');
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

test('a whole document comes back as it was', () => {
  const result = fixtureResult();
  expect(parseBenchResult(JSON.stringify(result), 'r.json')).toEqual(result);
});

test('a document of version 2 is read: whether its machine was crowded is not known', () => {
  const { crowded: _, ...rest } = fixtureResult();
  expect(parseBenchResult(JSON.stringify({ ...rest, version: 2 }), 'r.json')).toEqual(rest);
});

describe('of version 1', () => {
  const path = join(import.meta.dirname, 'bench-version-1.json');

  test('a document is read: what it did not say is unknown, and the rest is as it was', () => {
    const before = JSON.parse(readFileSync(path, 'utf8')) as object;
    expect(before).not.toHaveProperty('inFlight');
    expect(readBenchResult(path)).toEqual({ ...before, version: 3, inFlight: 'unknown' });
  });

  test('one that has the pause mode keeps it', () => {
    const { version: _, ...rest } = fixtureResult();
    expect(parseBenchResult(JSON.stringify({ ...rest, version: 1 }), 'r.json')).toEqual(fixtureResult());
  });

  test('it can be compared and drawn', () => {
    const result = readBenchResult(path);
    const verdicts = compareResultFiles(result, result).map(({ verdict }) => verdict);
    expect(verdicts).toContain('same');
    expect(verdicts).not.toContain('worse');
    expect(sectionsPage([{ name: 'v1.json', section: benchSection(result) }])).toContain('saturated');
  });

  test('it is refused like any other when a field is missing', () => {
    const { seed: _, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    expect(refusal(rest)).toMatch(/^r\.json: seed is missing/);
  });
});

test('the facts of this machine follow the schema', () => {
  const result = fixtureResult({ machine: machineFacts() });
  expect(parseBenchResult(JSON.stringify(result), 'r.json')).toEqual(result);
});

test('an interrupted run without floors and with a bare cell is whole', () => {
  const { id, accelerator, queuePairs, load, stateBytes } = fixtureCell('sec', 1, 'idle');
  const cells = [{ id, accelerator, queuePairs, load, stateBytes }];
  const result = fixtureResult({ interrupted: true, floors: null, cells });
  expect(parseBenchResult(JSON.stringify(result), 'r.json')).toEqual(result);
});

describe('refused, with the file and the field', () => {
  const result = fixtureResult();
  const [cell] = result.cells;
  const withCell = (changes: object) => ({ ...result, cells: [{ ...cell, ...changes }] });

  test.each([
    ['foreign', { format: 'other' }, 'not … stopcopy bench … format … "other"'],
    ['not even an object', '[1]', 'not … missing'],
    ['of a later version', { ...result, version: 4 }, 'version 4 … 1, 2 and 3'],
    ['cut short', JSON.stringify(result).slice(0, 5000), /not JSON .*line 1, column \d+.*cut short/],
    ['empty', '', 'empty … not JSON'],
    ['a missing field', { ...result, seed: undefined }, 'seed … missing … number'],
    ['a field too many', { ...result, extra: 1 }, "'extra'"],
    ['a wrong load', withCell({ load: 'full' }), 'cells[0].load … "full" … "idle" … "half" … "saturated"'],
    ['a wrong count', withCell({ queuePairs: 0 }), 'cells[0].queuePairs … 0 … 1'],
    [
      'a value outside its range',
      withCell({ stateBytes: { value: 5, unit: 'B', kind: 'exact', low: 6 } }),
      'cells[0].stateBytes … low … high',
    ],
    [
      'a negative figure',
      withCell({ stateBytes: { value: -5, unit: 'B', kind: 'exact' } }),
      'cells[0].stateBytes … negative',
    ],
    ['an id used twice', { ...result, cells: [cell, cell] }, 'cells[1].id … "sec-1-idle" … twice'],
  ])('%s', (_what, document, message) => {
    expect(refusal(document)).toMatch(stating('r.json', message));
  });

  test('a folder, and a file that is not there', () => {
    expect(() => readBenchResult(folder)).toThrow(stating(folder, 'is a folder'));
    expect(() => readBenchResult(join(folder, 'no.json'))).toThrow(stating('no.json', 'no such file'));
  });
});
