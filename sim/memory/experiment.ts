/**
 * A published measurement of a VM's move, as its authors told it, put into the terms of the model.
 */
import { z } from 'zod';
import { bug } from '../base/bug.ts';
import { BITS_PER_BYTE, bytesPerSecondOf, GIB, GIGA, KIB, MEGA, MIB, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';
import type { VmmParameters } from './parameters.ts';
import { LAYOUTS, type MemoryLayout } from './layout.ts';
import { CPU_CLASS_NAMES, onPlatform } from './platform.ts';
import { COMPRESSIONS, FILLS, type ZeroCheck } from './stream.ts';
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
  devices: z.int().min(0).max(63).default(0),
  parallelDevices: z.boolean().default(false),
  switchoverAck: z.boolean().default(false),
  returnPath: z.boolean().default(true),
  /** Which round a row tells of, from 0. */
  round: z.int().min(0).optional(),
});

/** Inputs of tables written for releases that switched what now follows from them: as they are said today. */
const OLD_INPUTS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  tail: { data: { layout: 'data' }, zeros: { layout: 'zeros' } },
  platform: { server: {}, d06: { cpu: 'kunpeng-920' } },
  corpus: { silesia: { fill: 'mixed' }, random: { fill: 'letters' } },
};

function withoutOldInputs(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const today = Object.hasOwn(OLD_INPUTS, name) ? OLD_INPUTS[name]![String(value)] : undefined;
      return today === undefined ? [[name, value] as const] : Object.entries(today);
    }),
  );
}

export const moveExperimentSchema = z.preprocess(withoutOldInputs, moveExperimentFields);

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
  'stopMs',
  'saveRamMs',
  'saveNonIterableMs',
  'loadMs',
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
  /** Whether the last pages of the guest's memory hold data, although nothing says that it was full. */
  readonly dataAtEnd: boolean;
}

/** What the model makes of an experiment. */
export function runMoveExperiment(
  experiment: MoveExperiment,
  { parameters, figures, windowPhase, dataAtEnd }: Unknowns,
): Readonly<Partial<Record<MoveOutput, number>>> {
  const p = onPlatform(parameters, experiment);
  const layout = experiment.layout ?? (dataAtEnd ? 'data' : 'rising');
  const input = moveInput(experiment, figures, windowPhase, layout, p);
  return outputs(experiment, input, moveVm(input, p));
}

function moveInput(
  experiment: MoveExperiment,
  figures: DeviceFigures | undefined,
  windowPhase: number,
  layout: MemoryLayout,
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
    vcpuStopNs: NS_PER_MS,
    vcpuStartNs: NS_PER_MS,
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

function dirtyOf(experiment: MoveExperiment, p: VmmParameters): VmMoveInput['memory']['dirty'] {
  if (experiment.rewrittenMib !== undefined) {
    // Often enough that every page is written in every round.
    const workingSetBytes = experiment.rewrittenMib * MIB;
    return { kind: 'uniform', workingSetBytes, pagesPerSecond: (100 * workingSetBytes) / PAGE_BYTES };
  }
  if (experiment.dirtyShareOfStream === 0) {
    const workingSetBytes = Math.min(IDLE_SET_BYTES, experiment.nonZeroShare * experiment.memoryGib * GIB);
    return { kind: 'uniform', workingSetBytes, pagesPerSecond: p.idlePagesPerSecond };
  }
  const bytesPerSecond = bytesPerSecondOf(experiment.gigabitsPerSecond) * p.lineShare;
  return { kind: 'uniform', pagesPerSecond: (experiment.dirtyShareOfStream * bytesPerSecond) / PAGE_BYTES };
}

function devicesOf({ devices, profile }: MoveExperiment, figures: DeviceFigures | undefined): DeviceGroup[] {
  if (devices === 0) return [];
  if (figures === undefined || profile === undefined) return bug('EXPERIMENT_PROFILE', profile);
  return [{ name: profile, count: devices, queues: 1, figures }];
}

function outputs(
  experiment: MoveExperiment,
  { stream }: VmMoveInput,
  result: VmMoveResult,
): Partial<Record<MoveOutput, number>> {
  const { rates, rounds, criticalNs, totalNs, setupNs, wireBytes } = result;
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
    stopMs: (criticalNs.vcpuStop + criticalNs.deviceStop) / NS_PER_MS,
    saveRamMs: (criticalNs.dirtySync + criticalNs.memory) / NS_PER_MS,
    saveNonIterableMs: criticalNs.otherState / NS_PER_MS,
    loadMs: (criticalNs.platformLoad + criticalNs.vcpuStart + criticalNs.latency) / NS_PER_MS,
    ...(round === undefined
      ? {}
      : {
          roundTransferS: round.sentBytes / rates.memoryBytesPerSecond,
          roundElapsedS: (round.startNs + round.lastsNs) / NS_PER_S,
        }),
  };
}
