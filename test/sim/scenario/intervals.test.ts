import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Draws, intervalAround } from '../../../sim/base/draws.ts';
import { highCosts, lowCosts, pointCosts } from '../../../sim/device/costs.ts';
import { hasMoved } from '../../../sim/memory/outcome.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { registersOf } from '../../../sim/scenario/drawn-moves.ts';
import { MoveIntervals } from '../../../sim/scenario/intervals.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { DRAWS, Unknowns, unknownsOf } from '../../../sim/scenario/unknowns.ts';
import { effort } from '../../effort.ts';
import { type Changes, plan, SMALL } from './rig.ts';

function drawn(changes: Changes = {}, of: CompiledScenario = plan(changes)) {
  const results = { point: runScenario(of, 'point'), short: runScenario(of, 'short'), long: runScenario(of, 'long') };
  const nominal = results.point.vms[0]!;
  return { results, nominal, intervals: new MoveIntervals(of, registersOf(of, results, 0), 0, nominal.kind) };
}

const pauseOf = ({ pauseNs }: { readonly pauseNs: number }): number => pauseNs;
const totalOf = ({ totalNs }: { readonly totalNs: number }): number => totalNs;

describe('an interval around a value', () => {
  test('holds the value, and 80 of 100 values that are drawn evenly', () => {
    const values = Array.from({ length: 1001 }, (_, i) => i);
    expect(intervalAround(500, values)).toEqual({ value: 500, low: 100, high: 900 });
    expect(intervalAround(50, values)).toEqual({ value: 50, low: 50, high: 900 });
    expect(intervalAround(2000, values)).toEqual({ value: 2000, low: 100, high: 2000 });
    expect(intervalAround(7, [Number.NaN])).toEqual({ value: 7, low: 7, high: 7 });
  });

  test('of wider ranges is wider', () => {
    const unknowns = new Draws(DRAWS, 3);
    const widthOf = (spread: number): number => {
      const values = Array.from(
        { length: DRAWS },
        (_, i) => 10 * Math.exp(spread * (unknowns.uniform('x', i) - 1 / 2)),
      );
      const { low, high } = intervalAround(10, values);
      return high / low;
    };
    expect(widthOf(0.2)).toBeGreaterThan(widthOf(0.1));
    expect(widthOf(0)).toBe(1);
  });
});

describe('draws of what nobody knows', () => {
  test('are the same for the same seed, and others for another', () => {
    const of = (seed: number) => Array.from({ length: 5 }, (_, draw) => new Unknowns(seed).parameters(draw).lineShare);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(unknownsOf(9).parameters(3)).toEqual(new Unknowns(9).parameters(3));
  });

  test('take the registers at the low end in a sixth, at the high end in as many', () => {
    const unknowns = new Unknowns(1);
    const ends = Array.from({ length: DRAWS }, (_, draw) => unknowns.registers(draw));
    const count = (end: string): number => ends.filter((each) => each === end).length;
    for (const end of ['short', 'long']) expect(Math.abs(count(end) - DRAWS / 6)).toBeLessThan(1);
  });

  test('have vCPU costs within their range, half of them below the nominal one', () => {
    const unknowns = new Unknowns(1);
    const stops = Array.from({ length: DRAWS }, (_, draw) => unknowns.vcpuCosts(draw).vcpuStopNs);
    for (const ns of stops) expect(ns >= lowCosts().vcpuStopNs && ns <= highCosts().vcpuStopNs).toBe(true);
    expect(stops.filter((ns) => ns < pointCosts().vcpuStopNs)).toHaveLength(DRAWS / 2);
  });
});

describe('the interval of a scenario', () => {
  test('of a guest that writes nothing lies within the corners of the parameters', () => {
    const { results, nominal, intervals } = drawn({ memory: { ...SMALL.memory, dirty: { kind: 'none' } } });
    for (const figure of [pauseOf, totalOf]) {
      const { low, high } = intervals.of(figure(nominal), figure);
      expect(low).toBeGreaterThan(figure(results.short.vms[0]!));
      expect(high).toBeLessThan(figure(results.long.vms[0]!));
    }
  });

  test('is the same twice', () => {
    const [first, second] = [drawn(), drawn()].map(({ intervals, nominal }) => ({
      pause: intervals.of(nominal.pauseNs, pauseOf),
      deciders: intervals.deciders(),
      ended: intervals.ended,
    }));
    expect(second).toEqual(first);
    expect(drawn({ seed: 7 }).intervals.of(0, pauseOf).high).not.toBe(first!.pause.high);
  });

  test('where the limit decides, some draws move and others do not, and all are counted', () => {
    const { intervals, nominal } = drawn({
      memory: { ...SMALL.memory, dirty: { kind: 'uniform', pagesPerSecond: 690_000 } },
      stream: { gigabitsPerSecond: 25 },
      convergence: { timeout: '60s' },
    });
    const { moved = 0, cancelled = 0 } = intervals.ended;
    expect(moved + cancelled).toBe(DRAWS);
    expect(Math.min(moved, cancelled)).toBeGreaterThan(0);
    expect(intervals.alike).toHaveLength(hasMoved(nominal.kind) ? moved : cancelled);
  });

  test('of a fault in the pause is that of the three plays of the registers', () => {
    const { intervals, results, nominal } = drawn({ faults: [{ kind: 'link', at: 'sending', share: 0.5 }] });
    const { low, high } = intervals.of(nominal.pauseNs, pauseOf);
    expect(nominal.kind).toBe('failed');
    expect([low, high]).toEqual([results.short.vms[0]!.pauseNs, results.long.vms[0]!.pauseNs]);
    expect(intervals.ended).toEqual({ failed: DRAWS });
  });

  test('names what decides it: a register-bound pause is decided by the registers', () => {
    const { intervals } = drawn({ faults: [{ kind: 'link', at: 'sending', share: 0.5 }] });
    expect(intervals.deciders()[0]!.name).toBe('registers');
  });

  test('of random scenarios holds the nominal value, and the parts of each draw add up to its pause', () => {
    const arbitrary = fc.record({
      vmm: fc.constantFrom('qemu', 'cloud-hypervisor'),
      vcpus: fc.integer({ min: 1, max: 64 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      size: fc.integer({ min: 1, max: 64 }),
      nonZeroShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
      pagesPerSecond: fc.integer({ min: 0, max: 50_000 }),
      gigabitsPerSecond: fc.constantFrom(10, 25, 100),
    });
    fc.assert(
      fc.property(arbitrary, ({ vmm, vcpus, seed, size, nonZeroShare, pagesPerSecond, gigabitsPerSecond }) => {
        const of = plan({
          vmm,
          vcpus,
          seed,
          memory: { size: `${size}GiB`, nonZeroShare, dirty: { kind: 'uniform', pagesPerSecond } },
          stream: { gigabitsPerSecond },
          devices: [],
        });
        const { intervals, nominal } = drawn({}, of);
        const counted = Object.values(intervals.ended).reduce((sum, count) => sum + count, 0);
        expect(counted).toBe(DRAWS);
        for (const figure of [pauseOf, totalOf]) {
          const { value, low, high } = intervals.of(figure(nominal), figure);
          expect(low).toBeLessThanOrEqual(value);
          expect(high).toBeGreaterThanOrEqual(value);
        }
        for (const { kind, pauseNs, partsNs } of intervals.moves) {
          if (!hasMoved(kind)) continue;
          const sum = Object.values(partsNs).reduce((total, ns) => total + ns, 0);
          expect(Math.abs(sum - pauseNs)).toBeLessThan(1);
        }
      }),
      { numRuns: effort(5, 8, 200) },
    );
  });
});
