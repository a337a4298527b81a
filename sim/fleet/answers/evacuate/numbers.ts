/**
 * Numbers of `evacuate`: how long it takes to empty hosts, racks or a region, in which order, with which pauses, and what
 * limits it.
 */
import { countOf } from '../../../base/units.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import {
  type EvacuationResult,
  HOST_ORDERS,
  type HostOrder,
  VM_ORDERS,
  type VmOrder,
  FATE,
} from '../../evacuation-terms.ts';
import { firstThatHolds } from '../../bound-search.ts';
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
  TIMEOUT_STEP_NS,
} from '../../fleet-plan.ts';
import type { LimitField, Limits } from '../../limits.ts';
import type { MaintenanceResult } from '../../maintenance.ts';
import { scheduleOf } from '../../schedule.ts';
import type { TrialAt, VmTrials } from '../../vm-trials.ts';
import { type AnswerInterval, intervalOfRanked } from '../../answer-interval.ts';
import type { AnswerNumbers, AnswerOptions, AnswerTable, AnyOrder } from '../answer-parts.ts';
import { BAND_ENDS } from '../pause-parts.ts';
import { classTables } from './class-tables.ts';
import { hostTable, noticeTable, oneMoreTable } from './day.ts';
import { type Relaxable, relaxationOf } from './relaxing.ts';
import { fleetTornado } from './tornado.ts';

/**
 * What an evacuation takes at least says nothing of one that leaves VMs. Where a limit rises with time, moves that share may send
 * less than alone: that bounds nothing. The simulation answers no small changes of a link's shares, and may be that much faster than a bound.
 */
const BOUND_SHARE = 1.05;

/** Up to so many hosts a limit is tried below what is allowed. */
const PROOF_HOSTS_MAX = 2000;
/** So many of the largest bounds are relaxed. */
const RELAXED_MAX = 2;

/** What takes less time by so little is no gain. */
const GAIN_SHARE = 0.001;
/** Time-outs are tried up to this. */
const TIMEOUT_STEPS_MAX = 2 ** 14;

/** What is not as it must be. */
export type Problem =
  | { readonly kind: 'staying'; readonly of: Staying }
  | { readonly kind: 'no room'; readonly vms: number }
  | { readonly kind: 'kept apart'; readonly vms: number; readonly names: readonly string[] }
  | { readonly kind: 'reserved'; readonly vms: number; readonly hosts: number }
  | { readonly kind: 'given up'; readonly vms: number; readonly hostsLeft: number }
  | { readonly kind: 'late'; readonly totalNs: number }
  | { readonly kind: 'over budget'; readonly vms: number };

/** The nearest evacuation that has no problem, as far as one was looked for. */
export type NearestEvacuation =
  | { readonly kind: 'emptied with the room'; readonly hosts: number }
  | { readonly kind: 'fewer at once'; readonly outboundPerHost: number; readonly totalNs: number }
  | { readonly kind: 'longer time-out'; readonly timeoutNs: number; readonly totalNs: number }
  | { readonly kind: 'neither'; readonly hosts: number }
  | { readonly kind: 'others move'; readonly vms: number; readonly totalNs: number }
  | { readonly kind: 'as it is'; readonly totalNs: number; readonly pauseMaxNs: number };

/** Hosts that are emptied one after another. */
interface MaintenanceNumbers {
  readonly hostsAtOnce: number;
  readonly restartNs: number;
  /** Moves that were made, and the most of one VM. */
  readonly moves: number;
  readonly mostOfOne: number;
  /** The host at which it stops, from 1, and its name; null: none. */
  readonly blockedHost: number | null;
  readonly blockedName: string | null;
}

/** An evacuation whose moves may begin in windows only. */
interface WindowNumbers {
  readonly lengthNs: number;
  readonly everyNs: number;
  /** Windows in which moves ran. */
  readonly used: number;
  /** What was done when the first one closed. */
  readonly firstVms: number;
  readonly firstHosts: number;
  /** How long after the close of its window the latest move ended; 0: none did. */
  readonly overrunNs: number;
}

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
  /** Infinity: pauses are not judged. */
  readonly budgetNs: number;
  /** Time in which it must be done; Infinity: any. */
  readonly withinNs: number;
  /** The time-out, per GiB or of a move; the least that the moves made at the judged end keep, in steps; 0: no VM takes it. */
  readonly timeoutNs: number;
  readonly timeoutPer: Limits['timeoutPer'];
  /** Whether it is given; otherwise it is that of the planner. */
  readonly hasTimeout: boolean;
  /** Whether the set-up of a move is given; otherwise it takes no time. */
  readonly hasSetUp: boolean;
  /** What the windows leave, with nominal parameters; null: there are none. */
  readonly windows: WindowNumbers | null;
  /** What hosts that follow one another come to, with nominal parameters; null: all are emptied at once. */
  readonly maintenance: MaintenanceNumbers | null;
  /** Hosts' worth of room that stays free; null: none has to. */
  readonly reserve: number | null;
  /** Whether some VMs must not share a host. */
  readonly hasGroups: boolean;
  /** Figures of each class of a mixed fleet. */
  readonly classTables: readonly AnswerTable[];
  /** When each host is empty, a notice for tenants, and what one more buys. */
  readonly dayTables: readonly AnswerTable[];
  /** Limits that the preset has by hearsay. */
  readonly secondHand: readonly LimitField[];
  readonly usedTimeoutNs: number;
  readonly progressTimeoutNs: number;
  readonly outcomes: Readonly<Record<RangeEnd, Outcome>>;
  /** The end by which it is judged. */
  readonly judgedEnd: RangeEnd;
  /** What each link and limit would take alone, with nominal parameters, the longest first. */
  readonly bounds: readonly FleetBound[];
  readonly problems: readonly Problem[];
  readonly tried: readonly TriedLimit[];
  readonly relaxing: readonly { readonly of: Relaxable; readonly to: number; readonly totalNs: number }[];
  /** The quickest first; empty: not compared. */
  readonly orders: readonly OrderNumbers[];
  /** Null: VMs are left, or no bound holds. */
  readonly anyOrder: AnyOrder | null;
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
  private readonly budgetNs: number;

  constructor(question: EvacuateQuestion, trials: VmTrials, limits: Limits, options: AnswerOptions) {
    const { tornado = true, onProgress = () => {} } = options;
    this.question = question;
    this.trials = trials;
    this.limits = limits;
    this.tornado = tornado;
    this.onProgress = onProgress;
    this.plan = new FleetPlan(question, trials, limits);
    this.withinNs = question.within ?? Infinity;
    this.budgetNs = question.budget.pause ?? Infinity;
  }

  numbers(): EvacuateNumbers {
    const { question, plan, limits, withinNs, budgetNs } = this;
    const { budget } = question;
    const steps = BAND_ENDS.length + 3;
    const usedNs = { short: 0, point: 0, long: 0 };
    const outcomeAt = (end: RangeEnd, result: EvacuationResult): Outcome => {
      usedNs[end] = plan.usedTimeoutNs(result, end);
      return outcomeOf(result, budgetNs);
    };
    const short = outcomeAt('short', this.ended('short', 0, steps));
    const nominal = this.ended('point', 1, steps);
    const point = outcomeAt('point', nominal);
    const slow = this.ended('long', 2, steps);
    const long = outcomeAt('long', slow);
    const outcomes = { short, point, long };
    const emptyNs = (outcome: Outcome): number | null =>
      leftVms(outcome) === 0 && plan.staying.length === 0 ? outcome.totalNs : null;
    const judgedEnd = budget.judge === 'point' ? 'point' : worstEnd(outcomes, withinNs);
    const judged = outcomes[judgedEnd];
    const isMaintained = question.maintenance !== undefined;
    const bounds = (leftVms(judged) === 0 && plan.vms > 0 ? plan.bounds('point') : []).filter(
      ({ ns }) => ns <= point.totalNs * BOUND_SHARE,
    );
    this.onProgress(3, steps, 'what relaxing buys');
    // Whatever is relaxed, VMs that never move leave their hosts as they are.
    const relaxing = plan.staying.length > 0 || isMaintained ? [] : this.relaxing(plan.bounds('point'), point, judged);
    this.onProgress(4, steps, 'orders');
    const orders = question.compareOrders ? this.orders() : [];
    this.onProgress(5, steps, 'each parameter at its ends');
    const problems = this.problems(judged);
    return {
      value: problems.length === 0 ? point.totalNs : null,
      unit: 'ns',
      band: { short: emptyNs(short), point: emptyNs(point), long: emptyNs(long) },
      interval: this.interval(emptyNs(point), emptyNs),
      tornado:
        this.tornado && emptyNs(point) !== null && !isMaintained
          ? fleetTornado(plan, this.trials, point.totalNs)
          : null,
      schedule: scheduleOf(nominal, plan.scheduleFleet),
      hosts: plan.hosts,
      vms: plan.vms,
      staying: plan.staying,
      limits: limits.name,
      budgetNs,
      withinNs,
      timeoutNs: limits.timeoutNsPerUnit,
      timeoutPer: limits.timeoutPer,
      hasTimeout: limits.hasTimeout,
      hasSetUp: limits.hasSetUp,
      windows: windowsOf(question, nominal),
      maintenance: maintenanceOf(plan, nominal),
      reserve: question.reserve ?? null,
      hasGroups: question.fleet.antiAffinity !== undefined,
      classTables: classTables(plan, nominal),
      dayTables: [...this.dayTables(nominal, slow), ...this.oneMore(bounds, point)],
      secondHand: limits.secondHand,
      usedTimeoutNs: usedNs[judgedEnd],
      progressTimeoutNs: limits.progressTimeoutNs,
      outcomes,
      judgedEnd,
      bounds,
      problems,
      tried: this.triedLimits(judged),
      relaxing,
      orders,
      anyOrder: this.anyOrder(emptyNs(point)),
      nearest: problems.length === 0 ? null : this.nearest(judged),
    };
  }

  /** The time in draws that are ranked by the largest bound of it. */
  private interval(nominalNs: number | null, emptyNs: (outcome: Outcome) => number | null): AnswerInterval | null {
    const { plan } = this;
    if (plan.vms === 0) return null;
    const boundNs = (draw: number): number => plan.bounds({ draw })[0]?.ns ?? 0;
    return intervalOfRanked(nominalNs, boundNs, (draw) => emptyNs(this.run({ draw })), 'most', this.trials.unknowns);
  }

  private run(end: TrialAt, change?: FleetChange): Outcome {
    return outcomeOf(this.plan.play(end, change), this.budgetNs);
  }

  /** What a change leaves and takes where it fares worst, of the ends by which it is judged. */
  private worst(change: FleetChange): { readonly left: number; readonly totalNs: number } {
    const ends = this.question.budget.judge === 'point' ? (['point'] as const) : BAND_ENDS;
    let left = 0;
    let totalNs = 0;
    for (const end of ends) {
      const outcome = this.run(end, change);
      left = Math.max(left, leftVms(outcome));
      totalNs = Math.max(totalNs, outcome.totalNs);
      if (left > 0) break;
    }
    return { left, totalNs };
  }

  /** The evacuation that is asked for, at one end of the parameters. */
  private ended(end: RangeEnd, done: number, steps: number): EvacuationResult | MaintenanceResult {
    const { plan } = this;
    const which = end === 'point' ? 'nominal' : `all parameters ${end}`;
    this.onProgress(done, steps, `${countOf(plan.vms, 'VM')} of ${countOf(plan.hosts, 'host')}, ${which}`);
    return plan.play(end);
  }

  private problems(judged: Outcome): readonly Problem[] {
    const { lacking, keptApart, overBudget, totalNs, hostsEmptied } = judged;
    const found: Problem[] = this.plan.staying.map((of) => ({ kind: 'staying', of }));
    const stuck = stuckVms(judged);
    if (lacking.room > 0) found.push({ kind: 'no room', vms: lacking.room });
    if (lacking.apart > 0) found.push({ kind: 'kept apart', vms: lacking.apart, names: this.plan.namesOf(keptApart) });
    const { reserve = 0 } = this.question;
    if (lacking.reserve > 0) found.push({ kind: 'reserved', vms: lacking.reserve, hosts: reserve });
    if (stuck > 0) found.push({ kind: 'given up', vms: stuck, hostsLeft: this.plan.hosts - hostsEmptied });
    if (leftVms(judged) === 0 && totalNs > this.withinNs) found.push({ kind: 'late', totalNs });
    if (overBudget > 0) found.push({ kind: 'over budget', vms: overBudget });
    return found;
  }

  /** Where a limit is what a deadline fails on: the least of it that meets the deadline, and that one less does not. */
  private triedLimits(judged: Outcome): readonly TriedLimit[] {
    const { limits, withinNs, question } = this;
    const { outboundPerHost } = limits;
    const binds =
      leftVms(judged) === 0 &&
      Number.isFinite(withinNs) &&
      judged.totalNs <= withinNs &&
      Number.isFinite(outboundPerHost);
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

  /** The largest bounds, each relaxed and simulated; those after which no VM is left, and which take less time than now. */
  private relaxing(bounds: readonly FleetBound[], point: Outcome, judged: Outcome): EvacuateNumbers['relaxing'] {
    let tried = 0;
    const seen = new Set<Relaxable>();
    const relaxed: EvacuateNumbers['relaxing'][number][] = [];
    for (const { name } of bounds) {
      const relaxation = relaxationOf(name, this.plan);
      if (relaxation === null || seen.has(relaxation.of)) continue;
      const { of, to, change } = relaxation;
      seen.add(of);
      const then = this.run('point', change);
      const helps = leftVms(point) > 0 || then.totalNs < point.totalNs * (1 - GAIN_SHARE);
      const movesAll = (): boolean => leftVms(judged) === 0 || this.worst(change).left === 0;
      if (leftVms(then) === 0 && helps && movesAll()) relaxed.push({ of, to, totalNs: then.totalNs });
      tried += 1;
      if (tried === RELAXED_MAX) break;
    }
    return relaxed;
  }

  private dayTables(nominal: EvacuationResult, long: EvacuationResult): readonly AnswerTable[] {
    return this.plan.vms === 0 ? [] : [hostTable(this.plan, nominal), noticeTable(this.plan, nominal, long)];
  }

  /** One more of each limit and link, simulated; nothing where VMs are left, or hosts follow one another. */
  private oneMore(bounds: readonly FleetBound[], point: Outcome): readonly AnswerTable[] {
    const { plan, question } = this;
    const isWhole = plan.vms > 0 && plan.staying.length === 0 && leftVms(point) === 0;
    if (!isWhole || question.maintenance !== undefined || plan.hosts > PROOF_HOSTS_MAX) return [];
    const names = bounds.map(({ name }) => name);
    const play = (change: FleetChange): number | null => {
      const then = this.run('point', change);
      return leftVms(then) === 0 ? then.totalNs : null;
    };
    return [oneMoreTable(plan, point.totalNs, names, play)];
  }

  private orders(): readonly OrderNumbers[] {
    const vmOrders = this.question.fleet.vms.length === 1 ? VM_ORDERS.slice(0, 1) : VM_ORDERS;
    return HOST_ORDERS.flatMap((hosts) =>
      vmOrders.map((vms) => ({ hosts, vms, outcome: this.run('point', { order: { hosts, vms } }) })),
    ).toSorted((a, b) => a.outcome.totalNs - b.outcome.totalNs || a.outcome.meanHostNs - b.outcome.meanHostNs);
  }

  private anyOrder(thisNs: number | null): AnyOrder | null {
    const bounds = thisNs === null || this.plan.vms === 0 ? null : this.plan.orderBounds();
    return bounds === null || thisNs === null ? null : { ...bounds, thisNs };
  }

  private nearest(judged: Outcome): NearestEvacuation {
    const { limits } = this;
    const { noRoom, hostsEmptied, atOnce, totalNs, pauseMaxNs } = judged;
    if (noRoom > 0) return { kind: 'emptied with the room', hosts: hostsEmptied };
    if (stuckVms(judged) === 0 && this.plan.staying.length > 0) {
      return { kind: 'others move', vms: this.plan.vms, totalNs };
    }
    if (stuckVms(judged) === 0) return { kind: 'as it is', totalNs, pauseMaxNs };
    const busiest = Math.min(limits.outboundPerHost, atOnce);
    for (let each = Math.floor(busiest / 2); each >= 1; each = Math.floor(each / 2)) {
      const { left, totalNs: thenNs } = this.worst({ limits: { ...limits, outboundPerHost: each } });
      if (left === 0) return { kind: 'fewer at once', outboundPerHost: each, totalNs: thenNs };
    }
    return this.withLongerTimeout(judged) ?? { kind: 'neither', hosts: hostsEmptied };
  }

  /** The least time-out, in steps, with which all VMs move; null: none, or it is not what ended them. */
  private withLongerTimeout(judged: Outcome): NearestEvacuation | null {
    const { limits } = this;
    if (judged.timeout === 0 || this.plan.hosts > PROOF_HOSTS_MAX) return null;
    const at = (step: number): { readonly left: number; readonly totalNs: number } =>
      this.worst({ limits: { ...limits, timeoutNsPerUnit: step * TIMEOUT_STEP_NS } });
    const movesAt = (step: number): boolean => at(step).left === 0;
    const first = Math.floor(limits.timeoutNsPerUnit / TIMEOUT_STEP_NS) + 1;
    const step = firstThatHolds(first, TIMEOUT_STEPS_MAX, movesAt);
    if (step > TIMEOUT_STEPS_MAX) return null;
    return { kind: 'longer time-out', timeoutNs: step * TIMEOUT_STEP_NS, totalNs: at(step).totalNs };
  }
}

function maintenanceOf(plan: FleetPlan, result: EvacuationResult | MaintenanceResult): MaintenanceNumbers | null {
  const { maintenance, fleet } = plan.question;
  if (maintenance === undefined || !('movesOf' in result)) return null;
  const { movesOf, blockedHost } = result;
  return {
    hostsAtOnce: maintenance.hostsAtOnce,
    restartNs: maintenance.restart,
    moves: movesOf.reduce((sum, moves) => sum + moves, 0),
    mostOfOne: Math.max(...movesOf),
    blockedHost: blockedHost < 0 ? null : blockedHost + 1,
    blockedName: blockedHost < 0 || fleet.hostClasses === undefined ? null : plan.hostName(blockedHost),
  };
}

function windowsOf({ windows }: EvacuateQuestion, result: EvacuationResult | MaintenanceResult): WindowNumbers | null {
  if (windows === undefined) return null;
  const { length: lengthNs, every: everyNs } = windows;
  const { fate, startNs, endNs, hostEmptyNs, totalNs } = result;
  let firstVms = 0;
  let overrunNs = 0;
  for (const [vm, end] of endNs.entries()) {
    if (Number.isNaN(end)) continue;
    if (fate[vm]! <= FATE.forced && end <= lengthNs) firstVms += 1;
    const closesNs = Math.floor(startNs[vm]! / everyNs) * everyNs + lengthNs;
    overrunNs = Math.max(overrunNs, end - closesNs);
  }
  const doneNs = 'backNs' in result ? result.backNs : hostEmptyNs;
  const firstHosts = doneNs.filter((ns) => ns <= lengthNs).length;
  return { lengthNs, everyNs, used: Math.floor(totalNs / everyNs) + 1, firstVms, firstHosts, overrunNs };
}

/** The end at which most VMs are left, then the latest one, then the one with the longest pauses. */
function worstEnd(outcomes: Readonly<Record<RangeEnd, Outcome>>, withinNs: number): RangeEnd {
  const lateNs = ({ totalNs }: Outcome): number => Math.max(0, totalNs - withinNs);
  const worse = (a: Outcome, b: Outcome): number =>
    leftVms(b) - leftVms(a) || lateNs(b) - lateNs(a) || b.overBudget - a.overBudget || b.pauseMaxNs - a.pauseMaxNs;
  const others = ['long', 'short'] as const;
  return others.reduce<RangeEnd>((worst, end) => (worse(outcomes[worst], outcomes[end]) > 0 ? end : worst), 'point');
}
