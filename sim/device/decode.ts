/**
 * What a write to each register of the lower half of a BAR2 does, as a table: a chain of register names costs several
 * times as much as the write itself.
 */
import { VF_REG } from '../abi/registers.ts';

/** Registers of the lower half that something happens at lie below this; see {@link DECODE}. */
export const DECODED_BYTES = 0x400;

/** What a write to each word of the lower half does: a case of Accelerator.writeFunctional, 0 for nothing. */
export const DECODE: Uint8Array = new Uint8Array(DECODED_BYTES / 4);
const DECODED: readonly (readonly number[])[] = [
  [],
  [VF_REG.QM_VF_AEQ_INT_SOURCE, VF_REG.QM_VF_EQ_INT_SOURCE, VF_REG.QM_QUE_ISO_CFG_V, VF_REG.QM_PAGE_SIZE],
  [VF_REG.QM_VF_AEQ_INT_MASK, VF_REG.QM_VF_EQ_INT_MASK],
  [VF_REG.QM_IFC_INT_SOURCE_V],
  [VF_REG.QM_IFC_INT_MASK],
  [VF_REG.QM_IFC_INT_SET_V],
  [VF_REG.QM_VF_STATE],
  [VF_REG.QM_CACHE_WB_START],
  [VF_REG.QM_MB_CMD_SEND_BASE],
  [VF_REG.QM_MB_CMD_DATA_ADDR_L, VF_REG.QM_MB_CMD_DATA_ADDR_H, VF_REG.QM_MB_CMD_RSVD],
  [VF_REG.QM_VF2PF_VF_W, VF_REG.QM_VF2PF_VF_W + 4],
];
DECODED.forEach((offsets, code) => {
  for (const offset of offsets) DECODE[offset >>> 2] = code;
});
