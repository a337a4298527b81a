/**
 * Stands before a VF's port while calls on several VFs take turns, access by access.
 *
 * A driver call is a plain function that cannot be left in its midst. When its next operation is not due (somebody else's
 * time comes first), the call is ended by an exception, its driver is put back to where it was when the call began, and
 * once the operation has been carried out in its turn the call is made anew; up to that point the log answers, without
 * touching the device, and the clock follows the logged times. What a driver sees is thus what it would have seen had it
 * waited.
 *
 * The operation that had to wait is carried out here, without the driver. A poll or a row of accesses, which may have to
 * wait many times, therefore makes the driver start anew but once.
 */
import { bug } from '../base/bug.ts';
import type { VirtualClock } from '../base/clock.ts';
import { NS_PER_US } from '../base/units.ts';
import type { FunctionSelect } from '../driver/port.ts';
import { OP, type Operation, OperationLog } from './operation-log.ts';
import type { PortTurns, VirtualPort } from './virtual-port.ts';

const WIDE_WORDS = 4;

/** Thrown through a driver call that has to wait. One for all: who catches it knows whose call it was. */
class Suspended extends Error {
  override readonly name = 'Suspended';
}

const SUSPENDED = new Suspended('a driver call waits for its turn');

/** Says whether whoever is running may do something at a time, before anybody else does. */
export interface Turn {
  isDue(nowNs: number): boolean;
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

  /** Goes on with the operation that the call waits for. @returns whether it is over, so that the call can be made anew */
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

  poll32(
    fn: FunctionSelect,
    offset: number,
    mask: number,
    want: number,
    sleepUs: number,
    timeoutUs: number,
    onceMore: boolean,
  ): boolean {
    const kind = onceMore ? OP.poll32OnceMore : OP.poll32;
    return this.carryOut(this.log.next(kind, fn, offset, mask, want, sleepUs, timeoutUs)).result === 1;
  }

  poll128(fn: FunctionSelect, offset: number, mask: number, want: number, sleepUs: number, timeoutUs: number): boolean {
    const poll = this.carryOut(this.log.next(OP.poll128, fn, offset, mask, want, sleepUs, timeoutUs));
    this.port!.wide.set(poll.words.subarray(0, WIDE_WORDS));
    return poll.result === 1;
  }

  read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    const row = this.log.next(OP.read32Row, fn, offset, count, 0, 0, 0);
    row.holdWords(count);
    this.carryOut(row);
    for (let i = 0; i < count; i++) into[at + i] = row.words[i]!;
  }

  write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void {
    const row = this.log.next(OP.write32Row, fn, offset, count, 0, 0, 0);
    row.holdWords(count);
    for (let i = 0; i < count; i++) {
      const word = from[at + i]!;
      if (row.done && row.words[i] !== word) bug('CALL_DIFFERS', offset + 4 * i, word, row.words[i]);
      row.words[i] = word;
    }
    this.carryOut(row);
  }

  write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void {
    this.carryOut(this.log.next(OP.write64Row, fn, offset, low, high, count, 0));
  }

  resetFunction(): void {
    this.carryOut(this.log.next(OP.reset, 0, 0, 0, 0, 0, 0));
  }

  /**
   * Something outside the driver that is neither an access nor a wait: a service of the kernel, a flag that VFs share, a
   * word to whoever keeps the time. It happens once, in its turn, however often the call is made anew.
   *
   * @param name tells one service from another
   * @param argument what must be the same each time
   */
  service(name: number, argument: number, run: () => number): number {
    const service = this.log.next(OP.service, 0, name, argument, 0, 0, 0);
    if (!service.done) service.run = run;
    return this.carryOut(service).result;
  }

  /** An operation that is over answers at once; another is carried out if its time has come. */
  private carryOut(operation: Operation): Operation {
    const { clock } = this;
    if (operation.done) {
      clock.nowNs = operation.endNs;
      return operation;
    }
    const port = this.port!;
    port.turns = null;
    const over = this.advance(port, operation);
    port.turns = this;
    if (!over) throw SUSPENDED;
    return operation;
  }

  /** Goes on with an operation as far as it is due. @returns whether it is over */
  private advance(port: VirtualPort, operation: Operation): boolean {
    const { clock } = this;
    if (operation.kind === OP.wait) clock.nowNs += operation.a;
    else if (!this.steps(port, operation)) return false;
    operation.done = true;
    operation.endNs = clock.nowNs;
    return true;
  }

  private steps(port: VirtualPort, operation: Operation): boolean {
    const { fn, offset, a, b, c, d, words } = operation;
    switch (operation.kind) {
      case OP.poll32:
      case OP.poll32OnceMore:
        return this.poll(port, operation);
      case OP.poll128:
        return this.pollWide(port, operation);
      case OP.read32Row:
        for (; operation.steps < a; operation.steps++) {
          if (!this.isDue()) return false;
          words[operation.steps] = port.read32(fn, offset + 4 * operation.steps);
        }
        return true;
      case OP.write32Row:
        for (; operation.steps < a; operation.steps++) {
          if (!this.isDue()) return false;
          port.write32(fn, offset + 4 * operation.steps, words[operation.steps]!);
        }
        return true;
      case OP.write64Row:
        for (; operation.steps < c; operation.steps++) {
          if (!this.isDue()) return false;
          port.write64(fn, offset, a + operation.steps, b);
        }
        return true;
      default:
    }
    if (!this.isDue()) return false;
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
      case OP.reset:
        port.resetFunction();
        break;
      case OP.service:
        operation.result = operation.run!();
        break;
      default:
        bug('OPERATION', operation.kind);
    }
    return true;
  }

  /** As {@link VirtualPort.poll32}, with a rest wherever somebody else is due. */
  private poll(port: VirtualPort, poll: Operation): boolean {
    const { fn, offset, a: mask, b: want, c: sleepUs, d: timeoutUs } = poll;
    const { clock } = this;
    if (poll.steps === 0) this.startPoll(poll, timeoutUs);
    for (;;) {
      if (!this.isDue()) return false;
      const expired = clock.nowNs > poll.deadlineNs;
      const met = (port.read32(fn, offset) & mask) === want;
      if (met || (expired && (poll.steps === 2 || poll.kind === OP.poll32))) {
        poll.result = met ? 1 : 0;
        return true;
      }
      // A poll that looks once more does so at once, and then is over.
      if (expired) poll.steps = 2;
      else if (sleepUs > 0) clock.nowNs += port.usleepNs;
    }
  }

  /** As {@link VirtualPort.poll128}. */
  private pollWide(port: VirtualPort, poll: Operation): boolean {
    const { fn, offset, a: mask, b: want, c: sleepUs, d: timeoutUs, words } = poll;
    const { clock } = this;
    if (poll.steps === 0) {
      this.startPoll(poll, timeoutUs);
      if (sleepUs > 0) clock.nowNs += port.usleepNs;
    }
    for (;;) {
      if (!this.isDue()) return false;
      const expired = clock.nowNs > poll.deadlineNs;
      port.read128(fn, offset);
      const met = (port.wide[0]! & mask) === want;
      if (met || expired) {
        words.set(port.wide);
        poll.result = met ? 1 : 0;
        return true;
      }
      if (sleepUs > 0) clock.nowNs += port.usleepNs;
    }
  }

  private startPoll(poll: Operation, timeoutUs: number): void {
    poll.steps = 1;
    poll.deadlineNs = this.clock.nowNs + timeoutUs * NS_PER_US;
  }

  private isDue(): boolean {
    return this.turn.isDue(this.clock.nowNs);
  }
}
