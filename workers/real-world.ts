/**
 * The real world: two hosts whose devices one thread serves, VMs on a guest thread, and Piscina pools that save and restore VFs.
 *
 * Everything is started by {@link RealWorld.open} and gone after {@link RealWorld.close}, also when something failed.
 */
import { Piscina } from 'piscina';

import { ACC_VF_DATA_BYTES } from '../sim/abi/vf-data.ts';
import { bug } from '../sim/base/bug.ts';
import { checkParts, WALL_PARTS, WALL_VIEW, type WallPart } from '../sim/base/pause-parts.ts';
import { type MigrationRefusal, refusalSentence } from '../sim/vfio/migration-refusal.ts';
import type { QueueLayout } from '../sim/workload/layout.ts';
import { frameBytesMax } from './end/image-stream.ts';
import { iterationBytesMax } from './end/iteration-stream.ts';
import type { DamageName, HalfCost, MigrationTask, RestoreResult, SaveResult } from './end/vf-tasks.ts';
import { END_STAMP, HANDOVER, STAMPS, stampOf } from './lane/handover-words.ts';
import { chooseWaiting, type WaitingPolicy } from './lane/waiting.ts';
import { waitingFacts } from './lane/waiting-calibration.ts';
import { poolModule } from './pools/worker-url.ts';
import type { GuestReport } from './threads/guest-service.ts';
import type { WorldInit, WorldSlot } from './lane/world-init.ts';
import { setUpWorld, ThreadWorld, type WorldOptions, type WorldSetUp } from './world.ts';

export interface RealWorldOptions extends WorldOptions {
  /** VMs, each with one VF; 1 to 63. */
  readonly vms: number;
  /** Queue isolation (PF register 0x30) at source and destination. Default 0 and 0. */
  readonly isolation?: readonly [number, number];
  /** Why the migration driver does not load for the VFs of source and destination; null: it does. Default: null. */
  readonly refusals?: readonly [MigrationRefusal | null, MigrationRefusal | null];
  /** Threads of each pool, and so migrations at once. Default 1. */
  readonly threads?: number;
  /** How threads wait for each other. Default: chosen by what this machine is measured to do. */
  readonly waiting?: WaitingPolicy;
}

/** How a VM is moved. */
interface MoveOptions {
  /** Iterations sent at most while the guest runs, before the pause. Default 0: everything is sent in the pause. */
  readonly iterationsMax?: number;
  /** For tests: what happens to the frame on its way. */
  readonly damage?: DamageName;
  /** For tests: it is the first iteration that is damaged, not what is sent in the pause. */
  readonly damagedIteration?: boolean;
}

export type RealMigration =
  | {
      readonly kind: 'moved';
      readonly downtimeNs: number;
      readonly partsNs: Readonly<Record<WallPart, number>>;
      /** Of what was sent in the pause. */
      readonly frameBytes: number;
      /** Bytes of each iteration before it. */
      readonly iterationBytes: readonly number[];
      readonly source: HalfCost;
      readonly destination: HalfCost;
    }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly hint?: string;
      /** Whether the VM runs on at its source with its VF served. */
      readonly resumed: boolean;
    };

export class RealWorld {
  private readonly threads: ThreadWorld;
  private readonly savers: Piscina;
  private readonly restorers: Piscina;
  private readonly freeSlots: number[];
  /** Moves that wait for a slot. */
  private readonly waiting: (() => void)[] = [];

  private constructor(setUp: WorldSetUp) {
    const { init } = setUp;
    this.freeSlots = init.slots.map((_, index) => index);
    this.threads = new ThreadWorld(setUp);
    this.savers = this.pool('save pool', init);
    this.restorers = this.pool('restore pool', init);
  }

  /** Starts all threads and boots the VMs. */
  static async open(options: RealWorldOptions): Promise<RealWorld> {
    const { vms, threads = 1, isolation = [0, 0], refusals = [null, null] } = options;
    const waiting = options.waiting ?? chooseWaiting(await waitingFacts(), 1 + threads);
    const hosts = isolation.map((value, host) => ({ isolation: value, refusal: refusals[host] ?? null }));
    const setUp = setUpWorld(options, { vms, hosts, waiting, marks: true });
    const slots = slotsOf(setUp.layout, threads);
    const world = new RealWorld({ ...setUp, init: { ...setUp.init, slots } });
    try {
      await world.threads.ready();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  get init(): WorldInit {
    return this.threads.init;
  }

  get layout(): QueueLayout {
    return this.threads.layout;
  }

  /**
   * Moves a VM.
   *
   * @param vm index of the VM
   * @param from host on which it runs
   * @throws WorkerLost when a thread died or hangs
   */
  async migrate(vm: number, from: number, options: MoveOptions = {}): Promise<RealMigration> {
    const blocked = this.blockedBy(from, 'source') ?? this.blockedBy(1 - from, 'destination');
    if (blocked !== null) return blocked;
    const slot = await this.takeSlot();
    const { handover, stamps } = this.init.slots[slot]!;
    new Int32Array(handover).fill(0);
    const task: MigrationTask = { vm, from, to: 1 - from, slot, ...options };
    const halves = [
      this.savers.run(task, { name: 'save' }) as Promise<SaveResult>,
      this.restorers.run(task, { name: 'restore' }) as Promise<RestoreResult>,
    ] as const;
    try {
      const [saved, restored] = await this.threads.unlessLost(Promise.all(halves));
      return outcomeOf(saved, restored, new Float64Array(stamps));
    } finally {
      // Also when one half failed: the other may write into the slot until it has ended too.
      void Promise.allSettled(halves).then(() => this.giveSlot(slot));
    }
  }

  /** A move that does not begin, because the driver of one side offers no migration. Nothing was stopped. */
  private blockedBy(host: number, side: 'source' | 'destination'): RealMigration | null {
    const { refusal } = this.init.hosts[host]!;
    if (refusal === null) return null;
    const reason = `the ${side} offers no migration: ${refusalSentence(refusal)}`;
    return { kind: 'failed', reason, resumed: true };
  }

  /** Ends the load, waits until every accepted task has completed, and takes the threads down. */
  async finish(): Promise<readonly GuestReport[]> {
    const reports = await this.threads.finish();
    await this.close();
    return reports;
  }

  /** Takes everything down, whatever state it is in. */
  async close(): Promise<void> {
    await Promise.all([this.threads.close(), this.savers.destroy(), this.restorers.destroy()]);
  }

  /** Tasks that a VM has completed so far, modulo 2^32. */
  completedTasks(vm: number): number {
    return this.threads.completedTasks(vm);
  }

  /** For tests of the watch: the device thread ends without notice. */
  async killDeviceThread(): Promise<void> {
    await this.threads.killDeviceThread();
  }

  /** A pool with a thread per slot. */
  private pool(who: string, init: WorldInit): Piscina {
    const pool = new Piscina({
      ...poolModule(import.meta.url, 'end/vf-tasks'),
      workerData: init,
      minThreads: init.slots.length,
      maxThreads: init.slots.length,
      idleTimeout: Number.POSITIVE_INFINITY,
      // The default queue of the pool lets tasks overtake each other for seconds.
      stricterFIFO: true,
    });
    pool.on('error', (error: unknown) => this.threads.lose(who, error));
    return pool;
  }

  private async takeSlot(): Promise<number> {
    while (this.freeSlots.length === 0) {
      await this.threads.unlessLost(new Promise<void>((resolve) => this.waiting.push(resolve)));
    }
    return this.freeSlots.shift() ?? bug('NO_FREE_SLOT');
  }

  private giveSlot(slot: number): void {
    this.freeSlots.push(slot);
    this.waiting.shift()?.();
  }
}

/** Room for so many migrations at once. */
function slotsOf(layout: QueueLayout, count: number): readonly WorldSlot[] {
  const arenaBytes = Math.max(
    frameBytesMax(ACC_VF_DATA_BYTES, layout.sections),
    iterationBytesMax(ACC_VF_DATA_BYTES, layout.queuePairs, layout.contextBufferOffset),
  );
  return Array.from({ length: count }, () => ({
    arena: new SharedArrayBuffer(arenaBytes),
    handover: new SharedArrayBuffer(4 * HANDOVER.words),
    stamps: new SharedArrayBuffer(8 * STAMPS),
  }));
}

function outcomeOf(saved: SaveResult, restored: RestoreResult, stamps: Float64Array): RealMigration {
  if (saved.kind === 'failed') {
    const reason = restored.kind === 'refused' ? `${saved.reason}: ${restored.reason}` : saved.reason;
    const hint = restored.kind === 'refused' ? restored.hint : undefined;
    return { kind: 'failed', reason, resumed: saved.resumed, ...(hint === undefined ? {} : { hint }) };
  }
  // The source heard from the destination that the VM runs there.
  if (restored.kind === 'refused') return bug('SENT_AND_REFUSED', restored.reason);
  const partsNs = WALL_VIEW.noTimes();
  WALL_PARTS.forEach((part, index) => {
    const ns = stamps[index + 1]! - stamps[index]!;
    // A stamp may be taken by either thread; the clock is one, so a part is never negative.
    if (!(ns >= 0)) bug('WALL_PART', part, ns);
    partsNs[part] = ns;
  });
  const downtimeNs = stamps[END_STAMP]! - stamps[stampOf('vcpuStop')]!;
  checkParts(partsNs, downtimeNs);
  const { frameBytes, iterationBytes, cost: source } = saved;
  return { kind: 'moved', downtimeNs, partsNs, frameBytes, iterationBytes, source, destination: restored.cost };
}
