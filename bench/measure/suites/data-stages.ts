/**
 * Stages of the data path that move or check bytes of a frame, each with a copy or a checksum of as many bytes.
 */
import { crc32 } from 'node:zlib';

import { Packr } from 'msgpackr';

import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { VF } from '../../../sim/driver/port.ts';
import { DirtyRings, RING_MARK } from '../../../workers/lane/dirty-rings.ts';
import { FrameWriter } from '../../../workers/end/image-stream.ts';
import { IterationWriter } from '../../../workers/end/iteration-stream.ts';
import { FrameCodec } from '../../../workers/end/vf-end.ts';
import { LanePort } from '../../../workers/lane/lane-port.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { measurePairs, type Pair, sharedBytes, type StageMeasurement, type StageTask } from './stage.ts';
import { laneOf } from './vf-measure.ts';

const IMAGE_WORDS = ACC_VF_DATA_BYTES / 4;
/** Entries per queue that the dirty parts have: what a saturated guest does in an iteration. */
const DIRTY_ENTRIES = 32;

/** A slot's frame and buffers of as many bytes, which stages and floors share. */
class FrameBench {
  readonly codec: FrameCodec;
  readonly image = Uint8Array.from({ length: ACC_VF_DATA_BYTES }, (_, i) => i);
  /** Guest memory at the source and at the destination. */
  readonly memory: Uint8Array;
  readonly there: Uint8Array;
  readonly arena: Uint8Array;
  /** Bytes of the image and all sections. */
  readonly bytes: number;
  readonly from: Uint8Array;
  readonly into: Uint8Array;
  readonly frame: Uint8Array;

  constructor({ vms, slots }: WorldInit, codec: FrameCodec) {
    this.codec = codec;
    this.memory = new Uint8Array(vms[0]!.memories[0]!);
    this.there = new Uint8Array(vms[0]!.memories[1]!);
    this.arena = new Uint8Array(slots[0]!.arena);
    this.bytes = codec.layout.sectionBytes + this.image.length;
    this.from = sharedBytes(this.bytes, 1);
    this.into = sharedBytes(this.bytes, 2);
    this.frame = this.arena.subarray(0, this.write());
  }

  /** Gathers and seals a frame; what lies in the arena is one afterwards. */
  write(): number {
    return this.codec.writer.write(this.arena, this.image, this.memory);
  }

  /** The floor of stages that move bytes. */
  copyAll(): number {
    this.into.set(this.from);
    return this.bytes;
  }

  /** The floor of stages that check bytes. */
  sumAll(): number {
    return crc32(this.from);
  }
}

/** Every stage that moves or checks bytes of a frame. */
export async function measureDataStages(task: StageTask): Promise<readonly StageMeasurement[]> {
  const { world } = task;
  const codec = new FrameCodec(world, 0);
  const frames = new FrameBench(world, codec);
  const pairs = [registerStage(world, codec), ...gatherStages(frames), dirtyStage(frames), ...scatterStages(frames)];
  // What lies in the arena is a frame again before each of them.
  return measurePairs(pairs, task, () => void frames.write());
}

function gatherStages(frames: FrameBench): readonly Pair[] {
  const { codec, arena, image, memory, bytes } = frames;
  const { writer } = codec;
  const frameBytes = frames.frame.length;
  const floor = { floor: 'copy', floorFn: () => frames.copyAll(), copied: () => writer.bytesCopied, bytes, calls: 20 };
  const seal = (): number => {
    writer.seal(arena, image, frameBytes);
    return frameBytes;
  };
  return [
    { stage: 'gather, whole', fn: () => writer.gather(arena, image, memory), ...floor },
    { stage: 'checksum', floor: 'crc32', fn: seal, floorFn: () => frames.sumAll(), bytes, calls: 20 },
    { stage: 'gather and checksum', fn: () => frames.write(), ...floor },
  ];
}

function dirtyStage({ codec, arena, image, memory, bytes, from, into }: FrameBench): Pair {
  const { layout, iterations } = codec;
  const marks = new SharedArrayBuffer(4 * RING_MARK.words * layout.queuePairs);
  const dirty = new DirtyRings(marks, layout);
  const words = new Int32Array(marks);
  const writer = new IterationWriter(iterations.identity);
  dirty.sync();
  const gather = (): number => {
    for (let at = RING_MARK.given; at < words.length; at += RING_MARK.words) words[at]! += DIRTY_ENTRIES;
    for (let at = RING_MARK.taken; at < words.length; at += RING_MARK.words) words[at]! += DIRTY_ENTRIES;
    dirty.sync();
    return writer.gather(arena, image, memory, dirty);
  };
  gather();
  const dirtyBytes = dirty.bytes + image.length;
  let copyAt = 0;
  // The dirty parts move on through the rings; so does the copy, lest it find in the cache what they do not.
  const copy = (): number => {
    into.set(from.subarray(copyAt, copyAt + dirtyBytes));
    copyAt = copyAt + 2 * dirtyBytes <= bytes ? copyAt + dirtyBytes : 0;
    return dirtyBytes;
  };
  return {
    stage: 'gather, dirty parts',
    floor: 'copy',
    fn: gather,
    floorFn: copy,
    bytes: dirtyBytes,
    copied: () => writer.bytesCopied,
    calls: 20,
  };
}

function scatterStages(frames: FrameBench): readonly Pair[] {
  const { codec, there, frame, bytes } = frames;
  const { reader, layout } = codec;
  const copy = { floor: 'copy', floorFn: () => frames.copyAll(), calls: 20 };
  // What was measured before may have left something else in the arena.
  frames.write();
  const { sections } = reader.read(frame);
  let scattered = 0;
  const scatterOnly = (): number => {
    for (const { place, data } of sections) {
      there.set(data, place.offset);
      scattered += data.length;
    }
    return bytes;
  };
  const validateAndScatter = (): number => {
    for (const { place, data } of reader.read(frame).sections) there.set(data, place.offset);
    return bytes;
  };
  return [
    {
      stage: 'validate',
      floor: 'crc32',
      fn: () => reader.read(frame).image.length,
      floorFn: () => frames.sumAll(),
      bytes,
      calls: 20,
    },
    { stage: 'scatter', fn: scatterOnly, copied: () => scattered, bytes: layout.sectionBytes, ...copy },
    { stage: 'validate and scatter', fn: validateAndScatter, bytes, ...copy },
  ];
}

/** Registers alone: read into an image, framed; against msgpackr packing that header and a copy of as many bytes. */
function registerStage(world: WorldInit, codec: FrameCodec): Pair {
  const { identity } = codec.iterations;
  const image = new Uint8Array(ACC_VF_DATA_BYTES);
  const imageWords = new Uint32Array(image.buffer);
  const port = new LanePort(laneOf(world), 0, world.vms[0]!.fn);
  const into = sharedBytes(1024, 0);
  const writer = new FrameWriter(identity, world.generation, []);
  const none = new Uint8Array(0);
  const header = headerOf(world, codec, 0);
  const packr = new Packr({ useRecords: false });
  const other = sharedBytes(ACC_VF_DATA_BYTES, 0);
  return {
    stage: 'register gather and frame',
    floor: 'msgpackr pack and copy',
    fn: () => {
      port.read32Row(VF, 0, imageWords, 0, IMAGE_WORDS);
      return writer.write(into, image, none);
    },
    floorFn: () => {
      other.set(image);
      return packr.pack(header).length;
    },
    bytes: ACC_VF_DATA_BYTES,
    copied: () => writer.bytesCopied,
    calls: 500,
  };
}

/** The header of a frame as a plain object. @param sections how many it names after the image */
export function headerOf(world: WorldInit, { layout, iterations }: FrameCodec, sections: number): object {
  const places = [{ name: 'image', offset: 0, bytes: ACC_VF_DATA_BYTES }, ...layout.sections.slice(0, sections)];
  return {
    ...iterations.identity,
    driver: world.generation,
    sections: places.map(({ name, offset, bytes }) => ({ name, offset, bytes, crc: 0x9abc_def0 })),
  };
}
