/**
 * Register offsets, in bytes, within BAR2 of the function that owns them.
 *
 * Source: docs/device.md section 2, which follows drivers/crypto/hisilicon/qm.c and
 * drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.h.
 */

/** Registers that every function has (a VF in its own BAR2, the PF at the base of its BAR2). docs/device.md 2.1. */
export const VF_REG = {
  QM_VF_AEQ_INT_SOURCE: 0x0000,
  QM_VF_AEQ_INT_MASK: 0x0004,
  QM_VF_EQ_INT_SOURCE: 0x0008,
  QM_VF_EQ_INT_MASK: 0x000c,
  QM_IFC_INT_SOURCE_V: 0x0020,
  QM_IFC_INT_MASK: 0x0024,
  QM_IFC_INT_STATUS: 0x0028,
  QM_IFC_INT_SET_V: 0x002c,
  QM_QUE_ISO_CFG_V: 0x0030,
  QM_PAGE_SIZE: 0x0034,
  QM_VF_STATE: 0x0060,
  QM_DFX_FUNS_ACTIVE_ST: 0x0200,
  QM_CACHE_WB_START: 0x0204,
  QM_CACHE_WB_DONE: 0x0208,
  QM_SUB_VERSION_ID: 0x0210,
  QM_MB_CMD_SEND_BASE: 0x0300,
  QM_MB_CMD_DATA_ADDR_L: 0x0304,
  QM_MB_CMD_DATA_ADDR_H: 0x0308,
  QM_MB_CMD_RSVD: 0x030c,
  QM_VF2PF_VF_W: 0x0320,
  QM_PF2VF_VF_R: 0x0380,
  QM_DOORBELL_SQ_CQ_BASE_V2: 0x1000,
  QM_DOORBELL_EQ_AEQ_BASE_V2: 0x2000,
  QM_FUNC_CAPS: 0x3100,
  QM_EQ_AEQ_DEPTH_CAP: 0x3104,
  QM_SQ_CQ_DEPTH_CAP: 0x3108,
  /** Event-queue context window in the VF's upper half (hardware V3, and V4 in VF mode). */
  QM_EQC_DW0: 0x8000,
  QM_AEQC_DW0: 0x8020,
} as const;

/** Registers of the PF alone. docs/device.md 2.2. */
export const PF_REG = {
  QM_ABNORMAL_INT_SOURCE: 0x100000,
  QM_ABNORMAL_INT_MASK: 0x100004,
  QM_ABNORMAL_INT_STATUS: 0x100008,
  QM_ABNORMAL_INT_SET: 0x10000c,
  QM_ABNORMAL_INF00: 0x100010,
  QM_ABNORMAL_INF01: 0x100014,
  QM_ABNORMAL_INF02: 0x100018,
  QM_MEM_START_INIT: 0x100040,
  QM_MEM_INIT_DONE: 0x100044,
  QM_CACHE_CTL: 0x100050,
  QM_VFT_CFG_OP_ENABLE: 0x100054,
  QM_VFT_CFG_OP_WR: 0x100058,
  QM_VFT_CFG_TYPE: 0x10005c,
  QM_VFT_CFG: 0x100060,
  QM_VFT_CFG_DATA_L: 0x100064,
  QM_VFT_CFG_DATA_H: 0x100068,
  QM_VFT_CFG_RDY: 0x10006c,
  QM_TIMEOUT_CFG: 0x100070,
  QM_DB_TIMEOUT_CFG: 0x100074,
  QM_FLR_PENDING_TIME_CFG: 0x100078,
  QM_IFC_READY_STATUS: 0x100128,
  QM_IFC_INT_SET_P: 0x100130,
  QM_IFC_INT_CFG: 0x100134,
  QM_IFC_INT_SOURCE_P: 0x100138,
  QM_CQE_AGGR_TIMEOUT_CTRL: 0x100144,
  QM_PM_CTRL: 0x100148,
  QM_QUEUE_TOTALS: 0x100158,
  QM_SHAPER_CFG: 0x100164,
  QM_MIG_REGION_SEL: 0x100198,
  QM_DFX_MB_CNT: 0x104018,
  QM_DFX_DB_CNT: 0x104028,
  QM_DFX_SQE_CNT: 0x104038,
  QM_DFX_CQE_CNT: 0x104048,
  QM_DFX_SEND_SQE_TO_ACC_CNT: 0x104050,
  QM_DFX_WB_SQE_FROM_ACC_CNT: 0x104058,
  QM_DFX_ACC_FINISH_CNT: 0x104060,
  QM_IN_IDLE_ST: 0x1040e4,
  QM_OOO_SHUTDOWN_SEL: 0x1040f8,
  QM_PF2VF_PF_W: 0x104700,
  QM_VF2PF_PF_R: 0x104800,
  ACC_MASTER_GLOBAL_CTRL: 0x300000,
  ACC_MASTER_TRANS_RETURN: 0x300150,
  SEC_CORE_INT_STATUS: 0x301008,
  HPRE_HAC_INT_STATUS: 0x301800,
  HZIP_CORE_INT_STATUS: 0x3010ac,
  DAE_ERR_STATUS: 0x331c88,
} as const;

/** The migration windows that hardware V4 may keep in the PF's BAR2. docs/device.md 1.4. */
export const MIG_REGION = {
  /** Bit of QM_MIG_REGION_SEL that selects the PF-resident windows. */
  enableBit: 0x1,
  offset: 0x180000,
  bytesPerFunction: 0x2000,
  /** Event-queue context words inside a window, in place of 0x8000 and 0x8020 in the VF's BAR2. */
  eqcDw0: 0x1c00,
  aeqcDw0: 0x1c20,
} as const;

/** Words in the EQC and AEQC windows, and their order. docs/device.md 2.1 and 6. */
export const XQC = {
  words: 7,
  /** dw0: head in [15:0], tail in [31:16]. */
  headTail: 0,
  baseLow: 1,
  baseHigh: 2,
  dw3: 3,
  /** dw6: depth - 1 in [15:0], phase in bit 16. */
  depthPhase: 6,
} as const;

/** QM_VF_STATE as the guest driver writes it; only bit 0 is tested. docs/device.md 2.3. */
export const QM_READY = 0;
export const QM_NOT_READY = 1;

/** VF BAR2: the lower half serves the guest, the upper half migration (VF mode). docs/device.md 1.3. */
export const VF_BAR2_BYTES = 0x10000;
