import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { createRingMarks, DirtyRings, RING_MARK } from '../../../workers/lane/dirty-rings.ts';
import type { FrameIdentity } from '../../../workers/end/frame-header.ts';
import {
  ITERATION_PREFIX_BYTES,
  iterationBytesMax,
  type IterationExpectation,
  IterationReader,
  IterationWriter,
  scatterIteration,
  worthAnIteration,
} from '../../../workers/end/iteration-stream.ts';
import { stating } from '../../stating.ts';

const LAYOUT = new QueueLayout({ kind: 'zip', queuePairs: 2, dmaBase: 0x2f_0000_0000 });
const IDENTITY: FrameIdentity = { deviceId: 0xa251, queuePairs: 2, isolation: 1, dmaBase: LAYOUT.dmaBase };
const MEMORY_BYTES = LAYOUT.contextBufferOffset;
const EXPECTED: IterationExpectation = { identity: IDENTITY, imageBytesMax: 176, memoryBytes: MEMORY_BYTES };
const IMAGE = Uint8Array.from({ length: 176 }, (_, i) => i * 7);

/** A sender with a memory of its own. */
class Sender {
  readonly memory = Uint8Array.from({ length: LAYOUT.totalBytes }, (_, i) => i * 37 + (i >> 8));
  readonly writer = new IterationWriter(IDENTITY);
  private readonly marks = createRingMarks(2);
  private readonly dirty = new DirtyRings(this.marks, LAYOUT);
  private readonly arena = new Uint8Array(new SharedArrayBuffer(iterationBytesMax(176, 2, MEMORY_BYTES))).fill(0xee);

  /** Writes a task into queue 1. */
  change(task: number): void {
    const words = new Int32Array(this.marks);
    const at = LAYOUT.sqOffset(1) + task * LAYOUT.sqeBytes;
    this.memory.fill(task + 1, at, at + LAYOUT.sqeBytes);
    words[RING_MARK.words + RING_MARK.given] = task + 1;
  }

  /** @param change what a test does to the table of runs */
  iteration(last = false, change: (dirty: DirtyRings) => void = () => {}): Uint8Array {
    this.dirty.sync();
    change(this.dirty);
    const bytes = this.writer.gather(this.arena, last ? IMAGE : null, this.memory, this.dirty);
    this.writer.seal(this.arena, bytes, this.dirty, last);
    return this.arena.slice(0, bytes);
  }
}

test('iterations bring memory and image over, and copy each byte once on each side', () => {
  const sender = new Sender();
  const there = new Uint8Array(LAYOUT.totalBytes);
  const reader = new IterationReader(EXPECTED);
  const first = reader.read(sender.iteration());
  expect([first.last, first.image, first.runs]).toEqual([false, null, 1]);
  expect(scatterIteration(first, there)).toBe(MEMORY_BYTES);
  expect(sender.writer.bytesCopied).toBe(MEMORY_BYTES);
  sender.change(0);
  scatterIteration(reader.read(sender.iteration()), there);
  sender.change(1);
  const before = sender.writer.bytesCopied;
  const last = reader.read(sender.iteration(true));
  expect([last.last, last.image]).toEqual([true, IMAGE]);
  expect(sender.writer.bytesCopied - before).toBe(IMAGE.length + scatterIteration(last, there));
  expect(Buffer.compare(there.subarray(0, MEMORY_BYTES), sender.memory.subarray(0, MEMORY_BYTES))).toBe(0);
});

function refusal(frame: Uint8Array, reader = new IterationReader(EXPECTED)): string {
  try {
    reader.read(frame);
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return error.message;
    throw error;
  }
  throw new Error('the iteration was not refused');
}

test('another iteration is worth it for as long as each has less than three quarters of the one before', () => {
  expect(worthAnIteration([])).toBe(true);
  expect(worthAnIteration([4096])).toBe(true);
  expect(worthAnIteration([4096, 3071])).toBe(true);
  expect(worthAnIteration([4096, 3072])).toBe(false);
  expect(worthAnIteration([9000, 4096, 3072])).toBe(false);
  expect(worthAnIteration([9000, 4096, 2048])).toBe(true);
});

describe('an iteration is refused', () => {
  test('that is not the expected one, and the expected one is taken after it', () => {
    const sender = new Sender();
    const reader = new IterationReader(EXPECTED);
    const first = sender.iteration();
    const second = sender.iteration();
    expect(refusal(second, reader)).toContain('iteration 1 came, 0 was expected');
    reader.read(first);
    expect(refusal(first, reader)).toContain('iteration 0 came, 1 was expected');
    reader.read(second);
  });

  test('when it is the first and leaves out a part', () => {
    const sender = new Sender();
    sender.iteration();
    const second = sender.iteration();
    new DataView(second.buffer).setUint32(8, 0, true);
    expect(refusal(second)).toContain('checksum');
  });

  test.each([
    ['deviceId', { deviceId: 0xa256 }],
    ['queuePairs', { queuePairs: 3 }],
    ['isolation', { isolation: 2 }],
    ['the queues lie at', { dmaBase: 0 }],
  ])('by a destination where it differs: %s', (text, other) => {
    const reader = new IterationReader({ ...EXPECTED, identity: { ...IDENTITY, ...other } });
    expect(refusal(new Sender().iteration(), reader)).toContain(text);
  });

  test('by a destination with a shorter memory', () => {
    const reader = new IterationReader({ ...EXPECTED, memoryBytes: MEMORY_BYTES - 64 });
    expect(refusal(new Sender().iteration(), reader)).toContain('run 0');
  });

  test('whose runs touch or overlap, though each by itself could be', () => {
    const two = (at: number) => (dirty: DirtyRings) => {
      dirty.runs = 2;
      dirty.offsets.set([64, at]);
      dirty.lengths.set([128, 64]);
      dirty.bytes = 192;
    };
    // The first run ends at 192.
    for (const at of [192, 128, 64, 0]) {
      const sender = new Sender();
      const reader = new IterationReader(EXPECTED);
      reader.read(sender.iteration());
      expect(refusal(sender.iteration(false, two(at)), reader)).toMatch(stating('run 1', '64 bytes', `at ${at}`));
    }
    const sender = new Sender();
    const reader = new IterationReader(EXPECTED);
    reader.read(sender.iteration());
    expect(reader.read(sender.iteration(false, two(256))).runs).toBe(2);
  });

  test('of which bytes are missing or to spare', () => {
    const iteration = new Sender().iteration();
    expect(refusal(iteration.subarray(0, 10))).toContain('10 bytes');
    expect(refusal(iteration.subarray(0, -64))).toContain('it announces');
    expect(refusal(Uint8Array.of(...iteration.subarray(0, 64)))).toContain('it announces');
  });

  test('in which one bit has flipped, wherever it is', () => {
    const sender = new Sender();
    sender.iteration();
    sender.change(0);
    const reader = new IterationReader(EXPECTED);
    reader.read(new Sender().iteration());
    const iteration = sender.iteration(true);
    const silent: number[] = [];
    // Padding after table and image is summed up too, but for that of the table.
    const table = ITERATION_PREFIX_BYTES + 8 * new DataView(iteration.buffer).getUint32(12, true);
    const payload = new DataView(iteration.buffer).getUint32(20, true);
    for (let at = 0; at < iteration.length; at++) {
      if (at >= table && at < payload) continue;
      iteration[at]! ^= 1 << (at & 7);
      try {
        reader.read(iteration);
        silent.push(at);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
      iteration[at]! ^= 1 << (at & 7);
    }
    expect(silent).toEqual([]);
    expect(reader.read(iteration).last).toBe(true);
  });
});
