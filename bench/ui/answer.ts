/**
 * The answer to a scenario as the knobs have it: at once from the model of the whole VM, with the steps of its VFs as they
 * were last played register by register.
 */
import type { VfTimes } from '../../sim/move/vf-passage.ts';
import type { Scenario } from '../../sim/scenario/document.ts';
import { longestLimitNs, rulesOf } from '../../sim/scenario/rules.ts';
import { type Influence, influencesOn, type TimesByEnd } from '../../sim/scenario/influence.ts';
import { compileScenario, type CompiledScenario } from '../../sim/scenario/compile.ts';
import {
  ENDS,
  moveWithTimes,
  type PauseShare,
  runScenario,
  type ScenarioResult,
} from '../../sim/scenario/scenario-run.ts';
import { hasMoved, type MoveCause, type MoveEnd } from '../../sim/memory/outcome.ts';
import type { DeviceProfile, RangeEnd } from '../../sim/memory/device-profile.ts';
import { PAUSE_PART_TITLES, PAUSE_PARTS } from '../../sim/base/pause-parts.ts';
import type { PrecopyIteration } from '../../sim/memory/precopy-slots.ts';
import type { VmMoveResult } from '../../sim/memory/vm-move.ts';

/** The VM that stands still longest, with all parameters at one end. */
export interface UiEnd {
  readonly end: RangeEnd;
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

export interface UiAnswer {
  /** As many VMs move at once. */
  readonly vms: number;
  /** How many of them do, with best guesses. */
  readonly moved: number;
  readonly budgetNs: number;
  readonly point: UiEnd;
  readonly short: UiEnd;
  readonly long: UiEnd;
  readonly influences: readonly Influence[];
  /** Tasks lost or done twice in the play of the registers; undefined where none were played for just this. */
  readonly wrongTasks: number | undefined;
}

/** What playing registers gives. */
export interface Play {
  readonly times: TimesByEnd;
  readonly wrongTasks: number;
  /** Of scenarios that must be played as a whole. */
  readonly ends: Readonly<Record<RangeEnd, UiEnd>> | null;
  readonly moved: number;
}

export function compiledOf(scenario: Scenario, profiles: ReadonlyMap<string, DeviceProfile>): CompiledScenario {
  return compileScenario(scenario, profiles, scenario.name);
}

/** Whether registers and memory meet: faults strike at moments of the move, and many VMs wait for each other. */
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
export function play(plan: CompiledScenario, profiles: ReadonlyMap<string, DeviceProfile>): Play {
  // Registers know nothing of memory, but a VM that is never stopped plays none: so memory is made to come to rest.
  const whole = needsWhole(plan);
  const played = whole ? plan : compiledOf(atRest(plan.scenario), profiles);
  const [point, short, long] = ENDS.map((end) => runScenario(played, end)) as [
    ScenarioResult,
    ScenarioResult,
    ScenarioResult,
  ];
  const timesOf = (result: ScenarioResult) => longestVm(result).devices.outcome.times;
  return {
    times: { point: timesOf(point), short: timesOf(short), long: timesOf(long) },
    wrongTasks: sum([point, short, long].map(wrongTasks)),
    ends: whole ? { point: endOf(point), short: endOf(short), long: endOf(long) } : null,
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
    if (!isOfThisPlan || played === undefined || played.ends === null) return undefined;
    return { ...shared, ...played.ends, moved: played.moved, influences: [] };
  }
  const vfs = plan.registerGroups.reduce((total, group) => total + group.count, 0);
  const times = fitted(played?.times, vfs);
  const of = (end: RangeEnd): UiEnd => fromMove(end, moveWithTimes(plan, end, times[end]));
  const point = of('point');
  return {
    ...shared,
    moved: hasMoved(point.kind) ? 1 : 0,
    point,
    short: of('short'),
    long: of('long'),
    influences: hasMoved(point.kind) ? influencesOn(plan, times) : [],
  };
}

/** The pause for every place of a knob, in ns; null where the VM is not stopped. */
export function pausesAlong(plans: readonly (CompiledScenario | null)[], played: Play | undefined): (number | null)[] {
  return plans.map((plan) => {
    if (plan === null) return null;
    const vfs = plan.registerGroups.reduce((total, group) => total + group.count, 0);
    const { end, pauseNs } = moveWithTimes(plan, 'point', fitted(played?.times, vfs).point);
    return hasMoved(end) ? pauseNs : null;
  });
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

/** Until the registers were played for this number of VFs, each is taken to be as the first. */
function fitted(times: TimesByEnd | undefined, vfs: number): TimesByEnd {
  const of = (end: RangeEnd): readonly VfTimes[] =>
    Array.from({ length: vfs }, (_, vf) => times?.[end][vf] ?? times?.[end][0] ?? NO_TIMES);
  return { point: of('point'), short: of('short'), long: of('long') };
}

function atRest(scenario: Scenario): Scenario {
  const { dma: _dma, ...memory } = scenario.memory;
  return { ...scenario, memory: { ...memory, dirty: { kind: 'none' } } };
}

function fromMove(end: RangeEnd, move: VmMoveResult): UiEnd {
  const { end: ended, pauseNs, totalNs, rounds, rates, criticalNs, busyNs } = move;
  return {
    end,
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

function endOf(result: ScenarioResult): UiEnd {
  const { kind, pauseNs, totalNs, parts, rounds, move, devices } = longestVm(result);
  const { memoryBytesPerSecond, bound } = move.rates;
  const { guestAt } = devices.outcome;
  return {
    end: result.end,
    kind,
    cause: move.cause,
    guestAt,
    pauseNs,
    totalNs,
    parts,
    rounds,
    memoryBytesPerSecond,
    bound,
  };
}

function longestVm({ vms }: ScenarioResult) {
  return vms.reduce((longest, vm) => (vm.pauseNs > longest.pauseNs ? vm : longest));
}

function wrongTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.reports.map(({ violationCount }) => violationCount)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
