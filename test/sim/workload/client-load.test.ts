import { describe, expect, test } from 'vitest';
import { Random } from '../../../sim/base/random.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { ArrivalStream, checkClientLoad, type ClientLoad, type OpenLoad } from '../../../sim/workload/client-load.ts';

const SECOND = 1e9;

/** Arrivals in each of so many windows of a length. */
function windows(load: OpenLoad, count: number, lengthNs: number, queues = 4): number[] {
  const stream = new ArrivalStream(load, queues, new Random(5, 1));
  const seen = Array.from({ length: count }, () => 0);
  let lastNs = 0;
  while (stream.nextNs < count * lengthNs) {
    if (stream.nextNs < lastNs || stream.nextQueue >= queues) throw new Error('not in order, or no such queue');
    lastNs = stream.nextNs;
    seen[Math.floor(stream.nextNs / lengthNs)]! += 1;
    stream.advance();
  }
  return seen;
}

function meanAndDispersion(counts: readonly number[]): { mean: number; dispersion: number } {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
  return { mean, dispersion: variance / mean };
}

const BURSTS = { kind: 'on-off', onRatePerSecond: 1e6, meanOnNs: 1e5, meanOffNs: 3e5 } as const;

describe('ArrivalStream', () => {
  test('Poisson: the rate is right, and counts vary as much as their mean', () => {
    const { mean, dispersion } = meanAndDispersion(windows({ kind: 'poisson', ratePerSecond: 1e5 }, 2000, 1e6));
    // 2000 windows of 100: standard error of the mean 0.22, of the dispersion 0.032.
    expect(Math.abs(mean - 100)).toBeLessThan(3.3 * 0.22);
    expect(Math.abs(dispersion - 1)).toBeLessThan(3.3 * 0.032);
  });

  test('on and off: the mean rate is right, and counts vary as an interrupted Poisson process does', () => {
    const lengthNs = 1e7;
    const { mean, dispersion } = meanAndDispersion(windows(BURSTS, 2000, lengthNs));
    // Of long windows: 1 + 2 rate off^2 / (r (on + off)^2), where r is the rate at which the phase is forgotten.
    const forget = 1 / 1e5 + 1 / 3e5;
    const limit = 1 + (2 * 1e-3 * (3 / 4)) / forget;
    const untilLimit = 1 - (1 - Math.exp(-forget * lengthNs)) / (forget * lengthNs);
    const want = 1 + (limit - 1) * untilLimit;
    expect(Math.abs(mean - 2500)).toBeLessThan(3.3 * Math.sqrt((want * 2500) / 2000));
    expect(Math.abs(dispersion / want - 1)).toBeLessThan(3.3 * Math.sqrt(2 / 2000));
  });

  test('on and off: short phases have the mean rate too, and often nobody comes in one', () => {
    const short: OpenLoad = { kind: 'on-off', onRatePerSecond: 1e6, meanOnNs: 500, meanOffNs: 1500 };
    const { mean, dispersion } = meanAndDispersion(windows(short, 2000, 1e6));
    expect(Math.abs(mean - 250)).toBeLessThan(3.3 * Math.sqrt((dispersion * 250) / 2000));
    expect(dispersion).toBeLessThan(2);
  });

  test('queues are drawn uniformly', () => {
    const stream = new ArrivalStream({ kind: 'poisson', ratePerSecond: 1e6 }, 8, new Random(1));
    const counts = new Float64Array(8);
    for (let i = 0; i < 80_000; i++, stream.advance()) counts[stream.nextQueue]! += 1;
    const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi2).toBeLessThan(24.3); // 99.9 % with 7 degrees of freedom
  });

  test('recorded arrivals come as they are, and then none', () => {
    const arrivals = {
      timesNs: Float64Array.of(5, 5, 9),
      queues: Uint32Array.of(1, 0, 2),
      kinds: Uint8Array.of(0, 1, 0),
    };
    const stream = new ArrivalStream({ kind: 'recorded', arrivals }, 3, new Random(1));
    const seen: number[][] = [];
    for (; stream.nextNs < SECOND; stream.advance()) seen.push([stream.nextNs, stream.nextQueue, stream.nextKind]);
    expect(seen).toEqual([
      [5, 1, 0],
      [5, 0, 1],
      [9, 2, 0],
    ]);
    expect(stream.nextNs).toBe(Infinity);
  });
});

describe('checkClientLoad', () => {
  const recorded = (timesNs: number[], queues: number[], kinds: number[]): ClientLoad => ({
    kind: 'recorded',
    arrivals: { timesNs: Float64Array.from(timesNs), queues: Uint32Array.from(queues), kinds: Uint8Array.from(kinds) },
  });

  test.each<[string, ClientLoad, string]>([
    ['more in flight than places', { kind: 'closed', inFlightPerQueue: 64 }, 'inFlightPerQueue is 64'],
    ['thinking backwards', { kind: 'closed', inFlightPerQueue: 1, thinkNs: -1 }, 'thinkNs is -1'],
    ['no rate', { kind: 'poisson', ratePerSecond: 0 }, 'ratePerSecond is 0'],
    ['an endless phase', { ...BURSTS, meanOffNs: Infinity }, 'meanOffNs is Infinity'],
    ['times that fall', recorded([5, 4], [0, 0], [0, 0]), 'recorded arrival 1 is at 4 ns'],
    ['a queue that is not there', recorded([5], [8], [0]), 'recorded arrival 0 is for queue 8'],
    ['a kind that is not there', recorded([5], [0], [2]), 'recorded arrival 0 is of kind 2'],
    ['arrays of different lengths', recorded([5], [0, 1], [0]), '1 times, 2 queues and 1 kinds'],
  ])('refuses %s', (_, load, message) => {
    expect(() => checkClientLoad(load, 8, 63, 2)).toThrow(UserError);
    expect(() => checkClientLoad(load, 8, 63, 2)).toThrow(message);
  });

  test('takes what there can be', () => {
    expect(() => checkClientLoad({ kind: 'closed', inFlightPerQueue: 63 }, 8, 63, 1)).not.toThrow();
    expect(() => checkClientLoad(recorded([0, 0], [7, 0], [1, 0]), 8, 63, 2)).not.toThrow();
  });
});
