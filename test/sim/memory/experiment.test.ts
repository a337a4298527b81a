import { describe, expect, test } from 'vitest';

import { Draws, intervalOf, spreadAt } from '../../../sim/base/draws.ts';
import { readProfile } from '../../../bench/io/profiles.ts';
import { figuresOf } from '../../../sim/memory/device-profile.ts';
import { figureSpread } from '../../../sim/memory/evidence.ts';
import { moveExperimentSchema, runMoveExperiment, type Unknowns, unrounded } from '../../../sim/memory/experiment.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { cpuClassesOf } from '../../../sim/memory/platform.ts';

const UNKNOWNS: Unknowns = {
  parameters: pointParameters(),
  figures: undefined,
  windowPhase: 1 / 2,
  layoutShare: 0.99,
  digitShare: 1 / 2,
  stopShare: 1 / 2,
  takenShare: () => 1 / 2,
};
const IDLE = { vcpus: 16, memoryGib: 64, nonZeroShare: 0.2013, gigabitsPerSecond: 10, qemu: 9, multifd: false };

function outputs(inputs: object, unknowns: Partial<Unknowns> = {}): Readonly<Record<string, number>> {
  const all = runMoveExperiment(moveExperimentSchema.parse({ ...IDLE, ...inputs }), { ...UNKNOWNS, ...unknowns });
  return Object.fromEntries(Object.entries(all));
}

describe('a figure drawn within its range', () => {
  const range = { value: 10, low: 5, high: 40 };

  test('has its ends at the ends, its value at the median, and half of the draws at either side', () => {
    expect([0, 0.5, 1].map((share) => spreadAt(range, share))).toEqual([5, 10, 40]);
    expect(spreadAt(range, 0.25)).toBeCloseTo(Math.sqrt(50));
    expect(spreadAt({ value: 2, low: 0, high: 4 }, 0.25)).toBe(1);
  });

  test('lies in it, and the median of many is its value', () => {
    const draws = new Draws(100, 7);
    const drawn = Array.from({ length: 100 }, (_, i) => spreadAt(range, draws.uniform('one', i)));
    for (const each of drawn) expect(each >= 5 && each <= 40).toBe(true);
    expect(Math.abs(intervalOf(drawn).value / 10 - 1)).toBeLessThan(0.05);
  });
});

describe('what no source states', () => {
  test('a share of one or two digits is what it is short for, others are what they say', () => {
    expect([0, 1].map((share) => unrounded(0.8, share))).toEqual([0.75, expect.closeTo(0.85)]);
    expect([0, 1].map((share) => unrounded(0.85, share))).toEqual([expect.closeTo(0.845), expect.closeTo(0.855)]);
    for (const exact of [0, 1, 0.8134]) expect([0, 1].map((share) => unrounded(exact, share))).toEqual([exact, exact]);
  });

  test('the last pages hold data in half of old guests, in a few of new ones, and where the table says so', () => {
    const downtime = (inputs: object, layoutShare: number): number => outputs(inputs, { layoutShare })['downtimeMs']!;
    const [data, zeros] = [downtime({ layout: 'data' }, 0.99), downtime({ layout: 'zeros' }, 0)];
    expect(data).toBeGreaterThan(2 * zeros);
    expect([0.07, 0.09].map((share) => downtime({}, share) > data / 2)).toEqual([true, false]);
    expect([0.49, 0.51].map((share) => downtime({ qemu: 6.2 }, share) > data / 2)).toEqual([true, false]);
    expect(downtime({ qemu: undefined }, 0.49)).toBe(downtime({ qemu: 6.2 }, 0.49));
  });

  test('only inputs that were taken are drawn', () => {
    const total = (taken: readonly string[], share: number): number =>
      outputs({ taken }, { takenShare: () => share })['totalMs']!;
    expect(total([], 0)).toBe(total([], 1));
    expect(total(['gigabitsPerSecond'], 0)).toBeGreaterThan(5 * total(['gigabitsPerSecond'], 1));
    expect(total(['gigabitsPerSecond'], 0.5)).toBeCloseTo(total([], 0.5), 6);
  });

  test('a figure that rests on the lab that is left out is anything that it may be', () => {
    const figure = { value: 54, range: [30, 75], from: 'derived', source: 'one table', unmeasured: [10, 90] } as const;
    const given = { ...figure, range: [30, 75] as [number, number], unmeasured: [10, 90] as [number, number] };
    expect(figureSpread({ ...given, evidence: ['one'] }, 'one')).toEqual({ value: 30, low: 10, high: 90 });
    for (const evidence of [['one', 'two'], ['two']]) {
      expect(figureSpread({ ...given, evidence }, 'one')).toEqual({ value: 54, low: 30, high: 75 });
    }
    expect(cpuClassesOf('kolothum')).toEqual(['kunpeng-920']);
    expect(cpuClassesOf('fontana')).toEqual([]);
  });
});

describe('mechanisms', () => {
  test('under a cap, pages of zeros between data cost nothing, and bytes on the wire as before', () => {
    const capped = { capGigabytesPerSecond: 0.134, layout: 'data', qemu: 9 };
    const p = pointParameters();
    const at = (zeroRunShare: number): ReturnType<typeof outputs> =>
      outputs(capped, { parameters: { ...p, zeroRunShare } });
    const zeroPages = (64 * (1 - 0.2013) * 2 ** 30) / 4096;
    // Half of them on a core of unknown speed.
    const examinedMs = ((zeroPages / 2) * p.zeroPageNs) / p.unknownCpuSpeed / 1e6;
    expect(at(1)['totalMs']! - at(0.5)['totalMs']!).toBeCloseTo(examinedMs, 2);
    expect(at(1)['transferredKib']! / at(0.5)['transferredKib']!).toBeCloseTo(1, 6);
    // Without a cap nothing is waited for.
    const free = { layout: 'data' };
    expect(outputs(free, { parameters: { ...p, zeroRunShare: 1 } })).toEqual(outputs(free));
  });

  test('a guest that hints its free pages sends its page structs a second time, once, with one more sync of the bitmap', () => {
    const hinting = (hintPagesPerBlock: number, lookedShare: number) =>
      outputs(
        { memoryGib: 8, nonZeroShare: 0.0784, lookedShare, layout: 'data', capGigabytesPerSecond: 0.134217728 },
        { parameters: { ...pointParameters(), hintPagesPerBlock } },
      );
    // 2048 blocks of 4 MiB, nine tenths of them free, with 8 pages of 4 KiB each in place of 1.
    const [few, many] = [hinting(1, 0.1), hinting(8, 0.1)];
    const moreKib = many['transferredKib']! - few['transferredKib']!;
    // A twentieth of them was not sent for the first time when they were written: what is left at the first sync.
    expect(moreKib / (2048 * 0.9 * 7 * 4)).toBeGreaterThan(0.93);
    expect(moreKib / (2048 * 0.9 * 7 * 4)).toBeLessThan(0.97);
    // 59 MB are more than what may be left, 38 MiB; idle writes alone are not.
    expect(many['dirtySyncCount']).toBe(4);
    expect(hinting(8, 1)).toEqual(hinting(1, 1));
    expect(hinting(8, 1)['dirtySyncCount']).toBe(3);
  });

  test('stopping a guest at work takes longer than an idle one, and longer with each vCPU', () => {
    const stop = (vcpus: number, loaded: boolean): number => outputs({ vcpus, loaded })['stopMs']!;
    expect(stop(64, true)).toBeGreaterThan(stop(64, false));
    for (const loaded of [true, false]) expect(stop(65, loaded)).toBeGreaterThan(stop(64, loaded));
    expect(outputs({ dirtyShareOfStream: 0.2 })['stopMs']).toBe(stop(16, true));
  });

  test('each vhost device and each of its rings lengthens the pause, fewer commits shorten the load', () => {
    const many = { netDevices: 8, netQueues: 16, blkDevices: 16, blkQueues: 4 };
    const few = { ...many, netQueues: 1, blkQueues: 1 };
    const none = outputs({});
    const [all, one, saved] = [outputs(many), outputs(few), outputs({ ...many, fewerCommits: true })];
    for (const name of ['downtimeMs', 'loadNonIterableMs']) {
      expect(all[name]).toBeGreaterThan(one[name]!);
      expect(one[name]).toBeGreaterThan(none[name]!);
      expect(saved[name]).toBeLessThan(all[name]!);
    }
    expect(outputs({ ...many, patched: true })['syncMs']).toBeLessThan(all['syncMs']!);
    // The parts of the load and of the sync are in the pause to the microsecond.
    expect(all['downtimeMs']! - saved['downtimeMs']!).toBeCloseTo(
      all['loadNonIterableMs']! - saved['loadNonIterableMs']!,
      3,
    );
  });

  test('routes of MSI-X are walked for each device up to 7.0 and in batches from 7.1 on', () => {
    const vfs = { devices: 8, vectorsPerDevice: 65, profile: 'template' };
    const given = { figures: figuresOf(readProfile('template'), 'point') };
    const old = outputs({ ...vfs, qemu: 7 }, given);
    const today = outputs({ ...vfs, qemu: 7.1 }, given);
    expect(old['vf8Ms']).toBeCloseTo(8 * old['vf1Ms']!, 6);
    expect(today['vf8Ms']).toBe(today['vf1Ms']);
    for (const all of [old, today]) {
      const sum = Array.from({ length: 8 }, (_, i) => all[`vf${i + 1}Ms`]!).reduce((a, b) => a + b, 0);
      expect(all['allMs']).toBeCloseTo(sum, 6);
    }
  });
});
