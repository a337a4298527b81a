/**
 * The words over which the two halves of one migration meet: the save on the source and the restore at the destination.
 */

export const HANDOVER = {
  /** Restore: 1 once the destination can take an image; 2 when it cannot. */
  prepared: 0,
  /** Save: bytes of the frame, once it is complete; -1 when there will be none. */
  ready: 1,
  /** Restore: {@link VERDICT}, once the destination has the VM or has refused it. */
  verdict: 2,
  /** Save: bytes of the round that lies in the arena, see round-stream.ts. */
  roundBytes: 3,
  /** Save: rounds sent so far, stored after the round is complete in the arena; -1 once there will be no more. */
  roundsSent: 4,
  /** Restore: rounds taken so far, stored after their bytes are in the VM's memory; -1 when one was refused. */
  roundsTaken: 5,
  words: 8,
} as const;

export const VERDICT = { none: 0, accepted: 1, refused: 2 } as const;

/** The parts of the real world's downtime, in their order. A stamp is the moment at which a part begins. */
export const WALL_PARTS = [
  'vcpuStop',
  'pauseAndDrain',
  'statusChecks',
  'cacheWriteBack',
  'save',
  'gather',
  'checksum',
  'handOver',
  'validate',
  'scatter',
  'load',
  'start',
  'vcpuStart',
] as const;

export type WallPart = (typeof WALL_PARTS)[number];

/** What the model calls the transfer: from the saved image at the source to bytes in place at the destination. */
export const TRANSFER_PARTS: readonly WallPart[] = ['gather', 'checksum', 'handOver', 'validate', 'scatter'];

/** One stamp per part, and the end. Both threads read the same clock. */
export const STAMPS: number = WALL_PARTS.length + 1;
export const END_STAMP: number = WALL_PARTS.length;

export function stampOf(part: WallPart): number {
  return WALL_PARTS.indexOf(part);
}
