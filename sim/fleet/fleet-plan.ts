/**
 * An evacuation asked for, put into the terms of the simulator, with every parameter at one end or one of them moved.
 */
import { bytesPerSecondOf, countOf, NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';
import { type Blocker, BLOCKERS } from '../memory/precopy-end.ts';
import { constraintName } from './constraint.ts';
import { type Concurrency, type FleetLines, FATE, type EvacuationResult } from './evacuation-terms.ts';
import { type BoundClass, type FleetBound, fleetBounds } from './fleet-bounds.ts';
import { evacuate } from './evacuation.ts';
import { checkFleet, checkMaintenance } from './fleet-check.ts';
import { maintain, type MaintenanceInput, type MaintenanceResult } from './maintenance.ts';
import { classOrder, listOf } from './source-hosts.ts';
import { limitedVm, needsOf } from './limited-vm.ts';
import { type Limits, timeoutUnits } from './limits.ts';
import { MoveClass } from './move-class.ts';
import type { QuestionOf, QuestionVm } from './question.ts';
import type { ScheduleFleet } from './schedule.ts';
import { type Moved, refusalOf, structures, type TrialAt, type VmTrials } from './vm-trials.ts';
import { askCan, refusalSentence } from '../scenario/ask-can.ts';

export type EvacuateQuestion = QuestionOf<'evacuate'>;

/** Time-outs per GiB are tried in steps of this. */
export const TIMEOUT_STEP_NS = 5 * NS_PER_S;

/** Steps of it through a range fill it evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** More moves at once than this are refused: their state would not fit. */
const VMS_MAX = 5_000_000;

export interface FleetChange {
  readonly limits?: Limits;
  readonly fleet?: EvacuateQuestion['fleet'];
  readonly order?: EvacuateQuestion['order'];
}

/** VMs of a kind that are not moved at all, and why. */
export interface Staying {
  readonly name: string;
  readonly vms: number;
  readonly why: string;
}

export class FleetPlan {
  /** With the kinds of VMs that move. */
  readonly question: EvacuateQuestion;
  readonly limits: Limits;
  /** Hosts that are emptied, and VMs on them that move. */
  readonly hosts: number;
  readonly vms: number;
  readonly staying: readonly Staying[];
  private readonly trials: VmTrials;
  private readonly ownVms = new Map<QuestionVm, QuestionVm>();

  /** @throws UserError of kind `input` for a fleet that cannot be */
  constructor(question: EvacuateQuestion, trials: VmTrials, limits: Limits) {
    const { fleet } = question;
    const refuse = (message: string, hint?: string): never => {
      throw new UserError('input', `${trials.file}: ${message}`, hint);
    };
    if ((question.hosts === undefined) === (question.racks === undefined)) {
      refuse('exactly one of hosts and racks is to be given', 'It says how many are emptied.');
    }
    checkFleet(question, refuse);
    const hosts = question.hosts ?? question.racks! * fleet.hostsPerRack;
    const all = fleet.racks * fleet.hostsPerRack;
    checkMaintenance(question, hosts, all, refuse);
    if (hosts >= all && question.maintenance === undefined)
      refuse(`${countOf(hosts, 'host is', 'hosts are')} to be emptied, of ${all} in all`, 'Leave some to receive VMs.');
    const there = hosts * fleet.vms.reduce((sum, { perHost }) => sum + perHost, 0);
    if (there > VMS_MAX) refuse(`${there} VMs are to be moved`, `Up to ${VMS_MAX} are planned at once.`);
    if (there === 0) refuse('there is no VM on the hosts', 'Give fleet.vms a perHost above 0.');
    const stays = fleet.vms.map((each) => (each.perHost === 0 ? null : whyItStays(each, trials)));
    const movable = fleet.vms.filter((_, index) => stays[index] === null);
    this.staying = fleet.vms.flatMap(({ name, perHost }, index) => {
      const why = stays[index] ?? null;
      return why === null ? [] : [{ name, vms: hosts * perHost, why }];
    });
    this.vms = hosts * movable.reduce((sum, { perHost }) => sum + perHost, 0);
    this.question = { ...question, fleet: { ...fleet, vms: movable } };
    this.trials = trials;
    this.limits = limits;
    this.hosts = hosts;
  }

  /** What the simulator gets. */
  input(end: TrialAt, change: FleetChange = {}, moved?: Moved): MaintenanceInput['each'] {
    const { fleet, limits, order } = this.with(change);
    const { windows } = this.question;
    const parameters = this.trials.parameters(end, moved);
    return {
      lines: linesOf(fleet, parameters.lineShare),
      classes: this.classes(end, change, moved).map(
        ({ input, parameters: own }, index) =>
          new MoveClass({
            name: fleet.vms[index]!.name,
            move: input,
            parameters: own,
            needs: needsOf(fleet.vms[index]!.vm),
          }),
      ),
      perHost: fleet.vms.map(({ perHost }) => perHost),
      hosts: this.hosts,
      room: { memoryBytes: fleet.room.memory ?? Infinity, vfs: fleet.room.vfs, queues: fleet.room.queues },
      concurrency: concurrencyOf(limits),
      hostOrder: order.hosts,
      vmOrder: order.vms,
      priorities: fleet.vms.map(({ priority }) => priority),
      setUpNs: this.setUpNs(limits, end),
      retries: limits.retries,
      ...(windows === undefined ? {} : { windows: { lengthNs: windows.length, everyNs: windows.every } }),
    };
  }

  /** What the simulator makes of it: all hosts at once, or one after another. */
  play(end: TrialAt, change: FleetChange = {}, moved?: Moved): EvacuationResult | MaintenanceResult {
    const each = this.input(end, change, moved);
    const { maintenance, fleet } = this.question;
    if (maintenance === undefined) return evacuate(each);
    const own = { classes: listOf(each.perHost, classOrder(each.classes, each.vmOrder, each.priorities)) };
    const lists = Array.from({ length: fleet.racks * fleet.hostsPerRack }, () => own);
    const { hostsAtOnce, restart } = maintenance;
    return maintain({ each, lists, hosts: this.hosts, hostsAtOnce, restartNs: restart });
  }

  /**
   * The least time-out, per GiB or of any move, that the longest of the moves that were made keeps, in steps, in ns; 0 where no VM takes that
   * time-out.
   */
  usedTimeoutNs({ vms, startNs, endNs, fate, vmClass }: EvacuationResult, end: TrialAt): number {
    const setUpNs = this.setUpNs(this.limits, end);
    const units = this.question.fleet.vms.map(({ vm: { convergence, memory } }) =>
      convergence.timeout === undefined ? timeoutUnits(this.limits, memory.size) : Infinity,
    );
    let usedNs = 0;
    for (let vm = 0; vm < vms; vm++) {
      if (fate[vm]! > FATE.forced) continue;
      usedNs = Math.max(usedNs, (endNs[vm]! - startNs[vm]! - setUpNs) / units[vmClass[vm]!]!);
    }
    return Math.ceil(usedNs / TIMEOUT_STEP_NS) * TIMEOUT_STEP_NS;
  }

  /** What a picture of the moves over time needs to know. */
  get scheduleFleet(): ScheduleFleet {
    const { hostsPerRack, vms } = this.question.fleet;
    return { hosts: this.hosts, hostsPerRack, classes: vms.map(({ name }) => name) };
  }

  /** Closed forms: how long it takes at least, by each line and limit. */
  bounds(end: TrialAt, change: FleetChange = {}, moved?: Moved): readonly FleetBound[] {
    const { fleet, limits } = this.with(change);
    const lines = linesOf(fleet, this.trials.parameters(end, moved).lineShare);
    const line = lines.host;
    return fleetBounds({
      classes: this.classes(end, change, moved),
      sources: [
        {
          hosts: this.question.maintenance?.hostsAtOnce ?? this.hosts,
          perHost: fleet.vms.map(({ perHost }) => perHost),
          line: Number(line),
        },
      ],
      lines,
      concurrency: concurrencyOf(limits),
      setUpNs: this.setUpNs(limits, end),
    });
  }

  /** The set-up of a move; of a draw, somewhere in its range. */
  private setUpNs({ setUpNs: { short, point, long } }: Limits, end: TrialAt): number {
    if (typeof end === 'object') return short + (long - short) * setUpPlace(end.draw);
    return { short, point, long }[end];
  }

  /** A VM under the operator's limits: one object for all draws. */
  private ownVm(vm: QuestionVm): QuestionVm {
    const known = this.ownVms.get(vm) ?? fleetVm(vm, this.limits, this.question.fleet);
    this.ownVms.set(vm, known);
    return known;
  }

  private with({ limits = this.limits, fleet = this.question.fleet, order = this.question.order }: FleetChange) {
    return { limits, fleet, order };
  }

  private classes(end: TrialAt, change: FleetChange, moved: Moved | undefined): BoundClass[] {
    const { fleet, limits } = this.with(change);
    return fleet.vms.map(({ vm }) => {
      const isOwn = limits === this.limits && fleet === this.question.fleet;
      const own = isOwn ? this.ownVm(vm) : fleetVm(vm, limits, fleet);
      return this.trials.inputOf(own, end, moved);
    });
  }
}

/** A VM under the operator's limits, over the links of its host. */
function fleetVm(vm: QuestionVm, limits: Limits, { hostGigabitsPerSecond }: EvacuateQuestion['fleet']): QuestionVm {
  const own = limitedVm(vm, limits);
  return { ...own, stream: { ...own.stream, gigabitsPerSecond: hostGigabitsPerSecond } };
}

function whyItStays(
  { name, vm, migratable }: EvacuateQuestion['fleet']['vms'][number],
  { profiles, file }: VmTrials,
): string | null {
  if (!migratable) return 'It is declared as not migratable.';
  const where = `${file}: VM ${name}`;
  const refused = refusalOf(vm, profiles, where);
  if (refused !== null) return refusalSentence(refused.answer);
  const broken = structures(vm, profiles, where).find(({ used, limit }) => used > limit);
  if (broken === undefined) return null;
  if (broken.id === 'devicesWithoutP2p') return refusalSentence(askCan(vm, profiles, where).answer);
  return `${constraintName(broken)}: ${broken.used}, allowed are ${broken.limit}.`;
}

/** Where a draw stands in the range of a set-up: draws are spread evenly over it, in an order of their own. */
function setUpPlace(draw: number): number {
  return (draw * GOLDEN) % 1;
}

function linesOf(fleet: EvacuateQuestion['fleet'], lineShare: number): FleetLines {
  const { otherTraffic } = fleet;
  const usable = (gigabits: number | undefined, taken: number = 0): number =>
    gigabits === undefined
      ? Infinity
      : bytesPerSecondOf(gigabits * (1 - (otherTraffic?.share ?? 0)) - taken) * lineShare;
  return {
    racks: fleet.racks,
    hostsPerRack: fleet.hostsPerRack,
    pfsPerHost: fleet.pfsPerHost,
    pf: usable(fleet.pfGigabitsPerSecond, otherTraffic?.pfGigabitsPerSecond),
    host: usable(fleet.hostGigabitsPerSecond, otherTraffic?.hostGigabitsPerSecond),
    rack: usable(fleet.rackGigabitsPerSecond, otherTraffic?.rackGigabitsPerSecond),
    spine: usable(fleet.spineGigabitsPerSecond, otherTraffic?.spineGigabitsPerSecond),
  };
}

function concurrencyOf({ fleet, outboundPerHost, inboundPerHost, perPf }: Limits): Concurrency {
  return { fleet, outboundPerHost, inboundPerHost, perPf };
}

const NO_BLOCKERS = Object.fromEntries(BLOCKERS.map((blocker) => [blocker, 0])) as Record<Blocker, number>;

/** What became of the VMs, in numbers. */
export interface Outcome {
  readonly totalNs: number;
  readonly moved: number;
  /** Of those moved, how many were stopped, or let end, after a limit. */
  readonly forced: number;
  readonly timeout: number;
  readonly noProgress: number;
  readonly iterations: number;
  readonly stall: number;
  readonly switchover: number;
  readonly noRoom: number;
  readonly hostsEmptied: number;
  /** Mean time until a host is empty, of those that are; NaN when none is. */
  readonly meanHostNs: number;
  /** What kept VMs that are left from being stopped within their limits, by VMs. */
  readonly blockers: Readonly<Record<Blocker, number>>;
  /** Pauses are those of VMs that moved; NaN when none did. */
  readonly pauseP50Ns: number;
  readonly pauseP99Ns: number;
  readonly pauseMaxNs: number;
  /** VMs that stood still for longer than the budget. */
  readonly overBudget: number;
  /** Moves that were begun again. */
  readonly retries: number;
  readonly sentBytes: number;
  readonly atOnce: number;
  readonly vmsPerHour: number;
}

/** VMs whose moves were given up, for whatever reason. */
export function stuckVms({ timeout, noProgress, iterations, stall, switchover }: Outcome): number {
  return timeout + noProgress + iterations + stall + switchover;
}

/** VMs that stay where they are. */
export function leftVms(outcome: Outcome): number {
  return stuckVms(outcome) + outcome.noRoom;
}

export function outcomeOf(result: EvacuationResult, budgetNs: number): Outcome {
  const counts = Object.values(FATE).map(() => 0);
  const { vms, fate } = result;
  for (let vm = 0; vm < vms; vm++) counts[fate[vm]!]! += 1;
  const moved = counts[FATE.moved]! + counts[FATE.forced]!;
  const pauses = new Float64Array(moved);
  let placed = 0;
  for (let vm = 0; vm < vms; vm++) {
    if (fate[vm]! > FATE.forced) continue;
    pauses[placed] = result.pauseNs[vm]!;
    placed += 1;
  }
  pauses.sort();
  const at = (share: number): number =>
    pauses.length === 0 ? Number.NaN : pauses[Math.min(pauses.length - 1, Math.ceil(share * pauses.length) - 1)]!;
  let emptied = 0;
  let sumNs = 0;
  for (const ns of result.hostEmptyNs) {
    if (Number.isNaN(ns)) continue;
    emptied += 1;
    sumNs += ns;
  }
  let over = 0;
  for (const ns of pauses) if (ns > budgetNs) over += 1;
  const blockers = { ...NO_BLOCKERS };
  for (let vm = 0; vm < vms; vm++) {
    if (fate[vm]! > FATE.forced && fate[vm] !== FATE.noRoom) blockers[BLOCKERS[result.blocker[vm]!] ?? 'none'] += 1;
  }
  return {
    totalNs: result.totalNs,
    moved,
    forced: counts[FATE.forced]!,
    timeout: counts[FATE.timeout]!,
    noProgress: counts[FATE.noProgress]!,
    iterations: counts[FATE.iterations]!,
    stall: counts[FATE.stall]!,
    switchover: counts[FATE.switchover]!,
    noRoom: counts[FATE.noRoom]!,
    hostsEmptied: emptied,
    meanHostNs: emptied === 0 ? Number.NaN : sumNs / emptied,
    blockers,
    pauseP50Ns: at(0.5),
    pauseP99Ns: at(0.99),
    pauseMaxNs: at(1),
    overBudget: over,
    retries: result.attempts.reduce((sum, each) => sum + Math.max(0, each - 1), 0),
    sentBytes: result.sentBytes,
    atOnce: result.atOnce,
    vmsPerHour: result.totalNs === 0 ? 0 : (moved / result.totalNs) * 3600 * NS_PER_S,
  };
}
