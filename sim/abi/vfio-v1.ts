/**
 * VFIO migration protocol v1: the register block of the migration region, its states and transitions.
 *
 * Source: include/uapi/linux/vfio.h of Linux 5.8 to 5.17; docs/designs.md section 3. Offsets and widths are bytes.
 */
import { keysOf } from '../base/keys.ts';

/** The region is found by this type in its region info. */
export const V1_REGION_TYPE = { type: 3, subtype: 1 } as const;

/** Index of the first region after those that every PCI device has. */
export const V1_REGION_INDEX = 9;

/** Registers at the start of the region; data follows after {@link V1_BLOCK_BYTES}. */
export const V1_REG = {
  deviceState: 0,
  reserved: 4,
  pendingBytes: 8,
  dataOffset: 16,
  dataSize: 24,
} as const;

export type V1RegisterName = keyof typeof V1_REG;

export const V1_BLOCK_BYTES = 32;

/** Width of each register: the only one that an access to it may have. */
export const V1_WIDTH: Readonly<Record<V1RegisterName, number>> = {
  deviceState: 4,
  reserved: 4,
  pendingBytes: 8,
  dataOffset: 8,
  dataSize: 8,
};

const BY_OFFSET: ReadonlyMap<number, V1RegisterName> = new Map(keysOf(V1_REG).map((name) => [V1_REG[name], name]));

/** The register that begins at an offset, or undefined. */
export function v1RegisterAt(offset: number): V1RegisterName | undefined {
  return BY_OFFSET.get(offset);
}

/** Bits of device_state; the others are reserved and preserved by the writer. */
export const V1_BIT = { RUNNING: 1, SAVING: 2, RESUMING: 4, mask: 7 } as const;

/** Values of the three bits. 101 and 111 mean nothing; 110 is set by the driver alone, when it cannot go back. */
export const V1_STATE = {
  STOPPED: 0,
  RUNNING: 1,
  STOP_COPY: 2,
  PRE_COPY: 3,
  RESUMING: 4,
  INVALID_101: 5,
  ERROR: 6,
  INVALID_111: 7,
} as const;

/** Whether a client may ask for a value. */
export function isV1State(value: number): boolean {
  return value >= V1_STATE.STOPPED && value <= V1_STATE.RESUMING;
}

const { STOPPED, RUNNING, STOP_COPY, PRE_COPY, RESUMING } = V1_STATE;

/**
 * Transitions that a driver has to take. `listed` are those of the protocol's text; `practice` are missing there, yet a
 * client cancels a migration, and resumes after a stop of the VM, by them.
 */
const V1_TRANSITIONS: readonly (readonly [from: number, to: number, by: 'listed' | 'practice'])[] = [
  [RUNNING, STOPPED, 'listed'],
  [RUNNING, PRE_COPY, 'listed'],
  [RUNNING, STOP_COPY, 'listed'],
  [RUNNING, RESUMING, 'listed'],
  [PRE_COPY, STOP_COPY, 'listed'],
  [STOP_COPY, STOPPED, 'listed'],
  [RESUMING, RUNNING, 'listed'],
  [PRE_COPY, RUNNING, 'practice'],
  [STOP_COPY, RUNNING, 'practice'],
  [STOPPED, RUNNING, 'practice'],
  [RESUMING, STOPPED, 'practice'],
];

/** Whether a driver has to take a transition. Staying where one is always goes. */
export function isV1Transition(from: number, to: number): boolean {
  return (isV1State(from) && from === to) || V1_TRANSITIONS.some(([a, b]) => a === from && b === to);
}

/** `struct vfio_region_info_cap_type` that follows the region info: header, type, subtype. */
export const V1_REGION_CAP = { id: 2, version: 1, bytes: 16 } as const;

/** Flag of a region info that is followed by capabilities. */
export const REGION_FLAG_CAPS = 8;

/** Marks in the stream of a VMM, big endian; the same four are used with protocol v2. */
export const STREAM_TAG = {
  END_OF_STATE: 0xffff_ffff_ef10_0001n,
  DEV_CONFIG_STATE: 0xffff_ffff_ef10_0002n,
  DEV_SETUP_STATE: 0xffff_ffff_ef10_0003n,
  DEV_DATA_STATE: 0xffff_ffff_ef10_0004n,
} as const;
