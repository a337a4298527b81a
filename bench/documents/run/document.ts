/**
 * The run document: what `stopcopy run --json` prints. Version 2; docs/run-format.md explains each field.
 */
import { FIGURE_KINDS, type Figure, INTERVAL_WORDS } from '../../show/figure.ts';
import type { HazardId } from '../../../sim/driver/hazards.ts';
import type { Recovery, VfEndState, VfTimes } from '../../../sim/move/vf-passage.ts';
import { scenarioReport } from './values.ts';
import { type CompiledScenario, parametersOf } from '../../../sim/scenario/compile.ts';
import type { DrawnMove } from '../../../sim/scenario/drawn-moves.ts';
import type { GroupLatency } from '../../../sim/scenario/guest-latency.ts';
import { type Influence, influencesOn } from '../../../sim/scenario/influence.ts';
import { type PauseShare, runInput, type ScenarioResult, type VmResult } from '../../../sim/scenario/scenario-run.ts';
import { clocksOfVm, type OtherDevices, otherDevicesOf, passedVm, stoppedNsOf } from '../../../sim/scenario/service.ts';
import type { Piece } from '../../../sim/manager/clocks.ts';
import { EVIDENCE, SOURCES } from '../../../sim/manager/source.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { leastLimitNs } from '../../../sim/memory/advice.ts';
import type { Writers } from '../../../sim/memory/dirty.ts';
import { hasMoved, type MoveCause, type MoveEnd, NO_ENDS } from '../../../sim/memory/outcome.ts';
import type { Bounded } from '../../../sim/memory/post-copy.ts';
import type { PauseSpan } from '../../../sim/memory/pause-record.ts';
import type { Bound } from '../../../sim/memory/stream.ts';
import { type PlayedCan, playedCan } from '../can/document.ts';
import type { CanQuestion } from '../../../sim/manager/question.ts';
import { packageVersion } from '../../io/package-root.ts';
import { costsInUse } from '../../../sim/device/costs.ts';
import { type VmmName } from '../../../sim/memory/vmms.ts';
import { intervalAround } from '../../../sim/base/draws.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';
import { type DrawsReport, type IntervalNs, type LatencyReport, RunIntervals } from './intervals.ts';

export const RUN_FORMAT = 'stopcopy-run' satisfies DocumentFormat;
export const RUN_VERSION = DOCUMENTS[RUN_FORMAT].version;

/** A scenario and what came of it. */
export interface Played {
  readonly plan: CompiledScenario;
  /** With nominal parameters. */
  readonly point: ScenarioResult;
  /** Every parameter where it makes a pause short, and where it makes it long. */
  readonly short: ScenarioResult;
  readonly long: ScenarioResult;
  /** With nominal parameters. */
  readonly latencies: readonly GroupLatency[];
}

/** With an interval of the time on the critical path, of the VM that had the longest pause. */
interface PartReport extends Partial<IntervalNs> {
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
  /** Its interval, of the VM that had the longest pause. */
  readonly stoppedLowNs?: number;
  readonly stoppedHighNs?: number;
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
  readonly tasks: {
    readonly accepted: number;
    readonly completed: number;
    readonly wrong: number;
    /** Never completed, because the VF was reset or stays paused; documents of before have none. */
    readonly lost?: number;
  };
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

/** What follows the pause of a move by post-copy, with the ends between which each figure lies. */
interface PostCopyReport {
  readonly leftBytes: number;
  /** From the running destination until the last page is there. */
  readonly arrivesNs: number;
  readonly requestNs: Bounded;
  readonly waitedPages: Bounded;
  /** Share of their time that vCPUs do not wait for pages. */
  readonly speed: Bounded;
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
  /** Downtime as the VMM reports it; null when it reports none. */
  readonly reportedNs: number | null;
  readonly totalNs: number;
  readonly memoryBytes: number;
  readonly wireBytes: number;
  /** On the critical path these add up to the pause. */
  readonly parts: readonly PartReport[];
  readonly rounds: readonly RoundReport[];
  readonly vfs: readonly VfOutcome[];
  /** Left out: all memory was there when the VM ran. */
  readonly postCopy?: PostCopyReport | undefined;
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

/** All VMs with all parameters at one end: a corner, outside of which hardly any draw lies. */
interface EndReport {
  readonly end: RangeEnd;
  readonly ended: EndCounts;
  /** Pause of the VM that had the longest; 0 when none had one. */
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
    readonly values?: readonly string[] | undefined;
    readonly seed: number;
    readonly vmm: VmmName;
    readonly vms: number;
    readonly recovery: Recovery;
    /** What was assumed against what is known; left out: nothing. */
    readonly assume?: CanQuestion['assume'] | undefined;
    /** All its fields with defaults filled in, as a file has them; left out by documents of before. */
    readonly given?: Readonly<Record<string, unknown>> | undefined;
  };
  /** Whose parameters stand in place of the shipped ones; left out: nobody's. */
  readonly platform?: string | undefined;
  /** The user's own cost table; left out: the shipped one. */
  readonly costs?: string | undefined;
  /** Which of its rows are measured, and what it does not reproduce. */
  readonly costNotes?: readonly string[] | undefined;
  /** With nominal parameters. */
  readonly ended: EndCounts;
  /** What `can` says of the move: what decides, and what else follows. */
  readonly can?: PlayedCan | undefined;
  readonly kinds: Readonly<Partial<Record<Figure['kind'], string>>>;
  /** Headlines, each with its kind; of the VM that had the longest pause. */
  readonly figures: {
    readonly pause: Figure;
    /** At which memory is sent; left out of documents of version 1. */
    readonly rate?: Figure;
    readonly reported?: Figure;
    /** From the running destination until the last page is there; of a move by post-copy only. */
    readonly pagesArrive?: Figure;
    readonly total: Figure;
    readonly memory: Figure;
    readonly wire: Figure;
    readonly queuePauseP50?: Figure;
    readonly queuePauseP99?: Figure;
    readonly queuePauseMax?: Figure;
    readonly wrongTasks: Figure;
    /** With nominal parameters; left out: no VF is left without service, or a document of before. */
    readonly lostTasks?: Figure;
    readonly acceptedTasks: Figure;
    readonly registerAccesses: Figure;
  };
  readonly stream: { readonly memoryBytesPerSecond: number; readonly bound: Bound };
  /** What the intervals rest on; null: a document of version 1, whose ranges are those of all parameters at one end. */
  readonly draws: DrawsReport | null;
  /** The VM that had the longest pause, from 1. */
  readonly longest: number;
  readonly band: readonly EndReport[];
  /** With nominal parameters. */
  readonly vms: readonly VmReport[];
  /** What clients in the guests see, by group of VFs; modelled, nominal. */
  readonly latencies: readonly LatencyReport[];
  /** What VMMs and managers print for the longest pause; empty unless that VM moved. */
  readonly clocks: readonly ClockReport[];
  /** Parts of the pause of the VM that had the longest pause as they lay in time; empty unless it moved. */
  readonly spans: readonly SpanReport[];
  /** What that pause depends on, one parameter at a time, the widest first; empty unless it moved. */
  readonly influences: readonly Influence[];
  readonly traceHash: string;
}

export function runDocument(played: Played): RunDocument {
  const { plan, point, short, long } = played;
  const ends = [short, point, long];
  const longest = longestOf(point);
  const of = longestVm(point);
  const intervals = new RunIntervals(plan, { point, short, long }, longest);
  return {
    format: RUN_FORMAT,
    version: RUN_VERSION,
    stopcopy: packageVersion(),
    scenario: scenarioReport(plan.file, plan.scenario, plan.recovery, plan.can.question.assume),
    ...(plan.platform === undefined ? {} : { platform: plan.platform.id }),
    ...costsInUse(),
    ended: endCounts(point),
    can: playedCan(plan.can),
    kinds: { exact: FIGURE_KINDS.exact, modelled: INTERVAL_WORDS },
    figures: {
      ...moveFigures(of, intervals),
      ...queueFigures(played, intervals),
      wrongTasks: { value: sum(ends.map(wrongTasks)), unit: 'tasks', kind: 'exact' },
      ...lostFigure(point),
      acceptedTasks: { value: sum(ends.map(acceptedTasks)), unit: 'tasks', kind: 'exact' },
      registerAccesses: { value: point.world.accesses, unit: 'accesses', kind: 'exact' },
    },
    stream: { memoryBytesPerSecond: of.move.rates.memoryBytesPerSecond, bound: of.move.rates.bound },
    draws: intervals.report(),
    longest: longest + 1,
    band: ends.map(endReport),
    vms: point.vms.map((vm, index) => vmReport(vm, index, point, plan, index === longest ? intervals : null)),
    latencies: intervals.latencies(played.latencies),
    clocks: clockReports(played, longest, intervals),
    spans: hasMoved(of.kind) ? of.move.spans.map((span) => spanReport(span, of.move.stoppedAtNs)) : [],
    influences: hasMoved(of.kind) ? influencesOn(plan, timesByEnd(played, longest)) : [],
    traceHash: point.world.traceHash,
  };
}

/** Figures of the VM that had the longest pause. */
function moveFigures({ kind, move, ...of }: VmResult, intervals: RunIntervals) {
  const reported = intervals.figure(of.reportedNs, 'ns', ({ reportedNs }) => reportedNs);
  return {
    pause: intervals.figure(of.pauseNs, 'ns', ({ pauseNs }) => pauseNs),
    ...(hasMoved(kind) ? { reported } : {}),
    ...(hasMoved(kind) && move.postCopy !== null
      ? { pagesArrive: intervals.figure(move.postCopy.arrivesNs, 'ns', arrivesNsOf) }
      : {}),
    total: intervals.figure(of.totalNs, 'ns', ({ totalNs }) => totalNs),
    memory: intervals.figure(of.memoryBytes, 'B', ({ memoryBytes }) => memoryBytes),
    wire: intervals.figure(of.wireBytes, 'B', ({ wireBytes }) => wireBytes),
    rate: intervals.figure(move.rates.memoryBytesPerSecond, 'B/s', (drawn) => drawn.move.rates.memoryBytesPerSecond),
  };
}

function arrivesNsOf({ move }: DrawnMove): number {
  return move.postCopy?.arrivesNs ?? Number.NaN;
}

/** Gaps of all VMs' queues; none where no queue had completions on both sides. */
function queueFigures({ point }: Played, intervals: RunIntervals) {
  const gaps = queuePause(allQueuePauses(point));
  if (gaps === null) return {};
  const pauseAt = (result: ScenarioResult): number => longestVm(result).pauseNs;
  const figure = (key: 'p50Ns' | 'p99Ns' | 'maxNs'): Figure =>
    intervals.overPause(gaps[key], (result) => queuePause(allQueuePauses(result))?.[key], pauseAt);
  return { queuePauseP50: figure('p50Ns'), queuePauseP99: figure('p99Ns'), queuePauseMax: figure('maxNs') };
}

/** Clocks of the VM with the longest pause. */
function clockReports({ plan, point }: Played, vm: number, intervals: RunIntervals): readonly ClockReport[] {
  const drawn = intervals.clocks();
  return clocksOfVm(plan, passedVm(point.vms[vm]!)).map(({ ns, source, evidence, ...clock }) => {
    const figure: Figure = { unit: 'ns', kind: 'modelled', ...intervalAround(ns, drawn.get(clock.id) ?? []) };
    const { title, date } = SOURCES[source];
    return { ...clock, figure, source: title, date, evidence: EVIDENCE[evidence] };
  });
}

function spanReport({ part, what, startNs, endNs }: PauseSpan, stoppedAtNs: number): SpanReport {
  return { part, what: what ?? null, beginsNs: startNs - stoppedAtNs, endsNs: endNs - stoppedAtNs };
}

/** Figures of the VFs of one VM. */
function timesByEnd({ point, short, long }: Played, vm: number) {
  const of = ({ vms }: ScenarioResult) => vms[vm]!.devices.outcome.times;
  return { point: of(point), short: of(short), long: of(long) };
}

/** Place of the VM that had the longest pause. */
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

/** @param intervals of the VM that had the longest pause; null: another */
function vmReport(
  vm: VmResult,
  index: number,
  result: ScenarioResult,
  plan: CompiledScenario,
  intervals: RunIntervals | null,
): VmReport {
  const { kind, pauseNs, reportedNs, totalNs, memoryBytes, wireBytes, rounds, devices } = vm;
  const { outcome, reports, lostTasks, queuePausesNs, serviceGaps } = devices;
  const stoppedNs = stoppedNsOf(passedVm(vm));
  const stopped = intervals?.stopped(stoppedNs);
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
    parts: vm.parts.map(({ name, title, criticalNs, busyNs }: PauseShare) => ({
      name,
      title,
      criticalNs,
      busyNs,
      ...intervals?.part(name, criticalNs),
    })),
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
        lost: lostTasks[vf]!,
      },
      queuePause: queuePause(queuePausesNs[vf]!),
      service: {
        stoppedNs: outcome.vfs[vf] === 'served' ? (stoppedNs[vf] ?? null) : null,
        ...stoppedEnds(outcome.vfs[vf] === 'served' ? stopped?.[vf] : undefined),
        ...serviceGaps[vf]!,
      },
    })),
    ...(hasMoved(kind) && vm.move.postCopy !== null ? { postCopy: vm.move.postCopy } : {}),
    otherDevices: otherDevicesOf(plan, vm),
  };
}

function stoppedEnds(interval: IntervalNs | undefined) {
  return interval === undefined ? {} : { stoppedLowNs: interval.lowNs, stoppedHighNs: interval.highNs };
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

/** Tasks that never complete because their VF was reset or stays paused. */
function lostFigure({ vms }: ScenarioResult): { readonly lostTasks?: Figure } {
  const value = sum(vms.flatMap(({ devices }) => devices.lostTasks));
  return value === 0 ? {} : { lostTasks: { value, unit: 'tasks', kind: 'exact' } };
}

function acceptedTasks({ vms }: ScenarioResult): number {
  return sum(vms.flatMap(({ devices }) => devices.reports.map(({ accepted }) => accepted)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
