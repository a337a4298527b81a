/**
 * No field of a question is a silent no-op in the ask that has it, nor one of a preset of limits or of a device profile.
 */
import { describe, expect, test } from 'vitest';
import { readProfile } from '../../../bench/io/profiles.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { vmsOf } from '../../../sim/fleet/whole-vm.ts';
import { type LimitsPreset, limitsPresetSchema } from '../../../sim/fleet/limits.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';
import { type DeviceProfile, deviceProfileSchema } from '../../../sim/memory/device-profile.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { platformFields } from '../../../sim/manager/question.ts';
import { everyFieldIsRead, type FieldCase, type Fields, over } from '../../no-op-fields.ts';
import { leavesOf } from '../../schema-leaves.ts';
import { stating } from '../../stating.ts';

const PRESET: Fields = { format: 'stopcopy-limits', version: 2, id: 'p', title: 'P' };

/** Few draws show as well what is read. */
const DRAWN = 20;

/** All that is answered, by closed forms. */
function answered(document: unknown, preset: Fields = PRESET, own?: DeviceProfile): string {
  const question = questionSchema.parse(document);
  const words = vmsOf(question).flatMap(({ devices }) => devices.map(({ profile }) => profile));
  const profiles = new Map(words.map((word) => [word, own ?? readProfile(word)]));
  const presets = new Map<string, LimitsPreset>([['p', limitsPresetSchema.parse(preset)]]);
  const files = { profiles, presets, topologies: new Map() };
  return JSON.stringify(answer(question, files, 'x', { verify: false, tornado: false, draws: DRAWN }));
}

const HEAD = {
  format: 'stopcopy-question',
  version: 2,
  name: 'q',
  description: 'q',
  assume: { p2p: true, dirtyTracking: true },
};

const VM = {
  vcpus: 4,
  memory: { size: '8GiB', dirty: { kind: 'uniform', pagesPerSecond: 50_000, workingSet: '1GiB' } },
  stream: { gigabitsPerSecond: 10 },
  devices: [{ profile: 'qat-vf' }],
};

/** Six hosts of which one is emptied; four VMs on each, one of them larger. */
const EVACUATE: Fields = {
  ...HEAD,
  ask: 'evacuate',
  hosts: 1,
  fleet: {
    racks: 2,
    hostsPerRack: 3,
    hostGigabitsPerSecond: 10,
    vms: [
      { name: 'small', perHost: 3, vm: VM },
      { name: 'large', perHost: 1, vm: { ...VM, memory: { size: '32GiB' } } },
    ],
  },
};

const inFleet = (change: Fields): Fields => ({ fleet: change });
const WRITES_MUCH: Fields = {
  ...VM,
  memory: { size: '8GiB', dirty: { kind: 'uniform', pagesPerSecond: 400_000, workingSet: '6GiB' } },
};

const NEVER_DONE: Fields = { ...WRITES_MUCH, convergence: { timeout: '10s' } };

/** Two hosts of each of three classes: those of the first, then one of the second, are emptied. */
const both = (base: Fields, change: Fields): Fields => over(base, change) as Fields;
const MIXED = both(EVACUATE, { hosts: 3, fleet: { room: { memory: '400GiB', vcpus: 100 } } });
const classes = (own: Fields = {}, other: Fields = {}): Fields =>
  inFleet({
    hostClasses: [
      { name: 'a', hosts: 2, ...own },
      { name: 'b', hosts: 2, ...other },
      { name: 'c', hosts: 2 },
    ],
  });
const pair = (change: Fields): Fields =>
  inFleet({
    vms: [
      { name: 'small', perHost: 3, vm: VM },
      { name: 'large', perHost: 1, vm: { ...VM, memory: { size: '32GiB' } }, ...change },
    ],
  });

/** What a question says, and the same with one field changed; every ask's own fields. */
const OWN: Readonly<Record<string, readonly [ask: Fields, before: Fields, after: Fields] | string>> = {
  '(most).of': [{ ask: 'most', of: 'vfs', vm: VM }, { vm: { vmm: 'cloud-hypervisor' } }, { of: 'queues' }],
  '(most).device': 'which of the devices: a question of several kinds; test/sim/fleet/answer.test.ts',
  '(most).budget.pause': [
    { ask: 'most', of: 'vfs', vm: { ...VM, vmm: 'cloud-hypervisor', convergence: { downtimeLimit: '50ms' } } },
    { budget: { pause: '100ms' } },
    { budget: { pause: '200ms' } },
  ],
  '(most).budget.judge': [
    { ask: 'most', of: 'vfs', vm: { ...VM, vmm: 'cloud-hypervisor', convergence: { downtimeLimit: '50ms' } } },
    { budget: { pause: '100ms' } },
    { budget: { judge: 'point' } },
  ],
  '(most).confidence': [
    { ask: 'most', of: 'vfs', vm: { ...VM, vmm: 'cloud-hypervisor', convergence: { downtimeLimit: '50ms' } } },
    { budget: { pause: '120ms' } },
    { confidence: 0.5 },
  ],
  '(most).seed': [{ ask: 'most', of: 'vfs', vm: VM }, {}, { seed: 2 }],
  '(least).seed': [{ ask: 'least', of: 'gigabitsPerSecond', vm: VM }, {}, { seed: 2 }],
  '(at-once).seed': [{ ask: 'at-once', over: 'host', vm: VM }, {}, { seed: 2 }],
  '(converge).seed': [{ ask: 'converge', vm: VM }, {}, { seed: 2 }],
  '(evacuate).seed': [EVACUATE, {}, { seed: 2 }],
  '(compare).seed': 'of the same draws as the others: test/sim/fleet/answer-interval.test.ts',
  '(least).confidence': [{ ask: 'least', of: 'gigabitsPerSecond', vm: VM }, {}, { confidence: 0.5 }],
  '(at-once).confidence': [{ ask: 'at-once', over: 'host', vm: VM }, {}, { confidence: 0.5 }],
  '(least).of': [{ ask: 'least', of: 'gigabitsPerSecond', vm: VM }, {}, { of: 'channels' }],
  '(least).budget.pause': [{ ask: 'least', of: 'gigabitsPerSecond', vm: VM }, {}, { budget: { pause: '600ms' } }],
  '(least).budget.judge': [{ ask: 'least', of: 'gigabitsPerSecond', vm: VM }, {}, { budget: { judge: 'point' } }],
  '(at-once).over': [{ ask: 'at-once', over: 'host', vm: VM }, { uplinkGigabitsPerSecond: 40 }, { over: 'uplink' }],
  '(at-once).uplinkGigabitsPerSecond': [
    { ask: 'at-once', over: 'uplink', uplinkGigabitsPerSecond: 40, vm: VM },
    {},
    { uplinkGigabitsPerSecond: 100 },
  ],
  '(at-once).budget.pause': [{ ask: 'at-once', over: 'host', vm: VM }, {}, { budget: { pause: '2s' } }],
  '(at-once).budget.judge': [{ ask: 'at-once', over: 'host', vm: VM }, {}, { budget: { judge: 'point' } }],
  '(evacuate).hosts': [EVACUATE, {}, { hosts: 2 }],
  '(evacuate).racks': [EVACUATE, { hosts: undefined, racks: 1 }, { racks: undefined, hosts: 1 }],
  '(evacuate).fleet.racks': [EVACUATE, {}, inFleet({ racks: 3 })],
  '(evacuate).fleet.hostsPerRack': [EVACUATE, {}, inFleet({ hostsPerRack: 4 })],
  '(evacuate).fleet.hostGigabitsPerSecond': 'equal to that of the VMs, which is refused otherwise',
  '(evacuate).fleet.pfsPerHost': [EVACUATE, inFleet({ pfGigabitsPerSecond: 1 }), inFleet({ pfsPerHost: 2 })],
  '(evacuate).fleet.pfGigabitsPerSecond': [EVACUATE, {}, inFleet({ pfGigabitsPerSecond: 1 })],
  '(evacuate).fleet.rackGigabitsPerSecond': [EVACUATE, { hosts: 3 }, inFleet({ rackGigabitsPerSecond: 10 })],
  '(evacuate).fleet.spineGigabitsPerSecond': [EVACUATE, { hosts: 3 }, inFleet({ spineGigabitsPerSecond: 2 })],
  '(evacuate).fleet.room.memory': [EVACUATE, {}, inFleet({ room: { memory: '8GiB' } })],
  '(evacuate).fleet.room.vfs': [EVACUATE, {}, inFleet({ room: { vfs: 0 } })],
  '(evacuate).fleet.room.queues': [EVACUATE, {}, inFleet({ room: { queues: 0 } })],
  '(evacuate).fleet.vms[].name': 'a label',
  '(evacuate).fleet.vms[].perHost': [
    EVACUATE,
    inFleet({ vms: [{ name: 'small', perHost: 3, vm: VM }] }),
    inFleet({ vms: [{ name: 'small', perHost: 2, vm: VM }] }),
  ],
  '(evacuate).fleet.vms[].migratable': [
    EVACUATE,
    inFleet({ vms: [{ name: 'small', perHost: 3, vm: VM }] }),
    inFleet({ vms: [{ name: 'small', perHost: 3, vm: VM, migratable: false }] }),
  ],
  '(evacuate).fleet.vms[].priority': [
    EVACUATE,
    { limits: { outboundPerHost: 1 } },
    inFleet({
      vms: [
        { name: 'small', perHost: 3, vm: VM },
        { name: 'large', perHost: 1, priority: 100, vm: { ...VM, memory: { size: '32GiB' } } },
      ],
    }),
  ],
  '(evacuate).fleet.room.vcpus': [EVACUATE, {}, inFleet({ room: { vcpus: 2 } })],
  '(evacuate).fleet.hostClasses[].name': 'what others speak of it by: test/sim/fleet/mixed-fleet.test.ts',
  '(evacuate).fleet.hostClasses[].hosts': [
    MIXED,
    classes({ hostGigabitsPerSecond: 25 }),
    inFleet({
      hostClasses: [
        { name: 'a', hosts: 1, hostGigabitsPerSecond: 25 },
        { name: 'b', hosts: 5 },
      ],
    }),
  ],
  '(evacuate).fleet.hostClasses[].hostNames[]': [MIXED, classes(), classes({ hostNames: ['x', 'y'] })],
  '(evacuate).fleet.vms[].names.*[]': [
    MIXED,
    classes({ hostNames: ['x', 'y'] }),
    inFleet({ vms: [{ name: 'large', perHost: 1, vm: VM, names: { x: ['p'], y: ['q'] } }] }),
  ],
  '(evacuate).fleet.hostClasses[].hostGigabitsPerSecond': [MIXED, classes(), classes({ hostGigabitsPerSecond: 5 })],
  '(evacuate).fleet.hostClasses[].pfsPerHost': [
    MIXED,
    both(classes(), inFleet({ pfGigabitsPerSecond: 1 })),
    classes({ pfsPerHost: 2 }),
  ],
  '(evacuate).fleet.hostClasses[].pfGigabitsPerSecond': [MIXED, classes(), classes({ pfGigabitsPerSecond: 1 })],
  '(evacuate).fleet.hostClasses[].outboundPerHost': [MIXED, classes(), classes({ outboundPerHost: 1 })],
  '(evacuate).fleet.hostClasses[].inboundPerHost': [MIXED, classes(), classes({}, { inboundPerHost: 1 })],
  '(evacuate).fleet.hostClasses[].cpu': [MIXED, classes(), classes({ cpu: 'kunpeng-920' })],
  '(evacuate).fleet.hostClasses[].room.memory': [MIXED, classes(), classes({}, { room: { memory: '8GiB' } })],
  '(evacuate).fleet.hostClasses[].room.vfs': [MIXED, classes(), classes({}, { room: { vfs: 0 } })],
  '(evacuate).fleet.hostClasses[].room.queues': [MIXED, classes(), classes({}, { room: { queues: 0 } })],
  '(evacuate).fleet.hostClasses[].room.vcpus': [MIXED, classes(), classes({}, { room: { vcpus: 0 } })],
  '(evacuate).fleet.hostClasses[].vms.*': [MIXED, classes(), classes({ vms: { small: 2 } })],
  '(evacuate).fleet.vms[].runsOn[]': [MIXED, both(classes(), pair({})), pair({ runsOn: ['b'] })],
  '(evacuate).fleet.antiAffinity[].vms[]': [
    both(MIXED, { hosts: 2, maintenance: { restart: '10min' } }),
    {},
    inFleet({ antiAffinity: [{ vms: ['large'] }] }),
  ],
  '(evacuate).fleet.antiAffinity[].members': [
    both(MIXED, { hosts: 2, fleet: { antiAffinity: [{ vms: ['large'] }] } }),
    {},
    inFleet({ antiAffinity: [{ vms: ['large'], members: 3 }] }),
  ],
  '(evacuate).reserve': [both(MIXED, { fleet: { room: { memory: '80GiB' } } }), {}, { reserve: 1 }],
  '(evacuate).fleet.otherTraffic.share': [EVACUATE, {}, inFleet({ otherTraffic: { share: 0.5 } })],
  '(evacuate).fleet.otherTraffic.hostGigabitsPerSecond': [
    EVACUATE,
    {},
    inFleet({ otherTraffic: { hostGigabitsPerSecond: 6 } }),
  ],
  '(evacuate).fleet.otherTraffic.pfGigabitsPerSecond': [
    EVACUATE,
    inFleet({ pfGigabitsPerSecond: 8 }),
    inFleet({ otherTraffic: { pfGigabitsPerSecond: 6 } }),
  ],
  '(evacuate).fleet.otherTraffic.rackGigabitsPerSecond': [
    EVACUATE,
    { hosts: 3, fleet: { rackGigabitsPerSecond: 10 } },
    inFleet({ otherTraffic: { rackGigabitsPerSecond: 6 } }),
  ],
  '(evacuate).fleet.otherTraffic.spineGigabitsPerSecond': [
    EVACUATE,
    { hosts: 3, fleet: { spineGigabitsPerSecond: 10 } },
    inFleet({ otherTraffic: { spineGigabitsPerSecond: 6 } }),
  ],
  '(evacuate).maintenance.hostsAtOnce': [
    EVACUATE,
    { hosts: 4, maintenance: { restart: '10min' } },
    { maintenance: { hostsAtOnce: 2 } },
  ],
  '(evacuate).maintenance.restart': [
    EVACUATE,
    { maintenance: { restart: '10min' } },
    { maintenance: { restart: '5min' } },
  ],
  '(evacuate).windows.length': [
    EVACUATE,
    { limits: { outboundPerHost: 1 }, windows: { length: '10s' } },
    { windows: { length: '20s' } },
  ],
  '(evacuate).windows.every': [
    EVACUATE,
    { limits: { outboundPerHost: 1 }, windows: { length: '10s' } },
    { windows: { every: '1h' } },
  ],
  '(evacuate).order.hosts': [EVACUATE, { hosts: 2, limits: { atOnce: 1 } }, { order: { hosts: 'one by one' } }],
  '(evacuate).order.vms': [EVACUATE, { limits: { atOnce: 1 } }, { order: { vms: 'largest first' } }],
  '(evacuate).compareOrders': [EVACUATE, {}, { compareOrders: true }],
  '(evacuate).within': [EVACUATE, {}, { within: '10s' }],
  '(evacuate).budget.pause': [EVACUATE, {}, { budget: { pause: '10ms' } }],
  '(evacuate).budget.judge': [EVACUATE, {}, { budget: { judge: 'point' } }],
  '(compare).variants[].name': 'a label',
  '(compare).variants[].hardware': 'refused, with a sentence',
  '(compare).variants[].driver': 'played register by register: test/sim/scenario/fields.test.ts',
  '(compare).variants[].inFlight': 'played register by register: test/sim/scenario/fields.test.ts',
};

const ROOM: Fields = {
  ask: 'room',
  vm: {
    vcpus: 4,
    memory: { size: '8GiB' },
    stream: { gigabitsPerSecond: 10 },
    devices: [{ profile: 'acc-zip', queues: 4 }],
  },
  hosts: [{ name: 'h', kind: 'zip', freeVfs: 4, freeQueues: 64, freeMemory: '64GiB' }],
};
const host = (change: Fields): Fields => ({
  hosts: [{ name: 'h', kind: 'zip', freeVfs: 4, freeQueues: 64, freeMemory: '64GiB', ...change }],
});

const ROOM_FIELDS: typeof OWN = {
  '(room).hosts[].name': 'a label',
  '(room).hosts[].kind': [ROOM, {}, host({ kind: 'hpre' })],
  '(room).hosts[].hardware': [ROOM, {}, host({ hardware: 'V4' })],
  '(room).hosts[].freeVfs': [ROOM, {}, host({ freeVfs: 2 })],
  '(room).hosts[].freeQueues': [ROOM, {}, host({ freeQueues: 8 })],
  '(room).hosts[].queuesPerVf': [ROOM, {}, host({ queuesPerVf: 8 })],
  '(room).hosts[].freeVcpus': [ROOM, {}, host({ freeVcpus: 8 })],
  '(room).hosts[].freeMemory': [ROOM, {}, host({ freeMemory: '8GiB' })],
  '(room).hosts[].isolation.topology': 'test/sim/fleet/answer.test.ts',
  '(room).hosts[].isolation.policy': 'test/sim/fleet/answer.test.ts',
  '(room).hosts[].isolation.vf': 'test/sim/fleet/answer.test.ts',
};

const OTHER = { name: 'o', kind: 'other', freeVfs: 4 };

test.each(['hardware', 'freeQueues', 'queuesPerVf'])('of hosts of other kinds, %s is refused by name', (field) => {
  const nic = { ...(ROOM['vm'] as Fields), devices: [{ profile: 'connectx7-vf' }] };
  const asks = (given: Fields): Fields => ({ ...HEAD, ...ROOM, vm: nic, hosts: [{ ...OTHER, ...given }] });
  expect(answered(asks({}))).toMatch(stating('4 such VMs'));
  expect(() => answered(asks({ [field]: field === 'hardware' ? 'V4' : 8 }))).toThrow(
    stating(/^x: /, `hosts[0].${field}`, 'kind', 'other'),
  );
});

test('hosts with accelerators say how many queues are free', () => {
  const { freeQueues: _, ...without } = { ...OTHER, kind: 'zip', freeQueues: 4 };
  expect(() => answered({ ...HEAD, ...ROOM, hosts: [without] })).toThrow('x: hosts[0].freeQueues is missing');
});

const LATE: Fields = { fleet: { vms: [{ name: 'a', perHost: 2, vm: WRITES_MUCH }] }, limits: { timeoutPerGib: '1s' } };
/** What only evacuations read of limits. */
const MANNERS: Readonly<Record<string, readonly [before: Fields, after: Fields]>> = {
  'retries.most': [
    { ...LATE, limits: { timeoutPerGib: '1s', retries: { most: 1, backOff: '1s' } } },
    { limits: { retries: { most: 2 } } },
  ],
  'retries.backOff': [
    { ...LATE, limits: { timeoutPerGib: '1s', retries: { most: 1, backOff: '1s' } } },
    { limits: { retries: { backOff: '2s' } } },
  ],
  setUp: [{}, { limits: { setUp: '20s' } }],
  'setUp.from': [{ limits: { setUp: { from: '1s', to: '20s' } } }, { limits: { setUp: { from: '2s' } } }],
  'setUp.to': [{ limits: { setUp: { from: '1s', to: '20s' } } }, { limits: { setUp: { to: '30s' } } }],
};

const LIMITS: Readonly<Record<string, readonly [before: Fields, value: unknown]>> = {
  atOnce: [{}, 1],
  outboundPerHost: [{}, 1],
  inboundPerHost: [{}, 1],
  perPf: [{}, 1],
  bytesPerSecondPerMove: [{}, 100_000_000],
  timeoutPerGib: [{ fleet: { vms: [{ name: 'a', perHost: 2, vm: WRITES_MUCH }] } }, '10s'],
  timeout: [{ fleet: { vms: [{ name: 'a', perHost: 2, vm: WRITES_MUCH }] } }, '10s'],
  progressTimeout: [{ fleet: { vms: [{ name: 'a', perHost: 2, vm: WRITES_MUCH }] } }, '5s'],
};

describe('changed, it changes the answer', () => {
  const changes = Object.entries({ ...OWN, ...ROOM_FIELDS }).flatMap(([field, given]) =>
    typeof given === 'string' ? [] : [[field, ...given] as const],
  );
  test.each(changes)('%s', (_, ask, own, change) => {
    const before = over({ ...HEAD, ...ask }, own);
    expect(answered(over(before, change))).not.toBe(answered(before));
  });

  test.each(Object.entries(MANNERS))('limits.%s', (_, [base, change]) => {
    const before = over(EVACUATE, base);
    expect(answered(over(before, change))).not.toBe(answered(before));
  });

  test.each(Object.entries(LIMITS))('limits.%s', (name, [base, value]) => {
    const before = over(EVACUATE, base);
    expect(answered(over(before, { limits: { [name]: value } }))).not.toBe(answered(before));
  });
});

test('every field of every ask has a case, and every case a field', () => {
  const platform = Object.keys(platformFields).join('|');
  const head = new RegExp(
    String.raw`^\([a-z-]+\)\.(?:(?:format|version|name|description|grid\.\*\[\]|ask)$|(?:vmm|${platform})(?:[.[]|$))`,
  );
  // A VM is that of a scenario, and limits are the same wherever they are.
  const elsewhere = /^\([a-z-]+\)\.(?:vm\.|fleet\.vms\[\]\.vm\.|limits(?:\.|$))/;
  const fields = leavesOf(questionSchema).filter((path) => !head.test(path) && !elsewhere.test(path));
  const budgets = ['(compare).budget.pause', '(compare).budget.judge'];
  expect([...Object.keys(OWN), ...Object.keys(ROOM_FIELDS), ...budgets].toSorted()).toEqual(fields.toSorted());
  const limits = leavesOf(questionSchema).filter((path) => path.startsWith('(evacuate).limits.'));
  expect([...Object.keys(LIMITS), ...Object.keys(MANNERS), 'preset'].toSorted()).toEqual(
    limits.map((path) => path.replace('(evacuate).limits.', '')).toSorted(),
  );
});

describe('of a preset of limits', () => {
  const sourced = (name: string, value: unknown): Fields => ({ [name]: { value, source: 's' } });
  const cases: Record<string, FieldCase> = {
    format: 'says which document it is',
    version: 'says which document it is',
    id: [{}, { id: 'other' }],
    title: 'a label',
    asOf: 'of the document, and of a note: test/sim/fleet/used-presets.test.ts',
    'downtimeLimit.value': [{}, sourced('downtimeLimit', '5ms')],
    'manager.value': [{}, sourced('manager', 'kubevirt')],
    'steps.value': [{}, sourced('steps', 'nova')],
    'steps.value.count': [
      sourced('steps', { count: 1, delayPerGib: '1s' }),
      sourced('steps', { count: 50, delayPerGib: '1s' }),
    ],
    'steps.value.delayPerGib': [
      sourced('steps', { count: 50, delayPerGib: '1s' }),
      sourced('steps', { count: 50, delayPerGib: '2s' }),
    ],
    'vmm.value': [{}, sourced('vmm', 'cloud-hypervisor')],
    'retries.value.most': [
      sourced('retries', { most: 1, backOff: '1s' }),
      sourced('retries', { most: 2, backOff: '1s' }),
    ],
    'retries.value.backOff': [
      sourced('retries', { most: 1, backOff: '1s' }),
      sourced('retries', { most: 1, backOff: '2s' }),
    ],
    'setUp.value': [{}, sourced('setUp', '20s')],
    'setUp.value.from': [sourced('setUp', { from: '1s', to: '20s' }), sourced('setUp', { from: '2s', to: '20s' })],
    'setUp.value.to': [sourced('setUp', { from: '1s', to: '20s' }), sourced('setUp', { from: '1s', to: '30s' })],
  };
  for (const name of ['downtimeLimit', 'manager', 'retries', 'setUp', 'steps', 'vmm']) {
    cases[`${name}.source`] = 'a label';
    cases[`${name}.evidence`] = 'a mark: test/sim/fleet/presets.test.ts';
  }
  for (const [name, [, value]] of Object.entries(LIMITS)) {
    cases[`${name}.value`] = [{}, sourced(name, value)];
    cases[`${name}.source`] = 'a label';
    cases[`${name}.evidence`] = 'a mark: test/sim/fleet/presets.test.ts';
    cases[`${name}.ask`] = [{}, { [name]: { ask: 'it is a secret' } }];
  }
  everyFieldIsRead(limitsPresetSchema, cases, PRESET, (preset) => {
    const waiting = over(EVACUATE, { limits: 'p' });
    const late = over(waiting, { fleet: { vms: [{ name: 'a', perHost: 2, vm: NEVER_DONE }] } });
    const long = over(waiting, { fleet: { vms: [{ name: 'a', perHost: 2, vm: WRITES_MUCH }] } });
    return [waiting, late, long].map((question) => answered(question, preset as Fields)).join('');
  });
});

describe('of a device profile', () => {
  const figure = (value: number, range = [value, value]): Fields => ({ value, range, from: 'assumed', source: 's' });
  const base: Fields = {
    format: 'stopcopy-device-profile',
    version: 1,
    id: 'own',
    title: 'Own',
    preCopy: true,
    p2p: true,
    preCopyNeedsAck: false,
    stateBytes: figure(50_000_000),
    preCopiedShare: figure(0.5),
    setupNs: figure(1e8),
    setupNsPerGib: figure(2e7),
    stopNs: figure(2e6),
    stopNsPerGib: figure(3e5),
    stopNsPerQueue: figure(2e6),
    fixedNs: figure(1e6),
    startNs: figure(3e6),
    startNsPerGib: figure(4e5),
    startNsPerQueue: figure(3e6),
    queuesAtOnce: figure(2),
    trackingNsPerGib: figure(1e5),
    loadNsPerByte: figure(0.2),
    perQueueNs: figure(1e5),
    streamBytesPerSecond: figure(1e9),
    sharedBytesPerSecond: figure(1.5e9),
    allocateNsPerByte: figure(0.1),
    lockedNs: figure(1e5),
  };
  const cases: Record<string, FieldCase> = {
    format: 'says which document it is',
    version: 'says which document it is',
    id: 'a label',
    title: 'a label',
    preCopy: [{}, { preCopy: false }],
    p2p: [{}, { p2p: false }],
    driver: 'asked of stopcopy can: test/sim/manager/fields.test.ts',
    dmaLog: 'asked of stopcopy can: test/sim/manager/fields.test.ts',
    registerModel: 'with kind: profiles of accelerators; test/sim/scenario/fields.test.ts',
    kind: 'with registerModel: profiles of accelerators; test/sim/scenario/fields.test.ts',
    preCopyNeedsAck: [{}, { preCopyNeedsAck: true }],
  };
  for (const [name, value] of Object.entries(base)) {
    if (typeof value !== 'object') continue;
    const { value: point } = value as { value: number };
    cases[`${name}.value`] = [{}, { [name]: figure(point * 0.5) }];
    cases[`${name}.range[]`] = [
      {},
      { [name]: figure(point, [point * 0.5, point * (name === 'preCopiedShare' ? 1 : 2)]) },
    ];
    cases[`${name}.from`] = 'provenance, a label';
    cases[`${name}.source`] = 'a label';
    cases[`${name}.evidence[]`] = 'read by stopcopy validate: test/sim/memory/experiment.test.ts';
    cases[`${name}.unmeasured[]`] = 'read by stopcopy validate: test/sim/memory/experiment.test.ts';
  }
  const two = { ...VM, devices: [{ profile: 'own', count: 2, queues: 4 }] };
  const four = {
    ...VM,
    memory: { size: '8GiB' },
    stream: { gigabitsPerSecond: 100, channels: 4 },
    convergence: { downtimeLimit: '20ms' },
    parallelDevices: true,
    devices: [{ profile: 'own', count: 4, queues: 4 }],
  };
  everyFieldIsRead(deviceProfileSchema, cases, base, (given) => {
    try {
      const profile = parseDocument(deviceProfileSchema, given, 'own.yaml');
      return [two, four]
        .map((vm) => answered({ ...HEAD, assume: { dirtyTracking: true }, ask: 'converge', vm }, PRESET, profile))
        .join('\n');
    } catch (error) {
      return String(error);
    }
  });
});
