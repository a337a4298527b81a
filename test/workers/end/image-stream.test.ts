import { crc32 } from 'node:zlib';

import * as fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import {
  FRAME_MAGIC,
  FRAME_VERSION,
  type FrameExpectation,
  frameBytesMax,
  FrameReader,
  FrameWriter,
  PREFIX_BYTES,
  readFrame,
  receivedFrame,
  writeFrame,
} from '../../../workers/end/image-stream.ts';
import type { FrameIdentity, SectionPlace } from '../../../workers/end/frame-header.ts';
import { effort } from '../../effort.ts';
import { stating } from '../../stating.ts';

const ALIGN = 64;
const IMAGE_MAX = 176;
const IDENTITY: FrameIdentity = { deviceId: 0xa251, queuePairs: 3, isolation: 1, dmaBase: 0x2f_0000_0000 };
const PLACES: readonly SectionPlace[] = [
  { name: 'eq', offset: 0, bytes: 100 },
  { name: 'sqc', offset: 128, bytes: 64 },
  { name: 'queues', offset: 256, bytes: 130 },
];
const EXPECTED: FrameExpectation = { identity: IDENTITY, imageBytesMax: IMAGE_MAX, places: PLACES };
const MEMORY = Uint8Array.from({ length: 512 }, (_, i) => (i * 37 + 11) & 0xff);
const IMAGE = Uint8Array.from({ length: IMAGE_MAX }, (_, i) => (i * 91 + 3) & 0xff);

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

function view(frame: Uint8Array): DataView {
  return new DataView(frame.buffer, frame.byteOffset, frame.length);
}

function frameOf(image = IMAGE, memory = MEMORY, places = PLACES, identity = IDENTITY): Uint8Array {
  const into = new Uint8Array(frameBytesMax(image.length, places));
  return into.slice(0, writeFrame(into, identity, 'linux-6.12.117', image, memory, places));
}

interface Header {
  deviceId: unknown;
  queuePairs: unknown;
  isolation: unknown;
  dmaBase: unknown;
  driver: unknown;
  sections: { name: unknown; offset: unknown; bytes: unknown; crc: unknown }[];
}

/** The header that a sender in its right mind would write for an image. */
function headerOf(image = IMAGE): Header {
  const crcOf = (data: Uint8Array): number => crc32(data);
  return {
    ...IDENTITY,
    driver: 'linux-6.12.117',
    sections: [
      { name: 'image', offset: 0, bytes: image.length, crc: crcOf(image) },
      ...PLACES.map(({ name, offset, bytes }) => ({
        name,
        offset,
        bytes,
        crc: crcOf(MEMORY.subarray(offset, offset + bytes)),
      })),
    ],
  };
}

/** A frame by hand, sound in itself whatever its header says; `more` bytes follow the last section. */
function craft(header: unknown, more = 0, image = IMAGE): Uint8Array {
  const packed = header instanceof Uint8Array ? header : pack(header);
  const parts = [image, ...PLACES.map(({ offset, bytes }) => MEMORY.subarray(offset, offset + bytes))];
  const start = padded(PREFIX_BYTES + packed.length);
  const frame = new Uint8Array(parts.reduce((sum, part) => sum + padded(part.length), start) + more);
  let at = start;
  for (const part of parts) {
    frame.set(part, at);
    at += padded(part.length);
  }
  frame.set(packed, PREFIX_BYTES);
  const words = [FRAME_MAGIC, FRAME_VERSION, packed.length, crc32(packed), frame.length, 0, start, 0];
  words.forEach((word, i) => view(frame).setUint32(4 * i, word, true));
  return frame;
}

/** Reads a frame that must be refused, and gives the sentence. */
function refusal(frame: Uint8Array, expected = EXPECTED): string {
  const before = frame.slice();
  let error: unknown;
  try {
    readFrame(frame, expected);
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof UserError)) throw new Error('the frame was not refused', { cause: error });
  expect(error.kind).toBe('input');
  expect(error.message).toMatch(/^image stream refused: [^\n]+$/);
  expect(error.message).not.toMatch(/NaN|\[object/);
  expect(error.hint).toMatch(/^[a-z][^\n]+$/);
  expect(Buffer.compare(frame, before)).toBe(0);
  return error.message;
}

describe('a sound frame', () => {
  test('gives back the image and each section in its place', () => {
    const frame = readFrame(frameOf(), EXPECTED);
    expect(frame.image).toEqual(IMAGE);
    expect(frame.sections.map(({ place }) => place)).toEqual(PLACES);
    for (const { place, data } of frame.sections) {
      expect(data).toEqual(MEMORY.subarray(place.offset, place.offset + place.bytes));
    }
    expect(frame.header).toMatchObject({ ...IDENTITY, driver: 'linux-6.12.117' });
  });

  test('is what its description says, byte by byte', () => {
    expect(readFrame(craft(headerOf()), EXPECTED).image).toEqual(IMAGE);
  });

  test('does not depend on what lay in its place before', () => {
    const into = new Uint8Array(frameBytesMax(IMAGE_MAX, PLACES)).fill(0xee);
    const bytes = writeFrame(into, IDENTITY, 'linux-6.12.117', IMAGE, MEMORY, PLACES);
    expect(into.subarray(0, bytes)).toEqual(frameOf());
  });

  test('has each section at a multiple of 64 bytes', () => {
    const frame = frameOf();
    const { image, sections } = readFrame(frame, EXPECTED);
    for (const data of [image, ...sections.map((section) => section.data)]) {
      expect((data.byteOffset - frame.byteOffset) % ALIGN).toBe(0);
    }
  });

  test('lies anywhere in a larger buffer, shared or not', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4096), 512);
    const bytes = writeFrame(shared, IDENTITY, 'x', IMAGE, MEMORY, PLACES);
    expect(readFrame(shared.subarray(0, bytes), EXPECTED).image).toEqual(IMAGE);
  });

  test('comes back whatever the sizes and the contents', () => {
    const world = fc
      .record({
        image: fc.uint8Array({ minLength: 0, maxLength: IMAGE_MAX }),
        sections: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        identity: fc.record({
          deviceId: fc.nat(0xffff),
          queuePairs: fc.integer({ min: 1, max: 1024 }),
          isolation: fc.integer({ min: 0, max: 0xffffffff }),
          dmaBase: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        }),
        gaps: fc.array(fc.nat(70), { minLength: 8, maxLength: 8 }),
      })
      .map(({ image, sections, identity, gaps }) => {
        const places: SectionPlace[] = [];
        let end = 0;
        sections.forEach((bytes, i) => {
          places.push({ name: `s${i}`, offset: end + gaps[i]!, bytes: bytes.length });
          end += gaps[i]! + bytes.length;
        });
        const memory = new Uint8Array(end);
        places.forEach((place, i) => memory.set(sections[i]!, place.offset));
        return { image, sections, identity, places, memory };
      });
    fc.assert(
      fc.property(world, ({ image, sections, identity, places, memory }) => {
        const sent = frameOf(image, memory, places, identity);
        const read = readFrame(sent, { identity, imageBytesMax: IMAGE_MAX, places });
        expect(Buffer.compare(read.image, image)).toBe(0);
        expect(read.sections.length).toBe(sections.length);
        expect(read.sections.findIndex(({ data }, i) => Buffer.compare(data, sections[i]!) !== 0)).toBe(-1);
        expect(sent.length).toBeLessThanOrEqual(frameBytesMax(image.length, places));
      }),
    );
  });
});

describe('who writes and reads many', () => {
  const writer = new FrameWriter(IDENTITY, 'linux-6.12.117', PLACES);
  const reader = new FrameReader(EXPECTED);
  const into = new Uint8Array(frameBytesMax(IMAGE_MAX, PLACES));
  const write = (image = IMAGE, memory = MEMORY): Uint8Array => into.subarray(0, writer.write(into, image, memory));
  const other = MEMORY.map((byte) => byte ^ 0xff);

  test('writes what the function for one writes, whatever came before', () => {
    const short = IMAGE.subarray(0, 40);
    for (const [image, memory] of [
      [IMAGE, MEMORY],
      [IMAGE, other],
      [short, MEMORY],
      [IMAGE, MEMORY],
    ] as const) {
      expect(write(image, memory)).toEqual(frameOf(image, memory));
    }
  });

  test('gathered and sealed apart is the same frame', () => {
    const whole = write(IMAGE, other).slice();
    const apart = new Uint8Array(into.length).fill(0xee);
    const bytes = writer.gather(apart, IMAGE, other);
    writer.seal(apart, IMAGE, bytes);
    expect(apart.subarray(0, bytes)).toEqual(whole);
  });

  test('copies each byte once', () => {
    const before = writer.bytesCopied;
    write();
    expect(writer.bytesCopied - before).toBe(IMAGE.length + 100 + 64 + 130);
  });

  test('unpacks a header again only when more than checksums has changed', () => {
    const images: [Uint8Array, Uint8Array][] = [];
    for (const memory of [MEMORY, other, MEMORY]) {
      const { image, sections } = reader.read(write(IMAGE, memory));
      expect(sections.map(({ place }) => place)).toEqual(PLACES);
      images.push([image, sections[2]!.data.slice()]);
    }
    expect(reader.headersUnpacked).toBe(1);
    expect(images[1]![1]).toEqual(other.subarray(256, 256 + 130));
    expect(reader.read(write(IMAGE.subarray(0, 40))).image).toEqual(IMAGE.subarray(0, 40));
    expect(reader.headersUnpacked).toBe(2);
  });

  test('refuses a damaged frame between two sound ones, whichever way its header went', () => {
    const sound = write().slice();
    reader.read(sound);
    for (const at of meaningful(sound)) {
      const bad = sound.slice();
      bad[at]! ^= 0x10;
      expect(() => reader.read(bad)).toThrow(UserError);
    }
    expect(reader.read(sound).image).toEqual(IMAGE);
  });

  test('refuses a header that is sound but of another destination', () => {
    reader.read(write());
    expect(() => reader.read(craft({ ...headerOf(), isolation: 0 }))).toThrow('queue isolation is 0');
  });
});

test('a driver name that leaves the header no room is our bug', () => {
  const into = new Uint8Array(frameBytesMax(IMAGE_MAX, PLACES));
  expect(() => writeFrame(into, IDENTITY, 'x'.repeat(1_000), IMAGE, MEMORY, PLACES)).toThrow('FRAME_HEADER_ROOM');
});

/** Changes a copy of a sound frame. */
function changed(change: (frame: Uint8Array) => void): Uint8Array {
  const frame = frameOf();
  change(frame);
  return frame;
}

function prefixed(offset: number, value: number): Uint8Array {
  return changed((frame) => view(frame).setUint32(offset, value, true));
}

describe('a frame is refused whose', () => {
  test.each([0, 1, PREFIX_BYTES - 1])('bytes are only %i', (bytes) => {
    expect(refusal(frameOf().subarray(0, bytes))).toContain(`it has ${bytes} bytes`);
  });

  test('first word is foreign', () => {
    expect(refusal(prefixed(0, 0x464c457f))).toContain('starts with 0x464c457f');
  });

  test.each([0, 2, 0xffffffff])('format version is %i', (version) => {
    expect(refusal(prefixed(4, version))).toContain(`format version ${version}`);
  });

  test('reserved word is not zero', () => {
    expect(refusal(prefixed(28, 1))).toContain('0x1');
  });

  test.each([1, 63, 64, 500])('last %i bytes are missing', (missing) => {
    const frame = frameOf();
    expect(refusal(frame.subarray(0, frame.length - missing))).toMatch(
      stating(`${frame.length - missing} bytes`, frame.length),
    );
  });

  test('announced bytes are followed by more', () => {
    const frame = frameOf();
    const longer = new Uint8Array(frame.length + 64);
    longer.set(frame);
    expect(refusal(longer)).toContain(`${longer.length} bytes came`);
  });

  test.each([
    ['low', 16, 0xffffffff],
    ['high', 20, 1],
  ])('announced length (%s word) is more than the destination takes', (_word, offset, value) => {
    expect(refusal(prefixed(offset, value))).toMatch(stating(frameBytesMax(IMAGE_MAX, PLACES)));
  });

  test('header is longer than the room before its sections', () => {
    expect(refusal(prefixed(8, 100_000))).toContain('a header of 100000 bytes');
  });

  test.each([0, 33, 1 << 20, 0xffffffc0])('sections are said to start at %i', (start) => {
    expect(refusal(prefixed(24, start))).toContain(`sections at ${start}`);
  });

  test('sections start elsewhere than they do', () => {
    const start = view(frameOf()).getUint32(24, true);
    expect(refusal(prefixed(24, start + ALIGN))).toContain('checksum');
  });

  test('header checksum does not fit', () => {
    expect(refusal(prefixed(12, 1))).toContain('checksum of its header');
  });

  test.each([
    ['a text that ends too early', Uint8Array.of(0xd9, 0x20, 0x41), 'ends within'],
    ['cut off', pack(headerOf()).subarray(0, 40), 'ends within'],
    ['followed by another', Buffer.concat([pack(headerOf()), pack(1)]), 'ends at byte'],
    ['a date', pack({ ...headerOf(), driver: new Date(0) }), 'begins no number'],
    ['of very many values', pack(Array.from({ length: 200 }, () => null)), 'values'],
  ])('header is %s', (_what, packed, said) => {
    expect(refusal(craft(packed))).toMatch(stating('header', said));
  });

  test('header fills the room of its sections', () => {
    const frame = new Uint8Array(1024);
    const words = [FRAME_MAGIC, FRAME_VERSION, 900, crc32(frame.subarray(32, 932)), 1024, 0, 960, 0];
    words.forEach((word, i) => view(frame).setUint32(4 * i, word, true));
    expect(refusal(frame)).toMatch(stating('header', '900 bytes', 'at most 864'));
  });

  test.each([
    ['a number', 7],
    ['null', null],
    ['a list', []],
    ['empty', {}],
    ['a reserved byte of msgpack', Uint8Array.of(0xc1)],
  ])('header is %s', (_what, header) => {
    expect(refusal(craft(header))).toContain('header');
  });

  test.each(['deviceId', 'queuePairs', 'isolation', 'dmaBase', 'driver', 'sections'] as const)(
    'header has no %s, or a wrong one',
    (field) => {
      const { [field]: _left, ...rest } = headerOf();
      expect(refusal(craft(rest))).toContain(field);
      for (const value of [null, -1, 1.5, true, {}, 2n ** 62n, [2n ** 62n]]) {
        expect(refusal(craft({ ...headerOf(), [field]: value }))).toContain(field);
      }
    },
  );

  test.each(['name', 'offset', 'bytes', 'crc'] as const)('section has no %s, or a wrong one', (field) => {
    for (const value of [undefined, null, -1, 1.5, true, { length: { toString: 1, valueOf: 1 } }]) {
      const header = headerOf();
      if (value === undefined) delete (header.sections[1] as Partial<Header['sections'][number]>)[field];
      else header.sections[1]![field] = value;
      expect(refusal(craft(header))).toContain(`sections[1].${field}`);
    }
  });

  test('header has no section', () => {
    expect(refusal(craft({ ...headerOf(), sections: [] }))).toContain('sections');
  });

  test.each([
    ['deviceId', 0xa256, 'device id 0xa256, this VF is 0xa251'],
    ['queuePairs', 4, 'the source has 4 queue pairs, this VF has 3'],
    ['isolation', 0, 'queue isolation is 0 at the source and 1 here'],
    ['dmaBase', 0x1000, '0x1000 at the source and 0x2f00000000 here'],
  ] as const)('%s is another', (field, value, text) => {
    expect(refusal(craft({ ...headerOf(), [field]: value }))).toContain(text);
  });

  test('first section is no register image', () => {
    const header = headerOf();
    header.sections[0]!.name = 'eq';
    expect(refusal(craft(header))).toContain('register image');
  });

  test('register image lies elsewhere', () => {
    const header = headerOf();
    header.sections[0]!.offset = 64;
    expect(refusal(craft(header))).toContain('"image" of 176 bytes at 64');
  });

  test('register image is longer than any', () => {
    const image = new Uint8Array(IMAGE_MAX + 1);
    expect(refusal(craft(headerOf(image), 0, image))).toMatch(stating(`${IMAGE_MAX + 1} bytes`, IMAGE_MAX));
  });

  test.each([
    ['one section less', (header: Header) => void header.sections.pop(), 'it has 2 queue sections'],
    ['one section more', (header: Header) => void header.sections.push(header.sections[1]!), 'it has 4 queue sections'],
    ['another name', (header: Header) => void (header.sections[2]!.name = 'cqc'), 'section "cqc"'],
    ['another offset', (header: Header) => void (header.sections[3]!.offset = 320), 'at 320, expected "queues"'],
    ['other bytes', (header: Header) => void (header.sections[1]!.bytes = 99), 'section "eq" of 99 bytes'],
    [
      'sections in another order',
      (header: Header) => void header.sections.splice(1, 2, header.sections[2]!, header.sections[1]!),
      '"sqc"',
    ],
  ])('header has %s', (_what, change, text) => {
    const header = headerOf();
    change(header);
    expect(refusal(craft(header))).toContain(text);
  });

  test.each(['image', 'eq', 'sqc', 'queues'])('section "%s" has one flipped bit', (name) => {
    const header = headerOf();
    const section = header.sections.find((candidate) => candidate.name === name)!;
    section.crc = ((section.crc as number) ^ 0x8000_0000) >>> 0;
    expect(refusal(craft(header))).toMatch(stating('checksum', `section "${name}"`));
  });

  test('sections reach past its end', () => {
    const frame = craft(headerOf()).subarray(0, -ALIGN);
    view(frame).setUint32(16, frame.length, true);
    expect(refusal(frame)).toContain('reaches past the end');
  });

  test('last section is followed by more that it announces', () => {
    expect(refusal(craft(headerOf(), ALIGN))).toMatch(stating(`${ALIGN} bytes`, 'last section'));
  });
});

/** Offsets of a frame's bytes that mean something: all but the padding. */
function meaningful(frame: Uint8Array): number[] {
  const { image, sections } = readFrame(frame, EXPECTED);
  const headerBytes = view(frame).getUint32(8, true);
  const runs: [number, number][] = [[0, PREFIX_BYTES + headerBytes]];
  for (const data of [image, ...sections.map((section) => section.data)]) {
    runs.push([data.byteOffset - frame.byteOffset, data.length]);
  }
  return runs.flatMap(([at, bytes]) => Array.from({ length: bytes }, (_, i) => at + i));
}

test('no flipped bit is taken in silence, wherever it is', () => {
  const frame = frameOf();
  const offsets = meaningful(frame);
  expect(offsets.length).toBe(PREFIX_BYTES + view(frame).getUint32(8, true) + IMAGE_MAX + 100 + 64 + 130);
  const silent: string[] = [];
  for (const offset of offsets) {
    for (let bit = 0; bit < 8; bit++) {
      frame[offset]! ^= 1 << bit;
      try {
        readFrame(frame, EXPECTED);
        silent.push(`byte ${offset} bit ${bit}`);
      } catch (error) {
        if (!(error instanceof UserError) || error.kind !== 'input') throw error;
      }
      frame[offset]! ^= 1 << bit;
    }
  }
  expect(silent).toEqual([]);
});

test('no changed byte is taken in silence, wherever it is and whatever becomes of it', () => {
  const sound = frameOf();
  const change = fc.record({ at: fc.constantFrom(...meaningful(sound)), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(change, ({ at, by }) => {
      const frame = sound.slice();
      frame[at]! ^= by;
      expect(refusal(frame)).toContain('refused');
    }),
    { numRuns: effort(100, 500, 20_000) },
  );
});

test('no run of noise is taken, and none makes the reader fail otherwise', () => {
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => {
    const frame = new Uint8Array(PREFIX_BYTES + bytes.length);
    frame.set(bytes, PREFIX_BYTES);
    const words = [FRAME_MAGIC, FRAME_VERSION, Math.min(20, bytes.length), 0, frame.length, 0, padded(52), 0];
    words.forEach((word, i) => view(frame).setUint32(4 * i, word, true));
    view(frame).setUint32(12, crc32(frame.subarray(PREFIX_BYTES, PREFIX_BYTES + Math.min(20, bytes.length))), true);
    return frame;
  });
  fc.assert(
    fc.property(noise, (frame) => {
      expect(refusal(frame)).toContain('header');
    }),
    { numRuns: effort(200, 1_000, 50_000) },
  );
});

test('a frame with more bytes than its arena holds is refused, not cut', () => {
  const arena = new SharedArrayBuffer(128);
  expect(receivedFrame(arena, 128)).toHaveLength(128);
  expect(() => receivedFrame(arena, 192)).toThrow(stating('image stream refused', '192 bytes', 128));
});
