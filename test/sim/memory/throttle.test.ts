/**
 * How QEMU slows a guest, against the rules of QEMU 10.2 written apart from the code: steps of
 * auto-converge and when they come, the wait of the dirty limit, and who is slowed.
 */
import { describe, expect, test } from 'vitest';

import { effort } from '../../effort.ts';
import { Random } from '../../../sim/base/random.ts';
import { GIB, MIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { MemoryClass } from '../../../sim/memory/dirty.ts';
import { managerOf } from '../../../sim/memory/managers.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { precopyKind } from '../../../sim/memory/precopy.ts';
import { PrecopyEngine } from '../../../sim/memory/precopy-engine.ts';
import { ADVANCE, type PrecopyIteration } from '../../../sim/memory/precopy-slots.ts';
import { nextThrottlePercent, nextWaitUs, throttleSleepNs, type Throttling } from '../../../sim/memory/throttle.ts';
import { ConstantRate, CyclicRate, rateCycle, type WriteRate } from '../../../sim/memory/write-rate.ts';

const P = pointParameters();
const PAGE = 4096;
const AUTO: Throttling = { kind: 'auto-converge', forcedSyncNs: 5 * NS_PER_S };
const LIMIT: Throttling = { kind: 'dirty-limit', quotaMib: 1, ringMib: 16, writers: 1 };

interface Guest {
  readonly memoryGib: number;
  /** Bytes that it writes per second, over all of its memory. */
  readonly writes: number;
  readonly dma?: { readonly bytes: number; readonly rate: number };
  readonly rate?: WriteRate;
}

/** Plays a guest at 1 GiB/s for a time, with a limit into which nothing fits but what has come to rest. */
function play({ memoryGib, writes, dma, rate }: Guest, throttling: Throttling | null, untilS: number) {
  const own = memoryGib * GIB - (dma?.bytes ?? 0);
  const sets = [new MemoryClass(own, PAGE, rate ?? new ConstantRate(writes / PAGE))];
  if (dma !== undefined) sets.push(new MemoryClass(dma.bytes, PAGE, new ConstantRate(dma.rate / PAGE), 'devices'));
  const never = {
    downtimeLimitNs: 300 * NS_PER_MS,
    limitSteps: [],
    timeoutNs: Infinity,
    progressTimeoutNs: Infinity,
    roundsMax: Infinity,
    whenOut: 'cancel',
    hasVfio: false,
  } as const;
  const silent = {
    setupNs: 0,
    zeroBytes: 0,
    waitedZeroBytes: 0,
    zeroTailBytes: 0,
    zeroBytesPerSecond: GIB,
    sliceNs: 50 * NS_PER_MS,
  };
  const rules = {
    vmm: 'qemu',
    manager: managerOf('user', never),
    throttling,
    downtimeLimitNs: never.downtimeLimitNs,
    windowPhase: 0.5,
  } as const;
  const kind = precopyKind(sets, 0, rules, silent, { ...P, dirtySyncNsPerGib: 0 });
  const rows: PrecopyIteration[] = [];
  const engine = new PrecopyEngine([kind], 1, { recorder: { iterations: (_, row) => void rows.push(row) } });
  engine.begin(0, 0, 0);
  engine.changeRate(0, GIB, GIB, 0);
  let came: number = ADVANCE.running;
  let nowNs = 0;
  while (came === ADVANCE.running && engine.dueNs[0]! <= untilS * NS_PER_S) {
    nowNs = engine.dueNs[0]!;
    came = engine.advance(0, nowNs);
  }
  return { rows, engine, stopped: came === ADVANCE.stopped, nowNs };
}

describe('auto-converge', () => {
  test('steps are 20, 30, … 90, 99 %, and stay there', () => {
    const steps: number[] = [];
    for (let percent = nextThrottlePercent(0); steps.length < 10; percent = nextThrottlePercent(percent)) {
      steps.push(percent);
    }
    expect(steps).toEqual([20, 30, 40, 50, 60, 70, 80, 90, 99, 99]);
  });

  test('a vCPU sleeps 2.5 ms after each 10 ms at 20 %, 10 ms at 50, 90 ms at 90, 990 ms at 99', () => {
    const sleptMs = [20, 50, 90, 99].map((percent) => throttleSleepNs(percent) / NS_PER_MS);
    expect(sleptMs).toEqual([2.5, 10, 90, 990]);
  });

  test('a guest that writes all of 4 GiB again and again is slowed to 1 %, in no less than 18 s', () => {
    const { rows, engine } = play({ memoryGib: 4, writes: 1000 * GIB }, AUTO, 400);
    const speeds = [...new Set(rows.map(({ speed }) => Math.round(100 * speed)))];
    // Iterations at 1 % repeat alike up to the end, and are not noted before it.
    expect(speeds).toEqual([100, 80, 70, 60, 50, 40, 30, 20, 10]);
    expect(engine.throttle.percent[0]).toBe(99);
    const { startNs, lastsNs, count: alike } = rows.at(-1)!;
    expect(startNs + alike * lastsNs).toBeGreaterThanOrEqual(18 * NS_PER_S);
    // Two syncs each: of iterations of 4 s each takes two.
    const counts = new Map<number, number>();
    for (const { speed, count } of rows) counts.set(speed, (counts.get(speed) ?? 0) + count);
    expect([...counts.values()]).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2]);
  });

  test('syncs that follow in less than a second are counted together', () => {
    // 0.5 GiB take 0.5 s: two or three iterations make an accounted sync, and two of those a step.
    const { rows } = play({ memoryGib: 0.5, writes: 1000 * GIB }, AUTO, 60);
    const first = rows.find(({ speed }) => speed < 1)!;
    expect(first.startNs).toBeGreaterThan(2 * NS_PER_S);
    let changedNs = 0;
    for (const [i, { speed, startNs }] of rows.entries()) {
      if (i === 0 || speed === rows[i - 1]!.speed) continue;
      expect(startNs - changedNs).toBeGreaterThan(2 * NS_PER_S);
      changedNs = startNs;
    }
  });

  test('begins where more than half of what was sent is dirty again, and not below', () => {
    const at = (share: number): number =>
      play({ memoryGib: 64, writes: share * GIB }, AUTO, 200).engine.throttle.percent[0]!;
    // Of 64 GiB at a share s of the link, 1 - exp(-s) is dirty again after the first iteration, and nearly s after short ones.
    expect(at(0.45)).toBe(0);
    expect(at(0.6)).toBeGreaterThan(0);
  });

  test('a sync is forced every 5 s once vCPUs are throttled, and not before', () => {
    const { rows } = play({ memoryGib: 16, writes: 1000 * GIB }, AUTO, 400);
    const longest = (is: (speed: number) => boolean): number =>
      Math.max(...rows.filter(({ speed }) => is(speed)).map(({ lastsNs }) => lastsNs));
    expect(longest((speed) => speed === 1)).toBeGreaterThan(15 * NS_PER_S);
    expect(longest((speed) => speed < 1)).toBeLessThanOrEqual(5 * NS_PER_S * (1 + 1e-9));
    const older = play({ memoryGib: 16, writes: 1000 * GIB }, { ...AUTO, forcedSyncNs: Infinity }, 400);
    expect(Math.max(...older.rows.map(({ lastsNs }) => lastsNs))).toBeGreaterThan(15 * NS_PER_S);
    expect(older.rows.some(({ speed, lastsNs }) => speed < 1 && lastsNs > 15 * NS_PER_S)).toBe(true);
  });

  test('does not slow what devices write', () => {
    const quiet = { memoryGib: 4, writes: 1000 * GIB };
    const dma = { bytes: GIB, rate: 1000 * GIB };
    const { engine, stopped } = play({ ...quiet, dma }, AUTO, 600);
    expect(stopped).toBe(false);
    expect(engine.throttle.percent[0]).toBe(99);
    expect(engine.dirtiedBytes[0]!).toBeGreaterThanOrEqual(GIB * (1 - 1e-9));
  });

  test('takes time from every vCPU: what is lost is the share of the time that it holds', () => {
    const { rows, engine } = play({ memoryGib: 4, writes: 1000 * GIB }, AUTO, 300);
    const lost = rows.reduce((sum, { speed, lastsNs, count }) => sum + (1 - speed) * lastsNs * count, 0);
    expect(lost).toBeGreaterThan(10 * NS_PER_S);
    expect(engine.throttle.lostNs[0]! / lost).toBeCloseTo(1, 9);
  });
});

describe('the dirty limit', () => {
  const FULL_US = 16_000;

  test.each([
    // quota, rate, wait before and after, in MiB per second and µs
    ['far above: by 80/20 of the time that a ring takes', 200, 1000, 0, 4 * FULL_US],
    ['far above the default quota: 99 times that', 1, 1000, 0, 99 * FULL_US],
    ['never more than 99 times that', 1, 1000, 90 * FULL_US, 99 * FULL_US],
    ['above, by less than half: a tenth', 300, 400, 0, FULL_US / 10],
    ['below, by less than half: a tenth back', 400, 300, FULL_US, FULL_US - FULL_US / 10],
    ['far below: by 80/20 back', 1000, 200, 5 * FULL_US, FULL_US],
    ['never less than nothing', 1000, 200, FULL_US, 0],
    ['within 25 MiB per second: as it is', 100, 125, 7, 7],
    ['by 26 more: not', 100, 126, 7, 7 + FULL_US / 10],
    ['half and a little more: by 51/49', 100, 206, 0, Math.trunc((FULL_US * 51) / 49)],
  ])('%s', (_, quota, current, before, after) => {
    expect(nextWaitUs(before, quota, current, FULL_US)).toBe(after);
  });

  test('holds vCPUs that write near the quota, from the second after its trigger on', () => {
    // 1 GiB/s of 16 GiB by one vCPU: 99 times the ring's time is the longest wait, so that 10 MiB/s are left.
    const { rows, stopped, engine } = play({ memoryGib: 16, writes: GIB }, LIMIT, 400);
    expect(stopped).toBe(true);
    expect(Math.min(...rows.map(({ speed }) => speed))).toBeCloseTo(0.01, 3);
    expect(engine.throttle.speedNow(0)).toBeCloseTo(0.01, 3);
  });

  test('a quota of 200 MiB/s lets a writer have about that', () => {
    const { engine } = play({ memoryGib: 16, writes: GIB }, { ...LIMIT, quotaMib: 200 }, 60);
    const rate = engine.throttle.speedNow(0) * 1024;
    expect(Math.abs(rate - 200)).toBeLessThanOrEqual(26);
  });

  test('lets vCPUs be that write less than 25 MiB per second more than the quota', () => {
    // 64 vCPUs of 20 MiB/s each write more than the link carries, and each of them less than the limit sees.
    const { engine } = play({ memoryGib: 16, writes: 64 * 20 * MIB }, { ...LIMIT, writers: 64 }, 400);
    expect(engine.throttle.speedNow(0)).toBe(1);
    expect(engine.throttle.lostNs[0]).toBe(0);
  });

  test('comes twice an accounted sync after the guest writes too much, as auto-converge does', () => {
    const limit = play({ memoryGib: 4, writes: GIB }, LIMIT, 400).rows;
    const auto = play({ memoryGib: 4, writes: GIB }, AUTO, 400).rows;
    const since = (rows: readonly PrecopyIteration[]): number => rows.find(({ speed }) => speed < 1)?.startNs ?? NaN;
    expect(Math.abs(since(limit) - since(auto))).toBeLessThanOrEqual(4 * NS_PER_S);
  });

  test('follows a guest that pauses and writes again', () => {
    const cycle = rateCycle([0, 20 * NS_PER_S], [GIB / PAGE, (4 * MIB) / PAGE], 40 * NS_PER_S);
    const { rows } = play(
      { memoryGib: 8, writes: 0, rate: new CyclicRate(cycle, 0) },
      { ...LIMIT, quotaMib: 100 },
      300,
    );
    for (const { dirtiedBytes, lastsNs } of rows) {
      expect(dirtiedBytes).toBeLessThanOrEqual((lastsNs / NS_PER_S) * GIB * 1.001);
    }
  });
});

test('guests that write more, or are not slowed, never have less left: random guests', () => {
  const random = new Random(20261130, 5);
  for (let i = 0; i < effort(60, 300, 3000); i++) {
    const guest = { memoryGib: 1 + 15 * random.uniform(), writes: GIB * 4 ** (2 * random.uniform() - 1) };
    const free = play(guest, null, 120);
    const slowed = play(guest, random.uniform() < 0.5 ? AUTO : LIMIT, 120);
    expect(slowed.stopped || !free.stopped).toBe(true);
    expect(slowed.engine.throttle.lostNs[0]!).toBeLessThanOrEqual(slowed.nowNs);
    // What is sent is what the memory was, and what was dirtied and did not stay.
    for (const { engine } of [free, slowed]) {
      const dirty = guest.memoryGib * GIB + engine.redirtiedBytes[0]!;
      expect(engine.sentBytes[0]!).toBeLessThanOrEqual(dirty * (1 + 1e-6));
    }
  }
});
