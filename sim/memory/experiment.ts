/**
 * A published measurement of a VM's move, as its authors published it, in the terms of the model.
 */
import { z } from 'zod';
import { bug } from '../base/bug.ts';
import { BITS_PER_BYTE, bytesPerSecondOf, GIB, GIGA, KIB, MEGA, MIB, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { DirtyModel } from './dirty.ts';
import type { DeviceFigures } from './device-profile.ts';
import type { VmmParameters } from './parameters.ts';
import { dataAtEndShare, LAYOUTS, type MemoryLayout } from './layout.ts';
import { CPU_CLASS_NAMES, onPlatform } from './platform.ts';
import { COMPRESSIONS, FILLS, type ZeroCheck } from './stream.ts';
import { PART_OUTPUTS, partOutputs } from './experiment-parts.ts';
import { type DeviceGroup, moveVm, type VmMoveInput, type VmMoveResult } from './vm-move.ts';
import { DEFAULT_VMM, VMM_NAMES, VMMS } from './vmms.ts';

const PAGE_BYTES = 4096;
/** What an idle guest writes to, at most. */
const IDLE_SET_BYTES = 4 * MIB;

/** What a table may say of its experiment; a row adds to the table's own or overrides them. */
const moveExperimentFields = z.strictObject({
  vmm: z.enum(VMM_NAMES).default(DEFAULT_VMM),
  /** Release of QEMU, such as 8.2; a build between two releases as the next one. Left out: not stated. */
  qemu: z.number().positive().optional(),
  /** Release of the machine type, which decides which thread finds pages of zeros. Left out: that of `qemu`. */
  machineType: z.number().positive().optional(),
  /** Which thread finds them, where that is stated itself. */
  zeroPageDetection: z.enum(['legacy', 'multifd', 'none']).optional(),
  /** Class of the cores at both ends. */
  cpu: z.enum(CPU_CLASS_NAMES).optional(),
  vcpus: z.int().positive(),
  memoryGib: z.number().positive(),
  /** Share of the memory that holds data. */
  nonZeroShare: z.number().min(0).max(1).default(1),
  /** Share of the pages that the VMM examines: free page hinting may leave the others out. */
  lookedShare: z.number().min(0).max(1).default(1),
  /** What the last pages of the guest's memory hold, where that is stated. Default: what follows from its fill. */
  layout: z.enum(LAYOUTS).optional(),
  /** Pages written per second as a share of what the stream carries; 0 is an idle guest. */
  dirtyShareOfStream: z.number().min(0).max(10).default(0),
  /** A working set that is rewritten all the time, in MiB; overrides dirtyShareOfStream. */
  rewrittenMib: z.number().positive().optional(),
  gigabitsPerSecond: z.number().positive(),
  channels: z.int().min(1).max(128).default(1),
  multifd: z.boolean().default(true),
  tls: z.boolean().default(false),
  compression: z.enum(['none', ...COMPRESSIONS]).default('none'),
  /** What fills the memory: a corpus of mixed files, letters drawn at random, or bytes drawn at random. */
  fill: z.enum(FILLS).default('mixed'),
  /** Engines that compress in hardware, at each side. */
  engines: z.int().positive().default(1),
  preallocated: z.boolean().default(true),
  capGigabytesPerSecond: z.number().positive().optional(),
  downtimeLimitMs: z.number().positive().default(300),
  roundsMax: z.int().positive().optional(),
  profile: z.string().optional(),
  /** State of each device, where it is stated itself. */
  deviceStateMib: z.number().positive().optional(),
  devices: z.int().min(0).max(63).default(0),
  parallelDevices: z.boolean().default(false),
  switchoverAck: z.boolean().default(false),
  returnPath: z.boolean().default(true),
  /** Whether the guest is at work when it is stopped. Default: where it writes to its memory. */
  loaded: z.boolean().optional(),
  /** virtio devices that another process serves, and the queues of each; a queue of a network device has two rings. */
  netDevices: z.int().min(0).default(0),
  netQueues: z.int().min(0).default(0),
  blkDevices: z.int().min(0).default(0),
  blkQueues: z.int().min(0).default(0),
  /** Changes of QEMU: memory commits collected at load, dirty-bitmap syncs that skip small blocks, MSI-X routes in batches. */
  fewerCommits: z.boolean().default(false),
  patched: z.boolean().default(false),
  batched: z.boolean().optional(),
  /** Guest memory that goes in the pause, where that is stated: with zeros at the end of memory, nothing else does. */
  pauseRamMib: z.number().positive().optional(),
  /** MSI-X vectors of each device. */
  vectorsPerDevice: z.int().positive().optional(),
  /** Inputs that no source states: they are drawn from a range about what was taken. */
  taken: z.array(z.enum(['gigabitsPerSecond', 'vcpus', 'channels', 'dirtyShareOfStream'])).default([]),
  /** Iteration that a row describes, from 0. */
  round: z.int().min(0).optional(),
});

/**
 * Inputs of tables for releases that switched what now follows from them, and processors by their number: as they are said
 * today.
 */
const OTHER_WORDS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  tail: { data: { layout: 'data' }, zeros: { layout: 'zeros' } },
  platform: { server: {}, d06: { cpu: 'kunpeng-920' } },
  corpus: { silesia: { fill: 'mixed' }, random: { fill: 'letters' } },
  cpu: {
    'xeon-8260': { cpu: 'cascade-lake' },
    'xeon-8362': { cpu: 'ice-lake' },
    'xeon-6986p-c': { cpu: 'sapphire-rapids' },
  },
};

function inOwnWords(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const today = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name]![String(value)] : undefined;
      return today === undefined ? [[name, value] as const] : Object.entries(today);
    }),
  );
}

export const moveExperimentSchema = z.preprocess(inOwnWords, moveExperimentFields);

export type MoveExperiment = z.output<typeof moveExperimentSchema>;

/** What such a measurement may report. */
export const MOVE_OUTPUTS = [
  'downtimeMs',
  'totalMs',
  'setupMs',
  'wireMbitPerSecond',
  'memoryMibPerSecond',
  'roundTransferS',
  'roundElapsedS',
  'dirtySyncCount',
  'transferredKib',
  ...PART_OUTPUTS,
] as const;

export type MoveOutput = (typeof MOVE_OUTPUTS)[number];

/** What an experiment's outputs depend on and no source states: fitted, drawn, or nominal. */
export interface Unknowns {
  /** As they are on the reference core. */
  readonly parameters: VmmParameters;
  /** Figures of the experiment's device profile. */
  readonly figures: DeviceFigures | undefined;
  /** Where in a slice of QEMU's sending the limit is met, 0 to 1. */
  readonly windowPhase: number;
  /** Where the last pages of the guest's memory are not stated: a share in [0, 1), below that of guests that end with data. */
  readonly layoutShare: number;
  /** Where in the last digit of a rounded input its value lies, 0 to 1. */
  readonly digitShare: number;
  /** Where in its range the time lies in which the vCPUs stop, and start, 0 to 1. */
  readonly stopShare: number;
  /** Where in its range an input lies that was taken, 0 to 1, each by its name. */
  readonly takenShare: (input: TakenInput) => number;
}

/** Stopping the vCPUs, and starting them, without what each of them adds; it may be so many times as much, or as little. */
const VCPU_STOP_NS = NS_PER_MS;
const VCPU_STOP_FACTOR = 3;

/** What was taken may be so many times as much, or as little. */
const TAKEN_FACTOR = { gigabitsPerSecond: 10, vcpus: 2, channels: 2, dirtyShareOfStream: 1.5 } as const;
type TakenInput = keyof typeof TAKEN_FACTOR;

/** The experiment with inputs that no source states somewhere in their range. */
function withTaken(experiment: MoveExperiment, share: Unknowns['takenShare']): MoveExperiment {
  const { taken, gigabitsPerSecond, vcpus, channels, dirtyShareOfStream } = experiment;
  if (taken.length === 0) return experiment;
  const at = (name: TakenInput, value: number): number =>
    taken.includes(name) ? value * TAKEN_FACTOR[name] ** (2 * share(name) - 1) : value;
  const whole = (value: number): number => Math.max(1, Math.round(value));
  return {
    ...experiment,
    gigabitsPerSecond: at('gigabitsPerSecond', gigabitsPerSecond),
    vcpus: whole(at('vcpus', vcpus)),
    channels: whole(at('channels', channels)),
    dirtyShareOfStream: at('dirtyShareOfStream', dirtyShareOfStream),
  };
}

/** What a guest's last pages hold where no source says it. */
function unstatedLayout(qemu: number | undefined, share: number): MemoryLayout {
  return share < dataAtEndShare(qemu) ? 'data' : 'rising';
}

/** Digits after the point from which a share is taken to be exact. */
const EXACT_DIGITS = 3;

/**
 * A share as it may have been before it was rounded: 0.8 is from 0.75 to 0.85, 0.8134 is what it says, and so are 0 and 1.
 *
 * @param digitShare where in that range, 0 to 1
 */
export function unrounded(share: number, digitShare: number): number {
  const digits = String(share).split('.')[1]?.length ?? 0;
  if (digits === 0 || digits >= EXACT_DIGITS) return share;
  return Math.min(1, Math.max(0, share + (digitShare - 1 / 2) * 10 ** -digits));
}

/** What the model makes of an experiment. */
export function runMoveExperiment(
  experiment: MoveExperiment,
  { parameters, figures, windowPhase, layoutShare, digitShare, takenShare, stopShare }: Unknowns,
): Readonly<Partial<Record<MoveOutput, number>>> {
  const p = onPlatform(parameters, experiment);
  const layout = experiment.layout ?? unstatedLayout(experiment.qemu, layoutShare);
  const filled = { ...withTaken(experiment, takenShare), nonZeroShare: unrounded(experiment.nonZeroShare, digitShare) };
  const vcpuStopNs = VCPU_STOP_NS * VCPU_STOP_FACTOR ** (2 * stopShare - 1);
  const input = moveInput(filled, figures, { windowPhase, layout, vcpuStopNs }, p);
  return outputs(filled, input, moveVm(input, p), p);
}

function moveInput(
  experiment: MoveExperiment,
  figures: DeviceFigures | undefined,
  {
    windowPhase,
    layout,
    vcpuStopNs,
  }: { readonly windowPhase: number; readonly layout: MemoryLayout; readonly vcpuStopNs: number },
  p: VmmParameters,
): VmMoveInput {
  const { vmm, vcpus, channels, gigabitsPerSecond, memoryGib, lookedShare } = experiment;
  const zeroCheck = zeroCheckOf(experiment);
  const cap = experiment.capGigabytesPerSecond;
  return {
    vcpus,
    memory: {
      bytes: memoryGib * GIB,
      nonZeroShare: zeroCheck === 'none' ? 1 : experiment.nonZeroShare,
      lookedShare,
      pageBytes: PAGE_BYTES,
      dirty: dirtyOf(experiment, p),
      layout,
    },
    stream: {
      vmm,
      gigabitsPerSecond,
      latencyNs: 20_000,
      lineShare: 1,
      channels,
      multifd: experiment.multifd,
      tls: experiment.tls,
      compression: experiment.compression === 'none' ? null : experiment.compression,
      compressionRatio: null,
      fill: experiment.fill,
      engines: experiment.engines,
      zeroCheck,
      preallocated: experiment.preallocated,
      maxBytesPerSecond: cap === undefined ? Infinity : cap * GIGA,
    },
    convergence: {
      vmm,
      manager: VMMS[vmm].watchedBy,
      progressTimeoutNs: Infinity,
      downtimeLimitNs: experiment.downtimeLimitMs * NS_PER_MS,
      limitSteps: [],
      autoConverge: false,
      timeoutNs: 3600 * NS_PER_S,
      roundsMax: experiment.roundsMax ?? Infinity,
      whenOut: 'stop',
      hasVfio: false,
      windowPhase,
    },
    devices: devicesOf(experiment, figures),
    parallelDevices: experiment.parallelDevices,
    switchoverAck: experiment.switchoverAck,
    returnPath: experiment.returnPath,
    vcpuStopNs,
    vcpuStartNs: vcpuStopNs,
    busyVcpus: experiment.loaded ?? (experiment.dirtyShareOfStream > 0 || experiment.rewrittenMib !== undefined),
    ...vhostOf(experiment),
  };
}

/** From this release of the machine type on the channels of multifd find pages of zeros. */
const ZEROS_IN_CHANNELS = 9;

function zeroCheckOf({ zeroPageDetection, machineType, qemu, multifd }: MoveExperiment): ZeroCheck {
  if (zeroPageDetection === 'none') return 'none';
  const release = machineType ?? qemu ?? 0;
  const inChannels = zeroPageDetection === undefined ? release >= ZEROS_IN_CHANNELS : zeroPageDetection === 'multifd';
  return multifd && inChannels ? 'channels' : 'mainThread';
}

function dirtyOf(experiment: MoveExperiment, p: VmmParameters): DirtyModel {
  if (experiment.rewrittenMib !== undefined) {
    // Often enough that every page is written in every iteration.
    const workingSetBytes = experiment.rewrittenMib * MIB;
    return { kind: 'uniform', workingSetBytes, pagesPerSecond: (100 * workingSetBytes) / PAGE_BYTES };
  }
  if (experiment.dirtyShareOfStream === 0) {
    return idleWrites(experiment, p);
  }
  const bytesPerSecond = bytesPerSecondOf(experiment.gigabitsPerSecond) * p.lineShare;
  return { kind: 'uniform', pagesPerSecond: (experiment.dirtyShareOfStream * bytesPerSecond) / PAGE_BYTES };
}

/** Memory that a guest hints as free at once, its time for all of it, and no second time within a move. */
const HINT_BLOCK_BYTES = 4 * MIB;
const HINT_NS = NS_PER_S;
const NEVER_AGAIN_NS = 1e6 * NS_PER_S;
/** So many writes for each page leave hardly one of the set that is not written. */
const WRITES_PER_PAGE = 5;

/**
 * An idle guest writes to little, again and again. One that hints free pages (`lookedShare` below 1) also writes what it keeps of
 * them, once: QEMU starts the hinting after a sync of the dirty bitmap, and the guest keeps what it has hinted to the end.
 */
function idleWrites({ nonZeroShare, memoryGib, lookedShare }: MoveExperiment, p: VmmParameters): DirtyModel {
  const memoryBytes = memoryGib * GIB;
  const usedBytes = nonZeroShare * memoryBytes;
  const workingSetBytes = Math.min(IDLE_SET_BYTES, usedBytes);
  const idle = { workingSetBytes, pagesPerSecond: p.idlePagesPerSecond };
  const hintedBytes = (1 - lookedShare) * memoryBytes;
  const pages = (hintedBytes / HINT_BLOCK_BYTES) * p.hintPagesPerBlock;
  const burstBytes = Math.min(pages * PAGE_BYTES, usedBytes - workingSetBytes);
  if (burstBytes === 0) return { kind: 'uniform', ...idle };
  const burstPagesPerSecond = (WRITES_PER_PAGE * burstBytes * NS_PER_S) / PAGE_BYTES / HINT_NS;
  return {
    kind: 'bursts',
    ...idle,
    burstBytes,
    burstPagesPerSecond,
    everyNs: NEVER_AGAIN_NS,
    lastsNs: HINT_NS,
    beginsNs: 0,
  };
}

function devicesOf(
  { devices, profile, deviceStateMib }: MoveExperiment,
  figures: DeviceFigures | undefined,
): DeviceGroup[] {
  if (devices === 0) return [];
  if (figures === undefined || profile === undefined) return bug('EXPERIMENT_PROFILE', profile);
  const stateBytes = deviceStateMib === undefined ? figures.stateBytes : deviceStateMib * MIB;
  return [{ name: profile, count: devices, queues: 1, figures: { ...figures, stateBytes } }];
}

/** A queue of a network device is a ring to send and one to receive. */
const NET_RINGS = 2;

function vhostOf(experiment: MoveExperiment): Pick<VmMoveInput, 'vhost'> {
  const { netDevices, netQueues, blkDevices, blkQueues, fewerCommits, patched } = experiment;
  const devices = netDevices + blkDevices;
  if (devices === 0) return {};
  const queues = netDevices * netQueues * NET_RINGS + blkDevices * blkQueues;
  return { vhost: { devices, queues, fewerCommits, alignedSync: patched } };
}

function outputs(
  experiment: MoveExperiment,
  input: VmMoveInput,
  result: VmMoveResult,
  p: VmmParameters,
): Partial<Record<MoveOutput, number>> {
  const { stream } = input;
  const { rates, rounds, totalNs, setupNs, wireBytes } = result;
  const round = experiment.round === undefined ? undefined : rounds[experiment.round];
  const iterations = rounds.reduce((sum, { count }) => sum + count, 0);
  return {
    downtimeMs: result.reportedNs / NS_PER_MS,
    totalMs: totalNs / NS_PER_MS,
    setupMs: setupNs / NS_PER_MS,
    wireMbitPerSecond: ((wireBytes * BITS_PER_BYTE) / MEGA / (totalNs - setupNs)) * NS_PER_S,
    memoryMibPerSecond: rates.memoryBytesPerSecond / MIB,
    // One sync at setup, one after each iteration, one in the pause.
    ...(VMMS[stream.vmm].findsZeros ? { dirtySyncCount: iterations + 2 } : {}),
    transferredKib: wireBytes / KIB,
    ...partOutputs(experiment, input, result, p),
    ...(round === undefined
      ? {}
      : {
          roundTransferS: round.sentBytes / rates.memoryBytesPerSecond,
          roundElapsedS: (round.startNs + round.lastsNs) / NS_PER_S,
        }),
  };
}
