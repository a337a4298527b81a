/**
 * The real world: two hosts behind a device thread, VMs on a guest thread, and Piscina pools that save and restore VFs.
 *
 * Everything is started by {@link RealWorld.open} and gone after {@link RealWorld.close}, also when something failed.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';

import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../sim/abi/vf-data.ts';
import { bug } from '../sim/base/bug.ts';
import { UserError } from '../sim/base/user-error.ts';
import type { GenerationId } from '../sim/driver/generation.ts';
import { type MigrationRefusal, refusalSentence } from '../sim/vfio/migration-refusal.ts';
import { QueueLayout } from '../sim/workload/layout.ts';
import type { Load } from '../sim/workload/load.ts';
import type { DeviceInit } from './threads/device-service.ts';
import { createRingMarks } from './end/dirty-rings.ts';
import { createGuestMap, GUEST_MAP, GUEST_VM, quiesceVm, vmWord } from './lane/guest-map.ts';
import type { GuestInit, GuestReport } from './threads/guest-service.ts';
import { END_STAMP, HANDOVER, STAMPS, stampOf, WALL_PARTS, type WallPart } from './lane/handover-words.ts';
import { frameBytesMax } from './end/image-stream.ts';
import { createMap, describeLastAccess, LANES_MAX, MAP, mapWords } from './lane/shared-map.ts';
import type { DamageName, HalfCost, MigrationTask, RestoreResult, SaveResult } from './end/vf-tasks.ts';
import { roundBytesMax } from './end/round-stream.ts';
import { publish, chooseWaiting, WAIT_LIMIT_MS, type WaitingPolicy } from './lane/waiting.ts';
import { waitingFacts } from './lane/waiting-calibration.ts';
import { poolModule, startWorker } from './pools/worker-url.ts';
import { WorkerLost } from './pools/worker-lost.ts';
import type { WorldInit } from './threads/world-init.ts';
import { NS_PER_S } from '../sim/base/units.ts';
import type { InFlight } from '../sim/abi/in-flight.ts';

/** DMA address of the VMs' queue structures. */
const DMA_BASE = 0x2f_0000_0000;

export interface RealWorldOptions {
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  /** VMs, each with one VF; 1 to 63. */
  readonly vms: number;
  readonly queuePairs: number;
  readonly load: Load;
  readonly seed: number;
  readonly inFlight: InFlight;
  readonly engine: { readonly servers: number; readonly serviceNs: number };
  /** Queue isolation (PF register 0x30) at source and destination. Default 0 and 0. */
  readonly isolation?: readonly [number, number];
  /** Why the migration driver keeps away from the VFs of source and destination; null: it does not. Default: null. */
  readonly refusals?: readonly [MigrationRefusal | null, MigrationRefusal | null];
  /** Threads of each pool, and so migrations at once. Default 1. */
  readonly threads?: number;
  /** How long one thread waits for another before it counts as lost, in ms. Default: WAIT_LIMIT_MS. */
  readonly limitMs?: number;
  /** How threads wait for each other. Default: chosen by what this machine is measured to do. */
  readonly waiting?: WaitingPolicy;
}

/** How a VM is moved. */
export interface MoveOptions {
  /** Rounds sent at most while the guest runs, before the pause. Default 0: everything is sent in the pause. */
  readonly roundsMax?: number;
  /** For tests: what happens to the frame on its way. */
  readonly damage?: DamageName;
  /** For tests: it is the first round that is damaged, not what is sent in the pause. */
  readonly damagedRound?: boolean;
}

export type RealMigration =
  | {
      readonly kind: 'moved';
      readonly downtimeNs: number;
      readonly partsNs: Readonly<Record<WallPart, number>>;
      /** Of what was sent in the pause. */
      readonly frameBytes: number;
      /** Of each round before it. */
      readonly roundBytes: readonly number[];
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

interface Threads {
  readonly device: Worker;
  readonly guest: Worker;
  readonly savers: Piscina;
  readonly restorers: Piscina;
}

export class RealWorld {
  readonly init: WorldInit;
  readonly layout: QueueLayout;
  private readonly threads: Threads;
  private readonly map: Int32Array;
  private readonly guestMap: Int32Array;
  private readonly freeSlots: number[];
  private readonly waiting: (() => void)[] = [];
  /** Whoever waits for a thread, to be told when one is lost. */
  private readonly awaiting = new Set<(loss: Error) => void>();
  private loss: Error | null = null;
  private readonly reports: Promise<GuestReport[]>;
  private closing = false;

  private constructor(init: WorldInit, layout: QueueLayout, device: DeviceInit, guest: GuestInit) {
    this.init = init;
    this.layout = layout;
    this.map = mapWords(init.map);
    this.guestMap = new Int32Array(init.guestMap);
    this.freeSlots = init.slots.map((_, index) => index);
    const pool = (): Piscina =>
      new Piscina({
        ...poolModule(import.meta.url, 'end/vf-tasks'),
        workerData: init,
        minThreads: init.slots.length,
        maxThreads: init.slots.length,
        idleTimeout: Number.POSITIVE_INFINITY,
        // The default queue of the pool lets tasks overtake each other for seconds.
        stricterFIFO: true,
      });
    this.threads = {
      device: startWorker(import.meta.url, 'threads/device-thread', device),
      guest: startWorker(import.meta.url, 'threads/guest-thread', guest),
      savers: pool(),
      restorers: pool(),
    };
    this.watch();
    this.reports = once(this.threads.guest, 'message').then(([reports]) => reports as GuestReport[]);
    this.reports.catch(() => {});
  }

  /** Starts all threads and boots the VMs. */
  static async open(options: RealWorldOptions): Promise<RealWorld> {
    const waiting = options.waiting ?? chooseWaiting(await waitingFacts(), 1 + (options.threads ?? 1));
    const { init, layout, device, guest } = setUp(options, waiting);
    const world = new RealWorld(init, layout, device, guest);
    try {
      await world.until(world.map, MAP.ready, 1, 'device thread');
      await world.until(world.guestMap, GUEST_MAP.booted, options.vms, 'guest thread');
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
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
    const { savers, restorers } = this.threads;
    const halves = [
      savers.run(task, { name: 'save' }) as Promise<SaveResult>,
      restorers.run(task, { name: 'restore' }) as Promise<RestoreResult>,
    ] as const;
    try {
      const [saved, restored] = await this.unlessLost(Promise.all(halves));
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
    const { vms } = this.init;
    vms.forEach((_, vm) => quiesceVm(this.guestMap, vm));
    for (let vm = 0; vm < vms.length; vm++) {
      await this.until(this.guestMap, vmWord(vm, GUEST_VM.drained), 1, 'guest thread');
    }
    publish(this.guestMap, GUEST_MAP.stop, 1);
    Atomics.add(this.guestMap, GUEST_MAP.wake, 1);
    Atomics.notify(this.guestMap, GUEST_MAP.wake);
    const reports = await this.unlessLost(this.reports);
    await this.close();
    return reports;
  }

  /** Takes everything down, whatever state it is in. */
  async close(): Promise<void> {
    this.closing = true;
    const { device, guest, savers, restorers } = this.threads;
    publish(this.guestMap, GUEST_MAP.stop, 1);
    Atomics.add(this.guestMap, GUEST_MAP.wake, 1);
    Atomics.notify(this.guestMap, GUEST_MAP.wake);
    Atomics.store(this.map, MAP.stop, 1);
    Atomics.add(this.map, MAP.wake, 1);
    Atomics.notify(this.map, MAP.wake);
    await Promise.all([savers.destroy(), restorers.destroy(), device.terminate(), guest.terminate()]);
  }

  /** Tasks that a VM has completed so far, modulo 2^32. */
  completedTasks(vm: number): number {
    return Atomics.load(this.guestMap, vmWord(vm, GUEST_VM.completed)) >>> 0;
  }

  /** For tests of the watchdog: the device thread is gone from one moment to the next. */
  async killDeviceThread(): Promise<void> {
    await this.threads.device.terminate();
  }

  /** Notices when a thread ends that should not. */
  private watch(): void {
    const { device, guest, savers, restorers } = this.threads;
    const name = (who: string) => (reason: unknown) => {
      if (this.closing || this.loss !== null) return;
      this.loss =
        reason instanceof Error ? lostBy(who, reason, this.lastAccesses()) : new WorkerLost(who, this.lastAccesses());
      for (const tell of this.awaiting) tell(this.loss);
    };
    device.once('error', name('device thread'));
    device.once('exit', name('device thread'));
    guest.once('error', name('guest thread'));
    guest.once('exit', (code) => {
      if (code !== 0) name('guest thread')(undefined);
    });
    savers.on('error', name('save pool'));
    restorers.on('error', name('restore pool'));
  }

  /** What a promise gives, or the loss of a thread if that comes first. (A race against one promise would keep each.) */
  private unlessLost<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.awaiting.add(reject);
      promise.then(resolve, reject).finally(() => this.awaiting.delete(reject));
      if (this.loss !== null) reject(this.loss);
    });
  }

  /** What each thread last asked of the device. */
  private lastAccesses(): string {
    const lanes = Math.min(Atomics.load(this.map, MAP.lanesTaken), LANES_MAX);
    const texts = Array.from({ length: lanes }, (_, lane) => `lane ${lane}: ${describeLastAccess(this.map, lane)}`);
    return texts.length === 0 ? 'no access yet' : texts.join('; ');
  }

  /** Waits for a word without blocking the main thread, for a bounded time. */
  private async until(words: Int32Array, index: number, value: number, who: string): Promise<void> {
    const deadline = performance.now() + this.init.limitMs;
    while (Atomics.load(words, index) !== value) {
      if (performance.now() > deadline) throw new WorkerLost(who, this.lastAccesses());
      const seen = Atomics.load(words, index);
      if (seen === value) return;
      const wait = Atomics.waitAsync(words, index, seen, POLL_MS);
      await this.unlessLost<unknown>(wait.async ? wait.value : Promise.resolve());
    }
  }

  private async takeSlot(): Promise<number> {
    while (this.freeSlots.length === 0) {
      await this.unlessLost(new Promise<void>((resolve) => this.waiting.push(resolve)));
    }
    return this.freeSlots.shift() ?? bug('NO_FREE_SLOT');
  }

  private giveSlot(slot: number): void {
    this.freeSlots.push(slot);
    this.waiting.shift()?.();
  }
}

const POLL_MS = 50;

function lostBy(who: string, reason: Error, lastAccess: string): Error {
  return reason instanceof WorkerLost ? reason : new WorkerLost(who, lastAccess, { cause: reason });
}

function outcomeOf(saved: SaveResult, restored: RestoreResult, stamps: Float64Array): RealMigration {
  if (saved.kind === 'failed') {
    const reason = restored.kind === 'refused' ? `${saved.reason}: ${restored.reason}` : saved.reason;
    const hint = restored.kind === 'refused' ? restored.hint : undefined;
    return { kind: 'failed', reason, resumed: saved.resumed, ...(hint === undefined ? {} : { hint }) };
  }
  // The source heard from the destination that the VM runs there.
  if (restored.kind === 'refused') return bug('SENT_AND_REFUSED', restored.reason);
  const partsNs = {} as Record<WallPart, number>;
  let sumNs = 0;
  WALL_PARTS.forEach((part, index) => {
    const ns = stamps[index + 1]! - stamps[index]!;
    // A stamp may be taken by either thread; the clock is one, so a part is never negative.
    if (!(ns >= 0)) bug('WALL_PART', part, ns);
    partsNs[part] = ns;
    sumNs += ns;
  });
  const downtimeNs = stamps[END_STAMP]! - stamps[stampOf('vcpuStop')]!;
  if (Math.abs(sumNs - downtimeNs) > 1) bug('WALL_SUM', sumNs, downtimeNs);
  const { frameBytes, roundBytes, cost: source } = saved;
  return { kind: 'moved', downtimeNs, partsNs, frameBytes, roundBytes, source, destination: restored.cost };
}

interface SetUp {
  readonly init: WorldInit;
  readonly layout: QueueLayout;
  readonly device: DeviceInit;
  readonly guest: GuestInit;
}

function setUp(options: RealWorldOptions, waiting: WaitingPolicy): SetUp {
  const { kind, vms, queuePairs, load } = options;
  const facts = ACCELERATORS[kind];
  const queues = vms * queuePairs;
  const pool = 1024 - facts.pfDefaultQueues;
  if (queues > pool) {
    throw new UserError(
      'usage',
      `${vms} VFs with ${queuePairs} queue pairs each need ${queues} queues, the ${kind} device has ${pool} for VFs`,
      'use fewer VFs or fewer queue pairs',
    );
  }
  const isolation = options.isolation ?? [0, 0];
  const refusals = options.refusals ?? [null, null];
  const layout = new QueueLayout({ kind, queuePairs, dmaBase: DMA_BASE });
  const map = createMap(vms, isolation.length);
  const guestMap = createGuestMap(vms);
  const hosts = isolation.map((value, index) => ({
    isolation: value,
    refusal: refusals[index] ?? null,
  }));
  const worldVms = Array.from({ length: vms }, (_, vm) => ({
    fn: vm + 1,
    memories: hosts.map(() => new SharedArrayBuffer(layout.totalBytes)),
    marks: createRingMarks(queuePairs),
  }));
  const arenaBytes = Math.max(
    frameBytesMax(ACC_VF_DATA_BYTES, layout.sections),
    roundBytesMax(ACC_VF_DATA_BYTES, queuePairs, layout.contextBufferOffset),
  );
  const slots = Array.from({ length: options.threads ?? 1 }, () => ({
    arena: new SharedArrayBuffer(arenaBytes),
    handover: new SharedArrayBuffer(4 * HANDOVER.words),
    stamps: new SharedArrayBuffer(8 * STAMPS),
  }));
  const hardware = QM_HW.V3;
  const vft = worldVms.map((_, vm) => ({ base: facts.pfDefaultQueues + vm * queuePairs, num: queuePairs }));
  const limitMs = options.limitMs ?? WAIT_LIMIT_MS;
  const { generation, seed, inFlight, engine } = options;
  const init = {
    map,
    guestMap,
    kind,
    generation,
    hardware,
    queuePairs,
    dmaBase: DMA_BASE,
    hosts,
    vms: worldVms,
    slots,
    limitMs,
    waiting,
  };
  const device: DeviceInit = {
    map,
    idleTurns: waiting.deviceIdleTurns,
    hosts: hosts.map(({ isolation: queueIsolation }, index) => ({
      isolation: queueIsolation,
      kind,
      hardware,
      vfCount: vms,
      vft,
      inFlight,
      engine,
      memories: worldVms.map((vm) => ({ fn: vm.fn, buffer: vm.memories[index]!, dmaBase: DMA_BASE })),
    })),
  };
  const capacityPerSecond = ((engine.servers / engine.serviceNs) * NS_PER_S) / vms;
  const guest: GuestInit = {
    map,
    limitMs,
    waiting,
    guestMap,
    vms: worldVms.map((vm) => ({
      kind,
      queuePairs,
      dmaBase: DMA_BASE,
      load,
      capacityPerSecond,
      seed,
      marks: vm.marks,
      places: hosts.map((_, index) => ({ fn: vm.fn, memory: vm.memories[index]! })),
    })),
  };
  return { init, layout, device, guest };
}
