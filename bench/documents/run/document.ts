/**
 * The run document: what `stopcopy run --json` prints. Version 1; docs/run-format.md explains each field.
 */
import { FIGURE_KINDS, type Figure } from '../../show/figure.ts';
import type { HazardId } from '../../../sim/driver/hazards.ts';
import type { Recovery, VfEndState, VfTimes } from '../../../sim/move/vf-passage.ts';
import { type CompiledScenario, parametersOf } from '../../../sim/scenario/compile.ts';
import type { GroupLatency } from '../../../sim/scenario/guest-latency.ts';
import { type Influence, influencesOn } from '../../../sim/scenario/influence.ts';
import { type PauseShare, runInput, type ScenarioResult, type VmResult } from '../../../sim/scenario/scenario-run.ts';
import {
  clockNsOf,
  clocksOfVm,
  type OtherDevices,
  otherDevicesOf,
  stoppedNsOf,
} from '../../../sim/scenario/service.ts';
import type { Piece } from '../../../sim/manager/clocks.ts';
import { EVIDENCE, SOURCES } from '../../../sim/manager/source.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { leastLimitNs } from '../../../sim/memory/advice.ts';
import type { Writers } from '../../../sim/memory/dirty.ts';
import { hasMoved, type MoveCause, type MoveEnd, NO_ENDS } from '../../../sim/memory/outcome.ts';
import type { PauseSpan } from '../../../sim/memory/pause-record.ts';
import type { Bound } from '../../../sim/memory/stream.ts';
import type { CanAnswer } from '../../../sim/manager/can-answer.ts';
import type { CanQuestion } from '../../../sim/manager/question.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type VmmName } from '../../../sim/memory/vmms.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const RUN_FORMAT = 'stopcopy-run' satisfies DocumentFormat;
export const RUN_VERSION = DOCUMENTS[RUN_FORMAT].version;

/** A scenario and what came of it. */
export interface Played {
  readonly plan: CompiledScenario;
  /** With best guesses. */
  readonly point: ScenarioResult;
  /** Every parameter where it makes a pause short, and where it makes it long. */
  readonly short: ScenarioResult;
  readonly long: ScenarioResult;
  /** With best guesses. */
  readonly latencies: readonly GroupLatency[];
}

interface PartReport {
  readonly name: string;
  readonly title: string;
  readonly criticalNs: number;
  readonly busyNs: number;
}

interface RoundReport {
  readonly count: number;
  readonly beginsNs: number;
  readonly lastsNs: number;
  readonly sentBytes: number;
  readonly dirtiedBytes: number;
  readonly limitNs: number;
  readonly speed: number;
}

interface QueuePauseReport {
  /** Queues that had completions on both sides of the pause. */
  readonly queues: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** How long a device does not run, and how long its client sees nothing completed; null: there was nothing on one side. */
interface ServiceReport {
  /** From the beginning of its stop to the end of its start; null: the VM did not arrive. */
  readonly stoppedNs: number | null;
  /** Between completions on any queue. */
  readonly deviceNs: number | null;
  /** Gap of each queue. */
  readonly queuesNs: readonly (number | null)[];
}

/** What a VMM or manager prints for the pause. */
interface ClockReport {
  readonly id: string;
  readonly by: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Pieces of the pause that add up to it; null: the whole move. */
  readonly covers: readonly Piece[] | null;
  readonly figure: Figure;
  readonly prints: string;
  /** False: only with the other setting of QEMU's return path. */
  readonly ofThisMove: boolean;
  readonly source: string;
  readonly date: string;
  readonly evidence: string;
}

export interface VfOutcome {
  readonly profile: string;
  /** Hardware function number. */
  readonly fn: number;
  readonly end: VfEndState;
  /** Bugs of its drivers that struck in the move; docs/generations.md. */
  readonly hazards: readonly HazardId[];
  readonly times: VfTimes;
  readonly tasks: { readonly accepted: number; readonly completed: number; readonly wrong: number };
  readonly queuePause: QueuePauseReport | null;
  readonly service: ServiceReport;
}

/** Why a move ended other than by its rules; null stands for what is not limited. */
export interface CauseReport extends Omit<MoveCause, 'timeoutNs' | 'progressTimeoutNs' | 'writers'> {
  /** Documents of before have none. */
  readonly writers?: Writers | undefined;
  readonly timeoutNs: number | null;
  readonly progressTimeoutNs: number | null;
  /** The least downtime limit with which the VM moves, tried; null: none. */
  readonly limitThatWouldDoNs: number | null;
}

export interface VmReport {
  readonly vm: number;
  readonly kind: MoveEnd;
  /** Null: its rules were kept, or a fault ended it. */
  readonly cause: CauseReport | null;
  readonly guestAt: 'source' | 'destination';
  /** The call that failed or the point of the cut; null when there was none. */
  readonly at: string | null;
  readonly errno: string | null;
  readonly pauseNs: number;
  /** What the VMM tells as downtime; null when it tells none. */
  readonly reportedNs: number | null;
  readonly totalNs: number;
  readonly memoryBytes: number;
  readonly wireBytes: number;
  /** On the critical path these add up to the pause. */
  readonly parts: readonly PartReport[];
  readonly rounds: readonly RoundReport[];
  readonly vfs: readonly VfOutcome[];
  /** Devices without a register model; empty unless the VM arrived. */
  readonly otherDevices: readonly OtherDevices[];
}

/** Times from the stop of the vCPUs. */
interface SpanReport {
  readonly part: PauseSpan['part'];
  /** Which of several, such as a device; null for the VM itself. */
  readonly what: string | null;
  readonly beginsNs: number;
  readonly endsNs: number;
}

/** All VMs with the parameters at one end. */
interface EndReport {
  readonly end: RangeEnd;
  readonly ended: EndCounts;
  /** Of the VM that stood still longest; 0 when none did. */
  readonly pauseNs: number;
  readonly parts: readonly Pick<PartReport, 'name' | 'criticalNs'>[];
  readonly wrongTasks: number;
  readonly registerAccesses: number;
}

/** How many VMs ended so. */
export type EndCounts = Readonly<Record<MoveEnd, number>>;

export interface RunDocument {
  readonly format: typeof RUN_FORMAT;
  readonly version: typeof RUN_VERSION;
  readonly stopcopy: string;
  readonly scenario: {
    readonly file: string;
    readonly name: string;
    readonly description: string;
    readonly seed: number;
    readonly vmm: VmmName;
    readonly vms: number;
    readonly recovery: Recovery;
    /** What was assumed against what is known; left out: nothing. */
    readonly assume?: CanQuestion['assume'] | undefined;
  };
  /** With nominal parameters. */
  readonly ended: EndCounts;
  /** What `can` says of the move: what decides, and what else follows. */
  readonly can?: Pick<CanAnswer, 'outcome' | 'condition' | 'why' | 'notes'> | undefined;
  readonly kinds: Readonly<Partial<Record<Figure['kind'], string>>>;
  /** Headlines, each with its kind; of the VM that stood still longest. */
  readonly figures: {
    readonly pause: Figure;
    readonly reported?: Figure;
    readonly total: Figure;
    readonly memory: Figure;
    readonly wire: Figure;
    readonly queuePauseP50?: Figure;
    readonly queuePauseP99?: Figure;
    readonly queuePauseMax?: Figure;
    readonly wrongTasks: Figure;
    readonly acceptedTasks: Figure;
    readonly registerAccesses: Figure;
  };
  readonly stream: { readonly memoryBytesPerSecond: number; readonly bound: Bound };
  /** The VM that stood still longest, from 1. */
  readonly longest: number;
  readonly band: readonly EndReport[];
  /** With best guesses. */
  readonly vms: readonly VmReport[];
  /** What clients in the guests see, by group of VFs; modelled, with best guesses. */
  readonly latencies: readonly GroupLatency[];
  /** What VMMs and managers print for the longest pause; empty unless that VM moved. */
  readonly clocks: readonly ClockReport[];
  /** Parts of the pause of the VM that stood still longest as they lay in time; empty unless it moved. */
  readonly spans: readonly SpanReport[];
  /** What that pause hangs on, one parameter at a time, the widest first; empty unless it moved. */
  readonly influences: readonly Influence[];
  readonly traceHash: string;
}

export function runDocument(played: Played): RunDocument {
  const { plan, point, short, long } = played;
  const { outcome, condition, why, notes } = plan.can.answer;
  const ends = [short, point, long];
  const longest = longestOf(point);
  const of = longestVm(point);
  const modelled = (value: (vm: VmResult) => number, unit: string): Figure => {
    const values = ends.map(longestVm).filter(({ kind }) => hasMoved(kind) === hasMoved(of.kind));
    const range = values.map(value).filter(Number.isFinite);
    return { value: value(of), unit, kind: 'modelled', low: Math.min(...range), high: Math.max(...range) };
  };
  const pausesOf = (key: 'p50Ns' | 'p99Ns' | 'maxNs'): Figure | undefined => {
    const values = ends.flatMap((result) => queuePause(allQueuePauses(result))?.[key] ?? []);
    const value = queuePause(allQueuePauses(point))?.[key];
    if (value === undefined) return undefined;
    return { value, unit: 'ns', kind: 'modelled', low: Math.min(...values), high: Math.max(...values) };
  };
  const [p50, p99, max] = [pausesOf('p50Ns'), pausesOf('p99Ns'), pausesOf('maxNs')];
  return {
    format: RUN_FORMAT,
    version: RUN_VERSION,
    stopcopy: packageVersion(),
    scenario: scenarioReport(plan.file, plan.scenario, plan.recovery, plan.can.question.assume),
    ended: endCounts(point),
    can: { outcome, condition, why, notes },
    kinds: { exact: FIGURE_KINDS.exact, modelled: FIGURE_KINDS.modelled },
    figures: {
      pause: modelled(({ pauseNs }) => pauseNs, 'ns'),
      ...(hasMoved(of.kind) ? { reported: modelled(({ reportedNs }) => reportedNs, 'ns') } : {}),
      total: modelled(({ totalNs }) => totalNs, 'ns'),
      memory: modelled(({ memoryBytes }) => memoryBytes, 'B'),
      wire: modelled(({ wireBytes }) => wireBytes, 'B'),
      ...(p50 === undefined ? {} : { queuePauseP50: p50 }),
      ...(p99 === undefined ? {} : { queuePauseP99: p99 }),
      ...(max === undefined ? {} : { queuePauseMax: max }),
      wrongTasks: { value: sum(ends.map(wrongTasks)), unit: 'tasks', kind: 'exact' },
      acceptedTasks: { value: sum(ends.map(acceptedTasks)), unit: 'tasks', kind: 'exact' },
      registerAccesses: { value: point.world.accesses, unit: 'accesses', kind: 'exact' },
    },
    stream: { memoryBytesPerSecond: of.move.rates.memoryBytesPerSecond, bound: of.move.rates.bound },
    longest: longest + 1,
    band: ends.map(endReport),
    vms: point.vms.map((vm, index) => vmReport(vm, index, point, plan)),
    latencies: played.latencies,
    clocks: clockReports(played, longest),
    spans: hasMoved(of.kind) ? of.move.spans.map((span) => spanReport(span, of.move.stoppedAtNs)) : [],
    influences: hasMoved(of.kind) ? influencesOn(plan, timesByEnd(played, longest)) : [],
    traceHash: point.world.traceHash,
  };
}

/** Clocks of the VM with the longest pause, each with its range over the ends at which the VM moved. */
function clockReports({ plan, point, short, long }: Played, vm: number): readonly ClockReport[] {
  const ends = [short, point, long].map((result) => clockNsOf(plan, result, vm));
  return clocksOfVm(plan, point.vms[vm]!).map(({ ns, source, evidence, ...clock }) => {
    const values = ends.flatMap((end) => end.get(clock.id) ?? []);
    const figure: Figure = {
      value: ns,
      unit: 'ns',
      kind: 'modelled',
      low: Math.min(...values),
      high: Math.max(...values),
    };
    const { title, date } = SOURCES[source];
    return { ...clock, figure, source: title, date, evidence: EVIDENCE[evidence] };
  });
}

function spanReport({ part, what, startNs, endNs }: PauseSpan, stoppedAtNs: number): SpanReport {
  return { part, what: what ?? null, beginsNs: startNs - stoppedAtNs, endsNs: endNs - stoppedAtNs };
}

/** Of the VFs of one VM. */
function timesByEnd({ point, short, long }: Played, vm: number) {
  const of = ({ vms }: ScenarioResult) => vms[vm]!.devices.outcome.times;
  return { point: of(point), short: of(short), long: of(long) };
}

/** Place of the VM that stood still longest. */
function longestOf({ vms }: ScenarioResult): number {
  let longest = 0;
  for (const [index, { pauseNs }] of vms.entries()) if (pauseNs > vms[longest]!.pauseNs) longest = index;
  return longest;
}

function longestVm(result: ScenarioResult): VmResult {
  return result.vms[longestOf(result)]!;
}

function endCounts({ vms }: ScenarioResult): EndCounts {
  const counts = { ...NO_ENDS };
  for (const { kind } of vms) counts[kind] += 1;
  return counts;
}

/** The scenario as its document repeats it. */
export function scenarioReport(
  file: string,
  { name, description, seed, vmm, vms }: CompiledScenario['scenario'],
  recovery: Recovery,
  assume: CanQuestion['assume'],
): RunDocument['scenario'] {
  const assumed = keysOf(assume).length === 0 ? {} : { assume };
  return { file, name, description, seed, vmm, vms, recovery, ...assumed };
}

function endReport(result: ScenarioResult): EndReport {
  const { pauseNs, parts } = longestVm(result);
  return {
    end: result.end,
    ended: endCounts(result),
    pauseNs,
    parts: parts.map(({ name, criticalNs }) => ({ name, criticalNs })),
    wrongTasks: wrongTasks(result),
    registerAccesses: result.world.accesses,
  };
}

function vmReport(vm: VmResult, index: number, result: ScenarioResult, plan: CompiledScenario): VmReport {
  const { kind, pauseNs, reportedNs, totalNs, memoryBytes, wireBytes, rounds, devices } = vm;
  const { outcome, reports, queuePausesNs, serviceGaps } = devices;
  const stoppedNs = stoppedNsOf(vm);
  const cause = causeReport(vm, plan);
  return {
    vm: index + 1,
    kind,
    guestAt: outcome.guestAt,
    cause,
    // Where a rule ended the move, the registers were cut off there.
    at: outcome.at === '' || cause !== null ? null : outcome.at,
    errno: outcome.errno === '' ? null : outcome.errno,
    pauseNs,
    reportedNs: Number.isNaN(reportedNs) ? null : reportedNs,
    totalNs,
    memoryBytes,
    wireBytes,
    parts: vm.parts.map(({ name, title, criticalNs, busyNs }: PauseShare) => ({ name, title, criticalNs, busyNs })),
    rounds: rounds.map(({ count, startNs, lastsNs, sentBytes, dirtiedBytes, limitNs, speed }) => ({
      count,
      beginsNs: startNs,
      lastsNs,
      sentBytes,
      dirtiedBytes,
      limitNs,
      speed,
    })),
    vfs: result.world.places.map(({ group, fn }, vf) => ({
      profile: group.name,
      fn: index * group.count + fn,
      end: outcome.vfs[vf]!,
      hazards: outcome.hazards[vf]!,
      times: outcome.times[vf]!,
      tasks: {
        accepted: reports[vf]!.accepted,
        completed: reports[vf]!.completed,
        wrong: reports[vf]!.violationCount,
      },
      queuePause: queuePause(queuePausesNs[vf]!),
      service: { stoppedNs: stoppedNs[vf] ?? null, ...serviceGaps[vf]! },
    })),
    otherDevices: otherDevicesOf(plan, vm),
  };
}

/** The cause of a move that a rule ended or forced; null for another. */
function causeReport({ kind, move }: VmResult, plan: CompiledScenario): CauseReport | null {
  const { cause } = move;
  if ((kind !== 'forced' && kind !== 'cancelled') || cause.reason === 'none' || cause.reason === 'cut') return null;
  const orNull = (ns: number): number | null => (Number.isFinite(ns) ? ns : null);
  return {
    ...cause,
    timeoutNs: orNull(cause.timeoutNs),
    progressTimeoutNs: orNull(cause.progressTimeoutNs),
    limitThatWouldDoNs: leastLimitNs(runInput(plan), parametersOf(plan, 'point')),
  };
}

function allQueuePauses({ vms }: ScenarioResult): number[] {
  return vms.flatMap(({ devices }) => devices.queuePausesNs.flat());
}

function queuePause(pausesNs: readonly number[]): QueuePauseReport | null {
  if (pausesNs.length === 0) return null;
  const sorted = pausesNs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  return { queues: sorted.length, p50Ns: at(0.5), p99Ns: at(0.99), maxNs: sorted.at(-1)! };
}

/** Tasks lost, done twice or out of order. */
function wrongTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.reports.map(({ violationCount }) => violationCount)));
}

function acceptedTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.reports.map(({ accepted }) => accepted)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
