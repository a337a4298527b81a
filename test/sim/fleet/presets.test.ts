/**
 * Presets hold what the managers were read to do: a table of its own, transcribed from the facts and not from the presets.
 */
import { describe, expect, test } from 'vitest';

import { presets } from '../../../bench/studies/plan/read-question.ts';
import { GIB } from '../../../sim/base/units.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { type GivenLimits, type Limits, limitsOf, timeoutOf } from '../../../sim/fleet/limits.ts';
import { type Question, questionSchema } from '../../../sim/fleet/question.ts';
import { limitedVm } from '../../../sim/fleet/limited-vm.ts';
import { stating } from '../../stating.ts';

const ALL = presets();
const S = 1e9;

interface Fact {
  readonly asOf: string;
  /** Commit, change or page that every value but those of QEMU and of notes is from. */
  readonly from: RegExp;
  readonly limits: Partial<Limits>;
  /** Time that a VM of 16 GiB has. */
  readonly timeoutNs16Gib: number;
}

/** Nothing said: no limit at once. */
const NO_LIMIT = { fleet: Infinity, outboundPerHost: Infinity, inboundPerHost: Infinity, perPf: Infinity };

const FACTS: Readonly<Record<string, Fact>> = {
  // Cluster 5, out 2, 150 s for each GB of 10^9 bytes, rounded up: 16 GiB = 17.18 GB, 18 times 150 s.
  kubevirt: {
    asOf: '2026-08-22',
    from: /d923fdb815|options\.c/,
    limits: { ...NO_LIMIT, fleet: 5, outboundPerHost: 2, progressTimeoutNs: 150 * S, downtimeLimitNs: 300e6 },
    timeoutNs16Gib: 2700 * S,
  },
  'kubevirt-1-3': {
    asOf: '2024-09-17',
    from: /PR 12848|as in 1\.9|options\.c/,
    limits: { ...NO_LIMIT, fleet: 5, outboundPerHost: 2, progressTimeoutNs: 150 * S, downtimeLimitNs: 300e6 },
    timeoutNs16Gib: 18 * 800 * S,
  },
  'openshift-hco': {
    asOf: '2026-08-21',
    from: /03da3cff7|d923fdb815|options\.c/,
    limits: { ...NO_LIMIT, fleet: 5, outboundPerHost: 1, progressTimeoutNs: 150 * S, downtimeLimitNs: 300e6 },
    timeoutNs16Gib: 18 * 20 * S,
  },
  harvester: {
    asOf: '2026-09-01',
    from: /Harvester documentation|d923fdb815|options\.c/,
    limits: { ...NO_LIMIT, fleet: 5, outboundPerHost: 2, progressTimeoutNs: 150 * S, downtimeLimitNs: 300e6 },
    timeoutNs16Gib: 2700 * S,
  },
  // 800 s for each GiB.
  nova: {
    asOf: '2026-08-21',
    from: /00a030403f/,
    limits: { ...NO_LIMIT, outboundPerHost: 1, downtimeLimitNs: 500e6, steps: 'nova', progressTimeoutNs: Infinity },
    timeoutNs16Gib: 12_800 * S,
  },
  'nova-vgpu': {
    asOf: '2026-08-21',
    from: /00a030403f/,
    limits: {
      ...NO_LIMIT,
      outboundPerHost: 1,
      downtimeLimitNs: 500_000e6,
      steps: { downtimeMs: 500_000, steps: 3, delaySPerGib: 3 },
    },
    timeoutNs16Gib: 12_800 * S,
  },
  proxmox: {
    asOf: '2026-08-17',
    from: /096a1ac22|e6352be6/,
    limits: {
      ...NO_LIMIT,
      bytesPerSecondPerMove: 16 * GIB,
      downtimeLimitNs: 100e6,
      manager: 'proxmox',
      hasTimeout: false,
    },
    timeoutNs16Gib: 12_800 * S,
  },
  vsphere: {
    asOf: '2026-11-30',
    from: /second-hand|the same/,
    limits: { ...NO_LIMIT, outboundPerHost: 8, inboundPerHost: 8, downtimeLimitNs: undefined, hasTimeout: false },
    timeoutNs16Gib: 12_800 * S,
  },
  libvirt: {
    asOf: '2026-11-30',
    from: /11\.3\.0|virsh/,
    limits: { ...NO_LIMIT, downtimeLimitNs: 300e6, manager: 'user', hasTimeout: false },
    timeoutNs16Gib: 12_800 * S,
  },
  // For a move, whatever its memory.
  'cloud-hypervisor': {
    asOf: '2026-08-22',
    from: /ae44c2971/,
    limits: { ...NO_LIMIT, downtimeLimitNs: 300e6, manager: 'vmm', timeoutPer: 'move' },
    timeoutNs16Gib: 3600 * S,
  },
};

test('every preset has facts, and every fact a preset', () => {
  expect([...ALL.keys()].toSorted()).toEqual(Object.keys(FACTS).toSorted());
});

describe.each(Object.entries(FACTS))('%s', (id, { asOf, from, limits, timeoutNs16Gib }) => {
  const preset = ALL.get(id)!;

  test('is as the facts say', () => {
    const held = limitsOf(id, ALL);
    expect(held).toMatchObject(limits);
    expect(timeoutOf(held, 16 * GIB)).toBe(timeoutNs16Gib);
    expect({ id: preset.id, asOf: preset.asOf }).toEqual({ id, asOf });
  });

  test('names the source of each value, and how it was obtained', () => {
    const values = Object.values(preset).flatMap((each) =>
      typeof each === 'object' && 'source' in each ? [each] : [],
    );
    expect(values.length).toBeGreaterThan(0);
    for (const { source, evidence } of values) {
      expect(source).toMatch(from);
      expect(evidence).toMatch(/^(?:source|text|second-hand)$/);
    }
  });
});

test('what is second-hand is marked so, value by value', () => {
  const marked = [...ALL.keys()].map((id) => [id, limitsOf(id, ALL).secondHand] as const);
  expect(marked.filter(([, fields]) => fields.length > 0)).toEqual([
    ['harvester', ['atOnce', 'outboundPerHost', 'timeoutPerGib']],
    ['vsphere', ['outboundPerHost', 'inboundPerHost']],
  ]);
  const own: GivenLimits = { preset: 'vsphere', outboundPerHost: 4 };
  expect(limitsOf(own, ALL).secondHand).toEqual(['inboundPerHost']);
});

/** Limits and VM of a question in which nothing else is said. */
function asked(ask: object, limits: unknown, vm: object = {}): Question {
  const guest = { vcpus: 4, memory: { size: '4GiB' }, stream: { gigabitsPerSecond: 25 }, ...vm };
  const fleet = {
    racks: 1,
    hostsPerRack: 2,
    hostGigabitsPerSecond: 25,
    vms: [{ name: 'guest', perHost: 2, vm: guest }],
  };
  const of = 'hosts' in ask ? { fleet } : { vm: guest };
  const head = { format: 'stopcopy-question', version: 2, name: 'q', description: 'q' };
  return questionSchema.parse({ ...head, ...ask, ...of, limits });
}

const answered = (question: Question) =>
  answer(question, { profiles: new Map(), presets: ALL, topologies: new Map() }, 'q.yaml', { tornado: false });

const EVACUATE = { ask: 'evacuate', hosts: 1 };

describe('a figure that is not public', () => {
  const missing =
    'q.yaml: limits.outboundPerHost is missing, and the preset proxmox does not know it: max_workers of datacenter.cfg';

  test.each([
    ['evacuate', EVACUATE],
    ['at-once over a host', { ask: 'at-once', over: 'host' }],
  ])('is asked for by %s, and never filled in', (_, ask) => {
    expect(() => answered(asked(ask, 'proxmox'))).toThrow(missing);
    expect(answered(asked(ask, { preset: 'proxmox', outboundPerHost: 1 })).sentences).not.toEqual([]);
  });

  test.each([
    ['converge', { ask: 'converge' }],
    ['at-once over an uplink', { ask: 'at-once', over: 'uplink', uplinkGigabitsPerSecond: 25 }],
  ])('is not needed by %s, which does not read it', (_, ask) => {
    expect(answered(asked(ask, 'proxmox')).feasible).toBe(true);
  });
});

describe('limits that contradict', () => {
  test('two time-outs', () => {
    const limits: GivenLimits = { timeout: 60 * S, timeoutPerGib: 10 * S };
    expect(limitsOf(limits, ALL).timeoutPer).toBe('move');
    expect(() => answered(asked(EVACUATE, { timeout: '60s', timeoutPerGib: '10s' }))).toThrow(
      stating('q.yaml', 'limits.timeout', 'limits.timeoutPerGib', 'both'),
    );
  });

  test('those of Cloud Hypervisor, and a VM of QEMU', () => {
    expect(() => answered(asked(EVACUATE, 'cloud-hypervisor'))).toThrow(
      stating('q.yaml', 'fleet.vms[0].vm.vmm', 'qemu', 'cloud-hypervisor', 'Cloud Hypervisor'),
    );
    expect(() => answered(asked({ ask: 'converge' }, 'cloud-hypervisor'))).toThrow(stating('q.yaml', 'vm.vmm', 'qemu'));
    expect(answered(asked(EVACUATE, 'cloud-hypervisor', { vmm: 'cloud-hypervisor' })).feasible).toBe(true);
  });
});

test('the advice of Nova for vGPUs: three steps up to 500 s, each 3 s per GiB after the one before', () => {
  const question = asked({ ask: 'converge' }, 'nova-vgpu');
  if (question.ask !== 'converge') throw new Error(question.ask);
  const { convergence } = limitedVm(question.vm, limitsOf(question.limits, ALL));
  // base = 500000 / 3, offset = (500000 - base) / 3; whole milliseconds, cut off; 4 GiB.
  expect(convergence.steps).toEqual([
    { after: 0, limit: 166_666e6 },
    { after: 12 * S, limit: 277_777e6 },
    { after: 24 * S, limit: 388_888e6 },
    { after: 36 * S, limit: 500_000e6 },
  ]);
});

test('a time-out that nobody gives is said to be that of the planner', () => {
  const never = { memory: { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond: 5_000_000, workingSet: '4GiB' } } };
  const said = (limits: unknown): string => answered(asked(EVACUATE, limits, never)).sentences.join(' ');
  expect(said('vsphere')).toMatch(stating('time-out', '800 s per GiB'));
  expect(said('vsphere')).toMatch(stating('outboundPerHost', 'inboundPerHost', 'vsphere', 'second-hand'));
  expect(said({ timeoutPerGib: '800s' })).not.toContain('which the planner takes');
});
