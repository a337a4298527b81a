/**
 * An evacuation asked for, put into the terms of the simulator, with every parameter at one end or one of them moved.
 */
import { bytesPerSecondOf, NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';
import { type Blocker, BLOCKERS } from '../memory/precopy-end.ts';
import { constraintName } from './constraint.ts';
import {
  type Concurrency,
  type FleetLinks,
  FATE,
  type EvacuationInput,
  type EvacuationResult,
  LACK,
} from './evacuation-terms.ts';
import { type BoundClass, type BoundStep, type FleetBound, fleetBounds, maintenanceBounds } from './fleet-bounds.ts';
import { evacuate } from './evacuation.ts';
import { checkFleet, checkHosts } from './fleet-check.ts';
import { emptiedOf, hostKindsOf, type HostKind, hostName, ofEachHost } from './host-kinds.ts';
import { maintain, type MaintenanceResult } from './maintenance.ts';
import { MixedFleet } from './mixed-fleet.ts';
import { limitedVm, needsOf } from './limited-vm.ts';
import { type Limits, timeoutUnits } from './limits.ts';
import { MoveClass } from './move-class.ts';
import { orderBounds, type OrderBounds } from './order-bounds.ts';
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
  /** Their own names, as far as the question gives them. */
  readonly names: readonly string[];
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
  /** Kinds of hosts, with the VMs that move. */
  readonly kinds: readonly HostKind[];
  private readonly trials: VmTrials;
  private readonly mixed: MixedFleet;
  private readonly ownVms: QuestionVm[] = [];
  /** Hosts that are emptied and have VMs that stay, from one to another that is not included. */
  private readonly keptHosts: readonly { readonly from: number; readonly until: number }[];

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
    checkHosts(question, hosts, refuse);
    const kinds = hostKindsOf(fleet);
    const vmsOf = (index: number): number =>
      kinds.reduce((sum, kind) => sum + emptiedOf(kind, hosts) * kind.perHost[index]!, 0);
    const there = fleet.vms.reduce((sum, _, index) => sum + vmsOf(index), 0);
    if (there > VMS_MAX) refuse(`${there} VMs are to be moved`, `Up to ${VMS_MAX} are planned at once.`);
    if (there === 0) refuse('there is no VM on the hosts', 'Give fleet.vms a perHost above 0.');
    const stays = fleet.vms.map((each) => whyItStays(each, trials));
    const moves = (index: number): boolean => stays[index] === null;
    // VMs that stay on hosts that are not emptied are no part of the answer.
    this.staying = fleet.vms.flatMap(({ name, names }, index) => {
      const why = stays[index] ?? null;
      if (why === null || vmsOf(index) === 0) return [];
      return [{ name, vms: vmsOf(index), names: namesOn(kinds, hosts, names), why }];
    });
    this.vms = fleet.vms.reduce((sum, _, index) => sum + (moves(index) ? vmsOf(index) : 0), 0);
    this.question = { ...question, fleet: { ...fleet, vms: fleet.vms.filter((_, index) => moves(index)) } };
    this.kinds = hostKindsOf(this.question.fleet);
    this.trials = trials;
    this.limits = limits;
    this.hosts = hosts;
    this.mixed = new MixedFleet(question, hosts, moves);
    this.keptHosts = kinds
      .filter(({ perHost }) => perHost.some((count, index) => count > 0 && !moves(index)))
      .map((kind) => ({ from: kind.from, until: kind.from + emptiedOf(kind, hosts) }));
  }

  /** What the simulator gets. */
  input(end: TrialAt, change: FleetChange = {}, moved?: Moved): EvacuationInput {
    const { fleet, limits, order } = this.with(change);
    const { vms } = fleet;
    const { windows } = this.question;
    const parameters = this.trials.parameters(end, moved);
    const kinds = hostKindsOf(fleet);
    const leavers = this.mixed.leavers(kinds);
    const usable = usableLinks(fleet, parameters.lineShare);
    return {
      links: linksOf(fleet, kinds, usable),
      classes: this.classes(end, change, moved).map(
        ({ input, parameters: own }, index) =>
          new MoveClass({
            name: vms[index % vms.length]!.name,
            move: input,
            parameters: own,
            needs: needsOf(vms[index % vms.length]!.vm),
          }),
      ),
      perHost: kinds[0]!.perHost,
      hosts: this.hosts,
      ...this.mixed.input(kinds, usable),
      concurrency: concurrencyOf(limits),
      hostOrder: order.hosts,
      vmOrder: order.vms,
      priorities: leavers.flatMap(() => vms.map(({ priority }) => priority)),
      setUpNs: this.setUpNs(limits, end),
      retries: limits.retries,
      ...(windows === undefined ? {} : { windows: { lengthNs: windows.length, everyNs: windows.every } }),
    };
  }

  /** What the simulator makes of it: all hosts at once, or one after another. */
  play(end: TrialAt, change: FleetChange = {}, moved?: Moved): EvacuationResult | MaintenanceResult {
    const each = this.input(end, change, moved);
    const { maintenance } = this.question;
    const kinds = hostKindsOf(this.with(change).fleet);
    if (maintenance === undefined) return this.notEmpty(evacuate({ ...each, ...this.mixed.lists(kinds, each) }));
    const { hostsAtOnce, restart } = maintenance;
    const fleet = this.mixed.ofMaintenance(kinds, each);
    return this.notEmpty(maintain({ each, ...fleet, hosts: this.hosts, hostsAtOnce, restartNs: restart }));
  }

  /** How long it takes in whatever order VMs move, with nominal parameters; null: more than links and limits decides. */
  orderBounds(): OrderBounds | null {
    if (this.question.maintenance !== undefined) return null;
    const each = this.input('point');
    return orderBounds({ ...each, ...this.mixed.lists(this.kinds, each) });
  }

  /** Hosts with VMs that are not moved at all do not get empty. */
  private notEmpty<T extends EvacuationResult>(result: T): T {
    for (const { from, until } of this.keptHosts) result.hostEmptyNs.fill(Number.NaN, from, until);
    return result;
  }

  /** Names of classes of VMs. */
  namesOf(classes: readonly number[]): readonly string[] {
    const { vms } = this.question.fleet;
    return [...new Set(classes.map((kind) => vms[kind % vms.length]!.name))];
  }

  /** A host as an answer names it. @param host from 0 */
  hostName(host: number): string {
    return hostName(this.kinds, host);
  }

  /**
   * The least time-out, per GiB or of any move, that the longest of the moves that were made keeps, in steps, in ns; 0 where no VM takes that
   * time-out.
   */
  usedTimeoutNs({ vms, startNs, endNs, fate, vmClass }: EvacuationResult, end: TrialAt): number {
    const setUpNs = this.setUpNs(this.limits, end);
    const { vms: kinds } = this.question.fleet;
    const units = kinds.map(({ vm: { convergence, memory } }) =>
      convergence.timeout === undefined ? timeoutUnits(this.limits, memory.size) : Infinity,
    );
    let usedNs = 0;
    for (let vm = 0; vm < vms; vm++) {
      if (fate[vm]! > FATE.forced) continue;
      usedNs = Math.max(usedNs, (endNs[vm]! - startNs[vm]! - setUpNs) / units[vmClass[vm]! % kinds.length]!);
    }
    return Math.ceil(usedNs / TIMEOUT_STEP_NS) * TIMEOUT_STEP_NS;
  }

  /** What a picture of the moves over time needs to know. */
  get scheduleFleet(): ScheduleFleet {
    const { hostsPerRack, vms } = this.question.fleet;
    const classes = this.mixed.leavers(this.kinds).flatMap(() => vms.map(({ name }) => name));
    const isMaintained = this.question.maintenance !== undefined;
    return {
      hosts: this.hosts,
      hostsPerRack,
      classes,
      hostName: (host) => this.hostName(host),
      // Of hosts that follow one another a VM may move from one that it came to.
      vmName: (host, kind, nth) =>
        isMaintained ? null : (vms[kind % vms.length]!.names?.[this.hostName(host)]?.[nth] ?? null),
    };
  }

  /** Closed forms: how long it takes at least, by each link and limit. */
  bounds(end: TrialAt, change: FleetChange = {}, moved?: Moved): readonly FleetBound[] {
    const { fleet, limits } = this.with(change);
    const { maintenance } = this.question;
    const kinds = hostKindsOf(fleet);
    const usable = usableLinks(fleet, this.trials.parameters(end, moved).lineShare);
    const whole = {
      classes: this.classes(end, change, moved),
      links: linksOf(fleet, kinds, usable),
      concurrency: concurrencyOf(limits),
      setUpNs: this.setUpNs(limits, end),
    };
    const stepOf = ([first, until]: Step): BoundStep => this.mixed.boundStep(kinds, first, until, usable);
    if (maintenance === undefined) return fleetBounds(whole, stepOf([0, this.hosts]));
    const steps = stepsOf(kinds, this.hosts, maintenance.hostsAtOnce);
    return maintenanceBounds(
      whole,
      steps.map(({ step, times }) => ({ of: stepOf(step), times })),
      maintenance.restart,
    );
  }

  /** The set-up of a move; of a draw, somewhere in its range. */
  private setUpNs({ setUpNs: { short, point, long } }: Limits, end: TrialAt): number {
    if (typeof end === 'object') return short + (long - short) * setUpPlace(end.draw);
    return { short, point, long }[end];
  }

  private with({ limits = this.limits, fleet = this.question.fleet, order = this.question.order }: FleetChange) {
    return { limits, fleet, order };
  }

  private classes(end: TrialAt, change: FleetChange, moved: Moved | undefined): BoundClass[] {
    const { fleet, limits } = this.with(change);
    const vms = this.mixed.leavers(hostKindsOf(fleet)).flatMap((leaver) => fleet.vms.map(({ vm }) => ({ vm, leaver })));
    return vms.map(({ vm, leaver }, index) => {
      const isOwn = limits === this.limits && fleet === this.question.fleet;
      // One object for all draws.
      const own = (isOwn ? this.ownVms[index] : undefined) ?? fleetVm(vm, limits, leaver);
      if (isOwn) this.ownVms[index] = own;
      return this.trials.inputOf(own, end, moved);
    });
  }
}

/** Names of VMs on the hosts that are emptied, as far as they are given. */
function namesOn(
  kinds: readonly HostKind[],
  hosts: number,
  names: Readonly<Record<string, readonly string[]>> | undefined,
): readonly string[] {
  if (names === undefined) return [];
  return Array.from({ length: hosts }, (_, host) => names[hostName(kinds, host)] ?? []).flat();
}

/** Hosts that are emptied together: the first of them, and one past the last. */
type Step = readonly [first: number, until: number];

/** Steps of a maintenance, one of each kind, with how many there are of it. */
function stepsOf(
  kinds: readonly HostKind[],
  hosts: number,
  atOnce: number,
): readonly { readonly step: Step; readonly times: number }[] {
  const found = new Map<string, { readonly step: Step; readonly times: number }>();
  for (let first = 0; first < hosts; first += atOnce) {
    const until = Math.min(first + atOnce, hosts);
    const key = kinds.map((kind) => emptiedOf(kind, until) - emptiedOf(kind, first)).join(' ');
    found.set(key, { step: [first, until], times: (found.get(key)?.times ?? 0) + 1 });
  }
  return [...found.values()];
}

/** A VM under the operator's limits, over the links of a host. */
function fleetVm(vm: QuestionVm, limits: Limits, { gigabits, cpu }: Pick<HostKind, 'gigabits' | 'cpu'>): QuestionVm {
  const own = limitedVm(vm, limits);
  const moved = { ...own, stream: { ...own.stream, gigabitsPerSecond: gigabits } };
  return cpu === undefined ? moved : { ...moved, cpu };
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

function usableLinks({ otherTraffic }: EvacuateQuestion['fleet'], lineShare: number) {
  const usable = (gigabits: number | undefined, taken: number = 0): number =>
    gigabits === undefined
      ? Infinity
      : bytesPerSecondOf(gigabits * (1 - (otherTraffic?.share ?? 0)) - taken) * lineShare;
  return {
    host: (gigabits: number) => usable(gigabits, otherTraffic?.hostGigabitsPerSecond),
    pf: (gigabits: number | undefined) => usable(gigabits, otherTraffic?.pfGigabitsPerSecond),
    rack: (gigabits: number | undefined) => usable(gigabits, otherTraffic?.rackGigabitsPerSecond),
    spine: (gigabits: number | undefined) => usable(gigabits, otherTraffic?.spineGigabitsPerSecond),
  };
}

function linksOf(
  fleet: EvacuateQuestion['fleet'],
  kinds: readonly HostKind[],
  usable: ReturnType<typeof usableLinks>,
): FleetLinks {
  const hosts = kinds.map(({ gigabits }) => usable.host(gigabits));
  return {
    racks: fleet.racks,
    hostsPerRack: fleet.hostsPerRack,
    pfsPerHost: Math.max(...kinds.map(({ pfs }) => pfs)),
    pf: usable.pf(fleet.pfGigabitsPerSecond),
    host: kinds.length === 1 ? hosts[0]! : Float64Array.from(ofEachHost(kinds, (_, kind) => hosts[kind]!)),
    rack: usable.rack(fleet.rackGigabitsPerSecond),
    spine: usable.spine(fleet.spineGigabitsPerSecond),
  };
}

function concurrencyOf({ fleet, outboundPerHost, inboundPerHost, perPf }: Limits): Concurrency {
  return { fleet, outboundPerHost, inboundPerHost, perPf };
}

const NO_BLOCKERS = Object.fromEntries(BLOCKERS.map((blocker) => [blocker, 0])) as Record<Blocker, number>;

/** What VMs without a destination lack. */
type Lack = Exclude<keyof typeof LACK, 'none'>;

function lackingIn({ lack }: EvacuationResult): Outcome['lacking'] {
  const count = (which: number): number => lack.reduce((sum, each) => sum + Number(each === which), 0);
  return { room: count(LACK.room), apart: count(LACK.apart), reserve: count(LACK.reserve) };
}

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
  /** Of those without room: what they lack. */
  readonly lacking: Readonly<Record<Lack, number>>;
  /** Classes of VMs that find no host without their group. */
  readonly keptApart: readonly number[];
  readonly hostsEmptied: number;
  /** Mean time until a host is empty, of those that are; NaN when none is. */
  readonly meanHostNs: number;
  /** What kept VMs that are left from being stopped within their limits, by VMs. */
  readonly blockers: Readonly<Record<Blocker, number>>;
  /** Pauses are those of VMs that moved; NaN when none did. */
  readonly pauseP50Ns: number;
  readonly pauseP99Ns: number;
  readonly pauseMaxNs: number;
  /** VMs that were paused for longer than the budget. */
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
    lacking: lackingIn(result),
    keptApart: [...new Set(result.vmClass.filter((_, vm) => result.lack[vm] === LACK.apart))],
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
