/**
 * A register port that records the accesses to the one that it wraps.
 *
 * A poll is one line with its end, however often it read: how often is a matter of time, and times may differ.
 */
import { PF, type FunctionSelect, type PollSpec, type RegisterPort } from '../../sim/driver/port.ts';

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

export class RecordingPort implements RegisterPort {
  readonly wide: Uint32Array;
  private readonly inner: RegisterPort;
  private lines: string[] = [];

  constructor(inner: RegisterPort) {
    this.inner = inner;
    this.wide = inner.wide;
  }

  /** What was asked since the last time this was called. */
  take(): readonly string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  read32(fn: FunctionSelect, offset: number): number {
    const value = this.inner.read32(fn, offset);
    this.note('R32', fn, offset, hex(value));
    return value;
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    this.inner.write32(fn, offset, value);
    this.note('W32', fn, offset, hex(value));
  }

  read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    this.inner.read32Row(fn, offset, into, at, count);
    for (let i = 0; i < count; i++) this.note('R32', fn, offset + 4 * i, hex(into[at + i]!));
  }

  write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void {
    this.inner.write32Row(fn, offset, from, at, count);
    for (let i = 0; i < count; i++) this.note('W32', fn, offset + 4 * i, hex(from[at + i]!));
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    this.inner.write64(fn, offset, low, high);
    this.note('W64', fn, offset, `${hex(low)} ${hex(high)}`);
  }

  write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void {
    this.inner.write64Row(fn, offset, low, high, count);
    for (let i = 0; i < count; i++) this.note('W64', fn, offset, `${hex(low + i)} ${hex(high)}`);
  }

  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    this.inner.write128(fn, offset, w0, w1, w2, w3);
    this.note('W128', fn, offset, [w0, w1, w2, w3].map(hex).join(' '));
  }

  delayUs(us: number): void {
    this.inner.delayUs(us);
    this.lines.push(`delay ${us} us`);
  }

  sleepMs(ms: number): void {
    this.inner.sleepMs(ms);
    this.lines.push(`sleep ${ms} ms`);
  }

  poll(fn: FunctionSelect, offset: number, spec: PollSpec): boolean {
    const { width, mask, want, timeoutUs } = spec;
    const came = this.inner.poll(fn, offset, spec);
    const words = width === 128 ? `, ${this.wideText()}` : '';
    this.note(`P${width}`, fn, offset, `${hex(mask)} = ${hex(want)} in ${timeoutUs} us: ${came}${words}`);
    return came;
  }

  private note(operation: string, fn: FunctionSelect, offset: number, value: string): void {
    this.lines.push(`${operation} ${fn === PF ? 'PF' : 'VF'} ${hex(offset)} ${value}`);
  }

  private wideText(): string {
    return [...this.wide].map(hex).join(' ');
  }
}
