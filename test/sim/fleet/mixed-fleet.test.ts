/**
 * Fleets whose hosts differ, room that stays free, and VMs that must not share a host.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { presets } from '../../../bench/studies/plan/read-question.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import type { EvacuationResult } from '../../../sim/fleet/evacuation-terms.ts';
import { FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { FleetPlan } from '../../../sim/fleet/fleet-plan.ts';
import { limitsOf } from '../../../sim/fleet/limits.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';
import { reserveRoom } from '../../../sim/fleet/reserve.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { effort } from '../../effort.ts';
import { stating } from '../../stating.ts';

type Fields = Readonly<Record<string, unknown>>;

const vmOf = (gib: number, gigabits = 25): Fields => ({
  vcpus: 4,
  memory: { size: `${gib}GiB` },
  stream: { gigabitsPerSecond: gigabits },
});

/** Two hosts of each of three classes; two VMs on each. */
const FLEET: Fields = {
  racks: 1,
  hostsPerRack: 6,
  hostGigabitsPerSecond: 25,
  room: { memory: '64GiB', vcpus: 64 },
  hostClasses: [
    { name: 'a', hosts: 2 },
    { name: 'b', hosts: 2 },
    { name: 'c', hosts: 2 },
  ],
  vms: [{ name: 'guest', perHost: 2, vm: vmOf(8) }],
};

function questionOf(fleet: Fields, head: Fields = {}) {
  return questionSchema.parse({
    format: 'stopcopy-question',
    version: 2,
    name: 'q',
    description: 'q',
    ask: 'evacuate',
    hosts: 2,
    budget: { pause: '2s' },
    ...head,
    fleet: { ...FLEET, ...fleet },
  });
}

const FILES = { profiles: new Map(), presets: presets(), topologies: new Map() };

function asked(fleet: Fields, head: Fields = {}) {
  return answer(questionOf(fleet, head), FILES, 'q.yaml', { tornado: false });
}

function planOf(fleet: Fields, head: Fields): FleetPlan {
  const question = questionOf(fleet, head);
  if (question.ask !== 'evacuate') throw new Error(question.ask);
  const limits = limitsOf(question.limits, FILES.presets);
  return new FleetPlan(question, new VmTrials(FILES.profiles, 'q.yaml'), limits);
}

function played(fleet: Fields, head: Fields = {}): EvacuationResult {
  return planOf(fleet, head).play('point');
}

/** A class of hosts with other words, in place of the first or the second. */
const classes = (a: Fields, b: Fields = {}, c: Fields = {}): Fields => ({
  hostClasses: [
    { name: 'a', hosts: 2, ...a },
    { name: 'b', hosts: 2, ...b },
    { name: 'c', hosts: 2, ...c },
  ],
});

const targets = ({ targetOf }: EvacuationResult): number[] => [...targetOf].toSorted((x, y) => x - y);

describe('classes that say what the fleet says', () => {
  test.each<[string, Fields]>([
    ['of which one is emptied', { hosts: 2 }],
    ['of which two are', { hosts: 3, limits: 'nova' }],
    ['that are maintained', { hosts: 6, maintenance: { restart: '10min' } }],
  ])('change nothing: %s', (_, head) => {
    const { hostClasses: _none, ...alike } = FLEET;
    const one = asked({ hostClasses: undefined, ...alike }, head);
    const three = asked({}, head);
    const { constraints: bounds, tables, ...rest } = three;
    const { constraints, tables: shown, ...same } = one;
    // Classes name hosts, and change nothing else.
    const nameless = (value: unknown): string => JSON.stringify(value).replaceAll(/"hostName":"[^"]+",/g, '');
    expect(nameless(rest)).toBe(nameless(same));
    expect(tables.slice(0, 1)).toEqual(shown.slice(0, 1));
    expect(tables.map(({ title }) => title)).toContain('By classes of hosts, nominal');
    expect(constraints.filter(({ name }) => bounds.some((each) => each.name === name)).length).toBeGreaterThan(3);
  });
});

describe('links', () => {
  const alone = { vms: [{ name: 'guest', perHost: 1, vm: vmOf(8) }] };
  const ofAll = (gigabits: number): number =>
    played(
      {
        hostClasses: undefined,
        hostGigabitsPerSecond: gigabits,
        vms: [{ name: 'guest', perHost: 1, vm: vmOf(8, gigabits) }],
      },
      { hosts: 1 },
    ).totalNs;

  test('a VM of a slower host takes as long as in a fleet of such hosts', () => {
    expect(played({ ...alone, ...classes({ hostGigabitsPerSecond: 5 }) }, { hosts: 1 }).totalNs / ofAll(5)).toBeCloseTo(
      1,
      9,
    );
  });

  test('one that goes to a slower host has no more than that host has', () => {
    const slow = { hostGigabitsPerSecond: 5 };
    const { totalNs } = played({ ...alone, ...classes({ hosts: 1 }, { hosts: 3, ...slow }, slow) }, { hosts: 1 });
    // What does not depend on the link is a thousandth of it.
    expect(totalNs / ofAll(5)).toBeCloseTo(1, 2);
  });

  test('a port for each VM is as good as a port twice as fast for both', () => {
    const one = played(classes({ pfGigabitsPerSecond: 4 }), { hosts: 1 }).totalNs;
    const two = played(classes({ pfsPerHost: 2, pfGigabitsPerSecond: 2 }), { hosts: 1 }).totalNs;
    expect(two / one).toBeCloseTo(1, 2);
    expect(played(classes({ pfsPerHost: 2, pfGigabitsPerSecond: 4 }), { hosts: 1 }).totalNs / one).toBeCloseTo(0.5, 1);
  });

  test('limits of a class hold next to those of the question', () => {
    const one = played(classes({ outboundPerHost: 1 }), { hosts: 1, limits: { outboundPerHost: 2 } });
    expect(one.atOnce).toBe(1);
    expect(played(classes({ outboundPerHost: 3 }), { hosts: 1, limits: { outboundPerHost: 1 } }).atOnce).toBe(1);
    const into = classes({}, { inboundPerHost: 1, hosts: 1 }, { hosts: 3, room: { memory: '0GiB' } });
    expect(played(into, { hosts: 2 }).atOnce).toBe(1);
    expect(played(classes({}, { hosts: 1 }, { hosts: 3, room: { memory: '0GiB' } }), { hosts: 2 }).atOnce).toBe(4);
  });
});

describe('rooms', () => {
  test('VMs go where their class of hosts has room, and where they may run', () => {
    const full = { room: { memory: '4GiB' } };
    expect(targets(played(classes({}, full)))).toEqual([4, 4, 5, 5]);
    expect(targets(played(classes({}, { room: { vcpus: 3 } })))).toEqual([4, 4, 5, 5]);
    const only = (runsOn: readonly string[]): Fields => ({ vms: [{ name: 'guest', perHost: 2, runsOn, vm: vmOf(8) }] });
    expect(targets(played(only(['b'])))).toEqual([2, 2, 3, 3]);
    expect(targets(played({ ...only(['b']), ...classes({}, { room: { memory: '8GiB' } }) }))).toEqual([-1, -1, 2, 3]);
    // In maintenance as well: VMs of c go to c and to a, never to b.
    const { targetOf } = played(only(['a', 'c']), { hosts: 6, maintenance: { restart: '10min' } });
    expect(targetOf.every((host) => host !== 2 && host !== 3)).toBe(true);
  });

  test('each class has its VMs', () => {
    const { vms, sourceOf } = played(classes({ vms: { guest: 5 } }, { vms: { guest: 0 } }), { hosts: 3 });
    expect(vms).toBe(10);
    expect([...new Set(sourceOf)]).toEqual([0, 1]);
  });

  test('a host with a VM that stays is not emptied, and the others are', () => {
    const vms = [
      { name: 'guest', perHost: 2, vm: vmOf(8) },
      { name: 'bound', migratable: false, perHost: 0, vm: vmOf(8) },
    ];
    const given = asked({ vms, ...classes({}, { hosts: 1, vms: { bound: 1 } }, { hosts: 3 }) }, { hosts: 3 });
    expect(given.sentences.join(' ')).toMatch(stating('1 VM of bound stays', 'not migratable'));
    const rows = given.tables.find(({ title }) => title.startsWith('By classes of hosts'))!.rows;
    expect(rows.map(([name, , , toEmpty, emptied]) => [name, toEmpty, emptied])).toEqual([
      ['a', 2, 2],
      ['b', 1, 0],
      ['c', 0, 0],
    ]);
  });
});

test('no bound of a mixed fleet is more than what it takes', () => {
  const sort = fc.record({
    hostGigabitsPerSecond: fc.integer({ min: 5, max: 50 }),
    pfsPerHost: fc.integer({ min: 1, max: 2 }),
    pfGigabitsPerSecond: fc.integer({ min: 5, max: 25 }),
    outboundPerHost: fc.integer({ min: 1, max: 3 }),
    inboundPerHost: fc.integer({ min: 1, max: 3 }),
    vms: fc.record({ guest: fc.integer({ min: 1, max: 3 }) }),
  });
  const head = fc.record({
    hosts: fc.integer({ min: 1, max: 5 }),
    maintenance: fc.option(fc.record({ restart: fc.constant('10s'), hostsAtOnce: fc.integer({ min: 1, max: 2 }) }), {
      nil: undefined,
    }),
  });
  const RUNS = effort(15, 30, 1000);
  let tight = 0;
  fc.assert(
    fc.property(sort, sort, sort, head, (a, b, c, asks) => {
      const plan = planOf({ ...classes(a, b, c), room: { memory: '1TiB' } }, asks);
      const { totalNs } = plan.play('point');
      const [largest] = plan.bounds('point');
      expect(largest!.ns).toBeLessThanOrEqual(totalNs * (1 + 1e-6));
      if (largest!.ns > 0.8 * totalNs) tight += 1;
    }),
    { numRuns: RUNS },
  );
  // Nor are they so low that they say nothing.
  expect(tight).toBeGreaterThan(RUNS / 3);
});

describe('a reserve', () => {
  const host = fc.record({
    held: fc.integer({ min: 0, max: 20 }),
    free: fc.integer({ min: 0, max: 20 }),
  });

  test('is the least with which any so many hosts may fail', () => {
    fc.assert(
      fc.property(fc.array(host, { minLength: 2, maxLength: 6 }), fc.integer({ min: 1, max: 2 }), (hosts, fail) => {
        const whole = hosts.map(({ held, free }) => ({
          memoryBytes: held + free,
          vfs: held + free,
          queues: 0,
          vcpus: 0,
        }));
        const needed = reserveRoom(whole, fail).memoryBytes;
        const free = hosts.reduce((sum, each) => sum + each.free, 0);
        const sets = hosts.flatMap((_, i) =>
          fail === 1 ? [[i]] : hosts.map((__, j) => [i, j]).filter(([x, y]) => x !== y),
        );
        const survives = sets.every((failed) => {
          const held = failed.reduce((sum, index) => sum + hosts[index]!.held, 0);
          const left = hosts.reduce((sum, each, index) => sum + (failed.includes(index) ? 0 : each.free), 0);
          return left >= held;
        });
        expect(free >= needed).toBe(survives);
      }),
      { numRuns: effort(100, 400) },
    );
  });

  test('keeps VMs where they are as soon as one more would use it', () => {
    // 4 hosts receive, with 40 GiB free and 16 GiB held each: 160 GiB free, of which 56 GiB have to stay. 13 VMs of 8 GiB fit.
    const few = { room: { memory: '40GiB' } };
    const vms = (count: number): Fields => ({ ...classes({ ...few, vms: { guest: count } }, few, few) });
    const moved = (count: number, head: Fields): number =>
      played(vms(count), { reserve: 1, ...head }).fate.filter((fate) => fate === FATE.moved).length;
    expect(moved(6, {})).toBe(12);
    expect(moved(7, {})).toBe(13);
    expect(moved(7, { reserve: undefined })).toBe(14);
    const { feasible, sentences, constraints } = asked(vms(7), { reserve: 1 });
    expect(feasible).toBe(false);
    expect(sentences.join(' ')).toContain('The reserve of 1 host keeps 1 VM where it is');
    expect(constraints.find(({ name }) => name === 'VMs that would use the reserve')).toMatchObject({
      used: 1,
      binds: true,
    });
  });

  test('holds in each step of a maintenance', () => {
    // 5 hosts receive 2 VMs of one, and have 80 GiB free: 16 GiB are taken, and 32 GiB have to stay for one of them.
    const head = { hosts: 6, maintenance: { restart: '10min' }, reserve: 1 };
    const room = (gib: number): Fields => ({ hostClasses: undefined, room: { memory: `${gib}GiB` } });
    expect(asked(room(16), head).feasible).toBe(true);
    // Of 45 GiB, 25 GiB stay for one host that fails, which leaves 20 GiB; for two of them, nothing is left.
    expect(asked(room(9), head).feasible).toBe(true);
    expect(asked(room(9), { ...head, reserve: undefined }).feasible).toBe(true);
    const { sentences } = asked(room(9), { ...head, reserve: 2 });
    expect(sentences[0]).toContain('Maintenance stops at host 1 of 6');
    expect(sentences.join(' ')).toContain('The reserve of 2 hosts keeps');
  });
});

describe('VMs that must not share a host', () => {
  const db = (perHost: Fields): Fields => ({
    antiAffinity: [{ vms: ['db'] }],
    vms: [
      { name: 'guest', perHost: 1, vm: vmOf(8) },
      { name: 'db', perHost: 0, vm: vmOf(16) },
    ],
    ...classes({ vms: { db: 1 } }, { hosts: 1, vms: perHost }, { hosts: 3 }),
  });

  test('go to hosts that have none of them', () => {
    const { targetOf, vmClass } = played(db({ db: 1 }));
    const of = [...targetOf].filter((_, vm) => vmClass[vm] === 1);
    expect(of.length).toBe(2);
    expect(new Set(of).size).toBe(2);
    expect(of).not.toContain(2);
  });

  test('wait until a host is there for them in a maintenance, and then move again', () => {
    const { targetOf, sourceOf, vmClass, fate } = played(db({ db: 1 }), {
      hosts: 6,
      maintenance: { restart: '10min' },
    });
    expect(fate.every((each) => each === FATE.moved)).toBe(true);
    const at = new Set([0, 1, 2]);
    for (const [move, kind] of vmClass.entries()) {
      if (kind !== 1) continue;
      expect(at.has(targetOf[move]!)).toBe(false);
      at.delete(sourceOf[move]!);
      at.add(targetOf[move]!);
    }
    expect(at.size).toBe(3);
  });

  test('and those that find no host are named', () => {
    const all = {
      hostClasses: undefined,
      antiAffinity: [{ vms: ['db'] }],
      vms: [{ name: 'db', perHost: 1, vm: vmOf(16) }],
    };
    const { feasible, sentences } = asked(all);
    expect(feasible).toBe(false);
    expect(sentences.join(' ')).toMatch(stating('2 VMs of db', 'no host', 'group'));
    expect(sentences.join(' ')).toMatch(stating('must not share a host'));
    // In groups of three hosts, each of the first group has hosts 4 to 6 to go to.
    const three = { ...all, antiAffinity: [{ vms: ['db'], members: 3 }] };
    expect(asked(three).feasible).toBe(true);
    expect(targets(played(three)).every((host) => host >= 3)).toBe(true);
    // One that stays keeps its host from the others.
    const vms = [
      { name: 'db', perHost: 0, vm: vmOf(16) },
      { name: 'fixed', perHost: 1, migratable: false, vm: vmOf(16) },
    ];
    const fixed = {
      antiAffinity: [{ vms: ['db', 'fixed'] }],
      vms,
      ...classes({ vms: { db: 1, fixed: 0 } }, { vms: { fixed: 0 } }),
    };
    expect(targets(played({ ...fixed }))).toEqual([2, 3]);
  });
});

test.each<[Fields, Fields, string]>([
  [
    { vms: [{ name: 'guest', vm: vmOf(8) }] },
    {},
    'fleet.vms[0].perHost is missing, and fleet.hostClasses[0].vms does not say it',
  ],
  [{ hostClasses: undefined, vms: [{ name: 'guest', vm: vmOf(8) }] }, {}, 'fleet.vms[0].perHost is missing'],
  [classes({ vms: { gast: 1 } }), {}, "fleet.hostClasses[0].vms names 'gast'"],
  [classes({ hostNames: ['x'] }), {}, 'fleet.hostClasses[0].hostNames has 1 name, and the class has 2 hosts'],
  [classes({ hostNames: ['x', 'x'] }), {}, "fleet.hostClasses[0].hostNames names 'x' twice"],
  [{ vms: [{ name: 'guest', perHost: 1, names: { z: ['p'] }, vm: vmOf(8) }] }, {}, "fleet.vms[0].names has 'z'"],
  [
    {
      ...classes({ hostNames: ['x', 'y'] }),
      vms: [{ name: 'guest', perHost: 1, names: { x: ['p', 'q'] }, vm: vmOf(8) }],
    },
    {},
    "fleet.vms[0].names has 2 VMs on 'x', and ",
  ],
  [classes({ hosts: 3 }), {}, 'fleet.hostClasses has 7 hosts, and 1 rack of 6 have 6'],
  [classes({ name: 'b' }), {}, "fleet.hostClasses[1].name is 'b' as that of another"],
  [{ vms: [FLEET['vms'], FLEET['vms']].flat() }, {}, "fleet.vms[1].name is 'guest' as that of another"],
  [{ vms: [{ name: 'guest', perHost: 1, runsOn: ['z'], vm: vmOf(8) }] }, {}, "fleet.vms[0].runsOn names 'z'"],
  [
    { hostClasses: undefined, vms: [{ name: 'guest', perHost: 1, runsOn: ['a'], vm: vmOf(8) }] },
    {},
    'fleet.vms[0].runsOn is given, and fleet.hostClasses is not',
  ],
  [{ antiAffinity: [{ vms: ['gast'] }] }, {}, "fleet.antiAffinity[0].vms names 'gast'"],
  [{ antiAffinity: [{ vms: ['guest'] }] }, {}, 'fleet.antiAffinity[0] is one group, and a host of a has 2 VMs of it'],
  [
    {
      antiAffinity: [
        { vms: ['guest'], members: 2 },
        { vms: ['guest'], members: 3 },
      ],
    },
    {},
    'fleet.antiAffinity[1].vms names guest as another does',
  ],
  [{}, { reserve: 4 }, 'reserve is 4, and 4 hosts take VMs'],
  [{ room: {} }, { reserve: 1 }, 'reserve is given, and fleet.hostClasses[0].room.memory is not'],
  [
    {
      ...classes({ cpu: 'kunpeng-920' }),
      vms: [{ name: 'guest', perHost: 1, vm: { ...vmOf(8), cpu: 'kunpeng-920' } }],
    },
    {},
    'fleet.hostClasses[0].cpu is given, and so is fleet.vms[0].vm.cpu',
  ],
  [
    { ...classes({ hostGigabitsPerSecond: 5 }), otherTraffic: { hostGigabitsPerSecond: 6 } },
    {},
    'fleet.otherTraffic leaves nothing of fleet.hostClasses[0].hostGigabitsPerSecond, which is 5',
  ],
])('%j with %j is refused', (fleet, head, words) => {
  expect(() => asked(fleet, head)).toThrow(`q.yaml: ${words}`);
});
