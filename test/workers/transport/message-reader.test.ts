import { crc32 } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { MessageReader, type MessageSink } from '../../../workers/transport/message-reader.ts';
import {
  CHECKED,
  CONTROL_BYTES_MAX,
  type Header,
  HEADER_BYTES,
  HeaderBytes,
  MESSAGE,
} from '../../../workers/transport/wire.ts';
import { stating } from '../../stating.ts';

const CHUNK = 1000;
const ARENA = 5 * CHUNK;

interface Message {
  readonly chunk: number | null;
  readonly payload: Uint8Array;
}

/** Keeps what came, as a destination does. */
class Keeper implements MessageSink {
  readonly arena = new Uint8Array(ARENA);
  readonly told: string[] = [];
  /** Chunks that are not wanted. */
  unwanted = new Set<number>();

  chunkBegins(header: Header): Uint8Array | null {
    if (this.unwanted.has(header.item)) return null;
    return this.arena.subarray(header.item * CHUNK, (header.item + 1) * CHUNK);
  }

  chunkEnds(header: Header): void {
    this.told.push(`chunk ${header.item}`);
  }

  control(header: Header, payload: Uint8Array): void {
    this.told.push(`${header.type} ${Buffer.from(payload).toString('hex')}`);
  }
}

function bytesOf(messages: readonly Message[]): Uint8Array {
  const parts = messages.flatMap(({ chunk, payload }, sequence) => {
    const header = new HeaderBytes().write({
      type: chunk === null ? MESSAGE.request : MESSAGE.chunk,
      channel: 3,
      flags: chunk === null ? 0 : CHECKED,
      sequence,
      bytes: payload.length,
      item: chunk ?? 7,
      iteration: 1,
      crc: crc32(payload),
    });
    return [header, payload];
  });
  return Buffer.concat(parts);
}

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ chunk: fc.constant(null), payload: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    chunk: fc.integer({ min: 0, max: 4 }),
    payload: fc.uint8Array({ minLength: CHUNK, maxLength: CHUNK }),
  }),
);

const anyMessages = fc.array(anyMessage, { minLength: 1, maxLength: 6 });

function readAll(bytes: Uint8Array, keeper = new Keeper()): Keeper {
  new MessageReader({ name: 'channel 3' }, 3, keeper).take(bytes);
  return keeper;
}

/** The error of what is wrong with some bytes; undefined: nothing is. */
function refusalOf(bytes: Uint8Array, keeper = new Keeper()): unknown {
  try {
    readAll(bytes, keeper);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('whatever pieces a stream comes in,', () => {
  test('it is read as the same messages, copied or read in place', () => {
    fc.assert(
      fc.property(anyMessages, fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }), (messages, sizes) => {
        const bytes = bytesOf(messages);
        const whole = readAll(bytes);
        const copied = new Keeper();
        const copying = new MessageReader({ name: 'channel 3' }, 3, copied);
        const direct = new Keeper();
        const reading = new MessageReader({ name: 'channel 3' }, 3, direct);
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = Math.min(sizes[turn % sizes.length]!, bytes.length - at);
          copying.take(bytes.subarray(at, at + size));
          // A socket puts at most what there is room for.
          for (let left = size, from = at; left > 0;) {
            const target = reading.target();
            const count = Math.min(left, target.length);
            target.set(bytes.subarray(from, from + count));
            reading.filled(count);
            left -= count;
            from += count;
          }
          at += size;
        }
        expect(copying.atBoundary && reading.atBoundary).toBe(true);
        expect([copied.told, direct.told]).toEqual([whole.told, whole.told]);
        expect(copied.told).toHaveLength(messages.length);
        expect(Buffer.compare(copied.arena, direct.arena)).toBe(0);
        expect(reading.copiedBytes).toBe(0);
        expect(copying.copiedBytes).toBe(CHUNK * messages.filter(({ chunk }) => chunk !== null).length);
      }),
    );
  });
});

describe('a damaged stream', () => {
  test('is refused when any one bit of it has flipped, with a sentence that names channel and place', () => {
    fc.assert(
      fc.property(anyMessages, fc.nat(), fc.integer({ min: 0, max: 7 }), (messages, where, bit) => {
        const bytes = bytesOf(messages);
        bytes[where % bytes.length]! ^= 1 << bit;
        const refusal = refusalOf(bytes);
        expect(refusal).toBeInstanceOf(UserError);
        expect((refusal as UserError).message).toMatch(
          /^stream refused on channel 3 at message \d+, byte \d+: [^\n]+$/,
        );
      }),
    );
  });

  test('that ends early is read as far as it goes, and has no whole message more', () => {
    fc.assert(
      fc.property(anyMessages, fc.nat(), (messages, where) => {
        const bytes = bytesOf(messages);
        const keeper = readAll(bytes.subarray(0, where % bytes.length));
        expect(keeper.told.length).toBeLessThan(messages.length);
        expect(readAll(bytes).told.slice(0, keeper.told.length)).toEqual(keeper.told);
      }),
    );
  });

  test('of random bytes is refused at its first header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: HEADER_BYTES, maxLength: 5000 }), (bytes) => {
        const keeper = new Keeper();
        expect(refusalOf(bytes, keeper)).toBeInstanceOf(UserError);
        expect(keeper.told).toEqual([]);
      }),
    );
  });
});

const PLAIN: Header = {
  type: MESSAGE.request,
  channel: 3,
  flags: 0,
  sequence: 0,
  bytes: 0,
  item: 1,
  iteration: 0,
  crc: 0,
};

function headerOf(change: Partial<Header>, alter: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new HeaderBytes().write({ ...PLAIN, ...change });
  alter(bytes);
  return bytes;
}

describe('a header is refused', () => {
  test.each([
    ['of another program', new TextEncoder().encode('GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n'), 'not with "SCVT"'],
    ['of another version', headerOf({}, (bytes) => (bytes[4] = 9)), 'protocol version 9, this stopcopy knows 2'],
    ['with a wrong checksum', headerOf({}, (bytes) => (bytes[9] = 9)), 'the checksum of the header does not fit'],
    ['of another channel', headerOf({ channel: 2 }), 'it belongs to channel 2, this is channel 3'],
    ['out of order', headerOf({ sequence: 4 }), 'message 4 came where 0 was expected'],
    ['of no known type', headerOf({ type: 99 as Header['type'] }), 'message type 99 is not known'],
    [
      'of a chunk with another length',
      headerOf({ type: MESSAGE.chunk, bytes: 999 }),
      'chunk 1 has 999 bytes, expected 1000',
    ],
  ])('%s', (_, bytes, says) => {
    const refusal = refusalOf(bytes);
    expect(refusal).toBeInstanceOf(UserError);
    expect((refusal as UserError).message).toContain(says);
    expect((refusal as UserError).hint).toMatch(/^[a-z]/);
  });

  test('that announces more than is allowed, before anything is allocated for it', () => {
    const before = process.memoryUsage().arrayBuffers;
    const refusal = refusalOf(headerOf({ bytes: 0xffff_ffff }));
    expect((refusal as UserError).message).toMatch(stating('request', '4294967295 bytes', CONTROL_BYTES_MAX));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });
});

test('a chunk that nobody wants is read and goes nowhere', () => {
  const keeper = new Keeper();
  keeper.unwanted = new Set([1]);
  const payload = new Uint8Array(CHUNK).fill(7);
  readAll(
    bytesOf([
      { chunk: 1, payload },
      { chunk: 2, payload },
    ]),
    keeper,
  );
  expect(keeper.told).toEqual(['chunk 1', 'chunk 2']);
  expect(keeper.arena.subarray(CHUNK, 2 * CHUNK).every((byte) => byte === 0)).toBe(true);
  expect(keeper.arena.subarray(2 * CHUNK, 3 * CHUNK).every((byte) => byte === 7)).toBe(true);
});
