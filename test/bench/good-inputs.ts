/**
 * A good input for each parser.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { recordLine } from '../../bench/history/store.ts';
import { packageRoot } from '../../bench/io/package-root.ts';
import { baselinePath } from '../../bench/measure/metrics/baseline.ts';
import { EXPECTED, type ParserName } from '../../bench/parsers.ts';
import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
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

/** What a machine has printed. */
function sample(name: string): Uint8Array {
  return shipped(`test/bench/import/samples/${name}`);
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
  const payloads = [packControl({ ask: 'prepare', to: 'a'.repeat(32) }), new Uint8Array(CHUNK_BYTES_MIN)];
  return Buffer.concat(
    payloads.flatMap((payload, sequence) => {
      const type = sequence === 0 ? MESSAGE.request : MESSAGE.chunk;
      const rest = { channel: 0, flags: 0, item: 0, iteration: 0, bytes: payload.length, crc: crc32(payload) };
      return [new HeaderBytes().write({ type, sequence, ...rest }), payload];
    }),
  );
}

const PLATFORM = `format: stopcopy-platform
version: 1
id: lab-a
parameters:
  - { name: platformLoadNs, value: 8e6, low: 5e6, high: 12e6 }
`;

const COSTS = `format: stopcopy-costs
version: 1
name: lab-a
costs:
  mmioReadNs: { ns: 829, min: 169, max: 988, from: measured, samples: 35, source: a trace }
`;

const CAPTURE = JSON.stringify({
  name: 'one',
  driver: 'unknown',
  capture: { from: ['a.txt: a trace'], vf: '0000:75:00.1', lacks: ['wide'], lostEvents: 0, assumed: [] },
  device: {
    kind: 'zip',
    pf_device_id: '0xa250',
    vf_device_id: '0xa251',
    vf_index: 0,
    hw_ver: 48,
    vf_bar2_len: '0x10000',
    enable_reset: false,
  },
  steps: [
    {
      call: 'set_state',
      to: 'STOP',
      from: 'mark',
      t_start_us: 0,
      t_end_us: 9,
      mmio: [['vf', 'r', 4, '0x28', '0x0', 1, { end_us: 2, line: 7 }]],
    },
  ],
});

export const GOOD: Readonly<Record<ParserName, () => Uint8Array>> = {
  scenario: () => shipped('sim/scenario/scenarios/zip-64.yaml'),
  question: () => shipped('sim/fleet/questions/room.yaml'),
  limits: () => shipped('sim/fleet/presets/nova.yaml'),
  'can-question': () => utf8('{ format: stopcopy-can, version: 1, vmm: qemu, devices: [{ driver: mlx5_vfio_pci }] }'),
  topology: () => shipped('sim/pci/topologies/t12-card-under-switch.yaml'),
  'device-profile': () => shipped('sim/memory/profiles/acc-zip.yaml'),
  platform: () => utf8(PLATFORM),
  costs: () => utf8(COSTS),
  capture: () => utf8(CAPTURE),
  'published-table': () => shipped('bench/studies/validation/tables/d06.yaml'),
  'converge-question': () => shipped('sim/converge/questions/slow-link.yaml'),
  script: () => shipped('sim/check/scripts/r16.yaml'),
  rates: () => shipped('sim/converge/rates/redis.csv'),
  arrivals: () => utf8('time_ns,queue,job\n0,0,deflate\n1500,1,deflate\n'),
  trace: () => shipped('traces/plain-stop-copy.upstream-2026.json'),
  upgrade: () => shipped('sim/scenario/scenarios/zip-64.yaml'),
  result: () => utf8(JSON.stringify(fixtureResult())),
  recorded: () => utf8(JSON.stringify(fixtureResult())),
  document: () => utf8(JSON.stringify(fixtureResult())),
  baseline: () => readFileSync(baselinePath()),
  lspci: () => sample('x570-colour.lspci-vvv.txt'),
  'lspci-tree': () => sample('epyc.lspci-tv.txt'),
  'lspci-records': () => sample('domains.lspci-vmmnnk.txt'),
  move: () => sample('qemu-10.2-vfio.qmp.jsonl'),
  sysfs: () => sample('kunpeng920-v3.stopcopy-sysfs.txt'),
  fleet: () => sample('kubevirt-vmis.json'),
  driver: () => sample('hisi-rwmmio.trace-cmd.txt'),
  results: () => sample('bench.customSmallerIsBetter.json'),
  masked: () => sample('nova.server-migration-show.json'),
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
  request: () => packControl({ ask: 'prepare', to: 'a'.repeat(32) }),
  reply: () => packControl({ is: 'prepared' }),
  welcome: () => packControl({ state: 'empty', destination: 'a'.repeat(32) }),
  refusal: () => packControl({ reason: 'full', hint: 'wait', final: true, gaveUp: 'a'.repeat(32) }),
  connection,
};
