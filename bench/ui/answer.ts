/**
 * The answer to a scenario as the knobs have it: at once from the model of the whole VM, with the steps of its VFs as they
 * were last played register by register.
 */
import type { Spread } from '../../sim/base/draws.ts';
import { mapValues, tableOf } from '../../sim/base/keys.ts';
import type { VfTimes } from '../../sim/move/vf-passage.ts';
import type { Scenario } from '../../sim/scenario/document.ts';
import { longestLimitNs, rulesOf } from '../../sim/scenario/rules.ts';
import { type Influence, influencesOn } from '../../sim/scenario/influence.ts';
import { atRest, drawBounds, type RegistersByEnd, registersOf } from '../../sim/scenario/drawn-moves.ts';
import { type Decider, type DrawnEnds, MoveIntervals } from '../../sim/scenario/intervals.ts';
import { unknownsOf } from '../../sim/scenario/unknowns.ts';
import { compileScenario, type CompiledScenario } from '../../sim/scenario/compile.ts';
import {
  ENDS,
  moveWithTimes,
  type PauseShare,
  runScenario,
  type ScenarioResult,
  type VmResult,
} from '../../sim/scenario/scenario-run.ts';
import { hasMoved, type MoveCause, type MoveEnd } from '../../sim/memory/outcome.ts';
import type { DeviceProfile } from '../../sim/memory/device-profile.ts';
import { PAUSE_PART_TITLES, PAUSE_PARTS } from '../../sim/base/pause-parts.ts';
import type { PrecopyIteration } from '../../sim/memory/precopy-slots.ts';
import type { VmMoveResult } from '../../sim/memory/vm-move.ts';

/** The VM with the longest pause, nominal. */
interface UiMove {
  /** `endless`: nothing ever ends it. */
  readonly kind: MoveEnd | 'endless';
  readonly cause: MoveCause;
  readonly guestAt: 'source' | 'destination';
  readonly pauseNs: number;
  readonly totalNs: number;
  readonly parts: readonly PauseShare[];
  readonly rounds: readonly PrecopyIteration[];
  readonly memoryBytesPerSecond: number;
  readonly bound: string;
}

/** One draw of the pause, whose parts add up. */
export interface UiDraw {
  readonly pauseNs: number;
  readonly partsNs: Readonly<Record<string, number>>;
}

/** What draws of everything unknown say of that VM: the same as `stopcopy run`. */
interface UiIntervals {
  readonly draws: number;
  /** How many draws end so. */
  readonly ended: DrawnEnds;
  /** How many move within the budget. */
  readonly within: number;
  readonly pause: Spread;
  readonly total: Spread;
  /** Memory that the stream carries, bytes per second. */
  readonly rate: Spread;
  /** Parts on the critical path, by their names. */
  readonly parts: Readonly<Record<string, Spread>>;
  /** Draws whose pauses stand at 10 and 90 %; undefined: no draw ends as the nominal move does. */
  readonly low: UiDraw | undefined;
  readonly high: UiDraw | undefined;
  readonly deciders: readonly Decider[];
}

export interface UiAnswer {
  /** As many VMs move at once. */
  readonly vms: number;
  /** How many of them do, with nominal parameters. */
  readonly moved: number;
  readonly budgetNs: number;
  readonly point: UiMove;
  readonly intervals: UiIntervals;
  readonly influences: readonly Influence[];
  /** Tasks lost or done twice in the play of the registers; undefined where none were played for just this. */
  readonly wrongTasks: number | undefined;
}

/** What playing registers gives. */
export interface Play {
  /** What the registers of the VM with the longest pause did, and its place. */
  readonly registers: RegistersByEnd;
  readonly vm: number;
  readonly wrongTasks: number;
  /** Of scenarios that must be played as a whole. */
  readonly nominal: UiMove | null;
  readonly moved: number;
}

export function compiledOf(scenario: Scenario, profiles: ReadonlyMap<string, DeviceProfile>): CompiledScenario {
  return compileScenario(scenario, profiles, scenario.name);
}

/** Whether registers and memory meet: faults strike at points of the move, and many VMs wait for each other. */
function needsWhole({ scenario: { faults, vms } }: CompiledScenario): boolean {
  return faults.length > 0 || vms > 1;
}

/** Plans with the same key have the same play. */
export function playKey(plan: CompiledScenario): string {
  const { scenario } = plan;
  if (needsWhole(plan)) return JSON.stringify(scenario);
  const { devices, seed, vmm, recovery } = scenario;
  return JSON.stringify({ devices, seed, vmm, recovery });
}

/** Plays the registers with all parameters at each of the three ends. Takes from milliseconds to seconds. */
export function play(plan: CompiledScenario): Play {
  // Registers know nothing of memory, but a VM that is never stopped plays none: so memory is made to come to rest.
  const whole = needsWhole(plan);
  const played = whole ? plan : atRest(plan);
  const results = tableOf(ENDS, (end) => runScenario(played, end));
  const { point } = results;
  const vm = longestOf(point);
  return {
    registers: registersOf(played, results, vm),
    vm,
    wrongTasks: sum(ENDS.map((end) => wrongTasks(results[end]))) + lostTasks(point),
    nominal: whole ? nominalOf(point.vms[vm]!) : null,
    moved: point.vms.filter(({ kind }) => hasMoved(kind)).length,
  };
}

/** @returns undefined where the play of just this plan is needed, and this is none */
export function answerOf(
  plan: CompiledScenario,
  played: Play | undefined,
  isOfThisPlan: boolean,
): UiAnswer | undefined {
  const { scenario } = plan;
  const shared = {
    vms: scenario.vms,
    budgetNs: longestLimitNs(rulesOf(scenario)),
    wrongTasks: isOfThisPlan ? played?.wrongTasks : undefined,
  };
  if (needsWhole(plan)) {
    if (!isOfThisPlan || played === undefined || played.nominal === null) return undefined;
    const { nominal, moved, registers, vm } = played;
    const intervals = intervalsOf(plan, registers, vm, nominal, shared.budgetNs);
    return { ...shared, point: nominal, intervals, moved, influences: [] };
  }
  const registers = fitted(played?.registers, vfsOf(plan));
  const point = fromMove(moveWithTimes(plan, registers.point.times));
  return {
    ...shared,
    moved: hasMoved(point.kind) ? 1 : 0,
    point,
    intervals: intervalsOf(plan, registers, 0, point, shared.budgetNs),
    influences: hasMoved(point.kind)
      ? influencesOn(
          plan,
          mapValues(registers, ({ times }) => times),
        )
      : [],
  };
}

function intervalsOf(
  plan: CompiledScenario,
  registers: RegistersByEnd,
  vm: number,
  { kind, pauseNs, totalNs, memoryBytesPerSecond, parts }: UiMove,
  budgetNs: number,
): UiIntervals {
  const intervals = new MoveIntervals(plan, registers, vm, kind);
  const { moves, ended } = intervals;
  return {
    draws: moves.length,
    ended,
    within: moves.filter((move) => hasMoved(move.kind) && move.pauseNs <= budgetNs).length,
    pause: intervals.of(pauseNs, (move) => move.pauseNs),
    total: intervals.of(totalNs, (move) => move.totalNs),
    rate: intervals.of(memoryBytesPerSecond, ({ move }) => move.rates.memoryBytesPerSecond),
    parts: Object.fromEntries(
      parts.map(({ name, criticalNs }) => [name, intervals.of(criticalNs, ({ partsNs }) => partsNs[name] ?? 0)]),
    ),
    low: intervals.at(0.1),
    high: intervals.at(0.9),
    deciders: intervals.deciders(),
  };
}

/** The pause at one place of a knob, in ns; null where the VM is not stopped. */
export interface PlacePause {
  readonly nominalNs: number | null;
  /** The 80 % interval, wherever the iterations end. */
  readonly lowNs: number | null;
  readonly highNs: number | null;
  /** No pause is longer in 95 of 100 draws. */
  readonly sureNs: number | null;
}

/** All of so many draws: were only 95 of 100 to hold, so many would hold once in twenty times. */
const SURE_DRAWS = 59;

/** The pause for every place of a knob. */
export function pausesAlong(plans: readonly (CompiledScenario | null)[], played: Play | undefined): PlacePause[] {
  return plans.map((plan) => (plan === null ? NEVER : pauseAt(plan, fitted(played?.registers, vfsOf(plan)))));
}

const NEVER: PlacePause = { nominalNs: null, lowNs: null, highNs: null, sureNs: null };

function pauseAt(plan: CompiledScenario, registers: RegistersByEnd): PlacePause {
  const { end, pauseNs } = moveWithTimes(plan, registers.point.times);
  const nominalNs = hasMoved(end) ? pauseNs : Number.POSITIVE_INFINITY;
  const bounds = drawBounds(plan, registers, unknownsOf(plan.scenario.seed, undefined, SURE_DRAWS)).toSorted();
  const at = (share: number): number => bounds[Math.floor(share * bounds.length)]!;
  return mapValues(
    {
      nominalNs,
      lowNs: Math.min(nominalNs, at(0.1)),
      highNs: Math.max(nominalNs, at(0.9)),
      sureNs: Math.max(nominalNs, bounds.at(-1)!),
    },
    (ns) => (Number.isFinite(ns) ? ns : null),
  );
}

const NO_TIMES: VfTimes = {
  pauseAndDrainNs: 0,
  statusChecksNs: 0,
  cacheWriteBackNs: 0,
  saveNs: 0,
  readNs: 0,
  loadNs: 0,
  startNs: 0,
};

function vfsOf({ registerGroups }: CompiledScenario): number {
  return sum(registerGroups.map(({ count }) => count));
}

/** Until the registers were played for this number of VFs, each is taken to be as the first. */
function fitted(registers: RegistersByEnd | undefined, vfs: number): RegistersByEnd {
  return tableOf(ENDS, (end) => {
    const times = registers?.[end].times ?? [];
    return { times: Array.from({ length: vfs }, (_, vf) => times[vf] ?? times[0] ?? NO_TIMES), ended: null };
  });
}

function fromMove(move: VmMoveResult): UiMove {
  const { end: ended, pauseNs, totalNs, rounds, rates, criticalNs, busyNs } = move;
  return {
    kind: ended,
    cause: move.cause,
    guestAt: hasMoved(ended) ? 'destination' : 'source',
    pauseNs,
    totalNs,
    parts: PAUSE_PARTS.map((name) => ({
      name,
      title: PAUSE_PART_TITLES[name],
      criticalNs: criticalNs[name],
      busyNs: busyNs[name],
    })),
    rounds,
    memoryBytesPerSecond: rates.memoryBytesPerSecond,
    bound: rates.bound,
  };
}

function nominalOf({ kind, pauseNs, totalNs, parts, rounds, move, devices }: VmResult): UiMove {
  const { memoryBytesPerSecond, bound } = move.rates;
  const { guestAt } = devices.outcome;
  return { kind, cause: move.cause, guestAt, pauseNs, totalNs, parts, rounds, memoryBytesPerSecond, bound };
}

/** Place of the VM with the longest pause. */
function longestOf({ vms }: ScenarioResult): number {
  let longest = 0;
  for (const [vm, { pauseNs }] of vms.entries()) if (pauseNs > vms[longest]!.pauseNs) longest = vm;
  return longest;
}

function wrongTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.reports.map(({ violationCount }) => violationCount)));
}

/** Of VFs that were reset or stay paused. */
function lostTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.lostTasks));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
