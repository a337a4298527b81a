/**
 * Many VMs under way at once, each somewhere in its move: rounds of memory at a rate that changes, then the pause.
 *
 * The iterations are those of `sim/memory/precopy.ts`, replayed: an iteration is so many bytes, and lasts as long as the
 * rates that it gets meanwhile make it last. What the guest wrote in that time is the next one.
 *
 * The rules of QEMU and Cloud Hypervisor stand here a second time, over arrays: thousands of moves are under way at once,
 * and their rates change within an iteration. A change of the rules there is a change here;
 * `test/sim/fleet/evacuation.test.ts` holds the two against each other.
 */
import { GIB, NS_PER_S } from '../base/units.ts';
import { QEMU } from '../memory/parameters.ts';
import { limitAt, ROUNDING_BYTES, STILL_SHARE } from '../memory/precopy.ts';
import { type MoveClass, SETS_MAX } from './move-class.ts';

/** A round that leaves hardly less than the one before it, so many times in a row, goes on like that at this rate. */
const STILL_ROUNDS = 3;
/** A rate that has changed by less leaves such rounds as they are. */
const WAKE_SHARE = 0.01;

/** What a move is at. */
const STEP = { none: 0, sending: 1, looking: 2, paused: 3, still: 4 } as const;

/** How a move ended. */
export const REPLAY_END = { running: 0, moved: 1, overLimit: 2, timeout: 3, noProgress: 4 } as const;

/** Moves by their slot; times in ns, sizes in bytes. */
export class MoveReplay {
  readonly step: Uint8Array;
  readonly end: Uint8Array;
  readonly pauseNs: Float64Array;
  /** When the move's next event is due, at the present rate. */
  readonly dueNs: Float64Array;
  readonly sentBytes: Float64Array;
  /** Guest's speed, in percent taken away. */
  readonly throttlePercent: Uint8Array;
  /** The downtime limit that held when the iteration under way, or the last one, began. */
  readonly limitNs: Float64Array;

  private readonly classes: readonly MoveClass[];
  private readonly classOf: Int32Array;
  private readonly startNs: Float64Array;
  private readonly remaining: Float64Array;
  /** Of the round under way: memory still to send at `seenNs`, and in all. */
  private readonly toSend: Float64Array;
  private readonly roundBytes: Float64Array;
  private readonly seenNs: Float64Array;
  private readonly syncedNs: Float64Array;
  private readonly pendingBefore: Float64Array;
  private readonly dirtied: Float64Array;
  /** Memory bytes per second. */
  private readonly rate: Float64Array;
  /** At which it did not converge. */
  private readonly restRate: Float64Array;
  private readonly phase: Uint8Array;
  private readonly still: Uint8Array;
  private readonly dirtier: Uint8Array;
  private readonly rounds: Int32Array;
  private readonly leastLeft: Float64Array;
  private readonly leastNs: Float64Array;
  private readonly timeoutNs: Float64Array;

  constructor(classes: readonly MoveClass[], slots: number) {
    this.classes = classes;
    const doubles = (): Float64Array => new Float64Array(slots);
    this.step = new Uint8Array(slots);
    this.end = new Uint8Array(slots);
    this.pauseNs = doubles();
    this.dueNs = doubles();
    this.sentBytes = doubles();
    this.throttlePercent = new Uint8Array(slots);
    this.limitNs = doubles();
    this.classOf = new Int32Array(slots);
    this.startNs = doubles();
    this.remaining = new Float64Array(slots * SETS_MAX);
    this.toSend = doubles();
    this.roundBytes = doubles();
    this.seenNs = doubles();
    this.syncedNs = doubles();
    this.pendingBefore = doubles();
    this.dirtied = doubles();
    this.rate = doubles();
    this.restRate = doubles();
    this.phase = new Uint8Array(slots);
    this.still = new Uint8Array(slots);
    this.dirtier = new Uint8Array(slots);
    this.rounds = new Int32Array(slots);
    this.leastLeft = doubles();
    this.leastNs = doubles();
    this.timeoutNs = doubles();
  }

  /** A move begins. It needs a rate before it does anything. */
  begin(slot: number, kind: number, nowNs: number): void {
    const { sets, convergence } = this.classes[kind]!;
    this.classOf[slot] = kind;
    this.startNs[slot] = nowNs;
    this.syncedNs[slot] = nowNs;
    this.end[slot] = REPLAY_END.running;
    this.pauseNs[slot] = 0;
    this.sentBytes[slot] = 0;
    this.throttlePercent[slot] = 0;
    this.still[slot] = 0;
    this.dirtier[slot] = 0;
    this.rounds[slot] = 0;
    this.dirtied[slot] = 0;
    this.phase[slot] = 1;
    this.leastLeft[slot] = Number.POSITIVE_INFINITY;
    this.leastNs[slot] = nowNs;
    this.timeoutNs[slot] = nowNs + convergence.timeoutNs;
    for (let i = 0; i < SETS_MAX; i++) this.remaining[slot * SETS_MAX + i] = sets[i]?.setBytes ?? 0;
    this.rate[slot] = 0;
    this.step[slot] = STEP.none;
    this.dueNs[slot] = Number.POSITIVE_INFINITY;
  }

  /** The stream's rate becomes another, in bytes per second on the wire. */
  changeRate(slot: number, wireBytesPerSecond: number, nowNs: number): void {
    const kind = this.classes[this.classOf[slot]!]!;
    const before = this.rate[slot]!;
    const rate = wireBytesPerSecond * kind.ratio;
    switch (this.step[slot]) {
      case STEP.none:
        this.rate[slot] = rate;
        this.beginRound(slot, nowNs);
        return;
      case STEP.sending:
        this.toSend[slot]! -= ((nowNs - this.seenNs[slot]!) / NS_PER_S) * before;
        this.seenNs[slot] = nowNs;
        this.rate[slot] = rate;
        this.dueNs[slot] = nowNs + (Math.max(0, this.toSend[slot]!) / rate) * NS_PER_S;
        return;
      case STEP.still:
        this.rate[slot] = rate;
        // With more room it may converge now, and with less its rounds are others.
        if (Math.abs(rate - this.restRate[slot]!) > this.restRate[slot]! * WAKE_SHARE) this.wake(slot, nowNs);
        return;
      default:
        this.rate[slot] = rate;
    }
  }

  /** The event that was due. @returns whether the move has ended */
  advance(slot: number, nowNs: number): boolean {
    switch (this.step[slot]) {
      case STEP.sending:
        this.endRound(slot, nowNs);
        return false;
      case STEP.looking:
        return this.look(slot, nowNs);
      case STEP.still:
        return this.continueMove(slot, nowNs);
      default:
        return true;
    }
  }

  private kindOf(slot: number): MoveClass {
    return this.classes[this.classOf[slot]!]!;
  }

  private pending(slot: number): number {
    let bytes = 0;
    for (let i = slot * SETS_MAX; i < (slot + 1) * SETS_MAX; i++) bytes += this.remaining[i]!;
    return bytes;
  }

  private beginRound(slot: number, nowNs: number): void {
    const kind = this.kindOf(slot);
    const pending = this.pending(slot);
    const limitNs = limitAt(kind.convergence, nowNs - this.startNs[slot]!);
    const wire = this.rate[slot]! / kind.ratio;
    const goal = kind.goalBytes(wire, limitNs);
    const send = kind.sliceBytes(pending, goal, wire, this.phase[slot] === 1);
    if (pending > goal) this.phase[slot] = 0;
    this.limitNs[slot] = limitNs;
    this.pendingBefore[slot] = pending;
    this.roundBytes[slot] = send;
    this.toSend[slot] = send;
    this.seenNs[slot] = nowNs;
    this.step[slot] = STEP.sending;
    this.dueNs[slot] = nowNs + (send / this.rate[slot]!) * NS_PER_S;
  }

  private endRound(slot: number, nowNs: number): void {
    const kind = this.kindOf(slot);
    const { sets, convergence } = kind;
    const sent = this.roundBytes[slot]!;
    const before = this.pendingBefore[slot]!;
    const kept = before > 0 ? 1 - sent / before : 0;
    const speed = 1 - this.throttlePercent[slot]! / 100;
    const sinceNs = nowNs - this.syncedNs[slot]!;
    let dirtied = 0;
    for (let i = 0; i < sets.length; i++) {
      const set = sets[i]!;
      const at = slot * SETS_MAX + i;
      const left = this.remaining[at]! * kept;
      const again = set.setBytes > 0 ? set.writtenBytes(0, sinceNs, speed) * (1 - left / set.setBytes) : 0;
      this.remaining[at] = left + again;
      dirtied += again;
    }
    this.syncedNs[slot] = nowNs;
    this.sentBytes[slot]! += sent;
    this.dirtied[slot] = dirtied;
    this.rounds[slot]! += 1;
    if (convergence.autoConverge) this.throttle(slot, sent, dirtied);
    this.step[slot] = STEP.looking;
    this.dueNs[slot] = nowNs + (kind.syncNsPerGib * dirtied) / GIB;
  }

  private throttle(slot: number, sent: number, dirtied: number): void {
    const more = dirtied > sent / 2 ? this.dirtier[slot]! + 1 : 0;
    this.dirtier[slot] = more < 2 ? more : 0;
    if (more < 2) return;
    const now = this.throttlePercent[slot]!;
    const next = now === 0 ? QEMU.throttleInitialPercent : now + QEMU.throttleStepPercent;
    this.throttlePercent[slot] = Math.min(next, QEMU.throttleMaxPercent);
  }

  /** The dirty log has been read: stop the VM, go on, or give up. */
  private look(slot: number, nowNs: number): boolean {
    const kind = this.kindOf(slot);
    const { convergence } = kind;
    const left = this.pending(slot);
    const wire = this.rate[slot]! / kind.ratio;
    if (left <= kind.goalBytes(wire, this.limitNs[slot]!) + ROUNDING_BYTES)
      return this.stop(slot, REPLAY_END.moved, nowNs);
    if (left < this.leastLeft[slot]! * STILL_SHARE) {
      this.leastLeft[slot] = left;
      this.leastNs[slot] = nowNs;
    }
    if (nowNs >= this.timeoutNs[slot]! || this.rounds[slot]! >= convergence.roundsMax) {
      return this.outOfTime(slot, REPLAY_END.timeout, nowNs);
    }
    if (nowNs >= this.leastNs[slot]! + kind.progressTimeoutNs)
      return this.outOfTime(slot, REPLAY_END.noProgress, nowNs);
    const still = left >= this.pendingBefore[slot]! * STILL_SHARE ? this.still[slot]! + 1 : 0;
    this.still[slot] = Math.min(still, STILL_ROUNDS);
    const throttled = convergence.autoConverge && this.throttlePercent[slot]! < QEMU.throttleMaxPercent;
    if (still >= STILL_ROUNDS && !throttled) this.rest(slot, nowNs);
    else this.beginRound(slot, nowNs);
    return false;
  }

  /** Rounds like the last follow one another until the limit rises, the rate does, or time is out. */
  private rest(slot: number, nowNs: number): void {
    const kind = this.kindOf(slot);
    let untilNs = Math.min(this.timeoutNs[slot]!, this.leastNs[slot]! + kind.progressTimeoutNs);
    const sinceNs = nowNs - this.startNs[slot]!;
    for (const { afterNs } of kind.convergence.limitSteps) {
      if (afterNs > sinceNs) untilNs = Math.min(untilNs, this.startNs[slot]! + afterNs);
    }
    this.step[slot] = STEP.still;
    this.restRate[slot] = this.rate[slot]!;
    this.seenNs[slot] = nowNs;
    // Nothing is decided before a round is over.
    const lastsNs = this.roundLastsNs(slot);
    this.dueNs[slot] = nowNs + Math.max(0, Math.ceil((untilNs - nowNs) / lastsNs)) * lastsNs;
  }

  /** Of a round like the last, at the rate at which the move came to rest. */
  private sendNs(slot: number): number {
    return (this.roundBytes[slot]! / this.restRate[slot]!) * NS_PER_S;
  }

  private roundLastsNs(slot: number): number {
    // Where nothing is dirty and the device state alone is too much, rounds are empty.
    return Math.max(1, this.sendNs(slot) + (this.kindOf(slot).syncNsPerGib * this.dirtied[slot]!) / GIB);
  }

  /** A rest is over with the round that is over: the limit has risen, or time is out. */
  private continueMove(slot: number, nowNs: number): boolean {
    const kind = this.kindOf(slot);
    this.sentBytes[slot]! +=
      Math.round((nowNs - this.seenNs[slot]!) / this.roundLastsNs(slot)) * this.roundBytes[slot]!;
    this.syncedNs[slot]! += nowNs - this.seenNs[slot]!;
    if (nowNs >= this.timeoutNs[slot]!) return this.outOfTime(slot, REPLAY_END.timeout, nowNs);
    if (nowNs >= this.leastNs[slot]! + kind.progressTimeoutNs)
      return this.outOfTime(slot, REPLAY_END.noProgress, nowNs);
    this.still[slot] = 0;
    this.beginRound(slot, nowNs);
    return false;
  }

  /** A rest ends in the midst of a round, which goes on at another rate. */
  private wake(slot: number, nowNs: number): void {
    const lastsNs = this.roundLastsNs(slot);
    const sendNs = this.sendNs(slot);
    const whole = Math.floor((nowNs - this.seenNs[slot]!) / lastsNs);
    const roundNs = this.seenNs[slot]! + whole * lastsNs;
    this.sentBytes[slot]! += whole * this.roundBytes[slot]!;
    this.syncedNs[slot]! += whole * lastsNs;
    this.still[slot] = 0;
    if (nowNs < roundNs + sendNs) {
      this.pendingBefore[slot] = this.pending(slot);
      this.toSend[slot] = this.roundBytes[slot]! - ((nowNs - roundNs) / NS_PER_S) * this.restRate[slot]!;
      this.seenNs[slot] = nowNs;
      this.step[slot] = STEP.sending;
      this.dueNs[slot] = nowNs + (this.toSend[slot] / this.rate[slot]!) * NS_PER_S;
      return;
    }
    this.sentBytes[slot]! += this.roundBytes[slot]!;
    this.syncedNs[slot] = roundNs + sendNs;
    this.step[slot] = STEP.looking;
    this.dueNs[slot] = Math.max(nowNs, roundNs + lastsNs);
  }

  private outOfTime(slot: number, end: number, nowNs: number): boolean {
    if (this.kindOf(slot).convergence.whenOut === 'stop') return this.stop(slot, REPLAY_END.overLimit, nowNs);
    this.end[slot] = end;
    this.step[slot] = STEP.none;
    return true;
  }

  /** The pause takes the rate that the stream has now. */
  private stop(slot: number, end: number, nowNs: number): boolean {
    const kind = this.kindOf(slot);
    const pending = this.pending(slot);
    this.end[slot] = end;
    this.sentBytes[slot]! += pending;
    this.pauseNs[slot] = kind.pauseNs(this.rate[slot]! / kind.ratio, pending, this.dirtied[slot]!);
    this.step[slot] = STEP.paused;
    this.dueNs[slot] = nowNs + this.pauseNs[slot];
    return false;
  }
}
