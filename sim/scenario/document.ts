/**
 * The scenario document: what moves, over what, under which rules, and what goes wrong. Version 2;
 * docs/scenario-format.md explains each field.
 */
import { z } from 'zod';

import { ACCELERATOR_KINDS, MIGRATING_VERSIONS } from '../abi/accelerators.ts';
import { GENERATION_IDS } from '../driver/generation.ts';
import { GIB, KIB, NS_PER_MS, NS_PER_S, TIB } from '../base/units.ts';
import { MOVE_POINTS } from '../move/move.ts';
import { RECOVERIES } from '../move/vf-passage.ts';
import { demandFields } from './demand.ts';
import { DEVICE_FAULT_NAMES, IMAGE_FIELD_NAMES } from './fault.ts';
import { IN_FLIGHT_MODES } from '../abi/in-flight.ts';
import { WHEN_OUT } from '../memory/convergence.ts';
import { COMPRESSIONS } from '../memory/stream.ts';
import { CPU_CLASS_NAMES } from '../memory/platform.ts';
import { DEFAULT_VMM, VMM_NAMES } from '../memory/vmms.ts';
import { LOAD_NAMES } from '../workload/load.ts';
import { POLICIES } from '../pci/policy.ts';
import { byteRate, bytes, bytesIn, duration, durationIn, sizeText } from '../base/quantity.ts';
import { formatVersion } from '../base/format-version.ts';
import { platformDeviceFields, platformFields } from '../manager/question.ts';
import { withUnits } from '../base/schema-fields.ts';

export const SCENARIO_FORMAT = 'stopcopy-scenario';
export const SCENARIO_VERSION = 2;

const SEED_MAX = 2 ** 32 - 1;

/** Pages per second; 1024 vCPUs, each of which writes to another page every nanosecond, reach no more. */
const perSecond = z.number().nonnegative().max(1e12);

/** All that 63 devices write over PCIe 7.0 x16, 242 GB/s each (PCI-SIG, June 2025), rounded up. */
const DMA_BYTES_PER_SECOND_MAX = 1.6e13;

/** 52 bits of physical address: Intel SDM vol. 3A 4.1.4 (MAXPHYADDR), Arm DDI 0487 (FEAT_LPA2). */
const MEMORY_MAX = 4 * 1024 * TIB;

/** Memory of a VM; a working set and the like lie within it. */
const memorySize = bytes
  .refine((size) => size <= MEMORY_MAX, {
    error: 'allowed is up to 4096TiB, all that 52 bits of physical address reach',
    abort: true,
  })
  .describe('A size with its unit, up to 4096TiB: whole pages.');

/** 10^9 bits per second of a link: 64 ports of 1.6 Tbit/s (IEEE 802.3dj) bundled are the most that hosts are built with. */
export const linkGigabits = z.number().positive().max(102_400);

const dirty = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('uniform'), pagesPerSecond: perSecond, workingSet: bytes.optional() }),
  z.strictObject({
    kind: z.literal('hotSet'),
    hot: bytes,
    hotPagesPerSecond: perSecond,
    coldPagesPerSecond: perSecond.default(0),
  }),
  z.strictObject({
    kind: z.literal('bursts'),
    workingSet: bytes,
    pagesPerSecond: perSecond,
    burst: bytes,
    burstPagesPerSecond: perSecond,
    every: duration,
    lasts: duration,
    /** When the first burst of the move begins. Default: any time within `every`; nominal is half of it. */
    begins: durationIn('s').optional(),
  }),
  z.strictObject({
    kind: z.literal('trace'),
    at: z.array(durationIn('s')).min(1),
    pagesPerSecond: z.array(perSecond).min(1),
  }),
]);

const pageSize = bytesIn('KiB')
  .refine((size) => size >= 4 * KIB && Number.isInteger(Math.log2(size)), {
    error: 'allowed is a power of two from 4KiB on',
    abort: true,
  })
  .describe('A power of two from 4KiB on, with its unit.');

const dmaWrites = z.strictObject({
  bytesPerSecond: z.number().nonnegative().max(DMA_BYTES_PER_SECOND_MAX).default(0),
  buffers: bytes.default(0),
  /** In what the IOMMU or the device marks writes. Default: in pages of the vCPUs' dirty log. */
  page: pageSize.optional(),
  /** `none`: the IOMMU marks nothing; the same as `iommu.dirtyTracking: false`. */
  tracking: z.enum(['none']).optional(),
});

/** What the last pages of a guest's memory may hold. */
const TAILS = ['data', 'zeros'] as const;

const memoryFields = z.strictObject({
  size: memorySize,
  nonZeroShare: z.number().min(0).max(1).default(1),
  page: pageSize.default(4 * KIB),
  dirty: dirty.default({ kind: 'none' }),
  /**
   * What the last pages of the memory hold, where that is known: data, or zeros that were never touched. Default: what
   * follows from nonZeroShare, and at the high end of the band data.
   */
  tail: z.enum(TAILS).optional(),
  /** What devices write by DMA in addition. */
  dma: dmaWrites.optional(),
});

/** What of the memory a guest and its devices write lies in it, and both consist of pages. */
const memory = memoryFields
  .describe('What the guest and its devices write lies within size, in whole pages.')
  .superRefine(({ size, page, dirty: writes, dma }, context) => {
    const say = (path: readonly string[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    if (size < page || size % page !== 0)
      say(['size'], `allowed are whole pages, here of ${sizeText(page)} (memory.page)`);
    const within = (path: readonly string[], set: number | undefined): void => {
      if (set === undefined) return;
      if (set > size) say(path, `allowed is up to the VM's memory, ${sizeText(size)}`);
      else if (set < page) say(path, `allowed is a page or more, here ${sizeText(page)} (memory.page)`);
    };
    if (writes.kind === 'uniform') within(['dirty', 'workingSet'], writes.workingSet);
    if (writes.kind === 'hotSet') within(['dirty', 'hot'], writes.hot);
    if (writes.kind === 'bursts') {
      within(['dirty', 'workingSet'], writes.workingSet);
      within(['dirty', 'burst'], writes.burst);
      if (!(writes.lasts > 0 && writes.lasts <= writes.every)) {
        say(['dirty', 'lasts'], 'allowed is more than 0 and at most every: a burst ends before the next begins');
      }
    }
    if (dma === undefined) return;
    if (dma.bytesPerSecond > 0) within(['dma', 'buffers'], dma.buffers);
    else if (dma.buffers > 0) say(['dma', 'bytesPerSecond'], 'how much devices write into these buffers');
  });

const stream = z.strictObject({
  gigabitsPerSecond: linkGigabits,
  latency: durationIn('us').default(20_000),
  share: z.number().gt(0).max(1).default(1),
  channels: z.int().min(1).max(128).default(1),
  multifd: z.boolean().optional(),
  tls: z.boolean().default(false),
  compression: z.enum(['none', ...COMPRESSIONS]).default('none'),
  compressionRatio: z.number().min(1).optional(),
  /** Engines that compress in hardware, at each side. Default: 1. */
  engines: z.int().min(1).max(64).optional(),
  preallocated: z.boolean().default(true),
  maxBytesPerSecond: byteRate.optional(),
});

const limitSteps = z.union([
  z.literal('nova'),
  z.array(z.strictObject({ after: durationIn('s'), limit: duration })).min(1),
]);

export const convergenceFields = z.strictObject({
  /** Default: what the manager sets, 300 ms where there is none. */
  downtimeLimit: duration.optional(),
  /** A limit that rises with time: that of OpenStack Nova, or steps of one's own. */
  steps: limitSteps.optional(),
  /** Default: what the manager sets, false where there is none. */
  autoConverge: z.boolean().optional(),
  timeout: durationIn('s').optional(),
  /** Iterations after which Cloud Hypervisor ends pre-copy. */
  rounds: z.int().min(1).optional(),
  whenOut: z.enum(WHEN_OUT).default('cancel'),
});

const convergence = convergenceFields
  .describe('Either downtimeLimit or steps, not both.')
  .superRefine(({ downtimeLimit, steps }, context) => {
    if (downtimeLimit === undefined || steps === undefined) return;
    const message = 'steps say which limit holds when, and nothing reads it; leave one of the two out';
    context.addIssue({ code: 'custom', path: ['downtimeLimit'], message });
  });

const LOADS = LOAD_NAMES.map((name) => `"${name}"`).join(', ');

const load = z.union(
  [
    z.enum(LOAD_NAMES),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('open'), fraction: z.number(), burst: z.int().default(1) }),
      z.strictObject({ kind: z.literal('closed'), inFlight: z.int() }),
    ]),
  ],
  {
    error: ({ input }) =>
      typeof input === 'number'
        ? `allowed is ${LOADS}, { kind: open, fraction: ${input} } for that share of the engine, or { kind: closed, inFlight: N }`
        : `allowed is ${LOADS}, { kind: open, fraction: 0.8 } or { kind: closed, inFlight: N }`,
  },
);

const depth = z.int().min(2).max(65536);

const device = z.strictObject({
  /** A shipped device profile, or a file. */
  profile: z.string().min(1),
  ...platformDeviceFields,
  /** In each VM. */
  count: z.int().min(0).max(63).default(1),
  /** State of each, where it is known and another than the profile's. */
  state: bytes.optional(),
  /** Queues of each; of an accelerator VF, its queue pairs. */
  queues: z.int().min(1).max(1024).default(1),
  kind: z.enum(ACCELERATOR_KINDS).optional(),
  load: load.optional(),
  depths: z.strictObject({ sq: depth, cq: depth, eq: depth, aeq: depth }).partial().optional(),
  driver: z.enum(GENERATION_IDS).optional(),
  hardware: z.enum(MIGRATING_VERSIONS).optional(),
  /** What a pause does with tasks in service. */
  inFlight: z.enum(IN_FLIGHT_MODES).optional(),
  engine: z.strictObject({ cores: z.int().min(1).max(64), taskTime: durationIn('us') }).optional(),
});

/** virtio devices that another process or the kernel serves. */
const vhost = z
  .strictObject({
    devices: z.int().min(1).max(256),
    /** Virtqueues of all of them together: a network device has two for each pair. */
    queues: z.int().min(1).max(262_144),
  })
  .describe('queues are those of all devices, one or more of each.')
  .refine(({ devices, queues }) => queues >= devices, {
    error: 'allowed is one for each device or more: queues are those of all devices together',
    path: ['queues'],
    abort: true,
  });

const isolation = z.strictObject({
  topology: z.string().min(1),
  policy: z.enum(POLICIES),
  vf: z.string().optional(),
});

const which = { vm: z.int().min(1).max(63).default(1), device: z.int().min(1).max(63).default(1) };

const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cancel'),
    at: z.enum(MOVE_POINTS),
    share: z.number().min(0).max(1).default(0.5),
    vm: z.int().min(1).max(63).optional(),
  }),
  z.strictObject({
    kind: z.literal('link'),
    at: z.enum(['precopy', 'sending']),
    share: z.number().min(0).max(1).default(0.5),
    vm: z.int().min(1).max(63).optional(),
  }),
  z.strictObject({
    kind: z.literal('device'),
    what: z.enum(DEVICE_FAULT_NAMES),
    side: z.enum(['source', 'destination']),
    ...which,
    /** How often it strikes; commands only. Default: always. */
    times: z.int().min(1).optional(),
    /** How long it lasts from the start of the move; errors and messages only. Default: for good. */
    lasts: duration.optional(),
  }),
  z.strictObject({
    kind: z.literal('image'),
    field: z.enum(IMAGE_FIELD_NAMES),
    ...which,
  }),
  z.strictObject({ kind: z.literal('otherQueues'), queues: z.int().min(1).max(1024), ...which }),
]);

export const scenarioSchema = z.strictObject({
  format: z.literal(SCENARIO_FORMAT),
  version: formatVersion(SCENARIO_FORMAT),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  description: z.string().min(1),
  vmm: z.enum(VMM_NAMES).default(DEFAULT_VMM),
  ...platformFields,
  /** How many such VMs move at once, from one host to another. */
  vms: z.int().min(1).max(63).default(1),
  vcpus: z.int().min(1).max(1024),
  /** Class of the cores of both hosts. Default: any of them. */
  cpu: z.enum(CPU_CLASS_NAMES).optional(),
  memory,
  stream,
  convergence: convergence.default({ whenOut: 'cancel' }),
  /** Whether device state is sent on the channels of multifd, a thread per device. */
  parallelDevices: z.boolean().default(false),
  /** Whether the destination makes room for device state before the stop. */
  switchoverAck: z.boolean().default(false),
  /** Whether the source waits for the destination's answer. Default: as the VMM does by default. */
  returnPath: z.boolean().optional(),
  /** What becomes of a VF whose driver failed. Default: what the VMM does. */
  recovery: z.enum(RECOVERIES).optional(),
  devices: z.array(device).default([]),
  /** Its virtio devices that another process or the kernel serves, where they matter. Default: none. */
  vhost: vhost.optional(),
  isolation: isolation.optional(),
  faults: z.array(fault).default([]),
  seed: z.int().min(0).max(SEED_MAX).default(1),
  ...demandFields,
});

/** With everything filled in, sizes in bytes and times in ns. */
export type Scenario = z.output<typeof scenarioSchema>;

/** A scenario as a file would have it. */
export function writtenScenario(scenario: Scenario): unknown {
  return withUnits(scenarioSchema, scenario);
}

export type ScenarioDevice = Scenario['devices'][number];
export type ScenarioFault = Scenario['faults'][number];

/** How Nova raises the downtime limit up to its highest. */
export interface NovaSteps {
  readonly downtimeMs: number;
  readonly steps: number;
  readonly delaySPerGib: number;
}

/** Ten steps up to 500 ms, each 75 s per GiB after the one before, as it ships. */
export const NOVA = { downtimeMs: 500, steps: 10, delaySPerGib: 75 } as const satisfies NovaSteps;
/** Memory below it counts as that much. */
const NOVA_LEAST_GIB = 2;

/** The limits that Nova sets one after another for a VM of that size; whole seconds and whole ms, cut off as it does. */
export function novaSteps(
  memoryBytes: number,
  { downtimeMs, steps, delaySPerGib }: NovaSteps = NOVA,
): { readonly afterNs: number; readonly limitNs: number }[] {
  const delayS = Math.floor(delaySPerGib * Math.max(NOVA_LEAST_GIB, memoryBytes / GIB));
  const base = downtimeMs / steps;
  const rise = (downtimeMs - base) / steps;
  return Array.from({ length: steps + 1 }, (_, i) => ({
    afterNs: delayS * i * NS_PER_S,
    limitNs: Math.floor(base + rise * i) * NS_PER_MS,
  }));
}
