/**
 * The 128-bit mailbox at 0x300: word layout and commands.
 *
 * Source: docs/device.md section 3.
 */

/** Commands, bits [7:0] of word 0. docs/device.md 3.2. */
export const QM_MB_CMD = {
  SQC: 0x0,
  CQC: 0x1,
  EQC: 0x2,
  AEQC: 0x3,
  SQC_BT: 0x4,
  CQC_BT: 0x5,
  SQC_VFT_V2: 0x6,
  STOP_QP: 0x8,
  FLUSH_QM: 0x9,
  SRC: 0xc,
  DST: 0xd,
  PAUSE_QM: 0xe,
} as const;

/** Fields of word 0. docs/device.md 3.1. */
export const QM_MB = {
  commandMask: 0xff,
  eventBit: 1 << 8,
  statusShift: 9,
  statusMask: 0xf,
  busyBit: 1 << 13,
  /** 0: set, 1: get. */
  opBit: 1 << 14,
  queueShift: 16,
} as const;

/** The pattern a reader of word 0 takes for "mailbox not there". docs/device.md 15. */
export const QM_MB_CMD_NOT_READY = 0xffffffff;

/** Word 0 of a command as software writes it: busy, direction, queue. */
export function mailboxWord(command: number, queue: number, get: boolean): number {
  return ((queue << QM_MB.queueShift) | QM_MB.busyBit | (get ? QM_MB.opBit : 0) | command) >>> 0;
}
