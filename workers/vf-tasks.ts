/**
 * Tasks of the Piscina pools: the two halves of one migration. Both start together; the restore gets its VF ready while
 * the guest still runs, then waits for the frame.
 */
import { workerData } from 'piscina';

import { UserError } from '../sim/base/user-error.ts';
import type { DriverPhase } from '../sim/driver/vf-driver.ts';
import { GUEST_VM, runningOn, STOPPED, vmWord, wishVm } from './guest-map.ts';
import { END_STAMP, HANDOVER, stampOf, VERDICT, type WallPart } from './handover.ts';
import { receivedFrame } from './image-stream.ts';
import { Lane } from './lane-port.ts';
import { DriverCallFailed, VfEnd } from './vf-end.ts';
import { publish, waitForValue } from './waiting.ts';
import { nowNs } from './wall-clock.ts';
import { WorkerLost } from './worker-lost.ts';
import type { WorldInit } from './world-init.ts';

export interface MigrationTask {
  /** Index of the VM. */
  readonly vm: number;
  /** Hosts by index. */
  readonly from: number;
  readonly to: number;
  /** Slot of the migration, for its arena and stamps. */
  readonly slot: number;
  /** For tests: damages the frame on its way, see {@link DAMAGE}. */
  readonly damage?: DamageName;
}

export type SaveResult =
  | { readonly kind: 'sent'; readonly frameBytes: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly resumed: boolean };

export type RestoreResult =
  | { readonly kind: 'running' }
  /** The frame, or the driver, said no; the VM is not here. */
  | { readonly kind: 'refused'; readonly reason: string; readonly hint?: string };

/** What can happen to a frame on its way. */
export const DAMAGE = {
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

const PART_OF_PHASE: Readonly<Record<DriverPhase, WallPart>> = {
  pause: 'pauseAndDrain',
  checks: 'statusChecks',
  writeBack: 'cacheWriteBack',
  save: 'save',
};

/** Values of `prepared`. */
const PREPARED = 1;
const NOT_PREPARED = 2;
/** Bytes `ready` has when there will be no frame. */
const NO_FRAME = -1;

const world = workerData as WorldInit;
const guestMap = new Int32Array(world.guestMap);
let ownLane: Lane | undefined;

/** This thread's lane; taken at the first task, since a pool may start threads that never get one. */
export function lane(): Lane {
  ownLane ??= new Lane(world.map, world.limitMs);
  return ownLane;
}

function waitForVm(vm: number, value: number): void {
  if (!waitForValue(guestMap, vmWord(vm, GUEST_VM.actual), value, world.limitMs)) {
    throw new WorkerLost(
      'guest thread',
      value === STOPPED ? 'being asked to stop its vCPUs' : 'being asked to run its vCPUs',
    );
  }
}

/** Source: stop the vCPUs, stop and save the VF, send the frame, and wait for the destination's word. */
export function save(task: MigrationTask): SaveResult {
  const slot = world.slots[task.slot]!;
  const handover = new Int32Array(slot.handover);
  const stamps = new Float64Array(slot.stamps);
  const stamp = (part: WallPart): void => {
    stamps[stampOf(part)] = nowNs();
  };
  const end = new VfEnd(world, lane(), task.vm, task.from, false);
  end.onPhase = (phase) => stamp(PART_OF_PHASE[phase]);
  if (waitForChange(handover, HANDOVER.prepared, 'destination', 'being asked to get ready') !== PREPARED) {
    end.close();
    return { kind: 'failed', reason: 'the destination was not ready to take the VF', resumed: true };
  }
  let frameBytes = 0;
  try {
    stamp('vcpuStop');
    wishVm(guestMap, task.vm, STOPPED);
    waitForVm(task.vm, STOPPED);
    end.save();
    stamp('gather');
    const arena = new Uint8Array(slot.arena);
    frameBytes = end.frame(arena, () => stamp('checksum'));
    if (task.damage !== undefined) frameBytes = DAMAGE[task.damage](arena, frameBytes);
    stamp('handOver');
    publish(handover, HANDOVER.ready, frameBytes);
  } catch (error) {
    publish(handover, HANDOVER.ready, NO_FRAME);
    if (!(error instanceof DriverCallFailed)) throw error;
    return { kind: 'failed', reason: `the source driver failed at ${error.message}`, resumed: resume(task, end) };
  }
  const verdict = waitForVerdict(handover);
  if (verdict === VERDICT.accepted) {
    end.stop();
    end.reset();
    end.close();
    return { kind: 'sent', frameBytes };
  }
  return { kind: 'failed', reason: 'the destination refused the image', resumed: resume(task, end) };
}

/** Destination: get ready, wait for the frame, check it, take it in, run the vCPUs. */
export function restore(task: MigrationTask): RestoreResult {
  const slot = world.slots[task.slot]!;
  const handover = new Int32Array(slot.handover);
  const stamps = new Float64Array(slot.stamps);
  const stamp = (part: WallPart): void => {
    stamps[stampOf(part)] = nowNs();
  };
  const end = new VfEnd(world, lane(), task.vm, task.to, true);
  try {
    end.prepare();
    publish(handover, HANDOVER.prepared, PREPARED);
    const frameBytes = waitForFrame(handover);
    stamp('validate');
    if (frameBytes === NO_FRAME) return refused(handover, end, 'the source sent no image');
    const frame = end.validate(receivedFrame(slot.arena, frameBytes));
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
  return { kind: 'running' };
}

function refused(handover: Int32Array, end: VfEnd, reason: string, hint?: string): RestoreResult {
  end.reset();
  end.close();
  publish(handover, HANDOVER.prepared, NOT_PREPARED);
  publish(handover, HANDOVER.verdict, VERDICT.refused);
  return hint === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, hint };
}

function waitForFrame(handover: Int32Array): number {
  return waitForChange(handover, HANDOVER.ready, 'source', 'being asked for the image');
}

function waitForVerdict(handover: Int32Array): number {
  return waitForChange(handover, HANDOVER.verdict, 'destination', 'being sent the image');
}

/** Waits until a word is no longer 0. */
function waitForChange(words: Int32Array, index: number, who: string, last: string): number {
  const deadlineNs = nowNs() + world.limitMs * 1e6;
  for (let spins = 0; ; spins++) {
    const value = Atomics.load(words, index);
    if (value !== 0) return value;
    if (spins < SPINS_BEFORE_SLEEP) continue;
    const leftMs = (deadlineNs - nowNs()) / 1e6;
    if (leftMs <= 0) throw new WorkerLost(who, last);
    Atomics.wait(words, index, 0, leftMs);
  }
}

/** A source spins only a moment for its destination: the two share few cores with the device thread. */
const SPINS_BEFORE_SLEEP = 200;

/** The VM goes on at its source. @returns whether it does, with its VF served */
function resume(task: MigrationTask, end: VfEnd): boolean {
  let resumed = true;
  try {
    end.goOn();
  } catch (error) {
    if (!(error instanceof DriverCallFailed)) throw error;
    resumed = false;
  }
  wishVm(guestMap, task.vm, runningOn(task.from));
  waitForVm(task.vm, runningOn(task.from));
  end.close();
  return resumed;
}
