import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { passExactGate } from '../../../../bench/compare/exact-gate.ts';
import {
  acceptedBaseline,
  type Baseline,
  baselinePath,
  baselineText,
  compareExact,
  EMPTY_BASELINE,
  metricMap,
  parseBaseline,
  readBaseline,
  writeBaseline,
} from '../../../../bench/measure/metrics/baseline.ts';
import { exactMetrics } from '../../../../bench/measure/metrics/exact.ts';
import { betterOf } from '../../../../bench/documents/metric.ts';
import { captured } from '../../captured.ts';
import { stating } from '../../../stating.ts';

const SOME: Baseline = {
  changes: [{ reason: 'first', added: 2, removed: 0, changed: 0 }],
  metrics: new Map<string, number | string>([
    ['arc/a/accesses', 12],
    ['scenario/b/trace', '00ff'],
  ]),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-baseline-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the file', () => {
  test('reads back what was written, one metric on each line', () => {
    const text = baselineText(SOME);
    expect(parseBaseline(text, 'x.json')).toEqual(SOME);
    expect(text.split('\n')).toContain('    "arc/a/accesses": 12,');
  });

  const reasonOf = (text: string): string => {
    try {
      parseBaseline(text, 'x.json');
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  test.each([
    ['edited by hand', (text: string) => text.replace('12', '13'), 'edited … by hand'],
    ['with a reason edited', (text: string) => text.replace('first', 'other'), 'edited … by hand'],
    ['with a metric taken out', (text: string) => text.replace(/ *"arc.*\n/, ''), 'edited … by hand'],
    ['cut short', (text: string) => text.slice(0, 60), 'is not JSON'],
    ['half merged', (text: string) => `<<<<<<< ours\n${text}`, 'half merged'],
    ['of a later version', (text: string) => text.replace('"version": 1', '"version": 2'), 'version 2 … version 1'],
    [
      'of another format',
      (text: string) => text.replace('stopcopy-exact', 'stopcopy-bench'),
      'stopcopy-bench … exact baseline',
    ],
    ['without its digest', (text: string) => text.replace(/,\n {2}"digest".*/, ''), 'digest is missing'],
  ])('%s is refused with the reason', (_, damage, reason) => {
    expect(reasonOf(damage(baselineText(SOME)))).toMatch(stating(reason));
  });
});

test('values are compared with ===, and what is new or gone is reported', () => {
  const after = new Map<string, number | string>([
    ['arc/a/accesses', 13],
    ['new/bytes', 1],
  ]);
  expect(compareExact(SOME.metrics, after)).toEqual({
    same: 0,
    differences: [
      { name: 'arc/a/accesses', before: 12, after: 13 },
      { name: 'new/bytes', before: undefined, after: 1 },
      { name: 'scenario/b/trace', before: '00ff', after: undefined },
    ],
  });
  expect(compareExact(SOME.metrics, SOME.metrics)).toEqual({ same: 2, differences: [] });
});

test('a change is accepted only with a reason, newest first', () => {
  const after = new Map<string, number | string>([['arc/a/accesses', 13]]);
  expect(() => acceptedBaseline(SOME, after, '  ')).toThrow('--accept is empty');
  const { changes, metrics } = acceptedBaseline(SOME, after, 'one read more');
  expect(changes).toEqual([{ reason: 'one read more', added: 0, removed: 1, changed: 1 }, ...SOME.changes]);
  expect(metrics).toBe(after);
});

test('fewer accesses, calls, bytes and nanoseconds are better; of a hash no direction is', () => {
  expect(['a/accesses', 'a/virtualNs', 'a/frameBytes', 'a/pauseCalls'].map(betterOf)).toEqual([
    'lower',
    'lower',
    'lower',
    'neither',
  ]);
  expect(betterOf('scenario/x/point/trace')).toBe('neither');
});

describe('the gate', () => {
  const metrics = exactMetrics();

  test('counts what the baseline of this checkout has, each name once', () => {
    expect(compareExact(readBaseline(baselinePath()).metrics, metricMap(metrics)).differences).toEqual([]);
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });

  test('covers both generations, all accelerators, the shipped scenarios, designs and the wire', () => {
    const names = metrics.map(({ name }) => name);
    for (const part of [
      'arc/linux-6.12.117/V3/sec/64/stop-copy/accesses',
      'arc/upstream-2026/V4/zip/16/load/virtualNs',
      'scenario/pf-63/long/pauseNs',
      'scenario/zip-64/point/trace',
      'design/upstream-2026/64/user-mapped/calls',
      'wire/hpre/2/frameBytes',
      'cell/zip/16/saturated/downtimeNs',
    ]) {
      expect(names).toContain(part);
    }
  });

  test('the baseline of this checkout can be read, and has its reasons', () => {
    const { changes, metrics: known } = readBaseline(baselinePath());
    expect(known.size).toBeGreaterThan(1000);
    expect(changes.length).toBeGreaterThan(0);
  });

  test('one register access more than the baseline has is a regression, and is reported by name', () => {
    const name = 'arc/upstream-2026/V3/zip/16/stop-copy/accesses';
    const path = join(folder, 'one-less.json');
    const lowered = new Map(metricMap(metrics));
    lowered.set(name, Number(lowered.get(name)) - 1);
    writeBaseline(path, acceptedBaseline(EMPTY_BASELINE, lowered, 'planted'));
    const said = captured(false);
    expect(passExactGate({ baseline: path, markdown: false }, said.output, () => metrics)).toBe(false);
    const text = said.stdout();
    expect(text).toContain(name);
    expect(text).toMatch(stating(`${metrics.length - 1} same`, '1 worse', 'regression'));
    expect(said.stderr()).toContain('--accept');
  });

  test('one less is reported as better, and fails too until it is accepted', () => {
    const name = 'arc/upstream-2026/V3/zip/16/stop-copy/accesses';
    const path = join(folder, 'one-more.json');
    const raised = new Map(metricMap(metrics));
    raised.set(name, Number(raised.get(name)) + 1);
    writeBaseline(path, acceptedBaseline(EMPTY_BASELINE, raised, 'planted'));
    const said = captured(true);
    expect(passExactGate({ baseline: path, markdown: false }, said.output, () => metrics)).toBe(false);
    const document = JSON.parse(said.stdout()) as { regression: boolean; results: readonly { verdict: string }[] };
    expect(document.regression).toBe(true);
    expect(document.results).toMatchObject([{ name, verdict: 'better', fails: true }]);
    expect(
      passExactGate(
        { baseline: path, accept: 'a read was not needed', markdown: false },
        captured(false).output,
        () => metrics,
      ),
    ).toBe(true);
    expect(readBaseline(path).changes[0]).toEqual({
      reason: 'a read was not needed',
      added: 0,
      removed: 0,
      changed: 1,
    });
    expect(passExactGate({ baseline: path, markdown: false }, captured(false).output, () => metrics)).toBe(true);
  });

  test('a file that is no baseline is never written over', () => {
    const path = join(folder, 'foreign.json');
    writeFileSync(path, '{"name":"other"}');
    expect(() =>
      passExactGate({ baseline: path, accept: 'x', markdown: false }, captured(false).output, () => metrics),
    ).toThrow('foreign.json');
    expect(readFileSync(path, 'utf8')).toBe('{"name":"other"}');
  });

  test('a baseline that a merge has broken is written again with a reason', () => {
    const path = join(folder, 'merged.json');
    writeFileSync(path, baselineText(SOME).replace('12', '13'));
    expect(() => passExactGate({ baseline: path, markdown: false }, captured(false).output, () => metrics)).toThrow(
      'by hand',
    );
    passExactGate({ baseline: path, accept: 'after a merge', markdown: false }, captured(false).output, () => metrics);
    expect(passExactGate({ baseline: path, markdown: false }, captured(false).output, () => metrics)).toBe(true);
  });
});
