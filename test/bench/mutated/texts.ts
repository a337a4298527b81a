/**
 * Texts to mutate for each parser, small ones of many shapes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { recordLine } from '../../../bench/history/store.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { type ForeignKind, kindOfFile } from '../../../bench/import/readers.ts';
import { baselineText } from '../../../bench/measure/metrics/baseline.ts';
import type { ParserName } from '../../../bench/parsers.ts';
import { fixtureResult } from '../fixture.ts';
import { historyRecord, recordsOf } from '../history/records.ts';

const YAML = /\.yaml$/;
const BYTES_MAX = 4500;
/** YAML takes longer. */
const YAML_BYTES_MAX = 1500;

/** The files of a folder that ships, but for large ones. */
function shipped(folder: string, names: RegExp = YAML): string[] {
  const path = join(packageRoot(), folder);
  return readdirSync(path)
    .filter((name) => names.test(name))
    .map((name) => readFileSync(join(path, name), 'utf8'))
    .filter((text) => text.length <= (names === YAML ? YAML_BYTES_MAX : BYTES_MAX));
}

/** Samples of one kind, in every format. */
function samples(kind: ForeignKind): string[] {
  const folder = join(packageRoot(), 'test/bench/import/samples');
  const names = readdirSync(folder).filter(
    (name) => !name.endsWith('.expected.json') && kindOfFile(join(folder, name)) === kind,
  );
  return names.map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Lists of fleets that no sample has. */
const FLEETS = [
  'name,host,vcpus,memoryGiB,devices,migratable,reason\na,h1,4,8,2 zip,yes,\n"b, c",h2,8,16,,no,pinned\n',
  'host;cpus;memory (GiB);link (Gbit/s)\nh1;64;512;25\nh2;64;512,5;25\n',
  JSON.stringify([
    { ID: 'a1', Name: 'web', Status: 'ACTIVE', Host: 'c1', Flavor: 'm1', 'Availability Zone': 'x' },
    { Name: 'm1', RAM: 4096, VCPUs: 2, Properties: "pci_passthrough:alias='zip:2'" },
    { ID: 1, 'Hypervisor Hostname': 'c1', vCPUs: 64, 'Memory MB': 262144, 'Memory MB Used': 8192, State: 'up' },
  ]),
  JSON.stringify([
    { type: 'qemu', vmid: 101, name: 'db', node: 'pve-a', status: 'running', maxcpu: 4, maxmem: 8589934592 },
    { type: 'node', node: 'pve-a', status: 'online', maxcpu: 32, maxmem: 137438953472 },
    { type: 'node', node: 'pve-b', status: 'online', maxcpu: 32, maxmem: 137438953472 },
  ]),
];

/** Results of trackers that no sample has. */
const RESULTS = [
  'goos: linux\ncommit: f00\nBenchmarkSave-8  100  10 ns/op  4 B/op\nBenchmarkSave-8  100  30 ns/op  4 B/op\nPASS\n',
  JSON.stringify({ pause: { latency: { value: 21e6, lower_value: 20e6, upper_value: 22e6 }, faults: { value: 3 } } }),
  '# TYPE stopcopy_pause_seconds gauge\n# UNIT stopcopy_pause_seconds seconds\nstopcopy_pause_seconds{cell="zip-64"} 0.02 1e9\n# EOF\n',
  'window.BENCHMARK_DATA = {"entries":{"a":[{"commit":{"id":"a1","message":"x"},"date":1000,"tool":"go","benches":[{"name":"p","unit":"ms","value":2}]}]}}\n',
];

/** Forms of a driver's traces that no sample has. */
const TRACES = [
  'VERSION 20070824\nPCIDEV 0300 80865501 25 f0000000 0 0 0 0 0 0 1000 0 0 0 0 0 0 qat\nMAP 1.0 1 f0000000 0xffff0000 1000 0 0\n' +
    'R 4 2.000001 1 f0000010 ff 0 0\nW 4 2.000002 1 f0000014 1 0 0\nMARK 0.000000 Lost 5 events.\n',
  'arc 4711 to=6 us=231\nmailbox cmd=0x6 us=40 ret=0\nvf_qm_cache_wb us=112\n0xffff800080aa pf_qm_get_qp_num us=9\n',
  'CPU 0/KVM 48200/48231 [012]  1234.100010:  rwmmio:rwmmio_read: a -> b width=32 addr=0xffff800090100028\n' +
    'CPU 0/KVM 48200/48231 [012]  1234.100012:  rwmmio:rwmmio_post_read: a -> b width=32 val=0x1 addr=0xffff800090100028\n',
  '140000000-1403fffff : 0000:75:00.0\n  140000000-1400fffff : 0000:75:00.0\n',
];

const can = (fields: object): string => JSON.stringify({ format: 'stopcopy-can', version: 2, ...fields }, null, 1);

/** Much of what a scenario may have. */
const SCENARIO = JSON.stringify(
  {
    format: 'stopcopy-scenario',
    version: 2,
    name: 'much',
    description: 'Much of what there is',
    vmm: 'cloud-hypervisor',
    vms: 2,
    vcpus: 4,
    seed: 7,
    memory: {
      size: '2GiB',
      page: '64KiB',
      tail: 'zeros',
      dirty: { kind: 'trace', at: [0, '100ms'], pagesPerSecond: [50_000, 5000] },
      dma: { bytesPerSecond: 1e8, buffers: '64MiB', page: '2MiB' },
    },
    stream: { gigabitsPerSecond: 25, latency: '1ms', channels: 4, compression: 'zstd', compressionRatio: 3 },
    convergence: { downtimeLimit: '200ms', timeout: '2min', whenOut: 'stop', rounds: 5 },
    assume: { dirtyTracking: true },
    devices: [
      { profile: 'acc-zip', queues: 2, load: { kind: 'open', fraction: 0.2, burst: 4 }, depths: { sq: 8 } },
      { profile: 'acc-sec', load: { kind: 'closed', inFlight: 8 }, engine: { cores: 2, taskTime: '100us' } },
    ],
    faults: [
      { kind: 'cancel', at: 'precopy', share: 0.5, vm: 2 },
      { kind: 'image', field: 'magic', vm: 1, device: 2 },
    ],
    recovery: 'goOn',
  },
  null,
  1,
);

const old = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'documents', 'bench-version-1.json'), 'utf8')) as {
  readonly cells: readonly unknown[];
};
const OLD_RESULT = JSON.stringify({ ...old, cells: old.cells.slice(0, 1) }, null, 1);
const cells = fixtureResult().cells.slice(0, 1);
const RESULT = JSON.stringify({ ...fixtureResult(), cells }, null, 1);

const COMPARISON = JSON.stringify({
  format: 'stopcopy-comparison',
  version: 1,
  machine: { cpu: 'Example', cores: 2, os: 'Linux', arch: 'x64', node: 'v20' },
  results: [{ name: 'save', kind: 'measured', unit: 'ns', candidate: 5 }],
});

/** All that a platform may have. */
const PLATFORM = JSON.stringify(
  {
    format: 'stopcopy-platform',
    version: 1,
    stopcopy: '1.0.0',
    id: 'lab-a',
    title: 'a lab',
    tables: [{ file: 'a.yaml', id: 'a', rows: 2 }],
    cpu: 'ice-lake',
    qemu: 9.2,
    layout: 'data',
    parameters: [
      {
        name: 'platformLoadNs',
        value: 8e6,
        low: 5e6,
        high: 1.2e7,
        unit: 'ns',
        shipped: { value: 1.9e7, low: 5e6, high: 3.1e7 },
        rows: ['a row 1'],
      },
      { name: 'cpuSpeed', value: 1, low: 0.9, high: 1.1 },
    ],
    unexplained: [{ moves: 'qemu', factor: 0.8, low: 0.6, high: 1.1 }],
    rows: [{ row: 'a row 1', figures: [{ figure: 'downtimeMs', measured: 40, before: 50, after: 42, leftOut: 45 }] }],
    next: {
      standard: 'an idle VM',
      known: { downtime: 1.4, total: 1.1 },
      moves: [{ change: 'the same once more', known: { downtime: 1.2, total: 1.1 } }],
    },
  },
  null,
  1,
);

/** Texts of the parsers that read text. The others read messages in binary. */
export const TEXTS = {
  scenario: () => [...shipped('sim/scenario/scenarios'), SCENARIO],
  question: () => shipped('sim/fleet/questions'),
  limits: () => shipped('sim/fleet/presets'),
  'can-question': () => [
    can({ vmm: 'qemu', devices: [{ driver: 'mlx5_vfio_pci' }] }),
    can({
      vmm: 'cloud-hypervisor',
      vmmVersion: '52.0',
      kernel: '6.12',
      devices: [{ driver: 'hisi_acc_vfio_pci', count: 2 }],
    }),
    can({
      vmm: 'qemu',
      manager: 'kubevirt',
      iommu: { backend: 'iommufd', hardware: 'smmuv3' },
      assume: { p2p: true },
      devices: [],
    }),
  ],
  topology: () => shipped('sim/pci/topologies'),
  'device-profile': () => shipped('sim/memory/profiles'),
  platform: () => [PLATFORM],
  'published-table': () => shipped('bench/studies/validation/tables'),
  arrivals: () => [
    'time_ns,queue,job\n0,0,deflate\n1500,1,deflate\n',
    'time_ns, queue, job\r\n7,0,deflate\r\n7,3,deflate\r\n',
  ],
  trace: () =>
    shipped('traces', /^(?:ifc-set-pending|precopy-cancel|resume-match-only|bar2-odd-length)\.linux-\S+\.json$/),
  upgrade: () => [
    ...[...shipped('sim/scenario/scenarios'), ...shipped('sim/fleet/questions')].map((text) =>
      text.replace('version: 2', 'version: 1').replaceAll(/(?<=: \d+)(?:ms|GiB|MiB|min|s)\b/g, ''),
    ),
    ...shipped('sim/fleet/presets'),
    ...shipped('sim/pci/topologies').slice(0, 3),
    OLD_RESULT,
  ],
  result: () => [RESULT, RESULT, RESULT, OLD_RESULT],
  recorded: () => [RESULT, COMPARISON],
  baseline: () => [
    baselineText({ changes: [], metrics: new Map([['a/b', 5]]) }),
    baselineText({
      changes: [{ reason: 'a test', added: 1, removed: 0, changed: 2 }],
      metrics: new Map<string, number | string>([
        ['a', 1],
        ['b', 'x'],
      ]),
    }),
  ],
  move: () => samples('move'),
  fleet: () => [...samples('fleet'), ...FLEETS],
  driver: () => [...samples('driver'), ...TRACES],
  results: () => [...samples('results'), ...RESULTS],
  masked: () => [...samples('move'), ...samples('machine'), ...FLEETS],
  history: () => [
    recordLine(historyRecord()) + recordLine(historyRecord({ subject: 'another' })),
    recordsOf([1, 2, 3]).map(recordLine).join(''),
  ],
} as const satisfies Partial<Record<ParserName, () => readonly string[]>>;
