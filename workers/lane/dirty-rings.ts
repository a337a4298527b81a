/**
 * Which bytes of a VM's queue structures may have changed since they were last sent, found out from its doorbells.
 *
 * The guest counts, per queue, what it has given to the device and what it has taken back: shared words, written when it
 * rings. An entry of an SQ is written before the doorbell that counts it; an entry of a CQ is written by the device
 * between the doorbell that gives the task and the one that takes its completion. So what is written after a read of the
 * counts lies, in SQ entries, at or after what was given then, and in CQ entries, at or after what was taken back then,
 * and both lie before what has been given by the next read. Everything in front of the rings (EQ, AEQ, contexts: some
 * kilobytes) counts as changed always.
 *
 * docs/shared-memory.md has the words.
 */
import { CQE } from '../../sim/abi/contexts.ts';
import { QM_DB, QM_DOORBELL_CMD } from '../../sim/abi/doorbell.ts';
import type { QueueLayout } from '../../sim/workload/layout.ts';

/** Words of one queue. Both are written by the guest thread and count modulo 2^32. */
export const RING_MARK = {
  /** Tasks given to the device. */
  given: 0,
  /** Completions taken from it. */
  taken: 1,
  words: 2,
} as const;

/** Runs start and end at multiples of this, in bytes: a cache line. */
export const RUN_ALIGN = 64;
/** Most runs of a queue: each of its two rings may wrap. */
const RUNS_PER_QUEUE = 4;

/** Words for all queues of a VM. */
export function createRingMarks(queuePairs: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * RING_MARK.words * queuePairs);
}

/** The guest's side: counts its doorbells. One for each VM, whichever device it rings. */
export class RingMarks {
  private readonly marks: Int32Array;
  private readonly sqDepth: number;
  private readonly cqDepth: number;
  /** Index that each queue's last SQ and CQ doorbell had. */
  private readonly sqIndex: Int32Array;
  private readonly cqIndex: Int32Array;

  constructor(marks: SharedArrayBuffer, layout: QueueLayout) {
    this.marks = new Int32Array(marks);
    this.sqDepth = layout.depths.sq;
    this.cqDepth = layout.depths.cq;
    this.sqIndex = new Int32Array(layout.queuePairs);
    this.cqIndex = new Int32Array(layout.queuePairs);
  }

  /** Counts a doorbell of an SQ or a CQ; called before it is rung. */
  rung(low: number, high: number): void {
    const queue = low & QM_DB.queueMask;
    const index = high & QM_DB.indexMask;
    const command = (low >>> QM_DB.commandShift) & QM_DB.commandMask;
    if (command === QM_DOORBELL_CMD.SQ) this.count(this.sqIndex, this.sqDepth, queue, index, RING_MARK.given);
    else if (command === QM_DOORBELL_CMD.CQ) this.count(this.cqIndex, this.cqDepth, queue, index, RING_MARK.taken);
  }

  private count(indexes: Int32Array, depth: number, queue: number, index: number, mark: number): void {
    const last = indexes[queue]!;
    if (index === last) return;
    indexes[queue] = index;
    const at = queue * RING_MARK.words + mark;
    // One writer: an add that is not atomic, and a store that is.
    Atomics.store(this.marks, at, (this.marks[at]! + (index > last ? index - last : index - last + depth)) | 0);
  }
}

/** The sender's side: runs of bytes to be sent again. */
export class DirtyRings {
  /** Runs of the last sync: byte offsets and lengths, rising, apart from each other, multiples of {@link RUN_ALIGN}. */
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  runs = 0;
  /** Sum of the lengths. */
  bytes = 0;
  private readonly marks: Int32Array;
  private readonly layout: QueueLayout;
  /** Counts of the sync before, per queue as in {@link RING_MARK}. */
  private readonly seen: Int32Array;
  private synced = false;

  constructor(marks: SharedArrayBuffer, layout: QueueLayout) {
    this.marks = new Int32Array(marks);
    this.layout = layout;
    this.seen = new Int32Array(this.marks.length);
    const most = dirtyRunsMax(layout.queuePairs);
    this.offsets = new Uint32Array(most);
    this.lengths = new Uint32Array(most);
  }

  /** Whole memory of the queue structures, in bytes from their start. */
  get wholeBytes(): number {
    return this.layout.contextBufferOffset;
  }

  /**
   * Finds what may have changed since the sync before; all of it, the first time. To be called before the bytes are
   * copied: what changes meanwhile is found by the next sync.
   */
  sync(): void {
    const { layout, marks, seen } = this;
    this.runs = 0;
    this.bytes = 0;
    const whole = !this.synced;
    this.synced = true;
    this.add(0, whole ? this.wholeBytes : layout.queuesOffset);
    for (let queue = 0; queue < layout.queuePairs; queue++) {
      const at = queue * RING_MARK.words;
      // Taken first: what is given after that makes a run longer than it need be, never shorter.
      const taken = Atomics.load(marks, at + RING_MARK.taken);
      const given = Atomics.load(marks, at + RING_MARK.given);
      if (!whole) {
        const { sq, cq } = layout.depths;
        this.addRing(layout.sqOffset(queue), sq, layout.sqeBytes, seen[at + RING_MARK.given]!, given);
        this.addRing(layout.cqOffset(queue), cq, CQE.bytes, seen[at + RING_MARK.taken]!, given);
      }
      seen[at + RING_MARK.taken] = taken;
      seen[at + RING_MARK.given] = given;
    }
  }

  /** Entries of a ring from one count to another. */
  private addRing(start: number, depth: number, entryBytes: number, from: number, to: number): void {
    const entries = (to - from) | 0;
    if (entries === 0) return;
    if (entries >= depth || entries < 0) {
      this.add(start, depth * entryBytes);
      return;
    }
    const first = (from >>> 0) % depth;
    const end = first + entries;
    if (end <= depth) {
      this.add(start + first * entryBytes, entries * entryBytes);
    } else {
      this.add(start, (end - depth) * entryBytes);
      this.add(start + first * entryBytes, (depth - first) * entryBytes);
    }
  }

  /** Appends a run, widened to whole lines; one that touches the run before makes that longer. */
  private add(offset: number, bytes: number): void {
    const from = offset & ~(RUN_ALIGN - 1);
    const to = (offset + bytes + RUN_ALIGN - 1) & ~(RUN_ALIGN - 1);
    const last = this.runs - 1;
    const lastEnd = last < 0 ? -1 : this.offsets[last]! + this.lengths[last]!;
    if (from <= lastEnd) {
      if (to <= lastEnd) return;
      this.lengths[last] = to - this.offsets[last]!;
      this.bytes += to - lastEnd;
      return;
    }
    this.offsets[this.runs] = from;
    this.lengths[this.runs] = to - from;
    this.runs += 1;
    this.bytes += to - from;
  }
}

/** Most runs that a sync can find. */
export function dirtyRunsMax(queuePairs: number): number {
  return 1 + RUNS_PER_QUEUE * queuePairs;
}
