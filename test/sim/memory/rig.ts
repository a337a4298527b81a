/**
 * A VM to move: 16 GiB over 80 Gbit/s at 0.88 (8.8 GB/s), so that sums can be done by hand.
 */
import type { DeviceFigures } from '../../../sim/memory/device-profile.ts';
import { pointParameters, type VmmParameters } from '../../../sim/memory/parameters.ts';
import type { ConvergenceInput } from '../../../sim/memory/precopy.ts';
import type { StreamInput } from '../../../sim/memory/stream.ts';
import type { DeviceGroup, MemoryInput, VmMoveInput } from '../../../sim/memory/vm-move.ts';

export const MS = 1e6;
export const S = 1e9;

export const POINT: VmmParameters = pointParameters();

/** 8 · 10^9 bytes of memory per second. */
const STREAM: StreamInput = {
  vmm: 'qemu',
  gigabitsPerSecond: 64 / POINT.lineShare,
  latencyNs: 20_000,
  lineShare: 1,
  channels: 4,
  multifd: true,
  tls: false,
  compression: null,
  compressionRatio: null,
  fill: 'mixed',
  engines: 1,
  zeroCheck: 'mainThread',
  preallocated: true,
  maxBytesPerSecond: Infinity,
};

const CONVERGENCE: ConvergenceInput = {
  vmm: 'qemu',
  manager: 'user',
  downtimeLimitNs: 300 * MS,
  limitSteps: [],
  autoConverge: false,
  timeoutNs: Infinity,
  roundsMax: Infinity,
  progressTimeoutNs: Infinity,
  whenOut: 'cancel',
  hasVfio: false,
  windowPhase: 0.5,
};

const MEMORY: MemoryInput = {
  bytes: 16e9,
  nonZeroShare: 1,
  pageBytes: 4096,
  dirty: { kind: 'none' },
  layout: 'data',
};

/** A device with 100 MB of state, 100 MB/s alone, 200 MB/s together, and 50 ms in addition. */
const FIGURES: DeviceFigures = {
  stateBytes: 100e6,
  preCopiedShare: 0,
  preCopyNeedsAck: false,
  setupNs: 0,
  setupNsPerGib: 0,
  stopNs: 0,
  stopNsPerGib: 0,
  stopNsPerQueue: 0,
  fixedNs: 50 * MS,
  startNs: 0,
  startNsPerGib: 0,
  startNsPerQueue: 0,
  queuesAtOnce: 1,
  trackingNsPerGib: 0,
  loadNsPerByte: 0,
  perQueueNs: 0,
  streamBytesPerSecond: 100e6,
  sharedBytesPerSecond: 200e6,
  allocateNsPerByte: 0,
  lockedNs: 0,
};

export function devices(count: number, figures: Partial<DeviceFigures> = {}): DeviceGroup[] {
  return [{ name: 'vf', count, queues: 1, figures: { ...FIGURES, ...figures } }];
}

export type Changes = Partial<Omit<VmMoveInput, 'memory' | 'stream' | 'convergence'>> & {
  readonly memory?: Partial<MemoryInput>;
  readonly stream?: Partial<StreamInput>;
  readonly convergence?: Partial<ConvergenceInput>;
};

/** Nothing but memory takes time, unless a test says so. */
export function vm(changes: Changes = {}): VmMoveInput {
  return {
    vcpus: 8,
    devices: [],
    parallelDevices: false,
    switchoverAck: false,
    returnPath: true,
    vcpuStopNs: 0,
    vcpuStartNs: 0,
    ...changes,
    memory: { ...MEMORY, ...changes.memory },
    stream: { ...STREAM, ...changes.stream },
    convergence: { ...CONVERGENCE, ...changes.convergence },
  };
}

/** Parameters with which nothing but memory and devices takes time, and engines and main thread bind nothing. */
export const MEMORY_ONLY: VmmParameters = {
  ...POINT,
  dirtySyncNsPerGib: 0,
  finalSyncNsPerGib: 0,
  bitmapSyncNsPerGib: 0,
  stopNsPerVcpu: 0,
  platformSaveNs: 0,
  vcpuSaveNs: 0,
  platformLoadNs: 0,
  cloudHypervisorSaveNs: 0,
  cloudHypervisorLoadNs: 0,
  channelSyncNs: 0,
  setupNs: 0,
  dirtyLogStartNsPerGib: 0,
  cloudHypervisorLogStartNsPerGib: 0,
  mainThreadPageNs: 1,
  engineBytesPerSecond: 100e9,
};
