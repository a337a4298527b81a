/**
 * Every kind of question whose answer is a largest or a least number: what is asked for is played at that number and at
 * the one further, by hand, without anything of the search.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { answerDraws } from '../../../sim/fleet/answer-interval.ts';
import type { Answer } from '../../../sim/fleet/answers/answer-parts.ts';
import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { FleetPlan } from '../../../sim/fleet/fleet-plan.ts';
import { limitsOf } from '../../../sim/fleet/limits.ts';
import { type Question, type QuestionOf, questionSchema, type QuestionVm } from '../../../sim/fleet/question.ts';
import { scenarioOf, VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { compileScenario } from '../../../sim/scenario/compile.ts';
import { ENDS, runScenario } from '../../../sim/scenario/scenario-run.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { GIB } from '../../../sim/base/units.ts';
import { effort } from '../../effort.ts';

const read = ['queues-per-vf', 'load', 'link', 'channels'].map((name) => readQuestion(name).files);
const profiles = new Map(read.flatMap((each) => [...each.profiles]));
const files = { profiles, presets: new Map(), topologies: new Map() };

/** A question, and whether what it asks for holds with a number. */
interface Case {
  readonly question: Question;
  readonly low: number;
  readonly high: number;
  /** 1: the most is asked for; -1: the least. */
  readonly direction: 1 | -1;
  /** Steps for one of the unit. */
  readonly scale?: number;
  readonly holds: (n: number) => boolean;
  /** The number in the answer; left out: its value. */
  readonly numberOf?: (given: Answer) => number | null;
}

/** The longest pause of any VM at any of the ends, register by register; Infinity where one does not move or cannot be. */
function longestPause(vm: QuestionVm, vms: number = 1, ends: readonly RangeEnd[] = ENDS): number {
  try {
    const plan = compileScenario(scenarioOf(vm, profiles, vms), profiles, 'test');
    const all = ends.flatMap((end) => runScenario(plan, end).vms);
    return Math.max(...all.map(({ kind, pauseNs }) => (kind === 'moved' ? pauseNs : Infinity)));
  } catch (error) {
    if (error instanceof UserError) return Infinity;
    throw error;
  }
}

/** Few draws, and a confidence that few can show: with a coin, 5 failures of 20 or fewer come once in 48 times, 6 once in 17. */
const DRAWN = 20;
const CONFIDENCE = 0.5;
const NEEDED = 15;

/**
 * The pause that counts, of any VM: the longest whatever the phase, in so many draws as are needed or nominal; and by how much
 * it is longer where it is played register by register. Infinity where a VM does not move or cannot be.
 */
function surePause(vm: QuestionVm, vms: number = 1, by: 'long' | 'point' = 'long'): number {
  const trials = new VmTrials(profiles, 'test', undefined, answerDraws(DRAWN));
  if (trials.structures(vm, vms).some(({ used, limit }) => used > limit)) return Infinity;
  try {
    const draws = Array.from({ length: trials.unknowns.count }, (_, draw) => trials.bounded(vm, { draw }, vms));
    const nominal = trials.bounded(vm, 'point', vms);
    const pauses = (by === 'point' ? [nominal] : draws).map(({ moved, pauseNs }) => (moved ? pauseNs : Infinity));
    const pauseNs = pauses.toSorted((a, b) => (a === b ? 0 : a - b))[by === 'point' ? 0 : NEEDED - 1]!;
    for (const end of by === 'point' ? (['point'] as const) : (['long', 'point'] as const)) {
      const closed = trials.quick(vm, end, undefined, vms);
      if (closed.moved) return pauseNs + Math.max(0, longestPause(vm, vms, [end]) - closed.pauseNs);
    }
    return pauseNs;
  } catch (error) {
    if (error instanceof UserError) return Infinity;
    throw error;
  }
}

const HEAD = { format: 'stopcopy-question', version: 1, name: 'drawn', description: 'drawn at random' };

/** Asks whose number holds with a confidence. */
const SURE: ReadonlySet<Question['ask']> = new Set(['most', 'least', 'at-once'] as const);

function asked<Ask extends Question['ask']>(ask: Ask, fields: object): QuestionOf<Ask> {
  const confidence = SURE.has(ask) ? { confidence: CONFIDENCE } : {};
  return questionSchema.parse({ ...HEAD, ask, ...confidence, ...fields }) as QuestionOf<Ask>;
}

function drawnVm(change: object): object {
  return {
    vmm: 'cloud-hypervisor',
    assume: { dirtyTracking: true },
    vcpus: 4,
    memory: { size: '1GiB', dirty: { kind: 'uniform', pagesPerSecond: 5000, workingSet: '128MiB' } },
    stream: { gigabitsPerSecond: 25, channels: 2 },
    convergence: { downtimeLimit: '200ms', timeout: '2min' },
    ...change,
  };
}

/** Just what a pause takes, far too little, or ample. */
function budgetOf(pauseNs: number, how: 'just' | 'tiny' | 'ample', judge: 'long' | 'point'): object {
  const ns = how === 'tiny' ? 1e5 : how === 'ample' || !Number.isFinite(pauseNs) ? 20e9 : pauseNs;
  return { budget: { pause: `${ns}ns`, judge } };
}

const judge = fc.constantFrom('long', 'point');
const how = fc.constantFrom('just', 'just', 'just', 'ample', 'tiny');
const endsOf = (by: 'long' | 'point'): readonly RangeEnd[] => (by === 'long' ? ENDS : ['point']);

/** A case of `most` or `least`: a change of the VM by a number, and a number near which the budget is. */
function bound(
  question: (budget: object) => QuestionOf<'most'> | QuestionOf<'least'>,
  range: Pick<Case, 'low' | 'high' | 'direction' | 'scale'>,
  set: (vm: QuestionVm, n: number) => QuestionVm,
  near: number,
  wanted: 'just' | 'tiny' | 'ample',
  by: 'long' | 'point',
): Case {
  const { vm } = question({});
  const given = question(budgetOf(surePause(set(vm, near), 1, by), wanted, by));
  return { question: given, ...range, holds: (n) => surePause(set(vm, n), 1, by) <= given.budget.pause };
}

function withFirst(vm: QuestionVm, change: Partial<QuestionVm['devices'][number]>): QuestionVm {
  return { ...vm, devices: vm.devices.map((each, i) => (i === 0 ? { ...each, ...change } : each)) };
}

const vmm = fc.constantFrom('cloud-hypervisor', 'cloud-hypervisor', 'qemu');
const load = fc.constantFrom('idle', 'half');

/** By the words of a question: its `ask`, and its `of` or `over`. */
const CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  'most vfs': fc
    .tuple(vmm, load, fc.constantFrom(1, 8, 4, 250), fc.integer({ min: 2, max: 4 }), how, judge)
    .map(([by, each, queues, near, wanted, end]) => {
      const vm = drawnVm({ vmm: by, devices: [{ profile: 'acc-sec', queues, load: queues > 8 ? 'idle' : each }] });
      // What 63 VFs of few queues do within ample time takes long to play.
      const enough = wanted === 'ample' && queues <= 8 ? 'just' : wanted;
      const set = (given: QuestionVm, count: number): QuestionVm => withFirst(given, { count });
      const ask = (budget: object) => asked('most', { of: 'vfs', vm, ...budget });
      return bound(ask, { low: 1, high: 128, direction: 1 }, set, near, enough, end);
    }),
  'most queues': fc
    .tuple(
      fc.constantFrom('acc-sec', 'acc-hpre'),
      fc.constantFrom(1, 3, 5),
      fc.integer({ min: 1, max: 40 }),
      how,
      judge,
    )
    .map(([profile, count, near, wanted, end]) => {
      const vm = drawnVm({ devices: [{ profile, count, queues: 1, load: 'idle' }] });
      const set = (given: QuestionVm, queues: number): QuestionVm => withFirst(given, { queues });
      const ask = (budget: object) => asked('most', { of: 'queues', vm, ...budget });
      return bound(ask, { low: 1, high: 1024, direction: 1 }, set, near, wanted, end);
    }),
  'most load': fc
    .tuple(
      fc.constantFrom('acc-hpre', 'acc-sec'),
      fc.constantFrom(1, 4),
      fc.integer({ min: 60, max: 99 }),
      fc.constantFrom('5ms', '8ms', '20ms'),
      how,
      judge,
    )
    .map(([profile, queues, near, taskTime, wanted, end]) => {
      // Tasks that take so long that some still wait when the function is drained.
      const engine = { cores: 2, taskTime };
      const vm = drawnVm({ devices: [{ profile, queues, load: 'half', engine }] });
      const set = (given: QuestionVm, percent: number): QuestionVm =>
        withFirst(given, { load: { kind: 'open', fraction: percent / 100, burst: 1 } });
      const ask = (budget: object) => asked('most', { of: 'load', vm, ...budget });
      return bound(ask, { low: 1, high: 99, direction: 1 }, set, near, wanted, end);
    }),
  'least gigabitsPerSecond': fc
    .tuple(vmm, fc.constantFrom('acc-zip', 'connectx7-vf'), fc.integer({ min: 3, max: 400 }), how, judge)
    .map(([by, profile, near, wanted, end]) => {
      const vm = drawnVm({ vmm: by, devices: [{ profile }] });
      const set = (given: QuestionVm, n: number): QuestionVm => ({
        ...given,
        stream: { ...given.stream, gigabitsPerSecond: n / 10 },
      });
      const ask = (budget: object) => asked('least', { of: 'gigabitsPerSecond', vm, ...budget });
      return bound(ask, { low: 1, high: 8000, direction: -1, scale: 10 }, set, near, wanted, end);
    }),
  'least channels': fc
    .tuple(vmm, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 50_000, max: 600_000 }), how, judge)
    .map(([by, near, pagesPerSecond, wanted, end]) => {
      const dirty = { kind: 'uniform', pagesPerSecond, workingSet: '512MiB' };
      const vm = drawnVm({
        vmm: by,
        memory: { size: '2GiB', dirty },
        stream: { gigabitsPerSecond: 200, channels: 2 },
        devices: [{ profile: 'connectx7-vf' }],
      });
      const set = (given: QuestionVm, channels: number): QuestionVm => ({
        ...given,
        stream: { ...given.stream, channels },
      });
      const ask = (budget: object) => asked('least', { of: 'channels', vm, ...budget });
      return bound(ask, { low: 1, high: 128, direction: -1 }, set, near, wanted, end);
    }),
  'at-once pf': fc
    .tuple(
      fc.constantFrom(1, 4, 250),
      load,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('just', 'just', 'tiny'),
      judge,
    )
    .map(([queues, each, near, wanted, end]): Case => {
      const vm = drawnVm({ devices: [{ profile: 'acc-sec', queues, load: each }] });
      const ask = (budget: object) => asked('at-once', { over: 'pf', vm, ...budget });
      const { vm: own } = ask({});
      const question = ask(budgetOf(surePause(own, near, end), wanted, end));
      const holds = (n: number): boolean => surePause(own, n, end) <= question.budget.pause;
      return { question, low: 1, high: 64, direction: 1, holds };
    }),
  // Guests that write as fast as between `near` and one more of them can be carried.
  'at-once host': fc
    .tuple(vmm, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }), judge)
    .map(([by, near, allowed, end]): Case => {
      const pagesPerSecond = ((25e9 / 8) * 0.94) / (near + 0.5) / 4096;
      const vm = crowdVm(by, pagesPerSecond);
      const question = asked('at-once', {
        over: 'host',
        vm,
        limits: { outboundPerHost: allowed },
        budget: { pause: '20s', judge: end },
      });
      // Alike and begun together, each has its share of the link, as several VMs of one scenario have.
      const holds = (n: number): boolean => n <= allowed && surePause(question.vm, n, end) <= 20e9;
      return { question, low: 1, high: 512, direction: 1, holds };
    }),
  'at-once uplink': fc
    .tuple(vmm, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 30, max: 100 }), judge)
    .map(([by, near, uplink, end]): Case => {
      const pagesPerSecond = ((uplink * 1e9) / 8 / (near + 0.5) / 4096) * 0.94;
      const question = asked('at-once', {
        over: 'uplink',
        uplinkGigabitsPerSecond: uplink,
        vm: crowdVm(by, pagesPerSecond),
        budget: { pause: '20s', judge: end },
      });
      const { vm } = question;
      const holds = (n: number): boolean => {
        const gigabitsPerSecond = Math.min(vm.stream.gigabitsPerSecond, uplink / n);
        return surePause({ ...vm, stream: { ...vm.stream, gigabitsPerSecond } }, 1, end) <= 20e9;
      };
      return { question, low: 1, high: 512, direction: 1, holds };
    }),
  converge: fc
    .tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 4e5, max: 3e6 }))
    .map(([count, firstMs, pagesPerSecond]): Case => {
      const steps = Array.from({ length: count }, (_, i) => ({ after: i * 4e9, limit: (firstMs + 9 * i) * 1e6 }));
      const vm = drawnVm({
        vmm: 'qemu',
        memory: { size: '2GiB', dirty: { kind: 'uniform', pagesPerSecond, workingSet: '64MiB' } },
        stream: { gigabitsPerSecond: 25, channels: 4 },
        convergence: {
          timeout: '1min',
          steps: steps.map(({ after, limit }) => ({ after: `${after}ns`, limit: `${limit}ns` })),
        },
      });
      const question = asked('converge', { vm });
      const holds = (n: number): boolean => {
        const convergence = { ...question.vm.convergence, steps: steps.slice(0, n) };
        return Number.isFinite(longestPause({ ...question.vm, convergence }, 1, ['point']));
      };
      return { question, low: 1, high: count, direction: -1, holds };
    }),
  // The least that may leave a host at once so that it is empty in time.
  evacuate: fc
    .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 5, max: 9 }), judge)
    .map(([allowed, near, perHost, end]): Case => {
      const fields = (within: object) =>
        asked('evacuate', {
          hosts: 2,
          fleet: {
            racks: 2,
            hostsPerRack: 3,
            hostGigabitsPerSecond: 100,
            vms: [{ name: 'vm', perHost, vm: drawnVm({ stream: { gigabitsPerSecond: 100, channels: 2 } }) }],
          },
          limits: { outboundPerHost: allowed, bytesPerSecondPerMove: 1e9 },
          budget: { pause: '20s', judge: end },
          ...within,
        });
      const totalNs = (question: QuestionOf<'evacuate'>, outboundPerHost: number): number => {
        const limits = { ...limitsOf(question.limits, new Map()), outboundPerHost };
        const plan = new FleetPlan(question, new VmTrials(profiles, 'test'), limits);
        const results = endsOf(end).map((each) => evacuate(plan.input(each)));
        if (results.some(({ fate }) => fate.some((each) => each !== FATE.moved))) return Infinity;
        return Math.max(...results.map((result) => result.totalNs));
      };
      const within = totalNs(fields({}), Math.min(near, allowed));
      const question = fields({ within: `${within}ns` });
      return {
        question,
        low: 1,
        high: allowed,
        direction: -1,
        holds: (n) => totalNs(question, n) <= within,
        numberOf: ({ proof }) => proof.findLast(({ holds }) => holds)?.at ?? null,
      };
    }),
  room: fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(4, 16),
      fc.array(
        fc.record({
          kind: fc.constantFrom('zip', 'zip', 'sec'),
          hardware: fc.constantFrom('V3', 'V3', 'V4'),
          freeVfs: fc.integer({ min: 0, max: 12 }),
          freeQueues: fc.integer({ min: 0, max: 200 }),
          queuesPerVf: fc.constantFrom(4, 16),
          freeMemory: fc.integer({ min: 0, max: 12 }).map((gib) => gib * GIB),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    )
    .map(([count, queues, drawn]): Case => {
      const hosts = drawn.map((host, i) => ({ ...host, name: `h${i}` }));
      const asFile = hosts.map((host) => ({ ...host, freeMemory: `${host.freeMemory / GIB}GiB` }));
      const devices = [{ profile: 'acc-zip', count, queues }];
      // How a VM moves is not asked.
      const vm = { ...drawnVm({ memory: { size: '2GiB' }, devices }), convergence: undefined };
      const question = asked('room', { vm, hosts: asFile });
      /** Puts VMs on hosts one by one, wherever the next fits. */
      const holds = (n: number): boolean => {
        const left = hosts.map((host) => ({ ...host }));
        for (let placed = 0; placed < n; placed++) {
          const host = left.find(
            (each) =>
              each.kind === 'zip' &&
              each.hardware === 'V3' &&
              each.queuesPerVf === queues &&
              each.freeVfs >= count &&
              each.freeQueues >= count * queues &&
              count * queues + ACCELERATORS.zip.pfDefaultQueues <= 1024 &&
              each.freeMemory >= 2 * GIB,
          );
          if (host === undefined) return false;
          host.freeVfs -= count;
          host.freeQueues -= count * queues;
          host.freeMemory -= 2 * GIB;
        }
        return true;
      };
      return { question, low: 1, high: Infinity, direction: 1, holds };
    }),
};

/** A VM without devices that writes so much that only a few may share a link. */
function crowdVm(by: string, pagesPerSecond: number): object {
  return drawnVm({
    vmm: by,
    memory: { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond, workingSet: '3GiB' } },
    stream: { gigabitsPerSecond: 25, channels: 4 },
  });
}

function valueOf({ value }: Answer): number | null {
  return value;
}

/** Their answer is not a number of something. */
const WITHOUT_BOUND = ['compare'];
const RUNS = effort(1, 12, 200);
/** Of those that take long to play. */
const SLOW_RUNS = effort(1, 6, 100);
const SLOW: ReadonlySet<string> = new Set(['most vfs', 'most queues', 'most load', 'at-once pf']);

test('every kind of question is among those that are checked here', () => {
  const kinds = questionSchema.options.flatMap(({ shape }) => {
    const ask = shape.ask.value;
    const words: { readonly options: readonly string[] } | undefined =
      'of' in shape ? shape.of : 'over' in shape ? shape.over : undefined;
    return words === undefined ? [ask] : words.options.map((word) => `${ask} ${word}`);
  });
  expect([...Object.keys(CASES), ...WITHOUT_BOUND].toSorted()).toEqual(kinds.toSorted());
});

test.each(Object.entries(CASES))('%s: the number holds, and the one further does not', (kind, cases) => {
  const numRuns = SLOW.has(kind) ? SLOW_RUNS : RUNS;
  const numbers: number[] = [];
  fc.assert(
    fc.property(cases, (asking) => {
      const { question, low, high, direction, scale = 1, numberOf = valueOf } = asking;
      const value = numberOf(answer(question, files, 'test', { tornado: false, draws: DRAWN }));
      const n = value === null ? null : Math.round(value * scale);
      const further = n === null ? (direction === 1 ? low : high) : n + direction;
      const both = further >= low && further <= high;
      if (n !== null && both) numbers.push(n);
      const wanted: [at: number, holds: boolean][] = [];
      if (n !== null) wanted.push([n, true]);
      if (both) wanted.push([further, false]);
      expect(wanted.map(([at]) => [at, asking.holds(at)])).toEqual(wanted);
    }),
    { seed: 11, numRuns, endOnFailure: true },
  );
  // Of what is drawn enough has a bound that can be seen from both sides; a quick run draws too little to say so.
  expect(numbers.length).toBeGreaterThanOrEqual(effort(0, numRuns / 4));
  expect(new Set(numbers).size).toBeGreaterThanOrEqual(effort(0, 2));
});
