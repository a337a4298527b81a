/**
 * The guest: its VF driver and the client whose tasks that driver carries.
 *
 * It sees registers through a bus, rings through its RAM, and nothing of migration: its indexes and phases are software
 * state in guest RAM, so a moved guest is this same object with memory and bus exchanged ({@link Guest.moveTo}).
 * It has no clock and is driven from outside, so one source serves virtual time and a thread of its own.
 *
 * Sources: docs/device.md 6 (start order, contexts, phases), 12.1 (submit and complete), 4 (doorbells).
 * Not modelled: the asynchronous event queue after its set-up, PF-VF messages, reading the VFT.
 */
import { CQC, CQE, EQE, EQE_BATCH_MAX, QM_MEMORY_ALIGN, SQC } from '../abi/contexts.ts';
import { doorbellHigh, doorbellLow, QM_DOORBELL_CMD } from '../abi/doorbell.ts';
import { QM_MB_CMD } from '../abi/mailbox.ts';
import { QM_NOT_READY, QM_READY, VF_REG } from '../abi/registers.ts';
import { bug } from '../base/bug.ts';
import type { GuestMemory } from '../device/guest-memory.ts';
import type { CheckReport, CompletionChecker } from './checker.ts';
import type { QueueLayout } from './layout.ts';
import type { GuestLedger } from './ledger.ts';

/** Registers of the guest's own function, and its mailbox. Offsets are bytes in the VF's BAR2. */
export interface GuestBus {
  read32(offset: number): number;
  write32(offset: number, value: number): void;
  /** One 64-bit write (a doorbell). Guest RAM written before it must be visible to the reader of the doorbell. */
  write64(offset: number, low: number, high: number): void;
  /** A set command; waits until the device is done with it. False when the device refused or did not answer. */
  mailbox(command: number, queue: number, addressLow: number, addressHigh: number): boolean;
}

interface GuestOptions {
  readonly memory: GuestMemory;
  readonly layout: QueueLayout;
  readonly bus: GuestBus;
  readonly checker: CompletionChecker;
  /** Called once per completion, after it is checked. It must not call back into the guest. */
  readonly onCompletion?: (queue: number) => void;
}

const TWO_32 = 0x1_0000_0000;

/** QM_PAGE_SIZE for 4 KiB pages. docs/device.md 2.1. */
const PAGE_SIZE_4K = 0;

/** SQC w13: priority 0, orders 1, type 0, as qm.c sets it up (QM_MK_SQC_W13). Fields: docs/device.md 6. */
const SQC_W13 = 1 << 4;

const CQE_WORDS = CQE.bytes / 4;

/**
 * Word `index` (from 2) of the SQE of a task: cheap to make, and different for each task, queue and word.
 *
 * @param task running number of the task in its queue
 */
export function sqePattern(queue: number, task: number, index: number): number {
  return (Math.imul(task + 1, 0x9e3779b1) ^ Math.imul(queue + 1, 0x85ebca77) ^ (index << 24)) >>> 0;
}

export class Guest {
  readonly layout: QueueLayout;

  /** Per queue: tasks taken on, completions seen, tasks refused because the queue was full or not running. */
  readonly accepted: Float64Array;
  readonly completed: Float64Array;
  readonly rejected: Float64Array;
  /** Per queue: taken on and not yet seen complete; at most depth - 1. */
  readonly outstanding: Int32Array;

  /** Interrupts without a new event (docs/device.md 12.1). */
  spuriousInterrupts = 0;
  /** Events that name a queue the function does not have; ignored. */
  strayEvents = 0;
  /** Events whose queue had no new completion. A few are normal; a storm of them is a device stuck on a wrong phase. */
  emptyEvents = 0;

  private memory: GuestMemory;
  private bus: GuestBus;
  private readonly checker: CompletionChecker;
  private readonly onCompletion: ((queue: number) => void) | undefined;

  private running = false;
  private draining = false;
  /** Closed loop: tasks kept in flight in each queue; 0 when off. */
  private inFlight = 0;

  private readonly sqTail: Int32Array;
  private readonly cqHead: Int32Array;
  private readonly cqPhase: Uint8Array;
  private eqHead = 0;
  private eqPhase = 1;
  /** Queues named by the events of one interrupt. */
  private readonly events: Uint16Array;

  constructor(options: GuestOptions) {
    const { layout } = options;
    this.layout = layout;
    this.memory = checkMemory(options.memory, layout);
    this.bus = options.bus;
    this.checker = options.checker;
    this.onCompletion = options.onCompletion;
    const queues = layout.queuePairs;
    this.accepted = new Float64Array(queues);
    this.completed = new Float64Array(queues);
    this.rejected = new Float64Array(queues);
    this.outstanding = new Int32Array(queues);
    this.sqTail = new Int32Array(queues);
    this.cqHead = new Int32Array(queues);
    this.cqPhase = new Uint8Array(queues).fill(1);
    this.events = new Uint16Array(Math.min(EQE_BATCH_MAX, Math.floor(layout.depths.eq / 2) - 1));
  }

  /**
   * Brings the function up, in the genuine order. Once per guest.
   *
   * @param cleared whether the queue structures are zero already, as in new memory: pages that are never used are then
   *   never touched, and most of a world's cost is touching them
   * @returns false when a mailbox command failed; the function is then not running
   */
  start(cleared = false): boolean {
    if (this.running || this.totalAccepted() > 0) bug('GUEST_STARTED_TWICE');
    const { layout, bus, memory } = this;
    if (!cleared) for (const { offset, bytes } of layout.sections) memory.u8.fill(0, offset, offset + bytes);

    const eqc = this.eventContext(0, layout.eqOffset, layout.depths.eq);
    if (!this.command(QM_MB_CMD.EQC, 0, eqc)) return false;
    const aeqc = this.eventContext(1, layout.aeqOffset, layout.depths.aeq);
    if (!this.command(QM_MB_CMD.AEQC, 0, aeqc)) return false;
    if (!this.command(QM_MB_CMD.SQC_BT, 0, layout.sqcOffset)) return false;
    if (!this.command(QM_MB_CMD.CQC_BT, 0, layout.cqcOffset)) return false;
    bus.write32(VF_REG.QM_PAGE_SIZE, PAGE_SIZE_4K);
    this.ringEvents(QM_DOORBELL_CMD.AEQ, 0);
    this.ringEvents(QM_DOORBELL_CMD.EQ, 0);
    bus.write32(VF_REG.QM_VF_EQ_INT_MASK, 0);
    bus.write32(VF_REG.QM_VF_AEQ_INT_MASK, 0);
    bus.write32(VF_REG.QM_VF_STATE, QM_READY);
    for (let queue = 0; queue < layout.queuePairs; queue++) {
      if (!this.command(QM_MB_CMD.SQC, queue, this.sqContext(queue))) return false;
      if (!this.command(QM_MB_CMD.CQC, queue, this.cqContext(queue))) return false;
    }
    this.running = true;
    return true;
  }

  /**
   * Gives one task to a queue: SQE, then doorbell with the new tail.
   *
   * @returns false, with the task counted as rejected, when depth - 1 are outstanding or the guest is not running
   */
  submit(queue: number): boolean {
    const { sq: depth } = this.layout.depths;
    if (!this.running || this.outstanding[queue]! >= depth - 1) {
      this.rejected[queue]! += 1;
      return false;
    }
    const tail = this.sqTail[queue]!;
    const task = this.accepted[queue]!;
    const { sqeBytes } = this.layout;
    const u32 = this.memory.u32;
    const at = (this.layout.sqOffset(queue) + tail * sqeBytes) >>> 2;
    u32[at] = task >>> 0;
    u32[at + 1] = queue;
    const pattern = sqePattern(queue, task, 0);
    const words = sqeBytes >>> 2;
    for (let index = 2; index < words; index++) u32[at + index] = pattern ^ (index << 24);

    const newTail = tail + 1 === depth ? 0 : tail + 1;
    this.sqTail[queue] = newTail;
    this.accepted[queue] = task + 1;
    this.outstanding[queue]! += 1;
    this.checker.accepted(queue);
    this.ringQueue(QM_DOORBELL_CMD.SQ, queue, newTail, 0);
    return true;
  }

  /**
   * Switches the closed loop: fills every queue up to `perQueue` tasks now, and from then on follows each completion
   * with a new task. 0 ends it; what is in flight then runs out.
   */
  keepInFlight(perQueue: number): void {
    if (perQueue < 0 || perQueue >= this.layout.depths.sq) bug('GUEST_IN_FLIGHT', perQueue, this.layout.depths.sq);
    this.inFlight = perQueue;
    for (let queue = 0; queue < this.layout.queuePairs; queue++) this.refill(queue);
  }

  /**
   * The event queue's interrupt: takes the new events, at most one batch, re-arms the interrupt with the EQ doorbell, and
   * works off the queues named.
   *
   * @returns events taken; 0 for a spurious interrupt
   */
  onEqInterrupt(): number {
    if (this.draining) bug('GUEST_REENTERED');
    this.draining = true;
    const { events } = this;
    const taken = this.takeEvents();
    if (taken === 0) this.spuriousInterrupts += 1;
    this.ringEvents(QM_DOORBELL_CMD.EQ, this.eqHead);
    for (let i = 0; i < taken; i++) this.drainQueue(events[i]!);
    this.draining = false;
    return taken;
  }

  /**
   * For a world in which interrupts are polled: like {@link onEqInterrupt} if there is an event, else nothing.
   *
   * @returns events taken
   */
  poll(): number {
    return this.running && this.eventWaiting() ? this.onEqInterrupt() : 0;
  }

  /**
   * Takes the function down as on driver removal: every queue by STOP_QP, what completed meanwhile, interrupts masked,
   * QM_VF_STATE = NOT_READY (docs/device.md 2.3, 12.2). As in the genuine driver, a failed STOP_QP does not keep it.
   *
   * @returns how many STOP_QP commands failed
   */
  stop(): number {
    if (!this.running) return 0;
    this.inFlight = 0;
    let failed = 0;
    for (let queue = 0; queue < this.layout.queuePairs; queue++) {
      if (!this.bus.mailbox(QM_MB_CMD.STOP_QP, queue, 0, 0)) failed += 1;
    }
    // At most a full EQ waits, and each queue's re-arm may add one; a bound keeps a broken device from holding us here.
    for (let left = this.layout.depths.eq + this.layout.queuePairs; left > 0 && this.poll() > 0; left--);
    this.running = false;
    this.bus.write32(VF_REG.QM_VF_EQ_INT_MASK, 1);
    this.bus.write32(VF_REG.QM_VF_AEQ_INT_MASK, 1);
    this.bus.write32(VF_REG.QM_VF_STATE, QM_NOT_READY);
    return failed;
  }

  /** The guest wakes up elsewhere: same addresses, other RAM, other device. */
  moveTo(memory: GuestMemory, bus: GuestBus): void {
    if (memory.base !== this.memory.base) bug('GUEST_MOVED_BASE', memory.base, this.memory.base);
    this.memory = checkMemory(memory, this.layout);
    this.bus = bus;
  }

  /**
   * State of this guest's software, to continue in another process. Its memory is not in it.
   *
   * @param load of its client
   */
  ledger(load: GuestLedger['load']): GuestLedger {
    const { accepted, completed, rejected, sqTail, cqHead, cqPhase, eqHead, eqPhase, inFlight } = this;
    const lists = {
      accepted: [...accepted],
      completed: [...completed],
      rejected: [...rejected],
      sqTail: [...sqTail],
      cqHead: [...cqHead],
      cqPhase: [...cqPhase],
    };
    return { load, guest: { ...lists, eqHead, eqPhase, inFlight }, checker: this.checker.ledger() };
  }

  /** Continues where another process's guest stopped. The memory is in place. Instead of {@link start}. */
  takeOver(ledger: GuestLedger): void {
    if (this.running || this.totalAccepted() > 0) bug('GUEST_STARTED_TWICE');
    const { guest } = ledger;
    for (const name of ['accepted', 'completed', 'rejected', 'sqTail', 'cqHead', 'cqPhase'] as const) {
      this[name].set(guest[name]);
    }
    guest.accepted.forEach((accepted, queue) => {
      this.outstanding[queue] = Math.max(0, accepted - guest.completed[queue]!);
    });
    this.eqHead = guest.eqHead;
    this.eqPhase = guest.eqPhase;
    this.inFlight = guest.inFlight;
    this.checker.takeOver(guest.accepted, ledger.checker);
    this.running = true;
  }

  /**
   * The checker's verdict; when drained, first reads where each unfinished queue expects its next completion, to distinguish
   * apart a completion that never came, one with the wrong phase, and one without an event. Once, at the end.
   *
   * @param drained whether all accepted tasks should be complete by now
   */
  finish(drained: boolean = true): CheckReport {
    if (drained) for (let queue = 0; queue < this.layout.queuePairs; queue++) this.inspectHead(queue);
    return this.checker.finish(this.accepted, drained);
  }

  /** Sum over the queues. */
  totalAccepted(): number {
    return sum(this.accepted);
  }

  totalCompleted(): number {
    return sum(this.completed);
  }

  totalRejected(): number {
    return sum(this.rejected);
  }

  private eventWaiting(): boolean {
    const word = Atomics.load(this.memory.u32, (this.layout.eqOffset >>> 2) + this.eqHead);
    return ((word & EQE.phaseBit) !== 0 ? 1 : 0) === this.eqPhase;
  }

  /** Moves new events into the batch; the loads are atomic because a device on another thread writes them. */
  private takeEvents(): number {
    const { u32 } = this.memory;
    const at = this.layout.eqOffset >>> 2;
    const depth = this.layout.depths.eq;
    const { events } = this;
    let taken = 0;
    while (taken < events.length) {
      const word = Atomics.load(u32, at + this.eqHead);
      if (((word & EQE.phaseBit) !== 0 ? 1 : 0) !== this.eqPhase) break;
      events[taken++] = word & EQE.queueMask;
      this.eqHead += 1;
      if (this.eqHead === depth) {
        this.eqHead = 0;
        this.eqPhase ^= 1;
      }
    }
    return taken;
  }

  /** All new completions of one queue, a CQ doorbell for each, one more to re-arm it, then the closed loop's new tasks. */
  private drainQueue(queue: number): void {
    if (queue >= this.layout.queuePairs) {
      this.strayEvents += 1;
      return;
    }
    const { u32 } = this.memory;
    const { checker, onCompletion } = this;
    const at = this.layout.cqOffset(queue) >>> 2;
    const depth = this.layout.depths.cq;
    let head = this.cqHead[queue]!;
    let phase = this.cqPhase[queue]!;
    for (;;) {
      const cqe = at + head * CQE_WORDS;
      // The phase is in the last word; an atomic load keeps the reads below it after it, as dma_rmb() does.
      if (((Atomics.load(u32, cqe + 3) >>> 16) & CQE.phaseBit) !== phase) break;
      const cmdId = u32[cqe + 1]! & 0xffff;
      const source = u32[cqe + 2]!;
      if (source >>> 16 !== queue) checker.wrongQueue(queue, cmdId, source >>> 16);
      checker.completed(queue, cmdId, source & 0xffff);
      head += 1;
      if (head === depth) {
        head = 0;
        phase ^= 1;
      }
      this.ringQueue(QM_DOORBELL_CMD.CQ, queue, head, 0);
      this.completed[queue]! += 1;
      if (this.outstanding[queue]! > 0) this.outstanding[queue]! -= 1;
      if (onCompletion !== undefined) onCompletion(queue);
    }
    if (head === this.cqHead[queue] && phase === this.cqPhase[queue]) this.emptyEvents += 1;
    this.cqHead[queue] = head;
    this.cqPhase[queue] = phase;
    this.ringQueue(QM_DOORBELL_CMD.CQ, queue, head, 1);
    if (this.inFlight > 0) this.refill(queue);
  }

  private refill(queue: number): void {
    while (this.outstanding[queue]! < this.inFlight && this.submit(queue));
  }

  private inspectHead(queue: number): void {
    if (this.outstanding[queue] === 0) return;
    const { u32 } = this.memory;
    const cqe = (this.layout.cqOffset(queue) >>> 2) + this.cqHead[queue]! * CQE_WORDS;
    const last = Atomics.load(u32, cqe + 3);
    const cmdId = u32[cqe + 1]! & 0xffff;
    const source = u32[cqe + 2]!;
    if (((last >>> 16) & CQE.phaseBit) === this.cqPhase[queue]) {
      this.checker.unseen(queue, 'missedEvent');
      return;
    }
    // What lies here from the lap before has a number lower by the depth, and nothing but zeros lay here before the first.
    const next = this.checker.nextInOrder(queue);
    const untouched = cmdId === 0 && source === 0 && last === 0;
    const isNext = cmdId === (next & 0xffff) && source === ((queue << 16) | (next % this.layout.depths.sq)) >>> 0;
    if (isNext && !untouched) this.checker.unseen(queue, 'wrongPhase');
  }

  private ringQueue(command: number, queue: number, index: number, flag: number): void {
    this.bus.write64(VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2, doorbellLow(queue, command), doorbellHigh(index, flag));
  }

  private ringEvents(command: number, index: number): void {
    this.bus.write64(VF_REG.QM_DOORBELL_EQ_AEQ_BASE_V2, doorbellLow(0, command), doorbellHigh(index, 0));
  }

  /** A mailbox command whose payload is the DMA address of something in the layout. */
  private command(command: number, queue: number, offset: number): boolean {
    const address = this.layout.addressOf(offset);
    return this.bus.mailbox(command, queue, address % TWO_32, Math.floor(address / TWO_32));
  }

  /** Clears one of the four context buffers and returns its offset. */
  private contextBuffer(index: number): number {
    const offset = this.layout.contextBufferOffset + index * QM_MEMORY_ALIGN;
    this.memory.u8.fill(0, offset, offset + QM_MEMORY_ALIGN);
    return offset;
  }

  private putAddress(at: number, offset: number): void {
    const address = this.layout.addressOf(offset);
    this.memory.u32[at >>> 2] = address % TWO_32;
    this.memory.u32[(at >>> 2) + 1] = Math.floor(address / TWO_32);
  }

  /** EQC or AEQC: base, and dw6 = depth - 1 with phase 1. */
  private eventContext(buffer: number, ringOffset: number, depth: number): number {
    const at = this.contextBuffer(buffer);
    this.putAddress(at + 4, ringOffset);
    this.memory.u32[(at + 24) >>> 2] = ((depth - 1) | EQE.phaseBit) >>> 0;
    return at;
  }

  private sqContext(queue: number): number {
    const at = this.contextBuffer(2);
    this.putAddress(at + SQC.baseLow, this.layout.sqOffset(queue));
    const sizeLog2 = 31 - Math.clz32(this.layout.sqeBytes);
    this.memory.u32[(at + SQC.dw3) >>> 2] = (this.layout.depths.sq - 1) | (sizeLog2 << SQC.sqeSizeShift);
    this.memory.u16[(at + SQC.cqNum) >>> 1] = queue;
    this.memory.u16[(at + SQC.w13) >>> 1] = SQC_W13;
    return at;
  }

  private cqContext(queue: number): number {
    const at = this.contextBuffer(3);
    this.putAddress(at + CQC.baseLow, this.layout.cqOffset(queue));
    const sizeLog2 = 31 - Math.clz32(CQE.bytes);
    this.memory.u32[(at + CQC.dw3) >>> 2] = (this.layout.depths.cq - 1) | (sizeLog2 << CQC.cqeSizeShift);
    this.memory.u32[(at + CQC.dw6) >>> 2] = CQC.initialDw6;
    return at;
  }
}

function checkMemory(memory: GuestMemory, layout: QueueLayout): GuestMemory {
  if (memory.base !== layout.dmaBase) bug('GUEST_MEMORY_BASE', memory.base, layout.dmaBase);
  if (memory.bytes < layout.totalBytes) bug('GUEST_MEMORY_BYTES', memory.bytes, layout.totalBytes);
  return memory;
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
