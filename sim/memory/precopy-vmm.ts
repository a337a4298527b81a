/**
 * What the VMM does with each move: iterations of memory until the VM may be stopped.
 *
 * QEMU sends what is dirty until no more is left than the link carries within the downtime limit; then it syncs the dirty
 * bitmap and stops if that is still so. It decides at the ends of windows of 100 ms. Cloud Hypervisor sends whole iterations
 * and stops when the next one would fit into its goal.
 */
import { GIB, NS_PER_S } from '../base/units.ts';
import type { MoveProgress } from './manager.ts';
import { QEMU } from './parameters.ts';
import type { EndReason } from './precopy-end.ts';
import { ADVANCE, type Advance, PrecopySlots, SETS_MAX, STEP } from './precopy-slots.ts';

/** An iteration that leaves hardly less to send than the one before it, so many times in a row, is repeated as it is. */
const STILL_ITERATIONS = 8;
const STILL_SHARE = 0.999;
/** After so many iterations they are repeated whatever they leave. */
const ITERATIONS_MAX = 100_000;
/** So many of them must be ahead before the guest's writing changes. */
const WORTHWHILE_ITERATIONS = 2;
/** Sums of bytes in doubles are off by less. */
const ROUNDING_BYTES = 1;
/** Dirtied at least this much of what was sent: iterations do not get smaller. */
const KEEPS_UP_SHARE = 0.9;

export abstract class PrecopyVmm extends PrecopySlots {
  /** The manager polls, and acts. */
  protected abstract act(slot: number, elapsedNs: number, nowNs: number, pass?: boolean): Advance;
  /** Takes note of the polls up to now. */
  protected abstract observe(slot: number, nowNs: number): void;
  protected abstract see(slot: number, elapsedNs: number, nowNs: number): MoveProgress;
  /** The VM is stopped. */
  protected abstract stopVm(slot: number, end: 'converged' | 'forced', reason: EndReason): Advance;
  protected abstract endPause(slot: number, nowNs: number): Advance;

  /** Memory that may be left when the VM is stopped; below 0: not even none of it. */
  protected goalBytes(slot: number): number {
    const { sends, deviceBytes } = this.kind(slot);
    if (sends === 'iterations') return (this.rate[slot]! * this.limitNs[slot]!) / NS_PER_S;
    return this.fitsBytes(slot) - deviceBytes;
  }

  /** What is sent before the dirty bitmap is synced; of a first pass, which pages of zeros are left is noted as well. */
  protected sliceBytes(slot: number, pending: number, goal: number): number {
    const { sends, windowPhase, sliceNs, zeroTailBytes } = this.kind(slot);
    this.zeroLeftBytes[slot] = 0;
    if (sends === 'iterations') return pending;
    const slice = (this.rate[slot]! * sliceNs) / NS_PER_S;
    const fits = Math.max(0, goal);
    if (this.iterations[slot] === 0 && zeroTailBytes > 0) {
      if (zeroTailBytes >= fits) {
        this.zeroLeftBytes[slot] = this.zeroLeft(slot, fits);
        return pending;
      }
      const left = Math.max(zeroTailBytes, fits - windowPhase * slice);
      this.zeroLeftBytes[slot] = zeroTailBytes;
      return Math.max(0, pending - (left - zeroTailBytes));
    }
    const excess = Math.max(0, pending - fits);
    if (this.first[slot] === 1) return Math.min(pending, excess + windowPhase * slice);
    // Once the goal was met, whole slices follow one another.
    return Math.min(pending, Math.max(slice, Math.ceil(excess / slice) * slice));
  }

  /**
   * Pages of zeros that are left when QEMU stops in them: while they pass, hardly a byte is on the wire, so that the bandwidth
   * of a window, and with it what may be left, falls from window to window. docs/pause.md has the rule.
   *
   * @param fits what may be left while data pass, in bytes
   */
  private zeroLeft(slot: number, fits: number): number {
    const { windowPhase, sliceNs, zeroTailBytes, zeroBytesPerSecond } = this.kind(slot);
    const perWindow = (zeroBytesPerSecond * QEMU.windowNs) / NS_PER_S;
    const examined = (windowPhase * zeroBytesPerSecond * sliceNs) / NS_PER_S;
    // The window in which the data end: so much of it was data.
    let left = zeroTailBytes - windowPhase * perWindow;
    if (left <= fits) return Math.max(0, fits - examined);
    const next = fits * (1 - windowPhase);
    if (left <= next) return left;
    left -= perWindow;
    if (left <= next) return Math.max(0, next - examined);
    const rate = (zeroBytesPerSecond / QEMU.pageBytes) * QEMU.zeroPageWireBytes;
    return Math.min(Math.max(0, left), (rate * this.limitNs[slot]!) / NS_PER_S);
  }

  protected beginIteration(slot: number, nowNs: number): void {
    const pending = this.pending(slot);
    const goal = this.goalBytes(slot);
    const send = Math.min(this.sliceBytes(slot, pending, goal), this.forcedSyncBytes(slot));
    this.pendingBefore[slot] = pending;
    this.iterationBytes[slot] = send;
    this.iterationNs[slot] = nowNs;
    this.leastEndNs[slot] = goal < 0 ? nowNs + QEMU.windowNs : nowNs;
    this.sendFrom(slot, send, nowNs + (this.iterations[slot] === 0 ? this.silentNs(slot) : 0));
    if (pending > goal) this.first[slot] = 0;
  }

  /** What is sent until a sync of the dirty bitmap is forced; Infinity: none is. */
  protected forcedSyncBytes(slot: number): number {
    const { throttling } = this.kind(slot);
    if (throttling?.kind !== 'auto-converge' || this.throttle.percent[slot] === 0) return Number.POSITIVE_INFINITY;
    return (this.rate[slot]! * throttling.forcedSyncNs) / NS_PER_S;
  }

  /** Time of the first pass in which no data are sent: before the first byte, and for pages of zeros. */
  private silentNs(slot: number): number {
    const { setupNs, zeroBytes, waitedZeroBytes, zeroBytesPerSecond } = this.kind(slot);
    const examined = Math.max(0, zeroBytes - waitedZeroBytes - this.zeroLeftBytes[slot]!);
    return setupNs + (examined / zeroBytesPerSecond) * NS_PER_S;
  }

  /** @param fromNs when the first byte is sent, now or later */
  protected sendFrom(slot: number, bytes: number, fromNs: number): void {
    this.step[slot] = STEP.sending;
    this.toSend[slot] = bytes;
    this.seenNs[slot] = fromNs;
    const endNs = fromNs + (Math.max(0, bytes) / this.rate[slot]!) * NS_PER_S;
    this.vmmNs[slot] = Math.max(this.leastEndNs[slot]!, endNs);
  }

  /** Memory of the iteration under way that has been sent by now. */
  protected sentNow(slot: number, nowNs: number): number {
    const since = (Math.max(0, nowNs - this.seenNs[slot]!) / NS_PER_S) * this.rate[slot]!;
    return this.iterationBytes[slot]! - Math.max(0, this.toSend[slot]! - since);
  }

  protected vmmEvent(slot: number, nowNs: number): Advance {
    this.observe(slot, nowNs);
    switch (this.step[slot]) {
      case STEP.sending:
        this.endSending(slot, nowNs);
        return ADVANCE.running;
      case STEP.syncing:
        return this.decide(slot, nowNs);
      case STEP.repeating:
        return this.endRepeating(slot, nowNs);
      default:
        return this.endPause(slot, nowNs);
    }
  }

  protected endSending(slot: number, nowNs: number): void {
    const sent = this.iterationBytes[slot]!;
    const dirtied = this.takeWritten(slot, sent, nowNs);
    const speed = this.throttle.speedNow(slot);
    const kind = this.kind(slot);
    this.iterations[slot]! += 1;
    this.keepsUp[slot] = dirtied >= KEEPS_UP_SHARE * sent ? 1 : 0;
    if (kind.throttling !== null) {
      this.throttle.account(slot, kind.throttling, this.onWire(slot, sent), dirtied, nowNs - this.startNs[slot]!);
    }
    this.step[slot] = STEP.syncing;
    this.vmmNs[slot] = nowNs + (kind.syncNsPerGib * dirtied) / GIB;
    if (this.recorder !== undefined) this.note(slot, 1, this.iterationNs[slot]!, this.vmmNs[slot], sent, speed);
  }

  /** So much was sent since the last sync of the dirty bitmap; what was written meanwhile is to be sent again. */
  protected takeWritten(slot: number, sent: number, nowNs: number): number {
    const { sets, writesChangeNs, throttling } = this.kind(slot);
    const before = this.pendingBefore[slot]!;
    const kept = before > 0 ? 1 - sent / before : 0;
    const moveNs = this.startNs[slot]!;
    const speed =
      throttling === null
        ? 1
        : this.throttle.speedOver(slot, throttling, sets, this.syncedNs[slot]! - moveNs, nowNs - moveNs);
    const startNs = writesChangeNs !== Number.NEGATIVE_INFINITY ? this.startNs[slot]! : this.syncedNs[slot]!;
    const fromNs = this.syncedNs[slot]! - startNs;
    let dirtied = 0;
    for (let i = 0; i < sets.length; i++) {
      const set = sets[i]!;
      const at = slot * SETS_MAX + i;
      const left = this.remaining[at]! * kept;
      const written = set.setBytes > 0 ? set.writtenBytes(fromNs, nowNs - startNs, speed) : 0;
      const again = set.setBytes > 0 ? written * (1 - left / set.setBytes) : 0;
      this.remaining[at] = left + again;
      dirtied += again;
    }
    this.syncedNs[slot] = nowNs;
    this.sentBytes[slot]! += sent;
    this.dirtiedBytes[slot] = dirtied;
    this.redirtiedBytes[slot]! += dirtied;
    return dirtied;
  }

  /** Bytes on the wire for so much memory. */
  private onWire(slot: number, bytes: number): number {
    return (bytes * this.wireRate[slot]!) / this.rate[slot]!;
  }

  protected note(slot: number, count: number, fromNs: number, toNs: number, sentBytes: number, speed: number): void {
    const startNs = fromNs - this.startNs[slot]!;
    const dirtiedBytes = this.dirtiedBytes[slot]!;
    const limitNs = this.limitNs[slot]!;
    const lastsNs = (toNs - fromNs) / count;
    this.recorder?.iterations(slot, { count, startNs, lastsNs, sentBytes, dirtiedBytes, limitNs, speed });
  }

  /** The dirty bitmap has been synced: stop the VM, or send again. */
  protected decide(slot: number, nowNs: number): Advance {
    const kind = this.kind(slot);
    const left = this.pending(slot);
    if (left <= this.goalBytes(slot) + ROUNDING_BYTES) return this.stopVm(slot, 'converged', 'none');
    if (kind.manager.actsAtIterations) {
      const acted = this.act(slot, nowNs - this.startNs[slot]!, nowNs, true);
      if (acted !== ADVANCE.running) return acted;
    }
    const still = left >= this.pendingBefore[slot]! * STILL_SHARE ? this.still[slot]! + 1 : 0;
    this.still[slot] = Math.min(still, STILL_ITERATIONS);
    if (this.iterations[slot]! >= ITERATIONS_MAX || (still >= STILL_ITERATIONS && this.staysAsItIs(slot, nowNs))) {
      this.repeat(slot, nowNs);
    } else {
      this.beginIteration(slot, nowNs);
    }
    return ADVANCE.running;
  }

  /** Whether the guest writes at one speed and rate for some iterations more. */
  private staysAsItIs(slot: number, nowNs: number): boolean {
    const { throttling } = this.kind(slot);
    if (throttling !== null) {
      const sent = this.onWire(slot, this.iterationBytes[slot]!);
      if (this.throttle.changes(slot, throttling, sent, this.dirtiedBytes[slot]!)) return false;
    }
    const lastsNs = nowNs - this.iterationNs[slot]!;
    return this.writesChangeNs(slot, nowNs) >= nowNs + WORTHWHILE_ITERATIONS * lastsNs;
  }

  /** When the guest's writing changes next; Infinity: it does not. */
  private writesChangeNs(slot: number, nowNs: number): number {
    const { writesChangeNs, sets } = this.kind(slot);
    const startNs = this.startNs[slot]!;
    if (writesChangeNs <= nowNs - startNs) return Number.POSITIVE_INFINITY;
    let nextNs = Number.POSITIVE_INFINITY;
    for (const { rate } of sets) nextNs = Math.min(nextNs, rate.nextChangeNs(nowNs - startNs));
    return startNs + nextNs;
  }

  /** Iterations like the last follow one another until the manager acts, or the rate or the guest's writing changes. */
  protected repeat(slot: number, nowNs: number): void {
    this.step[slot] = STEP.repeating;
    this.stillRate[slot] = this.rate[slot]!;
    this.seenNs[slot] = nowNs;
    this.vmmNs[slot] = Number.POSITIVE_INFINITY;
    const { manager } = this.kind(slot);
    const lastsNs = this.iterationLastsNs(slot);
    let count = Math.floor((this.writesChangeNs(slot, nowNs) - nowNs) / lastsNs);
    if (manager.actsAtIterations) {
      const elapsedNs = nowNs - this.startNs[slot]!;
      const inTime = (this.watchers[slot]!.idleUntilNs(this.see(slot, elapsedNs, nowNs)) - elapsedNs) / lastsNs;
      count = Math.min(count, Math.ceil(inTime), manager.iterationsMax - this.iterations[slot]!);
    }
    if (count !== Number.POSITIVE_INFINITY || manager.actsAtIterations)
      this.vmmNs[slot] = nowNs + Math.max(1, count) * lastsNs;
  }

  /** Time to send an iteration like the last, at the rate at which they are repeated. */
  protected iterationSendNs(slot: number): number {
    const leastNs = this.leastEndNs[slot]! - this.iterationNs[slot]!;
    return Math.max(leastNs, (this.iterationBytes[slot]! / this.stillRate[slot]!) * NS_PER_S);
  }

  protected iterationLastsNs(slot: number): number {
    return this.iterationSendNs(slot) + (this.kind(slot).syncNsPerGib * this.dirtiedBytes[slot]!) / GIB;
  }

  /** Repeated iterations end with one of them, at which the VMM acts. */
  protected endRepeating(slot: number, nowNs: number): Advance {
    this.takeRepeated(slot, Math.round((nowNs - this.seenNs[slot]!) / this.iterationLastsNs(slot)));
    this.still[slot] = 0;
    const limitNs = this.limitNs[slot]!;
    if (!this.kind(slot).manager.actsAtIterations) {
      this.beginIteration(slot, nowNs);
      return ADVANCE.running;
    }
    // Sums of times in doubles are off by less than 1 ns.
    const acted = this.act(slot, nowNs - this.startNs[slot]! + 1, nowNs, true);
    if (acted !== ADVANCE.running) return acted;
    if (this.limitNs[slot] === limitNs && this.kind(slot).manager.pollNs !== Number.POSITIVE_INFINITY) {
      this.repeat(slot, nowNs);
    } else {
      this.beginIteration(slot, nowNs);
    }
    return acted;
  }

  /** Counts repeated iterations that are over. @returns when the last of them ended */
  protected takeRepeated(slot: number, count: number): number {
    const fromNs = this.seenNs[slot]!;
    if (count === 0) return fromNs;
    const bytes = this.iterationBytes[slot]!;
    const endNs = fromNs + count * this.iterationLastsNs(slot);
    this.sentBytes[slot]! += count * bytes;
    this.syncedNs[slot] = endNs;
    this.iterations[slot]! += count;
    this.redirtiedBytes[slot]! += count * this.dirtiedBytes[slot]!;
    this.throttle.keep(slot, endNs - fromNs);
    this.seenNs[slot] = endNs;
    this.step[slot] = STEP.syncing;
    if (this.recorder !== undefined) {
      this.note(slot, count, fromNs, endNs, bytes, this.throttle.speedNow(slot));
    }
    return endNs;
  }

  /** Repetition ends in the midst of an iteration, which resumes at the rate that holds now. */
  protected wake(slot: number, nowNs: number): void {
    const lastsNs = this.iterationLastsNs(slot);
    const sendNs = this.iterationSendNs(slot);
    const bytes = this.iterationBytes[slot]!;
    const leastNs = this.leastEndNs[slot]! - this.iterationNs[slot]!;
    const iterationNs = this.takeRepeated(slot, Math.floor((nowNs - this.seenNs[slot]!) / lastsNs));
    this.still[slot] = 0;
    this.iterationNs[slot] = iterationNs;
    this.pendingBefore[slot] = this.pending(slot);
    this.leastEndNs[slot] = iterationNs + leastNs;
    if (nowNs < iterationNs + sendNs) {
      this.sendFrom(slot, bytes - ((nowNs - iterationNs) / NS_PER_S) * this.stillRate[slot]!, nowNs);
      return;
    }
    this.endSending(slot, iterationNs + sendNs);
    this.vmmNs[slot] = Math.max(nowNs, this.vmmNs[slot]!);
  }
}
