/**
 * The contexts of send and completion queues that the device has at hand.
 *
 * A context comes onto the chip by mailbox, or from the function's table in guest memory when a doorbell arrives for a
 * queue that is not there; it goes back to the table by cache write-back. Queues are numbered over the whole device here
 * ("slot"): the function's first queue, from the VFT, plus the queue number that the function uses.
 *
 * Source: docs/device.md sections 5 and 6. What the cache holds and how large it is are [NR]: it is taken to hold every
 * queue of the device.
 */
import { CQC, INVALID_QUEUE_TAG, SQC } from '../abi/contexts.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import { FUNCTIONS_MAX, SQC_TABLE } from './functions.ts';
import type { ContextTable, Functions } from './functions.ts';
import { addressOf } from './guest-memory.ts';
import type { Span } from './span.ts';
import type { VftWindow } from './vft-window.ts';

const CONTEXT_WORDS = SQC.bytes / 4;
const DEPTH_MASK = 0xfff;
/** Words of a context with head and tail, with the base, with depth and tag, and with w11 in its upper half. */
const HEAD_TAIL = 0;
const DW3 = 3;
const W8 = 4;
const PASID_W11 = 5;
/** SQC: CQ number and w13. CQC: dw6. */
const SIXTH = 6;
const TAIL_WRAP = SQC.tailWrapBit << 16;
const DISABLED = SQC.disableBit << 16;

export class Queues {
  readonly functions: Functions;
  readonly vft: VftWindow;
  /** Whether the SQC is on the chip. */
  readonly sqCached: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  readonly cqCached: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  /** Function that the slot belongs to; of meaning only while one of its contexts is cached. */
  readonly owner: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  /** Oldest task whose completion has not been written. */
  readonly sqHead: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  /** Next task to hand to a server. */
  readonly sqNext: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly sqTail: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly sqDepth: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly sqBase: Float64Array = new Float64Array(QUEUES_TOTAL);
  /** The queue does nothing more until it is set up again: its CQ overflowed, or it could not be reached by DMA. */
  readonly sqStopped: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  /** CQ number within the function. */
  readonly sqCq: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly sqInService: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  /** For each ring place the cmd_id of a task that is done but not yet reported, else -1. */
  readonly sqDone: Int32Array[] = NONE_DONE.slice();
  /** How many places of {@link sqDone} hold a task. */
  readonly sqUnreported: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly cqHead: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly cqTail: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly cqDepth: Uint16Array = new Uint16Array(QUEUES_TOTAL);
  readonly cqBase: Float64Array = new Float64Array(QUEUES_TOTAL);
  /** Phase bit of the next CQE. */
  readonly cqPhase: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  /** Whether the next CQE makes an EQE. */
  readonly cqArmed: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  /** Contexts of each function on the chip, SQ and CQ counted apart. */
  private readonly cached: Uint16Array = new Uint16Array(FUNCTIONS_MAX);
  /** The contexts' words, for the fields that the device only carries along. Head, tail and phase here are stale. */
  private readonly sqc: Uint32Array = new Uint32Array(QUEUES_TOTAL * CONTEXT_WORDS);
  private readonly cqc: Uint32Array = new Uint32Array(QUEUES_TOTAL * CONTEXT_WORDS);

  constructor(functions: Functions, vft: VftWindow) {
    this.functions = functions;
    this.vft = vft;
  }

  /** Slot of a function's queue, or -1 when the function does not own a queue of that number. */
  slotOf(fn: number, queue: number): number {
    return queue < this.vft.num[fn]! ? this.vft.base[fn]! + queue : -1;
  }

  /** Number within its function of the queue in a slot. */
  queueOf(slot: number): number {
    return slot - this.vft.base[this.owner[slot]!]!;
  }

  /** The SQC of a slot is no longer on the chip. */
  forgetSq(slot: number): void {
    if (this.sqCached[slot] === 1) this.cached[this.owner[slot]!]! -= 1;
    this.sqCached[slot] = 0;
  }

  /** Takes an SQC from the words of a guest. @returns false when it describes no queue */
  loadSq(fn: number, slot: number, from: Uint32Array, at: number): boolean {
    const headTail = from[at + HEAD_TAIL]!;
    const depth = (from[at + DW3]! & DEPTH_MASK) + 1;
    const head = headTail & 0xffff;
    const tail = headTail >>> 16;
    const base = addressOf(from[at + 1]!, from[at + 2]!);
    if (base === 0 || head >= depth || tail >= depth) return false;
    for (let i = 0; i < CONTEXT_WORDS; i++) this.sqc[slot * CONTEXT_WORDS + i] = from[at + i]!;
    if (this.sqCached[slot] === 0) this.cached[fn]! += 1;
    this.owner[slot] = fn;
    this.sqCached[slot] = 1;
    this.sqHead[slot] = head;
    this.sqNext[slot] = head;
    this.sqTail[slot] = tail;
    this.sqDepth[slot] = depth;
    this.sqBase[slot] = base;
    this.sqStopped[slot] = 0;
    this.sqCq[slot] = from[at + SIXTH]! & 0xffff;
    this.sqInService[slot] = 0;
    if (this.sqDone[slot]!.length < depth) this.sqDone[slot] = new Int32Array(depth).fill(-1);
    else this.forgetDone(slot);
    return true;
  }

  /** Takes a CQC from the words of a guest. @returns false when it describes no queue */
  loadCq(fn: number, slot: number, from: Uint32Array, at: number): boolean {
    const headTail = from[at + HEAD_TAIL]!;
    const depth = (from[at + DW3]! & DEPTH_MASK) + 1;
    const head = headTail & 0xffff;
    const tail = headTail >>> 16;
    const base = addressOf(from[at + 1]!, from[at + 2]!);
    if (base === 0 || head >= depth || tail >= depth) return false;
    for (let i = 0; i < CONTEXT_WORDS; i++) this.cqc[slot * CONTEXT_WORDS + i] = from[at + i]!;
    const dw6 = from[at + SIXTH]!;
    if (this.cqCached[slot] === 0) this.cached[fn]! += 1;
    this.owner[slot] = fn;
    this.cqCached[slot] = 1;
    this.cqHead[slot] = head;
    this.cqTail[slot] = tail;
    this.cqDepth[slot] = depth;
    this.cqBase[slot] = base;
    this.cqPhase[slot] = dw6 & CQC.phaseBit;
    this.cqArmed[slot] = (dw6 & CQC.flagBit) === 0 ? 0 : 1;
    return true;
  }

  /** Writes a cached SQC as it stands. */
  storeSq(slot: number, into: Uint32Array, at: number): void {
    const from = slot * CONTEXT_WORDS;
    for (let i = 1; i < CONTEXT_WORDS; i++) into[at + i] = this.sqc[from + i]!;
    into[at + HEAD_TAIL] = this.sqHead[slot]! | (this.sqTail[slot]! << 16);
  }

  /** Writes a cached CQC as it stands. */
  storeCq(slot: number, into: Uint32Array, at: number): void {
    const from = slot * CONTEXT_WORDS;
    for (let i = 1; i < CONTEXT_WORDS; i++) into[at + i] = this.cqc[from + i]!;
    into[at + HEAD_TAIL] = this.cqHead[slot]! | (this.cqTail[slot]! << 16);
    const flags = (this.cqPhase[slot] === 0 ? 0 : CQC.phaseBit) | (this.cqArmed[slot] === 0 ? 0 : CQC.flagBit);
    into[at + SIXTH] = (this.cqc[from + SIXTH]! & ~(CQC.phaseBit | CQC.flagBit)) | flags;
  }

  /** Whether the SQC is on the chip, after fetching it from the function's table if need be. */
  needSq(fn: number, queue: number, slot: number): boolean {
    if (this.sqCached[slot] === 1) return true;
    const at = this.tableEntry(fn, queue, 0);
    return at >= 0 && this.loadSq(fn, slot, this.functions.memory[fn]!.u32, at);
  }

  needCq(fn: number, queue: number, slot: number): boolean {
    if (this.cqCached[slot] === 1) return true;
    const at = this.tableEntry(fn, queue, 2);
    return at >= 0 && this.loadCq(fn, slot, this.functions.memory[fn]!.u32, at);
  }

  /**
   * Word index of a queue's entry in the function's SQC table (`which` 0) or CQC table (2), or -1 when DMA does not
   * get there.
   */
  tableEntry(fn: number, queue: number, which: ContextTable): number {
    return this.functions.tableEntry(fn, which, queue);
  }

  /** Tag that doorbells of the queue must carry. */
  sqTag(slot: number): number {
    return this.sqc[slot * CONTEXT_WORDS + W8]! & 0xffff;
  }

  cqTag(slot: number): number {
    return this.cqc[slot * CONTEXT_WORDS + W8]! & 0xffff;
  }

  /** Whether software has marked the queue as not to be served any more. */
  sqInvalidated(slot: number): boolean {
    return this.sqTag(slot) === INVALID_QUEUE_TAG || (this.sqc[slot * CONTEXT_WORDS + SIXTH]! & DISABLED) !== 0;
  }

  /** Moves the tail where a doorbell says, turning the wrap bit when it passed the end of the ring. */
  setSqTail(slot: number, tail: number): void {
    if (tail < this.sqTail[slot]!) this.sqc[slot * CONTEXT_WORDS + PASID_W11]! ^= TAIL_WRAP;
    this.sqTail[slot] = tail;
  }

  /** Moves the CQ's tail one place on; on a wrap phase and wrap bit turn. */
  advanceCqTail(slot: number): void {
    const next = this.cqTail[slot]! + 1;
    if (next < this.cqDepth[slot]!) {
      this.cqTail[slot] = next;
      return;
    }
    this.cqTail[slot] = 0;
    this.cqPhase[slot]! ^= 1;
    this.cqc[slot * CONTEXT_WORDS + PASID_W11]! ^= TAIL_WRAP;
  }

  cqFull(slot: number): boolean {
    const next = this.cqTail[slot]! + 1;
    return (next === this.cqDepth[slot] ? 0 : next) === this.cqHead[slot];
  }

  /** Contexts of a function on the chip. */
  cachedContexts(fn: number): number {
    return this.cached[fn]!;
  }

  /** Whether a queue that is not on the chip has, by its table entry in guest memory, nothing to do. */
  idleInMemory(fn: number, queue: number): boolean {
    const at = this.tableEntry(fn, queue, 0);
    if (at < 0) return false;
    const headTail = this.functions.memory[fn]!.u32[at + HEAD_TAIL]!;
    return (headTail & 0xffff) === headTail >>> 16;
  }

  /**
   * How many of the queues `first`, `first + 1` and so on, up to `count` of them, come before the first that is on the
   * chip or has something to do.
   */
  idleRow(fn: number, first: number, count: number): number {
    const end = Math.min(first + count, this.vft.num[fn]!, this.functions.tableEnd(fn, SQC_TABLE));
    if (first >= end) return 0;
    const { sqCached } = this;
    const { u32 } = this.functions.memory[fn]!;
    const base = this.vft.base[fn]!;
    let at = this.functions.tableEntry(fn, SQC_TABLE, first) + HEAD_TAIL;
    for (let queue = first; queue < end; queue++, at += CONTEXT_WORDS) {
      const headTail = u32[at]!;
      if (sqCached[base + queue] === 1 || (headTail & 0xffff) !== headTail >>> 16) return queue - first;
    }
    return end - first;
  }

  /** Tasks of a queue that are done and not reported are to be done again. */
  forgetDone(slot: number): void {
    if (this.sqUnreported[slot] === 0) return;
    this.sqUnreported[slot] = 0;
    this.sqDone[slot]!.fill(-1);
  }

  /** Whether a task of the function is on a core. */
  inService(fn: number): boolean {
    if (this.cached[fn] === 0) return false;
    const first = this.vft.base[fn]!;
    const end = first + this.vft.num[fn]!;
    for (let slot = first; slot < end; slot++) {
      if (this.owner[slot] === fn && this.sqInService[slot] !== 0) return true;
    }
    return false;
  }

  /**
   * Writes every cached context of a function to its tables in guest memory.
   *
   * @returns false when DMA did not get there for one of them
   */
  writeBack(fn: number): boolean {
    if (this.cached[fn] === 0) return true;
    const first = this.vft.base[fn]!;
    const num = this.vft.num[fn]!;
    let reached = true;
    for (let queue = 0; queue < num; queue++) {
      const slot = first + queue;
      if (this.owner[slot] !== fn) continue;
      if (this.sqCached[slot] === 1) {
        const at = this.tableEntry(fn, queue, 0);
        if (at < 0) reached = false;
        else this.storeSq(slot, this.functions.memory[fn]!.u32, at);
      }
      if (this.cqCached[slot] === 1) {
        const at = this.tableEntry(fn, queue, 2);
        if (at < 0) reached = false;
        else this.storeCq(slot, this.functions.memory[fn]!.u32, at);
      }
    }
    return reached;
  }

  /** What can change here while no function gets queues from `slots` on. */
  changing(slots: number): Span[] {
    const one = [
      this.sqCached,
      this.cqCached,
      this.owner,
      this.sqHead,
      this.sqNext,
      this.sqTail,
      this.sqDepth,
      this.sqBase,
    ];
    const more = [
      this.sqStopped,
      this.sqCq,
      this.sqInService,
      this.sqUnreported,
      this.cqHead,
      this.cqTail,
      this.cqDepth,
    ];
    const perSlot = [...one, ...more, this.cqBase, this.cqPhase, this.cqArmed];
    return [
      ...perSlot.map((array): Span => ({ array, from: 0, to: slots })),
      { array: this.sqc, from: 0, to: slots * CONTEXT_WORDS },
      { array: this.cqc, from: 0, to: slots * CONTEXT_WORDS },
    ];
  }

  /** Forgets every cached context of a function, wherever its slots lie. */
  drop(fn: number): void {
    const first = this.vft.base[fn]!;
    this.dropSlots(fn, first, first + this.vft.num[fn]!);
    // Contexts that were taken on before the function's queues were changed lie elsewhere.
    this.dropSlots(fn, 0, QUEUES_TOTAL);
  }

  private dropSlots(fn: number, first: number, end: number): void {
    for (let slot = first; slot < end && this.cached[fn]! > 0; slot++) {
      if (this.owner[slot] !== fn) continue;
      this.cached[fn]! -= this.sqCached[slot]! + this.cqCached[slot]!;
      this.sqCached[slot] = 0;
      this.cqCached[slot] = 0;
      this.sqStopped[slot] = 0;
      this.sqInService[slot] = 0;
    }
  }
}

const NOTHING: Int32Array = new Int32Array(0);
/** Copied for each device, which takes less time than making it. */
const NONE_DONE: readonly Int32Array[] = Array.from({ length: QUEUES_TOTAL }, () => NOTHING);
