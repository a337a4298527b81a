/**
 * `struct acc_vf_data`: the image of a VF, 176 bytes, streamed raw in little endian order.
 *
 * Source: docs/device.md section 7. Offsets are bytes.
 */
export const ACC_VF_DATA_BYTES = 176;

/** Bytes of match data at the start, sent in PRE_COPY (QM_MATCH_SIZE). */
export const QM_MATCH_BYTES = 40;

/** What the debug file shows of an image: everything before the four addresses. */
export const ACC_VF_DATA_DEBUG_BYTES = 144;

/** Magic numbers as two 32-bit words, low word first. */
export const ACC_DEV_MAGIC_V1 = { low: 0xfeedaacc, high: 0xcdcdcdcd } as const;
export const ACC_DEV_MAGIC_V2 = { low: 0xdecadede, high: 0xaaccfeed } as const;

export const ACC_DRV_MAJOR_VER = 1;
export const ACC_DRV_MINOR_VER = 0;

export const VF_DATA = {
  magicLow: 0,
  magicHigh: 4,
  qpNum: 8,
  devId: 12,
  queIsoCfg: 16,
  qpBase: 20,
  vfQmState: 24,
  majorVer: 28,
  minorVer: 30,
  aeqIntMask: 40,
  eqIntMask: 44,
  ifcIntSource: 48,
  ifcIntMask: 52,
  ifcIntSet: 56,
  pageSize: 60,
  eqcDw: 64,
  aeqcDw: 92,
  padding: 140,
  eqeDma: 144,
  aeqeDma: 152,
  sqcDma: 160,
  cqcDma: 168,
} as const;
