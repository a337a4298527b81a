/**
 * Forged messages, by one who knows the formats: what is changed is given its checksums and lengths again, so that
 * it gets as far as it can. Each is made of a seed.
 */
import { crc32 } from 'node:zlib';

import { Packr, unpack } from 'msgpackr';

import type { Random } from '../../../sim/base/random.ts';

const packr = new Packr({ useRecords: false });

export interface Forged {
  readonly bytes: Uint8Array;
  /** Whether a checksum of the format covers what was changed, and was left as it was. */
  readonly covered: boolean;
}

/** What a length, a count or a place may be said to be. */
const ODD_WORDS = [
  0,
  1,
  2,
  31,
  32,
  33,
  63,
  64,
  65,
  255,
  256,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

const ODD_VALUES: readonly (() => unknown)[] = [
  () => ({ length: { toString: 1, valueOf: 1 } }),
  () => ({ length: -1 }),
  () => ({ length: { length: [] } }),
  () => ({ toString: 1, valueOf: null, toJSON: 7 }),
  () => ({ ['__proto__']: { driver: 1 }, constructor: 1 }),
  () => Array.from({ length: 5_000 }, () => null),
  () => Array.from({ length: 60 }, () => []),
  () => Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`field${i}`, i])),
  () => nested(40),
  () => 2n ** 63n,
  () => -(2n ** 62n),
  () => Number.NaN,
  () => -Infinity,
  () => -0,
  () => 2 ** 53,
  () => 1.5,
  () => -1,
  () => '',
  () => '\u001B[2J\u001B]0;title\u0007',
  () => '\uD800',
  () => 'x'.repeat(30_000),
  () => null,
  () => undefined,
  () => true,
  () => new Date(0),
  () => Buffer.alloc(16),
  () => [],
  () => ({}),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

/** Paths of all values of a document, the whole first. */
function placesOf(value: unknown, at: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...at, key]))];
}

/** A document with one or two values that are another thing, gone, doubled or misnamed; packed. */
function forgedDocument(random: Random, packed: Uint8Array): Uint8Array {
  const whole: { document: unknown } = { document: unpack(packed) };
  for (let changes = 1 + random.below(2); changes > 0; changes--) {
    const path = ['document', ...pick(random, placesOf(whole.document))];
    let owner: Record<PropertyKey, unknown> = whole;
    for (const key of path.slice(0, -1)) owner = owner[key] as Record<PropertyKey, unknown>;
    const last = path.at(-1)!;
    if (typeof owner !== 'object' || owner === null) continue;
    switch (random.below(5)) {
      case 0:
        delete owner[last];
        break;
      case 1:
        if (Array.isArray(owner)) owner.push(...(owner as unknown[]));
        else owner[`${String(last)}s`] = owner[last];
        break;
      default:
        owner[last] = pick(random, ODD_VALUES)();
    }
  }
  return packr.pack(whole.document);
}

/** Bytes of msgpack that no packer writes: flipped, cut, glued, with lengths that promise what does not follow. */
function forgedBytes(random: Random, packed: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(packed);
  const at = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 3:
      // A list, a map, a text or an extension of any length where another value was.
      bytes[at] = pick(random, [0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf]);
      return bytes;
    case 4:
      for (let i = at; i < Math.min(bytes.length, at + 5); i++) bytes[i] = random.below(256);
      return bytes;
    default:
      return Buffer.concat([
        Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
        new Uint8Array(random.below(4_000)).fill(0xc0),
      ]);
  }
}

function forgedMessage(random: Random, packed: Uint8Array): Uint8Array {
  return random.below(2) === 0 ? forgedDocument(random, packed) : forgedBytes(random, packed);
}

/** A message of msgpack without a checksum of its own. */
export function forgedControl(random: Random, packed: Uint8Array): Forged {
  return { bytes: forgedMessage(random, packed), covered: false };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** One to three bits. @param gap bytes from one place to another that no checksum covers: padding */
function flipped(random: Random, sound: Uint8Array, gap: readonly [from: number, to: number]): Forged {
  const bytes = Uint8Array.from(sound);
  const places = new Set<number>();
  for (let flips = 1 + random.below(3); flips > 0; flips--) places.add(random.below(8 * bytes.length));
  for (const place of places) bytes[place >> 3]! ^= 1 << (place & 7);
  return { bytes, covered: [...places].some((place) => place >> 3 < gap[0] || place >> 3 >= gap[1]) };
}

/** @param sound a frame whose sections are multiples of 64 bytes */
export function forgedFrame(random: Random, sound: Uint8Array): Forged {
  const view = viewOf(sound);
  const [headerBytes, start] = [view.getUint32(8, true), view.getUint32(24, true)];
  const kind = random.below(8);
  if (kind < 2) return flipped(random, sound, [32 + headerBytes, start]);
  if (kind === 2) {
    const bytes = Uint8Array.from(sound);
    viewOf(bytes).setUint32(4 * random.below(8), pick(random, ODD_WORDS), true);
    return { bytes, covered: false };
  }
  if (kind === 3) return { bytes: sound.slice(0, random.below(sound.length)), covered: true };
  const header = forgedMessage(random, sound.subarray(32, 32 + headerBytes));
  const begin = random.below(4) === 0 ? start : Math.ceil((32 + header.length) / 64) * 64;
  const room = Math.max(begin, 32 + header.length);
  const bytes = new Uint8Array(room + sound.length - start);
  bytes.set(sound.subarray(0, 32));
  bytes.set(header, 32);
  bytes.set(sound.subarray(start), room);
  const words = viewOf(bytes);
  words.setUint32(8, header.length, true);
  words.setUint32(12, crc32(header), true);
  words.setUint32(16, bytes.length, true);
  words.setUint32(24, begin, true);
  return { bytes, covered: false };
}

/** @param sound an iteration: 64 bytes of prefix, a table, the payload */
export function forgedIteration(random: Random, sound: Uint8Array): Forged {
  const table = 8 * viewOf(sound).getUint32(12, true);
  if (random.below(4) === 0) return flipped(random, sound, [64 + table, viewOf(sound).getUint32(20, true)]);
  const bytes = random.below(8) === 0 ? sound.slice(0, 64 + random.below(sound.length - 64)) : Uint8Array.from(sound);
  const view = viewOf(bytes);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const word = random.below(Math.min(64, bytes.length) / 4 + 4);
    if (4 * word + 4 <= bytes.length) view.setUint32(4 * word, pick(random, ODD_WORDS), true);
  }
  const tableNow = Math.min(8 * view.getUint32(12, true), bytes.length - 64);
  view.setUint32(60, crc32(bytes.subarray(64, 64 + tableNow), crc32(bytes.subarray(0, 60))), true);
  return { bytes, covered: false };
}

/** @param sound whole messages of a connection: a header of 32 bytes before each payload */
export function forgedConnection(random: Random, sound: Uint8Array): Forged {
  const bytes = random.below(4) === 0 ? sound.slice(0, 1 + random.below(sound.length)) : Uint8Array.from(sound);
  const view = viewOf(bytes);
  const starts: number[] = [];
  for (let at = 0; at + 32 <= bytes.length; at += 32 + view.getUint32(at + 12, true)) starts.push(at);
  if (starts.length === 0) return { bytes, covered: false };
  const at = pick(random, starts);
  if (random.below(4) === 0) {
    bytes[at + random.below(32)]! ^= 1 << random.below(8);
    return { bytes, covered: true };
  }
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    if (random.below(2) === 0) bytes[at + random.below(28)] = random.below(256);
    else view.setUint32(at + 4 * random.below(7), pick(random, ODD_WORDS), true);
  }
  view.setUint32(at + 28, crc32(bytes.subarray(at, at + 28)), true);
  return { bytes, covered: false };
}
