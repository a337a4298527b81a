/**
 * The image of a VF before it had a magic number and a version: 160 bytes, little endian, as the driver of 2021 kept it
 * after the register block of its migration region.
 *
 * Source: docs/designs.md section 4. Offsets are bytes.
 */

export const V0_BYTES = 160;

/** Bytes of match data at the start, sent while the guest runs. */
export const V0_MATCH_BYTES = 32;

export const V0 = {
  qpNum: 0,
  /** `accTypeV0` of the accelerator. */
  accType: 4,
  queIsoCfg: 8,
  qpBase: 12,
  aeqIntMask: 32,
  eqIntMask: 36,
  ifcIntSource: 40,
  ifcIntMask: 44,
  ifcIntSet: 48,
  eqcDw: 52,
  aeqcDw: 80,
  eqeDma: 128,
  aeqeDma: 136,
  sqcDma: 144,
  cqcDma: 152,
} as const;
