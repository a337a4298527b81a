/**
 * What comes over a socket is another's: each reader of it takes what was forged or refuses it in a sentence, in little time
 * and memory, and takes nothing that a checksum should have stopped. With STOPCOPY_LONG=1 it is ten million of them.
 */
import { crc32 } from 'node:zlib';

import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { MIB } from '../../../sim/base/units.ts';
import { Random } from '../../../sim/base/random.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { beyondBounds } from '../../../workers/end/message-bounds.ts';
import { frameBytesMax, readFrame, writeFrame } from '../../../workers/end/image-stream.ts';
import { iterationBytesMax, IterationReader, IterationWriter } from '../../../workers/end/iteration-stream.ts';
import { createRingMarks, DirtyRings } from '../../../workers/lane/dirty-rings.ts';
import { HeaderBytes, MESSAGE } from '../../../workers/transport/wire.ts';
import { type Parser, PARSERS } from '../../../bench/parsers.ts';
import { GOOD } from '../../bench/good-inputs.ts';
import { effort } from '../../effort.ts';
import { collectGarbage } from '../../heap.ts';
import { forgedConnection, forgedControl, forgedFrame, type Forged, forgedIteration } from './forged-inputs.ts';

const EACH = effort(300, 1_000, 1_200_000);
/** One seed for what is tried together, so that what failed is tried again alone. */
const BATCH = 1_000;
const ONLY = process.env['STOPCOPY_SEED'];
/** Against hanging, however crowded the machine is. */
const HANGS_MS = effort(15, 15, 240) * 60_000;
const CPU_MS_MAX = 50;
const MEMORY_BYTES_MAX = 50 * MIB;
/** What takes less takes neither so much CPU nor so much memory. */
const LOOK_MS = 10;

const LAYOUT = new QueueLayout({
  kind: 'zip',
  queuePairs: 1,
  dmaBase: 0x2f_0000_0000,
  depths: { sq: 2, cq: 2, eq: 16, aeq: 16 },
});
const IDENTITY = { deviceId: 0xa251, queuePairs: 1, isolation: 0, dmaBase: LAYOUT.dmaBase };
const PLACES = [
  { name: 'eq', offset: 0, bytes: 64 },
  { name: 'queues', offset: 64, bytes: 128 },
];
const EXPECTED = { identity: IDENTITY, imageBytesMax: 64, places: PLACES };

function frame(): Uint8Array {
  const into = new Uint8Array(frameBytesMax(64, PLACES));
  const image = Uint8Array.from({ length: 64 }, (_, i) => i * 91);
  return into.slice(0, writeFrame(into, IDENTITY, 'a driver', image, new Uint8Array(192).fill(7), PLACES));
}

function iteration(): Uint8Array {
  const dirty = new DirtyRings(createRingMarks(1), LAYOUT);
  dirty.sync();
  const into = new Uint8Array(iterationBytesMax(64, 1, LAYOUT.contextBufferOffset));
  const writer = new IterationWriter(IDENTITY);
  const bytes = writer.gather(into, null, new Uint8Array(LAYOUT.totalBytes).fill(3), dirty);
  writer.seal(into, bytes, dirty, false);
  return into.slice(0, bytes);
}

/** Two requests and the answer to a hello, as one side may send them. */
function connection(): Uint8Array {
  const payloads = [GOOD.request(), GOOD.request(), GOOD.welcome()];
  return Buffer.concat(
    payloads.flatMap((payload, sequence) => {
      const rest = { channel: 0, flags: 0, item: sequence, iteration: 0, bytes: payload.length, crc: crc32(payload) };
      return [new HeaderBytes().write({ type: MESSAGE.request, sequence, ...rest }), payload];
    }),
  );
}

interface Case {
  readonly sound: Uint8Array;
  readonly parse: Parser['parse'];
  readonly forge: (random: Random, sound: Uint8Array) => Forged;
}

function control(name: 'hello' | 'request' | 'reply' | 'welcome' | 'refusal' | 'ledger'): Case {
  return { sound: GOOD[name](), parse: PARSERS[name].parse, forge: forgedControl };
}

const CASES: Readonly<Record<string, Case>> = {
  frame: { sound: frame(), parse: (bytes) => readFrame(bytes, EXPECTED), forge: forgedFrame },
  iteration: {
    sound: iteration(),
    parse: (bytes) => new IterationReader({ ...EXPECTED, memoryBytes: LAYOUT.contextBufferOffset }).read(bytes),
    forge: forgedIteration,
  },
  connection: { sound: connection(), parse: (bytes) => PARSERS.connection.parse(bytes), forge: forgedConnection },
  ...Object.fromEntries(
    (['hello', 'request', 'reply', 'welcome', 'refusal', 'ledger'] as const).map((name) => [name, control(name)]),
  ),
};

/** @returns whether it was taken @throws whatever no reader may throw */
function taken(parse: Parser['parse'], bytes: Uint8Array): boolean {
  try {
    parse(bytes);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return false;
    throw error;
  }
}

/** @returns what is wrong with the time and the memory that a message takes: the least of three tries, as others use the machine too */
function costs(parse: Parser['parse'], bytes: Uint8Array): string[] {
  const tries = [1, 2, 3].map(() => {
    collectGarbage();
    const [before, started] = [process.memoryUsage(), process.cpuUsage()];
    taken(parse, bytes);
    const { user, system } = process.cpuUsage(started);
    const after = process.memoryUsage();
    const memoryBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    return { cpuMs: (user + system) / 1000, memoryBytes };
  });
  const cpuMs = Math.min(...tries.map((each) => each.cpuMs));
  const memoryBytes = Math.min(...tries.map((each) => each.memoryBytes));
  return [
    ...(cpuMs > CPU_MS_MAX ? [`${bytes.length} bytes take ${cpuMs} ms of CPU`] : []),
    ...(memoryBytes > MEMORY_BYTES_MAX ? [`${bytes.length} bytes take ${memoryBytes} bytes of memory`] : []),
  ];
}

interface Counts {
  tried: number;
  taken: number;
  covered: number;
}

/** A thousand forgeries of one seed. @returns what is wrong with how they were read */
function batch({ sound, parse, forge }: Case, seed: number, counts: Counts): string[] {
  const random = new Random(seed);
  const wrong: string[] = [];
  for (let i = 0; i < Math.min(BATCH, EACH); i++) {
    const { bytes, covered } = forge(random, sound);
    const began = performance.now();
    try {
      const took = taken(parse, bytes);
      counts.tried += 1;
      if (took) counts.taken += 1;
      if (covered) counts.covered += 1;
      if (took && covered) wrong.push(`seed ${seed}, ${i}: taken, though a checksum covers what was changed`);
    } catch (error) {
      wrong.push(`seed ${seed}, ${i}: ${String(error)}`);
    }
    if (performance.now() - began < LOOK_MS) continue;
    wrong.push(...costs(parse, bytes).map((what) => `seed ${seed}, ${i}: ${what}`));
  }
  return wrong;
}

test.each(Object.keys(CASES))('no forged %s does harm', { timeout: HANGS_MS }, (name) => {
  const counts: Counts = { tried: 0, taken: 0, covered: 0 };
  const seeds = ONLY === undefined ? Array.from({ length: Math.ceil(EACH / BATCH) }, (_, i) => i) : [Number(ONLY)];
  expect(taken(CASES[name]!.parse, CASES[name]!.sound)).toBe(true);
  expect(seeds.flatMap((seed) => batch(CASES[name]!, seed, counts))).toEqual([]);
  if (EACH > BATCH * 10) console.log(`${name}: ${JSON.stringify(counts)}`);
  expect(counts.taken).toBeLessThan(counts.tried);
});

describe('a message is measured before it is unpacked', () => {
  const bounds = { values: 8, depth: 2 };
  const beyond = (value: unknown): string | null => beyondBounds(pack(value), bounds);

  test.each([
    ['numbers of each width', [0, -1, 300, -300, 70_000, 1.5, 2 ** 40]],
    ['texts of each width', ['', 'a'.repeat(40), 'b'.repeat(300), 'c'.repeat(70_000)]],
    ['maps in maps', { a: { b: null, c: true } }],
    ['64-bit integers', [2n ** 63n, -(2n ** 62n)]],
    ['a list of 7', [1, 2, 3, 4, 5, 6, 7]],
    ['empty lists and maps', [[], {}, [], {}]],
  ])('%s pass', (_what, value) => {
    expect(beyond(value)).toBeNull();
  });

  test.each([
    ['a list of 8', [1, 2, 3, 4, 5, 6, 7, 8], '8 values'],
    ['three lists within each other', [[[1]]], '2 lists'],
    ['a date', new Date(0), 'begins no number'],
    ['bytes', Buffer.alloc(3), 'begins no number'],
    ['a long name', { ['n'.repeat(65)]: 1 }, '65 bytes'],
  ])('%s does not', (_what, value, said) => {
    expect(beyond(value)).toContain(said);
  });

  test.each([
    ['nothing', [], 'ends within'],
    ['a list that promises 4 G entries', [0xdd, 0xff, 0xff, 0xff, 0xff], 'ends within'],
    ['a text that promises more than came', [0xdb, 0, 0, 1, 0], 'ends within'],
    ['a value after the first', [1, 1], 'byte 1 of 2'],
    ['a map whose key is a list', [0x81, 0x90, 1], 'named by a text'],
  ])('%s does not', (_what, bytes, said) => {
    expect(beyondBounds(Uint8Array.from(bytes), bounds)).toContain(said);
  });
});
