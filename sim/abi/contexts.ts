/**
 * Queue structures in guest memory: rings and contexts, little endian.
 *
 * Source: docs/device.md section 6. Offsets are bytes within the object.
 */
export const CQE = { bytes: 16, cmdId: 4, sqHead: 8, sqNum: 10, w7: 14, phaseBit: 0x1 } as const;

export const EQE = { bytes: 4, queueMask: 0xffff, phaseBit: 1 << 16 } as const;

export const AEQE = {
  bytes: 4,
  queueMask: 0xffff,
  phaseBit: 1 << 16,
  typeShift: 17,
  typeMask: 0xf,
  type: { cqOverflow: 0, eqOverflow: 1, cqeError: 2 },
} as const;

/** SQC, 32 bytes. dw3 = (depth - 1) | log2(sqe bytes) << 12; w8 is the tag that late doorbells are compared with. */
export const SQC = {
  bytes: 32,
  head: 0,
  tail: 2,
  baseLow: 4,
  baseHigh: 8,
  dw3: 12,
  sqeSizeShift: 12,
  w8: 16,
  pasid: 20,
  w11: 22,
  tailWrapBit: 1 << 6,
  cqNum: 24,
  w13: 26,
  disableBit: 1 << 6,
} as const;

/** CQC, 32 bytes. dw6: bit 0 phase, bit 1 flag; initial value 3. */
export const CQC = {
  bytes: 32,
  head: 0,
  tail: 2,
  baseLow: 4,
  baseHigh: 8,
  dw3: 12,
  cqeSizeShift: 12,
  w8: 16,
  pasid: 20,
  w11: 22,
  tailWrapBit: 1 << 6,
  dw6: 24,
  phaseBit: 0x1,
  flagBit: 0x2,
  initialDw6: 3,
} as const;

/** EQC and AEQC, 28 bytes in a buffer aligned to 32; the words of the context windows. */
export const XEQC = { bytes: 28, depthMask: 0xffff, phaseBit: 1 << 16 } as const;

/** Tag and flag of an invalidated queue, so that late doorbells are dropped. */
export const INVALID_QUEUE_TAG = 0xaaaa;

/** Ring depths when the capability registers are silent (V2, V3). */
export const DEPTH = { sq: 1024, cq: 1024, eq: 2048, aeq: 1024 } as const;

/** EQEs that one interrupt handler run drains at most: eq depth / 2 - 1. */
export const EQE_BATCH_MAX: number = DEPTH.eq / 2 - 1;

/** Alignment of the parts of a function's QM memory (EQE, AEQE, SQC table, CQC table in this order). */
export const QM_MEMORY_ALIGN = 32;
