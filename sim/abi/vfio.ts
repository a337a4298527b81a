/**
 * VFIO migration protocol v2: states, flags, next-state table, features, ioctls.
 *
 * Source: include/uapi/linux/vfio.h and vfio_mig_get_next_state() in drivers/vfio/vfio_main.c; docs/device.md section 8
 * for what this driver offers.
 */
import { keysOf } from '../base/keys.ts';
export const MIG_STATE = {
  ERROR: 0,
  STOP: 1,
  RUNNING: 2,
  STOP_COPY: 3,
  RESUMING: 4,
  RUNNING_P2P: 5,
  PRE_COPY: 6,
  PRE_COPY_P2P: 7,
} as const;

export type MigStateName = keyof typeof MIG_STATE;

/** States in the order of their numbers. */
export const MIG_STATE_NAMES = keysOf(MIG_STATE);

export const MIG_FLAG = { STOP_COPY: 1, P2P: 2, PRE_COPY: 4 } as const;

/** Flags that a device must offer for a state to exist; all of them. */
const STATE_FLAGS: readonly number[] = [
  /* ERROR        */ 0,
  /* STOP         */ MIG_FLAG.STOP_COPY,
  /* RUNNING      */ MIG_FLAG.STOP_COPY,
  /* STOP_COPY    */ MIG_FLAG.STOP_COPY,
  /* RESUMING     */ MIG_FLAG.STOP_COPY,
  /* RUNNING_P2P  */ MIG_FLAG.STOP_COPY | MIG_FLAG.P2P,
  /* PRE_COPY     */ MIG_FLAG.STOP_COPY | MIG_FLAG.PRE_COPY,
  /* PRE_COPY_P2P */ MIG_FLAG.STOP_COPY | MIG_FLAG.P2P | MIG_FLAG.PRE_COPY,
];

const { ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P } = MIG_STATE;

/**
 * The next state on the way from the current one (row) to the wanted one (column), before states that the device does
 * not offer are skipped. ERROR stands for "no such way". Columns in the order of the state numbers.
 */
const NEXT_STATE: readonly (readonly number[])[] = [
  /* ERROR        */ [ERROR, ERROR, ERROR, ERROR, ERROR, ERROR, ERROR, ERROR],
  /* STOP         */ [ERROR, STOP, RUNNING_P2P, STOP_COPY, RESUMING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P],
  /* RUNNING      */ [ERROR, RUNNING_P2P, RUNNING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P, PRE_COPY, RUNNING_P2P],
  /* STOP_COPY    */ [ERROR, STOP, STOP, STOP_COPY, STOP, STOP, ERROR, ERROR],
  /* RESUMING     */ [ERROR, STOP, STOP, STOP, RESUMING, STOP, STOP, STOP],
  /* RUNNING_P2P  */ [ERROR, STOP, RUNNING, STOP, STOP, RUNNING_P2P, RUNNING, PRE_COPY_P2P],
  /* PRE_COPY     */ [ERROR, RUNNING, RUNNING, PRE_COPY_P2P, RUNNING, RUNNING, PRE_COPY, PRE_COPY_P2P],
  /* PRE_COPY_P2P */ [ERROR, RUNNING_P2P, RUNNING_P2P, STOP_COPY, RUNNING_P2P, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P],
];

/**
 * The next arc that the VFIO core asks of a device with the given flags, or -1 where the core answers EINVAL.
 *
 * @param flags the device's migration flags ({@link MIG_FLAG})
 */
export function nextState(flags: number, current: number, wanted: number): number {
  const have = STATE_FLAGS[current];
  const need = STATE_FLAGS[wanted];
  if (have === undefined || need === undefined) return -1;
  if ((have & flags) !== have || (need & flags) !== need) return -1;
  let next = NEXT_STATE[current]![wanted]!;
  while ((STATE_FLAGS[next]! & flags) !== STATE_FLAGS[next]!) next = NEXT_STATE[next]![wanted]!;
  return next === ERROR ? -1 : next;
}

/** VFIO_DEVICE_FEATURE: flag bits and feature numbers. */
export const FEATURE = {
  numberMask: 0xffff,
  GET: 1 << 16,
  SET: 1 << 17,
  PROBE: 1 << 18,
  headerBytes: 8,
  PCI_VF_TOKEN: 0,
  MIGRATION: 1,
  MIG_DEVICE_STATE: 2,
  LOW_POWER_ENTRY: 3,
  LOW_POWER_ENTRY_WITH_WAKEUP: 4,
  LOW_POWER_EXIT: 5,
  DMA_LOGGING_START: 6,
  DMA_LOGGING_STOP: 7,
  DMA_LOGGING_REPORT: 8,
  MIG_DATA_SIZE: 9,
  BUS_MASTER: 10,
  DMA_BUF: 11,
  MIG_PRECOPY_INFO_V2: 12,
} as const;

/** `_IO(0x3B, 121)`: VFIO_MIG_GET_PRECOPY_INFO, on the data file. */
export const VFIO_MIG_GET_PRECOPY_INFO = 0x3b79;

/** `struct vfio_precopy_info`: argsz, flags, initial_bytes, dirty_bytes. */
export const PRECOPY_INFO_BYTES = 24;
