/**
 * The poll loop that ports share, after read_poll_timeout() of the kernel: what is read and slept, and when it gives up.
 */
import { describe, expect, test } from 'vitest';

import { BasePort } from '../../../sim/driver/base-port.ts';
import { PF, type FunctionSelect, type PollSpec, pollSpec } from '../../../sim/driver/port.ts';

const SLEEP_US = 10;
const READ_NS = 3_000;
const OFFSET = 0x40;
const POLL = pollSpec({ mask: 0b11, want: 0b10, sleepUs: SLEEP_US, timeoutUs: 20 });

/** Notes what is done; its register has the value that is asked for from a given read on. */
class ScriptedPort extends BasePort {
  readonly steps: string[] = [];
  private readonly goodRead: number;
  private reads = 0;
  private nowNs = 5;

  constructor(goodRead: number) {
    super();
    this.goodRead = goodRead;
  }

  read32(_fn: FunctionSelect, offset: number): number {
    this.steps.push(`read32 ${offset}`);
    return this.next();
  }

  read128(_fn: FunctionSelect, offset: number): void {
    this.steps.push(`read128 ${offset}`);
    this.wide.set([this.next(), 7, 8, 9]);
  }

  write32(_fn: FunctionSelect, offset: number, value: number): void {
    this.steps.push(`write32 ${offset} ${value}`);
  }

  write64(_fn: FunctionSelect, offset: number, low: number, high: number): void {
    this.steps.push(`write64 ${offset} ${low} ${high}`);
  }

  write128(): void {}
  delayUs(): void {}
  sleepMs(): void {}

  protected pollClockNs(): number {
    return this.nowNs;
  }

  protected pollSleep(spec: PollSpec, isFirst: boolean): void {
    this.steps.push(isFirst ? 'sleep before' : 'sleep');
    this.nowNs += spec.sleepUs * 1_000;
  }

  private next(): number {
    this.nowNs += READ_NS;
    this.reads += 1;
    return this.reads >= this.goodRead ? 0b110 : 0b101;
  }
}

function polled(spec: PollSpec, goodRead: number): [boolean, string[]] {
  const port = new ScriptedPort(goodRead);
  const met = port.poll(PF, OFFSET, spec);
  return [met, port.steps];
}

describe('a poll', () => {
  const [read, wide] = [`read32 ${OFFSET}`, `read128 ${OFFSET}`];

  test('reads at once, and ends with the first read that meets it', () => {
    expect(polled(POLL, 1)).toEqual([true, [read]]);
    expect(polled(POLL, 2)).toEqual([true, [read, 'sleep', read]]);
  });

  test('gives up with the first read that begins after the deadline, which may still meet it', () => {
    // Reads begin 0, 13 and 26 us after the poll did.
    expect(polled(POLL, 4)).toEqual([false, [read, 'sleep', read, 'sleep', read]]);
    expect(polled(POLL, 3)).toEqual([true, [read, 'sleep', read, 'sleep', read]]);
  });

  test('that begins a read at its deadline is not past it', () => {
    expect(polled({ ...POLL, timeoutUs: 13 }, 9)[1]).toHaveLength(5);
    expect(polled({ ...POLL, timeoutUs: 12 }, 9)[1]).toHaveLength(3);
  });

  test('of an older kernel reads once more after the deadline, without a sleep', () => {
    const spec = { ...POLL, onceMore: true };
    expect(polled(spec, 4)).toEqual([true, [read, 'sleep', read, 'sleep', read, read]]);
    expect(polled(spec, 5)).toEqual([false, [read, 'sleep', read, 'sleep', read, read]]);
    expect(polled(spec, 3)).toEqual([true, [read, 'sleep', read, 'sleep', read]]);
  });

  test('may sleep before its first read, and reads 128 bits where it is asked to', () => {
    const spec = pollSpec({ ...POLL, width: 128, sleepBeforeRead: true });
    // Reads begin 10 and 23 us after the poll did.
    expect(polled(spec, 9)).toEqual([false, ['sleep before', wide, 'sleep', wide]]);
    const port = new ScriptedPort(1);
    expect(port.poll(PF, OFFSET, spec)).toBe(true);
    expect([...port.wide]).toEqual([0b110, 7, 8, 9]);
  });

  test('without a sleep between reads only reads', () => {
    expect(polled({ ...POLL, sleepUs: 0, sleepBeforeRead: true, timeoutUs: 4 }, 9)).toEqual([
      false,
      [read, read, read],
    ]);
  });
});

test('rows are single accesses, in order', () => {
  const port = new ScriptedPort(2);
  const words = new Uint32Array(4);
  port.read32Row(PF, OFFSET, words, 1, 2);
  expect([...words]).toEqual([0, 0b101, 0b110, 0]);
  port.write32Row(PF, OFFSET, words, 1, 2);
  port.write64Row(PF, OFFSET, 6, 1, 2);
  expect(port.steps).toEqual([
    'read32 64',
    'read32 68',
    'write32 64 5',
    'write32 68 6',
    'write64 64 6 1',
    'write64 64 7 1',
  ]);
});
