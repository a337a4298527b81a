/**
 * Tasks of the harness's pools for the suite `scale`: saves of many VFs of one PF thread.
 */
import { runningOn, STOPPED } from '../../../workers/lane/guest-map.ts';
import { VfEnd } from '../../../workers/end/vf-end.ts';
import { nowNs } from '../../../workers/wall-clock.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { type Allocation, allocationOf } from '../allocation.ts';
import { BennyRunner } from '../runner.ts';
import { measureInTurn, type TurnOptions } from '../turns.ts';
import { laneOf, wishAndWait } from './vf-measure.ts';

export interface ScaleTask extends TurnOptions {
  /** A world with one VF, and one with many. */
  readonly worlds: readonly [one: WorldInit, many: WorldInit];
}

/** ns per VF, one entry per turn. */
export interface ScaleMeasurement {
  readonly oneNs: Float64Array;
  readonly manyNs: Float64Array;
  /** Bare copies of as many bytes between the same buffers in the same order. */
  readonly oneCopyNs: Float64Array;
  readonly manyCopyNs: Float64Array;
  /** What a save of one of the many leaves on the heap. */
  readonly allocation: Allocation;
  /** Bytes of such a save, and how many of image and queue structures were copied for them. */
  readonly frameBytes: number;
  readonly copiedBytes: number;
}

/** Saves one VF after another, again and again; its vCPUs are paused. */
class Saver {
  private readonly ends: readonly VfEnd[];
  private readonly arena: Uint8Array;
  private readonly world: WorldInit;
  private next = 0;

  constructor(world: WorldInit, vms: readonly number[]) {
    this.world = world;
    const lane = laneOf(world);
    for (const vm of vms) wishAndWait(world, vm, STOPPED);
    this.ends = vms.map((vm) => new VfEnd(world, lane, vm, 0, false));
    this.arena = new Uint8Array(world.slots[0]!.arena);
    for (const end of this.ends) end.save();
  }

  /** Bytes that all its ends have copied so far. */
  get copiedBytes(): number {
    return this.ends.reduce((sum, { copiedBytes }) => sum + copiedBytes, 0);
  }

  save(): number {
    const end = this.take();
    end.stop();
    end.save();
    return end.frame(this.arena);
  }

  copy(): number {
    const { memory, layout } = this.take();
    this.arena.set(memory.subarray(0, layout.sectionBytes));
    return layout.sectionBytes;
  }

  close(vms: readonly number[]): void {
    for (const end of this.ends) {
      end.resumeQueues();
      end.close();
    }
    for (const vm of vms) wishAndWait(this.world, vm, runningOn(0));
  }

  private take(): VfEnd {
    const end = this.ends[this.next]!;
    this.next = this.next + 1 === this.ends.length ? 0 : this.next + 1;
    return end;
  }
}

/** Saves between two readings of the heap. */
const HEAP_SAVES = 20;

/** Saves of one VF and of many, and what a bare copy costs, in turn. */
export async function measureScale(task: ScaleTask): Promise<ScaleMeasurement> {
  const lists = task.worlds.map((world) => world.vms.map((_, vm) => vm));
  const savers = task.worlds.map((world, index) => new Saver(world, lists[index]!));
  const [one, many] = savers as [Saver, Saver];
  const samples = await measureInTurn(
    new BennyRunner(),
    [
      { name: 'one', fn: () => one.save() },
      { name: 'many', fn: () => many.save() },
      { name: 'one, copy', fn: () => one.copy() },
      { name: 'many, copy', fn: () => many.copy() },
    ],
    task,
  );
  const copiedBefore = many.copiedBytes;
  const frameBytes = many.save();
  const copiedBytes = many.copiedBytes - copiedBefore;
  const allocation = allocationOf(() => many.save(), HEAP_SAVES);
  savers.forEach((saver, index) => saver.close(lists[index]!));
  const [oneNs, manyNs, oneCopyNs, manyCopyNs] = samples;
  return {
    oneNs: oneNs!,
    manyNs: manyNs!,
    oneCopyNs: oneCopyNs!,
    manyCopyNs: manyCopyNs!,
    allocation,
    frameBytes,
    copiedBytes,
  };
}

/** A task that does nothing: the floor of every task. */
export function empty(): number {
  return 0;
}

let kept: Saver | undefined;

/** Saves some VFs in one task. @returns the times at which each was done, in ns by the clock of all threads */
export function saveBatch({ world, vfs }: { readonly world: WorldInit; readonly vfs: number }): number[] {
  // The thread comes back to the same VFs, whose vCPUs stay where they are.
  kept ??= new Saver(
    world,
    world.vms.map((_, vm) => vm),
  );
  const saver = kept;
  return Array.from({ length: vfs }, () => {
    saver.save();
    return nowNs();
  });
}
