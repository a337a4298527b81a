/**
 * The suites that measure the data path, at a size that only shows that they run. What they time is not checked; what they
 * count is.
 */
import { beforeAll, describe, expect, test } from 'vitest';

import { suiteText } from '../../../../bench/documents/suites/text.ts';
import { runCodec } from '../../../../bench/measure/suites/codec.ts';
import { runDowntimeFloor } from '../../../../bench/measure/suites/downtime-floor.ts';
import { runHandshakeFloor } from '../../../../bench/measure/suites/handshake-floor.ts';
import { runScale } from '../../../../bench/measure/suites/scale.ts';
import { runSnapshot } from '../../../../bench/measure/suites/snapshot.ts';
import type { SuiteOptions, SuiteReport } from '../../../../bench/documents/suites/document.ts';
import { DOWNTIME_PARTS } from '../../../../sim/base/pause-parts.ts';
import { WALL_PARTS } from '../../../../sim/base/pause-parts.ts';
import { effort } from '../../../effort.ts';

const OPTIONS: SuiteOptions = {
  quick: true,
  driver: 'upstream-2026',
  accelerators: undefined,
  queuePairs: undefined,
  // Only against hanging: a busy machine may keep a thread from starting for a while.
  limitMs: 60_000,
};
const LIMIT = { timeout: 240_000 };
const TURNS = { turns: 2, seconds: 0.001 };

/** Figures of a column by what the rows are about. */
function column(report: SuiteReport, field: string, name: string): Record<string, number | undefined> {
  return Object.fromEntries(report.rows.map(({ at, figures }) => [String(at[field]), figures[name]?.value]));
}

/** Every ratio is of something that was measured as often as its floor, and each sample is kept. */
function expectSound(report: SuiteReport): void {
  const odd = report.rows.flatMap(({ at, figures }) =>
    Object.entries(figures)
      .filter(([, { value, kind, samples }]) => {
        if (!Number.isFinite(value) || value < 0) return true;
        return kind === 'ratio' && (samples === undefined || samples.length < 2);
      })
      .map(([name, figure]) => [at, name, figure]),
  );
  expect(odd).toEqual([]);
  expect(report.rows.length).toBeGreaterThan(0);
  expect(suiteText(report)).toContain(report.title);
}

describe('snapshot', () => {
  let report: SuiteReport;
  beforeAll(async () => {
    report = await runSnapshot(OPTIONS, { queuePairs: [3], ...TURNS, moves: 3 });
  });

  test('each byte is copied once on each side, and nothing stays on the heap', () => {
    expectSound(report);
    const copies = column(report, 'stage', 'copies');
    expect(copies).toMatchObject({
      'register gather and frame': 1,
      'gather, whole': 1,
      'gather and checksum': 1,
      'gather, dirty parts': 1,
      scatter: 1,
    });
    const { ratio, floorNs } = report.rows.find(({ at }) => at['stage'] === 'handover and answer')!.figures;
    expect([ratio!.kind, floorNs!.value > 0]).toEqual(['ratio', true]);
    const alone = column(report, 'stage', 'partsNs');
    expect(Object.keys(alone).filter((stage) => alone[stage] !== undefined)).toEqual([
      'save, together',
      'restore, together',
    ]);
    // A reading of the heap finds some hundred bytes of its own at worst; a frame that stayed would be thousands.
    for (const [stage, bytes] of Object.entries(column(report, 'stage', 'survivors'))) {
      expect([stage, (bytes ?? 0) < 1024]).toEqual([stage, true]);
    }
  });

  test('calls of the driver wait for the device as often in one run as in the next', LIMIT, async () => {
    const waits = column(report, 'stage', 'waits');
    expect(waits).toMatchObject({ 'queue kick': 1 });
    // Together they ask no more and no less than one after the other.
    expect(waits['save, together']).toBe(waits['quiesce and save']);
    expect(waits['restore, together']).toBe(waits['load']! + 1);
    expect(waits['quiesce and save']).toBeGreaterThan(10);
    // Another run takes seconds; the exact baseline has the accesses of each arc.
    for (const queuePairs of effort([], [], [5, 16])) {
      const next = await runSnapshot(OPTIONS, { queuePairs: [queuePairs], ...TURNS, moves: 2 });
      expect(column(next, 'stage', 'waits')).toEqual(waits);
    }
  });
});

test('codec: a header that is known is not unpacked', LIMIT, async () => {
  const report = await runCodec(OPTIONS, { sections: [0, 5], ...TURNS });
  expectSound(report);
  expect(report.rows.map(({ at }) => `${at['stage']} ${at['sections']}`)).toEqual(
    [0, 5].flatMap((sections) =>
      ['frame', 'parse, header known', 'parse, header new'].map((stage) => `${stage} ${sections}`),
    ),
  );
  expect(column(report, 'stage', 'copies')).toMatchObject({ frame: 1 });
});

test('handshake-floor: each way of waiting has its row, and the choice its words', LIMIT, async () => {
  const batches = { spin: 20, 'spin-then-wait': 20, wait: 20 };
  const report = await runHandshakeFloor(OPTIONS, { batches, perBatch: 2 });
  expectSound(report);
  expect(report.rows.map(({ at }) => at['style'])).toEqual(['spin', 'spin-then-wait', 'wait']);
  expect(column(report, 'style', 'spins')['wait']).toBe(0);
  expect(report.remarks[0]!.lines[0]).toMatch(/^chosen on this machine: (?:spin-then-)?wait, lanes spin \d+ loads/);
});

test(
  'downtime-floor: moves with iterations send less in the pause, in the parts of the definitions',
  LIMIT,
  async () => {
    const report = await runDowntimeFloor(OPTIONS, { queuePairs: [16], loads: ['idle', 'half'], moves: 2 });
    expectSound(report);
    for (const load of ['idle', 'half']) {
      const [whole, rounds] = report.rows.filter(({ at }) => at['load'] === load);
      expect([whole!.at['rounds'], rounds!.at['rounds']]).toEqual([0, 5]);
      expect(rounds!.figures['pauseBytes']!.value).toBeLessThan(whole!.figures['pauseBytes']!.value);
      for (const { figures } of [whole!, rounds!]) {
        // Headers are sent and not copied.
        expect(figures['copiedPerByte']!.value).toBeGreaterThan(1.9);
        expect(figures['copiedPerByte']!.value).toBeLessThanOrEqual(2);
      }
      for (const part of WALL_PARTS) expect(whole!.figures[`${part}Ns`]!.samples).toHaveLength(2);
      for (const part of DOWNTIME_PARTS) expect(whole!.figures[`model ${part}`]!.kind).toBe('modelled');
    }
  },
);

test('scale: saves, moves and batches each have their rows', LIMIT, async () => {
  const report = await runScale(OPTIONS, {
    vfs: [2],
    ...TURNS,
    fleets: [
      { vfs: 1, threads: 1, pfs: 1 },
      { vfs: 2, threads: 2, pfs: 2 },
    ],
    moves: 2,
    batches: [1, 4],
    tasks: 2,
  });
  expectSound(report);
  expect(report.rows.map(({ at }) => [at['what'], at['vfs'], at['batch']])).toEqual([
    ['save', 2, 1],
    ['move', 1, 1],
    ['move', 4, 1],
    ['task', 1, 1],
    ['task', 1, 4],
  ]);
  const { copiedPerByte, survivors } = report.rows[0]!.figures;
  expect(copiedPerByte!.value).toBeGreaterThan(0.99);
  expect(copiedPerByte!.value).toBeLessThanOrEqual(1);
  // A VF's end has a dozen objects; a frame would be 290 kB.
  expect(survivors!.value).toBeLessThan(5_000);
});

test('more queue pairs than the device has are a sentence', async () => {
  for (const run of [runSnapshot, runDowntimeFloor]) {
    await expect(run({ ...OPTIONS, queuePairs: [2000] })).rejects.toThrow('--queue-pairs has 2000');
  }
});
