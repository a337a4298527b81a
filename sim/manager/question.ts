/**
 * The question of `stopcopy can`: a VM with these devices, on hosts like these, under this VMM and manager. Version 2;
 * docs/can.md explains each field.
 *
 * What is left out is asked for when the answer depends on it, and never assumed.
 */
import { z } from 'zod';

import { bytes, duration } from '../base/quantity.ts';
import { formatVersion } from '../base/format-version.ts';
import { NS_PER_MS } from '../base/units.ts';
import { VMM_NAMES } from '../memory/vmms.ts';
import { DISTRIBUTION_IDS, DRIVER_IDS, IOMMU_IDS } from './drivers.ts';
import { unreadFields } from './readers.ts';
import { parseRelease } from './release.ts';
import { MANAGER_IDS } from './vmms.ts';

export const CAN_FORMAT = 'stopcopy-can';
export const CAN_VERSION = 2;

/** How a manager knows a device. */
export const ATTACHED_AS = ['hostDevice', 'gpu', 'network'] as const;

/** The highest downtime limit of QEMU. */
const DOWNTIME_NS_MAX = 2_000_000 * NS_PER_MS;

const RELEASE = "a release such as '6.12' or 'v53', or 'main'";

const release = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const text = String(value);
    if (text === 'main' || parseRelease(text) !== null) return text;
    context.addIssue({ code: 'custom', message: RELEASE });
    return z.NEVER;
  })
  .describe(RELEASE);

/** What a driver offers: where no table knows, or less than its table says. */
const offers = z.strictObject({
  p2p: z.boolean().optional(),
  preCopy: z.boolean().optional(),
  dmaLog: z.boolean().optional(),
});

const attachedAs = z.enum(ATTACHED_AS);

const device = z.strictObject({
  driver: z.enum(DRIVER_IDS),
  /** Address of the first one, such as 0000:03:00.1. */
  address: z.string().min(1).optional(),
  /** Whether the driver offers migration for this device: where no table knows, or false where its condition does not hold. */
  migrates: z.boolean().optional(),
  offers: offers.optional(),
  count: z.int().min(1).max(63).default(1),
  /** Where it is attached to a failover pair (libvirt: teaming), it is unplugged before the move. */
  unplugged: z.boolean().default(false),
  attachedAs: attachedAs.optional(),
});

const iommu = z.strictObject({
  backend: z.enum(['type1', 'iommufd']).optional(),
  hardware: z.enum(IOMMU_IDS).optional(),
  /** Whether the hardware marks pages that devices write. */
  dirtyTracking: z.boolean().optional(),
  /** Whether the kernel reports IOMMU_HW_CAP_DIRTY_TRACKING; asked for where the tables do not know the kernel. */
  kernelReports: z.boolean().optional(),
  /** Whether the guest sees an IOMMU of its own in front of the devices. */
  virtual: z.boolean().default(false),
});

/** Options of QEMU's devices and of `migrate-set-capabilities`. */
const qemu = z.strictObject({
  enableMigration: z.enum(['auto', 'on', 'off']).optional(),
  deviceDirtyTracking: z.boolean().default(true),
  preCopyDirtyTracking: z.boolean().default(true),
  onlyMigratable: z.boolean().default(false),
  postCopy: z.boolean().default(false),
  backgroundSnapshot: z.boolean().default(false),
  multifd: z.boolean().default(false),
  multifdTransfer: z.enum(['auto', 'on', 'off']).default('auto'),
  xbzrle: z.boolean().default(false),
  autoConverge: z.boolean().default(false),
  dirtyLimit: z.boolean().default(false),
  dirtyRing: z.boolean().default(false),
  switchoverAck: z.boolean().default(false),
  returnPath: z.boolean().default(false),
});

const cloudHypervisor = z.strictObject({
  memoryMode: z.enum(['precopy', 'postcopy']).default('precopy'),
  local: z.boolean().default(false),
  transport: z.enum(['tcp', 'unix']).optional(),
  connections: z.int().min(1).default(1),
});

const kubevirt = z.strictObject({
  vgpuLiveMigration: z.boolean().default(false),
  permittedMdev: z.boolean().default(true),
  allowPostCopy: z.boolean().default(false),
});

/** With what decides how a move ends. */
const kubevirtOfMoves = kubevirt.extend({
  /** Feature gate MigrationStallDetection. */
  stallDetection: z.boolean().default(false),
  /** Feature gate MigrationDowntimeTuning, with downtimeTuning in the MigrationPolicy. */
  downtimeTuning: z.boolean().default(false),
  /** maxDowntimeMs: the most that a gate raises the downtime limit to. */
  maxDowntime: duration
    .refine((ns) => ns > 0 && ns <= DOWNTIME_NS_MAX, { error: 'allowed is above 0 and up to 2000s', abort: true })
    .describe('A time with its unit, above 0 and up to 2000s.')
    .optional(),
});

const nova = z.strictObject({
  /** What the alias of the flavor's PCI request says of `live_migratable`. */
  liveMigratable: z.enum(['yes', 'no', 'absent']).default('absent'),
  permitPostCopy: z.boolean().default(false),
});

const proxmox = z.strictObject({
  mapped: z.boolean().default(false),
  liveMigrationCapable: z.boolean().default(false),
});

/** What is taken to be so although the tables say otherwise. */
export const ASSUMPTIONS = ['p2p', 'dirtyTracking', 'hostDevices'] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];

export const assume = z.strictObject({
  /** Every driver offers the P2P states. */
  p2p: z.literal(true).optional(),
  /** Every driver that migrates logs what its device writes. */
  dirtyTracking: z.literal(true).optional(),
  /** Managers move VMs with any device. */
  hostDevices: z.literal(true).optional(),
} satisfies Record<Assumption, z.ZodType>);

/** What scenarios and questions of plans say of VMM, manager and hosts, in the same words. */
export const platformFields = {
  vmmVersion: release.optional(),
  manager: z.enum(MANAGER_IDS).optional(),
  managerVersion: release.optional(),
  /** Release of the libvirt under KubeVirt or Nova. */
  libvirtVersion: release.optional(),
  kernel: release.optional(),
  distribution: z.enum(DISTRIBUTION_IDS).optional(),
  iommu: iommu.optional(),
  hostPage: bytes.optional(),
  /** Without what a scenario says elsewhere: channels, compression, throttling, acknowledgement, return path. */
  qemu: qemu
    .omit({ multifd: true, xbzrle: true, autoConverge: true, switchoverAck: true, returnPath: true })
    .optional(),
  cloudHypervisor: cloudHypervisor.omit({ connections: true }).optional(),
  kubevirt: kubevirtOfMoves.optional(),
  nova: nova.optional(),
  proxmox: proxmox.optional(),
  assume: assume.optional(),
};

/** Fields of a device in a scenario in addition to its profile, under the same names. */
export const platformDeviceFields = {
  attachedAs: attachedAs.optional(),
  migrates: z.boolean().optional(),
  offers: offers.optional(),
};

const canFields = z.strictObject({
  format: z.literal(CAN_FORMAT),
  version: formatVersion(CAN_FORMAT),
  name: z.string().min(1).optional(),
  description: z.string().min(1).optional(),
  vmm: z.enum(VMM_NAMES),
  vmmVersion: release.optional(),
  manager: z.enum(MANAGER_IDS).default('none'),
  managerVersion: release.optional(),
  /** Release of the libvirt under KubeVirt or Nova. */
  libvirtVersion: release.optional(),
  kernel: release.optional(),
  distribution: z.enum(DISTRIBUTION_IDS).optional(),
  iommu: iommu.prefault({}),
  devices: z.array(device).default([]),
  memory: bytes.optional(),
  /** Size of a page of the hosts' kernel; 4 KiB on x86. */
  hostPage: bytes.optional(),
  gigabitsPerSecond: z.number().positive().max(1e5).optional(),
  downtimeLimit: duration.default(300 * NS_PER_MS),
  qemu: qemu.optional(),
  cloudHypervisor: cloudHypervisor.optional(),
  kubevirt: kubevirt.optional(),
  nova: nova.optional(),
  proxmox: proxmox.optional(),
  assume: assume.prefault({}),
});

/** Options of a program that nothing asks are as nobody has set them. */
export const canQuestionSchema = canFields
  .describe('Options of programs that take part only; stopcopy names those that nothing reads.')
  .superRefine((question, context) => {
    for (const { path, why, hint } of unreadFields(question)) {
      context.addIssue({ code: 'custom', path: [...path], message: `${why}. ${hint}` });
    }
  })
  .transform(({ devices, ...question }) => ({
    ...question,
    devices: devices.map(({ attachedAs: as = 'hostDevice' as const, ...others }) => ({ ...others, attachedAs: as })),
    qemu: question.qemu ?? qemu.parse({}),
    cloudHypervisor: question.cloudHypervisor ?? cloudHypervisor.parse({}),
    kubevirt: question.kubevirt ?? kubevirt.parse({}),
    nova: question.nova ?? nova.parse({}),
    proxmox: question.proxmox ?? proxmox.parse({}),
  }));

/** With everything filled in that has a default; sizes in bytes, times in ns. */
export type CanQuestion = z.output<typeof canQuestionSchema>;
export type CanQuestionInput = z.input<typeof canQuestionSchema>;
