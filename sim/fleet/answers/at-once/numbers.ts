/**
 * Numbers of `at-once`: how many migrations at once, from one host, over one PF, over one uplink.
 */
import { NS_PER_MS } from '../../../base/units.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import { lastThatHolds, settleBound } from '../../bound-search.ts';
import { limitedVm } from '../../limited-vm.ts';
import { intervalOfNumbers } from '../../answer-interval.ts';
import { type Decider, decidersOf } from '../../deciders.ts';
import { statedOf } from '../../guarantee.ts';
import type { Limits } from '../../limits.ts';
import { moreNs, pauseOf, type TriedNumber, type VmVerdict } from '../../vm-verdict.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import type { VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { curveOf } from '../curve.ts';
import { type PauseInParts, pausesInParts } from '../pause-parts.ts';
import { type AtOnceAsked, type AtOnceQuestion, MovesAtOnce, uplinkOf } from './moves-at-once.ts';

export type AtOnceChange = 'twicePause' | 'twiceHostLink' | 'twiceUplink';

export interface AtOnceNumbers extends AnswerNumbers {
  readonly over: AtOnceQuestion['over'];
  readonly budgetNs: number;
  /** At the answer; where there is none, of one move. */
  readonly here: VmVerdict;
  /** With one move more; null where more cannot be asked for. */
  readonly further: VmVerdict | null;
  /** Every number that was tried in full, the smallest first. */
  readonly tried: readonly TriedNumber[];
  /** The number of moves with nominal parameters, whose iterations end as they happen to; null: none. */
  readonly lucky: number | null;
  /** Whose ranges decide the pause that is judged, the one with the largest share first. */
  readonly deciders: readonly Decider[];
  readonly relaxing: readonly { readonly change: AtOnceChange; readonly answer: number | null }[];
  readonly parts: readonly PauseInParts[] | null;
  /** The pause by both methods. */
  readonly methods: readonly { readonly moves: number; readonly closedFormNs: number; readonly simulatedNs: number }[];
  /** Where not even one may move: the pause budget with which it may; null: no budget helps. */
  readonly nearestBudgetNs: number | null;
}

/** Computes the numbers. */
export function atOnceNumbers(
  question: AtOnceQuestion,
  trials: VmTrials,
  limits: Limits,
  options: AnswerOptions,
): AtOnceNumbers {
  const { verify = true, tornado = true, onProgress = () => {} } = options;
  const { budget, over } = question;
  const moves = new MovesAtOnce(question, trials, limits);
  const vm = limitedVm(question.vm, limits);
  const asked: AtOnceAsked = { vm, budget, uplinkGigabitsPerSecond: uplinkOf(question) };
  onProgress(0, 3, 'the bound, by closed form');
  const most = (holds: (n: number) => boolean): number | null => mostThatHolds(moves.high, holds);
  const search = (end?: RangeEnd, change: Partial<AtOnceAsked> = {}): number | null =>
    most((n) => moves.holds(n, { ...asked, ...change }, end));
  const band = { short: search('short'), point: search('point'), long: search('long') };
  onProgress(1, 3, 'the bound, by simulation');
  const seen = new Map<number, VmVerdict>();
  const verdict = (n: number): VmVerdict => {
    const known = seen.get(n) ?? (verify ? moves.full(n, asked) : moves.quick(n, asked));
    seen.set(n, known);
    return known;
  };
  const value = settleBound(search() ?? 1, 1, moves.high, 1, (n) => verdict(n).holds);
  const here = verdict(value ?? 1);
  const tried = [...seen].toSorted(([a], [b]) => a - b);
  const relaxing: readonly [change: AtOnceChange, to: Partial<AtOnceAsked>][] = [
    ['twicePause', { budget: { ...budget, pause: 2 * budget.pause } }],
    ['twiceHostLink', { vm: withTwiceTheLink(vm) }],
    ...(over === 'uplink' ? [twiceTheUplink(asked)] : []),
  ];
  const bought = relaxing.map(([change, to]) => ({ change, answer: search(undefined, to) }));
  onProgress(2, 3, 'each parameter at its ends');
  const alone = over === 'pf' && value !== null ? value : 1;
  return {
    value,
    unit: 'moves at once',
    band,
    tornado: tornado && value !== null ? pauseTornado(trials, vm, alone) : null,
    ...surenessOf(moves, trials, asked, value, here, band.point),
    over,
    budgetNs: budget.pause,
    here,
    further: value === null ? here : value < moves.high ? verdict(value + 1) : null,
    tried: tried.map(([at, each]) => ({ at, verdict: each, simulated: each.methods !== null })),
    relaxing: bought,
    parts: value !== null && over === 'pf' ? pausesInParts(trials, vm) : null,
    methods: tried.flatMap(([n, { methods }]) => (methods === null ? [] : [{ moves: n, ...methods }])),
    nearestBudgetNs: value === null ? neededBudgetNs(here, budget.pause) : null,
  };
}

type Sureness = Pick<AtOnceNumbers, 'interval' | 'guarantee' | 'curve' | 'lucky' | 'deciders'>;

/** How sure a number of moves is, and the pause against it. */
function surenessOf(
  moves: MovesAtOnce,
  trials: VmTrials,
  asked: AtOnceAsked,
  value: number | null,
  here: VmVerdict,
  nominal: number | null,
): Sureness {
  const guarantee = moves.guarantee(asked);
  const budgetNs = asked.budget.pause;
  const can = (n: number): boolean => moves.can(n, asked);
  const most = (holds: (n: number) => boolean): number | null => mostThatHolds(moves.high, holds);
  const held = value === null ? null : guarantee.holding(value, budgetNs, moreNs(here));
  const around = value ?? 1;
  const isGuaranteed = guarantee.confidence !== null;
  return {
    interval: intervalOfNumbers(
      nominal,
      (draws) => most((n) => can(n) && guarantee.holdsIn(n, budgetNs, draws)),
      'least',
      trials.unknowns,
      can(1) ? guarantee.holding(1, budgetNs) : 0,
      held,
    ),
    guarantee: isGuaranteed ? { ...statedOf(guarantee), holding: held } : null,
    curve: curveOf({
      guarantee,
      unit: 'moves at once',
      scale: 1,
      budgetNs,
      low: 1,
      high: moves.high,
      around,
      few: moves.playsRegisters,
      can,
    }),
    lucky: most((n) => moves.lucky(n, asked).holds),
    deciders: isGuaranteed && can(around) ? decidersOf(trials, asked.vm, guarantee.pausesNs(around)) : [],
  };
}

function mostThatHolds(high: number, holds: (n: number) => boolean): number | null {
  const found = lastThatHolds(1, high, holds);
  return found < 1 ? null : found;
}

function withTwiceTheLink(vm: AtOnceAsked['vm']): AtOnceAsked['vm'] {
  return { ...vm, stream: { ...vm.stream, gigabitsPerSecond: 2 * vm.stream.gigabitsPerSecond } };
}

function twiceTheUplink({ uplinkGigabitsPerSecond }: AtOnceAsked): [AtOnceChange, Partial<AtOnceAsked>] {
  return ['twiceUplink', { uplinkGigabitsPerSecond: 2 * uplinkGigabitsPerSecond }];
}

function neededBudgetNs(verdict: VmVerdict, budgetNs: number): number | null {
  const pauseNs = pauseOf(verdict);
  return pauseNs === null || pauseNs <= budgetNs ? null : Math.ceil(pauseNs / NS_PER_MS) * NS_PER_MS;
}
