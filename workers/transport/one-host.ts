/**
 * One host in a process of its own: a device thread, a guest thread with one VM, and a thread that holds this host's end
 * of a move. A source's VM boots; a destination's is still to come.
 *
 * Everything is started by {@link OneHost.open} and gone after {@link OneHost.close}, also when something failed.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { bug } from '../../sim/base/bug.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { createLedgerRoom } from '../lane/ledger-room.ts';
import { WorkerLost } from '../pools/worker-lost.ts';
import { startWorker } from '../pools/worker-url.ts';
import type { GuestReport } from '../threads/guest-service.ts';
import { DMA_BASE, setUpWorld, ThreadWorld, type WorldOptions, type WorldSetUp } from '../world.ts';
import type { Seal, VmIdentity } from './control.ts';
import type { EndAnswer, EndCall, EndInit } from './end-service.ts';
import { ParcelLayout } from './parcel.ts';
import type { DestinationVm, Draft, SourceVm } from './switchover.ts';

/** The only VM of a process. */
const VM = 0;

export interface OneHostOptions extends WorldOptions {
  readonly chunkBytes: number;
  /** Queue isolation (PF register 0x30). Default 0. */
  readonly isolation?: number;
  /** Whether the VM is still to come. */
  readonly absent: boolean;
}

/** What the client had done when the VM was stopped to go. */
interface LeftBehind {
  readonly accepted: number;
  readonly completed: number;
}

export class OneHost implements SourceVm, DestinationVm {
  readonly identity: VmIdentity;
  readonly parcelLayout: ParcelLayout;
  /** Counts of the last stop; null before. */
  left: LeftBehind | null = null;
  private readonly parcels: readonly Uint8Array[];
  private readonly threads: ThreadWorld;
  private readonly end: Worker;

  private constructor({ kind, queuePairs, generation, isolation = 0 }: OneHostOptions, { world, end, layout }: SetUp) {
    this.identity = { kind, queuePairs, isolation, dmaBase: DMA_BASE, driver: generation };
    this.parcelLayout = layout;
    this.parcels = end.parcels.map((parcel) => new Uint8Array(parcel));
    this.threads = new ThreadWorld(world);
    this.end = startWorker(import.meta.url, 'end-thread', end);
    this.threads.watch('migration thread', this.end);
  }

  /** Starts all threads, and boots the VM if it is here. */
  static async open(options: OneHostOptions): Promise<OneHost> {
    const host = new OneHost(options, setUpHost(options));
    try {
      const ready = once(host.end, 'message');
      ready.catch(() => {});
      await host.threads.ready();
      await host.threads.unlessLost(ready);
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
    return this.threads.completedTasks(VM);
  }

  /** A wait that ends early when a thread is lost. @throws WorkerLost */
  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let wake = (): void => {};
    try {
      await this.threads.unlessLost(
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
    const [report] = await this.threads.finish();
    await this.close();
    return report ?? bug('NO_GUEST_REPORT');
  }

  /** Takes everything down, whatever state it is in. */
  async close(): Promise<void> {
    await Promise.all([this.threads.close(), this.end.terminate()]);
  }

  /** For tests: the device thread (the PF) ends without notice. */
  async killDeviceThread(): Promise<void> {
    await this.threads.killDeviceThread();
  }

  private async ask(call: EndCall): Promise<EndAnswer> {
    const answer = await this.threads.unlessLost(
      new Promise<EndAnswer>((resolve) => {
        this.end.once('message', resolve);
        this.end.postMessage(call);
      }),
    );
    if (answer.kind === 'lost') throw new WorkerLost(answer.worker, answer.lastAccess);
    if (answer.kind === 'wrong') throw new UserError(answer.is, answer.message, answer.hint);
    return answer;
  }
}

interface SetUp {
  readonly world: WorldSetUp;
  readonly end: EndInit;
  readonly layout: ParcelLayout;
}

function setUpHost(options: OneHostOptions): SetUp {
  const { isolation = 0, absent, chunkBytes } = options;
  const world = setUpWorld(options, { vms: 1, hosts: [{ isolation, refusal: null }] });
  const layout = new ParcelLayout(world.layout);
  const ledger = createLedgerRoom(layout.ledgerBytes);
  const guest = { ...world.guest, vms: world.guest.vms.map((vm) => ({ ...vm, ledger, absent })) };
  const parcels = Array.from({ length: absent ? 1 : 2 }, () => new SharedArrayBuffer(layout.bytes));
  return { world: { ...world, guest }, end: { world: world.init, chunkBytes, parcels, ledger }, layout };
}
