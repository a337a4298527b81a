/**
 * Two states of the migration driver of 2021, as differences, and the conditions under which it offers migration.
 *
 * As with the generations of today's driver, the code asks for a fact and never for a snapshot by name.
 *
 * Source: docs/designs.md section 4. Facts marked there as ours are not in what was posted.
 */
import { ACCELERATOR_KINDS, ACCELERATORS, acceleratorOfVf, QM_HW } from '../abi/accelerators.ts';
import { V0_BYTES } from '../abi/vf-data-v0.ts';
import type { PfDriver } from './kernel.ts';
import { keysOf } from '../base/keys.ts';

export interface RfcSnapshot {
  /** Where the queue count of the match data is asked for: the VF's mailbox, or the PF's table. */
  readonly matchFrom: 'vfMailbox' | 'pfTable';
  /** Fewest queues with which pre-copy begins. */
  readonly queuesMin: number;
  /** Whether pre-copy waits until the guest's driver is ready, and is refused when it is not. */
  readonly preCopyNeedsGuest: boolean;
  /** Whether entering "stopped" rings the doorbell of every queue. */
  readonly stoppedRingsDoorbells: boolean;
  /** Whether a VF without a guest driver is saved as 0 bytes, and 0 bytes are loaded by doing nothing. */
  readonly knowsEmptyImage: boolean;
  /** data_size of a fresh region. */
  readonly initialDataSize: number;
  /** Whether an access to the region is cut at its end. */
  readonly clipsCount: boolean;
  /** What hides the upper half of BAR2: nothing, or the size in region info. Reads and writes reach all of it. */
  readonly barClip: 'none' | 'info';
  /** Whether a reset first marks the VF's guest as not ready; then a load has to mark it as ready. */
  readonly resetMarksNotReady: boolean;
  /** How long the region lives: as long as the driver is bound, or from the first open to the last close. */
  readonly regionLives: 'bound' | 'open';
}

export const RFC_SNAPSHOTS = {
  'rfc-2021-a': {
    matchFrom: 'vfMailbox',
    queuesMin: 2,
    preCopyNeedsGuest: true,
    stoppedRingsDoorbells: true,
    knowsEmptyImage: false,
    initialDataSize: V0_BYTES,
    clipsCount: true,
    barClip: 'none',
    resetMarksNotReady: false,
    regionLives: 'bound',
  },
  'rfc-2021-b': {
    matchFrom: 'pfTable',
    queuesMin: 1,
    preCopyNeedsGuest: false,
    stoppedRingsDoorbells: false,
    knowsEmptyImage: true,
    initialDataSize: 0,
    clipsCount: false,
    barClip: 'info',
    resetMarksNotReady: true,
    regionLives: 'open',
  },
} as const satisfies Readonly<Record<string, RfcSnapshot>>;

export type RfcSnapshotId = keyof typeof RFC_SNAPSHOTS;

export const RFC_SNAPSHOT_IDS = keysOf(RFC_SNAPSHOTS);

/** What a driver finds as the PF of a VF. */
export interface PfFound {
  /** Name of the driver that the PF is bound to. */
  readonly boundTo: string;
  /** The pointer that this driver left with the PF. Only the genuine one leaves a PfDriver; others leave what they like. */
  readonly driverData: PfDriver | null;
  readonly vfCount: number;
}

/** Drivers of the crypto subsystem whose PF object the migration driver understands. */
const PF_DRIVERS: ReadonlySet<string> = new Set(ACCELERATOR_KINDS.map((kind) => ACCELERATORS[kind].pfDriver));

/**
 * Whether the driver of 2021 offers migration: it takes any driver data that are there for the accelerator's, without
 * a check of their owner.
 */
export function rfcOffersMigration(vfDeviceId: number, pf: PfFound): boolean {
  if (acceleratorOfVf(vfDeviceId) === undefined || pf.vfCount === 0) return false;
  return pf.driverData !== null && pf.driverData.hardware >= QM_HW.V3;
}

/** The same question as the merged driver asks it: the PF must be bound to a driver that is known (docs/device.md 1.2). */
export function mergedDriverOffersMigration(vfDeviceId: number, pf: PfFound): boolean {
  return PF_DRIVERS.has(pf.boundTo) && rfcOffersMigration(vfDeviceId, pf);
}
