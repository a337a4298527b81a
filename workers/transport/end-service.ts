/**
 * The work of the thread that holds one end of a move between processes: the driver in front of the VF, the parcel, and
 * the wishes to the guest thread. The main thread of the process, which serves the sockets, asks it one thing at a time.
 */
import { ACCELERATORS } from '../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
import { bug } from '../../sim/base/bug.ts';
import { UserError, type UserErrorKind } from '../../sim/base/user-error.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import { GUEST_VM, runningOn, STOPPED, vmWord, wishVm } from '../lane/guest-map.ts';
import { writeFrame } from '../end/image-stream.ts';
import { ledgerBytes, putLedgerBytes } from '../lane/ledger-room.ts';
import { Lane } from '../lane/lane-port.ts';
import { DriverCallFailed, VfEnd } from '../end/vf-end.ts';
import { waitForValue } from '../lane/waiting.ts';
import { WorkerLost } from '../pools/worker-lost.ts';
import type { WorldInit } from '../lane/world-init.ts';
import type { Seal } from './control.ts';
import { packLedger, ParcelLayout, ParcelIterations, unpackLedger } from './parcel.ts';

/** The only VM and the only host of a process. */
const VM = 0;
const HOST = 0;

export interface EndInit {
  readonly world: WorldInit;
  readonly chunkBytes: number;
  /** Two at a source, one at a destination. */
  readonly parcels: readonly SharedArrayBuffer[];
  readonly ledger: SharedArrayBuffer;
}

export type EndCall =
  | { readonly call: 'draft' | 'stop' | 'resume' | 'release' | 'prepare' | 'start' | 'discard' }
  | { readonly call: 'load'; readonly seal: Seal };

export type EndAnswer =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'draft';
      /** Which of the parcels it is in. */
      readonly parcel: number;
      readonly chunks: readonly number[];
    }
  | {
      readonly kind: 'stopped';
      readonly parcel: number;
      readonly chunks: readonly number[];
      readonly seal: Seal;
      readonly accepted: number;
      readonly completed: number;
    }
  | { readonly kind: 'resumed'; readonly served: boolean }
  | { readonly kind: 'lost'; readonly worker: string; readonly lastAccess: string | undefined }
  | { readonly kind: 'wrong'; readonly is: UserErrorKind; readonly message: string; readonly hint: string | undefined };

export class EndService {
  private readonly world: WorldInit;
  private readonly lane: Lane;
  private readonly guestMap: Int32Array;
  private readonly queues: QueueLayout;
  private readonly layout: ParcelLayout;
  private readonly parcels: readonly Uint8Array[];
  private readonly iterations: ParcelIterations;
  private readonly ledger: SharedArrayBuffer;
  private end: VfEnd | null = null;
  private vcpusStopped = false;
  private vfTouched = false;

  constructor(init: EndInit) {
    const { world, chunkBytes, parcels, ledger } = init;
    this.world = world;
    this.lane = new Lane(world.map, world.limitMs);
    this.guestMap = new Int32Array(world.guestMap);
    const { kind, queuePairs, dmaBase } = world;
    this.queues = new QueueLayout({ kind, queuePairs, dmaBase });
    this.layout = new ParcelLayout(this.queues);
    this.parcels = parcels.map((parcel) => new Uint8Array(parcel));
    this.iterations = new ParcelIterations([this.parcels[0]!, this.parcels[1] ?? this.parcels[0]!], chunkBytes);
    this.ledger = ledger;
  }

  /** Does what is asked. What goes wrong in a way that the other side should hear of is an answer, not an error. */
  answer(call: EndCall): EndAnswer {
    try {
      return this.carryOut(call);
    } catch (error) {
      if (error instanceof WorkerLost) return { kind: 'lost', worker: error.worker, lastAccess: error.lastAccess };
      if (error instanceof UserError) {
        return { kind: 'wrong', is: error.kind, message: error.message, hint: error.hint };
      }
      if (error instanceof DriverCallFailed) {
        return { kind: 'wrong', is: 'input', message: `the driver failed at ${error.message}`, hint: undefined };
      }
      throw error;
    }
  }

  private carryOut(call: EndCall): EndAnswer {
    switch (call.call) {
      case 'draft':
        return this.draft();
      case 'stop':
        return this.stop();
      case 'resume':
        return this.resume();
      case 'release':
        this.source().stop();
        this.discard();
        break;
      case 'prepare':
        this.discard();
        this.end = new VfEnd(this.world, this.lane, VM, HOST, true);
        this.end.prepare();
        break;
      case 'load':
        this.load(call.seal);
        break;
      case 'start':
        (this.end ?? bug('END_NOT_LOADED')).run();
        wishVm(this.guestMap, VM, runningOn(HOST));
        this.end?.close();
        this.end = null;
        break;
      case 'discard':
        this.discard();
        break;
    }
    return { kind: 'done' };
  }

  /** The queue structures as they are, in a frame without an image. */
  private draft(): EndAnswer {
    this.source();
    const { kind, generation, queuePairs, dmaBase, hosts } = this.world;
    const parcel = this.iterations.begin();
    const { isolation } = hosts[HOST]!;
    const identity = { deviceId: ACCELERATORS[kind].vfDeviceId, queuePairs, isolation, dmaBase };
    const memory = new Uint8Array(this.world.vms[VM]!.memories[HOST]!);
    const image = new Uint8Array(ACC_VF_DATA_BYTES);
    writeFrame(this.parcels[parcel]!, identity, generation, image, memory, this.queues.sections);
    return { kind: 'draft', parcel, chunks: this.iterations.changed([[0, this.layout.frameBytes]]) };
  }

  private stop(): EndAnswer {
    const end = this.source();
    this.vcpusStopped = true;
    this.wish(STOPPED, 'being asked to stop its vCPUs');
    this.vfTouched = true;
    end.save();
    const index = this.iterations.begin();
    const parcel = this.parcels[index]!;
    const frameBytes = end.frame(parcel);
    const packed = ledgerBytes(this.ledger);
    const { guest } = unpackLedger(packed, this.queues);
    const seal = this.layout.seal(parcel, frameBytes, packed);
    const { frameBytes: ledgerAt } = this.layout;
    const chunks = this.iterations.changed([
      [0, frameBytes],
      [ledgerAt, ledgerAt + packed.length],
    ]);
    return {
      kind: 'stopped',
      parcel: index,
      chunks,
      seal,
      accepted: sum(guest.accepted),
      completed: sum(guest.completed),
    };
  }

  private resume(): EndAnswer {
    let served = true;
    this.iterations.restart();
    if (this.vfTouched) {
      try {
        this.source().resumeQueues();
      } catch (error) {
        if (!(error instanceof DriverCallFailed)) throw error;
        served = false;
      }
    }
    if (this.vcpusStopped) this.wish(runningOn(HOST), 'being asked to run its vCPUs');
    this.vfTouched = false;
    this.vcpusStopped = false;
    this.end?.close();
    this.end = null;
    return { kind: 'resumed', served };
  }

  private load(seal: Seal): void {
    const end = this.end ?? bug('END_NOT_PREPARED');
    const { frame, ledger } = this.layout.open(this.parcels[0]!, seal);
    const checked = end.validate(frame);
    end.scatter(checked);
    end.load(checked);
    putLedgerBytes(this.ledger, packLedger(ledger));
  }

  private discard(): void {
    if (this.end === null) return;
    this.end.reset();
    this.end.close();
    this.end = null;
  }

  /** The driver at a source: its VF is in use, and is not reset. */
  private source(): VfEnd {
    this.end ??= new VfEnd(this.world, this.lane, VM, HOST, false);
    return this.end;
  }

  private wish(value: number, last: string): void {
    wishVm(this.guestMap, VM, value);
    if (!waitForValue(this.guestMap, vmWord(VM, GUEST_VM.actual), value, this.world.limitMs)) {
      throw new WorkerLost('guest thread', last);
    }
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
