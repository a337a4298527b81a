/**
 * Numbers of `evacuate`: how long it takes to empty hosts, racks or a region, in which order, with which pauses, and what
 * binds.
 */
import type { RangeEnd } from '../../../memory/device-profile.ts';
import {
  evacuate,
  type EvacuationResult,
  HOST_ORDERS,
  type HostOrder,
  VM_ORDERS,
  type VmOrder,
} from '../../evacuation.ts';
import type { FleetBound } from '../../fleet-bounds.ts';
import {
  type EvacuateQuestion,
  type FleetChange,
  FleetPlan,
  type Staying,
  leftVms,
  type Outcome,
  outcomeOf,
  stuckVms,
} from '../../fleet-plan.ts';
import type { Limits } from '../../limits.ts';
import { scheduleOf } from '../../schedule.ts';
import type { VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { BAND_ENDS } from '../pause-parts.ts';
import { type Relaxable, relaxationOf } from './relaxing.ts';
import { fleetTornado } from './tornado.ts';

/** Up to so many hosts a limit is tried below what is allowed. */
const PROOF_HOSTS_MAX = 2000;
/** So many of the largest bounds are relaxed. */
const RELAXED_MAX = 2;

/** What is not as it must be. */
export type Problem =
  | { readonly kind: 'staying'; readonly of: Staying }
  | { readonly kind: 'no room'; readonly vms: number }
  | { readonly kind: 'not converging'; readonly vms: number; readonly hostsLeft: number }
  | { readonly kind: 'late'; readonly totalNs: number }
  | { readonly kind: 'over budget'; readonly vms: number };

/** The nearest evacuation that has no problem, as far as one was looked for. */
export type NearestEvacuation =
  | { readonly kind: 'emptied with the room'; readonly hosts: number }
  | { readonly kind: 'fewer at once'; readonly outboundPerHost: number; readonly totalNs: number }
  | { readonly kind: 'not one at once'; readonly hosts: number }
  | { readonly kind: 'as it is'; readonly totalNs: number; readonly pauseMaxNs: number };

export interface OrderNumbers {
  readonly hosts: HostOrder;
  readonly vms: VmOrder;
  readonly outcome: Outcome;
}

/** A limit of moves at once out of a host, tried against a deadline. */
export interface TriedLimit {
  readonly outboundPerHost: number;
  readonly totalNs: number;
  readonly holds: boolean;
}

/** Value and band are times until all hosts are empty. */
export interface EvacuateNumbers extends AnswerNumbers {
  readonly hosts: number;
  /** VMs that move. */
  readonly vms: number;
  /** VMs that do not, by kind. */
  readonly staying: readonly Staying[];
  /** Name of the operator's limits. */
  readonly limits: string;
  readonly budgetNs: number;
  /** Time in which it must be done; Infinity: any. */
  readonly withinNs: number;
  readonly outcomes: Readonly<Record<RangeEnd, Outcome>>;
  /** The end by which it is judged. */
  readonly judgedEnd: RangeEnd;
  /** What each line and limit would take alone, with nominal parameters, the longest first. */
  readonly bounds: readonly FleetBound[];
  readonly problems: readonly Problem[];
  readonly tried: readonly TriedLimit[];
  readonly relaxing: readonly { readonly of: Relaxable; readonly to: number; readonly totalNs: number }[];
  /** The quickest first; empty: not compared. */
  readonly orders: readonly OrderNumbers[];
  /** Null: there is no problem. */
  readonly nearest: NearestEvacuation | null;
}

/** Computes the numbers. */
export function evacuateNumbers(
  question: EvacuateQuestion,
  trials: VmTrials,
  limits: Limits,
  options: AnswerOptions,
): EvacuateNumbers {
  return new EvacuationSearch(question, trials, limits, options).numbers();
}

/** The outcome that counts. */
export function judgedOf({ outcomes, judgedEnd }: EvacuateNumbers): Outcome {
  return outcomes[judgedEnd];
}

class EvacuationSearch {
  private readonly question: EvacuateQuestion;
  private readonly trials: VmTrials;
  private readonly limits: Limits;
  private readonly tornado: boolean;
  private readonly onProgress: (done: number, total: number, what: string) => void;
  private readonly plan: FleetPlan;
  private readonly withinNs: number;

  constructor(question: EvacuateQuestion, trials: VmTrials, limits: Limits, options: AnswerOptions) {
    const { tornado = true, onProgress = () => {} } = options;
    this.question = question;
    this.trials = trials;
    this.limits = limits;
    this.tornado = tornado;
    this.onProgress = onProgress;
    this.plan = new FleetPlan(question, trials, limits);
    this.withinNs = question.within ?? Infinity;
  }

  numbers(): EvacuateNumbers {
    const { question, plan, limits, withinNs } = this;
    const { budget } = question;
    const steps = BAND_ENDS.length + 3;
    const short = outcomeOf(this.ended('short', 0, steps), budget.pause);
    const nominal = this.ended('point', 1, steps);
    const point = outcomeOf(nominal, budget.pause);
    const schedule = scheduleOf(nominal, plan.scheduleFleet);
    const long = outcomeOf(this.ended('long', 2, steps), budget.pause);
    const outcomes = { short, point, long };
    const judgedEnd = budget.judge === 'point' ? 'point' : worstEnd(outcomes, withinNs);
    const judged = outcomes[judgedEnd];
    const bounds = plan.bounds('point');
    this.onProgress(3, steps, 'what relaxing buys');
    const relaxing = this.relaxing(bounds);
    this.onProgress(4, steps, 'orders');
    const orders = question.compareOrders ? this.orders() : [];
    this.onProgress(5, steps, 'each parameter at its ends');
    const problems = this.problems(judged);
    return {
      value: problems.length === 0 ? point.totalNs : null,
      unit: 'ns',
      band: { short: short.totalNs, point: point.totalNs, long: long.totalNs },
      tornado: this.tornado ? fleetTornado(plan, this.trials, point.totalNs) : null,
      schedule,
      hosts: plan.hosts,
      vms: plan.vms,
      staying: plan.staying,
      limits: limits.name,
      budgetNs: budget.pause,
      withinNs,
      outcomes,
      judgedEnd,
      bounds,
      problems,
      tried: this.triedLimits(judged),
      relaxing,
      orders,
      nearest: problems.length === 0 ? null : this.nearest(judged, judgedEnd),
    };
  }

  private run(end: RangeEnd, change?: FleetChange): Outcome {
    return outcomeOf(evacuate(this.plan.input(end, change)), this.question.budget.pause);
  }

  /** The evacuation that is asked for, at one end of the parameters. */
  private ended(end: RangeEnd, done: number, steps: number): EvacuationResult {
    const { plan } = this;
    const which = end === 'point' ? 'best guesses' : `${end} ends`;
    this.onProgress(done, steps, `${plan.vms} VMs of ${plan.hosts} hosts, ${which}`);
    return evacuate(plan.input(end));
  }

  private problems(judged: Outcome): readonly Problem[] {
    const { noRoom, overBudget, totalNs, hostsEmptied } = judged;
    const found: Problem[] = this.plan.staying.map((of) => ({ kind: 'staying', of }));
    const stuck = stuckVms(judged);
    if (noRoom > 0) found.push({ kind: 'no room', vms: noRoom });
    if (stuck > 0) found.push({ kind: 'not converging', vms: stuck, hostsLeft: this.plan.hosts - hostsEmptied });
    if (totalNs > this.withinNs) found.push({ kind: 'late', totalNs });
    if (overBudget > 0) found.push({ kind: 'over budget', vms: overBudget });
    return found;
  }

  /** Where a limit is what binds a deadline: the least of it that meets the deadline, and that one less does not. */
  private triedLimits(judged: Outcome): readonly TriedLimit[] {
    const { limits, withinNs, question } = this;
    const { outboundPerHost } = limits;
    const binds = Number.isFinite(withinNs) && judged.totalNs <= withinNs && Number.isFinite(outboundPerHost);
    if (!binds || this.plan.hosts > PROOF_HOSTS_MAX) return [];
    const tried: TriedLimit[] = [];
    for (let at = outboundPerHost; at >= 1; at--) {
      const limited = { limits: { ...limits, outboundPerHost: at } };
      const { totalNs } = at === outboundPerHost ? judged : this.run(question.budget.judge, limited);
      tried.push({ outboundPerHost: at, totalNs, holds: totalNs <= withinNs });
      if (totalNs > withinNs) break;
    }
    return tried;
  }

  /** The largest bounds, each relaxed, simulated. */
  private relaxing(bounds: readonly FleetBound[]): EvacuateNumbers['relaxing'] {
    const relaxed: EvacuateNumbers['relaxing'][number][] = [];
    for (const { name } of bounds) {
      const relaxation = relaxationOf(name, this.plan);
      if (relaxation === null || relaxed.some(({ of }) => of === relaxation.of)) continue;
      const { of, to, change } = relaxation;
      relaxed.push({ of, to, totalNs: this.run('point', change).totalNs });
      if (relaxed.length === RELAXED_MAX) break;
    }
    return relaxed;
  }

  private orders(): readonly OrderNumbers[] {
    const vmOrders = this.question.fleet.vms.length === 1 ? VM_ORDERS.slice(0, 1) : VM_ORDERS;
    return HOST_ORDERS.flatMap((hosts) =>
      vmOrders.map((vms) => ({ hosts, vms, outcome: this.run('point', { order: { hosts, vms } }) })),
    ).toSorted((a, b) => a.outcome.totalNs - b.outcome.totalNs || a.outcome.meanHostNs - b.outcome.meanHostNs);
  }

  private nearest(judged: Outcome, end: RangeEnd): NearestEvacuation {
    const { limits } = this;
    const { noRoom, hostsEmptied, atOnce, totalNs, pauseMaxNs } = judged;
    if (noRoom > 0) return { kind: 'emptied with the room', hosts: hostsEmptied };
    if (stuckVms(judged) === 0) return { kind: 'as it is', totalNs, pauseMaxNs };
    const busiest = Math.min(limits.outboundPerHost, atOnce);
    for (let each = Math.floor(busiest / 2); each >= 1; each = Math.floor(each / 2)) {
      const outcome = this.run(end, { limits: { ...limits, outboundPerHost: each } });
      if (stuckVms(outcome) === 0) {
        return { kind: 'fewer at once', outboundPerHost: each, totalNs: outcome.totalNs };
      }
    }
    return { kind: 'not one at once', hosts: hostsEmptied };
  }
}

/** The end at which most VMs are left, then the latest one, then the one with the longest pauses. */
function worstEnd(outcomes: Readonly<Record<RangeEnd, Outcome>>, withinNs: number): RangeEnd {
  const lateNs = ({ totalNs }: Outcome): number => Math.max(0, totalNs - withinNs);
  const worse = (a: Outcome, b: Outcome): number =>
    leftVms(b) - leftVms(a) || lateNs(b) - lateNs(a) || b.overBudget - a.overBudget || b.pauseMaxNs - a.pauseMaxNs;
  return BAND_ENDS.reduce((worst, end) => (worse(outcomes[worst], outcomes[end]) > 0 ? end : worst));
}
