/**
 * What a checker may find of a task, as a guest thread and a ledger that is sent know it.
 */

/** Violations listed in full; later ones are counted only. */
export const VIOLATIONS_KEPT = 1000;

export const VIOLATION_KINDS = [
  /** Accepted, never completed. */
  'lost',
  /** Completed again. */
  'duplicate',
  /** Completed after a later task of its queue. */
  'outOfOrder',
  /** Completed, but no such task was accepted. `task` is the cmd_id. */
  'unexpected',
  /** Right number, wrong SQ slot: `seen` and `expected` are slots. */
  'wrongSlot',
  /** In this queue's CQ, but made out to another: `seen` is the sq_num. */
  'wrongQueue',
  /** The next completion lies in the CQ with the wrong phase, so the guest cannot see it. */
  'wrongPhase',
  /** The next completion lies in the CQ, but no event reported it to the guest. */
  'missedEvent',
] as const;

export type ViolationKind = (typeof VIOLATION_KINDS)[number];

/** One finding. `task` is the task's running number in its queue, from 0; `expected` and `seen` depend on the kind. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly queue: number;
  readonly task: number;
  readonly expected: number;
  readonly seen: number;
}
