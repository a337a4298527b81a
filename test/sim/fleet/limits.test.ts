import { describe, expect, test } from 'vitest';

import { presets } from '../../../bench/studies/plan/read-question.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { type EvacuationResult, FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { FleetPlan } from '../../../sim/fleet/fleet-plan.ts';
import {
  type GivenLimits,
  type Limits,
  limitsOf,
  type LimitsPreset,
  limitsPresetSchema,
  limitsSchema,
} from '../../../sim/fleet/limits.ts';
import { questionSchema, type QuestionOf } from '../../../sim/fleet/question.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';

test('an unknown preset is refused with those that there are', () => {
  expect(() => limitsOf('ovirt', presets())).toThrow("limits 'ovirt' are not known");
});

/** What docs/plan-format.md says of limits that nobody gives. */
const NOTHING_GIVEN = {
  fleet: Infinity,
  outboundPerHost: Infinity,
  inboundPerHost: Infinity,
  perPf: Infinity,
  bytesPerSecondPerMove: Infinity,
  timeoutNsPerUnit: 800 * NS_PER_S,
  timeoutPer: 'GiB',
  hasTimeout: false,
  progressTimeoutNs: Infinity,
  downtimeLimitNs: undefined,
  countsAs: 'user',
  manager: undefined,
  steps: undefined,
  retries: { most: 0, backOffNs: 0 },
  setUpNs: { short: 0, point: 0, long: 0 },
  hasSetUp: false,
  unsaid: {},
  secondHand: [],
} as const satisfies Omit<Limits, 'name'>;

/** Only KubeVirt watches progress: a time-out of it brings its manager, and, in a preset, its unit of memory. */
function brought(field: string): Partial<Limits> {
  if (field === 'timeoutPerGib') return { hasTimeout: true };
  if (field === 'timeout') return { hasTimeout: true, timeoutPer: 'move' };
  if (field !== 'progressTimeout') return {};
  return { manager: 'kubevirt', countsAs: 'kubevirt' };
}

type OwnLimits = Exclude<GivenLimits, string>;

/** Each limit that a question may give: as it is written there, in its preset, and which number each comes to. */
const FIELDS: readonly {
  readonly field: Exclude<keyof OwnLimits, 'preset'>;
  readonly limit: keyof typeof NOTHING_GIVEN;
  readonly own: readonly [written: number | string, number: number];
  readonly preset: readonly [written: number | string, number: number];
}[] = [
  { field: 'atOnce', limit: 'fleet', own: [5, 5], preset: [7, 7] },
  { field: 'outboundPerHost', limit: 'outboundPerHost', own: [2, 2], preset: [3, 3] },
  { field: 'inboundPerHost', limit: 'inboundPerHost', own: [1, 1], preset: [4, 4] },
  { field: 'perPf', limit: 'perPf', own: [1, 1], preset: [2, 2] },
  {
    field: 'bytesPerSecondPerMove',
    limit: 'bytesPerSecondPerMove',
    own: ['1GiB', GIB],
    preset: [125_000_000, 125_000_000],
  },
  { field: 'timeoutPerGib', limit: 'timeoutNsPerUnit', own: ['10s', 10 * NS_PER_S], preset: ['2min', 120 * NS_PER_S] },
  { field: 'timeout', limit: 'timeoutNsPerUnit', own: ['1h', 3600 * NS_PER_S], preset: ['2min', 120 * NS_PER_S] },
  { field: 'progressTimeout', limit: 'progressTimeoutNs', own: ['20s', 20 * NS_PER_S], preset: ['500ms', 5e8] },
];

function presetWith(fields: object): ReadonlyMap<string, LimitsPreset> {
  const preset = limitsPresetSchema.parse({ format: 'stopcopy-limits', version: 1, id: 'p', title: 'p', ...fields });
  return new Map([['p', preset]]);
}

function given(fields: object): GivenLimits {
  return limitsSchema.parse(fields);
}

describe('a limit', () => {
  test('of every field that a question or a preset may give is among those checked here', () => {
    const fields = FIELDS.map(({ field }) => field);
    expect(Object.keys(limitsSchema.options[1].shape).toSorted()).toEqual(
      ['preset', 'retries', 'setUp', ...fields].toSorted(),
    );
    const head = ['format', 'version', 'id', 'title', 'asOf'];
    const ofPresetAlone = ['retries', 'setUp', 'downtimeLimit', 'steps', 'manager', 'vmm'];
    const ofPreset = [...head, ...ofPresetAlone, ...fields];
    expect(Object.keys(limitsPresetSchema.shape).toSorted()).toEqual(ofPreset.toSorted());
  });

  test('that nobody gives is none, and a move is given up after 800 s for each GiB', () => {
    expect(limitsOf(undefined, new Map())).toEqual({ name: 'own limits', ...NOTHING_GIVEN });
    expect(limitsOf('p', presetWith({}))).toEqual({ name: 'p', ...NOTHING_GIVEN });
  });

  describe.each(FIELDS)('$field', ({ field, limit, own, preset }) => {
    const inPreset = presetWith({ [field]: { value: preset[0], source: 'a page' } });

    test("is the question's own, and no other limit changes", () => {
      expect(limitsOf(given({ [field]: own[0] }), new Map())).toEqual({
        name: 'own limits',
        ...NOTHING_GIVEN,
        ...brought(field),
        [limit]: own[1],
      });
    });

    test("is the preset's where the question gives none", () => {
      const expected = { name: 'p', ...NOTHING_GIVEN, ...brought(field), [limit]: preset[1] };
      expect(limitsOf('p', inPreset)).toEqual(expected);
      expect(limitsOf(given({ preset: 'p' }), inPreset)).toEqual(expected);
    });

    test("is the question's own where both give one", () => {
      const both = given({ preset: 'p', [field]: own[0] });
      expect(limitsOf(both, inPreset)).toEqual({ name: 'p', ...NOTHING_GIVEN, ...brought(field), [limit]: own[1] });
    });
  });

  test('of the downtime, and that it rises as that of Nova, comes from the preset', () => {
    const preset = presetWith({
      downtimeLimit: { value: '70ms', source: 'a page' },
      steps: { value: 'nova', source: 'a page' },
    });
    expect(limitsOf('p', preset)).toEqual({
      name: 'p',
      ...NOTHING_GIVEN,
      downtimeLimitNs: 70 * NS_PER_MS,
      steps: 'nova',
    });
  });
});

/**
 * Two hosts are emptied, each of 6 VMs on 3 PFs, and two receive. Links carry far more than all streams together, so that
 * moves do not slow one another: every move takes as long as one alone, T, and 12 VMs with `n` at once take 12 / n times T.
 */
const FLEET = {
  hosts: 2,
  racks: 2,
  hostsPerRack: 2,
  vmsPerHost: 6,
  pfsPerHost: 3,
} as const;

interface Guest {
  readonly memory: string;
  readonly pagesPerSecond: number;
  readonly workingSet: string;
}

const QUIET: Guest = { memory: '1GiB', pagesPerSecond: 0, workingSet: '64MiB' };
/** It writes all of its memory again faster than any stream carries it: as much is left after every iteration. */
const NEVER: Guest = { memory: '4GiB', pagesPerSecond: 50_000_000, workingSet: '4GiB' };

function emptied(limits: object | string, preset: ReadonlyMap<string, LimitsPreset>, guest: Guest): EvacuationResult {
  const { memory, pagesPerSecond, workingSet } = guest;
  const vm = {
    vmm: 'qemu',
    vcpus: 4,
    memory: { size: memory, nonZeroShare: 1, dirty: { kind: 'uniform', pagesPerSecond, workingSet } },
    stream: { gigabitsPerSecond: 25 },
  };
  const question = questionSchema.parse({
    format: 'stopcopy-question',
    version: 1,
    name: 'limits',
    description: 'limits of an evacuation',
    ask: 'evacuate',
    hosts: FLEET.hosts,
    fleet: {
      racks: FLEET.racks,
      hostsPerRack: FLEET.hostsPerRack,
      pfsPerHost: FLEET.pfsPerHost,
      hostGigabitsPerSecond: 100_000,
      vms: [{ name: 'vm', perHost: FLEET.vmsPerHost, vm }],
    },
    limits,
  }) as QuestionOf<'evacuate'>;
  const plan = new FleetPlan(question, new VmTrials(new Map(), 'test'), limitsOf(question.limits, preset));
  return evacuate(plan.input('point'));
}

describe('each limit has its effect on an evacuation, wherever it is given', () => {
  const alone = emptied({ atOnce: 1 }, new Map(), QUIET).endNs[0]!;
  const free = emptied({}, new Map(), QUIET);

  test('without any, all VMs move at once', () => {
    expect(free.atOnce).toBe(12);
    expect(free.totalNs / alone).toBeCloseTo(1, 6);
  });

  /** So many at once, and in how many turns 12 VMs then move. */
  const CONCURRENT = [
    // Five, five and two.
    { field: 'atOnce', value: 5, other: 1, atOnce: 5, turns: 3 },
    // Moves of each of the two hosts that are emptied.
    { field: 'outboundPerHost', value: 2, other: 1, atOnce: 4, turns: 3 },
    // Into each of the two hosts that receive.
    { field: 'inboundPerHost', value: 1, other: 6, atOnce: 2, turns: 6 },
    // On each of the three PFs of two hosts, each of which has two VMs.
    { field: 'perPf', value: 1, other: 2, atOnce: 6, turns: 2 },
  ] as const;
  describe.each(CONCURRENT)('$field', ({ field, value, other, atOnce, turns }) => {
    const otherPreset = presetWith({ [field]: { value: other, source: 'a page' } });
    test.each([
      ["the question's own", { [field]: value }, new Map()],
      ["its preset's", 'p', presetWith({ [field]: { value, source: 'a page' } })],
      ["the question's own over its preset's", { preset: 'p', [field]: value }, otherPreset],
    ] as const)('%s: so many at once, in as many turns as that takes', (_, limits, preset) => {
      const result = emptied(limits, preset, QUIET);
      expect([...result.fate].every((each) => each === FATE.moved)).toBe(true);
      expect(result.atOnce).toBe(atOnce);
      expect(result.totalNs / alone).toBeCloseTo(turns, 6);
    });
  });

  type Written = readonly [limits: object | string, preset: ReadonlyMap<string, LimitsPreset>];
  const SOURCES: readonly (readonly [string, (field: string, value: string) => Written])[] = [
    ["the question's own", (field, value) => [{ [field]: value }, new Map()]],
    ["its preset's", (field, value) => ['p', presetWith({ [field]: { value, source: 'a page' } })]],
  ];
  describe.each(SOURCES)('%s', (_, written) => {
    const run = (field: string, value: string, guest: Guest): EvacuationResult =>
      emptied(...written(field, value), guest);

    test('bytesPerSecondPerMove: 1 GiB at 64 MiB per second takes 16 s and what frames its pages', () => {
      const { totalNs } = run('bytesPerSecondPerMove', '64MiB', QUIET);
      expect(totalNs / NS_PER_S).toBeGreaterThanOrEqual(16);
      expect(totalNs / NS_PER_S).toBeLessThan(17);
    });

    test('timeoutPerGib: of a VM of 4 GiB after 4 times as long, to the ns', () => {
      const { fate, endNs } = run('timeoutPerGib', '10s', NEVER);
      expect([...fate].every((each) => each === FATE.timeout)).toBe(true);
      expect(new Set(endNs)).toEqual(new Set([40 * NS_PER_S]));
    });

    test('progressTimeout: at a poll at which no less remains than at the one before, for so long', () => {
      const { fate, endNs } = run('progressTimeout', '300ms', NEVER);
      expect([...fate].every((each) => each === FATE.noProgress)).toBe(true);
      // The first iteration is over at about four times the move of 1 GiB, of which a part does not grow; the poll after it sees all memory dirty.
      const pollNs = 400 * NS_PER_MS;
      for (const ns of endNs) {
        expect(ns / pollNs).toBeCloseTo(Math.round(ns / pollNs), 6);
        expect(ns).toBeGreaterThanOrEqual(alone * 3.3);
        expect(ns).toBeLessThan(alone * 4.1 + pollNs);
      }
    });

    test('progressTimeout: a guest that writes all again lets remaining memory fall within each iteration', () => {
      const { fate } = run('progressTimeout', '20s', NEVER);
      expect([...fate].every((each) => each === FATE.timeout)).toBe(true);
    });
  });

  test('downtimeLimit of a preset: VMs are stopped under it', () => {
    const preset = presetWith({ downtimeLimit: { value: '70ms', source: 'a page' } });
    expect(new Set(emptied('p', preset, QUIET).limitNs)).toEqual(new Set([70 * NS_PER_MS]));
  });

  test('steps of a preset: the first of the ten steps of Nova allows a tenth of its 500 ms', () => {
    const preset = presetWith({ steps: { value: 'nova', source: 'a page' } });
    expect(new Set(emptied('p', preset, QUIET).limitNs)).toEqual(new Set([50 * NS_PER_MS]));
  });
});
