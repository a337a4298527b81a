/**
 * Pre-copy of many moves at once, each in its slot, at rates that may change: iterations of memory until the VM may be
 * stopped, and the manager that watches. A VM alone is one slot at one rate (`precopy.ts`).
 *
 * Everything is an event in time: the end of sending, the end of the dirty-bitmap sync, a poll of the manager that may do
 * something, the end of the pause. A time-out ends the iteration under way, and a limit that rises shortens the
 * iteration under way. Polls at which the manager can do nothing are not played.
 */
import { bug } from '../base/bug.ts';
import { NS_PER_S } from '../base/units.ts';
import type { MoveProgress } from './manager.ts';
import { QEMU } from './parameters.ts';
import { type Blocker, BLOCKERS, END_REASONS, type EndReason, PRECOPY_ENDS, type PrecopyEnd } from './precopy-end.ts';
import { ADVANCE, type Advance, SETS_MAX, STEP } from './precopy-slots.ts';
import { PrecopyVmm } from './precopy-vmm.ts';

/** A rate that has changed by less leaves repeated iterations as they are. */
const WAKE_SHARE = 0.01;

export class PrecopyEngine extends PrecopyVmm {
  /** A move begins. It needs a rate before it does anything. */
  begin(slot: number, kind: number, nowNs: number): void {
    const { sets, firstLimitNs, firstSteps, firstPollNs, manager } = this.kinds[kind]!;
    this.kindOf[slot] = kind;
    this.startNs[slot] = nowNs;
    this.syncedNs[slot] = nowNs;
    // The words at 0: it runs, for no reason and with nothing in its way.
    this.end[slot] = 0;
    this.reason[slot] = 0;
    this.blocker[slot] = 0;
    this.sentBytes[slot] = 0;
    this.throttle.begin(slot);
    this.redirtiedBytes[slot] = 0;
    this.still[slot] = 0;
    this.iterations[slot] = 0;
    this.stepsTaken[slot] = firstSteps;
    this.leftBytes[slot] = 0;
    this.dirtiedBytes[slot] = 0;
    this.zeroLeftBytes[slot] = 0;
    this.postCopies[slot] = 0;
    this.keepsUp[slot] = 0;
    this.first[slot] = 1;
    this.forcedBy[slot] = 0;
    this.watchers[slot] = manager.watcher();
    this.progress.begin(slot, manager.watchesProgress ? manager.pollNs : Number.POSITIVE_INFINITY);
    this.limitNs[slot] = firstLimitNs;
    for (let i = 0; i < SETS_MAX; i++) this.remaining[slot * SETS_MAX + i] = sets[i]?.setBytes ?? 0;
    this.rate[slot] = 0;
    this.step[slot] = STEP.none;
    this.vmmNs[slot] = Number.POSITIVE_INFINITY;
    this.waitForPoll(slot, firstPollNs, 0);
    this.setDue(slot);
  }

  /** The stream's rate becomes another: bytes per second of memory, and on the wire. */
  changeRate(slot: number, memoryBytesPerSecond: number, wireBytesPerSecond: number, nowNs: number): void {
    this.observe(slot, nowNs);
    const before = this.rate[slot]!;
    this.wireRate[slot] = wireBytesPerSecond;
    this.rate[slot] = memoryBytesPerSecond;
    switch (this.step[slot]) {
      case STEP.none:
        this.beginIteration(slot, nowNs);
        break;
      case STEP.sending:
        this.toSend[slot]! -= (Math.max(0, nowNs - this.seenNs[slot]!) / NS_PER_S) * before;
        this.sendFrom(slot, this.toSend[slot]!, Math.max(nowNs, this.seenNs[slot]!));
        break;
      case STEP.repeating:
        // With more room it may converge now, and with less its iterations are others.
        if (Math.abs(memoryBytesPerSecond - this.stillRate[slot]!) > this.stillRate[slot]! * WAKE_SHARE) {
          this.wake(slot, nowNs);
        }
        break;
      default:
    }
    if (before > 0 && before !== memoryBytesPerSecond) this.movePoll(slot, nowNs);
    this.setDue(slot);
  }

  /** The event that came. */
  advance(slot: number, nowNs: number): Advance {
    const came = this.vmmNs[slot]! <= this.managerNs[slot]! ? this.vmmEvent(slot, nowNs) : this.poll(slot, nowNs);
    this.setDue(slot);
    return came;
  }

  /** The VM was stopped now, and its pause takes so long at the rate that its stream has now. */
  pause(slot: number, lastsNs: number, nowNs: number): void {
    this.step[slot] = STEP.paused;
    this.vmmNs[slot] = nowNs + lastsNs;
    const elapsedNs = nowNs - this.startNs[slot]!;
    // In post-copy there is no way back, and nothing is watched any more.
    if (this.postCopies[slot] === 1) this.managerNs[slot] = Number.POSITIVE_INFINITY;
    else this.waitForPoll(slot, this.watchers[slot]!.nextPollNs(this.see(slot, elapsedNs, nowNs)), elapsedNs);
    this.setDue(slot);
  }

  /** Cuts a move off before its VM is stopped, as a fault or a user does. */
  cut(slot: number, nowNs: number): void {
    this.truncate(slot, nowNs);
    this.close(slot, 'cancelled', 'cut');
  }

  /** The manager's next poll at which it may do something, in ns from the start of the move. */
  private waitForPoll(slot: number, idlePollNs: number, elapsedNs: number): void {
    const { pollNs } = this.kind(slot).manager;
    let atNs = idlePollNs;
    if (this.everyPoll && pollNs > 0 && pollNs !== Number.POSITIVE_INFINITY) {
      atNs = Math.min(atNs, (Math.floor(elapsedNs / pollNs) + 1) * pollNs);
    }
    this.pollNs[slot] = atNs;
    this.managerNs[slot] = this.startNs[slot]! + atNs;
  }

  /** The next poll of a manager that may have to poll sooner now. */
  private movePoll(slot: number, nowNs: number): void {
    if (!this.kind(slot).manager.movesItsPolls || this.postCopies[slot] === 1) return;
    const elapsedNs = nowNs - this.startNs[slot]!;
    this.waitForPoll(slot, this.watchers[slot]!.nextPollNs(this.see(slot, elapsedNs, nowNs)), elapsedNs);
  }

  private setDue(slot: number): void {
    this.dueNs[slot] = Math.min(this.vmmNs[slot]!, this.managerNs[slot]!);
  }

  private poll(slot: number, nowNs: number): Advance {
    this.observe(slot, nowNs);
    const elapsedNs = this.pollNs[slot]!;
    const acted = this.act(slot, elapsedNs, nowNs);
    if (acted !== ADVANCE.running) return acted;
    this.waitForPoll(slot, this.watchers[slot]!.nextPollNs(this.see(slot, elapsedNs, nowNs)), elapsedNs);
    return acted;
  }

  protected act(slot: number, elapsedNs: number, nowNs: number, pass: boolean = false): Advance {
    const watcher = this.watchers[slot]!;
    for (;;) {
      const action = watcher.act(this.see(slot, elapsedNs, nowNs, pass));
      switch (action.kind) {
        case 'none':
          if (pass) this.movePoll(slot, nowNs);
          return ADVANCE.running;
        case 'take step':
          this.stepsTaken[slot]! += 1;
          this.setLimit(slot, action.limitNs, nowNs);
          break;
        case 'set limit':
          this.setLimit(slot, action.limitNs, nowNs);
          break;
        case 'force limit':
          this.force(slot, action.reason);
          this.setLimit(slot, action.limitNs, nowNs);
          break;
        case 'stop':
        case 'post-copy':
          this.postCopies[slot] = action.kind === 'post-copy' ? 1 : 0;
          this.truncate(slot, nowNs);
          this.force(slot, action.reason);
          return this.stopVm(slot, 'forced', action.reason);
        default:
          this.timeoutNs[slot] = watcher.timeoutNs(this.seen);
          this.truncate(slot, nowNs);
          return this.close(slot, 'cancelled', action.reason);
      }
    }
  }

  /** The manager forces the stop, or a limit, and that is why: what keeps the VM from being stopped until then is noted. */
  private force(slot: number, reason: EndReason): void {
    this.blocker[slot] = BLOCKERS.indexOf(this.blockerNow(slot));
    this.forcedBy[slot] = END_REASONS.indexOf(reason);
    this.forcedAtLimitNs[slot] = this.limitNs[slot]!;
  }

  protected see(slot: number, elapsedNs: number, nowNs: number, pass: boolean = false): MoveProgress {
    const { seen } = this;
    seen.elapsedNs = elapsedNs;
    seen.iterations = this.iterations[slot]!;
    seen.remainingBytes = pass ? this.pending(slot) : this.remainingBytes(slot, nowNs);
    seen.sentBytes = this.sentBytes[slot]! + this.sentMeanwhile(slot, nowNs);
    seen.bytesPerSecond = this.wireRate[slot]!;
    seen.limitNs = this.limitNs[slot]!;
    seen.pass = pass;
    seen.repeats = this.step[slot] === STEP.repeating;
    seen.forced = this.forcedBy[slot] !== 0;
    seen.fellNs = this.progress.fellNs[slot]!;
    seen.stepsTaken = this.stepsTaken[slot]!;
    seen.paused = this.step[slot] === STEP.paused;
    return seen;
  }

  /** Memory that the VMM reports: what was written since the last sync of the dirty bitmap is not in it. */
  private remainingBytes(slot: number, nowNs: number): number {
    if (this.step[slot] === STEP.none) return this.pending(slot);
    if (this.step[slot] === STEP.paused) return 0;
    if (this.step[slot] === STEP.repeating) {
      const inNs = (nowNs - this.seenNs[slot]!) % this.iterationLastsNs(slot);
      const sent = Math.min(this.iterationBytes[slot]!, (inNs / NS_PER_S) * this.stillRate[slot]!);
      return this.pendingBefore[slot]! - sent;
    }
    if (this.step[slot] !== STEP.sending) return this.pendingBefore[slot]! - this.iterationBytes[slot]!;
    return this.pendingBefore[slot]! - this.sentNow(slot, nowNs);
  }

  /** Memory that was sent since the last iteration that has been counted. */
  private sentMeanwhile(slot: number, nowNs: number): number {
    if (this.step[slot] === STEP.sending) return this.sentNow(slot, nowNs);
    if (this.step[slot] !== STEP.repeating) return 0;
    const lastsNs = this.iterationLastsNs(slot);
    const sinceNs = nowNs - this.seenNs[slot]!;
    const sent = Math.min(this.iterationBytes[slot]!, ((sinceNs % lastsNs) / NS_PER_S) * this.stillRate[slot]!);
    return Math.floor(sinceNs / lastsNs) * this.iterationBytes[slot]! + sent;
  }

  protected observe(slot: number, nowNs: number): void {
    const startNs = this.startNs[slot]!;
    if (nowNs - startNs < this.progress.nextNs[slot]!) return;
    const { manager } = this.kind(slot);
    const { course } = this;
    const least = this.pendingBefore[slot]! - this.iterationBytes[slot]!;
    course.leastBytes = least;
    course.periodNs = 0;
    course.fromNs = this.seenNs[slot]! - startNs;
    switch (this.step[slot]) {
      case STEP.sending:
        course.bytes = least + Math.max(0, this.toSend[slot]!);
        course.bytesPerSecond = this.rate[slot]!;
        break;
      case STEP.repeating:
        course.bytes = this.pendingBefore[slot]!;
        course.bytesPerSecond = this.stillRate[slot]!;
        course.periodNs = this.iterationLastsNs(slot);
        break;
      case STEP.syncing:
        course.bytes = least;
        course.bytesPerSecond = 0;
        break;
      default:
        return;
    }
    this.progress.see(slot, course, manager.pollNs, nowNs - startNs);
  }

  /** The downtime limit becomes another, also for the iteration under way. */
  private setLimit(slot: number, limitNs: number, nowNs: number): void {
    if (this.step[slot] === STEP.repeating) this.wake(slot, nowNs);
    this.limitNs[slot] = limitNs;
    if (this.step[slot] !== STEP.sending || this.kind(slot).sends !== 'windows') return;
    const sent = this.sentNow(slot, nowNs);
    const { windowPhase, sliceNs } = this.kind(slot);
    const slice = (this.rate[slot]! * sliceNs) / NS_PER_S;
    const wasFirst = this.iterations[slot] === 0;
    const pending = this.pendingBefore[slot]!;
    // QEMU sees it at its next check.
    const atLeast = wasFirst ? sent + windowPhase * slice : Math.ceil(sent / slice) * slice;
    const goal = this.goalBytes(slot);
    this.first[slot] = wasFirst ? 1 : 0;
    const most = Math.min(pending, this.forcedSyncBytes(slot));
    const send = Math.min(most, Math.max(atLeast, this.sliceBytes(slot, pending, goal)));
    if (pending > goal) this.first[slot] = 0;
    this.leastEndNs[slot] = goal < 0 ? this.iterationNs[slot]! + QEMU.windowNs : this.iterationNs[slot]!;
    this.iterationBytes[slot] = send;
    this.sendFrom(slot, send - sent, Math.max(nowNs, this.seenNs[slot]!));
  }

  /** Ends what is under way in the midst of it: what was sent is sent, what was written meanwhile is left. */
  private truncate(slot: number, nowNs: number): void {
    if (this.step[slot] === STEP.repeating) this.wake(slot, nowNs);
    if (this.step[slot] === STEP.sending) {
      const sent = this.sentNow(slot, nowNs);
      this.takeWritten(slot, sent, nowNs);
      const speed = this.throttle.speedNow(slot);
      if (this.recorder !== undefined) this.note(slot, 1, this.iterationNs[slot]!, nowNs, sent, speed);
      return;
    }
    // A sync that is over was the last; one under way finds more.
    if (this.step[slot] !== STEP.syncing || this.vmmNs[slot]! <= nowNs) return;
    const dirtied = this.dirtiedBytes[slot]!;
    this.pendingBefore[slot] = this.pending(slot);
    this.dirtiedBytes[slot] = dirtied + this.takeWritten(slot, 0, nowNs);
  }

  protected stopVm(slot: number, end: 'converged' | 'forced', reason: EndReason): Advance {
    const forcedBy = END_REASONS[this.forcedBy[slot]!] ?? bug('END_REASON', slot);
    if (forcedBy === 'none') this.close(slot, end, reason);
    else this.close(slot, 'forced', forcedBy);
    this.sentBytes[slot]! += this.leftBytes[slot]!;
    return ADVANCE.stopped;
  }

  private close(slot: number, end: PrecopyEnd, reason: EndReason): Advance {
    if (this.step[slot] !== STEP.paused) this.leftBytes[slot] = this.pending(slot);
    this.end[slot] = PRECOPY_ENDS.indexOf(end);
    if (end !== 'converged') {
      this.reason[slot] = END_REASONS.indexOf(reason);
      // A forced stop has its own from before the limit was raised.
      if (end !== 'forced' || this.forcedBy[slot] === 0) this.blocker[slot] = BLOCKERS.indexOf(this.blockerNow(slot));
    }
    this.step[slot] = STEP.none;
    this.vmmNs[slot] = Number.POSITIVE_INFINITY;
    this.managerNs[slot] = Number.POSITIVE_INFINITY;
    return ADVANCE.ended;
  }

  private blockerNow(slot: number): Blocker {
    if (this.step[slot] === STEP.paused) return 'pause';
    if (this.goalBytes(slot) < 0) return 'device state';
    if (this.iterations[slot] === 0) return 'first pass';
    return this.keepsUp[slot] === 1 ? 'guest writes' : 'more iterations';
  }

  /** The pause is over. A manager that stops the VM when time is out has let one end that began before. */
  protected endPause(slot: number, nowNs: number): Advance {
    const { manager } = this.kind(slot);
    const isLate = manager.pollNs !== Number.POSITIVE_INFINITY && manager.letsEndLate(nowNs - this.startNs[slot]!);
    if (isLate && this.hasConverged(slot)) {
      this.forcedAtLimitNs[slot] = this.limitNs[slot]!;
      return this.close(slot, 'forced', 'timeout');
    }
    this.step[slot] = STEP.none;
    this.vmmNs[slot] = Number.POSITIVE_INFINITY;
    this.managerNs[slot] = Number.POSITIVE_INFINITY;
    return ADVANCE.ended;
  }
}
