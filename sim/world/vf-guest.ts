/**
 * A virtual machine with one VF, in virtual time: its vCPUs run or are paused, its client loads the VF's queues, and it
 * notes how long each queue was without a completion.
 */
import { VECTOR } from '../device/functions.ts';
import { GuestMemory } from '../device/guest-memory.ts';
import type { AcceleratorKind } from '../abi/accelerators.ts';
import type { Random } from '../base/random.ts';
import { CompletionChecker } from '../workload/checker.ts';
import { Guest } from '../workload/guest.ts';
import { type QueueDepths, QueueLayout } from '../workload/layout.ts';
import { ArrivalProcess, type Load } from '../workload/load.ts';
import type { VfSlot } from './host.ts';

/** DMA address of the rings; any page-aligned address does. */
export const GUEST_DMA_BASE = 0x2f_0000_0000;

export interface VfGuestOptions {
  readonly kind: AcceleratorKind;
  readonly queuePairs: number;
  readonly depths?: Partial<QueueDepths>;
  readonly load: Load;
  /** Tasks per second that the device can do for this VM at best; an open load is a fraction of it. */
  readonly capacityPerSecond: number;
  readonly random: Random;
  /** From a raised vector to the guest's handler, in ns. */
  readonly interruptNs: number;
}

/** What a VM asks of the event loop that it lives in. */
export interface GuestEvents {
  /** Current time, in ns. */
  readonly eventNs: number;
  schedule(timeNs: number, vmIndex: number, kind: number): void;
}

const GUEST_EVENT = { interrupt: 0, arrival: 1 } as const;

export class VfGuest {
  /** Its place among the VMs of its world. */
  readonly index: number;
  readonly layout: QueueLayout;
  readonly checker: CompletionChecker;
  readonly guest: Guest;
  memory: GuestMemory;
  slot: VfSlot;
  running = false;
  /** Per queue: from the last completion before the last stop to the first one after, in ns; NaN: none yet. */
  readonly pauseNs: Float64Array;
  /** The same of the device: between completions on any of its queues; NaN: none yet. */
  devicePauseNs: number = Number.NaN;
  /** Tasks that the client had submitted when the vCPUs stopped last; 0: they never did. */
  acceptedAtStop = 0;

  private readonly events: GuestEvents;
  private readonly load: Load;
  private readonly arrivals: ArrivalProcess | null;
  private readonly interruptNs: number;
  private readonly lastCompletionNs: Float64Array;
  private readonly awaited: Uint8Array;
  private lastOfAllNs: number = Number.NaN;
  private awaitedOfAll = false;
  /** An interrupt came while the vCPUs were paused; it is delivered when they run again, wherever that is. */
  private interruptPending = false;
  private interruptScheduled = false;
  private arrivalScheduled = false;
  private stoppedAtNs = 0;
  private quiet = false;

  constructor(options: VfGuestOptions, index: number, slot: VfSlot, events: GuestEvents) {
    this.events = events;
    this.index = index;
    this.slot = slot;
    this.load = options.load;
    this.interruptNs = options.interruptNs;
    this.layout = new QueueLayout({
      kind: options.kind,
      queuePairs: options.queuePairs,
      dmaBase: GUEST_DMA_BASE,
      ...(options.depths === undefined ? {} : { depths: options.depths }),
    });
    this.memory = new GuestMemory(new ArrayBuffer(this.layout.totalBytes), GUEST_DMA_BASE);
    this.checker = new CompletionChecker(options.queuePairs, this.layout.depths.sq);
    this.pauseNs = new Float64Array(options.queuePairs).fill(Number.NaN);
    this.lastCompletionNs = new Float64Array(options.queuePairs).fill(Number.NaN);
    this.awaited = new Uint8Array(options.queuePairs);
    this.arrivals =
      this.load.kind === 'open'
        ? new ArrivalProcess({
            ratePerSecond: options.capacityPerSecond * this.load.fractionOfCapacity,
            queues: options.queuePairs,
            random: options.random,
            startNs: events.eventNs,
            ...(this.load.burst === undefined ? {} : { burst: this.load.burst }),
          })
        : null;
    slot.attach(this.memory, this);
    this.guest = new Guest({
      memory: this.memory,
      layout: this.layout,
      bus: slot.bus,
      checker: this.checker,
      onCompletion: (queue) => this.completion(queue),
    });
  }

  /** Boots: the guest driver brings the function up, and the client begins. */
  boot(): boolean {
    if (!this.guest.start(true)) return false;
    this.running = true;
    if (this.load.kind === 'closed') this.guest.keepInFlight(this.load.inFlightPerQueue);
    this.scheduleArrival();
    return true;
  }

  /** vCPUs are paused from now on. */
  stop(): void {
    this.running = false;
    this.stoppedAtNs = this.events.eventNs;
    this.acceptedAtStop = this.guest.totalAccepted();
    this.awaited.fill(1);
    this.awaitedOfAll = true;
  }

  /** The VM's RAM and VF are now another host's; the vCPUs still stand. */
  moveTo(memory: GuestMemory, slot: VfSlot): void {
    this.slot.detach();
    this.memory = memory;
    this.slot = slot;
    slot.attach(memory, this);
    this.guest.moveTo(memory, slot.bus);
  }

  /** vCPUs run again. */
  start(): void {
    const nowNs = this.events.eventNs;
    this.running = true;
    if (this.arrivals !== null) {
      this.arrivals.delayBy(nowNs - this.stoppedAtNs);
      this.scheduleArrival();
    }
    if (this.interruptPending) {
      this.interruptPending = false;
      this.scheduleInterrupt(nowNs);
    }
  }

  /** The client asks for nothing more; what is in flight runs out. */
  quiesce(): void {
    if (this.load.kind === 'closed') this.guest.keepInFlight(0);
    this.quiet = true;
  }

  /** Drops the interrupt that is kept for vCPUs that are paused. */
  loseInterrupt(): void {
    this.interruptPending = false;
  }

  /** The device raised a vector of this VM's function. */
  raised(vector: number, nowNs: number): void {
    if (vector !== VECTOR.eq) return;
    if (this.running) this.scheduleInterrupt(nowNs);
    else this.interruptPending = true;
  }

  /** The time of one of this VM's events has come. */
  handle(kind: number): void {
    if (kind === GUEST_EVENT.interrupt) {
      this.interruptScheduled = false;
      if (this.running) this.guest.onEqInterrupt();
      else this.interruptPending = true;
      return;
    }
    this.arrivalScheduled = false;
    if (!this.running || this.quiet || this.arrivals === null) return;
    while (this.arrivals.nextArrivalNs <= this.events.eventNs) {
      this.guest.submit(this.arrivals.nextQueue);
      this.arrivals.advance();
    }
    this.scheduleArrival();
  }

  private scheduleInterrupt(nowNs: number): void {
    if (this.interruptScheduled) return;
    this.interruptScheduled = true;
    this.events.schedule(nowNs + this.interruptNs, this.index, GUEST_EVENT.interrupt);
  }

  private scheduleArrival(): void {
    if (this.arrivals === null || this.quiet || this.arrivalScheduled) return;
    this.arrivalScheduled = true;
    this.events.schedule(Math.max(this.arrivals.nextArrivalNs, this.events.eventNs), this.index, GUEST_EVENT.arrival);
  }

  private completion(queue: number): void {
    const nowNs = this.events.eventNs;
    if (this.awaited[queue] === 1) {
      this.awaited[queue] = 0;
      this.pauseNs[queue] = nowNs - this.lastCompletionNs[queue]!;
    }
    this.lastCompletionNs[queue] = nowNs;
    if (this.awaitedOfAll) this.devicePauseNs = nowNs - this.lastOfAllNs;
    this.awaitedOfAll = false;
    this.lastOfAllNs = nowNs;
  }
}
