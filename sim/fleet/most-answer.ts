/**
 * How many VFs, how many queues, how much load: the most at which a pause stays within its budget. And the other way
 * round: the least link or the fewest channels.
 */
import { PAUSE_PART_TITLES, PAUSE_PARTS } from '../base/pause-parts.ts';
import { formatNs, MEGA, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type {
  Answer,
  AnswerOptions,
  AnswerTable,
  ConstraintState,
  MethodPair,
  Proof,
  Relaxed,
} from './answer-parts.ts';
import { firstThatHolds, lastThatHolds, settleBound } from './bound-search.ts';
import type { Budget, QuestionOf, QuestionVm } from './question.ts';
import { pauseTornado } from './vm-tornado.ts';
import { structures, type VmTrial, type VmTrials } from './vm-trials.ts';
import { VMM_NAMES, VMMS } from '../memory/vmms.ts';

type BoundQuestion = QuestionOf<'most'> | QuestionOf<'least'>;

/** What is counted: from where to where, one step being `1 / scale` of the unit. */
interface Axis {
  readonly what: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly scale: number;
  /** 1: the most is asked for; -1: the least. */
  readonly direction: 1 | -1;
  set(vm: QuestionVm, n: number): QuestionVm;
}

const QUEUES_OF_A_VF_MAX = 1024;
const CHANNELS_MAX = 128;
/** 0.1 Gbit/s to 800 Gbit/s. */
const TENTHS_OF_GIGABITS_MAX = 8000;
/** Numbers on the side that holds at which it is looked whether they do. */
const OTHERS_TRIED = 6;

function axisOf(question: BoundQuestion): Axis {
  if (question.ask === 'least') return question.of === 'channels' ? CHANNELS : GIGABITS;
  const index = question.device - 1;
  const withDevice = (vm: QuestionVm, change: Partial<QuestionVm['devices'][number]>): QuestionVm => ({
    ...vm,
    devices: vm.devices.map((each, i) => (i === index ? { ...each, ...change } : each)),
  });
  const named = question.vm.devices[index]?.profile ?? 'device';
  switch (question.of) {
    case 'vfs':
      return {
        what: `VFs of ${named} per VM`,
        unit: 'VFs',
        low: 1,
        high: 128,
        scale: 1,
        direction: 1,
        set: (vm, count) => withDevice(vm, { count }),
      };
    case 'queues':
      return {
        what: `queues of each VF of ${named}`,
        unit: 'queues',
        low: 1,
        high: QUEUES_OF_A_VF_MAX,
        scale: 1,
        direction: 1,
        set: (vm, queues) => withDevice(vm, { queues }),
      };
    default:
      return {
        what: `load of ${named}, as a share of what its engine can do`,
        unit: '% of the engine',
        low: 1,
        high: 99,
        scale: 1,
        direction: 1,
        set: (vm, percent) => withDevice(vm, { load: { kind: 'open', fraction: percent / 100, burst: 1 } }),
      };
  }
}

const CHANNELS: Axis = {
  what: 'channels of the stream',
  unit: 'channels',
  low: 1,
  high: CHANNELS_MAX,
  scale: 1,
  direction: -1,
  set: (vm, channels) => ({ ...vm, stream: { ...vm.stream, channels } }),
};

const GIGABITS: Axis = {
  what: 'line between the hosts',
  unit: 'Gbit/s',
  low: 1,
  high: TENTHS_OF_GIGABITS_MAX,
  scale: 10,
  direction: -1,
  set: (vm, tenths) => ({ ...vm, stream: { ...vm.stream, gigabitsPerSecond: tenths / 10 } }),
};

/** One thing that must hold. */
export interface ReckonedState {
  readonly name: string;
  readonly unit: string;
  readonly used: number;
  readonly limit: number;
  readonly broken: boolean;
}

/** Everything that must hold of a VM, with what was used of it. */
export interface BoundVerdict {
  readonly holds: boolean;
  readonly states: readonly ReckonedState[];
  readonly trial: VmTrial | null;
}

/**
 * Whether a VM keeps everything that must hold.
 *
 * @param end every parameter at that end; `worst`: at whichever end it fares worst
 * @param method `full`: register by register
 */
export function judge(
  trials: VmTrials,
  vm: QuestionVm,
  { pause }: Budget,
  end: RangeEnd | 'worst',
  method: 'quick' | 'full',
  vms: number = 1,
): BoundVerdict {
  const states: ReckonedState[] = structures(vm, trials.profiles, vms).map(({ name, used, limit }) => ({
    name,
    unit: '',
    used,
    limit,
    broken: used > limit,
  }));
  if (states.some(({ broken }) => broken)) return { holds: false, states, trial: null };
  const ends: readonly RangeEnd[] = end === 'worst' ? ['long', 'point', 'short'] : [end];
  const tried = ends.map((each) => ({ each, trial: trials.quick(vm, each, undefined, vms) }));
  const worst = tried.reduce((a, b) => (fareOf(b.trial) > fareOf(a.trial) ? b : a));
  const trial = method === 'quick' ? worst.trial : trials.full(vm, worst.each, vms);
  states.push(trialState(trial, vm, pause));
  return { holds: states.every(({ broken }) => !broken), states, trial };
}

/** The more, the worse. */
function fareOf({ moved, pauseNs }: VmTrial): number {
  return moved ? pauseNs : Number.POSITIVE_INFINITY;
}

/** Written at least this much of what was carried: the guest is what keeps the move from ending. */
const KEEPS_UP_SHARE = 0.9;

/** A VM that is never stopped has no pause: what then counts is what the stream cannot keep up with. */
export function trialState(
  { moved, failed, pauseNs, result, deviceBytes }: VmTrial,
  vm: QuestionVm,
  budgetNs: number,
): ReckonedState {
  if (failed !== null)
    return { name: `calls of drivers succeed (${failed})`, unit: '', used: 1, limit: 0, broken: true };
  if (moved) return { name: 'pause budget', unit: 'ns', used: pauseNs, limit: budgetNs, broken: pauseNs > budgetNs };
  const { rates, rounds } = result;
  const last = rounds.at(-1);
  const limitNs = last?.limitNs ?? vm.convergence.downtimeLimit;
  const allowed = (rates.wireBytesPerSecond * limitNs) / NS_PER_S;
  const written = last === undefined || last.lastsNs === 0 ? 0 : (last.dirtiedBytes / last.lastsNs) * NS_PER_S;
  const carried = rates.memoryBytesPerSecond;
  if (deviceBytes > allowed && written < carried * KEEPS_UP_SHARE) {
    return {
      name: 'device state within the downtime limit',
      unit: 'B',
      used: deviceBytes,
      limit: allowed,
      broken: true,
    };
  }
  return {
    name: 'the guest writes well below what the stream carries',
    unit: 'B/s',
    used: written,
    limit: carried,
    broken: true,
  };
}

/** Answers `most` and `least`. */
export function boundAnswer(question: BoundQuestion, trials: VmTrials, options: AnswerOptions): Answer {
  const { verify = true, tornado = true, onProgress = () => {} } = options;
  const axis = axisOf(question);
  const { vm, budget } = question;
  const holdsAt = (n: number, end: RangeEnd | 'worst', change: QuestionVm = vm, own: Budget = budget): boolean =>
    judge(trials, axis.set(change, n), own, end, 'quick').holds;
  const search = (end: RangeEnd | 'worst', change?: QuestionVm, own?: Budget): number | null => {
    const test = (n: number): boolean => holdsAt(n, end, change, own);
    const found =
      axis.direction === 1 ? lastThatHolds(axis.low, axis.high, test) : firstThatHolds(axis.low, axis.high, test);
    return found < axis.low || found > axis.high ? null : found;
  };
  onProgress(0, 4, `the bound, by closed form`);
  const band = { short: search('short'), point: search('point'), long: search('long') };
  const end = judgedEnd(budget);
  onProgress(1, 4, 'the bound, register by register');
  const seen = new Map<number, BoundVerdict>();
  const fully = (n: number): BoundVerdict => {
    const known = seen.get(n);
    if (known !== undefined) return known;
    const verdict = judge(trials, axis.set(vm, n), budget, end, verify ? 'full' : 'quick');
    seen.set(n, verdict);
    return verdict;
  };
  const guess = search(end) ?? (axis.direction === 1 ? axis.low : axis.high);
  const value = settleBound(guess, axis.low, axis.high, axis.direction, (n) => fully(n).holds);
  const shown = (n: number): number => n / axis.scale;
  const proofs: Proof[] = [...seen]
    .toSorted(([a], [b]) => a - b)
    .map(([n, verdict]) => ({
      at: shown(n),
      holds: verdict.holds,
      method: verify && verdict.trial !== null ? 'simulation' : 'closed form',
      finding: findingOf(verdict),
    }));
  if (value === null) return infeasible(question, axis, search, fully(guess), proofs);
  const at = fully(value);
  const further = value + axis.direction;
  const next = further >= axis.low && further <= axis.high ? fully(further) : null;
  const constraints = constraintStates(at, next);
  if (next === null) {
    const limit = shown(axis.direction === 1 ? axis.high : axis.low);
    constraints.push({
      name: 'end of what can be asked for',
      unit: axis.unit,
      limit,
      used: limit,
      next: null,
      binds: true,
    });
  }
  onProgress(2, 4, 'what relaxing buys');
  const relaxing = relaxed(question, axis, (change, own) => search(judgedEnd(own), change, own));
  onProgress(3, 4, 'each parameter at its ends');
  const chosen = axis.set(vm, value);
  const binding = constraints.filter(({ binds }) => binds);
  const sentence =
    `${axis.direction === 1 ? 'At most' : 'At least'} ${shown(value)} ${axis.unit}: ` +
    `${binding.map((state) => bindingWords(state)).join('; ')}.`;
  return {
    feasible: true,
    value: shown(value),
    unit: axis.unit,
    band: mapBand(band, shown),
    sentences: [
      `Asked for: ${axis.what}, with a pause of at most ${formatNs(budget.pause)}.`,
      sentence,
      ...others(axis, value, (n) => holdsAt(n, end)),
    ],
    constraints,
    proof: proofs,
    relaxing,
    tornado: tornado ? pauseTornado(trials, chosen) : null,
    tables: at.trial === null ? [] : [partsTable(trials, chosen)],
    methods: verify
      ? methodPairs(axis, [value, further], seen, (n) => judge(trials, axis.set(vm, n), budget, end, 'quick'))
      : [],
    nearest: null,
  };
}

/** Whether it also holds at others on this side: pauses need not grow evenly. */
function others({ low, high, direction, unit, scale }: Axis, value: number, holds: (n: number) => boolean): string[] {
  const [from, to] = direction === 1 ? [low, value] : [value, high];
  const count = Math.min(OTHERS_TRIED, to - from + 1);
  const tried = Array.from({ length: count }, (_, i) => Math.round(from + ((to - from) * i) / Math.max(1, count - 1)));
  const broken = tried.filter((n) => !holds(n)).map((n) => n / scale);
  if (broken.length === 0) return [];
  return [`Not everything on this side holds: it does not with ${broken.join(', ')} ${unit}.`];
}

function mapBand(
  band: Readonly<Record<RangeEnd, number | null>>,
  shown: (n: number) => number,
): Record<RangeEnd, number | null> {
  const one = (n: number | null): number | null => (n === null ? null : shown(n));
  return { short: one(band.short), point: one(band.point), long: one(band.long) };
}

export function constraintStates(at: BoundVerdict, next: BoundVerdict | null): ConstraintState[] {
  const names = new Set([...at.states, ...(next?.states ?? [])].map(({ name }) => name));
  return [...names].map((name) => {
    const here = at.states.find((state) => state.name === name);
    const there = next?.states.find((state) => state.name === name);
    const { unit, limit } = (here ?? there)!;
    return { name, unit, limit, used: here?.used ?? null, next: there?.used ?? null, binds: there?.broken === true };
  });
}

function stateWords(value: number, unit: string): string {
  if (unit === 'ns') return formatNs(value);
  if (unit === 'B' || unit === 'B/s') return `${(value / MEGA).toPrecision(4)} M${unit}`;
  return unit === '' ? String(value) : `${value} ${unit}`;
}

export function bindingWords({ name, unit, limit, used, next }: ConstraintState): string {
  const words = (value: number): string => stateWords(value, unit);
  const here = used === null ? '' : `, ${words(used)} of ${words(limit)} are used`;
  const there =
    next === null
      ? ''
      : `; one further would need ${words(next)}${used === null ? `, allowed are ${words(limit)}` : ''}`;
  return `${name} binds${here}${there}`;
}

export function findingOf({ holds, states }: BoundVerdict): string {
  const told = holds ? states.at(-1) : states.find(({ broken }) => broken);
  if (told === undefined) return '';
  const words = (value: number): string => stateWords(value, told.unit);
  return `${told.name}: ${words(told.used)} of ${words(told.limit)}`;
}

type Change = [what: string, vm: QuestionVm, budget: Budget];

function relaxed(
  { vm, budget }: BoundQuestion,
  axis: Axis,
  search: (change: QuestionVm, own: Budget) => number | null,
): Relaxed[] {
  const changes: Change[] = [
    ['twice the pause budget', vm, { ...budget, pause: 2 * budget.pause }],
    ...(budget.judge === 'point'
      ? []
      : [['best guesses instead of the worst ends', vm, { ...budget, judge: 'point' }] satisfies Change]),
  ];
  const { stream } = vm;
  if (axis !== GIGABITS)
    changes.push([
      'twice the line',
      { ...vm, stream: { ...stream, gigabitsPerSecond: 2 * stream.gigabitsPerSecond } },
      budget,
    ]);
  if (axis !== CHANNELS && 2 * stream.channels <= CHANNELS_MAX && stream.multifd !== false)
    changes.push(['twice the channels', { ...vm, stream: { ...stream, channels: 2 * stream.channels } }, budget]);
  if (vm.memory.dirty.kind === 'uniform') {
    const { dirty } = vm.memory;
    const half = { ...dirty, pagesPerSecond: dirty.pagesPerSecond / 2 };
    changes.push(['a guest that writes half as much', { ...vm, memory: { ...vm.memory, dirty: half } }, budget]);
  }
  if (
    VMMS[vm.vmm].severalNeedP2p &&
    stream.compression === 'none' &&
    !vm.convergence.autoConverge &&
    stream.multifd === undefined
  )
    for (const vmm of VMM_NAMES.filter((name) => !VMMS[name].severalNeedP2p)) {
      const change = `${VMMS[vmm].title}, which moves several devices without P2P`;
      changes.push([change, { ...vm, vmm, parallelDevices: false }, budget]);
    }
  return changes.map(([change, other, own]) => {
    const answer = search(other, own);
    return { change, answer: answer === null ? null : answer / axis.scale };
  });
}

function methodPairs(
  { scale, unit }: Axis,
  numbers: readonly number[],
  seen: ReadonlyMap<number, BoundVerdict>,
  closed: (n: number) => BoundVerdict,
): MethodPair[] {
  return numbers.flatMap((n) => {
    // Not those beyond what can be asked for: nothing could be reckoned of them.
    const simulated = seen.get(n)?.trial;
    const closedForm = simulated?.moved === true ? closed(n).trial : null;
    if (simulated?.moved !== true || closedForm?.moved !== true) return [];
    const figure = `pause with ${n / scale} ${unit}`;
    return [{ figure, unit: 'ns', closedForm: closedForm.pauseNs, simulated: simulated.pauseNs }];
  });
}

/** A budget is judged at best guesses, or at whichever end of the parameters a VM fares worst. */
export function judgedEnd({ judge: how }: Budget): RangeEnd | 'worst' {
  return how === 'long' ? 'worst' : 'point';
}

/** Parts of the pause, with the band. */
export function partsTable(trials: VmTrials, vm: QuestionVm): AnswerTable {
  const ends = (['short', 'point', 'long'] as const).map((end) => trials.quick(vm, end).result);
  const rows = PAUSE_PARTS.map((part) => [PAUSE_PART_TITLES[part], ...ends.map(({ criticalNs }) => criticalNs[part])]);
  return {
    title: 'The pause in its parts, at both ends of the parameters and at best guesses',
    columns: [
      { name: 'part', title: 'part', unit: '' },
      { name: 'short', title: 'short', unit: 'ns' },
      { name: 'point', title: 'best guess', unit: 'ns' },
      { name: 'long', title: 'long', unit: 'ns' },
    ],
    rows: [
      ...rows.filter((row) => row.slice(1).some((ns) => ns !== 0)),
      ['whole pause', ...ends.map(({ pauseNs }) => pauseNs)],
    ],
  };
}

function infeasible(
  { vm, budget }: BoundQuestion,
  axis: Axis,
  search: (end: RangeEnd | 'worst', change?: QuestionVm, own?: Budget) => number | null,
  verdict: BoundVerdict,
  proof: readonly Proof[],
): Answer {
  const broken = verdict.states.filter((state) => state.broken);
  const wide: Budget = { ...budget, pause: Number.POSITIVE_INFINITY };
  const atLeast = search(judgedEnd(budget), vm, wide);
  let nearest = 'Nothing but another VM, line or VMM helps: it does not hold with any pause budget.';
  if (atLeast !== null) {
    const { states } = verdict;
    const needed = states.find(({ name }) => name === 'pause budget');
    if (needed !== undefined)
      nearest = `The nearest that holds: ${axis.direction === 1 ? axis.low / axis.scale : axis.high / axis.scale} ${axis.unit} with a budget of ${formatNs(Math.ceil(needed.used / NS_PER_MS) * NS_PER_MS)}.`;
  }
  return {
    feasible: false,
    value: null,
    unit: axis.unit,
    band: { short: search('short'), point: search('point'), long: search('long') },
    sentences: [
      `There is no number of ${axis.unit} with a pause of at most ${formatNs(budget.pause)}: ${broken.map(({ name, unit, used, limit }) => `${name} cannot be met, ${stateWords(used, unit)} of ${stateWords(limit, unit)}`).join('; ')}.`,
    ],
    constraints: constraintStates(verdict, verdict),
    proof,
    relaxing: relaxed({ vm, budget } as BoundQuestion, axis, (change, own) =>
      search(judgedEnd(own), change, own),
    ).filter(({ answer }) => answer !== null),
    tornado: null,
    tables: [],
    methods: [],
    nearest,
  };
}
