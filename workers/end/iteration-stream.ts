/**
 * Pre-copy: a VM's queue structures sent in iterations while its guest runs, each with the runs that may have changed since
 * the one before; the last one, with the register image, when the guest and its VF are stopped.
 *
 *   prefix (64 bytes, little endian): see {@link AT}
 *   table: offset u32 and bytes u32 of each run
 *   payload, from a multiple of 64: the register image (none but in the last iteration), then the runs
 *
 * An iteration is checked as a whole before a byte of it reaches the VM's memory at the destination, and must be the one that
 * is expected. Nothing is loaded before the last one has passed. docs/image-stream.md describes the format in full.
 */
import { crc32 } from 'node:zlib';

import { UserError } from '../../sim/base/user-error.ts';
import { type DirtyRings, dirtyRunsMax, RUN_ALIGN } from '../lane/dirty-rings.ts';
import type { FrameIdentity } from './frame-header.ts';

/** "SCVR" in little endian. */
const ITERATION_MAGIC = 0x52564353;
const ITERATION_VERSION = 1;
export const ITERATION_PREFIX_BYTES = 64;
const RUN_BYTES = 8;

/** Fields of the prefix; all u32 but `dmaBase`, a u64. */
const AT = {
  magic: 0,
  version: 4,
  iteration: 8,
  runs: 12,
  frameBytes: 16,
  payload: 20,
  imageBytes: 24,
  deviceId: 28,
  queuePairs: 32,
  isolation: 36,
  dmaBase: 40,
  /** 1 for the last iteration. */
  last: 48,
  payloadChecksum: 52,
  zero: 56,
  /** CRC-32 of the prefix up to here, and of the table. */
  headChecksum: 60,
} as const;

function padded(bytes: number): number {
  return (bytes + RUN_ALIGN - 1) & ~(RUN_ALIGN - 1);
}

/** Room that an iteration needs at most, in bytes. */
export function iterationBytesMax(imageBytes: number, queuePairs: number, memoryBytes: number): number {
  return padded(ITERATION_PREFIX_BYTES + RUN_BYTES * dirtyRunsMax(queuePairs)) + padded(imageBytes) + memoryBytes;
}

/** An iteration that has not less than this share of the bytes of the one before shows that the guest writes as fast. */
const SHRINKS_BELOW = 0.75;

/**
 * Whether another iteration before the pause would make the frame in it shorter: for as long as they shrink.
 *
 * @param sentBytes bytes of each iteration so far
 */
export function worthAnIteration(sentBytes: readonly number[]): boolean {
  const [before, last] = sentBytes.slice(-2);
  return before === undefined || last === undefined || last < SHRINKS_BELOW * before;
}

const NO_IMAGE = new Uint8Array(0);

/** Writes the iterations of one move. */
export class IterationWriter {
  /** Bytes copied into iterations so far: image and queue structures. */
  bytesCopied = 0;
  private readonly identity: FrameIdentity;
  private iteration = 0;
  private start = 0;
  private image: Uint8Array = NO_IMAGE;

  constructor(identity: FrameIdentity) {
    this.identity = identity;
  }

  /**
   * Copies the image and the runs of the last sync.
   *
   * @param image the register image in the last iteration; null in those before
   * @returns bytes of the iteration
   */
  gather(into: Uint8Array, image: Uint8Array | null, memory: Uint8Array, dirty: DirtyRings): number {
    const { runs, offsets, lengths } = dirty;
    this.image = image ?? NO_IMAGE;
    this.start = padded(ITERATION_PREFIX_BYTES + RUN_BYTES * runs);
    let at = this.start + padded(this.image.length);
    into.fill(0, ITERATION_PREFIX_BYTES + RUN_BYTES * runs, at);
    into.set(this.image, this.start);
    for (let run = 0; run < runs; run++) {
      const offset = offsets[run]!;
      const bytes = lengths[run]!;
      into.set(memory.subarray(offset, offset + bytes), at);
      at += bytes;
    }
    this.bytesCopied += this.image.length + dirty.bytes;
    return at;
  }

  /** Sums up what was gathered, and writes table and prefix. */
  seal(into: Uint8Array, frameBytes: number, dirty: DirtyRings, last: boolean): void {
    const { identity, start, image } = this;
    const { runs, offsets, lengths } = dirty;
    const view = new DataView(into.buffer, into.byteOffset, start);
    const put = (field: keyof typeof AT, value: number): void => view.setUint32(AT[field], value, true);
    put('magic', ITERATION_MAGIC);
    put('version', ITERATION_VERSION);
    put('iteration', this.iteration);
    put('runs', runs);
    put('frameBytes', frameBytes);
    put('payload', start);
    put('imageBytes', image.length);
    put('deviceId', identity.deviceId);
    put('queuePairs', identity.queuePairs);
    put('isolation', identity.isolation);
    put('last', last ? 1 : 0);
    put('zero', 0);
    view.setBigUint64(AT.dmaBase, BigInt(identity.dmaBase), true);
    for (let run = 0; run < runs; run++) {
      view.setUint32(ITERATION_PREFIX_BYTES + RUN_BYTES * run, offsets[run]!, true);
      view.setUint32(ITERATION_PREFIX_BYTES + RUN_BYTES * run + 4, lengths[run]!, true);
    }
    put('payloadChecksum', crc32(into.subarray(start, frameBytes)));
    put('headChecksum', headChecksum(into, runs));
    this.iteration += 1;
  }
}

function headChecksum(frame: Uint8Array, runs: number): number {
  const table = frame.subarray(ITERATION_PREFIX_BYTES, ITERATION_PREFIX_BYTES + RUN_BYTES * runs);
  return crc32(table, crc32(frame.subarray(0, AT.headChecksum)));
}

/** A checked iteration. */
export interface DirtyIteration {
  readonly last: boolean;
  /** The register image, a view of the frame; null but in the last iteration. */
  readonly image: Uint8Array | null;
  readonly frame: Uint8Array;
  readonly runs: number;
  /** Where the first run's bytes start. */
  readonly data: number;
}

/** What a destination can take. */
export interface IterationExpectation {
  readonly identity: FrameIdentity;
  readonly imageBytesMax: number;
  /** Length of the queue structures. */
  readonly memoryBytes: number;
}

const TRY_AGAIN = 'nothing was loaded and the source keeps its VM: send it again';
const OTHER_DESTINATION = 'choose a destination of the same kind and set-up; the source keeps its VM';

function refuse(message: string, hint: string = TRY_AGAIN): never {
  throw new UserError('input', `image stream refused: ${message}`, hint);
}

/** Reads the iterations of one move. */
export class IterationReader {
  private readonly expected: IterationExpectation;
  private due = 0;

  constructor(expected: IterationExpectation) {
    this.expected = expected;
  }

  /**
   * Checks an iteration, all of it.
   *
   * @throws UserError of kind `input` with the first thing that is wrong
   */
  read(frame: Uint8Array): DirtyIteration {
    const { expected, due } = this;
    if (frame.length < ITERATION_PREFIX_BYTES)
      refuse(`an iteration of ${frame.length} bytes has no room for its prefix`);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const get = (field: keyof typeof AT): number => view.getUint32(AT[field], true);
    const magic = get('magic');
    if (magic !== ITERATION_MAGIC) refuse(`it starts with 0x${magic.toString(16)}, not with "SCVR"`);
    const version = get('version');
    if (version !== ITERATION_VERSION)
      refuse(`format version ${version} of an iteration, this stopcopy knows ${ITERATION_VERSION}`);
    if (get('zero') !== 0) refuse(`its prefix has 0x${get('zero').toString(16)} where zero is expected`);
    const announced = get('frameBytes');
    if (announced !== frame.length) refuse(`${frame.length} bytes came, it announces ${announced}`);
    const runs = get('runs');
    const start = get('payload');
    if (
      runs > dirtyRunsMax(expected.identity.queuePairs) ||
      start !== padded(ITERATION_PREFIX_BYTES + RUN_BYTES * runs)
    ) {
      refuse(`${runs} runs before a payload at ${start} cannot be`);
    }
    if (start > frame.length) refuse('its table reaches past the end');
    if (headChecksum(frame, runs) !== get('headChecksum')) refuse("the checksum of the iteration's table does not fit");
    this.compare(get, view.getBigUint64(AT.dmaBase, true));
    if (get('iteration') !== due) refuse(`iteration ${get('iteration')} came, ${due} was expected`);
    const imageBytes = get('imageBytes');
    const last = get('last') === 1;
    if (imageBytes > expected.imageBytesMax || last !== imageBytes > 0) {
      refuse(`a register image of ${imageBytes} bytes cannot be in ${last ? 'the last' : 'an early'} iteration`);
    }
    const data = start + padded(imageBytes);
    const bytes = this.checkTable(view, runs);
    if (data + bytes !== frame.length) refuse(`${frame.length - data} bytes came for runs of ${bytes}`);
    if (crc32(frame.subarray(start)) !== get('payloadChecksum')) refuse('the checksum of the iteration does not fit');
    this.due += 1;
    return { last, image: last ? frame.subarray(start, start + imageBytes) : null, frame, runs, data };
  }

  private compare(get: (field: keyof typeof AT) => number, dmaBase: bigint): void {
    const { identity } = this.expected;
    const sent = { deviceId: get('deviceId'), queuePairs: get('queuePairs'), isolation: get('isolation') };
    for (const [name, value] of Object.entries(sent)) {
      const here = identity[name as keyof typeof sent];
      if (value !== here) refuse(`${name} is ${value} at the source and ${here} here`, OTHER_DESTINATION);
    }
    if (dmaBase !== BigInt(identity.dmaBase)) refuse(`the queues lie at ${dmaBase} at the source`, OTHER_DESTINATION);
  }

  /** Runs rise, lie in the memory and do not touch; the first iteration has all of it. @returns their bytes */
  private checkTable(view: DataView, runs: number): number {
    const { memoryBytes } = this.expected;
    let bytes = 0;
    let end = 0;
    for (let run = 0; run < runs; run++) {
      const [offset, length] = runAt(view, run);
      const rises = run === 0 || offset > end;
      if (
        !rises ||
        length === 0 ||
        offset % RUN_ALIGN !== 0 ||
        length % RUN_ALIGN !== 0 ||
        offset + length > memoryBytes
      ) {
        refuse(`run ${run} of ${length} bytes at ${offset} cannot be`);
      }
      end = offset + length;
      bytes += length;
    }
    if (this.due === 0 && bytes !== memoryBytes) refuse(`the first iteration has ${bytes} bytes of ${memoryBytes}`);
    return bytes;
  }
}

function runAt(view: DataView, run: number): readonly [offset: number, bytes: number] {
  const at = ITERATION_PREFIX_BYTES + RUN_BYTES * run;
  return [view.getUint32(at, true), view.getUint32(at + 4, true)];
}

/** Puts the runs of a checked iteration in their places. @returns bytes copied */
export function scatterIteration({ frame, runs, data }: DirtyIteration, memory: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  let at = data;
  for (let run = 0; run < runs; run++) {
    const [offset, bytes] = runAt(view, run);
    memory.set(frame.subarray(at, at + bytes), offset);
    at += bytes;
  }
  return at - data;
}
