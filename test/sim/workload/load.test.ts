import { describe, expect, test } from 'vitest';
import { Random } from '../../../sim/base/random.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { ArrivalProcess, checkLoad, LOAD_NAMES, namedLoad } from '../../../sim/workload/load.ts';

interface Arrival {
  readonly atNs: number;
  readonly queue: number;
}

function take(process: ArrivalProcess, count: number): Arrival[] {
  return Array.from({ length: count }, () => {
    const arrival = { atNs: process.nextArrivalNs, queue: process.nextQueue };
    process.advance();
    return arrival;
  });
}

const SIGMAS = 5;

describe('named loads', () => {
  test('are what they say', () => {
    expect(namedLoad('idle', 1024)).toEqual({ kind: 'idle' });
    expect(namedLoad('half', 1024)).toEqual({ kind: 'open', fractionOfCapacity: 0.5 });
    expect(namedLoad('saturated', 1024)).toEqual({ kind: 'closed', inFlightPerQueue: 32 });
    expect(namedLoad('saturated', 8)).toEqual({ kind: 'closed', inFlightPerQueue: 7 });
  });

  test.each(LOAD_NAMES)('%s passes its own check at any depth', (name) => {
    for (const depth of [2, 4, 1024]) expect(checkLoad(namedLoad(name, depth), depth)).toEqual(namedLoad(name, depth));
  });

  test.each([
    { kind: 'closed', inFlightPerQueue: 0 },
    { kind: 'closed', inFlightPerQueue: 4 },
    { kind: 'closed', inFlightPerQueue: 1.5 },
    { kind: 'open', fractionOfCapacity: 0 },
    { kind: 'open', fractionOfCapacity: Number.NaN },
    { kind: 'open', fractionOfCapacity: 11 },
    { kind: 'open', fractionOfCapacity: 1, burst: 0 },
    { kind: 'open', fractionOfCapacity: 1, burst: 4 },
  ] as const)('%j is refused at depth 4', (load) => {
    expect(() => checkLoad(load, 4)).toThrow(UserError);
  });
});

describe('ArrivalProcess', () => {
  const count = 40_000;

  test.each([1, 4])('keeps the mean rate, in bursts of %i', (burst) => {
    const ratePerSecond = 1e6;
    const arrivals = take(new ArrivalProcess({ ratePerSecond, queues: 4, random: new Random(1), burst }), count);
    // The time of the last of k exponential gaps has mean k * gap and standard deviation sqrt(k) * gap.
    const gaps = count / burst;
    const gapNs = (burst * 1e9) / ratePerSecond;
    expect(Math.abs(arrivals.at(-1)!.atNs - gaps * gapNs)).toBeLessThan(SIGMAS * Math.sqrt(gaps) * gapNs);
  });

  test('is Poisson: arrivals per interval have a variance equal to their mean', () => {
    const arrivals = take(new ArrivalProcess({ ratePerSecond: 1e6, queues: 1, random: new Random(2) }), count);
    const intervals = 2000;
    const counts = Array.from({ length: intervals }, () => 0);
    for (const { atNs } of arrivals) if (atNs < intervals * 10_000) counts[Math.floor(atNs / 10_000)]! += 1;
    const variance = counts.reduce((sum, n) => sum + (n - 10) ** 2, 0) / intervals;
    // Var((N - m)^2) is m + 2 m^2 for a Poisson N of mean m.
    expect(Math.abs(variance - 10)).toBeLessThan(SIGMAS * Math.sqrt((10 + 200) / intervals));
  });

  test('spreads arrivals evenly over the queues', () => {
    const hits = [0, 0, 0, 0, 0];
    for (const { queue } of take(new ArrivalProcess({ ratePerSecond: 1e6, queues: 5, random: new Random(3) }), count)) {
      hits[queue]! += 1;
    }
    for (const hit of hits) expect(Math.abs(hit - count / 5)).toBeLessThan(SIGMAS * Math.sqrt(count * 0.2 * 0.8));
  });

  test('a burst comes at one time to one queue', () => {
    const process = new ArrivalProcess({ ratePerSecond: 1e3, queues: 64, random: new Random(4), burst: 3 });
    const arrivals = take(process, 300);
    for (let i = 0; i < 300; i += 3) {
      expect(arrivals[i + 1]).toEqual(arrivals[i]);
      expect(arrivals[i + 2]).toEqual(arrivals[i]);
    }
    expect(new Set(arrivals.map(({ atNs }) => atNs)).size).toBe(100);
  });

  test('never goes back, and gives whole nanoseconds', () => {
    let last = 0;
    for (const { atNs } of take(new ArrivalProcess({ ratePerSecond: 1e9, queues: 1, random: new Random(5) }), 1000)) {
      expect(Number.isInteger(atNs) && atNs >= last).toBe(true);
      last = atNs;
    }
  });

  test('the same seed gives the same arrivals', () => {
    const [a, b] = [new Random(6), new Random(6)];
    const runs = [a, b].map((random) => take(new ArrivalProcess({ ratePerSecond: 5e5, queues: 9, random }), 500));
    expect(runs[0]).toEqual(runs[1]);
    expect(a.state()).toBe(b.state());
  });

  test('begins where given, and a pause moves all that is to come by its length', () => {
    const options = { ratePerSecond: 1e6, queues: 3 };
    const plain = new ArrivalProcess({ ...options, random: new Random(7) });
    const late = new ArrivalProcess({ ...options, random: new Random(7), startNs: 1000 });
    const expected = take(plain, 20).map(({ atNs, queue }, i) => ({ atNs: atNs + (i < 10 ? 1000 : 1500), queue }));
    const first = take(late, 10);
    late.delayBy(500);
    expect([...first, ...take(late, 10)]).toEqual(expected);
    expect(late.arrivals).toBe(20);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a rate of %d', (ratePerSecond) => {
    expect(() => new ArrivalProcess({ ratePerSecond, queues: 1, random: new Random(1) })).toThrow('ARRIVAL_RATE');
  });
});
