/**
 * A device for the guest's tests: a few lines by docs/device.md 3, 4 and 6, with numbers written out again so that a
 * mistake in the tables shows. Tasks run when the test says so; `tamper` lets it misbehave.
 */
import type { GuestMemory } from '../../../sim/device/guest-memory.ts';
import type { GuestBus } from '../../../sim/workload/guest.ts';

export interface Completion {
  cmdId: number;
  sqHead: number;
  sqNum: number;
  phase: number;
}

interface FakeQueue {
  sqBase: number;
  sqDepth: number;
  sqeBytes: number;
  sqHead: number;
  sqTail: number;
  cqBase: number;
  cqDepth: number;
  cqTail: number;
  cqHead: number;
  cqPhase: number;
  armed: boolean;
}

interface FakeState {
  eq: { base: number; depth: number; tail: number; phase: number };
  queues: Map<number, FakeQueue>;
}

export class FakeDevice implements GuestBus {
  readonly log: string[] = [];
  readonly failCommand = new Set<number>();
  /** Returns what to write for one finished task: usually itself, once. */
  tamper: (completion: Completion) => readonly Completion[] = (completion) => [completion];
  /** Whether an event is written for a CQE. */
  eventFor: (queue: number) => boolean = () => true;
  eventPhaseFlip = 0;
  state: FakeState = { eq: { base: 0, depth: 0, tail: 0, phase: 1 }, queues: new Map() };
  private readonly view: DataView;
  private readonly base: number;

  constructor(memory: GuestMemory) {
    this.view = new DataView(memory.u8.buffer);
    this.base = memory.base;
  }

  read32(): number {
    return 0;
  }

  write32(offset: number, value: number): void {
    this.log.push(`w32 ${offset.toString(16)} ${value}`);
  }

  write64(offset: number, low: number, high: number): void {
    const [command, queue] = [(low >>> 12) & 0xf, low & 0xfff];
    const [index, flag] = [high & 0xffff, high >>> 16];
    this.log.push(`db ${offset.toString(16)} ${['SQ', 'CQ', 'EQ', 'AEQ'][command]} ${queue} ${index} ${flag}`);
    if (low >>> 16 !== 0) throw new Error('tag must be 0');
    const target = this.state.queues.get(queue);
    if (command === 0) target!.sqTail = index;
    if (command === 1) {
      target!.cqHead = index;
      if (flag === 1) {
        target!.armed = true;
        if (target!.cqHead !== target!.cqTail) this.raise(queue, target!);
      }
    }
  }

  mailbox(command: number, queue: number, low: number, high: number): boolean {
    const address = high * 2 ** 32 + low;
    this.log.push(`mb ${command} ${queue} ${address.toString(16)}`);
    if (this.failCommand.has(command)) return false;
    const at = address - this.base;
    const u32 = (offset: number): number => this.view.getUint32(at + offset, true);
    const ring = (): number => u32(8) * 2 ** 32 + u32(4) - this.base;
    if (command === 2)
      this.state.eq = { base: ring(), depth: (u32(24) & 0xffff) + 1, tail: 0, phase: (u32(24) >>> 16) & 1 };
    if (command === 0) {
      this.state.queues.set(queue, {
        sqBase: ring(),
        sqDepth: (u32(12) & 0xfff) + 1,
        sqeBytes: 2 ** (u32(12) >>> 12),
        sqHead: 0,
        sqTail: 0,
        cqBase: 0,
        cqDepth: 0,
        cqTail: 0,
        cqHead: 0,
        cqPhase: 1,
        armed: true,
      });
    }
    if (command === 1) {
      const target = this.state.queues.get(queue)!;
      target.cqBase = ring();
      target.cqDepth = (u32(12) & 0xfff) + 1;
      target.cqPhase = u32(24) & 1;
      target.armed = (u32(24) & 2) !== 0;
    }
    return true;
  }

  /** Finishes up to `most` waiting tasks of a queue; returns how many. */
  run(queue: number, most: number = Number.POSITIVE_INFINITY): number {
    const q = this.state.queues.get(queue)!;
    let done = 0;
    for (; done < most && q.sqHead !== q.sqTail; done++) {
      const sqe = q.sqBase + q.sqHead * q.sqeBytes;
      if (this.view.getUint32(sqe + 4, true) !== queue) throw new Error('SQE names another queue');
      const finished: Completion = {
        cmdId: this.view.getUint32(sqe, true) & 0xffff,
        sqHead: q.sqHead,
        sqNum: queue,
        phase: 0,
      };
      for (const completion of this.tamper(finished)) this.write(queue, q, completion);
      q.sqHead = (q.sqHead + 1) % q.sqDepth;
    }
    return done;
  }

  runAll(): void {
    for (const queue of this.state.queues.keys()) this.run(queue);
  }

  /** Hands the device's private state to another one, as a migration does. */
  moveTo(other: FakeDevice): void {
    other.state = structuredClone(this.state);
  }

  private write(queue: number, q: FakeQueue, completion: Completion): void {
    const cqe = q.cqBase + q.cqTail * 16;
    this.view.setUint16(cqe + 4, completion.cmdId, true);
    this.view.setUint16(cqe + 8, completion.sqHead, true);
    this.view.setUint16(cqe + 10, completion.sqNum, true);
    this.view.setUint16(cqe + 14, q.cqPhase ^ completion.phase, true);
    q.cqTail += 1;
    if (q.cqTail === q.cqDepth) {
      q.cqTail = 0;
      q.cqPhase ^= 1;
    }
    if (q.armed) this.raise(queue, q);
  }

  private raise(queue: number, q: FakeQueue): void {
    q.armed = false;
    if (!this.eventFor(queue)) return;
    const { eq } = this.state;
    this.view.setUint32(eq.base + eq.tail * 4, queue | ((eq.phase ^ this.eventPhaseFlip) << 16), true);
    eq.tail += 1;
    if (eq.tail === eq.depth) {
      eq.tail = 0;
      eq.phase ^= 1;
    }
  }
}
