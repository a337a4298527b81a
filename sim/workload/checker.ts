/**
 * Nothing lost: proof that each accepted task completed exactly once and in its queue's order.
 *
 * A completion names its task by the low 16 bits of the task's running number in its queue (CQE cmd_id) and by the SQ
 * slot it came from (sq_head). Queues complete in order, so the next number of each queue is known, and whatever else
 * comes is a violation. Violations are recorded, never thrown: a broken device is a finding, not our mistake.
 *
 * Not checked: that the task's result is right; there is no result data in the model.
 */
import { bug } from '../base/bug.ts';
import type { GuestLedger } from './ledger.ts';
import { type Violation, VIOLATIONS_KEPT, type ViolationKind } from './violations.ts';

export interface CheckReport {
  /** No violation and no lost task. */
  readonly ok: boolean;
  readonly accepted: number;
  /** Different tasks completed; accepted = completed + overtaken and never completed + outstanding. */
  readonly completed: number;
  /** Accepted, not completed, and not overtaken by a later task of the queue. */
  readonly outstanding: number;
  readonly lostTasks: number;
  /** All violations, of which the first {@link VIOLATIONS_KEPT} are listed. */
  readonly violationCount: number;
  readonly violations: readonly Violation[];
}

/** cmd_id counts modulo 2^16, so a number up to half of that in the past differs from one ahead. */
const CMD_ID_MASK = 0xffff;
const CMD_ID_HALF = 0x8000;

export class CompletionChecker {
  private readonly sqDepth: number;
  private readonly acceptedCounts: Float64Array;
  /** Per queue: number of the next task in order. */
  private readonly next: Float64Array;
  /** Per queue: tasks that a later one has overtaken. Empty in a sound run. */
  private readonly overtaken = new Map<number, Set<number>>();
  private readonly kept: Violation[] = [];
  private violationTotal = 0;

  /**
   * @param queues queue pairs of the function
   * @param sqDepth entries of each SQ, for the slot that a task must come from
   */
  constructor(queues: number, sqDepth: number) {
    if (sqDepth >= CMD_ID_HALF) bug('CHECKER_DEPTH', sqDepth);
    this.sqDepth = sqDepth;
    this.acceptedCounts = new Float64Array(queues);
    this.next = new Float64Array(queues);
  }

  /** Violations so far; a run may stop at the first. */
  get violationCount(): number {
    return this.violationTotal;
  }

  /** All that was seen so far, to continue in another process. */
  ledger(): GuestLedger['checker'] {
    return {
      next: [...this.next],
      overtaken: [...this.overtaken].map(([queue, tasks]) => [queue, [...tasks]]),
      violations: [...this.kept],
      violationCount: this.violationTotal,
    };
  }

  /** Continues where another process's checker stopped. @param accepted tasks per queue so far */
  takeOver(accepted: readonly number[], ledger: GuestLedger['checker']): void {
    this.acceptedCounts.set(accepted);
    this.next.set(ledger.next);
    for (const [queue, tasks] of ledger.overtaken) this.overtaken.set(queue, new Set(tasks));
    this.kept.push(...ledger.violations);
    this.violationTotal = ledger.violationCount;
  }

  /** The guest has accepted the queue's next task; its number is the count of those before it. */
  accepted(queue: number): void {
    this.acceptedCounts[queue]! += 1;
  }

  /** Number of the task whose completion is expected next in the queue. */
  nextInOrder(queue: number): number {
    return this.next[queue]!;
  }

  /**
   * A completion reached the guest.
   *
   * @param cmdId CQE cmd_id: the task's number modulo 2^16
   * @param sqHead CQE sq_head: the SQ slot of the task
   */
  completed(queue: number, cmdId: number, sqHead: number): void {
    const next = this.next[queue]!;
    if (((cmdId ^ next) & CMD_ID_MASK) !== 0 || next >= this.acceptedCounts[queue]!) {
      this.astray(queue, cmdId, sqHead);
      return;
    }
    this.next[queue] = next + 1;
    if (sqHead !== next % this.sqDepth) this.report('wrongSlot', queue, next, next % this.sqDepth, sqHead);
  }

  /** A completion in this queue's CQ carries another queue's number. */
  wrongQueue(queue: number, cmdId: number, sqNum: number): void {
    this.report('wrongQueue', queue, cmdId, queue, sqNum);
  }

  /** A completion lies where the guest reads next, with the wrong phase or without an event. */
  unseen(queue: number, kind: 'wrongPhase' | 'missedEvent'): void {
    const next = this.next[queue]!;
    this.report(kind, queue, next, next, next);
  }

  /**
   * The verdict. May be asked more than once.
   *
   * @param accepted tasks per queue that the guest accepted, by its own count
   * @param drained whether all accepted tasks should be complete by now; if so, each outstanding one is lost
   */
  finish(accepted: ArrayLike<number>, drained: boolean = true): CheckReport {
    const violations = [...this.kept];
    let violationCount = this.violationTotal;
    let acceptedAll = 0;
    let outstandingAll = 0;
    let lostTasks = 0;
    const lose = (queue: number, task: number): void => {
      lostTasks += 1;
      violationCount += 1;
      if (violations.length < VIOLATIONS_KEPT) violations.push({ kind: 'lost', queue, task, expected: task, seen: -1 });
    };
    let overtakenAll = 0;
    for (let queue = 0; queue < this.next.length; queue++) {
      const count = this.acceptedCounts[queue]!;
      if (accepted[queue] !== count) bug('CHECKER_ACCEPTED', queue, accepted[queue], count);
      const next = this.next[queue]!;
      acceptedAll += count;
      outstandingAll += count - next;
      for (const task of this.overtaken.get(queue) ?? []) {
        overtakenAll += 1;
        lose(queue, task);
      }
      if (drained) for (let task = next; task < count; task++) lose(queue, task);
    }
    return {
      ok: violationCount === 0,
      accepted: acceptedAll,
      completed: acceptedAll - outstandingAll - overtakenAll,
      outstanding: outstandingAll,
      lostTasks,
      violationCount,
      violations,
    };
  }

  /** A completion other than the next in order. */
  private astray(queue: number, cmdId: number, sqHead: number): void {
    const next = this.next[queue]!;
    const ahead = (cmdId - next) & CMD_ID_MASK;
    if (next + ahead < this.acceptedCounts[queue]!) {
      let set = this.overtaken.get(queue);
      if (set === undefined) this.overtaken.set(queue, (set = new Set()));
      for (let task = next; task < next + ahead; task++) set.add(task);
      this.next[queue] = next + ahead + 1;
      const slot = (next + ahead) % this.sqDepth;
      if (sqHead !== slot) this.report('wrongSlot', queue, next + ahead, slot, sqHead);
      return;
    }
    const behind = (next - cmdId) & CMD_ID_MASK;
    const task = next - behind;
    if (behind === 0 || behind > CMD_ID_HALF || task < 0) {
      this.report('unexpected', queue, cmdId, next, cmdId);
    } else if (this.overtaken.get(queue)?.delete(task) === true) {
      this.report('outOfOrder', queue, task, next, task);
    } else {
      this.report('duplicate', queue, task, next, task);
    }
  }

  private report(kind: ViolationKind, queue: number, task: number, expected: number, seen: number): void {
    this.violationTotal += 1;
    if (this.kept.length < VIOLATIONS_KEPT) this.kept.push({ kind, queue, task, expected, seen });
  }
}
