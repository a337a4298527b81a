/**
 * Each parser takes what it should, and answers whatever else comes with a refusal and never with a bug.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { recordLine } from '../../bench/history/store.ts';
import { packageRoot } from '../../bench/io/package-root.ts';
import { baselinePath } from '../../bench/measure/metrics/baseline.ts';
import { EXPECTED, PARSER_NAMES, PARSERS, type ParserName } from '../../bench/parsers.ts';
import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { QueueLayout } from '../../sim/workload/layout.ts';
import { createRingMarks, DirtyRings } from '../../workers/lane/dirty-rings.ts';
import { frameBytesMax, writeFrame } from '../../workers/end/image-stream.ts';
import { iterationBytesMax, IterationWriter } from '../../workers/end/iteration-stream.ts';
import { packControl } from '../../workers/transport/control.ts';
import { packLedger } from '../../workers/transport/parcel.ts';
import { CHUNK_BYTES_MIN, HeaderBytes, MESSAGE } from '../../workers/transport/wire.ts';
import { fixtureResult } from './fixture.ts';
import { historyRecord } from './history/records.ts';

const { identity, places } = EXPECTED;
const LAYOUT = new QueueLayout({ kind: 'zip', queuePairs: identity.queuePairs, dmaBase: identity.dmaBase });
const IMAGE = Uint8Array.from({ length: ACC_VF_DATA_BYTES }, (_, i) => i);

function shipped(path: string): Uint8Array {
  return readFileSync(join(packageRoot(), path));
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

function frame(): Uint8Array {
  const into = new Uint8Array(frameBytesMax(IMAGE.length, places));
  const bytes = writeFrame(into, identity, 'a driver', IMAGE, new Uint8Array(LAYOUT.totalBytes), places);
  return into.slice(0, bytes);
}

function iteration(): Uint8Array {
  const { queuePairs } = identity;
  const dirty = new DirtyRings(createRingMarks(queuePairs), LAYOUT);
  dirty.sync();
  const into = new Uint8Array(iterationBytesMax(IMAGE.length, queuePairs, LAYOUT.contextBufferOffset));
  const writer = new IterationWriter(identity);
  const bytes = writer.gather(into, null, new Uint8Array(LAYOUT.totalBytes), dirty);
  writer.seal(into, bytes, dirty, false);
  return into.slice(0, bytes);
}

function ledger(): Uint8Array {
  const each = (value: number): number[] => Array.from({ length: identity.queuePairs }, () => value);
  return packLedger({
    load: { kind: 'idle' },
    guest: {
      accepted: each(3),
      completed: each(3),
      rejected: each(0),
      sqTail: each(3),
      cqHead: each(3),
      cqPhase: each(1),
      eqHead: 6,
      eqPhase: 1,
      inFlight: 0,
    },
    checker: { next: each(3), overtaken: [], violations: [], violationCount: 0 },
  });
}

function connection(): Uint8Array {
  const payloads = [packControl({ ask: 'prepare' }), new Uint8Array(CHUNK_BYTES_MIN)];
  return Buffer.concat(
    payloads.flatMap((payload, sequence) => {
      const type = sequence === 0 ? MESSAGE.request : MESSAGE.chunk;
      const rest = { channel: 0, flags: 0, item: 0, iteration: 0, bytes: payload.length, crc: crc32(payload) };
      return [new HeaderBytes().write({ type, sequence, ...rest }), payload];
    }),
  );
}

const GOOD: Readonly<Record<ParserName, () => Uint8Array>> = {
  scenario: () => shipped('sim/scenario/scenarios/zip-64.yaml'),
  question: () => shipped('sim/fleet/questions/room.yaml'),
  limits: () => shipped('sim/fleet/presets/nova.yaml'),
  'can-question': () => utf8('{ format: stopcopy-can, version: 1, vmm: qemu, devices: [{ driver: mlx5_vfio_pci }] }'),
  topology: () => shipped('sim/pci/topologies/t12-card-under-switch.yaml'),
  'device-profile': () => shipped('sim/memory/profiles/acc-zip.yaml'),
  'published-table': () => shipped('bench/studies/validation/tables/d06.yaml'),
  arrivals: () => utf8('time_ns,queue,job\n0,0,deflate\n1500,1,deflate\n'),
  trace: () => shipped('traces/plain-stop-copy.upstream-2026.json'),
  result: () => utf8(JSON.stringify(fixtureResult())),
  document: () => utf8(JSON.stringify(fixtureResult())),
  baseline: () => readFileSync(baselinePath()),
  history: () => utf8(recordLine(historyRecord()) + recordLine(historyRecord({ subject: 'another' }))),
  frame,
  iteration,
  ledger,
  hello: () =>
    packControl({
      session: '0'.repeat(32),
      stopcopy: '1.0.0',
      channels: 1,
      chunkBytes: CHUNK_BYTES_MIN,
      parcelBytes: 640,
      vm: { kind: 'zip', queuePairs: 2, isolation: 0, dmaBase: 0, driver: 'a driver' },
    }),
  request: () => packControl({ ask: 'prepare' }),
  reply: () => packControl({ is: 'prepared' }),
  connection,
};

/** What a parser makes of bytes: whether it takes them. Anything but a refusal is thrown on. */
function takes(name: ParserName, bytes: Uint8Array): boolean {
  try {
    PARSERS[name].parse(bytes);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'input') return false;
    throw error;
  }
}

describe.each(PARSER_NAMES)('%s', (name) => {
  const good = GOOD[name]();

  test('is taken', () => {
    expect(takes(name, good)).toBe(true);
  });

  test('is refused when it is empty, or noise', () => {
    const noise = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 0xff);
    // A connection may end before its first message, and a history may have no record yet.
    const mayBeEmpty = name === 'connection' || name === 'history';
    expect([takes(name, new Uint8Array(0)), takes(name, noise)]).toEqual([mayBeEmpty, false]);
  });

  test('is taken or refused, wherever it is cut or changed', () => {
    const place = fc.nat({ max: good.length - 1 });
    const change = fc.tuple(place, fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.option(place), fc.array(change, { maxLength: 4 }), (cut, changes) => {
        const bytes = Uint8Array.from(good);
        for (const [at, by] of changes) bytes[at]! ^= by;
        expect(takes(name, cut === null ? bytes : bytes.subarray(0, cut))).toBeTypeOf('boolean');
      }),
      { numRuns: 40 },
    );
  });
});
