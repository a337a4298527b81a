/**
 * Measuring tasks of the harness's own Piscina pool: saves, restores and handshakes of one VF whose vCPUs are paused,
 * timed by benny on the thread that does them.
 */
import { PF_REG } from '../../../sim/abi/registers.ts';
import { PF } from '../../../sim/driver/port.ts';
import { GUEST_VM, runningOn, STOPPED, vmWord, wishVm } from '../../../workers/lane/guest-map.ts';
import { Lane, LanePort } from '../../../workers/lane/lane-port.ts';
import { VfEnd } from '../../../workers/end/vf-end.ts';
import { waitForValue } from '../../../workers/lane/waiting.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { BennyRunner } from '../runner.ts';
import { devicePingPong, timeInTurn } from './ping-pong.ts';

export interface MeasureTask {
  readonly world: WorldInit;
  readonly vm: number;
  /** Host on which the VM is. */
  readonly host: number;
  readonly maxSeconds: number;
  readonly minSamples: number;
}

export interface HandshakeTask {
  readonly world: WorldInit;
  readonly vm: number;
  readonly host: number;
  readonly batches: number;
  readonly perBatch: number;
}

export interface SaveMeasurement {
  /** Seconds per save. */
  readonly samples: readonly number[];
  readonly frameBytes: number;
}

const runner = new BennyRunner();

/** A lane of its own for each task: the thread outlives the worlds that it measures. */
export function laneOf(world: WorldInit): Lane {
  return new Lane(world.map, world.limitMs, world.waiting);
}

/** Asks a VM's vCPUs to stop or to run somewhere, and waits until they do. */
export function wishAndWait(world: WorldInit, vm: number, value: number): void {
  const guestMap = new Int32Array(world.guestMap);
  wishVm(guestMap, vm, value);
  if (!waitForValue(guestMap, vmWord(vm, GUEST_VM.actual), value, world.limitMs)) {
    throw new WorkerLost('guest thread', 'being asked to stop or run its vCPUs');
  }
}

/** Runs something while the VM's vCPUs are paused. */
export async function whileStopped<T>(world: WorldInit, vm: number, host: number, body: () => Promise<T>): Promise<T> {
  wishAndWait(world, vm, STOPPED);
  try {
    return await body();
  } finally {
    wishAndWait(world, vm, runningOn(host));
  }
}

/** Saves: registers through the driver, queue structures gathered, framed with checksums. The VF stays stopped. */
export async function measureSave(task: MeasureTask): Promise<SaveMeasurement> {
  return whileStopped(task.world, task.vm, task.host, async () => {
    const { world } = task;
    const end = new VfEnd(world, laneOf(world), task.vm, task.host, false);
    const arena = new Uint8Array(world.slots[0]!.arena);
    end.save();
    let frameBytes = end.frame(arena);
    const once = (): number => {
      end.stop();
      end.save();
      frameBytes = end.frame(arena);
      return frameBytes;
    };
    const { samples } = await runner.measure('save', once, task);
    end.resumeQueues();
    end.close();
    return { samples, frameBytes };
  });
}

/** Restores, on the other host, of the frame that the last save left in the arena. @returns seconds per restore */
export async function measureRestore(task: MeasureTask & { readonly frameBytes: number }): Promise<readonly number[]> {
  return whileStopped(task.world, task.vm, task.host, async () => {
    const { world } = task;
    const end = new VfEnd(world, laneOf(world), task.vm, 1 - task.host, true);
    const bytes = new Uint8Array(world.slots[0]!.arena, 0, task.frameBytes);
    const once = (): number => {
      end.prepare();
      const frame = end.validate(bytes);
      end.scatter(frame);
      end.load(frame);
      return frame.image.length;
    };
    // From RUNNING the first time: the VF is stopped here, not in the measurement.
    once();
    const { samples } = await runner.measure('restore', once, task);
    end.reset();
    end.close();
    return samples;
  });
}

export interface HandshakeMeasurement {
  /** ns per round trip, one entry per batch: reads of a PF register, and the bare ping-pong taken in turn with them. */
  readonly handshakeNs: Float64Array;
  readonly bareNs: Float64Array;
}

/** Round trips of one PF register read, and of a bare ping-pong by the same thread. */
export async function measureHandshake(task: HandshakeTask): Promise<HandshakeMeasurement> {
  return whileStopped(task.world, task.vm, task.host, async () => {
    const { world } = task;
    const lane = laneOf(world);
    const port = new LanePort(lane, task.host, world.vms[task.vm]!.fn);
    const roundTrip = (): void => void port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS);
    const bare = devicePingPong(lane, world.waiting);
    const [handshakeNs, bareNs] = await timeInTurn([{ roundTrip }, bare], task.batches, task.perBatch);
    return { handshakeNs: handshakeNs!, bareNs: bareNs! };
  });
}
