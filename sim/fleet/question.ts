/**
 * The question document: what is asked of a VM or a fleet, and what must hold. Version 2; docs/plan-format.md explains
 * each field.
 */
import { z } from 'zod';
import { VFS_MAX } from '../abi/vft.ts';
import { NS_PER_MS, NS_PER_S } from '../base/units.ts';
import { bytes, duration, durationIn } from '../base/quantity.ts';
import { formatVersion } from '../base/format-version.ts';
import { linkGigabits, scenarioSchema } from '../scenario/document.ts';
import type { Watch } from '../memory/manager.ts';
import { CLASSES_MAX } from './rooms.ts';
import { CONFIDENCE_MAX, CONFIDENCE_MIN, DEFAULT_CONFIDENCE } from './confidence.ts';
import { limitsSchema } from './limits.ts';
import { ACCELERATOR_KINDS, MIGRATING_VERSIONS } from '../abi/accelerators.ts';
import { IN_FLIGHT_MODES } from '../abi/in-flight.ts';
import { GENERATION_IDS } from '../driver/generation.ts';
import { POLICIES } from '../pci/policy.ts';
import { platformFields } from '../manager/question.ts';
import { CPU_CLASS_NAMES } from '../memory/platform.ts';
import { HOST_ORDERS, VM_ORDERS } from './evacuation-terms.ts';

export const QUESTION_FORMAT = 'stopcopy-question';
export const QUESTION_VERSION = 2;

/** A VM as a scenario describes it, without what happens to it. */
export const questionVmSchema = scenarioSchema.pick({
  vmm: true,
  vmmVersion: true,
  manager: true,
  managerVersion: true,
  libvirtVersion: true,
  kernel: true,
  distribution: true,
  iommu: true,
  hostPage: true,
  qemu: true,
  cloudHypervisor: true,
  kubevirt: true,
  nova: true,
  proxmox: true,
  assume: true,
  vcpus: true,
  cpu: true,
  memory: true,
  stream: true,
  convergence: true,
  parallelDevices: true,
  switchoverAck: true,
  returnPath: true,
  devices: true,
  vhost: true,
});

/** With the manager that an operator's limits bring; without: as the VM's own words say. */
export type QuestionVm = z.output<typeof questionVmSchema> & { readonly watch?: Watch };

/** Where the pause has to stay within its budget: with parameters anywhere in their ranges, or nominal. */
const judge = z.enum(['long', 'point']).default('long');

const budget = z
  .strictObject({ pause: duration.default(300 * NS_PER_MS), judge })
  .default({ pause: 300 * NS_PER_MS, judge: 'long' });

/** An evacuation is judged by pauses only where a question says how long they may be. */
const evacuateBudget = z.strictObject({ pause: duration.optional(), judge }).default({ judge: 'long' });

/** Share of draws of everything unknown in which the answer holds; 1: in all, and at every corner of the parameters. */
const confidence = z
  .union([z.number().min(CONFIDENCE_MIN).max(CONFIDENCE_MAX), z.literal(1)], {
    error: `allowed is ${CONFIDENCE_MIN} to ${CONFIDENCE_MAX}, or 1`,
  })
  .default(DEFAULT_CONFIDENCE);

const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .optional()
  .describe('Which draws of everything unknown are taken; left out: the same for all questions.');

const head = {
  format: z.literal(QUESTION_FORMAT),
  version: formatVersion(QUESTION_FORMAT),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  description: z.string().min(1),
  /** What holds of all its VMs that say nothing else: VMM, manager, hosts, and what is assumed of them. */
  ...platformFields,
  /** Fields by their path, such as `vm.stream.channels`, with the values to try; every combination is asked. */
  grid: z.record(z.string(), z.array(z.union([z.number(), z.string(), z.boolean()])).min(1)).optional(),
};

/** Which of the VM's devices is meant, from 1. */
const device = z.int().min(1).max(VFS_MAX).default(1);

const most = z.strictObject({
  ...head,
  ask: z.literal('most'),
  seed,
  of: z.enum(['vfs', 'queues', 'load']),
  device,
  vm: questionVmSchema,
  budget,
  confidence,
});

const least = z.strictObject({
  ...head,
  ask: z.literal('least'),
  seed,
  of: z.enum(['gigabitsPerSecond', 'channels']),
  vm: questionVmSchema,
  budget,
  confidence,
});

const atOnce = z.strictObject({
  ...head,
  ask: z.literal('at-once'),
  seed,
  over: z.enum(['host', 'pf', 'uplink']),
  /** Rate of the uplink that moves from several hosts share. */
  uplinkGigabitsPerSecond: linkGigabits.optional(),
  vm: questionVmSchema,
  limits: limitsSchema.optional(),
  budget,
  confidence,
});

const converge = z.strictObject({
  ...head,
  ask: z.literal('converge'),
  seed,
  vm: questionVmSchema,
  limits: limitsSchema.optional(),
});

const taken = z.number().min(0).default(0);

/** What others take of the links, which migrations do not get. */
const otherTraffic = z
  .strictObject({
    share: z.number().min(0).lt(1).default(0).describe('Of every link.'),
    hostGigabitsPerSecond: taken,
    pfGigabitsPerSecond: taken,
    rackGigabitsPerSecond: taken,
    spineGigabitsPerSecond: taken,
  })
  .describe('What others take of the links: a share of each, and 10^9 bits per second of links of a kind.');

const perHost = z.int().min(0).max(1000);
const pfsPerHost = z.int().min(1).max(16);

/** What a host can still take, next to its own VMs. */
const roomFields = {
  memory: bytes.optional(),
  vfs: z.int().min(0).max(10_000),
  queues: z.int().min(0).max(1_000_000),
  vcpus: z.int().min(0).max(100_000).optional(),
};

/** Hosts that are alike, where not all of a fleet are. What they do not say, the fleet says. */
const hostClass = z.strictObject({
  name: z.string().min(1),
  hosts: z.int().min(1).max(100_000).describe('So many of them; those of a class follow one another.'),
  hostNames: z.array(z.string().min(1)).min(1).optional().describe('Their names, in their order: one for each.'),
  hostGigabitsPerSecond: linkGigabits.optional(),
  pfsPerHost: pfsPerHost.optional(),
  pfGigabitsPerSecond: linkGigabits.optional(),
  outboundPerHost: z.int().min(1).optional().describe('Moves at once out of each, at most, next to the limits.'),
  inboundPerHost: z.int().min(1).optional().describe('Moves at once into each, at most, next to the limits.'),
  cpu: z.enum(CPU_CLASS_NAMES).optional().describe('Processor of the VMs that leave them.'),
  room: z.strictObject(roomFields).partial().optional(),
  vms: z.record(z.string(), perHost).optional().describe('VMs on each, by their names; others: their perHost.'),
});

/** VMs that must not share a host. */
const antiAffinity = z.strictObject({
  vms: z.array(z.string().min(1)).min(1).describe('Names of VMs no two of which share a host.'),
  members: z.int().min(2).optional().describe('VMs of a group, host by host; left out: all of them are one.'),
});

const fleet = z.strictObject({
  racks: z.int().min(1).max(100_000),
  hostsPerRack: z.int().min(1).max(1000),
  /** Links that migrations may use, in 10^9 bits per second; left out: never full. */
  hostGigabitsPerSecond: linkGigabits,
  pfsPerHost: pfsPerHost.default(1),
  pfGigabitsPerSecond: linkGigabits.optional(),
  rackGigabitsPerSecond: linkGigabits.optional(),
  spineGigabitsPerSecond: linkGigabits.optional(),
  otherTraffic: otherTraffic.optional(),
  /** What every host that is not emptied can still take. */
  room: z
    .strictObject({ ...roomFields, vfs: roomFields.vfs.default(VFS_MAX), queues: roomFields.queues.default(1024) })
    .prefault({}),
  hostClasses: z
    .array(hostClass)
    .min(1)
    .max(10_000)
    .describe('Hosts that differ, in the order in which they stand in the racks.')
    .optional(),
  vms: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        perHost: perHost
          .optional()
          .describe('On each host; of host classes that say it themselves, their number holds.'),
        names: z
          .record(z.string(), z.array(z.string().min(1)))
          .optional()
          .describe('Names of the VMs, by the name of their host; of a host that it names, all of them.'),
        /** Whether it may be moved at all; one that may not stays, and its host with it. */
        migratable: z.boolean().default(true),
        /** Those with more begin before others, in the whole fleet. */
        priority: z.int().min(0).max(1_000_000).default(0),
        runsOn: z.array(z.string().min(1)).min(1).optional().describe('Host classes that may take it; left out: all.'),
        vm: questionVmSchema,
      }),
    )
    .min(1)
    .max(CLASSES_MAX),
  antiAffinity: z.array(antiAffinity).min(1).max(1000).optional(),
});

const evacuate = z.strictObject({
  ...head,
  ask: z.literal('evacuate'),
  seed,
  /** How many hosts, or racks, are emptied; the first ones. */
  hosts: z.int().min(1).optional(),
  racks: z.int().min(1).optional(),
  fleet,
  limits: limitsSchema.optional(),
  order: z
    .strictObject({
      hosts: z.enum(HOST_ORDERS).default(HOST_ORDERS[0]),
      vms: z.enum(VM_ORDERS).default(VM_ORDERS[0]),
    })
    .prefault({}),
  /** Whether the other orders are tried as well. */
  compareOrders: z.boolean().default(false),
  /** Hosts are emptied one after another, restart and come back; left out: all at once, for good. */
  maintenance: z
    .strictObject({
      hostsAtOnce: z.int().min(1).default(1),
      restart: durationIn('s').describe('From the last move out of a host until it takes VMs again.'),
    })
    .describe('Hosts are emptied one after another, restart and come back with their room.')
    .optional(),
  /** So many hosts' worth of room stays free on those that take VMs. */
  reserve: z
    .int()
    .min(1)
    .max(100_000)
    .describe('So many hosts may fail: what the others have free holds what the largest of them hold and have free.')
    .optional(),
  /** Times at which moves may begin; those that have begun run on. */
  windows: z
    .strictObject({ length: durationIn('h'), every: durationIn('h').default(24 * 3600 * NS_PER_S) })
    .describe('Moves begin in the first length of each every; those that have begun run on.')
    .optional(),
  /** Time in which it must be done. */
  within: durationIn('min').optional(),
  budget: evacuateBudget,
});

const host = z.strictObject({
  name: z.string().min(1),
  /** Kind of the VFs that it has free; `other`: of no accelerator. */
  kind: z.enum([...ACCELERATOR_KINDS, 'other']),
  /** Default: V3; only accelerators have one. */
  hardware: z.enum(MIGRATING_VERSIONS).optional(),
  /** Free of the PF's VFs. */
  freeVfs: z.int().min(0).max(VFS_MAX),
  /** Free of the queues of an accelerator's PF; of no other PF. */
  freeQueues: z.int().min(0).max(1024).optional(),
  /** Queue pairs of each VF that is made there; left out: as many as asked for. */
  queuesPerVf: z.int().min(1).max(1024).optional(),
  /** Left out: as many as asked for. */
  freeVcpus: z.int().min(0).max(100_000).optional(),
  freeMemory: bytes.optional(),
  /** A topology, the address of a VF in it, and the policy that must let the driver load. */
  isolation: z.strictObject({ topology: z.string().min(1), policy: z.enum(POLICIES), vf: z.string() }).optional(),
});

const room = z.strictObject({
  ...head,
  ask: z.literal('room'),
  vm: questionVmSchema,
  hosts: z.array(host).min(1).max(100_000),
});

const compare = z.strictObject({
  ...head,
  ask: z.literal('compare'),
  seed,
  vm: questionVmSchema,
  variants: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        driver: z.enum(GENERATION_IDS).optional(),
        hardware: z.enum(MIGRATING_VERSIONS).optional(),
        inFlight: z.enum(IN_FLIGHT_MODES).optional(),
      }),
    )
    .min(2)
    .max(12),
  budget,
});

export const questionSchema = z.discriminatedUnion('ask', [most, least, atOnce, converge, evacuate, room, compare]);

/** With everything filled in, sizes in bytes and times in ns. */
export type Question = z.output<typeof questionSchema>;
export type QuestionOf<Ask extends Question['ask']> = Extract<Question, { readonly ask: Ask }>;
export type Budget = z.output<typeof budget>;
export type RoomHost = z.output<typeof host>;
