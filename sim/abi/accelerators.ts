/**
 * The accelerators of the family and the versions of their hardware.
 *
 * Source: docs/device.md sections 1.1, 1.2 and 2.2 (RAS masks); docs/designs.md section 4 (the images of 2021).
 */
import { keysOf } from '../base/keys.ts';
import { PF_REG } from './registers.ts';

/** Facts of one kind of accelerator. */
export interface AcceleratorFacts {
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
  /** Number of the kind in images without a magic number, as the driver of 2021 wrote them. */
  readonly accTypeV0: number;
  /** Name of the PF's driver in the kernel. */
  readonly pfDriver: string;
}

/** Every kind of accelerator; the order is that of help texts and tables. */
export const ACCELERATORS = {
  sec: {
    pfDeviceId: 0xa255,
    vfDeviceId: 0xa256,
    sqeBytes: 128,
    pfDefaultQueues: 256,
    cores: 4,
    coreStatusRegister: PF_REG.SEC_CORE_INT_STATUS,
    qmShutdownMask: 0x6c77,
    coreShutdownMask: 0x177,
    accTypeV0: 1,
    pfDriver: 'hisi_sec2',
  },
  hpre: {
    pfDeviceId: 0xa258,
    vfDeviceId: 0xa259,
    sqeBytes: 64,
    pfDefaultQueues: 64,
    cores: 10,
    coreStatusRegister: PF_REG.HPRE_HAC_INT_STATUS,
    qmShutdownMask: 0x6c37,
    coreShutdownMask: 0xbffc3e,
    accTypeV0: 2,
    pfDriver: 'hisi_hpre',
  },
  zip: {
    pfDeviceId: 0xa250,
    vfDeviceId: 0xa251,
    sqeBytes: 128,
    pfDefaultQueues: 64,
    cores: 5,
    coreStatusRegister: PF_REG.HZIP_CORE_INT_STATUS,
    qmShutdownMask: 0x6c77,
    coreShutdownMask: 0x7fe,
    accTypeV0: 3,
    pfDriver: 'hisi_zip',
  },
} as const satisfies Readonly<Record<string, AcceleratorFacts>>;

export type AcceleratorKind = keyof typeof ACCELERATORS;

export const ACCELERATOR_KINDS = keysOf(ACCELERATORS);

/** `enum qm_hw_ver`: the PCI revision of each version of the hardware. docs/device.md 1.2. */
export const QM_HW = { V1: 0x20, V2: 0x21, V3: 0x30, V4: 0x50, V5: 0x51 } as const;

export type HardwareVersion = keyof typeof QM_HW;

export const HARDWARE_VERSIONS = keysOf(QM_HW);

/** The version of the hardware with a PCI revision, or undefined for a revision that no table knows. */
export function versionOfRevision(revision: number | undefined): HardwareVersion | undefined {
  return HARDWARE_VERSIONS.find((version) => QM_HW[version] === revision);
}

/** The version that is taken where none is named: the first that migrates. */
export const DEFAULT_HARDWARE = 'V3' as const satisfies HardwareVersion;

/** The first version that can move the migration windows of its VFs into the PF's BAR2. */
export const FIRST_WITH_PF_WINDOW = 'V4' as const satisfies HardwareVersion;

/** Versions whose VFs can migrate. */
export const MIGRATING_VERSIONS = HARDWARE_VERSIONS.filter((version) => QM_HW[version] >= QM_HW.V3);

/** The accelerator that a VF device id belongs to, or undefined for an id that the driver does not know. */
export function acceleratorOfVf(vfDeviceId: number): AcceleratorFacts | undefined {
  for (const kind of ACCELERATOR_KINDS) {
    const facts = ACCELERATORS[kind];
    if (facts.vfDeviceId === vfDeviceId) return facts;
  }
  return undefined;
}
