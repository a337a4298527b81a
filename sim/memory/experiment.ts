/**
 * A published measurement of a VM's move, as its authors told it, put into the terms of the model.
 */
import { z } from 'zod';
import { bug } from '../base/bug.ts';
import { BITS_PER_BYTE, bytesPerSecondOf, GIB, GIGA, MEGA, MIB, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import { type DeviceProfile, figuresOf, type RangeEnd } from './device-profile.ts';
import { longParameters, pointParameters, shortParameters, type VmmParameters } from './parameters.ts';
import { type DeviceGroup, moveVm, TAILS, type VmMoveInput, type VmMoveResult } from './vm-move.ts';
import { COMPRESSIONS } from './stream.ts';
import { DEFAULT_VMM, VMM_NAMES, VMMS } from './vmms.ts';

const PAGE_BYTES = 4096;

/** What a table may say of its experiment; a row adds to the table's own or overrides them. */
export const moveExperimentSchema = z.strictObject({
  vmm: z.enum(VMM_NAMES).default(DEFAULT_VMM),
  /** `d06`: the boards of that table, with slower cores. */
  platform: z.enum(['server', 'd06']).default('server'),
  vcpus: z.int().positive(),
  memoryGib: z.number().positive(),
  /** Share of the memory that holds data. */
  nonZeroShare: z.number().min(0).max(1).default(1),
  /** Whether what is left for the pause is data, or zeros at the end of a memory that was never used up. */
  tail: z.enum(TAILS).default('data'),
  /** Pages written per second as a share of what the stream carries; 0 is an idle guest. */
  dirtyShareOfStream: z.number().min(0).max(10).default(0),
  /** A working set that is rewritten all the time, in MiB; overrides dirtyShareOfStream. */
  rewrittenMib: z.number().positive().optional(),
  gigabitsPerSecond: z.number().positive(),
  channels: z.int().min(1).max(128).default(1),
  multifd: z.boolean().default(true),
  tls: z.boolean().default(false),
  compression: z.enum(['none', ...COMPRESSIONS]).default('none'),
  /** What fills the memory: the corpus, or the random fill of table d06, which any method takes to the ratio of deflate. */
  corpus: z.enum(['silesia', 'random']).default('silesia'),
  preallocated: z.boolean().default(true),
  capGigabytesPerSecond: z.number().positive().optional(),
  downtimeLimitMs: z.number().positive().default(300),
  roundsMax: z.int().positive().optional(),
  profile: z.string().optional(),
  devices: z.int().min(0).max(63).default(0),
  parallelDevices: z.boolean().default(false),
  switchoverAck: z.boolean().default(false),
  /** Which round a row tells of, from 0. */
  round: z.int().min(0).optional(),
});

type MoveExperiment = z.output<typeof moveExperimentSchema>;

/** What such a measurement may report. */
export const MOVE_OUTPUTS = [
  'downtimeMs',
  'totalMs',
  'wireMbitPerSecond',
  'memoryMibPerSecond',
  'roundTransferS',
  'roundElapsedS',
] as const;

type MoveOutput = (typeof MOVE_OUTPUTS)[number];

const PARAMETERS: Readonly<Record<RangeEnd, VmmParameters>> = {
  point: pointParameters(),
  short: shortParameters(),
  long: longParameters(),
};

/** The phase of QEMU's window, unknown in all of them: the middle, and both ends. */
const WINDOW_PHASE: Readonly<Record<RangeEnd, number>> = { point: 0.5, short: 1, long: 0 };

/** Model of an experiment with all parameters at one end. */
export function runMoveExperiment(
  experiment: MoveExperiment,
  profile: DeviceProfile | undefined,
  end: RangeEnd,
): Readonly<Partial<Record<MoveOutput, number>>> {
  const p = PARAMETERS[end];
  const input = moveInput(experiment, profile, end, p);
  const result = moveVm(input, p);
  return outputs(experiment, result);
}

function moveInput(
  experiment: MoveExperiment,
  profile: DeviceProfile | undefined,
  end: RangeEnd,
  p: VmmParameters,
): VmMoveInput {
  const { vmm, vcpus, channels, gigabitsPerSecond, memoryGib } = experiment;
  const cap = experiment.capGigabytesPerSecond;
  return {
    vcpus,
    memory: {
      bytes: memoryGib * GIB,
      nonZeroShare: experiment.nonZeroShare,
      pageBytes: PAGE_BYTES,
      dirty: dirtyOf(experiment, p),
      tail: experiment.tail,
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
      compressionRatio: experiment.corpus === 'random' ? p.deflateRatio : null,
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
      windowPhase: WINDOW_PHASE[end],
    },
    devices: devicesOf(experiment, profile, end),
    parallelDevices: experiment.parallelDevices,
    switchoverAck: experiment.switchoverAck,
    returnPath: true,
    vcpuStopNs: NS_PER_MS,
    vcpuStartNs: NS_PER_MS,
    ...(experiment.platform === 'd06' ? { otherStateNs: vcpus * p.olderVcpuStateNs } : {}),
  };
}

function dirtyOf(experiment: MoveExperiment, p: VmmParameters): VmMoveInput['memory']['dirty'] {
  if (experiment.rewrittenMib !== undefined) {
    // Often enough that every page is written in every round.
    const workingSetBytes = experiment.rewrittenMib * MIB;
    return { kind: 'uniform', workingSetBytes, pagesPerSecond: (100 * workingSetBytes) / PAGE_BYTES };
  }
  if (experiment.dirtyShareOfStream === 0) return { kind: 'none' };
  const bytesPerSecond = bytesPerSecondOf(experiment.gigabitsPerSecond) * p.lineShare;
  return { kind: 'uniform', pagesPerSecond: (experiment.dirtyShareOfStream * bytesPerSecond) / PAGE_BYTES };
}

function devicesOf(experiment: MoveExperiment, profile: DeviceProfile | undefined, end: RangeEnd): DeviceGroup[] {
  if (experiment.devices === 0) return [];
  if (profile === undefined) return bug('EXPERIMENT_PROFILE', experiment.profile);
  return [{ name: profile.id, count: experiment.devices, queues: 1, figures: figuresOf(profile, end) }];
}

function outputs(experiment: MoveExperiment, result: VmMoveResult): Partial<Record<MoveOutput, number>> {
  const { rates, rounds } = result;
  const round = experiment.round === undefined ? undefined : rounds[experiment.round];
  return {
    downtimeMs: result.pauseNs / NS_PER_MS,
    totalMs: result.totalNs / NS_PER_MS,
    wireMbitPerSecond: (rates.wireBytesPerSecond * BITS_PER_BYTE) / MEGA,
    memoryMibPerSecond: rates.memoryBytesPerSecond / MIB,
    ...(round === undefined
      ? {}
      : {
          roundTransferS: round.sentBytes / rates.memoryBytesPerSecond,
          roundElapsedS: (round.startNs + round.lastsNs) / NS_PER_S,
        }),
  };
}
