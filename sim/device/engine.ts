/**
 * The accelerator's cores: they take tasks from the send queues in turn and report completions in the order of each
 * queue.
 *
 * Cores are equal and each serves one task at a time. Queues are served round robin. Tasks in service are kept in a
 * binary heap ordered by the time they end, then by the order in which they began; it is as large as there are cores.
 */
import { AEQE, CQE } from '../abi/contexts.ts';
import { QM_RAS } from '../abi/ras.ts';
import { QUEUES_TOTAL } from '../abi/vft.ts';
import type { InterruptQueues } from './interrupt-queues.ts';
import { FUNCTIONS_MAX } from './functions.ts';
import type { Functions } from './functions.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { Queues } from './queues.ts';
import type { RasStatus } from './ras-status.ts';

/**
 * Time in ns that a task takes, when not all take the same.
 *
 * @param sqeOffset byte offset of the SQE in `memory`
 */
export type TaskServiceNs = (fn: number, queue: number, memory: GuestMemory, sqeOffset: number) => number;

/** Called when a queue could not be read by DMA: its doorbell will time out. */
type DoorbellStuck = (fn: number, queue: number, nowNs: number) => void;

/** The cores, all alike. */
export interface EngineSettings {
  readonly servers: number;
  /** Time that a core takes for one task. */
  readonly serviceNs: number;
}

interface EngineParts {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly events: InterruptQueues;
  readonly ras: RasStatus;
}

export class Engine {
  /** When the next task ends, in virtual ns; Infinity when none is in service. */
  nextNs: number = Infinity;
  taskServiceNs: TaskServiceNs | null = null;
  onDoorbellStuck: DoorbellStuck = () => {};
  /** Tasks in service of each function. */
  readonly inService: Uint32Array = new Uint32Array(FUNCTIONS_MAX);
  /** Tasks that went to a core, and that came back from one, since reset. */
  sent = 0;
  finished = 0;

  private readonly functions: Functions;
  private readonly queues: Queues;
  private readonly events: InterruptQueues;
  private readonly ras: RasStatus;
  private readonly servers: number;
  private readonly serviceNs: number;
  private readonly sqeBytes: number;

  private readonly endNs: Float64Array;
  private readonly sequence: Float64Array;
  private readonly slot: Int32Array;
  private readonly place: Int32Array;
  private readonly cmdId: Int32Array;
  private busy = 0;
  private nextSequence = 0;

  private readonly ready: Int32Array = new Int32Array(QUEUES_TOTAL);
  private readonly listed: Uint8Array = new Uint8Array(QUEUES_TOTAL);
  private readyFirst = 0;
  private readyCount = 0;

  constructor(parts: EngineParts, { servers, serviceNs }: EngineSettings, sqeBytes: number) {
    this.functions = parts.functions;
    this.queues = parts.queues;
    this.events = parts.events;
    this.ras = parts.ras;
    this.servers = servers;
    this.serviceNs = serviceNs;
    this.sqeBytes = sqeBytes;
    this.endNs = new Float64Array(servers);
    this.sequence = new Float64Array(servers);
    this.slot = new Int32Array(servers);
    this.place = new Int32Array(servers);
    this.cmdId = new Int32Array(servers);
  }

  get idle(): boolean {
    return this.busy === 0;
  }

  /** Something about a queue has changed that may give it work: puts it in line and starts free cores. */
  wake(slot: number, nowNs: number): void {
    this.enlist(slot);
    this.startTasks(nowNs);
  }

  /** A function runs again: all of its queues may have work. */
  wakeFunction(fn: number, nowNs: number): void {
    if (this.queues.cachedContexts(fn) === 0) return;
    const first = this.queues.vft.base[fn]!;
    const end = first + this.queues.vft.num[fn]!;
    for (let slot = first; slot < end; slot++) if (this.queues.owner[slot] === fn) this.enlist(slot);
    this.startTasks(nowNs);
  }

  /** Ends the task whose end comes first; the time is {@link nextNs}. */
  finishTask(): void {
    const nowNs = this.nextNs;
    const slot = this.slot[0]!;
    const { queues } = this;
    queues.sqDone[slot]![this.place[0]!] = this.cmdId[0]!;
    queues.sqUnreported[slot]! += 1;
    queues.sqInService[slot]! -= 1;
    this.inService[queues.owner[slot]!]! -= 1;
    this.finished += 1;
    this.removeFirst();
    this.report(slot, nowNs);
    this.startTasks(nowNs);
  }

  /** Whether a queue has nothing in service and nothing that it could still start. */
  drained(slot: number): boolean {
    const { queues } = this;
    if (queues.sqCached[slot] === 0) return true;
    return queues.sqInService[slot] === 0 && !this.hasWork(slot);
  }

  /**
   * Takes the tasks of a function off the cores. They stay in their rings, so that the function starts them again from
   * the oldest one without a reported completion.
   */
  recall(fn: number, nowNs: number): void {
    this.abandon(fn, -1);
    const { queues } = this;
    for (let slot = 0; slot < QUEUES_TOTAL; slot++) {
      if (queues.owner[slot] !== fn || queues.sqCached[slot] === 0) continue;
      queues.sqNext[slot] = queues.sqHead[slot]!;
      queues.forgetDone(slot);
      queues.sqInService[slot] = 0;
    }
    this.startTasks(nowNs);
  }

  /** Takes the tasks of a function (`onlySlot` -1), or of one of its queues, off the cores for good. */
  abandon(fn: number, onlySlot: number): void {
    let kept = 0;
    for (let i = 0; i < this.busy; i++) {
      const slot = this.slot[i]!;
      if (onlySlot < 0 ? this.queues.owner[slot] === fn : slot === onlySlot) {
        this.inService[fn]! -= 1;
        continue;
      }
      this.move(i, kept);
      kept += 1;
    }
    this.busy = kept;
    for (let i = (kept >>> 1) - 1; i >= 0; i--) this.sink(i);
    this.nextNs = kept === 0 ? Infinity : this.endNs[0]!;
  }

  /** Gives free cores their next tasks. */
  startTasks(nowNs: number): void {
    while (this.busy < this.servers && this.readyCount > 0) {
      const slot = this.ready[this.readyFirst]!;
      this.readyFirst = this.readyFirst + 1 === QUEUES_TOTAL ? 0 : this.readyFirst + 1;
      this.readyCount -= 1;
      this.listed[slot] = 0;
      if (this.queues.sqCached[slot] === 0 || !this.hasWork(slot)) continue;
      this.startTask(slot, nowNs);
      this.enlist(slot);
    }
  }

  private hasWork(slot: number): boolean {
    const { queues } = this;
    return (
      queues.sqNext[slot] !== queues.sqTail[slot] &&
      queues.sqStopped[slot] === 0 &&
      this.functions.paused[queues.owner[slot]!] === 0
    );
  }

  private enlist(slot: number): void {
    if (this.listed[slot] === 1 || this.queues.sqCached[slot] === 0 || !this.hasWork(slot)) return;
    this.listed[slot] = 1;
    const last = this.readyFirst + this.readyCount;
    this.ready[last < QUEUES_TOTAL ? last : last - QUEUES_TOTAL] = slot;
    this.readyCount += 1;
  }

  private startTask(slot: number, nowNs: number): void {
    const { queues, functions } = this;
    const fn = queues.owner[slot]!;
    const place = queues.sqNext[slot]!;
    const at = functions.wordAt(fn, queues.sqBase[slot]! + place * this.sqeBytes, this.sqeBytes);
    if (at < 0) {
      queues.sqStopped[slot] = 1;
      this.ras.raise(QM_RAS.axi_rresp, nowNs);
      this.onDoorbellStuck(fn, queues.queueOf(slot), nowNs);
      return;
    }
    const memory = functions.memory[fn]!;
    const serviceNs =
      this.taskServiceNs === null ? this.serviceNs : this.taskServiceNs(fn, queues.queueOf(slot), memory, at * 4);
    queues.sqNext[slot] = place + 1 === queues.sqDepth[slot] ? 0 : place + 1;
    queues.sqInService[slot]! += 1;
    functions.sqeCount[fn]! += 1;
    this.inService[fn]! += 1;
    this.sent += 1;
    this.add(nowNs + serviceNs, slot, place, memory.u32[at]! & 0xffff);
  }

  /** Writes the completions of a queue that are next in its order. */
  private report(slot: number, nowNs: number): void {
    const { queues } = this;
    const done = queues.sqDone[slot]!;
    let head = queues.sqHead[slot]!;
    while (done[head]! >= 0 && queues.sqStopped[slot] === 0) {
      const next = head + 1 === queues.sqDepth[slot] ? 0 : head + 1;
      if (!this.writeCqe(slot, done[head]!, head, nowNs)) {
        queues.sqStopped[slot] = 1;
        return;
      }
      done[head] = -1;
      queues.sqUnreported[slot]! -= 1;
      head = next;
      queues.sqHead[slot] = head;
    }
  }

  /** One CQE. Its sq_head is the slot of the SQE that is done: qm.c finds the request by it. */
  private writeCqe(sq: number, cmdId: number, sqHead: number, nowNs: number): boolean {
    const { queues, functions } = this;
    const fn = queues.owner[sq]!;
    const cq = queues.sqCq[sq]!;
    const slot = queues.slotOf(fn, cq);
    if (slot < 0) {
      this.ras.raise(QM_RAS.sq_cq_vf_invalid, nowNs);
      return false;
    }
    if (!queues.needCq(fn, cq, slot)) {
      this.ras.raise(QM_RAS.axi_rresp, nowNs);
      return false;
    }
    if (queues.cqFull(slot)) {
      this.events.abnormal(fn, AEQE.type.cqOverflow, cq, nowNs);
      return false;
    }
    const at = functions.wordAt(fn, queues.cqBase[slot]! + queues.cqTail[slot]! * CQE.bytes, CQE.bytes);
    if (at < 0) {
      this.ras.raise(QM_RAS.axi_bresp, nowNs);
      return false;
    }
    const words = functions.memory[fn]!.u32;
    words[at] = 0;
    words[at + 1] = cmdId;
    words[at + 2] = sqHead | (queues.queueOf(sq) << 16);
    // The phase is what a guest waits for, so it goes last.
    Atomics.store(words, at + 3, queues.cqPhase[slot] === 0 ? 0 : CQE.phaseBit << 16);
    queues.advanceCqTail(slot);
    functions.cqeCount[fn]! += 1;
    if (queues.cqArmed[slot] === 1) {
      queues.cqArmed[slot] = 0;
      this.events.event(fn, cq, nowNs);
    }
    return true;
  }

  private add(endNs: number, slot: number, place: number, cmdId: number): void {
    let i = this.busy;
    this.busy += 1;
    const sequence = this.nextSequence;
    this.nextSequence += 1;
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      if (this.endNs[parent]! <= endNs) break;
      this.move(parent, i);
      i = parent;
    }
    this.endNs[i] = endNs;
    this.sequence[i] = sequence;
    this.slot[i] = slot;
    this.place[i] = place;
    this.cmdId[i] = cmdId;
    this.nextNs = this.endNs[0]!;
  }

  private removeFirst(): void {
    this.busy -= 1;
    if (this.busy === 0) {
      this.nextNs = Infinity;
      return;
    }
    this.move(this.busy, 0);
    this.sink(0);
    this.nextNs = this.endNs[0]!;
  }

  private sink(from: number): void {
    let i = from;
    for (;;) {
      let least = i;
      const left = 2 * i + 1;
      if (left < this.busy && this.before(left, least)) least = left;
      if (left + 1 < this.busy && this.before(left + 1, least)) least = left + 1;
      if (least === i) return;
      this.exchange(i, least);
      i = least;
    }
  }

  private before(a: number, b: number): boolean {
    const difference = this.endNs[a]! - this.endNs[b]!;
    return difference < 0 || (difference === 0 && this.sequence[a]! < this.sequence[b]!);
  }

  private move(from: number, to: number): void {
    this.endNs[to] = this.endNs[from]!;
    this.sequence[to] = this.sequence[from]!;
    this.slot[to] = this.slot[from]!;
    this.place[to] = this.place[from]!;
    this.cmdId[to] = this.cmdId[from]!;
  }

  private exchange(a: number, b: number): void {
    const endNs = this.endNs[a]!;
    const sequence = this.sequence[a]!;
    const slot = this.slot[a]!;
    const place = this.place[a]!;
    const cmdId = this.cmdId[a]!;
    this.move(b, a);
    this.endNs[b] = endNs;
    this.sequence[b] = sequence;
    this.slot[b] = slot;
    this.place[b] = place;
    this.cmdId[b] = cmdId;
  }
}
