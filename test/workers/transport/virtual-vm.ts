/**
 * VMs for tests of a move between processes: the genuine guest, device, driver and frame, in virtual time, so that a
 * whole move takes milliseconds and needs no threads. Each side has a world of its own.
 */
import { ACCELERATORS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { Random } from '../../../sim/base/random.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { VECTOR } from '../../../sim/device/functions.ts';
import { GENERATIONS } from '../../../sim/driver/generation.ts';
import type { MigrationFile } from '../../../sim/driver/migration-file.ts';
import type { VfSlot } from '../../../sim/world/host.ts';
import { type VfGuest, GUEST_DMA_BASE } from '../../../sim/world/vf-guest.ts';
import { World } from '../../../sim/world/world.ts';
import { resumeQueues } from '../../../sim/vfio/resume-queues.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import type { CheckReport } from '../../../sim/workload/checker.ts';
import type { GuestLedger } from '../../../sim/workload/ledger.ts';
import { readFrame, writeFrame } from '../../../workers/end/image-stream.ts';
import type { Seal, VmIdentity } from '../../../workers/transport/control.ts';
import type { DestinationVm, Draft, SourceVm } from '../../../workers/transport/switchover.ts';
import { packLedger, ParcelLayout, ParcelIterations } from '../../../workers/transport/parcel.ts';
import { DriverCallFailed } from '../../../workers/end/vf-end.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { NS_PER_MS } from '../../../sim/base/units.ts';

const QUEUE_PAIRS = 4;
const IN_FLIGHT = 8;
const GENERATION = 'upstream-2026';
export const CHUNK_BYTES = 64 * 1024;
/** A guest whose device is stuck never comes to rest. */
const STEPS_MAX = 200_000;

/** The process in which a VM lives was killed: it does nothing any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export class VirtualVm implements SourceVm, DestinationVm {
  readonly identity: VmIdentity = {
    kind: 'zip',
    queuePairs: QUEUE_PAIRS,
    isolation: 0,
    dmaBase: GUEST_DMA_BASE,
    driver: GENERATION,
  };
  readonly layout: ParcelLayout;
  readonly parcel: Uint8Array;
  /** Calls so far, and the one at which the PF's thread is found dead. */
  calls = 0;
  pfDiesAt = Infinity;
  killed = false;
  private readonly world = new World();
  private readonly slot: VfSlot;
  private readonly vm: VfGuest;
  private readonly spare: Uint8Array;
  private readonly iterations: ParcelIterations;
  private readonly user = new UserBuffer(new Uint8Array(ACC_VF_DATA_BYTES));
  private ledger: GuestLedger | null = null;
  private file: MigrationFile | null = null;
  private touched = false;

  constructor(absent: boolean, seed = 1, chunkBytes = CHUNK_BYTES) {
    const { world } = this;
    const costs = pointCosts();
    const depths = { sq: 256, cq: 256, eq: 512, aeq: 16 };
    const host = world.addHost({
      kind: 'zip',
      generation: GENERATIONS[GENERATION],
      costs,
      device: {
        hardware: QM_HW.V3,
        vfCount: 1,
        vft: [{ base: ACCELERATORS.zip.pfDefaultQueues, num: QUEUE_PAIRS }],
        isolation: 0,
        migRegionEnabled: false,
        inFlight: 'finish',
        engine: { servers: 2, serviceNs: 3000 },
      },
    });
    this.slot = host.slot(1);
    must('open', this.slot.vfio.open());
    this.vm = world.addGuest(
      {
        kind: 'zip',
        queuePairs: QUEUE_PAIRS,
        depths,
        load: { kind: 'closed', inFlightPerQueue: IN_FLIGHT },
        capacityPerSecond: 1e6,
        random: new Random(seed),
        interruptNs: costs.interruptNs,
      },
      this.slot,
    );
    this.layout = new ParcelLayout(this.vm.layout);
    this.parcel = new Uint8Array(this.layout.bytes);
    this.spare = new Uint8Array(absent ? 0 : this.layout.bytes);
    this.iterations = new ParcelIterations([this.parcel, absent ? this.parcel : this.spare], chunkBytes);
    if (!absent) {
      world.boot(this.vm);
      this.pass(0.2 + (seed % 50) / 100);
    }
  }

  get parcelBytes(): number {
    return this.layout.bytes;
  }

  /** Whether its vCPUs run. */
  get running(): boolean {
    return this.vm.running && !this.killed;
  }

  get completed(): number {
    return this.vm.guest.totalCompleted();
  }

  async draft(): Promise<Draft> {
    this.call();
    this.pass(0.05);
    const parcel = this.iterations.begin() === 0 ? this.parcel : this.spare;
    this.frame(parcel, new Uint8Array(ACC_VF_DATA_BYTES));
    return { parcel, chunks: this.iterations.changed([[0, this.layout.frameBytes]]) };
  }

  async stop(): Promise<Draft & { readonly seal: Seal }> {
    this.call();
    const { vm, slot, world, user } = this;
    vm.stop();
    this.touched = true;
    must('STOP_COPY', slot.vfio.setState(MIG_STATE.STOP_COPY));
    world.catchUp(world.clock.nowNs);
    const file = this.take();
    const bytes = must('read', slot.vfio.readFile(file, user, ACC_VF_DATA_BYTES));
    slot.vfio.closeFile(file);
    const parcel = this.iterations.begin() === 0 ? this.parcel : this.spare;
    const frameBytes = this.frame(parcel, user.bytes.subarray(0, bytes));
    const packed = packLedger(vm.guest.ledger({ kind: 'closed', inFlightPerQueue: IN_FLIGHT }));
    const seal = this.layout.seal(parcel, frameBytes, packed);
    const at = this.layout.frameBytes;
    const chunks = this.iterations.changed([
      [0, frameBytes],
      [at, at + packed.length],
    ]);
    return { parcel, chunks, seal };
  }

  async resume(): Promise<boolean> {
    this.call();
    this.iterations.restart();
    if (!this.touched) return true;
    const ret = resumeQueues(this.slot.vfio);
    this.vm.start();
    this.touched = false;
    return ret === 0;
  }

  async prepare(): Promise<void> {
    this.call();
    must('RESUMING', this.slot.vfio.setState(MIG_STATE.RESUMING));
    this.file = this.take();
  }

  async load(seal: Seal): Promise<void> {
    this.call();
    const { slot, vm, user } = this;
    const { frame, ledger } = this.layout.open(this.parcel, seal);
    const { image, sections } = readFrame(frame, {
      identity: this.frameIdentity(),
      imageBytesMax: ACC_VF_DATA_BYTES,
      places: vm.layout.sections,
    });
    for (const { place, data } of sections) vm.memory.u8.set(data, place.offset);
    user.bytes.set(image);
    if (this.file === null) throw new Error('loaded before it was prepared');
    must('write', slot.vfio.writeFile(this.file, user, image.length));
    must('load', slot.vfio.setState(MIG_STATE.STOP));
    slot.vfio.closeFile(this.file);
    this.file = null;
    this.ledger = ledger;
  }

  async start(): Promise<void> {
    this.call();
    if (this.ledger === null) throw new Error('started before it was loaded');
    must('RUNNING', this.slot.vfio.setState(MIG_STATE.RUNNING));
    this.vm.guest.takeOver(this.ledger);
    // A VMM gives a moved guest one interrupt too many, so that it reads events that were in flight.
    this.vm.raised(VECTOR.eq, this.world.clock.nowNs);
    this.world.eventNs = this.world.clock.nowNs;
    this.vm.start();
  }

  async discard(): Promise<void> {
    this.call();
    if (this.file !== null) this.slot.vfio.closeFile(this.file);
    this.file = null;
    this.slot.vfio.reset();
    this.vm.running = false;
  }

  /** Lets the guest work. */
  pass(ms: number): void {
    this.world.runUntil(this.world.clock.nowNs + ms * NS_PER_MS);
  }

  /** The end of its load: all that was accepted completes, or does not. */
  finish(): CheckReport {
    this.pass(0.2);
    this.vm.quiesce();
    for (let step = 0; step < STEPS_MAX; step++) {
      const dueNs = this.world.nextDueNs();
      if (dueNs === Infinity) break;
      this.world.runUntil(dueNs);
    }
    return this.vm.guest.finish(true);
  }

  private frame(into: Uint8Array, image: Uint8Array): number {
    const { vm } = this;
    return writeFrame(into, this.frameIdentity(), GENERATION, image, vm.memory.u8, vm.layout.sections);
  }

  private frameIdentity() {
    const { queuePairs, isolation, dmaBase } = this.identity;
    return { deviceId: ACCELERATORS.zip.vfDeviceId, queuePairs, isolation, dmaBase };
  }

  private call(): void {
    if (this.killed) throw new Killed('this process was killed');
    if (++this.calls >= this.pfDiesAt) throw new WorkerLost('device thread', '32-bit read of VF 1 at 0x0, host 0');
  }

  private take(): MigrationFile {
    const file = this.slot.vfio.newFile;
    if (file === null) throw new Error('there is no data file');
    this.slot.vfio.newFile = null;
    return file;
  }
}

function must(at: string, ret: number): number {
  if (ret < 0) throw new DriverCallFailed(at, ret);
  return ret;
}
