/**
 * The words over which the two halves of one migration meet: the save on the source and the restore at the destination.
 */

import { WALL_PARTS, type WallPart } from '../../sim/base/pause-parts.ts';

export const HANDOVER = {
  /** Restore: 1 once the destination can take an image; 2 when it cannot. */
  prepared: 0,
  /** Save: bytes of the frame, once it is complete; -1 when there will be none. */
  ready: 1,
  /** Restore: {@link VERDICT}, once the destination has the VM or has refused it. */
  verdict: 2,
  /** Save: bytes of the iteration that lies in the arena, see iteration-stream.ts. */
  iterationBytes: 3,
  /** Save: iterations sent so far, stored after the iteration is complete in the arena; -1 once there will be no more. */
  iterationsSent: 4,
  /** Restore: iterations taken so far, stored after their bytes are in the VM's memory; -1 when one was refused. */
  iterationsTaken: 5,
  words: 8,
} as const;

export const VERDICT = { none: 0, accepted: 1, refused: 2 } as const;

/** One stamp for each part of WALL_VIEW, at which it begins, and the end. Both threads read the same clock. */
export const STAMPS: number = WALL_PARTS.length + 1;
export const END_STAMP: number = WALL_PARTS.length;

export function stampOf(part: WallPart): number {
  return WALL_PARTS.indexOf(part);
}
