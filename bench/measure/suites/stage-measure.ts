/**
 * Tasks of the harness's pool for the suites that measure stages of the data path, each against its floor, on the thread
 * that does the work.
 */
import { crc32 } from 'node:zlib';

import { Packr } from 'msgpackr';

import { PF_REG } from '../../../sim/abi/registers.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { PF, VF } from '../../../sim/driver/port.ts';
import { DirtyRings, RING_MARK } from '../../../workers/end/dirty-rings.ts';
import { FrameReader, FrameWriter } from '../../../workers/end/image-stream.ts';
import { LanePort } from '../../../workers/lane/lane-port.ts';
import { RoundWriter } from '../../../workers/end/round-stream.ts';
import { FrameCodec } from '../../../workers/end/vf-end.ts';
import type { WorldInit } from '../../../workers/threads/world-init.ts';
import { type Allocation, allocationOf } from '../allocation.ts';
import { BennyRunner } from '../runner.ts';
import { measureInTurn, type TurnOptions } from '../turns.ts';
import { measureDriverStages } from './driver-stages.ts';
import { devicePingPong, timeInTurn } from './ping-pong.ts';
import { laneOf, whileStopped } from './vf-measure.ts';

/** A stage and its floor, measured in turn. */
export interface StageMeasurement {
  readonly stage: string;
  readonly floor: string;
  /** ns per call, one entry per turn. */
  readonly ns: Float64Array;
  readonly floorNs: Float64Array;
  /** Bytes that are moved by a call; 0 where none are. */
  readonly bytes: number;
  /** Bytes copied by a call for each of those. */
  readonly copies: number;
  readonly allocation: Allocation | null;
  /** Waits for the device thread in a call; null where it is not asked. */
  readonly waits: number | null;
  /** Stages of which it is made up, where it is several together. */
  readonly parts?: readonly string[];
}

export interface StageTask extends TurnOptions {
  readonly world: WorldInit;
  /** Whole round trips of a VF for the stages of the driver. */
  readonly moves: number;
}

const runner = new BennyRunner();
const IMAGE_WORDS = ACC_VF_DATA_BYTES / 4;
/** Entries per queue that the dirty parts have: what a saturated guest does in a round. */
const DIRTY_ENTRIES = 32;

interface Pair {
  readonly stage: string;
  readonly floor: string;
  readonly fn: () => number;
  readonly floorFn: () => number;
  readonly bytes: number;
  /** Bytes copied so far, by the stage's own count. */
  readonly copied?: () => number;
  readonly calls: number;
}

async function measurePair(pair: Pair, options: TurnOptions): Promise<StageMeasurement> {
  const { stage, floor, fn, floorFn, bytes, copied, calls } = pair;
  const before = copied?.() ?? 0;
  fn();
  const copies = copied === undefined || bytes === 0 ? 0 : (copied() - before) / bytes;
  const [ns, floorNs] = await measureInTurn(
    runner,
    [
      { name: stage, fn },
      { name: floor, fn: floorFn },
    ],
    options,
  );
  return {
    stage,
    floor,
    ns: ns!,
    floorNs: floorNs!,
    bytes,
    copies,
    allocation: allocationOf(fn, calls),
    waits: null,
  };
}

function sharedBytes(bytes: number, fill: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes)).fill(fill);
}

/** Every stage of save and restore that this thread does, with a VM whose vCPUs stand still. */
export async function measureStages(task: StageTask): Promise<readonly StageMeasurement[]> {
  const { world } = task;
  return whileStopped(world, 0, 0, async () => [...(await dataStages(task)), ...measureDriverStages(task)]);
}

async function dataStages(task: StageTask): Promise<readonly StageMeasurement[]> {
  const { world } = task;
  const codec = new FrameCodec(world, 0);
  const { layout, rounds } = codec;
  const image = Uint8Array.from({ length: ACC_VF_DATA_BYTES }, (_, i) => i);
  const memory = new Uint8Array(world.vms[0]!.memories[0]!);
  const there = new Uint8Array(world.vms[0]!.memories[1]!);
  const arena = new Uint8Array(world.slots[0]!.arena);
  const bytes = layout.sectionBytes + image.length;
  const from = sharedBytes(bytes, 1);
  const into = sharedBytes(bytes, 2);
  const copyAll = (): number => {
    into.set(from);
    return bytes;
  };
  const sumAll = (): number => crc32(from);
  const { writer, reader } = codec;
  const frameBytes = writer.write(arena, image, memory);
  const frame = arena.subarray(0, frameBytes);
  let scattered = 0;
  const scatter = (): number => {
    for (const { place, data } of reader.read(frame).sections) there.set(data, place.offset);
    return bytes;
  };
  const payload = reader.read(frame);
  const scatterOnly = (): number => {
    for (const { place, data } of payload.sections) {
      there.set(data, place.offset);
      scattered += data.length;
    }
    return bytes;
  };
  const marks = new SharedArrayBuffer(4 * RING_MARK.words * layout.queuePairs);
  const dirty = new DirtyRings(marks, layout);
  const words = new Int32Array(marks);
  const roundWriter = new RoundWriter(rounds.identity);
  dirty.look();
  const dirtyParts = (): number => {
    for (let at = RING_MARK.given; at < words.length; at += RING_MARK.words) words[at]! += DIRTY_ENTRIES;
    for (let at = RING_MARK.taken; at < words.length; at += RING_MARK.words) words[at]! += DIRTY_ENTRIES;
    dirty.look();
    return roundWriter.gather(arena, image, memory, dirty);
  };
  dirtyParts();
  const dirtyBytes = dirty.bytes + image.length;
  let copyAt = 0;
  // The dirty parts move on through the rings; so does the copy, lest it find in the cache what they do not.
  const copyDirty = (): number => {
    into.set(from.subarray(copyAt, copyAt + dirtyBytes));
    copyAt = copyAt + 2 * dirtyBytes <= bytes ? copyAt + dirtyBytes : 0;
    return dirtyBytes;
  };
  const gather = (): number => writer.gather(arena, image, memory);
  const save = (): number => writer.write(arena, image, memory);
  const seal = (): number => {
    writer.seal(arena, image, frameBytes);
    return frameBytes;
  };
  const copied = (): number => writer.bytesCopied;
  const sectionBytes = layout.sectionBytes;
  const whole = { bytes, calls: 20 };
  const pairs: readonly Pair[] = [
    registerStage(world, codec),
    { stage: 'gather, whole', floor: 'copy', fn: gather, floorFn: copyAll, copied, ...whole },
    { stage: 'checksum', floor: 'crc32', fn: seal, floorFn: sumAll, ...whole },
    { stage: 'gather and checksum', floor: 'copy', fn: save, floorFn: copyAll, copied, ...whole },
    {
      stage: 'gather, dirty parts',
      floor: 'copy',
      fn: dirtyParts,
      floorFn: copyDirty,
      bytes: dirtyBytes,
      copied: () => roundWriter.bytesCopied,
      calls: 20,
    },
    // What lies in the arena is a frame again.
    {
      stage: 'validate',
      floor: 'crc32',
      fn: () => reader.read(frame).image.length,
      floorFn: sumAll,
      ...whole,
    },
    {
      stage: 'scatter',
      floor: 'copy',
      fn: scatterOnly,
      floorFn: copyAll,
      copied: () => scattered,
      bytes: sectionBytes,
      calls: 20,
    },
    { stage: 'validate and scatter', floor: 'copy', fn: scatter, floorFn: copyAll, ...whole },
  ];
  const measured: StageMeasurement[] = [];
  for (const pair of pairs) {
    writer.write(arena, image, memory);
    measured.push(await measurePair(pair, task));
  }
  return measured;
}

/** Registers alone: read into an image, framed; against msgpackr packing that header and a copy of as many bytes. */
function registerStage(world: WorldInit, codec: FrameCodec): Pair {
  const { identity } = codec.rounds;
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

function headerOf(world: WorldInit, { layout, rounds }: FrameCodec, sections: number): object {
  const places = [{ name: 'image', offset: 0, bytes: ACC_VF_DATA_BYTES }, ...layout.sections.slice(0, sections)];
  return {
    ...rounds.identity,
    driver: world.generation,
    sections: places.map(({ name, offset, bytes }) => ({ name, offset, bytes, crc: 0x9abc_def0 })),
  };
}

/** Header and prefix, without the bytes they speak of: pack and unpack, against msgpackr with the same header. */
export async function measureCodec(
  task: StageTask & { readonly sections: number },
): Promise<readonly StageMeasurement[]> {
  const { world, sections } = task;
  const codec = new FrameCodec(world, 0);
  const { identity, imageBytesMax } = codec.rounds;
  // Sections of the real names and places, and of no length, so that nothing but the header costs.
  const places = codec.layout.sections.slice(0, sections).map(({ name, offset }) => ({ name, offset, bytes: 0 }));
  const none = new Uint8Array(0);
  const writer = new FrameWriter(identity, world.generation, places);
  const image = new Uint8Array(ACC_VF_DATA_BYTES).fill(3);
  const into = sharedBytes(4096, 0);
  const frame = into.subarray(0, writer.write(into, image, none));
  const expected = { identity, imageBytesMax, places };
  const reader = new FrameReader(expected);
  const packr = new Packr({ useRecords: false });
  const header = headerOf(world, codec, sections);
  const packed = Buffer.from(packr.pack(header));
  const pack = (): number => packr.pack(header).length;
  const unpack = (): number => Object.keys(packr.unpack(packed) as object).length;
  const write = (): number => writer.write(into, image, none);
  const copied = (): number => writer.bytesCopied;
  const common = { bytes: ACC_VF_DATA_BYTES, calls: 500 };
  const pairs: readonly Pair[] = [
    { stage: 'frame', floor: 'msgpackr pack', fn: write, floorFn: pack, copied, ...common },
    {
      stage: 'parse, header known',
      floor: 'msgpackr unpack',
      fn: () => reader.read(frame).image.length,
      floorFn: unpack,
      ...common,
    },
    {
      stage: 'parse, header new',
      floor: 'msgpackr unpack',
      fn: () => new FrameReader(expected).read(frame).image.length,
      floorFn: unpack,
      ...common,
    },
  ];
  const measured: StageMeasurement[] = [];
  for (const pair of pairs) measured.push(await measurePair(pair, task));
  return measured;
}

export { answerHandovers, measureHandover } from './handover-measure.ts';

export interface HandshakesTask {
  readonly world: WorldInit;
  readonly batches: number;
  readonly perBatch: number;
}

export interface HandshakesMeasurement {
  /** ns per round trip: means of batches, and single ones. */
  readonly ns: Float64Array;
  readonly floorNs: Float64Array;
  readonly singleNs: Float64Array;
  readonly singleFloorNs: Float64Array;
  readonly allocation: Allocation;
}

/** Reads of a PF register, and a bare ping-pong that waits in the same style, in turn. */
export async function measureHandshakes(task: HandshakesTask): Promise<HandshakesMeasurement> {
  const { world, batches, perBatch } = task;
  return whileStopped(world, 0, 0, async () => {
    const lane = laneOf(world);
    const port = new LanePort(lane, 0, world.vms[0]!.fn);
    const read = (): void => void port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS);
    const both = [{ roundTrip: read }, devicePingPong(lane, world.waiting)];
    const [ns, floorNs] = await timeInTurn(both, batches, perBatch);
    const [singleNs, singleFloorNs] = await timeInTurn(both, batches, 1);
    const allocation = allocationOf(read, 200);
    return { ns: ns!, floorNs: floorNs!, singleNs: singleNs!, singleFloorNs: singleFloorNs!, allocation };
  });
}
