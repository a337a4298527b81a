/**
 * One VM moving, whole: memory in rounds, the pause with its parts, what the VMM reports of it.
 *
 * Follows the order in which QEMU and Cloud Hypervisor do things (docs/pause.md). Times are from the start of the move.
 */
import { UserError } from '../base/user-error.ts';
import { GIB, NS_PER_S } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';
import { type DirtyModel, type DmaWrites, memoryClasses } from './dirty.ts';
import { QEMU, type VmmParameters } from './parameters.ts';
import { type PartTimes, PauseRecord, type PauseSpan } from './pause-record.ts';
import { type ConvergenceInput, precopy, type PrecopyResult, type PrecopyIteration } from './precopy.ts';
import { checkStream, type StreamInput, type StreamRates, streamRates } from './stream.ts';
import { VMMS } from './vmms.ts';

/**
 * What the memory that is left for the pause holds: `data`, or `zeros` where the end of an idle guest's memory was never
 * used, since it is sent in the order of addresses.
 */
export const TAILS = ['data', 'zeros'] as const;
type Tail = (typeof TAILS)[number];

export interface MemoryInput {
  readonly bytes: number;
  /** Share of it that is not all zero, 0 to 1: pages of zeros cost next to nothing. */
  readonly nonZeroShare: number;
  /** Of the dirty log, in bytes. */
  readonly pageBytes: number;
  readonly dirty: DirtyModel;
  readonly dma?: DmaWrites;
  readonly tail: Tail;
}

/** Times of a device whose steps are known one by one, such as those of the register model. */
export interface DeviceSteps {
  readonly stopNs: number;
  readonly saveNs: number;
  readonly loadNs: number;
  readonly startNs: number;
}

/** Devices of one kind behind one PF. */
export interface DeviceGroup {
  readonly name: string;
  readonly count: number;
  /** Queues of each. */
  readonly queues: number;
  readonly figures: DeviceFigures;
  /** Known steps of each device; they stand in place of fixed and per-queue times. */
  readonly steps?: readonly DeviceSteps[];
  readonly p2p: boolean;
}

export interface VmMoveInput {
  readonly vcpus: number;
  readonly memory: MemoryInput;
  readonly stream: StreamInput;
  readonly convergence: ConvergenceInput;
  readonly devices: readonly DeviceGroup[];
  /** Whether device state goes over the channels, one thread per device at each side. */
  readonly parallelDevices: boolean;
  /** Whether the destination makes room for device state before the stop. */
  readonly switchoverAck: boolean;
  /** Whether the source waits for the destination's answer before it calls the move done. */
  readonly returnPath: boolean;
  readonly vcpuStopNs: number;
  readonly vcpuStartNs: number;
  /** State of vCPUs and platform, in ns; undefined: by the parameters. */
  readonly otherStateNs?: number;
}

type MoveEnd = 'moved' | 'gave up';

export interface VmMoveResult {
  readonly end: MoveEnd;
  /** Whether the VM was stopped although more was left than the limit allows. */
  readonly overLimit: boolean;
  readonly rounds: readonly PrecopyIteration[];
  readonly rates: StreamRates;
  /** From the first byte to the running destination, or to giving up. */
  readonly totalNs: number;
  /** When the vCPUs were stopped; NaN when they never were. */
  readonly stoppedAtNs: number;
  /** vCPUs stopped to vCPUs running; 0 when they never stopped. */
  readonly pauseNs: number;
  /** What the VMM reports as downtime: without a return path it ends when the last bytes have left the source. */
  readonly reportedNs: number;
  readonly criticalNs: PartTimes;
  readonly busyNs: PartTimes;
  readonly spans: readonly PauseSpan[];
  /** Guest memory sent, before and in the pause, in bytes. */
  readonly memoryBytes: number;
  /** Bytes on the wire, memory and devices. */
  readonly wireBytes: number;
  /** vCPU time lost to writing to pages that the dirty log protects, in ns. */
  readonly protectionNs: number;
  /** The guest's speed at the end, 1 when not throttled. */
  readonly speed: number;
}

/**
 * Refuses what cannot be: no link, devices that this VMM does not move together.
 *
 * @throws UserError of kind `input`
 */
export function checkMove(input: VmMoveInput): void {
  const { memory, vcpus, devices, stream } = input;
  checkStream(stream);
  if (!(memory.bytes > 0)) throw new UserError('input', `the VM has ${memory.bytes} bytes of memory`, 'Give more.');
  if (!(memory.nonZeroShare >= 0 && memory.nonZeroShare <= 1)) {
    throw new UserError('input', `nonZeroShare is ${memory.nonZeroShare}`, 'Allowed is 0 to 1.');
  }
  if (!Number.isInteger(vcpus) || vcpus < 1) {
    throw new UserError('input', `the VM has ${vcpus} vCPUs`, 'Allowed is a whole number from 1 on.');
  }
  const devicesInAll = devices.reduce((sum, { count }) => sum + count, 0);
  const without = devices.find(({ p2p }) => !p2p);
  if (VMMS[stream.vmm].severalNeedP2p && devicesInAll > 1 && without !== undefined) {
    throw new UserError(
      'input',
      `${VMMS[stream.vmm].title} moves no VM with ${devicesInAll} VFIO devices unless each offers the P2P states; ${without.name} does not`,
      'Take one device per VM, vmm: cloud-hypervisor, or a profile with p2p: true.',
    );
  }
}

/** Moves a VM. */
export function moveVm(given: VmMoveInput, p: VmmParameters): VmMoveResult {
  const input = withPreCopy(given);
  const { memory, stream, devices } = input;
  const rates = streamRates(stream, p);
  const inUse = memory.bytes * memory.nonZeroShare;
  const classes = memoryClasses(memory.dirty, inUse, memory.pageBytes, memory.dma);
  const pauseBytes = stateBytes(devices, 'pause');
  const before = precopy(classes, rates, pauseBytes, input.convergence, p);
  const protectionNs = protectionOf(before.rounds, memory.pageBytes, p);
  const shared = { rounds: before.rounds, rates, protectionNs, speed: before.speed };
  if (before.end === 'gave up') {
    return {
      ...shared,
      end: 'gave up',
      overLimit: false,
      totalNs: before.endNs,
      stoppedAtNs: Number.NaN,
      pauseNs: 0,
      reportedNs: 0,
      ...emptyPause(),
      memoryBytes: before.sentBytes,
      wireBytes: before.sentBytes / rates.ratio + stateBytes(devices, 'before'),
    };
  }
  const pause = new PauseRecord(before.endNs);
  const reportedAtNs = runPause(pause, input, before, rates, p);
  const pauseNs = pause.finish();
  const memoryBytes = before.sentBytes + before.pendingBytes;
  return {
    ...shared,
    end: 'moved',
    overLimit: before.end === 'stopped anyway',
    totalNs: before.endNs + pauseNs,
    stoppedAtNs: before.endNs,
    pauseNs,
    reportedNs: reportedAtNs - before.endNs,
    criticalNs: pause.criticalNs,
    busyNs: pause.busyNs,
    spans: pause.spans,
    memoryBytes,
    wireBytes: memoryBytes / rates.ratio + stateBytes(devices, 'before') + pauseBytes,
  };
}

/** What is sent before the stop is of no use to devices that need the destination's answer, when nobody waits for it. */
function withPreCopy(input: VmMoveInput): VmMoveInput {
  if (input.switchoverAck || !input.devices.some(({ figures }) => figures.preCopyNeedsAck)) return input;
  const devices = input.devices.map((group) =>
    group.figures.preCopyNeedsAck ? { ...group, figures: { ...group.figures, preCopiedShare: 0 } } : group,
  );
  return { ...input, devices };
}

/** @returns when the source calls the move done */
function runPause(
  pause: PauseRecord,
  input: VmMoveInput,
  { pendingBytes, rounds }: Pick<PrecopyResult, 'pendingBytes' | 'rounds'>,
  rates: StreamRates,
  p: VmmParameters,
): number {
  const { stream, devices } = input;
  pause.add('vcpuStop', input.vcpuStopNs);
  for (const group of devices) {
    for (const [index, steps] of (group.steps ?? []).entries())
      pause.add('deviceStop', steps.stopNs, label(group, index));
  }
  const roundStartNs = pause.nowNs;
  const dirtyBytes = Math.min(pendingBytes, rounds.at(-1)?.dirtiedBytes ?? 0);
  pause.add('dirtySync', (p.finalSyncNsPerGib * dirtyBytes) / GIB);
  pause.add('memory', lastRoundNs(input, pendingBytes, rates));
  if (input.parallelDevices) parallelState(pause, input, roundStartNs, rates);
  else serialState(pause, input, rates);
  pause.add('otherState', input.otherStateNs ?? otherStateNs(input, p));
  const leftSourceNs = pause.nowNs;
  pause.add('latency', stream.latencyNs);
  for (const group of devices) {
    for (const [index, steps] of (group.steps ?? []).entries())
      pause.add('deviceLoad', steps.loadNs, label(group, index));
  }
  for (const group of devices) {
    for (const [index, steps] of (group.steps ?? []).entries()) {
      pause.add('deviceStart', steps.startNs, label(group, index));
    }
  }
  pause.add('vcpuStart', input.vcpuStartNs);
  return input.returnPath ? pause.nowNs + stream.latencyNs : leftSourceNs;
}

/** What is left of memory, and the packet that each channel still has under way when all are brought to rest. */
function lastRoundNs({ stream, memory }: VmMoveInput, pendingBytes: number, rates: StreamRates): number {
  const bytes = memory.tail === 'data' ? pendingBytes : 0;
  const flushed = VMMS[stream.vmm].hasMultifd && stream.multifd ? stream.channels * QEMU.packetBytes : 0;
  return (bytes / rates.memoryBytesPerSecond + flushed / rates.lineBytesPerSecond) * NS_PER_S;
}

function otherStateNs({ stream, vcpus }: VmMoveInput, p: VmmParameters): number {
  const { parameter, per } = VMMS[stream.vmm].otherState;
  return per === 'vcpu' ? vcpus * p[parameter] : p[parameter];
}

/** One device after another, on the channel that everything takes. */
function serialState(pause: PauseRecord, input: VmMoveInput, rates: StreamRates): void {
  for (const group of input.devices) {
    const { figures } = group;
    const bytes = pauseStateBytes(figures);
    const rate = Math.min(figures.streamBytesPerSecond, rates.channelBytesPerSecond);
    for (let index = 0; index < group.count; index++) {
      const ownNs = group.steps?.[index]?.saveNs ?? figures.fixedNs + figures.perQueueNs * group.queues;
      const roomNs = makingRoomNs(input, figures);
      const stateNs = bytes === 0 ? 0 : (bytes / rate) * NS_PER_S;
      pause.add('deviceState', ownNs + stateNs + figures.lockedNs + roomNs, label(group, index));
    }
  }
}

/** A thread per device at each side, beside the last round of memory; what is locked comes one after another. */
function parallelState(pause: PauseRecord, input: VmMoveInput, startNs: number, rates: StreamRates): void {
  const wireShare = input.devices.reduce((sum, group) => sum + group.count * pauseStateBytes(group.figures), 0);
  const wireNs = (wireShare / rates.wireBytesPerSecond) * NS_PER_S;
  let lockFreeNs = startNs;
  for (const group of input.devices) {
    const { figures, count } = group;
    const bytes = pauseStateBytes(figures);
    const alone = Math.min(figures.streamBytesPerSecond, rates.channelBytesPerSecond);
    const together = Math.min(alone, figures.sharedBytesPerSecond / count);
    const stateNs = bytes === 0 ? 0 : Math.max((bytes / together) * NS_PER_S, wireNs);
    for (let index = 0; index < count; index++) {
      const ownNs = group.steps?.[index]?.saveNs ?? figures.fixedNs + figures.perQueueNs * group.queues;
      const readyNs = startNs + ownNs + stateNs + makingRoomNs(input, figures);
      lockFreeNs = Math.max(lockFreeNs, readyNs) + figures.lockedNs;
      pause.overlap('deviceState', startNs, lockFreeNs - startNs, label(group, index));
    }
  }
}

/** Room at the destination is made when the state arrives, unless part of it came before the stop and was waited for. */
function makingRoomNs(input: VmMoveInput, figures: DeviceFigures): number {
  return input.switchoverAck && figures.preCopiedShare > 0 ? 0 : figures.allocateNsPerByte * figures.stateBytes;
}

function pauseStateBytes({ stateBytes: bytes, preCopiedShare }: DeviceFigures): number {
  return bytes * (1 - preCopiedShare);
}

function stateBytes(devices: readonly DeviceGroup[], when: 'before' | 'pause'): number {
  let bytes = 0;
  for (const { figures, count } of devices) {
    const inPause = pauseStateBytes(figures);
    bytes += count * (when === 'pause' ? inPause : figures.stateBytes - inPause);
  }
  return bytes;
}

/** Each page that is written again after a round traps once. */
function protectionOf(rounds: readonly PrecopyIteration[], pageBytes: number, p: VmmParameters): number {
  let pages = 0;
  for (const { dirtiedBytes, count } of rounds) pages += (dirtiedBytes / pageBytes) * count;
  return pages * p.redirtyNsPerPage;
}

function label({ name, count }: DeviceGroup, index: number): string {
  return count === 1 ? name : `${name} ${index + 1}`;
}

function emptyPause(): Pick<VmMoveResult, 'criticalNs' | 'busyNs' | 'spans'> {
  const { criticalNs, busyNs, spans } = new PauseRecord(0);
  return { criticalNs, busyNs, spans };
}
