/**
 * How a move ends, and why. The cause is recorded where the move ends, with the figures that decide; sentences, tables and
 * exit statuses follow from this record alone.
 */
import type { Writers } from './dirty.ts';
import type { ManagerName } from './manager.ts';
import type { Blocker, EndReason } from './precopy-end.ts';

/**
 * How a move ended:
 * - `moved`: it runs at the destination, and was stopped within its limits;
 * - `forced`: it runs at the destination, and was stopped, or let end, although a limit was over;
 * - `cancelled`: it runs on at the source, since its manager, its user or its VMM ended the move;
 * - `failed`: it runs on at the source, since something went wrong;
 * - `unowned`: it runs nowhere;
 * - `refused`: the move does not begin, or would never end, and is not played;
 * - `stateLost`: it would run at the destination without its devices' state, and is not played.
 */
export const MOVE_ENDS = ['moved', 'forced', 'cancelled', 'failed', 'unowned', 'refused', 'stateLost'] as const;
export type MoveEnd = (typeof MOVE_ENDS)[number];

/** No VM ended in any way yet: counts by end. */
export const NO_ENDS: Readonly<Record<MoveEnd, number>> = {
  moved: 0,
  forced: 0,
  cancelled: 0,
  failed: 0,
  unowned: 0,
  refused: 0,
  stateLost: 0,
};

/** Whether the VM runs at the destination. */
export function hasMoved(end: MoveEnd | 'endless'): boolean {
  return end === 'moved' || end === 'forced';
}

/** Why a move ended other than by its rules, or would never end, with the figures that decide. */
export interface MoveCause {
  /** `none`: its rules were kept, or nothing ever ends it. */
  readonly reason: EndReason;
  /** The manager that watches the move. */
  readonly manager: ManagerName;
  /** What kept the VM from being stopped within its limit; `none` where nothing did. */
  readonly blocker: Blocker;
  /** Time that the move may take, ns; Infinity: any. */
  readonly timeoutNs: number;
  readonly progressTimeoutNs: number;
  /** Time that it took, ns; Infinity: it never ends. */
  readonly usedNs: number;
  /** Downtime limit in force at the end, ns. */
  readonly limitNs: number;
  /** Bytes on the wire that fit into it. */
  readonly fitsBytes: number;
  /** Device state that must fit, and memory that was left. */
  readonly deviceBytes: number;
  readonly leftBytes: number;
  /** Writers of the memory that was dirty. */
  readonly writers: Writers;
  /** What the stream carried and what was made dirty in the last iteration, bytes per second. */
  readonly carriedBytesPerSecond: number;
  readonly dirtiedBytesPerSecond: number;
}
