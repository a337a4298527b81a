/**
 * The image of a VF on its way: one frame of a fixed prefix, a msgpackr header, and raw sections.
 *
 *   prefix (32 bytes, little endian): magic u32, format version u32, header bytes u32, CRC-32 of the header u32,
 *                                     frame bytes u64, offset of the first section u32, zero u32
 *   header: msgpackr map, see {@link FrameHeader}
 *   sections: the register image, then the queue structures, each starting at a multiple of 64 bytes
 *
 * Nothing of a frame is used before all of it is checked: a damaged, short, foreign or misdirected frame leaves the
 * destination untouched. docs/image-stream.md describes the format in full.
 */
import { countOf } from '../../sim/base/units.ts';
import { crc32 } from 'node:zlib';

import { Packr } from 'msgpackr';
import { z } from 'zod';

import { bug } from '../../sim/base/bug.ts';
import { parseMessage } from '../../sim/base/schema.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { beyondBounds } from './message-bounds.ts';
import { type FrameHeader, type FrameIdentity, HeaderTemplate, type SectionPlace } from './frame-header.ts';
import { nowNs } from '../wall-clock.ts';

/** "SCVF" in little endian. */
export const FRAME_MAGIC = 0x46564353;
export const FRAME_VERSION = 1;
export const PREFIX_BYTES = 32;
const ALIGN = 64;
/** Room for a header: its own fields, and those of each section. Names are a few letters, numbers at most 9 bytes. */
const HEADER_FIXED_BYTES = 192;
const HEADER_BYTES_PER_SECTION = 80;
/** Values of a header at most, with the names of its fields; lists and maps within each other. */
const HEADER_FIXED_VALUES = 32;
const HEADER_VALUES_PER_SECTION = 9;
const HEADER_DEPTH = 6;

const IMAGE_SECTION = 'image';

const packr = new Packr({ useRecords: false });

function padded(bytes: number): number {
  return (bytes + ALIGN - 1) & ~(ALIGN - 1);
}

/** Room that a frame needs at most, in bytes. */
export function frameBytesMax(imageBytes: number, sections: readonly SectionPlace[]): number {
  let bytes = payloadOffset(sections.length + 1) + padded(imageBytes);
  for (const section of sections) bytes += padded(section.bytes);
  return bytes;
}

/** Where the sections start: after the longest header that so many of them can need. */
function payloadOffset(sectionCount: number): number {
  return padded(PREFIX_BYTES + HEADER_FIXED_BYTES + HEADER_BYTES_PER_SECTION * sectionCount);
}

/** A header of so many sections is read, to say by how many it differs; a longer one is not. */
function headerSectionsMax(places: readonly SectionPlace[]): number {
  return 2 * (places.length + 1);
}

/** Copies a section, and clears its padding of what an earlier VM left there. @returns where the next one starts */
function put(into: Uint8Array, data: Uint8Array, at: number): number {
  const next = at + padded(data.length);
  into.set(data, at);
  if (next !== at + data.length) into.fill(0, at + data.length, next);
  return next;
}

/**
 * Writes the frames of one sender: one copy of each byte, straight from the VM's memory into the frame, and nothing
 * allocated that survives. What does not change from frame to frame is made once.
 */
export class FrameWriter {
  /** Bytes copied into frames so far: image and queue structures; header and prefix are not counted. */
  bytesCopied = 0;
  private readonly identity: FrameIdentity;
  private readonly driver: string;
  private readonly places: readonly SectionPlace[];
  private readonly start: number;
  private header: HeaderTemplate | null = null;
  private imageBytes = -1;
  /** The fields of the prefix, to be copied in one go. */
  private readonly prefix: Uint8Array = new Uint8Array(PREFIX_BYTES);
  private readonly prefixWords: DataView = new DataView(this.prefix.buffer);

  constructor(identity: FrameIdentity, driver: string, places: readonly SectionPlace[]) {
    this.identity = identity;
    this.driver = driver;
    this.places = places;
    this.start = payloadOffset(places.length + 1);
    this.prefixWords.setUint32(0, FRAME_MAGIC, true);
    this.prefixWords.setUint32(4, FRAME_VERSION, true);
    this.prefixWords.setUint32(24, this.start, true);
  }

  /**
   * Writes a frame. The memory must not change: each section is summed up where it lies, then copied. A checksum is slower
   * than memory, so that the copy finds in the cache what the checksum brought there. Were the memory to change in between,
   * the destination would find that the sum does not fit, and refuse the frame.
   *
   * @param into where to; at least {@link frameBytesMax} long
   * @param image the register image
   * @param memory the VM's queue structures
   * @param onGathered called at the end with the time that went into copying, in ns
   * @returns bytes of the frame
   */
  write(into: Uint8Array, image: Uint8Array, memory: Uint8Array, onGathered?: (copyNs: number) => void): number {
    const { places } = this;
    const header = this.headerFor(image.length);
    header.setChecksum(0, crc32(image));
    let at = put(into, image, this.start);
    let copied = image.length;
    let copyNs = 0;
    for (let i = 0; i < places.length; i++) {
      const { offset, bytes } = places[i]!;
      const section = memory.subarray(offset, offset + bytes);
      header.setChecksum(i + 1, crc32(section));
      const startNs = onGathered === undefined ? 0 : nowNs();
      at = put(into, section, at);
      if (onGathered !== undefined) copyNs += nowNs() - startNs;
      copied += bytes;
    }
    this.bytesCopied += copied;
    onGathered?.(copyNs);
    this.finish(header, into, at);
    return at;
  }

  /** The copies of {@link write} alone. @returns bytes of the frame */
  gather(into: Uint8Array, image: Uint8Array, memory: Uint8Array): number {
    let at = put(into, image, this.start);
    let copied = image.length;
    for (const { offset, bytes } of this.places) {
      at = put(into, memory.subarray(offset, offset + bytes), at);
      copied += bytes;
    }
    this.bytesCopied += copied;
    return at;
  }

  /** All of {@link write} but the copies: sums up what was gathered, and writes header and prefix. */
  seal(into: Uint8Array, image: Uint8Array, frameBytes: number): void {
    const { start, places } = this;
    const header = this.headerFor(image.length);
    header.setChecksum(0, crc32(image));
    let at = start + padded(image.length);
    for (let i = 0; i < places.length; i++) {
      const { bytes } = places[i]!;
      header.setChecksum(i + 1, crc32(into.subarray(at, at + bytes)));
      at += padded(bytes);
    }
    this.finish(header, into, frameBytes);
  }

  /** Header and prefix. */
  private finish(header: HeaderTemplate, into: Uint8Array, frameBytes: number): void {
    const { start, prefix, prefixWords } = this;
    const packed = header.bytes;
    into.set(packed, PREFIX_BYTES);
    into.fill(0, PREFIX_BYTES + packed.length, start);
    prefixWords.setUint32(8, packed.length, true);
    prefixWords.setUint32(12, crc32(packed), true);
    prefixWords.setUint32(16, frameBytes, true);
    prefixWords.setUint32(20, Math.floor(frameBytes / 0x1_0000_0000), true);
    into.set(prefix, 0);
  }

  private headerFor(imageBytes: number): HeaderTemplate {
    if (this.header !== null && this.imageBytes === imageBytes) return this.header;
    const image = { name: IMAGE_SECTION, offset: 0, bytes: imageBytes };
    const header = new HeaderTemplate({
      ...this.identity,
      driver: this.driver,
      sections: [image, ...this.places],
    });
    if (PREFIX_BYTES + header.bytes.length > this.start) bug('FRAME_HEADER_ROOM', header.bytes.length, this.start);
    this.header = header;
    this.imageBytes = imageBytes;
    return header;
  }
}

/** Writes one frame; for many, keep a {@link FrameWriter}, whose parameters these are. @returns bytes of the frame */
export function writeFrame(
  into: Uint8Array,
  identity: FrameIdentity,
  driver: string,
  image: Uint8Array,
  memory: Uint8Array,
  places: readonly SectionPlace[],
): number {
  return new FrameWriter(identity, driver, places).write(into, image, memory);
}

/** The payload of a checked frame, as views of it. */
export interface FramePayload {
  readonly image: Uint8Array;
  readonly sections: readonly { readonly place: SectionPlace; readonly data: Uint8Array }[];
}

/** Puts the queue structures of a checked frame in their places. @returns bytes copied */
export function scatterFrame({ sections }: FramePayload, memory: Uint8Array): number {
  let bytes = 0;
  for (const { place, data } of sections) {
    memory.set(data, place.offset);
    bytes += data.length;
  }
  return bytes;
}

/** A checked frame. */
export interface Frame extends FramePayload {
  readonly header: FrameHeader;
}

/** What a destination can take. */
export interface FrameExpectation {
  readonly identity: FrameIdentity;
  /** Longest register image. */
  readonly imageBytesMax: number;
  /** The destination's own queue structures: the frame's must be the same. */
  readonly places: readonly SectionPlace[];
}

const count = z.number().int().min(0);
const headerSchema = z.object({
  deviceId: count,
  queuePairs: count,
  isolation: count,
  dmaBase: count,
  driver: z.string(),
  sections: z.array(z.object({ name: z.string(), offset: count, bytes: count, crc: count })).min(1),
});

const TRY_AGAIN = 'the destination was left untouched and the source keeps its VM: send it again';
const OTHER_DESTINATION = 'choose a destination of the same kind and set-up; the source keeps its VM';

function refuse(message: string, hint: string): never {
  throw new UserError('input', `image stream refused: ${message}`, hint);
}

/**
 * The bytes of a frame that came into an arena.
 *
 * @param most bytes that the destination takes; as many as the arena holds, when it holds nothing but frames
 * @throws UserError of kind `input` when there are more of them than the arena holds
 */
export function receivedFrame(arena: ArrayBufferLike, frameBytes: number, most: number = arena.byteLength): Uint8Array {
  if (frameBytes > most) {
    refuse(`${frameBytes} bytes came, this destination takes at most ${most}`, OTHER_DESTINATION);
  }
  return new Uint8Array(arena, 0, frameBytes);
}

/**
 * Checks a frame, all of it, against what the destination can take.
 *
 * @throws UserError of kind `input` with the first thing that is wrong
 */
export function readFrame(frame: Uint8Array, expected: FrameExpectation): Frame {
  const header = parseHeader(packedHeader(frame, expected), expected);
  compareHeader(header, expected);
  return { header, ...checkedSections(frame, header.sections, (section) => header.sections[section]!.crc) };
}

/**
 * Reads the frames that one destination gets, with the checks of {@link readFrame}.
 *
 * It keeps the header of the last sound frame. One that differs from it in its checksums at most has passed all that a
 * header can be asked, so that it need not be unpacked; any other header is read in full.
 */
export class FrameReader {
  /** Headers that had to be unpacked so far. */
  headersUnpacked = 0;
  private readonly expected: FrameExpectation;
  private known: HeaderTemplate | null = null;
  private sections: readonly SectionPlace[] = [];

  constructor(expected: FrameExpectation) {
    this.expected = expected;
  }

  /** @throws UserError of kind `input` with the first thing that is wrong */
  read(frame: Uint8Array): FramePayload {
    const packed = packedHeader(frame, this.expected);
    const { known } = this;
    if (known !== null && known.takes(packed)) {
      return checkedSections(frame, this.sections, (section) => known.checksum(section));
    }
    this.headersUnpacked += 1;
    const header = parseHeader(packed, this.expected);
    compareHeader(header, this.expected);
    const payload = checkedSections(frame, header.sections, (section) => header.sections[section]!.crc);
    this.sections = header.sections;
    this.known = new HeaderTemplate(header);
    return payload;
  }
}

/** Compares what a header says with the destination: identity, names, places and lengths of the sections. */
function compareHeader(header: FrameHeader, expected: FrameExpectation): void {
  compareIdentity(header, expected.identity);
  const { sections } = header;
  const first = sections[0]!;
  if (first.name !== IMAGE_SECTION || first.bytes > expected.imageBytesMax) {
    refuse(`its register image has ${first.bytes} bytes, at most ${expected.imageBytesMax} are allowed`, TRY_AGAIN);
  }
  const places = expected.places;
  if (sections.length !== places.length + 1) {
    refuse(`it has ${sections.length - 1} queue sections, this destination has ${places.length}`, OTHER_DESTINATION);
  }
  sections.forEach((section, index) => {
    const place = index === 0 ? { name: IMAGE_SECTION, offset: 0, bytes: section.bytes } : places[index - 1]!;
    if (section.name !== place.name || section.offset !== place.offset || section.bytes !== place.bytes) {
      const sent = `"${section.name}" of ${section.bytes} bytes at ${section.offset}`;
      refuse(`section ${sent}, expected "${place.name}" of ${place.bytes} bytes at ${place.offset}`, OTHER_DESTINATION);
    }
  });
}

/** Checks that the sections fill the frame and have the checksums that its header has. */
function checkedSections(
  frame: Uint8Array,
  places: readonly SectionPlace[],
  checksum: (section: number) => number,
): FramePayload {
  let at = new DataView(frame.buffer, frame.byteOffset, PREFIX_BYTES).getUint32(24, true);
  const found: { place: SectionPlace; data: Uint8Array }[] = [];
  places.forEach(({ name, offset, bytes }, index) => {
    if (at + bytes > frame.length) refuse(`section "${name}" reaches past the end`, TRY_AGAIN);
    const data = frame.subarray(at, at + bytes);
    if (crc32(data) !== checksum(index)) {
      refuse(`the checksum of section "${name}" does not fit its bytes`, TRY_AGAIN);
    }
    found.push({ place: { name, offset, bytes }, data });
    at += padded(bytes);
  });
  if (at !== frame.length) refuse(`${frame.length - at} bytes follow its last section`, TRY_AGAIN);
  return { image: found[0]!.data, sections: found.slice(1) };
}

/** Checks the prefix. @returns the packed header, whose checksum fits */
function packedHeader(frame: Uint8Array, expected: FrameExpectation): Uint8Array {
  if (frame.length < PREFIX_BYTES)
    refuse(`it has ${frame.length} bytes, too few for the ${PREFIX_BYTES} of its prefix`, TRY_AGAIN);
  const view = new DataView(frame.buffer, frame.byteOffset, PREFIX_BYTES);
  const magic = view.getUint32(0, true);
  if (magic !== FRAME_MAGIC) {
    refuse(`it starts with 0x${magic.toString(16)}, not with "SCVF"`, 'this is no image stream of stopcopy');
  }
  const version = view.getUint32(4, true);
  if (version !== FRAME_VERSION) {
    refuse(`format version ${version}, this stopcopy knows ${FRAME_VERSION}`, 'use the same stopcopy on both sides');
  }
  const reserved = view.getUint32(28, true);
  if (reserved !== 0) refuse(`its prefix ends with 0x${reserved.toString(16)}, not with zeros`, TRY_AGAIN);
  const announced = view.getUint32(20, true) * 0x1_0000_0000 + view.getUint32(16, true);
  const most = frameBytesMax(expected.imageBytesMax, expected.places);
  if (announced > most)
    refuse(`it announces ${announced} bytes, this destination takes at most ${most}`, OTHER_DESTINATION);
  if (announced !== frame.length) refuse(`${frame.length} bytes came, it announces ${announced}`, TRY_AGAIN);
  const headerBytes = view.getUint32(8, true);
  const start = view.getUint32(24, true);
  if (PREFIX_BYTES + headerBytes > start || start > frame.length || start % ALIGN !== 0) {
    refuse(`a header of ${headerBytes} bytes before sections at ${start} cannot be`, TRY_AGAIN);
  }
  const headerMost = payloadOffset(headerSectionsMax(expected.places)) - PREFIX_BYTES;
  if (headerBytes > headerMost) {
    refuse(`its header has ${headerBytes} bytes, this destination takes at most ${headerMost}`, OTHER_DESTINATION);
  }
  const packed = frame.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  if (crc32(packed) !== view.getUint32(12, true)) refuse('the checksum of its header does not fit', TRY_AGAIN);
  return packed;
}

function parseHeader(packed: Uint8Array, { places }: FrameExpectation): FrameHeader {
  const beyond = beyondBounds(packed, {
    values: HEADER_FIXED_VALUES + HEADER_VALUES_PER_SECTION * headerSectionsMax(places),
    depth: HEADER_DEPTH,
  });
  if (beyond !== null) refuse(`its header ${beyond}`, TRY_AGAIN);
  let unpacked: unknown;
  try {
    unpacked = packr.unpack(packed.slice());
  } catch (error) {
    return refuse(`its header is no msgpack: ${error instanceof Error ? error.message : String(error)}`, TRY_AGAIN);
  }
  return parseMessage(headerSchema, unpacked, 'image stream refused: header', TRY_AGAIN);
}

function compareIdentity(sent: FrameHeader, here: FrameIdentity): void {
  if (sent.deviceId !== here.deviceId) {
    const ids = `0x${sent.deviceId.toString(16)}, this VF is 0x${here.deviceId.toString(16)}`;
    refuse(`it comes from another kind of accelerator: device id ${ids}`, OTHER_DESTINATION);
  }
  if (sent.queuePairs !== here.queuePairs) {
    refuse(
      `the source has ${countOf(sent.queuePairs, 'queue pair')}, this VF has ${here.queuePairs}`,
      OTHER_DESTINATION,
    );
  }
  if (sent.isolation !== here.isolation) {
    refuse(`queue isolation is ${sent.isolation} at the source and ${here.isolation} here`, OTHER_DESTINATION);
  }
  if (sent.dmaBase !== here.dmaBase) {
    const bases = `0x${sent.dmaBase.toString(16)} at the source and 0x${here.dmaBase.toString(16)} here`;
    refuse(`the queues lie at ${bases}`, OTHER_DESTINATION);
  }
}
