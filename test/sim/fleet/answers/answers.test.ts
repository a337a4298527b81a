/**
 * Numbers, constraints and words of answers: that all of them say the same, for every kind of question, with an answer
 * and without one.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readProfile } from '../../../../bench/io/profiles.ts';
import { readQuestion } from '../../../../bench/studies/plan/read-question.ts';
import { NS_PER_MS, NS_PER_S } from '../../../../sim/base/units.ts';
import { answer } from '../../../../sim/fleet/answer.ts';
import type { Answer } from '../../../../sim/fleet/answers/answer-parts.ts';
import { type ConstraintRow, rowStates, verdictStates } from '../../../../sim/fleet/answers/constraints.ts';
import { evacuateConstraints } from '../../../../sim/fleet/answers/evacuate/constraints.ts';
import type { EvacuateNumbers } from '../../../../sim/fleet/answers/evacuate/numbers.ts';
import { evacuateWords } from '../../../../sim/fleet/answers/evacuate/words.ts';
import { bindingSentence, findingPhrase, formatLong, usedPhrase } from '../../../../sim/fleet/answers/phrases.ts';
import { type ConstraintUse, constraintName } from '../../../../sim/fleet/constraint.ts';
import type { Outcome } from '../../../../sim/fleet/fleet-plan.ts';
import { type Question, questionSchema } from '../../../../sim/fleet/question.ts';
import type { VmVerdict } from '../../../../sim/fleet/vm-verdict.ts';
import { shipped } from '../fixture.ts';
import { stating } from '../../../stating.ts';

const most = shipped('vfs-per-vm', 'most');
const least = shipped('link', 'least');
const atOnce = shipped('moves-per-host', 'at-once');
const overPf = shipped('moves-over-pf', 'at-once');
const converge = shipped('converge-nova', 'converge');
const evacuation = shipped('empty-host', 'evacuate');
const room = shipped('room', 'room');
const compare = shipped('generations', 'compare');

const tiny = { pause: NS_PER_MS, judge: 'long' } as const;
const { limits: _, ...plain } = converge;
const short = { ...plain.vm.convergence, downtimeLimit: NS_PER_MS, timeout: 300 * NS_PER_S };
const flood = { kind: 'uniform', pagesPerSecond: 9_000_000, workingSet: 12 * 1024 ** 3 } as const;

/** A fleet whose hosts, and the streams of its VMs, have that many Gbit/s. */
function slowFleet(fleet: typeof evacuation.fleet, gigabitsPerSecond: number): typeof evacuation.fleet {
  const vms = fleet.vms.map((group) => ({
    ...group,
    vm: { ...group.vm, stream: { ...group.vm.stream, gigabitsPerSecond } },
  }));
  return { ...fleet, hostGigabitsPerSecond: gigabitsPerSecond, vms };
}

const QUESTIONS: readonly (readonly [name: string, question: Question, feasible: boolean])[] = [
  ['most', most, true],
  ['most within 1 ms', { ...most, budget: tiny }, false],
  ['least', least, true],
  ['least within 1 ms', { ...least, budget: tiny }, false],
  ['at-once over a host', atOnce, true],
  ['at-once over a host within 1 ms', { ...atOnce, budget: tiny }, false],
  ['at-once over a PF', overPf, true],
  ['at-once over a PF within 1 ms', { ...overPf, budget: tiny }, false],
  ['converge', converge, true],
  ['converge with a limit that is too low', { ...plain, vm: { ...plain.vm, convergence: short } }, false],
  [
    'converge whatever the limit',
    { ...plain, vm: { ...plain.vm, convergence: short, memory: { ...plain.vm.memory, dirty: flood } } },
    false,
  ],
  ['evacuate', evacuation, true],
  ['evacuate in time', { ...evacuation, within: 120 * NS_PER_S }, true],
  ['evacuate too late', { ...evacuation, within: 30 * NS_PER_S }, false],
  ['evacuate within 1 ms', { ...evacuation, budget: tiny }, false],
  [
    'evacuate without room',
    { ...evacuation, fleet: { ...evacuation.fleet, room: { ...evacuation.fleet.room, vfs: 0 } } },
    false,
  ],
  [
    'evacuate over a slow link',
    { ...evacuation, limits: { outboundPerHost: 15 }, fleet: slowFleet(evacuation.fleet, 2) },
    false,
  ],
  ['room', room, true],
  ['room without VFs', { ...room, hosts: room.hosts.map((host) => ({ ...host, freeVfs: 0 })) }, false],
  ['compare', compare, true],
  ['compare within 1 ms', { ...compare, budget: tiny }, false],
];

test('every kind of question is asked here, with an answer and without one', () => {
  const kinds = questionSchema.options.map(({ shape }) => shape.ask.value);
  for (const feasible of [true, false]) {
    const asked = QUESTIONS.filter(([, , holds]) => holds === feasible).map(([, { ask }]) => ask);
    expect([...new Set(asked)].toSorted()).toEqual(kinds.toSorted());
  }
});

/** Everything of an answer that is words. */
function wordsOf({ sentences, nearest, proof, relaxing, constraints, methods, tables }: Answer): readonly string[] {
  return [
    ...sentences,
    ...(nearest === null ? [] : [nearest]),
    ...proof.map(({ finding }) => finding),
    ...relaxing.map(({ change }) => change),
    ...constraints.map(({ name }) => name),
    ...methods.map(({ figure }) => figure),
    ...tables.flatMap(({ title, columns, rows }) => [
      title,
      ...columns.map(({ name }) => name),
      ...rows.flat().filter((cell) => typeof cell === 'string'),
    ]),
  ];
}

describe('an answer', () => {
  const answers = QUESTIONS.map(([name, question, feasible]) => {
    const { files } = readQuestion(question.name);
    const given = answer(question, files, 'test', { tornado: false, verify: false });
    return { name, ask: question.ask, feasible, given };
  });

  test.each(answers)('is there or not in each of its parts: $name', ({ feasible, given }) => {
    const binding = given.constraints.filter(({ binds }) => binds);
    expect(given.feasible).toBe(feasible);
    expect(given.value === null).toBe(!feasible);
    expect(given.nearest === null).toBe(feasible);
    expect(feasible || binding.length > 0).toBe(true);
  });

  test.each(answers)('says sentences of what there is: $name', ({ given }) => {
    for (const sentence of [...given.sentences, given.nearest ?? '.']) expect(sentence).toMatch(/\.$/);
    for (const words of wordsOf(given)) expect(words).not.toMatch(/undefined|NaN|null|\[object|Infinity/);
  });

  const COUNTED: ReadonlySet<Question['ask']> = new Set(['most', 'least', 'at-once', 'converge']);
  const counts = answers.filter(({ ask, feasible }) => feasible && COUNTED.has(ask));
  test.each(counts)('has a proof that its number holds: $name', ({ given }) => {
    expect(given.proof).toContainEqual(expect.objectContaining({ at: given.value, holds: true }));
  });
});

describe('what must hold', () => {
  const pause = (used: number): ConstraintUse => ({ id: 'pause', used, limit: 300, broken: used > 300 });
  const vfs = (used: number): ConstraintUse => ({ id: 'vfsOfPf', used, limit: 63, broken: used > 63 });
  const verdict = (...uses: ConstraintUse[]): VmVerdict => ({
    holds: uses.every(({ broken }) => !broken),
    uses,
    trial: null,
    methods: null,
  });

  test('is the binding one where it is broken one step further, whatever else is used', () => {
    expect(verdictStates(verdict(vfs(2), pause(299)), verdict(vfs(3), pause(301)))).toEqual([
      { name: 'VFs of one PF', unit: '', limit: 63, used: 2, next: 3, binds: false },
      { name: 'pause budget', unit: 'ns', limit: 300, used: 299, next: 301, binds: true },
    ]);
  });

  test('appears when only the step further meets it, and has no step further at the end', () => {
    const endless: ConstraintUse = { id: 'guestWrites', used: 5, limit: 4, broken: true };
    const [, added] = verdictStates(verdict(pause(1)), verdict(endless));
    expect(added).toMatchObject({ unit: 'B/s', used: null, next: 5, binds: true });
    expect(verdictStates(verdict(pause(1)), null)).toEqual([
      { name: 'pause budget', unit: 'ns', limit: 300, used: 1, next: null, binds: false },
    ]);
  });

  test('is one row, whichever of several devices used it first', () => {
    expect(verdictStates(verdict(vfs(2), vfs(9)), verdict(vfs(3), vfs(64)))).toEqual([
      { name: 'VFs of one PF', unit: '', limit: 63, used: 2, next: 3, binds: false },
    ]);
  });

  test('of a table appears where it applies', () => {
    const rows: readonly ConstraintRow<number>[] = [
      { name: 'a', unit: 'ns', limit: () => 1, used: (n) => n, binds: (n) => n > 1 },
      {
        name: 'b',
        unit: '',
        limit: () => 2,
        used: () => null,
        next: (n) => n,
        binds: () => true,
        applies: (n) => n > 5,
      },
    ];
    expect(rowStates(rows, 3)).toEqual([{ name: 'a', unit: 'ns', limit: 1, used: 3, next: null, binds: true }]);
    expect(rowStates(rows, 6).at(-1)).toEqual({ name: 'b', unit: '', limit: 2, used: null, next: 6, binds: true });
  });

  test('is named with what it depends on', () => {
    expect(constraintName({ id: 'movesOutOfHost', detail: 'nova' })).toMatch(
      stating('at once', 'out of a host', 'nova'),
    );
    expect(constraintName({ id: 'driverCalls', detail: 'stop fails with EINVAL' })).toMatch(
      stating('driver calls', 'stop', 'EINVAL'),
    );
    expect(constraintName({ id: 'devicesWithoutP2p', detail: 'QEMU' })).toContain('QEMU');
  });
});

describe('phrases', () => {
  test.each([
    [599 * NS_PER_S, '599 s'],
    [600 * NS_PER_S, '10.0 min'],
    [2 * 3600 * NS_PER_S, '2.00 h'],
    [48 * 3600 * NS_PER_S, '2.00 days'],
    [Infinity, 'Infinity'],
  ])('%d ns is %s', (ns, text) => {
    expect(formatLong(ns)).toBe(text);
  });

  test('of the binding constraint: used and allowed here, needed one further', () => {
    const state = { name: 'pause budget', unit: 'ns', limit: 3e8, used: 2e8, next: 4e8, binds: true };
    expect(bindingSentence([state])).toMatch(stating('pause budget', '200 ms of 300 ms', 'one further', '400 ms'));
    expect(bindingSentence([{ ...state, used: null }])).toMatch(
      stating('pause budget', 'one further', '400 ms', '300 ms'),
    );
    expect(bindingSentence([{ ...state, unit: 'VFs', used: 63, limit: 63, next: null }])).toMatch(
      stating('pause budget', '63 VFs of 63 VFs'),
    );
  });

  test('of what is used: never the number of the limit, unless it is that', () => {
    const limits = fc.constantFrom(150e6, 150.04e6, 999.96e6, 3e8, 1234e6, 1.5e9, 2000.4e9);
    // Sums in another order are apart by less than 1e-9; beyond twice that, what is used differs.
    const apart = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 8 }), fc.constantFrom(1, -1));
    const numbersOf = (text: string): readonly string[] =>
      text.split(' of ').map((part) => part.replace(/^[\d.]+/, (digits) => String(Number(digits))));
    fc.assert(
      fc.property(limits, apart, fc.constantFrom('ns', 'B', 'B/s'), (limit, [digit, power, sign], unit) => {
        const near = limit * (1 + sign * digit * 10 ** -power);
        for (const [used, allowed] of [
          numbersOf(usedPhrase(near, limit, unit)),
          numbersOf(usedPhrase(limit, near, unit)),
        ]) {
          expect(used).not.toBe(allowed);
        }
        expect(new Set(numbersOf(usedPhrase(limit, limit, unit))).size).toBe(1);
      }),
      { numRuns: 500, seed: 20 },
    );
    expect(usedPhrase(150.02e6, 150e6, 'ns')).toBe('150.02 ms of 150 ms');
  });

  test('of a finding: the last of what holds, the first of what is broken', () => {
    const pause: ConstraintUse = { id: 'pause', used: 2e8, limit: 3e8, broken: false };
    const vfs: ConstraintUse = { id: 'vfsOfPf', used: 64, limit: 63, broken: true };
    expect(
      findingPhrase({ holds: true, uses: [{ ...vfs, used: 1, broken: false }, pause], trial: null, methods: null }),
    ).toBe('pause budget: 200 ms of 300 ms');
    expect(findingPhrase({ holds: false, uses: [pause, vfs], trial: null, methods: null })).toBe(
      'VFs of one PF: 64 of 63',
    );
  });
});

describe('an evacuation is described by its record alone', () => {
  const outcome: Outcome = {
    totalNs: 100 * NS_PER_S,
    moved: 10,
    forced: 0,
    timeout: 0,
    noProgress: 0,
    stall: 0,
    switchover: 0,
    iterations: 0,
    noRoom: 0,
    lacking: { room: 0, apart: 0, reserve: 0 },
    keptApart: [],
    hostsEmptied: 2,
    blockers: { none: 0, 'first pass': 0, 'device state': 0, 'guest writes': 0, 'more iterations': 0, pause: 0 },
    meanHostNs: 90 * NS_PER_S,
    pauseP50Ns: 200 * NS_PER_MS,
    pauseP99Ns: 300 * NS_PER_MS,
    pauseMaxNs: 310 * NS_PER_MS,
    overBudget: 0,
    retries: 0,
    sentBytes: 1e9,
    atOnce: 4,
    vmsPerHour: 360,
  };
  const numbers: EvacuateNumbers = {
    value: outcome.totalNs,
    unit: 'ns',
    band: { short: 90 * NS_PER_S, point: 100 * NS_PER_S, long: 110 * NS_PER_S },
    interval: {
      low: 95 * NS_PER_S,
      median: 100 * NS_PER_S,
      high: 105 * NS_PER_S,
      draws: 200,
      seed: 1,
      played: 3,
      answered: 3,
      holding: null,
    },
    tornado: null,
    hosts: 2,
    vms: 10,
    staying: [],
    limits: 'nova',
    budgetNs: 500 * NS_PER_MS,
    withinNs: Infinity,
    timeoutNs: 800 * NS_PER_S,
    timeoutPer: 'GiB',
    hasTimeout: true,
    hasSetUp: true,
    windows: null,
    maintenance: null,
    reserve: null,
    hasGroups: false,
    classTables: [],
    dayTables: [],
    anyOrder: null,
    secondHand: [],
    usedTimeoutNs: 20 * NS_PER_S,
    progressTimeoutNs: Infinity,
    outcomes: {
      short: { ...outcome, totalNs: 90 * NS_PER_S },
      point: outcome,
      long: { ...outcome, totalNs: 110 * NS_PER_S },
    },
    judgedEnd: 'long',
    bounds: [
      { name: 'the spine', ns: 80 * NS_PER_S },
      { name: 'one move', ns: 20 * NS_PER_S },
    ],
    problems: [],
    tried: [],
    relaxing: [],
    orders: [],
    nearest: null,
  };

  test('with its time, its band and the binding constraint', () => {
    expect(evacuateWords(numbers).sentences).toEqual([
      expect.stringMatching(
        stating('2 hosts', '10 VMs', '100 s', '95.0 s to 105 s', 'nova', 'p50 200 ms', 'p99 300 ms'),
      ),
      'Binding constraint: the spine. It alone takes 80.0 s, 80.0 % of the whole; next is one move with 20.0 s.',
    ]);
    const binding = evacuateConstraints(numbers).filter(({ binds }) => binds);
    expect(binding.map(({ name }) => name)).toEqual(['the spine']);
  });

  test.each([
    [{ kind: 'no room', vms: 3 }, 'The room on the other hosts cannot be kept: 3 VMs find none.'],
    [
      { kind: 'given up', vms: 4, hostsLeft: 1 },
      'In the high corner, 4 VMs stay where they are, and 1 of 2 hosts is not empty.',
    ],
    [{ kind: 'late', totalNs: 110 * NS_PER_S }, 'It takes 110 s, and must be done in 60.0 s.'],
    [{ kind: 'over budget', vms: 5 }, '5 VMs are paused for longer than 500 ms.'],
  ] as const)('with its problem: %o', (problem, sentence) => {
    const { sentences } = evacuateWords({ ...numbers, withinNs: 60 * NS_PER_S, problems: [problem] });
    expect(sentences.at(-1)).toBe(sentence);
  });

  test.each([
    [{ kind: 'emptied with the room', hosts: 1 }, 'The nearest: 1 host can be emptied with that room.'],
    [
      { kind: 'fewer at once', outboundPerHost: 2, totalNs: 200 * NS_PER_S },
      'The nearest: 2 at once out of a host; all VMs then move, in 200 s.',
    ],
    [
      { kind: 'longer time-out', timeoutNs: 25 * NS_PER_S, totalNs: 200 * NS_PER_S },
      'The nearest: a time-out of 25.0 s per GiB, the least that would do; all VMs then move, in 200 s.',
    ],
    [
      { kind: 'neither', hosts: 1 },
      'The nearest: 1 host is emptied; neither fewer moves at once out of a host nor a longer time-out lets the other VMs move.',
    ],
    [
      { kind: 'as it is', totalNs: 100 * NS_PER_S, pauseMaxNs: 310 * NS_PER_MS },
      'The nearest: 100 s, with pauses of up to 310 ms.',
    ],
  ] as const)('with the nearest: %o', (nearest, sentence) => {
    expect(evacuateWords({ ...numbers, nearest }).nearest).toBe(sentence);
  });

  test('where moves were given up, what was recorded limits and no link does', () => {
    const blockers = { ...outcome.blockers, 'guest writes': 2, pause: 1 };
    const stuck = { ...outcome, moved: 7, timeout: 2, noProgress: 1, blockers };
    const crowded = {
      ...numbers,
      outcomes: { ...numbers.outcomes, long: stuck },
      bounds: [],
      progressTimeoutNs: 150 * NS_PER_S,
    };
    expect(evacuateWords(crowded).sentences[1]).toBe(
      'In the high corner, 3 moves are given up: 2 by the time-out of 800 s per GiB, 1 since ' +
        'remaining memory did not fall for 150 s; 2 with memory that is made dirty as fast as it is sent, 1 in their pause.',
    );
    const binding = evacuateConstraints(crowded).filter(({ binds }) => binds);
    expect(binding).toMatchObject([
      { name: 'VMs that are given up', used: 3, limit: 0 },
      { name: 'time-out of a move, per GiB', used: 20 * NS_PER_S, limit: 800 * NS_PER_S },
    ]);
  });
});

test('where no pause budget helps, the downtime limit that does is named, and holds when it is asked for', () => {
  const asked = (limit: string, pause: string): Answer => {
    const question = questionSchema.parse({
      format: 'stopcopy-question',
      version: 2,
      name: 'q',
      description: 'q',
      ask: 'least',
      of: 'gigabitsPerSecond',
      assume: { dirtyTracking: true },
      budget: { pause },
      vm: {
        vcpus: 4,
        memory: { size: '4GiB' },
        stream: { gigabitsPerSecond: 10 },
        convergence: { downtimeLimit: limit, timeout: '10min' },
        devices: [{ profile: 'connectx7-vf' }],
      },
    });
    const files = { profiles: new Map([['connectx7-vf', readProfile('connectx7-vf')]]), presets: new Map() };
    return answer(question, { ...files, topologies: new Map() }, 'x', { verify: false, tornado: false });
  };
  const { nearest } = asked('10us', '300ms');
  const found =
    /^The nearest that holds: 10 Gbit\/s with a downtime limit of (\S+) (\S+) and a budget of (\S+) (\S+)\.$/.exec(
      nearest!,
    );
  const [, limit, limitUnit, budget, budgetUnit] = found ?? [];
  const then = asked(`${limit}${limitUnit}`, `${budget}${budgetUnit}`);
  expect(then.feasible).toBe(true);
  expect(then.value).toBeLessThanOrEqual(10);
});
