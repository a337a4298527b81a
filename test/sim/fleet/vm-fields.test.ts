/**
 * No field of the VM of a question is a silent no-op, whatever is asked: changed, it changes the answer, or it is refused by name.
 */
import { describe, expect, test } from 'vitest';

import { readProfile } from '../../../bench/io/profiles.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';
import { vmsOf } from '../../../sim/fleet/whole-vm.ts';
import { platformDeviceFields, platformFields } from '../../../sim/manager/question.ts';
import { effort } from '../../effort.ts';
import { type Fields, over } from '../../no-op-fields.ts';
import { leavesOf } from '../../schema-leaves.ts';
import { stating } from '../../stating.ts';

/** Few draws show as well what is read. */
const DRAWN = 20;

const outputs = new Map<string, string>();

/** What is answered by closed forms, or the sentence that refuses. */
function answered(document: Fields): string {
  const key = JSON.stringify(document);
  const known = outputs.get(key) ?? computed(document);
  outputs.set(key, known);
  return known;
}

function computed(document: Fields): string {
  const question = questionSchema.parse(document);
  const words = vmsOf(question).flatMap(({ devices }) => devices.map(({ profile }) => profile));
  const profiles = new Map(words.map((word) => [word, readProfile(word)]));
  try {
    const files = { profiles, presets: new Map(), topologies: new Map() };
    return JSON.stringify(answer(question, files, 'x', { verify: false, tornado: false, draws: DRAWN }));
  } catch (error) {
    if (error instanceof UserError) return `refused: ${error.message}`;
    throw error;
  }
}

const HEAD = { format: 'stopcopy-question', version: 2, name: 'q', description: 'q' };
const DEVICE = { profile: 'acc-zip', queues: 2, load: 'saturated', engine: { cores: 2, taskTime: '900us' } };
const ROOM_VM: Fields = {
  vcpus: 4,
  assume: { p2p: true, dirtyTracking: true },
  memory: { size: '1GiB' },
  stream: { gigabitsPerSecond: 25 },
  devices: [{ profile: 'acc-zip', queues: 2 }],
};
const VM = over(ROOM_VM, {
  memory: { dirty: { kind: 'uniform', pagesPerSecond: 2000, workingSet: '256MiB' } },
  convergence: { timeout: '60s' },
  devices: [DEVICE],
}) as Fields;

const judge = { budget: { pause: '2s', judge: 'point' } };

/** The question that asks something of a VM. */
const ASKS: Readonly<Record<string, (vm: Fields) => Fields>> = {
  'most vfs': (vm) => ({ ask: 'most', of: 'vfs', ...judge, vm }),
  'most load': (vm) => ({ ask: 'most', of: 'load', ...judge, vm }),
  'least gigabitsPerSecond': (vm) => ({ ask: 'least', of: 'gigabitsPerSecond', ...judge, vm }),
  'least channels': (vm) => ({ ask: 'least', of: 'channels', ...judge, vm }),
  'at-once host': (vm) => ({ ask: 'at-once', over: 'host', ...judge, vm }),
  'at-once pf': (vm) => ({ ask: 'at-once', over: 'pf', ...judge, vm }),
  converge: (vm) => ({ ask: 'converge', vm }),
  evacuate: (vm) => {
    const { gigabitsPerSecond } = vm['stream'] as Fields;
    const vms = [{ name: 'a', perHost: 2, vm }];
    const fleet = { racks: 1, hostsPerRack: 3, hostGigabitsPerSecond: gigabitsPerSecond, vms };
    return { ask: 'evacuate', hosts: 1, fleet, ...judge };
  },
  room: (vm) => ({
    ask: 'room',
    vm,
    hosts: [
      { name: 'h', kind: 'zip', freeVfs: 4, freeVcpus: 16, freeQueues: 8, freeMemory: '64GiB' },
      { name: 'o', kind: 'other', freeVfs: 4, freeMemory: '64GiB' },
    ],
  }),
  compare: (vm) => ({ ask: 'compare', variants: [{ name: 'a' }, { name: 'b', inFlight: 'hold' }], vm }),
};

/** What a VM says, and what is changed of it. */
type VmCase = readonly [own: Fields, change: Fields];

const device = (change: Fields): Fields => ({ devices: [{ ...DEVICE, ...change }] });
const dirty = (change: Fields): Fields => ({ memory: { dirty: change } });
const HOT = { kind: 'hotSet', hot: '128MiB', hotPagesPerSecond: 4000, coldPagesPerSecond: 1000 };
const BURSTS = {
  kind: 'bursts',
  workingSet: '1MiB',
  pagesPerSecond: 2000,
  burst: '256MiB',
  burstPagesPerSecond: 100_000,
  every: '900ms',
  lasts: '300ms',
};
const TRACE = { kind: 'trace', at: [0, '100ms'], pagesPerSecond: [50_000, 5000] };
const DMA: Fields = { memory: { dma: { bytesPerSecond: 1e9, buffers: '64MiB' } } };
const WILD: Fields = {
  memory: { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond: 2_000_000, workingSet: '4GiB' } },
};
/** Comes to rest, after some time. */
const SLOW = dirty({ kind: 'uniform', pagesPerSecond: 400_000, workingSet: '512MiB' });
const KUBEVIRT = over(WILD, {
  manager: 'kubevirt',
  assume: { hostDevices: true },
  convergence: { timeout: '5min' },
}) as Fields;
const ROOM_KUBEVIRT: Fields = { manager: 'kubevirt', assume: { hostDevices: true } };
const STALLS = over(KUBEVIRT, {
  memory: { size: '4GiB' },
  kubevirt: { stallDetection: true, maxDowntime: '500ms' },
}) as Fields;
const steps = (after: string, limit: string): Fields => ({
  convergence: {
    steps: [
      { after: 0, limit: '1us' },
      { after, limit },
    ],
  },
});
/** Leaves room in the budget of a pause for what devices do in it. */
const LOW_LIMIT: Fields = { convergence: { downtimeLimit: '50ms' } };
const one = (load: Fields): Fields => device({ load, engine: { cores: 1, taskTime: '20ms' } });
const wide = (depths: Fields): Fields => device({ engine: { cores: 16, taskTime: '900us' }, depths });
/** Tasks of 40 ms, on so many cores. */
const long = (cores: number, change: Fields = {}): Fields =>
  device({ queues: 4, engine: { cores, taskTime: '40ms' }, ...change });
/** A device of which nothing is said that only matters once it moves. */
const plain = (change: Fields): Fields => ({ devices: [{ profile: 'acc-zip', queues: 2, ...change }] });
const nics = (profile: string): Fields => ({ devices: [{ ...DEVICE }, { profile, count: 2 }] });
/** QEMU, made to move a VM whose devices nothing tracks: memory is sent in the pause, if it fits. */
const FORCED: Fields = {
  assume: { dirtyTracking: undefined },
  vmmVersion: '10.2',
  kernel: '6.12',
  iommu: { backend: 'type1' },
  qemu: { enableMigration: 'on' },
  convergence: { downtimeLimit: '500ms' },
};
const TRACKED: Fields = {
  assume: { dirtyTracking: undefined },
  vmmVersion: '10.2',
  kernel: '6.12',
  iommu: { backend: 'iommufd', hardware: 'smmuv3', dirtyTracking: true },
};

const CASES: Readonly<Record<string, VmCase | string>> = {
  vmm: [{}, { vmm: 'cloud-hypervisor' }],
  vcpus: [{}, { vcpus: 32 }],
  'memory.size': [{}, { memory: { size: '80GiB' } }],
  'memory.nonZeroShare': [{}, { memory: { nonZeroShare: 0.5 } }],
  'memory.page': [{}, { memory: { page: '64KiB' } }],
  'memory.tail': [
    { memory: { size: '8GiB', nonZeroShare: 0.5, dirty: { kind: 'none' } } },
    { memory: { tail: 'data' } },
  ],
  cpu: [{}, { cpu: 'kunpeng-920' }],
  'stream.engines': [
    { stream: { gigabitsPerSecond: 100, channels: 4, compression: 'deflate-hardware' } },
    { stream: { engines: 4 } },
  ],
  'memory.dirty(none).kind': [{}, dirty({ kind: 'none' })],
  'memory.dirty(uniform).kind': 'chooses the shape; each shape has its cases',
  'memory.dirty(uniform).pagesPerSecond': [SLOW, { memory: { dirty: { pagesPerSecond: 200_000 } } }],
  'memory.dirty(uniform).workingSet': [SLOW, { memory: { dirty: { workingSet: '64MiB' } } }],
  'memory.dirty(hotSet).kind': 'chooses the shape',
  'memory.dirty(hotSet).hot': [dirty(HOT), { memory: { dirty: { hot: '1MiB' } } }],
  'memory.dirty(hotSet).hotPagesPerSecond': [dirty(HOT), { memory: { dirty: { hotPagesPerSecond: 400_000 } } }],
  'memory.dirty(hotSet).coldPagesPerSecond': [dirty(HOT), { memory: { dirty: { coldPagesPerSecond: 50_000 } } }],
  'memory.dirty(bursts).kind': 'chooses the shape',
  'memory.dirty(bursts).workingSet': [dirty(BURSTS), { memory: { dirty: { workingSet: '64MiB' } } }],
  'memory.dirty(bursts).pagesPerSecond': [dirty(BURSTS), { memory: { dirty: { pagesPerSecond: 400_000 } } }],
  'memory.dirty(bursts).burst': [dirty(BURSTS), { memory: { dirty: { burst: '4MiB' } } }],
  'memory.dirty(bursts).burstPagesPerSecond': [dirty(BURSTS), { memory: { dirty: { burstPagesPerSecond: 900_000 } } }],
  'memory.dirty(bursts).every': [dirty(BURSTS), { memory: { dirty: { every: '700ms' } } }],
  'memory.dirty(bursts).lasts': [dirty(BURSTS), { memory: { dirty: { lasts: '800ms' } } }],
  'memory.dirty(bursts).begins': [dirty(BURSTS), { memory: { dirty: { begins: '100ms' } } }],
  'memory.dirty(trace).kind': 'chooses the shape',
  'memory.dirty(trace).at[]': [dirty(TRACE), { memory: { dirty: { at: [0, '200ms'] } } }],
  'memory.dirty(trace).pagesPerSecond[]': [dirty(TRACE), { memory: { dirty: { pagesPerSecond: [90_000, 5000] } } }],
  'memory.dma.bytesPerSecond': [DMA, { memory: { dma: { bytesPerSecond: 2e9 } } }],
  'memory.dma.buffers': [DMA, { memory: { dma: { buffers: '512MiB' } } }],
  'memory.dma.page': [DMA, { memory: { dma: { page: '2MiB' } } }],
  'memory.dma.tracking': [TRACKED, { iommu: { dirtyTracking: undefined }, memory: { dma: { tracking: 'none' } } }],
  'stream.gigabitsPerSecond': [FORCED, { stream: { gigabitsPerSecond: 2 } }],
  'stream.latency': [{}, { stream: { latency: '20ms' } }],
  'stream.share': [FORCED, { stream: { share: 0.1 } }],
  'stream.channels': [{ vmm: 'cloud-hypervisor', cloudHypervisor: { transport: 'unix' } }, { stream: { channels: 4 } }],
  'stream.multifd': [{}, { stream: { multifd: true } }],
  'stream.tls': [{ stream: { gigabitsPerSecond: 100 } }, { stream: { tls: true } }],
  'stream.compression': [{}, { stream: { compression: 'zstd' } }],
  'stream.compressionRatio': [{ stream: { compression: 'zstd' } }, { stream: { compressionRatio: 3 } }],
  'stream.preallocated': [{}, { stream: { preallocated: false } }],
  'stream.maxBytesPerSecond': [FORCED, { stream: { maxBytesPerSecond: '200MB' } }],
  'convergence.downtimeLimit': [FORCED, { convergence: { downtimeLimit: '20ms' } }],
  'convergence.steps': [FORCED, { convergence: { downtimeLimit: undefined, steps: 'nova' } }],
  'convergence.steps[].after': [steps('300ms', '500ms'), steps('5s', '500ms')],
  'convergence.steps[].limit': [steps('300ms', '500ms'), steps('300ms', '10us')],
  'convergence.autoConverge': [WILD, { convergence: { autoConverge: true } }],
  'convergence.timeout': [SLOW, { convergence: { timeout: '100ms' } }],
  'convergence.whenOut': [{ ...WILD, convergence: { timeout: '10s' } }, { convergence: { whenOut: 'stop' } }],
  'convergence.rounds': [
    { ...SLOW, vmm: 'cloud-hypervisor', convergence: { timeout: '1min', rounds: 1 } },
    { convergence: { rounds: 50 } },
  ],
  'kubevirt.stallDetection': [KUBEVIRT, { kubevirt: { stallDetection: true } }],
  'kubevirt.downtimeTuning': [KUBEVIRT, { kubevirt: { downtimeTuning: true } }],
  'kubevirt.maxDowntime': [STALLS, { kubevirt: { maxDowntime: '3s' } }],
  parallelDevices: [{ stream: { channels: 4 }, ...nics('connectx7-vf') }, { parallelDevices: true }],
  switchoverAck: [nics('mlx5-vf-300mb'), { returnPath: true, switchoverAck: true }],
  returnPath: [{}, { returnPath: true }],
  'vhost.devices': [{ vhost: { devices: 2, queues: 8 } }, { vhost: { devices: 8, queues: 8 } }],
  'vhost.queues': [{ vhost: { devices: 2, queues: 8 } }, { vhost: { devices: 2, queues: 64 } }],
  'devices[].profile': [device({ engine: undefined }), device({ engine: undefined, profile: 'acc-hpre' })],
  'devices[].count': [{}, { devices: [{ ...DEVICE }, { profile: 'connectx7-vf' }] }],
  'devices[].state': [
    nics('connectx7-vf'),
    { devices: [{ ...DEVICE }, { profile: 'connectx7-vf', count: 2, state: '200MiB' }] },
  ],
  'devices[].queues': [{}, device({ queues: 4 })],
  'devices[].kind': [device({ engine: undefined }), device({ engine: undefined, kind: 'hpre' })],
  'devices[].load': [{}, device({ load: 'idle' })],
  'devices[].load(open).kind': 'chooses the shape',
  'devices[].load(open).fraction': [one({ kind: 'open', fraction: 0.01 }), one({ kind: 'open', fraction: 3 })],
  'devices[].load(open).burst': [one({ kind: 'open', fraction: 0.9 }), one({ kind: 'open', fraction: 0.9, burst: 8 })],
  'devices[].load(closed).kind': 'chooses the shape',
  'devices[].load(closed).inFlight': [wide({ sq: 64 }), device({ load: { kind: 'closed', inFlight: 1 } })],
  'devices[].depths.sq': [wide({}), wide({ sq: 2 })],
  'devices[].depths.cq': [wide({}), wide({ cq: 2 })],
  'devices[].depths.eq': [wide({}), wide({ eq: 4 })],
  'devices[].depths.aeq': [{}, device({ depths: { aeq: 16 } })],
  'devices[].driver': [{}, device({ driver: 'linux-5.18' })],
  'devices[].hardware': [{}, device({ hardware: 'V4' })],
  'devices[].inFlight': [{}, device({ inFlight: 'hold' })],
  'devices[].engine.cores': [wide({}), device({ engine: { cores: 1, taskTime: '900us' } })],
  'devices[].engine.taskTime': [{}, device({ engine: { cores: 2, taskTime: '50us' } })],
};

/** Cases of one ask, where those of all do not do. */
const OWN_CASES: Readonly<Record<string, Readonly<Record<string, VmCase | string>>>> = {
  'most load': { 'devices[].depths.eq': [long(16), long(16, { depths: { eq: 4 } })] },
  'most vfs': {
    'devices[].load(open).fraction': [
      over(one({ kind: 'open', fraction: 0.1 }), LOW_LIMIT) as Fields,
      one({ kind: 'open', fraction: 0.9 }),
    ],
  },
  'least channels': {
    'stream.channels': [{}, { stream: { channels: 4 } }],
    'devices[].state': [
      { devices: [{ profile: 'connectx7-vf', state: '1MiB' }] },
      { devices: [{ profile: 'connectx7-vf', state: '1GiB' }] },
    ],
    'devices[].engine.cores': [long(1, { load: 'half' }), long(16, { load: 'half' })],
  },
  'at-once host': {
    'devices[].engine.cores': [long(1, { load: 'half' }), long(16, { load: 'half' })],
    'stream.tls': [over(SLOW, { stream: { gigabitsPerSecond: 100 } }) as Fields, { stream: { tls: true } }],
    'stream.engines': 'shared by no move with another: a link of so many moves is slower than an engine',
  },
  room: {
    vmm: [
      { devices: [{ profile: 'acc-zip', queues: 2, count: 2 }], assume: { p2p: undefined } },
      { vmm: 'cloud-hypervisor' },
    ],
    cpu: [{}, { cpu: 'kunpeng-920' }],
    'memory.tail': [{}, { memory: { tail: 'data' } }],
    'stream.engines': [{}, { stream: { engines: 4 } }],
    'memory.dirty(none).kind': 'the default',
    'memory.dma.buffers': 'with memory.dma.bytesPerSecond, which is refused',
    'memory.dma.page': [{}, { memory: { dma: { page: '2MiB' } } }],
    'convergence.timeout': [{}, { convergence: { timeout: '100ms' } }],
    'convergence.rounds': [{ vmm: 'cloud-hypervisor' }, { convergence: { rounds: 3 } }],
    'kubevirt.stallDetection': [ROOM_KUBEVIRT, { kubevirt: { stallDetection: true } }],
    'kubevirt.downtimeTuning': [ROOM_KUBEVIRT, { kubevirt: { downtimeTuning: true } }],
    'kubevirt.maxDowntime': [ROOM_KUBEVIRT, { kubevirt: { maxDowntime: '1s' } }],
    'vhost.devices': [{}, { vhost: { devices: 2, queues: 8 } }],
    'vhost.queues': [{}, { vhost: { devices: 2, queues: 8 } }],
    switchoverAck: [{ vmmVersion: '10.2' }, { switchoverAck: true }],
    'stream.multifd': [{ vmmVersion: '10.2', qemu: { multifdTransfer: 'on' } }, { stream: { multifd: true } }],
    'convergence.autoConverge': [
      { vmmVersion: '10.2', qemu: { dirtyLimit: true } },
      { convergence: { autoConverge: true } },
    ],
    'convergence.whenOut': [over(FORCED, { memory: { size: '8GiB' } }) as Fields, { convergence: { whenOut: 'stop' } }],
    'devices[].profile': [{}, plain({ profile: 'acc-hpre' })],
    'devices[].count': [{}, plain({ count: 2 })],
    'devices[].queues': [{}, plain({ queues: 4 })],
    'devices[].kind': [{}, plain({ kind: 'hpre' })],
    'devices[].load': [{}, plain({ load: 'half' })],
    'devices[].load(open).fraction': [{}, plain({ load: { kind: 'open', fraction: 0.2 } })],
    'devices[].load(open).burst': [{}, plain({ load: { kind: 'open', fraction: 0.2, burst: 2 } })],
    'devices[].load(closed).inFlight': [{}, plain({ load: { kind: 'closed', inFlight: 2 } })],
    'devices[].depths.sq': [{}, plain({ depths: { sq: 8 } })],
    'devices[].depths.cq': [{}, plain({ depths: { cq: 8 } })],
    'devices[].depths.eq': [{}, plain({ depths: { eq: 8 } })],
    'devices[].depths.aeq': [{}, plain({ depths: { aeq: 8 } })],
    'devices[].state': [{}, { devices: [{ profile: 'connectx7-vf', state: '1MiB' }] }],
    'devices[].driver': [{}, plain({ driver: 'linux-5.18' })],
    'devices[].hardware': [{}, plain({ hardware: 'V4' })],
    'devices[].inFlight': [{}, plain({ inFlight: 'hold' })],
    'devices[].engine.cores': [{}, plain({ engine: { cores: 4, taskTime: '1ms' } })],
    'devices[].engine.taskTime': [{}, plain({ engine: { cores: 4, taskTime: '2ms' } })],
  },
};

/** What `stopcopy can` asks of hosts and managers: test/sim/manager/fields.test.ts, test/sim/scenario/ask-can.test.ts. */
const ASKED = Object.keys({ ...platformFields, ...platformDeviceFields }).join('|');
const GATES = String.raw`(?!kubevirt\.(?:stallDetection|downtimeTuning|maxDowntime)$)`;
const elsewhere = new RegExp(String.raw`^(?:devices\[\]\.)?${GATES}(?:${ASKED})(?:[.[]|$)`);

test('every field of a VM has a case, and every case a field', () => {
  const leaves = leavesOf(questionSchema).flatMap((path) => /^\(converge\)\.vm\.(.+)$/.exec(path)?.[1] ?? []);
  expect(Object.keys(CASES).toSorted()).toEqual(leaves.filter((path) => !elsewhere.test(path)).toSorted());
});

/** Whether a refusal names a field, or what the field is a part of. */
function isRefusedByName(output: string, field: string): boolean {
  const named = /^refused: x: (?:vm\.|fleet\.vms\[0\]\.vm\.)?(\S+) is /.exec(output)?.[1];
  const path = field.replaceAll(/\(\w+\)/g, '').replaceAll('[]', '[0]');
  return named !== undefined && path.startsWith(named);
}

/** Asks that are answered at once; the others search, and share the fields but in long runs. */
const FIRST_ASKS: ReadonlySet<string> = new Set(['converge', 'evacuate', 'room']);
const STEP = effort(10, 10, 1);

test.each(Object.keys(ASKS))('%s: changed, each field of the VM changes the answer or is refused', (ask) => {
  const silent: string[] = [];
  const of = ASKS[ask]!;
  const askIndex = Object.keys(ASKS).indexOf(ask);
  const base = ask === 'room' ? ROOM_VM : VM;
  for (const [index, [field, common]] of Object.entries(CASES).entries()) {
    if (!FIRST_ASKS.has(ask) && (index + askIndex) % STEP !== 0) continue;
    const given = OWN_CASES[ask]?.[field] ?? common;
    if (typeof given === 'string') continue;
    const [own, change] = given;
    const before = over(base, own) as Fields;
    const [was, is] = [before, over(before, change) as Fields].map((vm) => answered({ ...HEAD, ...of(vm) }));
    if (is !== was && !`${was}${is}`.includes('refused: ')) continue;
    if (!isRefusedByName(is!, field))
      silent.push(`${field}: ${was === is ? 'the same' : 'another'}, ${was!.slice(0, 200)}`);
  }
  expect(silent).toEqual([]);
});

test.each<[string, Fields]>([
  ['qemu.postCopy', { qemu: { postCopy: true }, convergence: { timeout: '60s', whenOut: 'stop' } }],
  ['kubevirt.allowPostCopy', { manager: 'kubevirt', kubevirt: { allowPostCopy: true } }],
  ['cloudHypervisor.memoryMode: postcopy', { vmm: 'cloud-hypervisor', cloudHypervisor: { memoryMode: 'postcopy' } }],
])('a plan plays no post-copy, and names %s', (field, changes) => {
  const { convergence: _, ...rest } = VM;
  const vm = {
    ...rest,
    assume: undefined,
    devices: [],
    vmmVersion: changes['vmm'] === undefined ? '10.2' : 'main',
    ...changes,
  };
  for (const ask of ['converge', 'at-once host', 'evacuate']) {
    expect(answered({ ...HEAD, ...ASKS[ask]!(vm) })).toMatch(stating(field, 'post-copy'));
  }
});

describe('queues of a device without a register model are refused where nothing counts them:', () => {
  const NIC = { profile: 'connectx7-vf', queues: 4 };
  const WHY = 'no register model and no time per queue';
  const asked = (ask: string, devices: readonly Fields[]): string =>
    answered({ ...HEAD, ...ASKS[ask]!({ ...VM, devices }) });

  test.each(['most vfs', 'least gigabitsPerSecond', 'at-once host', 'converge'])('%s', (ask) => {
    expect(asked(ask, [DEVICE, NIC])).toMatch(
      stating(/^refused: x: /, 'vm.devices[1].queues', `profile ${NIC.profile}`, WHY),
    );
    expect(asked(ask, [DEVICE, { ...NIC, queues: 1 }])).not.toContain(WHY);
  });

  test('not those that take time each, and not those that the hosts of a fleet have to offer', () => {
    const qat = (queues: number): string => asked('least gigabitsPerSecond', [{ profile: 'qat-vf', queues }]);
    expect(qat(64)).not.toContain(WHY);
    expect(qat(64)).not.toBe(qat(1));
    const fleet = (queues: number): string => {
      const question = over(ASKS['evacuate']!({ ...VM, devices: [{ ...NIC, queues }] }), {
        fleet: { room: { queues: 4 } },
      });
      return answered({ ...HEAD, ...(question as Fields) });
    };
    expect(fleet(4)).not.toBe(fleet(5));
  });

  test('nor is it asked how many of them there may be', () => {
    const most = { ask: 'most', of: 'queues', ...judge, vm: { ...VM, devices: [{ profile: NIC.profile }] } };
    expect(answered({ ...HEAD, ...most })).toMatch(
      stating(/^refused: x: /, 'of', 'queues', `profile ${NIC.profile}`, WHY),
    );
  });

  test.each([
    [['other'], 'no host has VFs of accelerators'],
    [['zip'], 'profile connectx7-vf is no accelerator'],
    [['other', 'zip'], 'profile connectx7-vf is no accelerator'],
  ])('room on hosts of %j', (kinds, why) => {
    const host = { name: 'o', freeVfs: 4, freeMemory: '64GiB' };
    const hosts = kinds.map((kind) => ({ ...host, kind, ...(kind === 'zip' ? { freeQueues: 8 } : {}) }));
    const room = (queues: number): string =>
      answered({ ...HEAD, ask: 'room', vm: { ...ROOM_VM, devices: [{ ...NIC, queues }] }, hosts });
    expect(room(4)).toMatch(stating(/^refused: x: /, 'vm.devices[0].queues', why));
    expect(room(1)).not.toContain('refused');
  });
});
