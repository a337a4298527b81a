/**
 * Error bits of QM_ABNORMAL_INT_SOURCE and QM_ABNORMAL_INT_STATUS.
 *
 * Source: docs/device.md section 2.2.
 */
export const QM_RAS = {
  axi_rresp: 1 << 0,
  axi_bresp: 1 << 1,
  ecc_mbit: 1 << 2,
  ecc_1bit: 1 << 3,
  acc_get_task_timeout: 1 << 4,
  acc_do_task_timeout: 1 << 5,
  acc_wb_not_ready_timeout: 1 << 6,
  sq_cq_vf_invalid: 1 << 7,
  cq_vf_invalid: 1 << 8,
  sq_vf_invalid: 1 << 9,
  db_timeout: 1 << 10,
  of_fifo_of: 1 << 11,
  db_random_invalid: 1 << 12,
  mailbox_timeout: 1 << 13,
  flr_timeout: 1 << 14,
} as const;
