/**
 * A whole VM's move: pre-copy, the pause with its parts, what the VMM reports of it.
 *
 * Follows the order in which QEMU and Cloud Hypervisor do things (docs/pause.md). Times are from the start of the move.
 */
import { UserError } from '../base/user-error.ts';
import { GIB, NS_PER_S } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';
import { setupWorkNs, startWorkNs, stopWorkNs } from './device-work.ts';
import { type DirtyModel, type DmaWrites, memoryClasses, writersOf } from './dirty.ts';
import { MANAGERS } from './manager.ts';
import { QEMU, type VmmParameters } from './parameters.ts';
import { type PartTimes, PauseRecord, type PauseSpan } from './pause-record.ts';
import type { MoveCause } from './outcome.ts';
import { type MemoryLayout, zeroTailBytes } from './layout.ts';
import { type PostCopyPhase, postCopyPhase } from './post-copy.ts';
import {
  type ConvergenceInput,
  type Left,
  type PauseOf,
  precopy,
  precopyKind,
  precopyRules,
  type PrecopyResult,
  type SilentWork,
  stoppedAtOnce,
} from './precopy.ts';
import type { EndReason } from './precopy-end.ts';
import type { PrecopyIteration, PrecopyKind } from './precopy-slots.ts';
import { checkStream, type StreamInput, type StreamRates, streamRates } from './stream.ts';
import { type VhostDevices, vhostLoadNs, vhostStopNs, vhostSyncNs } from './vhost.ts';
import { VMMS } from './vmms.ts';

export interface MemoryInput {
  readonly bytes: number;
  /** Share of it that is not all zero, 0 to 1: pages of zeros are examined, and not sent. */
  readonly nonZeroShare: number;
  /** Share of it that the VMM examines: free page hinting may leave pages of zeros out. Default: all. */
  readonly lookedShare?: number;
  readonly pageBytes: number;
  readonly dirty: DirtyModel;
  readonly dma?: DmaWrites;
  /** Where the pages of zeros lie. */
  readonly layout: MemoryLayout;
  /** When a sync reports all memory dirty since nothing tracks what devices write; undefined: never. */
  readonly allDirty?: AllDirty;
}

/** `eachSync`: in pre-copy too; `finalSync`: only once the VM is stopped. */
export type AllDirty = 'eachSync' | 'finalSync';

/** Times of a device whose steps are known one by one, such as those of the register model. */
export interface DeviceSteps {
  readonly stopNs: number;
  readonly saveNs: number;
  readonly loadNs: number;
  readonly startNs: number;
}

/** Devices of one kind of one PF. */
export interface DeviceGroup {
  readonly name: string;
  readonly count: number;
  /** Queues of each. */
  readonly queues: number;
  readonly figures: DeviceFigures;
  /** Known steps of each device; they stand in place of fixed and per-queue times. */
  readonly steps?: readonly DeviceSteps[];
}

/** A VM as it moves, whatever ends its move. */
export interface MovedVm {
  readonly vcpus: number;
  readonly memory: MemoryInput;
  readonly stream: StreamInput;
  readonly devices: readonly DeviceGroup[];
  /** Whether device state is sent on the channels, one thread per device at each side. */
  readonly parallelDevices: boolean;
  /** Whether the destination makes room for device state before the stop. */
  readonly switchoverAck: boolean;
  /** Whether the source waits for the destination's answer before it calls the move done. */
  readonly returnPath: boolean;
  readonly vcpuStopNs: number;
  readonly vcpuStartNs: number;
  /** Whether the guest's vCPUs are at work when they are stopped. Default: no. */
  readonly busyVcpus?: boolean;
  /** virtio devices whose rings another process serves. Default: none. */
  readonly vhost?: VhostDevices;
}

export interface VmMoveInput extends MovedVm {
  readonly convergence: ConvergenceInput;
}

export interface VmMoveResult {
  /** `endless`: nothing ever ends it. */
  readonly end: 'moved' | 'forced' | 'cancelled' | 'endless';
  readonly cause: MoveCause;
  readonly rounds: readonly PrecopyIteration[];
  readonly rates: StreamRates;
  /** From the first byte to the running destination, or to the end without; Infinity: it never ends. */
  readonly totalNs: number;
  /** Part of it before the first byte. */
  readonly setupNs: number;
  /** When the vCPUs were stopped; NaN when they never were. */
  readonly stoppedAtNs: number;
  /** vCPUs stopped to vCPUs running at the destination; 0 when they never run there. */
  readonly pauseNs: number;
  /** Length of the pause unless it is cut short, also where it is; NaN when the vCPUs are never stopped. */
  readonly plannedPauseNs: number;
  /** What follows the pause of a move by post-copy; null: all memory is there when the VM runs. */
  readonly postCopy: PostCopyPhase | null;
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
 * Refuses what cannot be: no link, no memory.
 *
 * @throws UserError of kind `input`
 */
export function checkMove(input: VmMoveInput): void {
  const { memory, vcpus, stream } = input;
  checkStream(stream);
  if (!(memory.bytes > 0)) throw new UserError('input', `the VM has ${memory.bytes} bytes of memory`, 'Give more.');
  if (!(memory.nonZeroShare >= 0 && memory.nonZeroShare <= 1)) {
    throw new UserError('input', `nonZeroShare is ${memory.nonZeroShare}`, 'Allowed is 0 to 1.');
  }
  if (!Number.isInteger(vcpus) || vcpus < 1) {
    throw new UserError('input', `the VM has ${vcpus} vCPUs`, 'Allowed is a whole number from 1 on.');
  }
}

/**
 * Moves a VM.
 *
 * @param cutShare share of pre-copy after which a fault or a user ends the move; 1: never
 */
export function moveVm(given: VmMoveInput, p: VmmParameters, cutShare: number = 1): VmMoveResult {
  const input = withPreCopy(given);
  const { memory, stream, devices } = input;
  const rates = streamRates(stream, p);
  const last = pauseRates(input, p);
  const pauseBytes = pauseStateBytes(devices);
  const kind = moveKind(input, p);
  let record: PausePlayed | undefined;
  const pauseOf: PauseOf = (left, startNs) => (record = playPause(input, last, left, startNs, p)).pauseNs;
  const play = (cutNs?: number): PrecopyResult =>
    input.convergence.postCopy === 'atOnce'
      ? stoppedAtOnce(kind, memory.bytes, pauseOf, cutNs)
      : precopy(kind, rates, pauseOf, cutNs);
  let before = play();
  if (cutShare < 1) before = play(cutShare * (Number.isNaN(before.stoppedAtNs) ? before.endNs : before.stoppedAtNs));
  const { end, rounds, stoppedAtNs } = before;
  const protectionNs = protectionOf(rounds, memory.pageBytes, p);
  const cause = causeOf(before, input, rates, pauseBytes);
  const plannedPauseNs = Number.isNaN(stoppedAtNs) ? Number.NaN : (record?.pauseNs ?? Number.NaN);
  const { setupNs } = kind;
  const shared = { rounds, rates, protectionNs, speed: before.speed, cause, stoppedAtNs, plannedPauseNs, setupNs };
  const memoryBytes = before.sentBytes;
  const zeroPages = kind.zeroBytes / QEMU.pageBytes;
  const wireBytes = memoryBytes / rates.ratio + earlyStateBytes(devices) + zeroPages * QEMU.zeroPageWireBytes;
  if (record === undefined || (end !== 'converged' && end !== 'forced')) {
    const ended = end === 'endless' ? 'endless' : 'cancelled';
    const totalNs = before.endNs;
    return {
      ...shared,
      postCopy: null,
      end: ended,
      totalNs,
      pauseNs: 0,
      reportedNs: 0,
      ...emptyPause(),
      memoryBytes,
      wireBytes,
    };
  }
  const { pause, pauseNs, reportedNs } = record;
  // Memory that only the final sync reported is sent on top of what pre-copy had left.
  const again = memory.allDirty === 'finalSync' ? memory.bytes * memory.nonZeroShare - before.pendingBytes : 0;
  const { pendingBytes: leftBytes, zeroLeftBytes: zeroBytes } = before;
  const uncompressed = before.postCopy ? leftBytes * (1 - 1 / rates.ratio) : 0;
  const after = { leftBytes, zeroBytes, resumedNs: stoppedAtNs + pauseNs };
  return {
    ...shared,
    postCopy: before.postCopy ? postCopyPhase(input, after, p) : null,
    end: end === 'forced' ? 'forced' : 'moved',
    totalNs: stoppedAtNs + pauseNs,
    pauseNs,
    reportedNs,
    criticalNs: pause.criticalNs,
    busyNs: pause.busyNs,
    spans: pause.spans,
    memoryBytes: memoryBytes + again,
    wireBytes: wireBytes + again / rates.ratio + uncompressed + pauseBytes,
  };
}

/** What stays the same for all VMs of a kind, for the pre-copy engine. */
export function moveKind(given: VmMoveInput, p: VmmParameters): PrecopyKind {
  const { memory, devices, convergence } = withPreCopy(given);
  const inUse = memory.bytes * memory.nonZeroShare;
  const everySync = memory.allDirty === 'eachSync';
  const sets = memoryClasses(memory.dirty, inUse, memory.pageBytes, memory.dma, everySync);
  // Pages of zeros cost next to nothing to send, and count as pending like all others.
  const zeroBytes = everySync ? memory.bytes - inUse : 0;
  const silent = silentWork(given, p, convergence.postCopy !== 'atOnce');
  return precopyKind(sets, pauseStateBytes(devices) + zeroBytes, precopyRules(convergence), silent, p);
}

/** State of all devices that goes in the pause, in bytes. */
export function lateStateBytes(given: MovedVm): number {
  return pauseStateBytes(withPreCopy(given).devices);
}

/** What precedes the first byte, with the start of the dirty log where it is kept, and what a first pass does beyond sending. */
export function silentWork(given: MovedVm, p: VmmParameters, isLogged: boolean = true): SilentWork {
  const { memory, stream, devices } = given;
  const { setup, logStartPerGib, findsZeros } = VMMS[stream.vmm];
  const { bytes, nonZeroShare, lookedShare = 1, layout, allDirty } = memory;
  const zeroBytes = findsZeros ? bytes * Math.max(0, lookedShare - nonZeroShare) : 0;
  // Where all memory is dirty again at the next sync, it does not matter what comes last.
  const tailBytes = allDirty === undefined ? zeroTailBytes(bytes, zeroBytes, layout) : 0;
  const devicesNs = devices.reduce((sum, { count, figures }) => sum + count * setupWorkNs(figures, bytes), 0);
  return {
    setupNs: (setup === null ? 0 : p[setup]) + (isLogged ? (p[logStartPerGib] * bytes) / GIB : 0) + devicesNs,
    zeroBytes,
    waitedZeroBytes: waitedZeroBytes(given, zeroBytes - tailBytes, p),
    zeroTailBytes: tailBytes,
    zeroBytesPerSecond: streamRates(stream, p).zeroBytesPerSecond,
    sliceNs: stream.maxBytesPerSecond === Number.POSITIVE_INFINITY ? QEMU.iterationNs : QEMU.windowNs,
  };
}

/**
 * Pages of zeros that a capped stream examines while it would wait for its next window, so that they take no time: those that
 * lie between data.
 */
function waitedZeroBytes(given: MovedVm, zeroBytes: number, p: VmmParameters): number {
  const { memory, stream } = given;
  const rates = streamRates(stream, p);
  if (rates.bound !== 'cap' || zeroBytes <= 0) return 0;
  const dataBytes = memory.bytes * memory.nonZeroShare;
  const waitS = dataBytes / rates.memoryBytesPerSecond - dataBytes / pauseRates(given, p).memoryBytesPerSecond;
  return Math.min((1 - p.zeroRunShare) * zeroBytes, waitS * rates.zeroBytesPerSecond);
}

/** What the stream carries in the pause: QEMU lifts its cap before the last iteration. */
export function pauseRates({ stream }: MovedVm, p: VmmParameters, linkBytesPerSecond?: number): StreamRates {
  const lifted = VMMS[stream.vmm].liftsCap ? { ...stream, maxBytesPerSecond: Number.POSITIVE_INFINITY } : stream;
  return streamRates(lifted, p, linkBytesPerSecond);
}

/**
 * How long a VM is paused, in ns.
 *
 * @param wireBytesPerSecond what its links leave to its stream in the pause; undefined: its own share
 * @param pendingBytes memory that is left
 * @param dirtiedBytes how much of it the last sync of the dirty bitmap found
 * @param zeroBytes pages of zeros that are left as well
 */
export function pauseNsOf(
  given: MovedVm,
  wireBytesPerSecond: number | undefined,
  pendingBytes: number,
  dirtiedBytes: number,
  zeroBytes: number,
  p: VmmParameters,
): number {
  const input = withPreCopy(given);
  const rates = pauseRates(input, p, wireBytesPerSecond);
  return playPause(input, rates, { pendingBytes, dirtiedBytes, zeroBytes, postCopy: false }, 0, p).pauseNs;
}

/** How long a VM without VFIO devices is paused that is switched to post-copy, in ns. */
export function switchNsOf(vm: MovedVm, left: Left, p: VmmParameters): number {
  return playPause(vm, pauseRates(vm, p), left, 0, p).pauseNs;
}

/** Reasons for which a manager that has forced a move may have given it more time. */
const OVER_TIME: ReadonlySet<EndReason> = new Set(['timeout', 'switchover']);

function causeOf(
  { end, reason, blocker, limitNs, fitsBytes, pendingBytes, endNs, rounds, ...result }: PrecopyResult,
  { memory, convergence: { manager, timeoutNs, progressTimeoutNs } }: VmMoveInput,
  rates: StreamRates,
  deviceBytes: number,
): MoveCause {
  // An iteration that was cut where it began has no rate.
  const last = rounds.findLast(({ lastsNs }) => lastsNs > 0);
  return {
    reason,
    manager: reason === 'timeout' && !MANAGERS[manager].timesOut ? 'user' : manager,
    blocker,
    timeoutNs: end === 'cancelled' && OVER_TIME.has(reason) ? result.timeoutNs : timeoutNs,
    progressTimeoutNs,
    usedNs: endNs,
    limitNs,
    fitsBytes,
    deviceBytes,
    leftBytes: pendingBytes,
    writers: writersOf(memory.dirty, memory.dma, memory.allDirty === 'eachSync'),
    carriedBytesPerSecond: rates.memoryBytesPerSecond,
    dirtiedBytesPerSecond: last === undefined ? 0 : (last.dirtiedBytes / last.lastsNs) * NS_PER_S,
  };
}

interface PausePlayed {
  readonly pause: PauseRecord;
  readonly pauseNs: number;
  /** What the VMM reports as downtime. */
  readonly reportedNs: number;
}

function playPause(input: MovedVm, rates: StreamRates, left: Left, startNs: number, p: VmmParameters): PausePlayed {
  const pause = new PauseRecord(startNs);
  const reportedAtNs = runPause(pause, input, left, rates, p);
  return { pause, pauseNs: pause.finish(), reportedNs: reportedAtNs - startNs };
}

/** What is sent before the stop is of no use to devices that need the destination's answer, when nobody waits for it. */
function withPreCopy<Vm extends MovedVm>(input: Vm): Vm {
  if (input.switchoverAck || !input.devices.some(({ figures }) => figures.preCopyNeedsAck)) return input;
  const devices = input.devices.map((group) =>
    group.figures.preCopyNeedsAck ? { ...group, figures: { ...group.figures, preCopiedShare: 0 } } : group,
  );
  return { ...input, devices };
}

/** @returns when the source calls the move done */
function runPause(pause: PauseRecord, input: MovedVm, left: Left, rates: StreamRates, p: VmmParameters): number {
  const { stream, devices, vcpus } = input;
  pause.add('vcpuStop', vcpuStopNsOf(input, p));
  const stopNsOf = ({ figures, queues }: DeviceGroup): number => stopWorkNs(figures, queues, input.memory.bytes);
  const startNsOf = ({ figures, queues }: DeviceGroup): number => startWorkNs(figures, queues, input.memory.bytes);
  eachDevice(devices, (group, steps, what) => pause.add('deviceStop', steps?.stopNs ?? stopNsOf(group), what));
  const roundStartNs = pause.nowNs;
  if (left.postCopy) pause.add('dirtySync', discardNs(input, left, p));
  else lastRound(pause, input, left, rates, p);
  if (input.parallelDevices) parallelState(pause, input, roundStartNs, rates);
  else serialState(pause, input, rates);
  const { platformSave, vcpuSave, platformLoad } = VMMS[stream.vmm];
  pause.add('otherState', p[platformSave] + (vcpuSave === null ? 0 : vcpus * vcpuSaveNs(vcpus, p[vcpuSave], p)));
  const leftSourceNs = pause.nowNs;
  pause.add('latency', stream.latencyNs);
  pause.add('platformLoad', p[platformLoad] + (input.vhost === undefined ? 0 : vhostLoadNs(input.vhost, p)));
  // A device without known steps is loaded as its bytes arrive.
  eachDevice(devices, (_, steps, what) => pause.add('deviceLoad', steps?.loadNs ?? 0, what));
  eachDevice(devices, (group, steps, what) => pause.add('deviceStart', steps?.startNs ?? startNsOf(group), what));
  pause.add('vcpuStart', input.vcpuStartNs);
  const answeredNs = pause.nowNs + stream.latencyNs;
  // QEMU's clock ends where the switch to post-copy is done at the source, with or without a return path.
  const isEarly = !input.returnPath || (left.postCopy && VMMS[stream.vmm].pushesPages);
  return isEarly ? leftSourceNs : answeredNs;
}

/** The switch to post-copy: the last sync of the dirty bitmap, and what of it the destination must drop. */
function discardNs({ stream, memory }: MovedVm, { pendingBytes, dirtiedBytes }: Left, p: VmmParameters): number {
  // Where all memory follows after the switch, no dirty log was kept.
  if (!VMMS[stream.vmm].pushesPages) return 0;
  const perGibNs = p.bitmapSyncNsPerGib * memory.bytes + p.finalSyncNsPerGib * dirtiedBytes;
  return (perGibNs + p.discardNsPerGib * pendingBytes) / GIB;
}

/** From so many vCPUs on a guest does not fit one socket, and each wake-up takes longer. */
const WIDE_VCPUS = 128;

function vcpuSaveNs(vcpus: number, saveNs: number, p: VmmParameters): number {
  return vcpus > WIDE_VCPUS ? p.wideVcpuSaveNs : saveNs;
}

function eachDevice(
  devices: readonly DeviceGroup[],
  act: (group: DeviceGroup, steps: DeviceSteps | undefined, what: string) => void,
): void {
  for (const group of devices) {
    for (let index = 0; index < group.count; index++) act(group, group.steps?.[index], label(group, index));
  }
}

/** Stopping the vCPUs: once for the VM, and what each adds; then the rings of vhost devices. */
export function vcpuStopNsOf(
  { vcpus, vcpuStopNs, busyVcpus, vhost }: Pick<VmMoveInput, 'vcpus' | 'vcpuStopNs' | 'busyVcpus' | 'vhost'>,
  p: VmmParameters,
): number {
  const each = busyVcpus === true ? p.busyStopNsPerVcpu : p.stopNsPerVcpu;
  return vcpuStopNs + vcpus * each + (vhost === undefined ? 0 : vhostStopNs(vhost, p));
}

/**
 * The final sync of the dirty bitmap; what is left of memory, pages of zeros among it; and the packet that each channel still has
 * under way when all are brought to rest.
 */
function lastRound(
  pause: PauseRecord,
  { stream, memory, devices, vhost }: MovedVm,
  { pendingBytes, dirtiedBytes, zeroBytes }: Left,
  rates: StreamRates,
  p: VmmParameters,
): void {
  const inUse = memory.bytes * memory.nonZeroShare;
  const isAll = memory.allDirty !== undefined;
  // Where the final sync reports all memory dirty, all of it is sent.
  const bytes = isAll ? inUse : pendingBytes;
  const dirty = isAll ? inUse : Math.min(pendingBytes, dirtiedBytes);
  const zeros = isAll ? memory.bytes - inUse : zeroBytes;
  const { hasMultifd, syncsAllMemory } = VMMS[stream.vmm];
  const trackingNsPerGib = devices.reduce((sum, { count, figures }) => sum + count * figures.trackingNsPerGib, 0);
  const unalignedNs = vhost === undefined ? 0 : vhostSyncNs(vhost, p);
  const wholeNs = (((syncsAllMemory ? p.bitmapSyncNsPerGib : 0) + trackingNsPerGib) * memory.bytes) / GIB;
  pause.add('dirtySync', wholeNs + unalignedNs + (p.finalSyncNsPerGib * dirty) / GIB);
  const channels = hasMultifd && stream.multifd ? stream.channels : 0;
  const sendNs = (bytes / rates.memoryBytesPerSecond + zeros / rates.zeroBytesPerSecond) * NS_PER_S;
  const restNs = ((channels * QEMU.packetBytes) / rates.lineBytesPerSecond) * NS_PER_S;
  // A receiver that sets the pace has full socket buffers to work off.
  const backlog = rates.bound === 'page faults' ? stream.channels * p.channelBacklogBytes * rates.ratio : 0;
  const backlogNs = (backlog / rates.memoryBytesPerSecond) * NS_PER_S;
  pause.add('memory', sendNs + restNs + backlogNs + channels * p.channelSyncNs);
}

/** One device after another, on the channel that everything takes. */
function serialState(pause: PauseRecord, input: MovedVm, rates: StreamRates): void {
  for (const group of input.devices) {
    const { figures } = group;
    const bytes = lateBytes(figures);
    const rate = Math.min(figures.streamBytesPerSecond, rates.channelBytesPerSecond);
    for (let index = 0; index < group.count; index++) {
      const ownNs = group.steps?.[index]?.saveNs ?? figures.fixedNs + figures.perQueueNs * group.queues;
      const roomNs = makingRoomNs(input, figures);
      const stateNs = bytes === 0 ? 0 : (bytes / rate) * NS_PER_S + bytes * figures.loadNsPerByte;
      pause.add('deviceState', ownNs + stateNs + figures.lockedNs + roomNs, label(group, index));
    }
  }
}

/** A thread per device at each side, in parallel with the final iteration of memory; what is locked comes one after another. */
function parallelState(pause: PauseRecord, input: MovedVm, startNs: number, rates: StreamRates): void {
  const wireShare = input.devices.reduce((sum, group) => sum + group.count * lateBytes(group.figures), 0);
  const wireNs = (wireShare / rates.wireBytesPerSecond) * NS_PER_S;
  let lockFreeNs = startNs;
  for (const group of input.devices) {
    const { figures, count } = group;
    const bytes = lateBytes(figures);
    const alone = Math.min(figures.streamBytesPerSecond, rates.channelBytesPerSecond);
    const together = Math.min(alone, figures.sharedBytesPerSecond / count);
    const stateNs = bytes === 0 ? 0 : Math.max((bytes / together) * NS_PER_S, wireNs);
    for (let index = 0; index < count; index++) {
      const ownNs = group.steps?.[index]?.saveNs ?? figures.fixedNs + figures.perQueueNs * group.queues;
      const loadNs = bytes * figures.loadNsPerByte;
      const readyNs = startNs + ownNs + stateNs + loadNs + makingRoomNs(input, figures);
      lockFreeNs = Math.max(lockFreeNs, readyNs) + figures.lockedNs;
      pause.overlap('deviceState', startNs, lockFreeNs - startNs, label(group, index));
    }
  }
}

/** Room at the destination is made when the state arrives, unless part of it came before the stop and was waited for. */
function makingRoomNs(input: MovedVm, figures: DeviceFigures): number {
  return input.switchoverAck && figures.preCopiedShare > 0 ? 0 : figures.allocateNsPerByte * figures.stateBytes;
}

/** State of one device that goes in the pause, in bytes. */
function lateBytes({ stateBytes, preCopiedShare }: DeviceFigures): number {
  return stateBytes * (1 - preCopiedShare);
}

function pauseStateBytes(devices: readonly DeviceGroup[]): number {
  return devices.reduce((sum, { count, figures }) => sum + count * lateBytes(figures), 0);
}

function earlyStateBytes(devices: readonly DeviceGroup[]): number {
  return devices.reduce((sum, { count, figures }) => sum + count * (figures.stateBytes - lateBytes(figures)), 0);
}

/** Each page that is written again after an iteration traps once. */
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
