/**
 * One host in a process of its own: a device thread, a guest thread with one VM, and a thread that holds this host's end
 * of a move. A source's VM boots; a destination's is still to come.
 *
 * Everything is started by {@link OneHost.open} and gone after {@link OneHost.close}, also when something failed.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { ACCELERATORS, type AcceleratorKind, QM_HW } from '../../sim/abi/accelerators.ts';
import { bug } from '../../sim/base/bug.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { GenerationId } from '../../sim/driver/generation.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import type { Load } from '../../sim/workload/load.ts';
import type { DeviceInit } from '../threads/device-service.ts';
import { createGuestMap, GUEST_MAP, GUEST_VM, quiesceVm, vmWord } from '../lane/guest-map.ts';
import type { GuestInit, GuestReport } from '../threads/guest-service.ts';
import { createLedgerRoom } from '../end/ledger-room.ts';
import { createMap, describeLastAccess, LANES_MAX, MAP, mapWords } from '../lane/shared-map.ts';
import { publish, WAIT_LIMIT_MS } from '../lane/waiting.ts';
import { startWorker } from '../pools/worker-url.ts';
import { WorkerLost } from '../pools/worker-lost.ts';
import type { Seal, VmIdentity } from './control.ts';
import type { EndAnswer, EndCall, EndInit } from './end-service.ts';
import type { DestinationVm, Draft, SourceVm } from './switchover.ts';
import { ParcelLayout } from './parcel.ts';
import { NS_PER_S } from '../../sim/base/units.ts';
import type { InFlight } from '../../sim/abi/in-flight.ts';

/** DMA address of the VM's queue structures: the same on both hosts. */
const DMA_BASE = 0x2f_0000_0000;
const VM = 0;
/** A module beside the files of the device and guest threads. */
const SIBLING: string = new URL(`../${import.meta.url.endsWith('.ts') ? 'x.ts' : 'x.js'}`, import.meta.url).href;

export interface OneHostOptions {
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  readonly queuePairs: number;
  readonly load: Load;
  readonly seed: number;
  readonly inFlight: InFlight;
  readonly engine: { readonly servers: number; readonly serviceNs: number };
  readonly chunkBytes: number;
  /** Queue isolation (PF register 0x30). Default 0. */
  readonly isolation?: number;
  /** Whether the VM is still to come. */
  readonly absent: boolean;
  /** How long one thread waits for another before it counts as lost, in ms. */
  readonly limitMs?: number;
}

const POLL_MS = 50;

/** What the client had done when the VM was stopped to go. */
export interface LeftBehind {
  readonly accepted: number;
  readonly completed: number;
}

export class OneHost implements SourceVm, DestinationVm {
  readonly identity: VmIdentity;
  readonly parcelLayout: ParcelLayout;
  readonly queues: QueueLayout;
  /** Counts of the last stop; null before. */
  left: LeftBehind | null = null;
  private readonly parcels: readonly Uint8Array[];
  private readonly map: Int32Array;
  private readonly guestMap: Int32Array;
  private readonly limitMs: number;
  private readonly device: Worker;
  private readonly guest: Worker;
  private readonly end: Worker;
  private readonly reports: Promise<GuestReport[]>;
  private readonly awaiting = new Set<(loss: Error) => void>();
  private loss: Error | null = null;
  private closing = false;

  private constructor(options: OneHostOptions, plan: SetUp) {
    const { kind, queuePairs, generation, isolation = 0 } = options;
    this.identity = { kind, queuePairs, isolation, dmaBase: DMA_BASE, driver: generation };
    this.queues = plan.queues;
    this.parcelLayout = new ParcelLayout(plan.queues);
    this.parcels = plan.end.parcels.map((parcel) => new Uint8Array(parcel));
    this.map = mapWords(plan.device.map);
    this.guestMap = new Int32Array(plan.guest.guestMap);
    this.limitMs = plan.end.world.limitMs;
    this.device = startWorker(SIBLING, 'threads/device-thread', plan.device);
    this.guest = startWorker(SIBLING, 'threads/guest-thread', plan.guest);
    this.end = startWorker(import.meta.url, 'end-thread', plan.end);
    this.watch();
    this.reports = once(this.guest, 'message').then(([reports]) => reports as GuestReport[]);
    this.reports.catch(() => {});
  }

  /** Starts all threads, and boots the VM if it is here. */
  static async open(options: OneHostOptions): Promise<OneHost> {
    const host = new OneHost(options, setUpOf(options));
    try {
      const ready = once(host.end, 'message');
      ready.catch(() => {});
      await host.until(host.map, MAP.ready, 1, 'device thread');
      await host.until(host.guestMap, GUEST_MAP.booted, 1, 'guest thread');
      await host.unlessLost(ready);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  get parcelBytes(): number {
    return this.parcelLayout.bytes;
  }

  /** A destination's parcel: where what comes is put. */
  get parcel(): Uint8Array {
    return this.parcels[0]!;
  }

  async draft(): Promise<Draft> {
    const answer = await this.ask({ call: 'draft' });
    if (answer.kind !== 'draft') return bug('END_ANSWER', answer.kind);
    return { parcel: this.parcels[answer.parcel]!, chunks: answer.chunks };
  }

  async stop(): Promise<Draft & { readonly seal: Seal }> {
    const answer = await this.ask({ call: 'stop' });
    if (answer.kind !== 'stopped') return bug('END_ANSWER', answer.kind);
    const { accepted, completed, chunks, seal } = answer;
    this.left = { accepted, completed };
    return { parcel: this.parcels[answer.parcel]!, chunks, seal };
  }

  async resume(): Promise<boolean> {
    const answer = await this.ask({ call: 'resume' });
    return answer.kind === 'resumed' ? answer.served : bug('END_ANSWER', answer.kind);
  }

  async prepare(): Promise<void> {
    await this.ask({ call: 'prepare' });
  }

  async load(seal: Seal): Promise<void> {
    await this.ask({ call: 'load', seal });
  }

  async start(): Promise<void> {
    await this.ask({ call: 'start' });
  }

  async discard(): Promise<void> {
    await this.ask({ call: this.left === null ? 'discard' : 'release' });
  }

  /** Tasks that the VM has completed so far, modulo 2^32. */
  completedTasks(): number {
    return Atomics.load(this.guestMap, vmWord(VM, GUEST_VM.completed)) >>> 0;
  }

  /** A wait that ends early when a thread is lost. @throws WorkerLost */
  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let wake = (): void => {};
    try {
      await this.unlessLost(
        new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
          signal?.addEventListener('abort', wake, { once: true });
        }),
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
    }
  }

  /** Ends the load, waits until every accepted task has completed, and takes the threads down. */
  async finish(): Promise<GuestReport> {
    quiesceVm(this.guestMap, VM);
    await this.until(this.guestMap, vmWord(VM, GUEST_VM.drained), 1, 'guest thread');
    publish(this.guestMap, GUEST_MAP.stop, 1);
    Atomics.add(this.guestMap, GUEST_MAP.wake, 1);
    Atomics.notify(this.guestMap, GUEST_MAP.wake);
    const [report] = await this.unlessLost(this.reports);
    await this.close();
    return report ?? bug('NO_GUEST_REPORT');
  }

  /** Takes everything down, whatever state it is in. */
  async close(): Promise<void> {
    this.closing = true;
    for (const tell of this.awaiting) tell(new WorkerLost('host', 'being closed'));
    await Promise.all([this.device.terminate(), this.guest.terminate(), this.end.terminate()]);
  }

  /** For tests: the device thread (the PF) is gone from one moment to the next. */
  async killDeviceThread(): Promise<void> {
    await this.device.terminate();
  }

  private async ask(call: EndCall): Promise<EndAnswer> {
    if (this.loss !== null) throw this.loss;
    const [answer] = await this.unlessLost(
      new Promise<[EndAnswer]>((resolve) => {
        this.end.once('message', (message: EndAnswer) => resolve([message]));
        this.end.postMessage(call);
      }),
    );
    if (answer.kind === 'lost') throw new WorkerLost(answer.worker, answer.lastAccess);
    if (answer.kind === 'wrong') throw new UserError(answer.is, answer.message, answer.hint);
    return answer;
  }

  /** Notices when a thread ends that should not. */
  private watch(): void {
    const lose = (who: string) => (reason: unknown) => {
      if (this.closing || this.loss !== null) return;
      const cause = reason instanceof Error ? { cause: reason } : undefined;
      this.loss = reason instanceof WorkerLost ? reason : new WorkerLost(who, this.lastAccesses(), cause);
      for (const tell of this.awaiting) tell(this.loss);
    };
    this.device.once('error', lose('device thread'));
    this.device.once('exit', lose('device thread'));
    this.end.once('error', lose('migration thread'));
    this.end.once('exit', lose('migration thread'));
    this.guest.once('error', lose('guest thread'));
    this.guest.once('exit', (code) => {
      if (code !== 0) lose('guest thread')(undefined);
    });
  }

  private unlessLost<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.awaiting.add(reject);
      promise.then(resolve, reject).finally(() => this.awaiting.delete(reject));
      if (this.loss !== null) reject(this.loss);
    });
  }

  private lastAccesses(): string {
    const lanes = Math.min(Atomics.load(this.map, MAP.lanesTaken), LANES_MAX);
    const texts = Array.from({ length: lanes }, (_, lane) => `lane ${lane}: ${describeLastAccess(this.map, lane)}`);
    return texts.length === 0 ? 'no access yet' : texts.join('; ');
  }

  private async until(words: Int32Array, index: number, value: number, who: string): Promise<void> {
    const deadline = performance.now() + this.limitMs;
    for (;;) {
      const seen = Atomics.load(words, index);
      if (seen === value) return;
      if (performance.now() > deadline) throw new WorkerLost(who, this.lastAccesses());
      const wait = Atomics.waitAsync(words, index, seen, POLL_MS);
      await this.unlessLost<unknown>(wait.async ? wait.value : Promise.resolve());
    }
  }
}

interface SetUp {
  readonly queues: QueueLayout;
  readonly device: DeviceInit;
  readonly guest: GuestInit;
  readonly end: EndInit;
}

function setUpOf(options: OneHostOptions): SetUp {
  const { kind, queuePairs, load, generation, engine, inFlight, seed, isolation = 0, absent, chunkBytes } = options;
  const facts = ACCELERATORS[kind];
  const pool = 1024 - facts.pfDefaultQueues;
  if (queuePairs > pool) {
    throw new UserError(
      'usage',
      `a VF with ${queuePairs} queue pairs was asked for, the ${kind} device has ${pool} for VFs`,
      'use fewer queue pairs',
    );
  }
  const queues = new QueueLayout({ kind, queuePairs, dmaBase: DMA_BASE });
  const parcel = new ParcelLayout(queues);
  const map = createMap(1);
  const guestMap = createGuestMap(1);
  const memory = new SharedArrayBuffer(queues.totalBytes);
  const ledger = createLedgerRoom(parcel.ledgerBytes);
  const hardware = QM_HW.V3;
  const fn = 1;
  const limitMs = options.limitMs ?? WAIT_LIMIT_MS;
  return {
    queues,
    device: {
      map,
      hosts: [
        {
          kind,
          hardware,
          vfCount: 1,
          vft: [{ base: facts.pfDefaultQueues, num: queuePairs }],
          isolation,
          inFlight,
          engine,
          memories: [{ fn, buffer: memory, dmaBase: DMA_BASE }],
        },
      ],
    },
    guest: {
      map,
      limitMs,
      guestMap,
      vms: [
        {
          kind,
          queuePairs,
          dmaBase: DMA_BASE,
          load,
          capacityPerSecond: (engine.servers / engine.serviceNs) * NS_PER_S,
          seed,
          places: [{ fn, memory }],
          ledger,
          absent,
        },
      ],
    },
    end: {
      world: {
        map,
        guestMap,
        kind,
        generation,
        hardware,
        queuePairs,
        dmaBase: DMA_BASE,
        hosts: [{ isolation, refusal: null }],
        vms: [{ fn, memories: [memory] }],
        slots: [],
        limitMs,
      },
      chunkBytes,
      parcels: Array.from({ length: absent ? 1 : 2 }, () => new SharedArrayBuffer(parcel.bytes)),
      ledger,
    },
  };
}
