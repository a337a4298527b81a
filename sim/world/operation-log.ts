/**
 * What one driver call has done so far: each operation on the world outside the driver, with its result and the time at
 * which it was over.
 *
 * A call that must wait for its turn is left, and later made again from its start; until the log is used up, the log
 * answers in place of the device. A repeated call must do the same again: an operation that differs from the
 * logged one is a mistake of ours (state that was not restored, or a result that was not logged).
 */
import { bug } from '../base/bug.ts';
import type { FunctionSelect, PollSpec } from '../driver/port.ts';

export const OP = {
  read32: 0,
  write32: 1,
  write64: 2,
  write128: 3,
  wait: 4,
  poll: 5,
  read32Row: 6,
  write32Row: 7,
  write64Row: 8,
  reset: 9,
  service: 10,
  awaitClear: 11,
} as const;

type OpKind = (typeof OP)[keyof typeof OP];

/** Most operations need none. */
const NO_WORDS: Uint32Array = new Uint32Array(0);

/** One operation. What `a` to `d` mean is the affair of the code that carries it out. */
export class Operation {
  kind: OpKind = OP.wait;
  fn: FunctionSelect = 0;
  offset = 0;
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** Words written, or read. */
  words: Uint32Array = NO_WORDS;
  /** Whether it is over; only the last operation of a log may not be. */
  done = false;
  /** Steps that are over, and all that it has: the accesses of a row, the reads of a poll (Infinity while it may read on). */
  steps = 0;
  stepsAll = 1;
  /** How the register is polled, and the time after which no second read begins. */
  spec: PollSpec | null = null;
  deadlineNs = 0;
  result = 0;
  endNs = 0;
  /** Carries out a service of the kernel around the driver. */
  run: (() => number) | null = null;

  /** Makes room for so many words. */
  holdWords(count: number): void {
    if (this.words.length < count) this.words = new Uint32Array(count);
  }
}

export class OperationLog {
  private readonly operations: Operation[] = [];
  private count = 0;
  private at = 0;

  /** A new call begins. */
  clear(): void {
    this.count = 0;
    this.at = 0;
  }

  /** The same call begins again. */
  rewind(): void {
    this.at = 0;
  }

  /** The operation that is not over yet, or null. */
  get unfinished(): Operation | null {
    const last = this.count === 0 ? null : this.operations[this.count - 1]!;
    return last === null || last.done ? null : last;
  }

  /** The next operation of the call: the logged one where the call has been before, else a new one, to be carried out. */
  next(kind: OpKind, fn: FunctionSelect, offset: number, a: number, b: number, c: number, d: number): Operation {
    const { operations, at } = this;
    if (at < this.count) {
      const logged = operations[at]!;
      const same =
        logged.kind === kind &&
        logged.fn === fn &&
        logged.offset === offset &&
        logged.a === a &&
        logged.b === b &&
        logged.c === c &&
        logged.d === d;
      if (!same)
        bug('CALL_DIFFERS', at, told(kind, fn, offset, a), told(logged.kind, logged.fn, logged.offset, logged.a));
      if (!logged.done) bug('CALL_MADE_TOO_EARLY', at);
      this.at = at + 1;
      return logged;
    }
    const made = (operations[at] ??= new Operation());
    made.kind = kind;
    made.fn = fn;
    made.offset = offset;
    made.a = a;
    made.b = b;
    made.c = c;
    made.d = d;
    made.done = false;
    made.steps = 0;
    made.stepsAll = 1;
    made.result = 0;
    made.run = null;
    this.count = at + 1;
    this.at = at + 1;
    return made;
  }

  /** As {@link next}, for an operation of `count` accesses. */
  nextRow(kind: OpKind, fn: FunctionSelect, offset: number, a: number, b: number, count: number): Operation {
    const row = this.next(kind, fn, offset, a, b, count, 0);
    row.stepsAll = count;
    return row;
  }

  /** The call has come to its end: it must have come past everything that it did before. */
  finish(): void {
    if (this.at !== this.count) bug('CALL_ENDS_EARLY', this.at, this.count);
  }
}

/** An operation in short, for a message. */
function told(kind: OpKind, fn: FunctionSelect, offset: number, value: number): string {
  const name = Object.keys(OP)[kind] ?? '?';
  return `${name} ${fn === 0 ? 'PF' : 'VF'} 0x${offset.toString(16)} 0x${value.toString(16)}`;
}
