/**
 * A world of threads: the device thread, the guest thread, the words that they share with threads that move VMs, and the
 * watch over all of them.
 *
 * `RealWorld` (two hosts, and pools that move VMs between them) and `OneHost` (one host of a process) each open one and
 * add the threads that move. Nothing of it outlives {@link ThreadWorld.close}.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../sim/abi/accelerators.ts';
import type { InFlight } from '../sim/abi/in-flight.ts';
import { QUEUES_TOTAL } from '../sim/abi/vft.ts';
import { countOf, NS_PER_S } from '../sim/base/units.ts';
import { UserError } from '../sim/base/user-error.ts';
import type { GenerationId } from '../sim/driver/generation.ts';
import { QueueLayout } from '../sim/workload/layout.ts';
import type { Load } from '../sim/workload/load.ts';
import { createRingMarks } from './lane/dirty-rings.ts';
import { createGuestMap, endGuests, GUEST_MAP, GUEST_VM, quiesceVm, vmWord } from './lane/guest-map.ts';
import { createMap, describeLastAccess, endDevice, LANES_MAX, MAP, mapWords } from './lane/shared-map.ts';
import { WAIT_LIMIT_MS, type WaitingPolicy } from './lane/waiting.ts';
import { WorkerLost } from './pools/worker-lost.ts';
import { startWorker } from './pools/worker-url.ts';
import type { DeviceInit } from './threads/device-service.ts';
import type { GuestInit, GuestReport } from './threads/guest-service.ts';
import type { WorldHost, WorldInit } from './lane/world-init.ts';

/** DMA address of the VMs' queue structures: the same on all hosts. */
export const DMA_BASE = 0x2f_0000_0000;

/** How long a wait for a word lasts before the word is read again, in ms: a notification may come in between. */
const POLL_MS = 50;

/** What a world is asked for, whatever moves its VMs. */
export interface WorldOptions {
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  readonly queuePairs: number;
  readonly load: Load;
  readonly seed: number;
  readonly inFlight: InFlight;
  readonly engine: { readonly servers: number; readonly serviceNs: number };
  /** How long one thread waits for another before it counts as lost, in ms. Default: {@link WAIT_LIMIT_MS}. */
  readonly limitMs?: number;
}

/** The hosts and VMs of a world. */
export interface WorldShape {
  /** VMs, each with one VF on each host; 1 to 63. */
  readonly vms: number;
  readonly hosts: readonly WorldHost[];
  /** How threads wait for each other. Default: {@link WAITING_DEFAULT}. */
  readonly waiting?: WaitingPolicy;
  /** Whether guests count their doorbells, so that what they change can be sent in iterations. Default: false. */
  readonly marks?: boolean;
}

/** What each thread of a world is given. */
export interface WorldSetUp {
  readonly layout: QueueLayout;
  readonly init: WorldInit;
  readonly device: DeviceInit;
  readonly guest: GuestInit;
}

/**
 * Makes the shared memory of a world, and what its threads are given. No thread is started.
 *
 * @throws UserError of kind `usage` when the device has not so many queues
 */
export function setUpWorld(options: WorldOptions, shape: WorldShape): WorldSetUp {
  const { kind, generation, queuePairs, limitMs = WAIT_LIMIT_MS } = options;
  const { vms, hosts, waiting, marks = false } = shape;
  refuseTooManyQueues(kind, vms, queuePairs);
  const layout = new QueueLayout({ kind, queuePairs, dmaBase: DMA_BASE });
  const init: WorldInit = {
    map: createMap(vms, hosts.length),
    guestMap: createGuestMap(vms),
    kind,
    generation,
    hardware: QM_HW.V3,
    queuePairs,
    dmaBase: DMA_BASE,
    hosts,
    vms: Array.from({ length: vms }, (_, vm) => ({
      fn: vm + 1,
      memories: hosts.map(() => new SharedArrayBuffer(layout.totalBytes)),
      ...(marks ? { marks: createRingMarks(queuePairs) } : {}),
    })),
    slots: [],
    limitMs,
    ...(waiting === undefined ? {} : { waiting }),
  };
  return { layout, init, device: deviceInit(options, init), guest: guestInit(options, init) };
}

function refuseTooManyQueues(kind: AcceleratorKind, vms: number, queuePairs: number): void {
  const queues = vms * queuePairs;
  const pool = QUEUES_TOTAL - ACCELERATORS[kind].pfDefaultQueues;
  if (queues <= pool) return;
  const asked =
    vms === 1
      ? `a VF with ${countOf(queuePairs, 'queue pair')} needs`
      : `${vms} VFs with ${countOf(queuePairs, 'queue pair')} each need`;
  throw new UserError(
    'usage',
    `${asked} ${queues} queues, the ${kind} device has ${pool} for VFs`,
    vms === 1 ? 'use fewer queue pairs' : 'use fewer VFs or fewer queue pairs',
  );
}

function deviceInit({ inFlight, engine }: WorldOptions, init: WorldInit): DeviceInit {
  const { map, kind, hardware, queuePairs, dmaBase, hosts, vms, waiting } = init;
  const own = ACCELERATORS[kind].pfDefaultQueues;
  return {
    map,
    ...(waiting === undefined ? {} : { idleTurns: waiting.deviceIdleTurns }),
    hosts: hosts.map(({ isolation }, host) => ({
      isolation,
      kind,
      hardware,
      vfCount: vms.length,
      vft: vms.map((_, vm) => ({ base: own + vm * queuePairs, num: queuePairs })),
      inFlight,
      engine,
      memories: vms.map(({ fn, memories }) => ({ fn, buffer: memories[host]!, dmaBase })),
    })),
  };
}

function guestInit({ load, seed, engine }: WorldOptions, init: WorldInit): GuestInit {
  const { map, guestMap, kind, queuePairs, dmaBase, vms, waiting, limitMs } = init;
  const capacityPerSecond = ((engine.servers / engine.serviceNs) * NS_PER_S) / vms.length;
  return {
    map,
    guestMap,
    limitMs,
    ...(waiting === undefined ? {} : { waiting }),
    vms: vms.map(({ fn, memories, marks }) => ({
      kind,
      queuePairs,
      dmaBase,
      load,
      capacityPerSecond,
      seed,
      ...(marks === undefined ? {} : { marks }),
      places: memories.map((memory) => ({ fn, memory })),
    })),
  };
}

export class ThreadWorld {
  readonly init: WorldInit;
  readonly layout: QueueLayout;
  private readonly map: Int32Array;
  private readonly guestMap: Int32Array;
  private readonly device: Worker;
  private readonly guest: Worker;
  private readonly reports: Promise<GuestReport[]>;
  /** Rejects what is waited for, when a thread is lost. */
  private readonly awaiting = new Set<(loss: Error) => void>();
  private loss: Error | null = null;
  private closing = false;

  /** Starts the device thread and the guest thread, which begins to boot its VMs. */
  constructor({ init, layout, device, guest }: WorldSetUp) {
    this.init = init;
    this.layout = layout;
    this.map = mapWords(init.map);
    this.guestMap = new Int32Array(init.guestMap);
    this.device = startWorker(import.meta.url, 'threads/device-thread', device);
    this.guest = startWorker(import.meta.url, 'threads/guest-thread', guest);
    this.watch('device thread', this.device);
    this.watch('guest thread', this.guest, true);
    this.reports = once(this.guest, 'message').then(([reports]) => reports as GuestReport[]);
    this.reports.catch(() => {});
  }

  /** Waits until the device is served and all VMs have booted. @throws WorkerLost */
  async ready(): Promise<void> {
    await this.until(this.map, MAP.ready, 1, 'device thread');
    await this.until(this.guestMap, GUEST_MAP.booted, this.init.vms.length, 'guest thread');
  }

  /** Counts a thread as lost when it fails or ends. @param mayEnd whether it may end by itself, with exit code 0 */
  watch(who: string, thread: Worker, mayEnd = false): void {
    thread.once('error', (error: unknown) => this.lose(who, error));
    thread.once('exit', (code) => {
      if (!mayEnd || code !== 0) this.lose(who);
    });
  }

  /** A thread is lost: all that is waited for fails, and so does what is waited for later. */
  lose(who: string, reason?: unknown): void {
    if (this.closing || this.loss !== null) return;
    const cause = reason instanceof Error ? { cause: reason } : undefined;
    this.loss = reason instanceof WorkerLost ? reason : new WorkerLost(who, this.lastAccesses(), cause);
    for (const reject of this.awaiting) reject(this.loss);
  }

  /** What a promise gives, or the loss of a thread if that comes first. (A race against one promise would keep each.) */
  unlessLost<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.awaiting.add(reject);
      promise.then(resolve, reject).finally(() => this.awaiting.delete(reject));
      if (this.loss !== null) reject(this.loss);
    });
  }

  /** Tasks that a VM has completed so far, modulo 2^32. */
  completedTasks(vm: number): number {
    return Atomics.load(this.guestMap, vmWord(vm, GUEST_VM.completed)) >>> 0;
  }

  /** Ends the load and waits until every accepted task has completed. @returns a report per VM */
  async finish(): Promise<GuestReport[]> {
    const { guestMap } = this;
    const vms = this.init.vms.map((_, vm) => vm);
    for (const vm of vms) quiesceVm(guestMap, vm);
    for (const vm of vms) await this.until(guestMap, vmWord(vm, GUEST_VM.drained), 1, 'guest thread');
    endGuests(guestMap);
    return this.unlessLost(this.reports);
  }

  /** Takes the threads down, whatever state they are in. What is still waited for fails. */
  async close(): Promise<void> {
    this.closing = true;
    for (const reject of this.awaiting) reject(new WorkerLost('world', 'being closed'));
    endGuests(this.guestMap);
    endDevice(this.map);
    await Promise.all([this.device.terminate(), this.guest.terminate()]);
  }

  /** For tests of the watch: the device thread (the PF) ends without notice. */
  async killDeviceThread(): Promise<void> {
    await this.device.terminate();
  }

  /** What each thread last asked of the device. */
  private lastAccesses(): string {
    const lanes = Math.min(Atomics.load(this.map, MAP.lanesTaken), LANES_MAX);
    const texts = Array.from({ length: lanes }, (_, lane) => `lane ${lane}: ${describeLastAccess(this.map, lane)}`);
    return texts.length === 0 ? 'no access yet' : texts.join('; ');
  }

  /** Waits for a word without blocking the main thread, for a bounded time. */
  private async until(words: Int32Array, index: number, value: number, who: string): Promise<void> {
    const deadlineMs = performance.now() + this.init.limitMs;
    for (;;) {
      const seen = Atomics.load(words, index);
      if (seen === value) return;
      if (performance.now() > deadlineMs) throw new WorkerLost(who, this.lastAccesses());
      const wait = Atomics.waitAsync(words, index, seen, POLL_MS);
      await this.unlessLost<unknown>(wait.async ? wait.value : Promise.resolve());
    }
  }
}
