/**
 * Numbers of `at-once`: how many migrations at once, from one host, over one PF, over one uplink.
 */
import { NS_PER_MS } from '../../../base/units.ts';
import { lastThatHolds, settleBound } from '../../bound-search.ts';
import { limitedVm } from '../../limited-vm.ts';
import { intervalOfDraws } from '../../answer-interval.ts';
import type { Limits } from '../../limits.ts';
import { type JudgedEnd, judgedEnd, pauseOf, type TriedNumber, type VmVerdict } from '../../vm-verdict.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import type { VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { type PauseInParts, pausesInParts } from '../pause-parts.ts';
import { type AtOnceAsked, type AtOnceQuestion, MovesAtOnce, uplinkOf } from './moves-at-once.ts';

export type AtOnceChange = 'twicePause' | 'twiceHostLine' | 'twiceUplink';

export interface AtOnceNumbers extends AnswerNumbers {
  readonly over: AtOnceQuestion['over'];
  readonly budgetNs: number;
  /** At the answer; where there is none, of one move. */
  readonly here: VmVerdict;
  /** With one move more; null where more cannot be asked for. */
  readonly further: VmVerdict | null;
  /** Every number that was tried in full, the smallest first. */
  readonly tried: readonly TriedNumber[];
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
  const end = judgedEnd(budget);
  onProgress(0, 3, 'the bound, by closed form');
  const search = (at: JudgedEnd, change: Partial<AtOnceAsked> = {}): number | null =>
    mostByClosedForm(moves, at, { ...asked, ...change });
  const band = { short: search('short'), point: search('point'), long: search('long') };
  onProgress(1, 3, 'the bound, by simulation');
  const seen = new Map<number, VmVerdict>();
  const verdict = (n: number): VmVerdict => {
    const known = seen.get(n) ?? (verify ? moves.full(n, end, asked) : moves.quick(n, end, asked));
    seen.set(n, known);
    return known;
  };
  const value = settleBound(search(end) ?? 1, 1, moves.high, 1, (n) => verdict(n).holds);
  const here = verdict(value ?? 1);
  const tried = [...seen].toSorted(([a], [b]) => a - b);
  const relaxing: readonly [change: AtOnceChange, to: Partial<AtOnceAsked>][] = [
    ['twicePause', { budget: { ...budget, pause: 2 * budget.pause } }],
    ['twiceHostLine', { vm: withTwiceTheLine(vm) }],
    ...(over === 'uplink' ? [twiceTheUplink(asked)] : []),
  ];
  const bought = relaxing.map(([change, to]) => ({ change, answer: search(end, to) }));
  onProgress(2, 3, 'each parameter at its ends');
  const alone = over === 'pf' && value !== null ? value : 1;
  return {
    value,
    unit: 'moves at once',
    band,
    interval: intervalOfDraws(band.point, (draw) => search({ draw }), 'least', value),
    tornado: tornado && value !== null ? pauseTornado(trials, vm, alone) : null,
    over,
    budgetNs: budget.pause,
    here,
    further: value === null ? here : value < moves.high ? verdict(value + 1) : null,
    tried: tried.map(([at, each]) => ({ at, verdict: each, simulated: verify })),
    relaxing: bought,
    parts: value !== null && over === 'pf' ? pausesInParts(trials, vm) : null,
    methods: verify ? tried.flatMap(([n, each]) => bothMethods(n, each, moves.quick(n, end, asked))) : [],
    nearestBudgetNs: value === null ? neededBudgetNs(here, budget.pause) : null,
  };
}

function mostByClosedForm(moves: MovesAtOnce, end: JudgedEnd, asked: AtOnceAsked): number | null {
  const found = lastThatHolds(1, moves.high, (n) => moves.quick(n, end, asked).holds);
  return found < 1 ? null : found;
}

function withTwiceTheLine(vm: AtOnceAsked['vm']): AtOnceAsked['vm'] {
  return { ...vm, stream: { ...vm.stream, gigabitsPerSecond: 2 * vm.stream.gigabitsPerSecond } };
}

function twiceTheUplink({ uplinkGigabitsPerSecond }: AtOnceAsked): [AtOnceChange, Partial<AtOnceAsked>] {
  return ['twiceUplink', { uplinkGigabitsPerSecond: 2 * uplinkGigabitsPerSecond }];
}

function bothMethods(moves: number, simulated: VmVerdict, closedForm: VmVerdict): AtOnceNumbers['methods'] {
  const simulatedNs = pauseOf(simulated);
  const closedFormNs = pauseOf(closedForm);
  return simulatedNs === null || closedFormNs === null ? [] : [{ moves, closedFormNs, simulatedNs }];
}

function neededBudgetNs(verdict: VmVerdict, budgetNs: number): number | null {
  const pauseNs = pauseOf(verdict);
  return pauseNs === null || pauseNs <= budgetNs ? null : Math.ceil(pauseNs / NS_PER_MS) * NS_PER_MS;
}
