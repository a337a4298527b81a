/**
 * Doorbells: how software informs the device about its rings. docs/device.md section 4.
 *
 * Not revealed by the drivers, and modelled so: an SQ doorbell with index 0 and priority 1 is the kick with which the
 * migration driver resumes a function. It leaves the tail alone, lets the function run if it was stopped, and serves
 * that queue again, from its SQC in guest memory when the device does not hold it. A kick for a queue that was never set
 * up, or has been invalidated, does nothing else.
 *
 * Also modelled so: a function that was stopped and not loaded since resumes, with all its queues, when its messages are
 * enabled again. The driver does that on every start, and it is all it does on a source whose migration was given up,
 * where it rings no doorbell (docs/device.md 8.9); yet such guests resume.
 */
import { doorbellHigh, QM_DB, QM_DOORBELL_CMD } from '../abi/doorbell.ts';
import { QM_RAS } from '../abi/ras.ts';
import type { Engine } from './engine.ts';
import { AEQ, EQ } from './interrupt-queues.ts';
import type { InterruptQueues } from './interrupt-queues.ts';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';
import type { RasStatus } from './ras-status.ts';

/** High word of a kick: index 0, priority 1. */
export const KICK: number = doorbellHigh(0, 1);

interface DoorbellParts {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly engine: Engine;
  readonly events: InterruptQueues;
  readonly ras: RasStatus;
}

export class Doorbells {
  private readonly functions: Functions;
  private readonly queues: Queues;
  private readonly engine: Engine;
  private readonly events: InterruptQueues;
  private readonly ras: RasStatus;

  constructor(parts: DoorbellParts) {
    this.functions = parts.functions;
    this.queues = parts.queues;
    this.engine = parts.engine;
    this.events = parts.events;
    this.ras = parts.ras;
  }

  /**
   * Of kicks of a running function for the queues `first`, `first + 1` and so on: how many come before the first that
   * has an effect, which it has unless its queue is not on the chip and has nothing to do. Those are counted as rung.
   */
  idleKicks(fn: number, first: number, count: number): number {
    const { queues, functions } = this;
    if (functions.paused[fn] === 1) return 0;
    const idle = queues.idleRow(fn, first, count);
    functions.doorbellCount[fn]! += idle;
    return idle;
  }

  /**
   * The doorbell at 0x1000. A command that does not belong there is dropped.
   *
   * @returns whether it may have scheduled an event
   */
  sqCq(fn: number, low: number, high: number, nowNs: number): boolean {
    const command = (low >>> QM_DB.commandShift) & QM_DB.commandMask;
    const queue = low & QM_DB.queueMask;
    this.functions.doorbellCount[fn]! += 1;
    if (command === QM_DOORBELL_CMD.SQ && high === KICK) {
      return this.kick(fn, queue, nowNs);
    }
    const index = high & QM_DB.indexMask;
    const priority = high >>> QM_DB.priorityShift;
    if (command === QM_DOORBELL_CMD.SQ) {
      this.sq(fn, queue, low >>> 16, index, nowNs);
    } else if (command === QM_DOORBELL_CMD.CQ) {
      this.cq(fn, queue, low >>> 16, index, priority, nowNs);
    }
    return true;
  }

  /** The doorbell at 0x2000. */
  eqAeq(fn: number, low: number, high: number, nowNs: number): void {
    const command = (low >>> QM_DB.commandShift) & QM_DB.commandMask;
    this.functions.doorbellCount[fn]! += 1;
    if (command === QM_DOORBELL_CMD.EQ) this.events.doorbell(fn, EQ, high & QM_DB.indexMask, nowNs);
    else if (command === QM_DOORBELL_CMD.AEQ) this.events.doorbell(fn, AEQ, high & QM_DB.indexMask, nowNs);
  }

  private sq(fn: number, queue: number, tag: number, tail: number, nowNs: number): void {
    const { queues } = this;
    const slot = queues.slotOf(fn, queue);
    if (slot < 0) {
      this.ras.raise(QM_RAS.sq_vf_invalid, nowNs);
      return;
    }
    if (!queues.needSq(fn, queue, slot)) {
      if (!this.unreachable(fn, queue, nowNs)) this.ras.raise(QM_RAS.sq_vf_invalid, nowNs);
      return;
    }
    if (tag !== queues.sqTag(slot)) {
      this.ras.raise(QM_RAS.db_random_invalid, nowNs);
      return;
    }
    if (queues.sqInvalidated(slot) || tail >= queues.sqDepth[slot]!) return;
    queues.setSqTail(slot, tail);
    this.engine.wake(slot, nowNs);
  }

  private kick(fn: number, queue: number, nowNs: number): boolean {
    const { queues, functions } = this;
    const slot = queues.slotOf(fn, queue);
    if (slot < 0) {
      this.ras.raise(QM_RAS.sq_vf_invalid, nowNs);
      return true;
    }
    const wasPaused = functions.paused[fn] === 1;
    functions.paused[fn] = 0;
    if (wasPaused) this.engine.wakeFunction(fn, nowNs);
    // A queue with nothing to do need not come onto the chip before its next doorbell.
    if (queues.sqCached[slot] === 0 && queues.idleInMemory(fn, queue)) return wasPaused;
    if (queues.needSq(fn, queue, slot)) {
      if (!queues.sqInvalidated(slot)) this.engine.wake(slot, nowNs);
    } else {
      this.unreachable(fn, queue, nowNs);
    }
    return true;
  }

  /** Messages of a function were enabled: one that was stopped in place resumes. */
  resumeInPlace(fn: number, nowNs: number): void {
    const { queues, functions } = this;
    if (functions.paused[fn] === 0 || functions.reloaded[fn] === 1) return;
    functions.paused[fn] = 0;
    const num = queues.vft.num[fn]!;
    for (let queue = 0; queue < num; queue++) {
      if (queues.tableEntry(fn, queue, 0) >= 0) queues.needSq(fn, queue, queues.slotOf(fn, queue));
    }
    this.engine.wakeFunction(fn, nowNs);
  }

  /** Whether the queue's SQC is out of reach for DMA, which the device reports now and once more when it gives up. */
  private unreachable(fn: number, queue: number, nowNs: number): boolean {
    if (this.queues.tableEntry(fn, queue, 0) >= 0) return false;
    this.ras.raise(QM_RAS.axi_rresp, nowNs);
    this.engine.onDoorbellStuck(fn, queue, nowNs);
    return true;
  }

  private cq(fn: number, queue: number, tag: number, head: number, flag: number, nowNs: number): void {
    const { queues } = this;
    const slot = queues.slotOf(fn, queue);
    if (slot < 0) {
      this.ras.raise(QM_RAS.cq_vf_invalid, nowNs);
      return;
    }
    if (!queues.needCq(fn, queue, slot)) {
      this.ras.raise(queues.tableEntry(fn, queue, 2) < 0 ? QM_RAS.axi_rresp : QM_RAS.cq_vf_invalid, nowNs);
      return;
    }
    if (tag !== queues.cqTag(slot)) {
      this.ras.raise(QM_RAS.db_random_invalid, nowNs);
      return;
    }
    if (head >= queues.cqDepth[slot]!) return;
    queues.cqHead[slot] = head;
    if ((flag & 1) === 0) return;
    // Completions that came while the queue was not armed are reported at once; otherwise the next one will be.
    if (queues.cqTail[slot] === head) {
      queues.cqArmed[slot] = 1;
    } else {
      queues.cqArmed[slot] = 0;
      this.events.event(fn, queue, nowNs);
    }
  }
}
