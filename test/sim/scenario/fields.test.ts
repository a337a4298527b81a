/**
 * No field of a scenario is a silent no-op in `stopcopy run`.
 */
import { runDocument } from '../../../bench/documents/run/document.ts';
import { expect, test } from 'vitest';
import { pointCosts } from '../../../sim/device/costs.ts';
import { MIGRATING_VERSIONS, QM_HW } from '../../../sim/abi/accelerators.ts';
import { platformDeviceFields, platformFields } from '../../../sim/manager/question.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { guestLatencies } from '../../../sim/scenario/guest-latency.ts';
import { ENDS, runScenario } from '../../../sim/scenario/scenario-run.ts';
import { everyFieldIsRead, type FieldCase, type Fields, over } from '../../no-op-fields.ts';
import { plan } from './rig.ts';

/** Everything that a run prints, but for what it repeats of the scenario. */
function played(document: unknown, ends: readonly (typeof ENDS)[number][] = ENDS): string {
  const compiled = plan(document as Fields);
  const [point, short, long] = ends.map((end) => runScenario(compiled, end));
  const latencies = ends === ENDS ? guestLatencies(compiled, point!.world, 'point', pointCosts()) : [];
  const { scenario: _, ...printed } = runDocument({
    plan: compiled,
    point: point!,
    short: short ?? point!,
    long: long ?? point!,
    latencies,
  });
  return JSON.stringify(printed);
}

const DEVICE = { profile: 'acc-zip', queues: 2, load: 'half', engine: { cores: 2, taskTime: '100us' } };

const BASE: Fields = {
  vcpus: 4,
  memory: { size: '1GiB', dirty: { kind: 'uniform', pagesPerSecond: 50_000, workingSet: '256MiB' } },
  stream: { gigabitsPerSecond: 25 },
  devices: [DEVICE],
};

const device = (change: Fields): Fields => ({ devices: [{ ...DEVICE, ...change }] });
const dirty = (change: Fields): Fields => ({ memory: { dirty: change } });
const HOT = { kind: 'hotSet', hot: '128MiB', hotPagesPerSecond: 40_000, coldPagesPerSecond: 1000 };
const BURSTS = {
  kind: 'bursts',
  workingSet: '64MiB',
  pagesPerSecond: 20_000,
  burst: '256MiB',
  burstPagesPerSecond: 60_000,
  every: '900ms',
  lasts: '300ms',
};
const TRACE = { kind: 'trace', at: [0, '100ms'], pagesPerSecond: [50_000, 5000] };
/** Writes more than the stream carries. */
const WILD: Fields = {
  memory: { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond: 2_000_000, workingSet: '4GiB' } },
};
const wild = (convergence: Fields): Fields => ({ ...WILD, convergence: { timeout: '10s', ...convergence } });
const steps = (after: string, limit: string): Fields => ({
  convergence: {
    steps: [
      { after: 0, limit: '1ms' },
      { after, limit },
    ],
  },
});
/** A guest that KubeVirt does not move under 300 ms. */
const KUBEVIRT: Fields = { ...WILD, manager: 'kubevirt', devices: [], convergence: { timeout: '5min' } };
const fault = (change: Fields): Fields => ({ faults: [change] });
const CUT = { kind: 'cancel', at: 'precopy' };
const LINK = { kind: 'link', at: 'precopy' };
const BROKEN = { kind: 'device', what: 'pauseRefused', side: 'source' };
const IMAGE = { kind: 'image', field: 'magic' };
const QUEUES = { kind: 'otherQueues', queues: 5 };
const two = (change: Fields): Fields => ({ vms: 2, ...fault(change) });
const twoVfs = (change: Fields): Fields => ({
  vmm: 'cloud-hypervisor',
  devices: [{ ...DEVICE, count: 2, queues: 1 }],
  ...fault(change),
});

const CHOOSES = 'chooses the shape; each shape has its cases';
const DEMAND = 'decides the exit status: bench/documents/run/gate.ts and its test';
const HEAD = 'says which document it is';

const CASES: Readonly<Record<string, FieldCase>> = {
  format: HEAD,
  version: HEAD,
  name: 'a label',
  description: 'a label',
  vmm: [{}, { vmm: 'cloud-hypervisor' }],
  vms: [{}, { vms: 2 }],
  vcpus: [{}, { vcpus: 32 }],
  seed: [{}, { seed: 2 }],
  expect: DEMAND,
  'assert[]': DEMAND,
  'memory.size': [{}, { memory: { size: '2GiB' } }],
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
  'memory.dirty(uniform).kind': CHOOSES,
  'memory.dirty(uniform).pagesPerSecond': [{}, { memory: { dirty: { pagesPerSecond: 80_000 } } }],
  'memory.dirty(uniform).workingSet': [{}, { memory: { dirty: { workingSet: '64MiB' } } }],
  'memory.dirty(hotSet).kind': CHOOSES,
  'memory.dirty(hotSet).hot': [dirty(HOT), { memory: { dirty: { hot: '64MiB' } } }],
  'memory.dirty(hotSet).hotPagesPerSecond': [dirty(HOT), { memory: { dirty: { hotPagesPerSecond: 80_000 } } }],
  'memory.dirty(hotSet).coldPagesPerSecond': [dirty(HOT), { memory: { dirty: { coldPagesPerSecond: 5000 } } }],
  'memory.dirty(bursts).kind': CHOOSES,
  'memory.dirty(bursts).workingSet': [dirty(BURSTS), { memory: { dirty: { workingSet: '96MiB' } } }],
  'memory.dirty(bursts).pagesPerSecond': [dirty(BURSTS), { memory: { dirty: { pagesPerSecond: 40_000 } } }],
  'memory.dirty(bursts).burst': [dirty(BURSTS), { memory: { dirty: { burst: '512MiB' } } }],
  'memory.dirty(bursts).burstPagesPerSecond': [dirty(BURSTS), { memory: { dirty: { burstPagesPerSecond: 20_000 } } }],
  'memory.dirty(bursts).every': [dirty(BURSTS), { memory: { dirty: { every: '700ms' } } }],
  'memory.dirty(bursts).lasts': [dirty(BURSTS), { memory: { dirty: { lasts: '500ms' } } }],
  'memory.dirty(bursts).begins': [dirty(BURSTS), { memory: { dirty: { begins: '100ms' } } }],
  'memory.dirty(trace).kind': CHOOSES,
  'memory.dirty(trace).at[]': [dirty(TRACE), { memory: { dirty: { at: [0, '200ms'] } } }],
  'memory.dirty(trace).pagesPerSecond[]': [dirty(TRACE), { memory: { dirty: { pagesPerSecond: [90_000, 5000] } } }],
  'memory.dma.bytesPerSecond': [
    { memory: { dma: { bytesPerSecond: 1e8, buffers: '64MiB' } } },
    { memory: { dma: { bytesPerSecond: 2e8 } } },
  ],
  'memory.dma.buffers': [
    { memory: { dma: { bytesPerSecond: 1e8, buffers: '64MiB' } } },
    { memory: { dma: { buffers: '32MiB' } } },
  ],
  'memory.dma.page': [
    { memory: { dma: { bytesPerSecond: 1e8, buffers: '64MiB' } } },
    { memory: { dma: { page: '2MiB' } } },
  ],
  'memory.dma.tracking': [
    {
      assume: { p2p: true },
      vmmVersion: '10.2',
      kernel: '6.12',
      iommu: { backend: 'iommufd', hardware: 'smmuv3', dirtyTracking: true },
      memory: { dma: { bytesPerSecond: 1e8, buffers: '64MiB' } },
    },
    { iommu: { dirtyTracking: undefined }, memory: { dma: { tracking: 'none' } } },
  ],
  'stream.gigabitsPerSecond': [{}, { stream: { gigabitsPerSecond: 10 } }],
  'stream.latency': [{}, { stream: { latency: '1ms' } }],
  'stream.share': [{}, { stream: { share: 0.5 } }],
  'stream.channels': [{}, { stream: { channels: 4 } }],
  'stream.multifd': [{}, { stream: { multifd: true } }],
  'stream.tls': [{}, { stream: { tls: true } }],
  'stream.compression': [{}, { stream: { compression: 'zstd' } }],
  'stream.compressionRatio': [{ stream: { compression: 'zstd' } }, { stream: { compressionRatio: 3 } }],
  'stream.preallocated': [{}, { stream: { preallocated: false } }],
  'stream.maxBytesPerSecond': [{}, { stream: { maxBytesPerSecond: '500MB' } }],
  'convergence.downtimeLimit': [{}, { convergence: { downtimeLimit: '20ms' } }],
  'convergence.steps': [{}, { convergence: { steps: 'nova' } }],
  'convergence.steps[].after': [steps('300ms', '500ms'), steps('5s', '500ms')],
  'convergence.steps[].limit': [steps('300ms', '500ms'), steps('300ms', '10ms')],
  'convergence.autoConverge': [wild({ timeout: '60s' }), { convergence: { autoConverge: true } }],
  'convergence.timeout': [wild({}), { convergence: { timeout: '5s' } }],
  'convergence.whenOut': [wild({}), { convergence: { whenOut: 'stop' } }],
  'convergence.rounds': [
    { ...WILD, vmm: 'cloud-hypervisor', convergence: { rounds: 3, whenOut: 'stop' } },
    { convergence: { rounds: 5 } },
  ],
  'kubevirt.stallDetection': [KUBEVIRT, { kubevirt: { stallDetection: true } }],
  'kubevirt.downtimeTuning': [KUBEVIRT, { kubevirt: { downtimeTuning: true } }],
  'kubevirt.maxDowntime': [
    over(KUBEVIRT, { kubevirt: { stallDetection: true } }) as Fields,
    { kubevirt: { maxDowntime: '3s' } },
  ],
  parallelDevices: [
    { stream: { channels: 4 }, devices: [{ profile: 'connectx7-vf', count: 2 }] },
    { parallelDevices: true },
  ],
  switchoverAck: [{ returnPath: true, devices: [{ profile: 'mlx5-vf-300mb', count: 2 }] }, { switchoverAck: true }],
  returnPath: [{}, { returnPath: true }],
  'vhost.devices': [{ vhost: { devices: 2, queues: 8 } }, { vhost: { devices: 4, queues: 8 } }],
  'vhost.queues': [{ vhost: { devices: 2, queues: 8 } }, { vhost: { devices: 2, queues: 64 } }],
  recovery: [fault(BROKEN), { recovery: 'goOn' }],
  'devices[].profile': [{}, device({ profile: 'acc-sec' })],
  'devices[].count': [{ devices: [{ profile: 'connectx7-vf' }] }, { devices: [{ profile: 'connectx7-vf', count: 2 }] }],
  'devices[].state': [
    { devices: [{ profile: 'connectx7-vf' }] },
    { devices: [{ profile: 'connectx7-vf', state: '200MiB' }] },
  ],
  'devices[].queues': [{}, device({ queues: 4 })],
  'devices[].kind': [device({ engine: undefined }), device({ engine: undefined, kind: 'hpre' })],
  'devices[].load': [{}, device({ load: 'saturated' })],
  'devices[].load(open).kind': CHOOSES,
  'devices[].load(open).fraction': [
    device({ load: { kind: 'open', fraction: 0.2 } }),
    device({ load: { kind: 'open', fraction: 0.8 } }),
  ],
  'devices[].load(open).burst': [
    device({ load: { kind: 'open', fraction: 0.2 } }),
    device({ load: { kind: 'open', fraction: 0.2, burst: 4 } }),
  ],
  'devices[].load(closed).kind': CHOOSES,
  'devices[].load(closed).inFlight': [
    device({ load: { kind: 'closed', inFlight: 1 } }),
    device({ load: { kind: 'closed', inFlight: 8 } }),
  ],
  'devices[].depths.sq': [device({ load: 'saturated' }), device({ load: 'saturated', depths: { sq: 8 } })],
  'devices[].depths.cq': [device({ load: 'saturated' }), device({ load: 'saturated', depths: { cq: 8 } })],
  'devices[].depths.eq': [device({ load: 'saturated' }), device({ load: 'saturated', depths: { eq: 16 } })],
  'devices[].depths.aeq': 'refused, with a sentence',
  'devices[].driver': [{}, device({ driver: 'linux-5.18' })],
  'devices[].hardware': 'refused, with a sentence',
  'devices[].inFlight': [device({ load: 'saturated' }), device({ load: 'saturated', inFlight: 'hold' })],
  'devices[].engine.cores': [
    device({ load: 'saturated' }),
    device({ load: 'saturated', engine: { cores: 4, taskTime: '100us' } }),
  ],
  'devices[].engine.taskTime': [
    device({ load: 'saturated' }),
    device({ load: 'saturated', engine: { cores: 2, taskTime: '50us' } }),
  ],
  'isolation.topology': 'asked before a run: test/bench/studies/isolation',
  'isolation.policy': 'asked before a run: test/bench/studies/isolation',
  'isolation.vf': 'asked before a run: test/bench/studies/isolation',
  'faults[](cancel).kind': [{}, fault(CUT)],
  'faults[](cancel).at': [fault(CUT), fault({ ...CUT, at: 'saved' })],
  'faults[](cancel).share': [fault(CUT), fault({ ...CUT, share: 0.1 })],
  'faults[](cancel).vm': [two({ ...CUT, vm: 1 }), two({ ...CUT, vm: 2 })],
  'faults[](link).kind': [fault(CUT), fault(LINK)],
  'faults[](link).at': [fault(LINK), fault({ ...LINK, at: 'sending' })],
  'faults[](link).share': [fault(LINK), fault({ ...LINK, share: 0.1 })],
  'faults[](link).vm': [two({ ...LINK, vm: 1 }), two({ ...LINK, vm: 2 })],
  'faults[](device).kind': [{}, fault(BROKEN)],
  'faults[](device).what': [fault(BROKEN), fault({ ...BROKEN, what: 'deviceError' })],
  'faults[](device).side': [fault(BROKEN), fault({ ...BROKEN, side: 'destination' })],
  'faults[](device).vm': [two({ ...BROKEN, vm: 1 }), two({ ...BROKEN, vm: 2 })],
  'faults[](device).device': [twoVfs({ ...BROKEN, device: 1 }), twoVfs({ ...BROKEN, device: 2 })],
  'faults[](device).times': [
    { recovery: 'goOn', ...fault(BROKEN) },
    { recovery: 'goOn', ...fault({ ...BROKEN, times: 1 }) },
  ],
  'faults[](device).lasts': [
    fault({ ...BROKEN, what: 'deviceError' }),
    fault({ ...BROKEN, what: 'deviceError', lasts: '1us' }),
  ],
  'faults[](image).kind': [{}, fault(IMAGE)],
  'faults[](image).field': [fault(IMAGE), fault({ ...IMAGE, field: 'queueCount' })],
  'faults[](image).vm': [two({ ...IMAGE, vm: 1 }), two({ ...IMAGE, vm: 2 })],
  'faults[](image).device': [twoVfs({ ...IMAGE, device: 1 }), twoVfs({ ...IMAGE, device: 2 })],
  'faults[](otherQueues).kind': [{}, fault(QUEUES)],
  'faults[](otherQueues).queues': 'any other count than that of the source is refused alike; refused is the same count',
  'faults[](otherQueues).vm': [two({ ...QUEUES, vm: 1 }), two({ ...QUEUES, vm: 2 })],
  'faults[](otherQueues).device': [twoVfs({ ...QUEUES, device: 1 }), twoVfs({ ...QUEUES, device: 2 })],
};

/** What `stopcopy can` asks of hosts and managers: test/sim/manager/fields.test.ts. */
const ASKED = Object.keys({ ...platformFields, ...platformDeviceFields }).join('|');
/** KubeVirt's gates, which only a run reads. */
const GATES = '(?!kubevirt\\.(?:stallDetection|downtimeTuning|maxDowntime)$)';

everyFieldIsRead(
  scenarioSchema,
  CASES,
  BASE,
  (document) => played(document),
  new RegExp(`^(?:devices\\[\\]\\.)?${GATES}(?:${ASKED})(?:[.[]|$)`),
  (document) => played(document, ['point']),
);

test('hardware is refused because no figure depends on it: a version that differs would need the field', () => {
  const compiled = plan(BASE);
  const [first, ...others] = MIGRATING_VERSIONS.map((version) => {
    const registerGroups = compiled.registerGroups.map((group) => ({ ...group, hardware: QM_HW[version] }));
    const { world, vms } = runScenario({ ...compiled, registerGroups }, 'point');
    return JSON.stringify([world.traceHash, world.accesses, vms.map(({ kind, parts }) => [kind, parts])]);
  });
  for (const each of others) expect(each).toBe(first);
});
