/**
 * Doorbells, V2 format: one 64-bit write.
 *
 * Source: docs/device.md section 4. [11:0] queue, [15:12] command, [31:16] random tag (written 0), [47:32] index,
 * [63:48] priority.
 */
export const QM_DOORBELL_CMD = { SQ: 0, CQ: 1, EQ: 2, AEQ: 3 } as const;

export const QM_DB = {
  queueMask: 0xfff,
  commandShift: 12,
  commandMask: 0xf,
  indexMask: 0xffff,
  priorityShift: 16,
} as const;

/** Low word of a doorbell: queue and command, tag 0. */
export function doorbellLow(queue: number, command: number): number {
  return (queue | (command << QM_DB.commandShift)) >>> 0;
}

/** High word of a doorbell: index and priority (or flag). */
export function doorbellHigh(index: number, priority: number): number {
  return ((index & QM_DB.indexMask) | (priority << QM_DB.priorityShift)) >>> 0;
}
