/**
 * The three accelerators of the family and the hardware generations.
 *
 * Source: docs/device.md sections 1.1, 1.2 and 2.2 (RAS masks).
 */
import { PF_REG } from './registers.ts';

export type AcceleratorKind = 'sec' | 'hpre' | 'zip';

export interface AcceleratorFacts {
  readonly kind: AcceleratorKind;
  readonly pfDeviceId: number;
  readonly vfDeviceId: number;
  readonly sqeBytes: number;
  readonly pfDefaultQueues: number;
  /** Cores of hardware V3 when the capability registers are silent. */
  readonly cores: number;
  /** PF register with the accelerator core's error status; must be 0 to stop a VF. */
  readonly coreStatusRegister: number;
  /** QM error bits that shut the device down (V3, capability version 0). */
  readonly qmShutdownMask: number;
  /** Core error bits that shut the device down. */
  readonly coreShutdownMask: number;
}

export const VENDOR_ID = 0x19e5;

export const ACCELERATORS: Readonly<Record<AcceleratorKind, AcceleratorFacts>> = {
  sec: {
    kind: 'sec',
    pfDeviceId: 0xa255,
    vfDeviceId: 0xa256,
    sqeBytes: 128,
    pfDefaultQueues: 256,
    cores: 4,
    coreStatusRegister: PF_REG.SEC_CORE_INT_STATUS,
    qmShutdownMask: 0x6c77,
    coreShutdownMask: 0x177,
  },
  hpre: {
    kind: 'hpre',
    pfDeviceId: 0xa258,
    vfDeviceId: 0xa259,
    sqeBytes: 64,
    pfDefaultQueues: 64,
    cores: 10,
    coreStatusRegister: PF_REG.HPRE_HAC_INT_STATUS,
    qmShutdownMask: 0x6c37,
    coreShutdownMask: 0xbffc3e,
  },
  zip: {
    kind: 'zip',
    pfDeviceId: 0xa250,
    vfDeviceId: 0xa251,
    sqeBytes: 128,
    pfDefaultQueues: 64,
    cores: 5,
    coreStatusRegister: PF_REG.HZIP_CORE_INT_STATUS,
    qmShutdownMask: 0x6c77,
    coreShutdownMask: 0x7fe,
  },
};

export const ACCELERATOR_KINDS: readonly AcceleratorKind[] = ['sec', 'hpre', 'zip'];

/** `enum qm_hw_ver`: the PCI revision. Migration is offered from V3 on. docs/device.md 1.2. */
export const QM_HW = { V1: 0x20, V2: 0x21, V3: 0x30, V4: 0x50, V5: 0x51 } as const;

/** The accelerator that a VF device id belongs to, or undefined for an id that the driver does not know. */
export function acceleratorOfVf(vfDeviceId: number): AcceleratorFacts | undefined {
  for (const kind of ACCELERATOR_KINDS) {
    const facts = ACCELERATORS[kind];
    if (facts.vfDeviceId === vfDeviceId) return facts;
  }
  return undefined;
}
