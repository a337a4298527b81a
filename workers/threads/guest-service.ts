/**
 * The guest thread's work: all VMs of a run, their clients and their VF drivers, by the wall clock.
 *
 * A VM that is asked to stop takes no completion and submits nothing until it is asked to run, on either host.
 */
import type { AcceleratorKind } from '../../sim/abi/accelerators.ts';
import { bug } from '../../sim/base/bug.ts';
import { Random } from '../../sim/base/random.ts';
import { GuestMemory } from '../../sim/device/guest-memory.ts';
import { type CheckReport, CompletionChecker } from '../../sim/workload/checker.ts';
import { Guest } from '../../sim/workload/guest.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import { ArrivalProcess, type Load } from '../../sim/workload/load.ts';
import { RingMarks } from '../lane/dirty-rings.ts';
import { GUEST_MAP, GUEST_VM, runningOn, STOPPED, vmWord } from '../lane/guest-map.ts';
import { LaneBus } from '../lane/lane-bus.ts';
import type { MapMemory } from '../lane/map-memory.ts';
import { readLedgerRoom, writeLedgerRoom } from '../lane/ledger-room.ts';
import { type Lane, LanePort } from '../lane/lane-port.ts';
import { type LaneWaiting, publish } from '../lane/waiting.ts';
import { localNowNs } from '../wall-clock.ts';
import { NS_PER_MS } from '../../sim/base/units.ts';

/** Where a VM's RAM and VF are on one host. */
interface VmPlace {
  readonly fn: number;
  readonly memory: SharedArrayBuffer;
}

interface GuestVmInit {
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  readonly dmaBase: number;
  readonly load: Load;
  readonly capacityPerSecond: number;
  readonly seed: number;
  /** Where it counts its doorbells, see RING_MARK; without, it does not. */
  readonly marks?: SharedArrayBuffer;
  /** Per host. */
  readonly places: readonly VmPlace[];
  /** For a VM that moves between processes: where its ledger is left when it stops. */
  readonly ledger?: SharedArrayBuffer;
  /** The VM is still to come, with a ledger in its place: it does not boot, and resumes when it is first to run. */
  readonly absent?: boolean;
}

export interface GuestInit {
  readonly map: MapMemory;
  /** How long the device thread may be silent before it counts as lost, in ms. */
  readonly limitMs: number;
  readonly waiting?: LaneWaiting;
  readonly guestMap: SharedArrayBuffer;
  readonly vms: readonly GuestVmInit[];
}

/** What a guest thread reports of a VM. */
export interface GuestReport {
  readonly report: CheckReport;
  /** Per queue and pause: from the last completion before to the first after, in ns of wall time. */
  readonly pausesNs: readonly number[];
}

/** Arrivals that one poll catches up with; more are put off, as a client does that was held up. */
const ARRIVALS_PER_POLL = 256;
/** How late arrivals may become before the client gives up on the lost time. */
const BEHIND_NS_MAX = NS_PER_MS;
/** Rest when a poll found nothing: the latency of an interrupt, rather than a core burnt that others need. */
const REST_MS = 0.02;
const SLEEP_MS = 100;
/** Random streams of clients that came from another process begin here. */
const ARRIVED_STREAM = 1024;
/** Pauses kept for the report. */
const PAUSES_MAX = 100_000;

class GuestVm {
  private readonly init: GuestVmInit;
  private readonly index: number;
  private readonly map: Int32Array;
  private readonly lane: Lane;
  private readonly guest: Guest;
  private readonly checker: CompletionChecker;
  private readonly buses: readonly LaneBus[];
  private readonly memories: readonly GuestMemory[];
  private load: Load;
  private arrivals: ArrivalProcess | null;
  private readonly lastNs: Float64Array;
  private readonly awaited: Uint8Array;
  private readonly pausesNs: number[] = [];
  private readonly outstandingMax: number;
  private host = 0;
  private actual: number = STOPPED;
  private quiet = false;
  private absent: boolean;
  private stoppedNs = 0;
  /** When the current poll began. */
  private polledNs = 0;

  constructor(init: GuestVmInit, index: number, map: Int32Array, lane: Lane) {
    this.init = init;
    this.index = index;
    this.map = map;
    this.lane = lane;
    this.absent = init.absent ?? false;
    const { kind, queuePairs, dmaBase } = init;
    const layout = new QueueLayout({ kind, queuePairs, dmaBase });
    this.memories = init.places.map((place) => new GuestMemory(place.memory, dmaBase));
    const marks = init.marks === undefined ? null : new RingMarks(init.marks, layout);
    this.buses = init.places.map((place, host) => new LaneBus(new LanePort(lane, host, place.fn), marks));
    this.checker = new CompletionChecker(queuePairs, layout.depths.sq);
    this.lastNs = new Float64Array(queuePairs).fill(Number.NaN);
    this.awaited = new Uint8Array(queuePairs);
    this.outstandingMax = layout.depths.eq / 2;
    this.guest = new Guest({
      memory: this.memories[0]!,
      layout,
      bus: this.buses[0]!,
      checker: this.checker,
      onCompletion: (queue) => this.completion(queue),
    });
    this.load = init.load;
    this.arrivals = this.arrivalsOf(init.load, index);
  }

  boot(): boolean {
    if (this.absent) return true;
    if (!this.guest.start()) return false;
    this.actual = runningOn(0);
    Atomics.store(this.map, vmWord(this.index, GUEST_VM.wanted), this.actual);
    publish(this.map, vmWord(this.index, GUEST_VM.actual), this.actual);
    if (this.load.kind === 'closed') this.guest.keepInFlight(this.load.inFlightPerQueue);
    return true;
  }

  /** One poll: follow the wish, take completions, submit arrivals. @returns for how long nothing more will come, in ms */
  poll(): number {
    const wanted = Atomics.load(this.map, vmWord(this.index, GUEST_VM.wanted));
    if (wanted !== this.actual) this.follow(wanted);
    if (this.actual === STOPPED) return SLEEP_MS;
    this.polledNs = localNowNs();
    const taken = this.guest.poll();
    if (taken > 0) this.map[vmWord(this.index, GUEST_VM.completed)] = this.guest.totalCompleted() | 0;
    if (!this.quiet && Atomics.load(this.map, vmWord(this.index, GUEST_VM.quiesce)) === 1) this.quiesce();
    if (this.quiet) return this.drain();
    if (this.arrivals !== null) this.arrive(this.arrivals);
    if (this.load.kind === 'idle') return SLEEP_MS;
    return taken > 0 ? 0 : REST_MS;
  }

  report(): GuestReport {
    return { report: this.guest.finish(true), pausesNs: this.pausesNs };
  }

  private follow(wanted: number): void {
    const nowNs = localNowNs();
    if (wanted === STOPPED) {
      // A doorbell that is still on its way would reach a device that has already given up this function's contexts.
      this.lane.flush();
      this.stoppedNs = nowNs;
      this.awaited.fill(1);
      if (this.init.ledger !== undefined) writeLedgerRoom(this.init.ledger, this.guest.ledger(this.load));
    } else {
      if (this.absent) this.arriveHere(nowNs);
      const host = wanted - 1;
      if (host === this.host) {
        // It was only paused for a while; what is reported is the pause of a move.
        this.awaited.fill(0);
        this.lastNs.fill(Number.NaN);
      } else {
        this.host = host;
        this.guest.moveTo(this.memories[host]!, this.buses[host]!);
      }
      this.arrivals?.delayBy(nowNs - this.stoppedNs);
    }
    this.actual = wanted;
    publish(this.map, vmWord(this.index, GUEST_VM.actual), wanted);
  }

  /** The VM comes from another process, and resumes where its software stood. */
  private arriveHere(nowNs: number): void {
    this.absent = false;
    this.stoppedNs = nowNs;
    const ledger = readLedgerRoom(this.init.ledger ?? bug('GUEST_WITHOUT_LEDGER'));
    this.guest.takeOver(ledger);
    this.guest.keepInFlight(ledger.guest.inFlight);
    this.load = ledger.load;
    // Other draws than at the source: those it made there are not known here.
    this.arrivals = this.arrivalsOf(ledger.load, this.index + ARRIVED_STREAM);
  }

  /** @param stream of the random numbers */
  private arrivalsOf(load: Load, stream: number): ArrivalProcess | null {
    if (load.kind !== 'open') return null;
    return new ArrivalProcess({
      ratePerSecond: this.init.capacityPerSecond * load.fractionOfCapacity,
      queues: this.init.queuePairs,
      random: new Random(this.init.seed, stream),
      startNs: localNowNs(),
    });
  }

  private arrive(arrivals: ArrivalProcess): void {
    const behindNs = this.polledNs - arrivals.nextArrivalNs;
    if (behindNs > BEHIND_NS_MAX) arrivals.delayBy(behindNs);
    let left = ARRIVALS_PER_POLL;
    while (arrivals.nextArrivalNs <= this.polledNs && left > 0) {
      // An event queue that overflows costs the whole function (docs/device.md 12.1), so a driver keeps below it.
      if (this.guest.totalAccepted() - this.guest.totalCompleted() >= this.outstandingMax) break;
      this.guest.submit(arrivals.nextQueue);
      arrivals.advance();
      left -= 1;
    }
  }

  private quiesce(): void {
    this.quiet = true;
    this.guest.keepInFlight(0);
  }

  private drain(): number {
    if (this.guest.totalAccepted() !== this.guest.totalCompleted()) return REST_MS;
    const at = vmWord(this.index, GUEST_VM.drained);
    if (Atomics.load(this.map, at) === 0) publish(this.map, at, 1);
    return SLEEP_MS;
  }

  private completion(queue: number): void {
    if (this.awaited[queue] === 1) {
      this.awaited[queue] = 0;
      const pauseNs = this.polledNs - this.lastNs[queue]!;
      if (this.pausesNs.length < PAUSES_MAX && !Number.isNaN(pauseNs)) this.pausesNs.push(pauseNs);
    }
    this.lastNs[queue] = this.polledNs;
  }
}

export class GuestService {
  private readonly map: Int32Array;
  private readonly vms: readonly GuestVm[];

  constructor(init: GuestInit, lane: Lane) {
    this.map = new Int32Array(init.guestMap);
    this.vms = init.vms.map((vm, index) => new GuestVm(vm, index, this.map, lane));
  }

  /** Boots all VMs, then serves until the main thread asks for the end. @returns one report per VM */
  run(): GuestReport[] {
    const { map, vms } = this;
    for (const vm of vms) if (!vm.boot()) throw new Error('a VM could not bring its VF up');
    publish(map, GUEST_MAP.booted, vms.length);
    while (Atomics.load(map, GUEST_MAP.stop) === 0) {
      const seen = Atomics.load(map, GUEST_MAP.wake);
      let restMs = SLEEP_MS;
      for (const vm of vms) restMs = Math.min(restMs, vm.poll());
      if (restMs > 0) Atomics.wait(map, GUEST_MAP.wake, seen, restMs);
    }
    return vms.map((vm) => vm.report());
  }
}
