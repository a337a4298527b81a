/**
 * Stands before a VF's port while calls on several VFs take turns, access by access.
 *
 * A driver call is a plain function that cannot be left in its midst. When its next operation may not run yet (another one's
 * time comes first), the call is ended by an exception, its driver is put back to where it was when the call began, and
 * once the operation has been carried out in its turn the call is made again; up to that point the log answers, without
 * touching the device, and the clock follows the logged times. What a driver sees is thus what it would have seen had it
 * waited.
 *
 * The operation that had to wait is carried out here, without the driver. A poll or a row of accesses, which may have to
 * wait many times, therefore makes the driver start again but once.
 */
import { bug } from '../base/bug.ts';
import type { VirtualClock } from '../base/clock.ts';
import { NS_PER_US } from '../base/units.ts';
import { type FunctionSelect, PF, type PollSpec } from '../driver/port.ts';
import { OP, type Operation, OperationLog } from './operation-log.ts';
import type { PortTurns, VirtualPort } from './virtual-port.ts';

const WIDE_WORDS = 4;

/** Thrown through a driver call that has to wait. One for all: who catches it knows whose call it was. */
class Suspended extends Error {
  override readonly name = 'Suspended';
}

const SUSPENDED = new Suspended('a driver call waits for its turn');

/** Whether the running fiber may act at a time, before any other does. */
export interface Turn {
  isDue(nowNs: number): boolean;
  /** For how long the running fiber is kept from an access of what VFs share that it is about to make, in ns. */
  preemptedNs(): number;
}

export class InterleavedPort implements PortTurns {
  private readonly clock: VirtualClock;
  private readonly turn: Turn;
  private readonly log: OperationLog = new OperationLog();
  private port: VirtualPort | null = null;

  constructor(clock: VirtualClock, turn: Turn) {
    this.clock = clock;
    this.turn = turn;
  }

  /** A call through this port begins. */
  begin(port: VirtualPort): void {
    this.port = port;
    this.log.clear();
  }

  /** Makes the call, from its start on. @returns what it gave, or null when it has to wait */
  attempt(body: () => number): number | null {
    const port = this.port ?? bug('CALL_WITHOUT_PORT');
    this.log.rewind();
    port.turns = this;
    try {
      const ret = body();
      this.log.finish();
      return ret;
    } catch (thrown) {
      if (thrown !== SUSPENDED) throw thrown;
      return null;
    } finally {
      port.turns = null;
    }
  }

  /** Continues the operation that the call waits for. @returns whether it is over, so that the call can be made again */
  proceed(): boolean {
    const { unfinished } = this.log;
    return unfinished === null || this.advance(this.port ?? bug('CALL_WITHOUT_PORT'), unfinished);
  }

  read32(fn: FunctionSelect, offset: number): number {
    return this.carryOut(this.log.next(OP.read32, fn, offset, 0, 0, 0, 0)).result;
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    this.carryOut(this.log.next(OP.write32, fn, offset, value, 0, 0, 0));
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    this.carryOut(this.log.next(OP.write64, fn, offset, low, high, 0, 0));
  }

  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    this.carryOut(this.log.next(OP.write128, fn, offset, w0, w1, w2, w3));
  }

  wait(ns: number): void {
    this.carryOut(this.log.next(OP.wait, 0, 0, ns, 0, 0, 0));
  }

  poll(fn: FunctionSelect, offset: number, spec: PollSpec): boolean {
    const poll = this.log.next(OP.poll, fn, offset, 0, 0, 0, 0);
    if (spec.width === 128) poll.holdWords(WIDE_WORDS);
    if (!poll.done) this.startPoll(poll, spec);
    else if (poll.spec !== spec) bug('CALL_DIFFERS', offset, spec.timeoutUs, poll.spec?.timeoutUs);
    this.carryOut(poll);
    if (spec.width === 128) this.port!.wide.set(poll.words.subarray(0, WIDE_WORDS));
    return poll.result === 1;
  }

  read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    const row = this.log.nextRow(OP.read32Row, fn, offset, 0, 0, count);
    row.holdWords(count);
    this.carryOut(row);
    for (let i = 0; i < count; i++) into[at + i] = row.words[i]!;
  }

  write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void {
    const row = this.log.nextRow(OP.write32Row, fn, offset, 0, 0, count);
    row.holdWords(count);
    for (let i = 0; i < count; i++) {
      const word = from[at + i]!;
      if (row.done && row.words[i] !== word) bug('CALL_DIFFERS', offset + 4 * i, word, row.words[i]);
      row.words[i] = word;
    }
    this.carryOut(row);
  }

  write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void {
    this.carryOut(this.log.nextRow(OP.write64Row, fn, offset, low, high, count));
  }

  resetFunction(): void {
    this.carryOut(this.log.next(OP.reset, 0, 0, 0, 0, 0, 0));
  }

  /**
   * Something outside the driver that is neither an access nor a wait: a service of the kernel, a flag that VFs share, a
   * word to the keeper of the time. It happens once, in its turn, however often the call is made again.
   *
   * @param name distinguishes one service from another
   * @param argument what must be the same each time
   */
  service(name: number, argument: number, run: () => number): number {
    const service = this.log.next(OP.service, 0, name, argument, 0, 0, 0);
    if (!service.done) service.run = run;
    return this.carryOut(service).result;
  }

  /**
   * A flag outside the driver that is read in its turn, and again after a sleep, until it is 0 or more than `sleepsMax` sleeps
   * are over. One operation, however often it is read: some wait for minutes.
   *
   * @returns whether it was read as 0
   */
  awaitClear(read: () => number, sleepNs: number, sleepsMax: number): boolean {
    const wait = this.log.next(OP.awaitClear, 0, 0, sleepNs, sleepsMax, 0, 0);
    if (!wait.done) {
      wait.run = read;
      wait.stepsAll = Infinity;
    }
    return this.carryOut(wait).result === 0;
  }

  /** An operation that is over answers at once; another is carried out if its time has come. */
  private carryOut(operation: Operation): Operation {
    const { clock } = this;
    if (operation.done) {
      clock.nowNs = operation.endNs;
      return operation;
    }
    if (operation.fn === PF && operation.kind !== OP.wait) clock.nowNs += this.turn.preemptedNs();
    const port = this.port!;
    port.turns = null;
    const over = this.advance(port, operation);
    port.turns = this;
    if (!over) throw SUSPENDED;
    return operation;
  }

  /** Resumes an operation for as long as its next step may run. @returns whether it is over */
  private advance(port: VirtualPort, operation: Operation): boolean {
    const { clock } = this;
    if (operation.kind === OP.wait) {
      clock.nowNs += operation.a;
    } else {
      while (operation.steps < operation.stepsAll) {
        if (!this.isDue()) return false;
        this.step(port, operation);
        operation.steps += 1;
      }
    }
    operation.done = true;
    operation.endNs = clock.nowNs;
    return true;
  }

  /** One step of an operation: an access of a row, a read of a poll, or the whole of it. */
  private step(port: VirtualPort, operation: Operation): void {
    const { fn, offset, a, b, c, d, words, steps } = operation;
    switch (operation.kind) {
      case OP.read32:
        operation.result = port.read32(fn, offset);
        break;
      case OP.write32:
        port.write32(fn, offset, a);
        break;
      case OP.write64:
        port.write64(fn, offset, a, b);
        break;
      case OP.write128:
        port.write128(fn, offset, a, b, c, d);
        break;
      case OP.read32Row:
        words[steps] = port.read32(fn, offset + 4 * steps);
        break;
      case OP.write32Row:
        port.write32(fn, offset + 4 * steps, words[steps]!);
        break;
      case OP.write64Row:
        port.write64(fn, offset, a + steps, b);
        break;
      case OP.poll:
        this.pollOnce(port, operation, operation.spec!);
        break;
      case OP.awaitClear:
        operation.result = operation.run!();
        if (operation.result !== 0) this.clock.nowNs += a;
        // The last sleep is followed by no further read.
        if (operation.result === 0 || steps === b) operation.stepsAll = steps + 1;
        break;
      case OP.reset:
        port.resetFunction();
        break;
      case OP.service:
        operation.result = operation.run!();
        break;
      default:
        bug('OPERATION', operation.kind);
    }
  }

  private startPoll(poll: Operation, spec: PollSpec): void {
    poll.spec = spec;
    poll.stepsAll = Infinity;
    poll.deadlineNs = this.clock.nowNs + spec.timeoutUs * NS_PER_US;
    if (spec.sleepBeforeRead && spec.sleepUs > 0) this.clock.nowNs += this.port!.usleepNs;
  }

  /** One read of a poll, as in {@link BasePort.poll}, and the sleep after it. */
  private pollOnce(port: VirtualPort, poll: Operation, spec: PollSpec): void {
    const expired = this.clock.nowNs > poll.deadlineNs;
    let word: number;
    if (spec.width === 32) {
      word = port.read32(poll.fn, poll.offset);
    } else {
      port.read128(poll.fn, poll.offset);
      poll.words.set(port.wide);
      word = port.wide[0]!;
    }
    const readsBefore = poll.steps;
    if ((word & spec.mask) === spec.want) {
      poll.result = 1;
      poll.stepsAll = readsBefore + 1;
    } else if (expired) {
      if (poll.stepsAll === Infinity) poll.stepsAll = readsBefore + (spec.onceMore ? 2 : 1);
    } else if (spec.sleepUs > 0) {
      this.clock.nowNs += port.usleepNs;
    }
  }

  private isDue(): boolean {
    return this.turn.isDue(this.clock.nowNs);
  }
}
