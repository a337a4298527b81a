import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { createRingMarks, DirtyRings, RING_MARK } from '../../../workers/end/dirty-rings.ts';
import type { FrameIdentity } from '../../../workers/end/image-stream.ts';
import {
  ROUND_PREFIX_BYTES,
  roundBytesMax,
  type RoundExpectation,
  RoundReader,
  RoundWriter,
  scatterRound,
} from '../../../workers/end/round-stream.ts';

const LAYOUT = new QueueLayout({ kind: 'zip', queuePairs: 2, dmaBase: 0x2f_0000_0000 });
const IDENTITY: FrameIdentity = { deviceId: 0xa251, queuePairs: 2, isolation: 1, dmaBase: LAYOUT.dmaBase };
const MEMORY_BYTES = LAYOUT.contextBufferOffset;
const EXPECTED: RoundExpectation = { identity: IDENTITY, imageBytesMax: 176, memoryBytes: MEMORY_BYTES };
const IMAGE = Uint8Array.from({ length: 176 }, (_, i) => i * 7);

/** A sender with a memory of its own. */
class Sender {
  readonly memory = Uint8Array.from({ length: LAYOUT.totalBytes }, (_, i) => i * 37 + (i >> 8));
  readonly writer = new RoundWriter(IDENTITY);
  private readonly marks = createRingMarks(2);
  private readonly dirty = new DirtyRings(this.marks, LAYOUT);
  private readonly arena = new Uint8Array(new SharedArrayBuffer(roundBytesMax(176, 2, MEMORY_BYTES))).fill(0xee);

  /** Writes a task into queue 1. */
  change(task: number): void {
    const words = new Int32Array(this.marks);
    const at = LAYOUT.sqOffset(1) + task * LAYOUT.sqeBytes;
    this.memory.fill(task + 1, at, at + LAYOUT.sqeBytes);
    words[RING_MARK.words + RING_MARK.given] = task + 1;
  }

  round(last = false): Uint8Array {
    this.dirty.look();
    const bytes = this.writer.gather(this.arena, last ? IMAGE : null, this.memory, this.dirty);
    this.writer.seal(this.arena, bytes, this.dirty, last);
    return this.arena.slice(0, bytes);
  }
}

test('rounds bring memory and image over, and copy each byte once on each side', () => {
  const sender = new Sender();
  const there = new Uint8Array(LAYOUT.totalBytes);
  const reader = new RoundReader(EXPECTED);
  const first = reader.read(sender.round());
  expect([first.last, first.image, first.runs]).toEqual([false, null, 1]);
  expect(scatterRound(first, there)).toBe(MEMORY_BYTES);
  expect(sender.writer.bytesCopied).toBe(MEMORY_BYTES);
  sender.change(0);
  scatterRound(reader.read(sender.round()), there);
  sender.change(1);
  const before = sender.writer.bytesCopied;
  const last = reader.read(sender.round(true));
  expect([last.last, last.image]).toEqual([true, IMAGE]);
  expect(sender.writer.bytesCopied - before).toBe(IMAGE.length + scatterRound(last, there));
  expect(there.subarray(0, MEMORY_BYTES)).toEqual(sender.memory.subarray(0, MEMORY_BYTES));
});

function refusal(frame: Uint8Array, reader = new RoundReader(EXPECTED)): string {
  try {
    reader.read(frame);
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return error.message;
    throw error;
  }
  throw new Error('the round was not refused');
}

describe('a round is refused', () => {
  test('that is not the one that is due, and the due one is taken after it', () => {
    const sender = new Sender();
    const reader = new RoundReader(EXPECTED);
    const first = sender.round();
    const second = sender.round();
    expect(refusal(second, reader)).toContain('round 1 came, 0 was due');
    reader.read(first);
    expect(refusal(first, reader)).toContain('round 0 came, 1 was due');
    reader.read(second);
  });

  test('when it is the first and leaves out a part', () => {
    const sender = new Sender();
    sender.round();
    const second = sender.round();
    new DataView(second.buffer).setUint32(8, 0, true);
    expect(refusal(second)).toContain('checksum');
  });

  test.each([
    ['deviceId', { deviceId: 0xa256 }],
    ['queuePairs', { queuePairs: 3 }],
    ['isolation', { isolation: 2 }],
    ['the queues lie at', { dmaBase: 0 }],
  ])('by a destination where it differs: %s', (text, other) => {
    const reader = new RoundReader({ ...EXPECTED, identity: { ...IDENTITY, ...other } });
    expect(refusal(new Sender().round(), reader)).toContain(text);
  });

  test('by a destination with a shorter memory', () => {
    const reader = new RoundReader({ ...EXPECTED, memoryBytes: MEMORY_BYTES - 64 });
    expect(refusal(new Sender().round(), reader)).toContain('run 0');
  });

  test('of which bytes are missing or to spare', () => {
    const round = new Sender().round();
    expect(refusal(round.subarray(0, 10))).toContain('10 bytes');
    expect(refusal(round.subarray(0, -64))).toContain('it announces');
    expect(refusal(Uint8Array.of(...round.subarray(0, 64)))).toContain('it announces');
  });

  test('in which one bit has flipped, wherever it is', () => {
    const sender = new Sender();
    sender.round();
    sender.change(0);
    const reader = new RoundReader(EXPECTED);
    reader.read(new Sender().round());
    const round = sender.round(true);
    const silent: number[] = [];
    // Padding behind table and image is summed up too, but for that of the table.
    const table = ROUND_PREFIX_BYTES + 8 * new DataView(round.buffer).getUint32(12, true);
    const payload = new DataView(round.buffer).getUint32(20, true);
    for (let at = 0; at < round.length; at++) {
      if (at >= table && at < payload) continue;
      round[at]! ^= 1 << (at & 7);
      try {
        reader.read(round);
        silent.push(at);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
      round[at]! ^= 1 << (at & 7);
    }
    expect(silent).toEqual([]);
    expect(reader.read(round).last).toBe(true);
  });
});
