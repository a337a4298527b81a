/**
 * Rounds of memory before the stop, and the decision when to stop.
 *
 * QEMU sends what is dirty until no more is left than goes over the wire within the downtime limit; then it reads the
 * dirty log and stops if that is still so. It looks at the ends of windows of 100 ms. Cloud Hypervisor sends whole rounds
 * and stops when the next one would fit into its goal.
 *
 * These rules stand twice. `sim/fleet/move-replay.ts` has them as arrays over thousands of moves whose rates change within
 * an iteration, which this closed form, at one rate from begin to end, cannot play. A change here is a change there;
 * `test/sim/fleet/evacuation.test.ts` holds a VM that moves alone there against this file.
 */
import { bug } from '../base/bug.ts';
import { GIB, NS_PER_S } from '../base/units.ts';
import type { MemoryClass } from './dirty.ts';
import { QEMU, type VmmParameters } from './parameters.ts';
import type { StreamRates } from './stream.ts';
import { VMMS, type VmmName } from './vmms.ts';

/** A round that leaves hardly less to send than the one before it, so many times in a row, will go on like that. */
const STILL_ROUNDS = 8;
export const STILL_SHARE = 0.999;
/** Sums of bytes in doubles are off by less. */
export const ROUNDING_BYTES = 1;
/** Rounds that are told one by one; more of the same are told as one with a count. */
const ROUNDS_MAX = 100_000;

/** From `afterNs` into the move on, the limit is `limitNs`. */
interface LimitStep {
  readonly afterNs: number;
  readonly limitNs: number;
}

/** What happens when a time-out or the last iteration is over: the move is cancelled, or the VM is stopped anyway. */
export const WHEN_OUT = ['cancel', 'stop'] as const;
type WhenOut = (typeof WHEN_OUT)[number];

export interface ConvergenceInput {
  readonly vmm: VmmName;
  /** Downtime limit in ns. */
  readonly downtimeLimitNs: number;
  /** A limit that rises with time, as Nova's does; in the order of time. */
  readonly limitSteps: readonly LimitStep[];
  /** Whether vCPUs are throttled when memory does not come to rest. */
  readonly autoConverge: boolean;
  /** When the VMM gives up, in ns; Infinity: never. */
  readonly timeoutNs: number;
  /** Rounds after which Cloud Hypervisor ends the iteration; Infinity: never. */
  readonly roundsMax: number;
  /** What happens then: the move is cancelled, or the VM is stopped however much is left. */
  readonly whenOut: WhenOut;
  /** Where within QEMU's window the limit is met: 0 makes the last round long, 1 short. Unknown, so a parameter. */
  readonly windowPhase: number;
}

export interface PrecopyIteration {
  /** Rounds like this one in a row. */
  readonly count: number;
  readonly startNs: number;
  /** Of one of them, with the look at the dirty log. */
  readonly lastsNs: number;
  readonly sentBytes: number;
  /** Dirtied meanwhile, to be sent again. */
  readonly dirtiedBytes: number;
  /** The limit that held. */
  readonly limitNs: number;
  /** The guest's speed, 1 when not throttled. */
  readonly speed: number;
}

type PrecopyEnd = 'converged' | 'stopped anyway' | 'gave up';

export interface PrecopyResult {
  readonly end: PrecopyEnd;
  readonly rounds: readonly PrecopyIteration[];
  readonly endNs: number;
  /** Memory that is left for the pause, in bytes. */
  readonly pendingBytes: number;
  readonly sentBytes: number;
  /** The limit in force at the end. */
  readonly limitNs: number;
  readonly speed: number;
}

/** The limit that holds at a time into the move. */
export function limitAt(input: Pick<ConvergenceInput, 'downtimeLimitNs' | 'limitSteps'>, nowNs: number): number {
  let limit = input.downtimeLimitNs;
  for (const step of input.limitSteps) if (step.afterNs <= nowNs) limit = step.limitNs;
  return limit;
}

/**
 * Sends memory in rounds until the VM may be stopped.
 *
 * @param classes the guest's memory; its remains are used up
 * @param deviceBytes device state that goes in the pause, and counts as pending in QEMU
 */
export function precopy(
  classes: readonly MemoryClass[],
  rates: StreamRates,
  deviceBytes: number,
  input: ConvergenceInput,
  p: VmmParameters,
): PrecopyResult {
  return new Precopy(classes, rates, deviceBytes, input, p).run();
}

class Precopy {
  private readonly classes: readonly MemoryClass[];
  private readonly rates: StreamRates;
  private readonly deviceBytes: number;
  private readonly input: ConvergenceInput;
  private readonly syncNsPerGib: number;
  private readonly rounds: PrecopyIteration[] = [];
  private nowNs = 0;
  private lastSyncNs = 0;
  private sentBytes = 0;
  private throttlePercent = 0;
  private dirtierRounds = 0;
  private stillRounds = 0;

  constructor(
    classes: readonly MemoryClass[],
    rates: StreamRates,
    deviceBytes: number,
    input: ConvergenceInput,
    p: VmmParameters,
  ) {
    this.classes = classes;
    this.rates = rates;
    this.deviceBytes = deviceBytes;
    this.input = input;
    this.syncNsPerGib = p.dirtySyncNsPerGib;
  }

  run(): PrecopyResult {
    const { input } = this;
    const wholeRounds = VMMS[input.vmm].sends === 'iterations';
    let phase = input.windowPhase;
    for (;;) {
      const pending = this.pending();
      const limitNs = limitAt(input, this.nowNs);
      const goal = this.goalBytes(limitNs);
      const send = wholeRounds ? pending : this.sliceOf(pending, goal, phase);
      if (pending > goal) phase = 1;
      const left = this.round(send, limitNs);
      if (left <= goal + ROUNDING_BYTES) return this.result('converged', left);
      const out = this.nowNs >= input.timeoutNs || this.rounds.length >= input.roundsMax;
      if (out) return this.result(input.whenOut === 'stop' ? 'stopped anyway' : 'gave up', left);
      this.stillRounds = left >= pending * STILL_SHARE ? this.stillRounds + 1 : 0;
      if (this.rounds.length >= ROUNDS_MAX || (this.stillRounds >= STILL_ROUNDS && this.settled())) {
        if (!this.skipToChange()) return this.result('gave up', left);
        this.stillRounds = 0;
      }
    }
  }

  /** Memory that may be left when the VM is stopped. */
  private goalBytes(limitNs: number): number {
    const { rates, input } = this;
    if (VMMS[input.vmm].sends === 'iterations') return (rates.memoryBytesPerSecond * limitNs) / NS_PER_S;
    return (rates.wireBytesPerSecond * limitNs) / NS_PER_S - this.deviceBytes;
  }

  /** What QEMU sends before it next looks at the dirty log: down to the goal, and on to the end of the window. */
  private sliceOf(pending: number, goal: number, phase: number): number {
    // Pages are pending, bytes on the wire fill a window: with compression the two differ. Reckoned as if pages filled it,
    // which is what table sapphire-rapids shows.
    const window = (this.rates.wireBytesPerSecond * QEMU.windowNs) / NS_PER_S;
    const excess = Math.max(0, pending - Math.max(0, goal));
    // Once the goal was met, whole windows follow one another.
    const send = phase < 1 || this.rounds.length === 0 ? excess + phase * window : Math.ceil(excess / window) * window;
    return Math.min(pending, Math.max(send, phase < 1 ? 0 : window));
  }

  /** Sends, then reads the dirty log. @returns what is pending then */
  private round(sendBytes: number, limitNs: number): number {
    const { classes, rates, rounds } = this;
    const pending = this.pending();
    const startNs = this.nowNs;
    const kept = pending > 0 ? 1 - sendBytes / pending : 0;
    const speed = this.speed();
    const sentNs = startNs + (sendBytes / rates.memoryBytesPerSecond) * NS_PER_S;
    let dirtied = 0;
    for (const set of classes) {
      set.remainingBytes *= kept;
      dirtied += set.addWritten(this.lastSyncNs, sentNs, speed);
    }
    this.lastSyncNs = sentNs;
    this.nowNs = sentNs + (this.syncNsPerGib * dirtied) / GIB;
    this.sentBytes += sendBytes;
    rounds.push({
      count: 1,
      startNs,
      lastsNs: this.nowNs - startNs,
      sentBytes: sendBytes,
      dirtiedBytes: dirtied,
      limitNs,
      speed,
    });
    if (this.input.autoConverge) this.throttle(sendBytes, dirtied);
    return this.pending();
  }

  /** Throttles the vCPUs when more than half of what was sent is dirty again, twice. */
  private throttle(sent: number, dirtied: number): void {
    this.dirtierRounds = dirtied > sent / 2 ? this.dirtierRounds + 1 : 0;
    if (this.dirtierRounds < 2) return;
    this.dirtierRounds = 0;
    const { throttleInitialPercent, throttleStepPercent, throttleMaxPercent } = QEMU;
    const next = this.throttlePercent === 0 ? throttleInitialPercent : this.throttlePercent + throttleStepPercent;
    this.throttlePercent = Math.min(next, throttleMaxPercent);
  }

  /** Whether nothing but the limit and the clock can still change. */
  private settled(): boolean {
    if (this.classes.some((set) => set.changesAfter(this.nowNs))) return false;
    return !this.input.autoConverge || this.throttlePercent >= QEMU.throttleMaxPercent;
  }

  /** Goes on with rounds like the last until the limit rises or time is out. @returns false when neither ever happens */
  private skipToChange(): boolean {
    const { input, rounds } = this;
    const last = rounds[rounds.length - 1] ?? bug('NO_ROUND');
    let changeNs = input.timeoutNs;
    for (const { afterNs } of input.limitSteps) if (afterNs > this.nowNs) changeNs = Math.min(changeNs, afterNs);
    if (!Number.isFinite(changeNs) || last.lastsNs <= 0) return false;
    const count = Math.max(1, Math.ceil((changeNs - this.nowNs) / last.lastsNs));
    rounds.push({ ...last, count, startNs: this.nowNs });
    this.nowNs += count * last.lastsNs;
    this.lastSyncNs = this.nowNs;
    this.sentBytes += count * last.sentBytes;
    return true;
  }

  private result(end: PrecopyEnd, pendingBytes: number): PrecopyResult {
    const { rounds, nowNs, sentBytes, input } = this;
    const speed = this.speed();
    return { end, rounds, endNs: nowNs, pendingBytes, sentBytes, limitNs: limitAt(input, nowNs), speed };
  }

  private speed(): number {
    return 1 - this.throttlePercent / 100;
  }

  private pending(): number {
    let bytes = 0;
    for (const { remainingBytes } of this.classes) bytes += remainingBytes;
    return bytes;
  }
}
