/**
 * What ports have in common: rows made of single accesses, and the poll loop.
 *
 * A port says how a register is accessed, and by which clock a poll's deadline is judged; one that can carry out a whole
 * row in one go overrides the row.
 */
import { NS_PER_US } from '../base/units.ts';
import type { FunctionSelect, PollSpec, RegisterPort } from './port.ts';

export abstract class BasePort implements RegisterPort {
  readonly wide: Uint32Array = new Uint32Array(4);

  abstract read32(fn: FunctionSelect, offset: number): number;
  abstract write32(fn: FunctionSelect, offset: number, value: number): void;
  abstract write64(fn: FunctionSelect, offset: number, low: number, high: number): void;
  /** One 128-bit read, into {@link wide}. */
  abstract read128(fn: FunctionSelect, offset: number): void;
  abstract write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void;
  abstract delayUs(us: number): void;
  abstract sleepMs(ms: number): void;

  /** What the deadlines of polls are judged by, in ns from any origin. */
  protected abstract pollClockNs(): number;

  /** One sleep of a poll, whose `sleepUs` is not 0. @param isFirst whether nothing has been read yet */
  protected abstract pollSleep(spec: PollSpec, isFirst: boolean): void;

  read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    for (let i = 0; i < count; i++) into[at + i] = this.read32(fn, offset + 4 * i);
  }

  write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void {
    for (let i = 0; i < count; i++) this.write32(fn, offset + 4 * i, from[at + i]!);
  }

  write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void {
    for (let i = 0; i < count; i++) this.write64(fn, offset, low + i, high);
  }

  poll(fn: FunctionSelect, offset: number, spec: PollSpec): boolean {
    const { width, mask, want, sleepUs } = spec;
    const deadlineNs = this.pollClockNs() + spec.timeoutUs * NS_PER_US;
    let readsOnceMore = spec.onceMore;
    if (spec.sleepBeforeRead && sleepUs > 0) this.pollSleep(spec, true);
    for (;;) {
      const expired = this.pollClockNs() > deadlineNs;
      let word: number;
      if (width === 32) {
        word = this.read32(fn, offset);
      } else {
        this.read128(fn, offset);
        word = this.wide[0]!;
      }
      if ((word & mask) === want) return true;
      if (!expired) {
        if (sleepUs > 0) this.pollSleep(spec, false);
      } else if (readsOnceMore) {
        readsOnceMore = false;
      } else {
        return false;
      }
    }
  }
}
