/**
 * How QEMU slows a guest whose memory does not come to rest: auto-converge, which takes time from every vCPU, and the dirty
 * limit, which makes vCPUs wait that write too much.
 *
 * QEMU 10.2.2: migration/ram.c `migration_trigger_throttle`, migration/cpu-throttle.c, migration/options.c,
 * system/dirtylimit.c.
 */
import { MIB, NS_PER_S, NS_PER_US } from '../base/units.ts';
import type { MemoryClass } from './dirty.ts';

/** When a guest is slowed further: after `syncs` accounted syncs that found more than a share of what was sent dirty again. */
const TRIGGER = {
  /** A sync is accounted when more than this has passed since the last accounted one. */
  periodNs: NS_PER_S,
  dirtyPercent: 50,
  syncs: 2,
} as const;

export const AUTO_CONVERGE = {
  initialPercent: 20,
  stepPercent: 10,
  maxPercent: 99,
  /** A vCPU runs for so long, then sleeps. */
  sliceNs: 10_000_000,
  /** While vCPUs are throttled a sync is forced after this time: from 9.2 on. */
  forcedSyncNs: 5 * NS_PER_S,
} as const;

export const DIRTY_LIMIT = {
  /** `vcpu-dirty-limit`, in MiB per second for each vCPU. */
  quotaMib: 1,
  /** `x-vcpu-dirty-limit-period`. */
  periodNs: NS_PER_S,
  /** A rate so near to the quota is let be, in MiB per second. */
  toleranceMib: 25,
  /** From this difference on, in percent of the larger, the wait is set by the difference; below it by tenths. */
  proportionalPercent: 50,
  waitsMax: 99,
  /** `dirty-ring-size` of 4096 pages, the size in QEMU's own examples; there is no default. */
  ringMib: 16,
} as const;

/** Sleep after each {@link AUTO_CONVERGE.sliceNs} at a throttling of so many percent, ns. */
export function throttleSleepNs(percent: number): number {
  return (AUTO_CONVERGE.sliceNs * percent) / (100 - percent);
}

export function nextThrottlePercent(percent: number): number {
  const { initialPercent, stepPercent, maxPercent } = AUTO_CONVERGE;
  return percent === 0 ? initialPercent : Math.min(percent + stepPercent, maxPercent);
}

interface AutoConvergeRules {
  readonly kind: 'auto-converge';
  /** Between syncs of a throttled guest at most; Infinity: none is forced. */
  readonly forcedSyncNs: number;
}

interface DirtyLimitRules {
  readonly kind: 'dirty-limit';
  /** What each vCPU may write, in MiB per second. */
  readonly quotaMib: number;
  readonly ringMib: number;
  /** vCPUs that share the guest's writes evenly. */
  readonly writers: number;
}

export type Throttling = AutoConvergeRules | DirtyLimitRules;

/**
 * How long a vCPU waits for each full dirty ring after a period of the dirty limit, in whole µs.
 *
 * @param waitUs up to now
 * @param quota in MiB per second
 * @param current rate of the vCPU in that period, in MiB per second
 * @param ringFullUs in which the ring was full at the highest rate that was seen
 */
export function nextWaitUs(waitUs: number, quota: number, current: number, ringFullUs: number): number {
  const { toleranceMib, proportionalPercent, waitsMax } = DIRTY_LIMIT;
  const high = Math.max(quota, current);
  const difference = Math.abs(quota - current);
  if (difference <= toleranceMib) return waitUs;
  if (current === 0) return 0;
  const percent = Math.floor((difference * 100) / high);
  const byUs = Math.trunc(percent > proportionalPercent ? (ringFullUs * percent) / (100 - percent) : ringFullUs / 10);
  return Math.max(0, Math.min(waitUs + (quota < current ? byUs : -byUs), ringFullUs * waitsMax));
}

/** Guests that are slowed, by the slot of their move. Times in ns. */
export class GuestThrottle {
  /** Auto-converge: time taken from each vCPU, in percent. */
  readonly percent: Uint8Array;
  /** Time that vCPUs did not run so far: each of them under auto-converge, each that writes under the dirty limit. */
  readonly lostNs: Float64Array;
  private readonly accountedNs: Float64Array;
  private readonly sentBytes: Float64Array;
  private readonly dirtiedBytes: Float64Array;
  private readonly syncs: Uint8Array;
  /** Dirty limit: the next end of a period; Infinity: it is not in force. */
  private readonly periodNs: Float64Array;
  private readonly waitUs: Float64Array;
  private readonly highestMib: Float64Array;
  private readonly speed: Float64Array;
  private readonly settled: Uint8Array;

  constructor(slots: number) {
    const doubles = (): Float64Array => new Float64Array(slots);
    this.percent = new Uint8Array(slots);
    this.lostNs = doubles();
    this.accountedNs = doubles();
    this.sentBytes = doubles();
    this.dirtiedBytes = doubles();
    this.syncs = new Uint8Array(slots);
    this.periodNs = doubles();
    this.waitUs = doubles();
    this.highestMib = doubles();
    this.speed = doubles();
    this.settled = new Uint8Array(slots);
  }

  begin(slot: number): void {
    this.percent[slot] = 0;
    this.lostNs[slot] = 0;
    this.accountedNs[slot] = 0;
    this.sentBytes[slot] = 0;
    this.dirtiedBytes[slot] = 0;
    this.syncs[slot] = 0;
    this.periodNs[slot] = Number.POSITIVE_INFINITY;
    this.waitUs[slot] = 0;
    this.highestMib[slot] = 0;
    this.speed[slot] = 1;
    this.settled[slot] = 0;
  }

  /** Speed of vCPUs that write, 1: not slowed. */
  speedNow(slot: number): number {
    return this.speed[slot]!;
  }

  /**
   * A sync of the dirty bitmap: slows the guest further where it is time to.
   *
   * @param sentBytes on the wire since the sync before
   * @param dirtiedBytes that it found
   * @param elapsedNs since the start of the move
   */
  account(slot: number, rules: Throttling, sentBytes: number, dirtiedBytes: number, elapsedNs: number): void {
    this.sentBytes[slot]! += sentBytes;
    this.dirtiedBytes[slot]! += dirtiedBytes;
    if (elapsedNs - this.accountedNs[slot]! <= TRIGGER.periodNs) return;
    const isHigh = exceeds(this.dirtiedBytes[slot]!, this.sentBytes[slot]!);
    this.accountedNs[slot] = elapsedNs;
    this.sentBytes[slot] = 0;
    this.dirtiedBytes[slot] = 0;
    if (!isHigh) return;
    this.syncs[slot]! += 1;
    if (this.syncs[slot]! < TRIGGER.syncs) return;
    this.syncs[slot] = 0;
    if (rules.kind === 'auto-converge') {
      const percent = nextThrottlePercent(this.percent[slot]!);
      this.percent[slot] = percent;
      this.speed[slot] = 1 - percent / 100;
    } else if (this.periodNs[slot] === Number.POSITIVE_INFINITY) {
      this.periodNs[slot] = elapsedNs + DIRTY_LIMIT.periodNs;
    }
  }

  /** Whether syncs like the last may slow the guest further, or its speed still changes. */
  changes(slot: number, rules: Throttling, sentBytes: number, dirtiedBytes: number): boolean {
    if (rules.kind === 'dirty-limit' && this.periodNs[slot] !== Number.POSITIVE_INFINITY) {
      return this.settled[slot] === 0;
    }
    return this.percent[slot]! < AUTO_CONVERGE.maxPercent && exceeds(dirtiedBytes, sentBytes);
  }

  /**
   * Speed of the guest's writes between two times into the move, at the mean; notes what its vCPUs lose.
   *
   * @param sets what they write
   */
  speedOver(slot: number, rules: Throttling, sets: readonly MemoryClass[], fromNs: number, toNs: number): number {
    if (rules.kind === 'auto-converge' || this.periodNs[slot]! >= toNs) {
      this.lostNs[slot]! += (1 - this.speed[slot]!) * (toNs - fromNs);
      return this.speed[slot]!;
    }
    let ranNs = 0;
    let timeNs = fromNs;
    while (this.periodNs[slot]! < toNs) {
      const endNs = this.periodNs[slot]!;
      ranNs += Math.max(0, endNs - timeNs) * this.speed[slot]!;
      timeNs = Math.max(timeNs, endNs);
      this.endPeriod(slot, rules, sets, endNs);
      this.periodNs[slot] = endNs + DIRTY_LIMIT.periodNs;
    }
    ranNs += (toNs - timeNs) * this.speed[slot]!;
    this.lostNs[slot]! += toNs - fromNs - ranNs;
    return toNs > fromNs ? ranNs / (toNs - fromNs) : this.speed[slot]!;
  }

  /** Notes time in which the guest stays as it is now. */
  keep(slot: number, ns: number): void {
    this.lostNs[slot]! += (1 - this.speed[slot]!) * ns;
  }

  /** A period of the dirty limit is over: the wait of vCPUs that write follows the rate that was seen in it. */
  private endPeriod(slot: number, rules: DirtyLimitRules, sets: readonly MemoryClass[], endNs: number): void {
    const { ringMib, quotaMib } = rules;
    const unslowedMib = ringRateMib(rules, sets, endNs);
    const fullUs = ringUs(ringMib, unslowedMib);
    const waitUs = this.waitUs[slot]!;
    const current = Math.floor(unslowedMib * speedWith(fullUs, waitUs));
    const highest = Math.max(this.highestMib[slot]!, current);
    this.highestMib[slot] = highest;
    const nextUs = highest === 0 ? waitUs : nextWaitUs(waitUs, quotaMib, current, Math.trunc(ringUs(ringMib, highest)));
    this.waitUs[slot] = nextUs;
    this.settled[slot] = nextUs === waitUs ? 1 : 0;
    this.speed[slot] = speedWith(fullUs, nextUs);
  }
}

function exceeds(dirtiedBytes: number, sentBytes: number): boolean {
  return dirtiedBytes > (sentBytes * TRIGGER.dirtyPercent) / 100;
}

/** Time in which a ring is full, in µs. */
function ringUs(ringMib: number, mibPerSecond: number): number {
  return ((ringMib / mibPerSecond) * NS_PER_S) / NS_PER_US;
}

/** Share of its time that a vCPU runs. @param fullUs in which it fills its ring; Infinity: it does not write */
function speedWith(fullUs: number, waitUs: number): number {
  return fullUs === Number.POSITIVE_INFINITY ? 1 : fullUs / (fullUs + waitUs);
}

/** What one vCPU that writes puts into its dirty ring while it runs, in MiB per second: a page counts once until the ring is full. */
function ringRateMib({ ringMib, writers }: DirtyLimitRules, sets: readonly MemoryClass[], endNs: number): number {
  let writtenBytes = 0;
  for (const set of sets) {
    if (!set.byDevices) writtenBytes += set.rate.writes(endNs - DIRTY_LIMIT.periodNs, endNs) * set.pageBytes;
  }
  if (writtenBytes === 0) return 0;
  const fullNs = Math.min(DIRTY_LIMIT.periodNs, ((ringMib * MIB * writers) / writtenBytes) * DIRTY_LIMIT.periodNs);
  let bytes = 0;
  for (const set of sets) if (!set.byDevices) bytes += set.writtenBytes(endNs - fullNs, endNs, 1);
  return (bytes / MIB / writers) * (NS_PER_S / fullNs);
}
