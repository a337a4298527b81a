/**
 * Tasks of the Piscina pools: the two halves of one migration. Both start together; the restore gets its VF ready while
 * the guest still runs, then waits for the frame.
 */
import { getHeapStatistics } from 'node:v8';

import { workerData } from 'piscina';

import type { WallPart } from '../../sim/base/pause-parts.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { GUEST_VM, runningOn, STOPPED, vmWord, wishVm } from '../lane/guest-map.ts';
import { END_STAMP, HANDOVER, stampOf, VERDICT } from '../lane/handover-words.ts';
import { receivedFrame } from './image-stream.ts';
import { Lane } from '../lane/lane-port.ts';
import { worthAnIteration } from './iteration-stream.ts';
import { DriverCallFailed, FrameCodec, VfEnd } from './vf-end.ts';
import { publish, waitForValue, WAITING_DEFAULT, waitWhileValue } from '../lane/waiting.ts';
import { nowNs } from '../wall-clock.ts';
import { WorkerLost } from '../pools/worker-lost.ts';
import type { WorldInit } from '../lane/world-init.ts';

export interface MigrationTask {
  /** Index of the VM. */
  readonly vm: number;
  /** Hosts by index. */
  readonly from: number;
  readonly to: number;
  /** Slot of the migration, for its arena and stamps. */
  readonly slot: number;
  /** Iterations that are sent at most while the guest runs; none: everything is sent in the pause. */
  readonly iterationsMax?: number;
  /** For tests: damages the frame on its way, see {@link DAMAGE}. */
  readonly damage?: DamageName;
  /** For tests: it is the first iteration that is damaged, not what is sent in the pause. */
  readonly damagedIteration?: boolean;
}

/** What one half of a move did, apart from its times. */
export interface HalfCost {
  /** Bytes of image and queue structures that it copied. */
  readonly copiedBytes: number;
  /** Bytes that its thread's heap grew by; null: a collection came in between. */
  readonly heapBytes: number | null;
}

export type SaveResult =
  | {
      readonly kind: 'sent';
      readonly cost: HalfCost;
      /** Bytes that cross in the pause: the frame, or the final iteration. */
      readonly frameBytes: number;
      /** Bytes of each iteration before the pause. */
      readonly iterationBytes: readonly number[];
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly resumed: boolean };

export type RestoreResult =
  | { readonly kind: 'running'; readonly cost: HalfCost }
  /** The frame, or the driver, said no; the VM is not here. */
  | { readonly kind: 'refused'; readonly reason: string; readonly hint?: string };

/** What can happen to a frame on its way. */
const DAMAGE = {
  corrupt: (frame: Uint8Array, bytes: number) => {
    frame[bytes - 100]! ^= 0x40;
    return bytes;
  },
  truncated: (_frame: Uint8Array, bytes: number) => bytes - 64,
  oversized: (_frame: Uint8Array, bytes: number) => bytes + 64,
  foreign: (frame: Uint8Array, bytes: number) => {
    frame[0] = 0x7f;
    return bytes;
  },
  version: (frame: Uint8Array, bytes: number) => {
    frame[4] = 99;
    return bytes;
  },
} as const satisfies Record<string, (frame: Uint8Array, bytes: number) => number>;

export type DamageName = keyof typeof DAMAGE;

/** Values of `prepared`. */
const PREPARED = 1;
const NOT_PREPARED = 2;
/** Bytes `ready` has when there will be no frame. */
const NO_FRAME = -1;
/** What `iterationsSent` has once the next thing to come is sent in the pause; what `iterationsTaken` has after a refusal. */
const ITERATIONS_OVER = -1;
const ITERATION_REFUSED = -1;

const world = workerData as WorldInit;
const waiting = world.waiting ?? WAITING_DEFAULT;
const guestMap = new Int32Array(world.guestMap);
let ownLane: Lane | undefined;

/** This thread's lane; taken at the first task, since a pool may start threads that never get one. */
export function lane(): Lane {
  ownLane ??= new Lane(world.map, world.limitMs, waiting);
  return ownLane;
}

const codecs = new Map<number, FrameCodec>();

/** What this thread needs to write and read frames of a host's VFs; made at the first task. */
function codecOf(host: number): FrameCodec {
  let codec = codecs.get(host);
  if (codec === undefined) codecs.set(host, (codec = new FrameCodec(world, host)));
  return codec;
}

function waitForVm(vm: number, value: number): void {
  if (!waitForValue(guestMap, vmWord(vm, GUEST_VM.actual), value, world.limitMs)) {
    throw new WorkerLost(
      'guest thread',
      value === STOPPED ? 'being asked to stop its vCPUs' : 'being asked to run its vCPUs',
    );
  }
}

function heapNow(): number {
  return getHeapStatistics().used_heap_size;
}

function costOf(end: VfEnd, heapBefore: number): HalfCost {
  const grown = heapNow() - heapBefore;
  return { copiedBytes: end.copiedBytes, heapBytes: grown < 0 ? null : grown };
}

/** Source: send iterations, stop the vCPUs, stop and save the VF, send the frame, and wait for the destination's word. */
export function save(task: MigrationTask): SaveResult {
  const heapBefore = heapNow();
  const { arena, handover, stamps, stamp } = slotOf(task);
  const end = new VfEnd(world, lane(), task.vm, task.from, false, codecOf(task.from));
  end.onPhase = stamp;
  if (waitForChange(handover, HANDOVER.prepared, 'destination', 'being asked to get ready') !== PREPARED) {
    end.close();
    return { kind: 'failed', reason: 'the destination was not ready to take the VF', resumed: true };
  }
  const iterationBytes = sendIterations(task, handover, arena, end);
  if (iterationBytes === null) {
    end.close();
    return { kind: 'failed', reason: 'the destination refused an iteration', resumed: true };
  }
  let frameBytes = 0;
  try {
    stamp('vcpuStop');
    wishVm(guestMap, task.vm, STOPPED);
    waitForVm(task.vm, STOPPED);
    end.save();
    stamp('gather');
    // Copies and checksums of a frame alternate; they are reported as if all copies came first.
    const onGathered = (copyNs: number): void => {
      stamps[stampOf('checksum')] = stamps[stampOf('gather')]! + copyNs;
    };
    frameBytes = damaged(task, false, arena, end.frame(arena, onGathered));
    stamp('handOver');
    publish(handover, HANDOVER.ready, frameBytes);
  } catch (error) {
    publish(handover, HANDOVER.ready, NO_FRAME);
    if (!(error instanceof DriverCallFailed)) throw error;
    return { kind: 'failed', reason: `the source driver failed at ${error.message}`, resumed: resume(task, end) };
  }
  if (waitForVerdict(handover) !== VERDICT.accepted) {
    return { kind: 'failed', reason: 'the destination refused the image', resumed: resume(task, end) };
  }
  end.stop();
  end.reset();
  end.close();
  return { kind: 'sent', cost: costOf(end, heapBefore), frameBytes, iterationBytes };
}

/** Destination: get ready, take iterations, wait for the frame, check it, take it in, run the vCPUs. */
export function restore(task: MigrationTask): RestoreResult {
  const heapBefore = heapNow();
  const { arena, handover, stamps, stamp } = slotOf(task);
  const end = new VfEnd(world, lane(), task.vm, task.to, true, codecOf(task.to));
  try {
    end.prepare();
    publish(handover, HANDOVER.prepared, PREPARED);
    takeIterations(handover, arena, end);
    const frameBytes = waitForFrame(handover);
    stamp('validate');
    if (frameBytes === NO_FRAME) return refused(handover, end, 'the source sent no image');
    const frame = end.validate(receivedFrame(arena.buffer, frameBytes, end.frameBytesMax));
    stamp('scatter');
    end.scatter(frame);
    stamp('load');
    end.load(frame);
    stamp('start');
    end.run();
  } catch (error) {
    if (!(error instanceof DriverCallFailed) && !(error instanceof UserError)) throw error;
    const hint = error instanceof UserError ? error.hint : undefined;
    return refused(handover, end, error.message, hint);
  }
  stamp('vcpuStart');
  wishVm(guestMap, task.vm, runningOn(task.to));
  waitForVm(task.vm, runningOn(task.to));
  stamps[END_STAMP] = nowNs();
  publish(handover, HANDOVER.verdict, VERDICT.accepted);
  end.close();
  return { kind: 'running', cost: costOf(end, heapBefore) };
}

/** Words and bytes that the two halves of a move share. */
interface Slot {
  readonly arena: Uint8Array;
  readonly handover: Int32Array;
  readonly stamps: Float64Array;
  /** A part begins. */
  readonly stamp: (part: WallPart) => void;
}

function slotOf(task: MigrationTask): Slot {
  const slot = world.slots[task.slot]!;
  const stamps = new Float64Array(slot.stamps);
  const stamp = (part: WallPart): void => {
    stamps[stampOf(part)] = nowNs();
  };
  return { arena: new Uint8Array(slot.arena), handover: new Int32Array(slot.handover), stamps, stamp };
}

/** Damages what lies in the arena, where a test wants it. @returns how many bytes are said to be there */
function damaged(
  { damage, damagedIteration = false }: MigrationTask,
  iteration: boolean,
  arena: Uint8Array,
  bytes: number,
): number {
  return damage === undefined || damagedIteration !== iteration ? bytes : DAMAGE[damage](arena, bytes);
}

function refused(handover: Int32Array, end: VfEnd, reason: string, hint?: string): RestoreResult {
  end.reset();
  end.close();
  publish(handover, HANDOVER.prepared, NOT_PREPARED);
  publish(handover, HANDOVER.iterationsTaken, ITERATION_REFUSED);
  publish(handover, HANDOVER.verdict, VERDICT.refused);
  return hint === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, hint };
}

/** Sends iterations while the guest runs, as long as they shrink. @returns bytes of each; null when one was refused */
function sendIterations(task: MigrationTask, handover: Int32Array, arena: Uint8Array, end: VfEnd): number[] | null {
  const { iterationsMax = 0 } = task;
  const sentBytes: number[] = [];
  while (sentBytes.length < iterationsMax && worthAnIteration(sentBytes)) {
    const bytes = end.iteration(arena);
    sentBytes.push(bytes);
    Atomics.store(handover, HANDOVER.iterationBytes, damaged(task, true, arena, bytes));
    const sent = sentBytes.length;
    publish(handover, HANDOVER.iterationsSent, sent);
    if (waitWhile(handover, HANDOVER.iterationsTaken, sent - 1, 'destination', 'being sent an iteration') !== sent)
      return null;
  }
  publish(handover, HANDOVER.iterationsSent, ITERATIONS_OVER);
  return sentBytes;
}

/** Takes iterations until the source says that the pause begins. */
function takeIterations(handover: Int32Array, arena: Uint8Array, end: VfEnd): void {
  for (let taken = 0; ;) {
    const sent = waitWhile(handover, HANDOVER.iterationsSent, taken, 'source', 'being asked for the image');
    if (sent === ITERATIONS_OVER) return;
    end.takeIteration(receivedFrame(arena.buffer, Atomics.load(handover, HANDOVER.iterationBytes)));
    taken = sent;
    publish(handover, HANDOVER.iterationsTaken, taken);
  }
}

function waitForFrame(handover: Int32Array): number {
  return waitForChange(handover, HANDOVER.ready, 'source', 'being asked for the image');
}

function waitForVerdict(handover: Int32Array): number {
  return waitForChange(handover, HANDOVER.verdict, 'destination', 'being sent the image');
}

/** Waits until a word is no longer 0. */
function waitForChange(words: Int32Array, index: number, who: string, last: string): number {
  return waitWhile(words, index, 0, who, last);
}

/** Waits until a word no longer has a value. @returns what it has then */
function waitWhile(words: Int32Array, index: number, seen: number, who: string, last: string): number {
  const value = waitWhileValue(words, index, seen, world.limitMs, waiting.halfSpins);
  if (value === null) throw new WorkerLost(who, last);
  return value;
}

/** The VM resumes at its source. @returns whether its VF is served */
function resume(task: MigrationTask, end: VfEnd): boolean {
  let resumed = true;
  try {
    end.resumeQueues();
  } catch (error) {
    if (!(error instanceof DriverCallFailed)) throw error;
    resumed = false;
  }
  wishVm(guestMap, task.vm, runningOn(task.from));
  waitForVm(task.vm, runningOn(task.from));
  end.close();
  return resumed;
}
