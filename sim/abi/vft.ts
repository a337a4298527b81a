/**
 * The SQC VFT entry: which queues a function owns.
 *
 * Source: docs/device.md section 5. 64 bits: base in [43:28], valid in bit 44, number - 1 in [54:45].
 */

/** Queue numbers of a function: `num` queues starting at queue `base` of the device. */
export interface VftEntry {
  readonly base: number;
  readonly num: number;
}

/** Low word of an SQC VFT entry. An entry of 0 queues is all zero. */
export function vftLow(base: number, num: number): number {
  return num === 0 ? 0 : ((base & 0xf) << 28) >>> 0;
}

/** High word of an SQC VFT entry. */
export function vftHigh(base: number, num: number): number {
  return num === 0 ? 0 : (((base >>> 4) & 0xfff) | (1 << 12) | (((num - 1) & 0x3ff) << 13)) >>> 0;
}

/** First queue. The valid bit is not checked, as in the migration driver. */
export function vftBase(low: number, high: number): number {
  return ((low >>> 28) | ((high & 0xfff) << 4)) & 0xffff;
}

/** Number of queues: never 0, so an all-zero entry reads as one queue (docs/device.md 5). */
export function vftNum(high: number): number {
  return ((high >>> 13) & 0x3ff) + 1;
}

/** Values of QM_VFT_CFG_TYPE. */
export const VFT_TYPE = { SQC: 0, CQC: 1, SHAPER: 2 } as const;

/** Values of QM_VFT_CFG_OP_WR. */
export const VFT_OP = { write: 0, read: 1 } as const;

/** Queues of one device: the pool that PF and VFs share on hardware V2 and later. */
export const QUEUES_TOTAL = 1024;

/** VFs of one PF (QM_MAX_VFS_NUM_V2). */
export const VFS_MAX = 63;

/**
 * The PF driver's default split of the queues over `vfCount` VFs. Each VF gets the floor; the highest-numbered VF gets
 * the remainder as well if that fits the per-function maximum, else the remainder is dealt one each. Bases are
 * assigned from the highest VF downward, starting after the PF's own queues. docs/device.md 5.
 *
 * @param pfQueues queues that the PF keeps
 * @param vfCount number of VFs, 1 to 63
 * @returns one entry per VF, index 0 being VF 1
 */
export function defaultVftSplit(pfQueues: number, vfCount: number, perFunctionMax: number = QUEUES_TOTAL): VftEntry[] {
  const pool = QUEUES_TOTAL - pfQueues;
  const each = Math.floor(pool / vfCount);
  const rest = pool % vfCount;
  const lastTakesRest = each + rest <= perFunctionMax;
  const entries: VftEntry[] = [];
  let base = pfQueues;
  let dealt = rest;
  for (let vf = vfCount; vf >= 1; vf--) {
    let num = each;
    if (lastTakesRest) {
      if (vf === vfCount) num += rest;
    } else if (dealt > 0) {
      num += 1;
      dealt -= 1;
    }
    entries[vf - 1] = { base, num };
    base += num;
  }
  return entries;
}
