import { expect, test } from 'vitest';

import { type FrameExpectation, frameBytesMax, FrameWriter, readFrame } from '../../../workers/end/image-stream.ts';
import type { FrameIdentity, SectionPlace } from '../../../workers/end/frame-header.ts';
import { nowNs } from '../../../workers/wall-clock.ts';

const IDENTITY: FrameIdentity = { deviceId: 0xa251, queuePairs: 1, isolation: 0, dmaBase: 0x1000 };
const PLACES: readonly SectionPlace[] = [
  { name: 'eq', offset: 0, bytes: 100 },
  { name: 'sqc', offset: 128, bytes: 64 },
];
const IMAGE = new Uint8Array(176).map((_, index) => index * 91 + 3);
const MEMORY = new Uint8Array(256).map((_, index) => index * 37 + 11);
const EXPECTED: FrameExpectation = { identity: IDENTITY, imageBytesMax: IMAGE.length, places: PLACES };
const BYTES = frameBytesMax(IMAGE.length, PLACES);

test('a writer reports its copying time once, before header and prefix stand', () => {
  const into = new Uint8Array(BYTES);
  const told: number[] = [];
  const startNs = nowNs();
  new FrameWriter(IDENTITY, 'x', PLACES).write(into, IMAGE, MEMORY, (copyNs) => {
    told.push(copyNs);
    expect(into[0]).toBe(0);
    expect(Buffer.from(into.buffer).includes(Buffer.from(IMAGE))).toBe(true);
  });
  expect(told).toHaveLength(1);
  expect(told[0]).toBeGreaterThan(0);
  expect(told[0]).toBeLessThan(nowNs() - startNs);
});

test('a frame of memory that changes between the sum of a section and its copy is refused', () => {
  const memory = MEMORY.slice();
  /** A write into a section just before it is copied. */
  class Changing extends Uint8Array {
    override set(data: Uint8Array, at?: number): void {
      if (data.buffer === memory.buffer && data.length === PLACES[1]!.bytes) data[7]! ^= 1;
      super.set(data, at);
    }
  }
  const into = new Changing(BYTES);
  const bytes = new FrameWriter(IDENTITY, 'x', PLACES).write(into, IMAGE, memory);
  expect(memory).not.toEqual(MEMORY);
  expect(() => readFrame(new Uint8Array(into.buffer, 0, bytes), EXPECTED)).toThrow(/checksum/);
});
