/**
 * The costs of a device from traces of its driver: what the times of a trace identify, and ranges of what they only bound.
 */
import { mapValues } from '../../../sim/base/keys.ts';
import { COST, type CostName } from '../../../sim/device/costs.ts';
import {
  type CostFile,
  COSTS_FORMAT,
  type MeasuredCost,
  type MeasuredStep,
  type OwnArc,
} from '../../../sim/device/cost-file.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { DEFAULT_GENERATION, GENERATIONS, LONG_TERM_GENERATION } from '../../../sim/driver/generation.ts';
import { arcTimes, SINGLE_ARCS } from '../../../sim/move/arc-times.ts';
import { arcsOfFunctions } from '../../import/driver/function-steps.ts';
import type { FunctionTime } from '../../import/driver/facts.ts';
import { packageVersion } from '../../io/package-root.ts';
import type { InferredCall } from './calls.ts';
import { type Bounds, type Estimate, meanEstimate, quantile, sharedBounds, spreadEstimate } from './samples.ts';
import {
  collectAccesses,
  collectBounds,
  hiddenShared,
  noTimes,
  type SeenTimes,
  type SleepReach,
} from './seen-times.ts';
import { type SeenStep, seenSteps } from './steps.ts';

/** What was traced: calls of VFs, and times of functions. */
export interface Calibrated {
  readonly files: readonly string[];
  readonly calls: readonly (readonly InferredCall[])[];
  readonly functions: readonly FunctionTime[];
  /** Changes of state that QEMU timed in a log of its own. */
  readonly arcs?: readonly SeenArc[];
  /** Times of these files are no costs. */
  readonly timeless: boolean;
  /** Whether the tracer lost events. */
  readonly hasLosses: boolean;
}

export interface SeenArc {
  readonly to: string;
  readonly ns: number;
}

/** What an estimate rests on. */
const SOURCES = {
  mmioReadNs: 'time between the two events of a 32-bit read; the time of the tracer is in it',
  mmioWriteNs: 'time between the two events of a 32-bit write; the time of the tracer is in it',
  doorbellNs: 'time between the two events of a 64-bit write; the time of the tracer is in it',
  usleepActualNs: 'time between two reads of a poll',
  cacheWriteBackBaseNs: 'from the start of a write-back to the poll that sees it done; what its contexts take is in it',
  vftAccessNs: 'from the launch of a table access to the poll that sees it done',
  pauseBaseNs: 'PAUSE_QM: between polls, or a gap in which it is',
  mailboxCommandNs: 'commands of the mailbox: between polls, or a gap in which they are',
} as const satisfies Partial<Record<CostName, string>>;

type Calibration = keyof typeof SOURCES;

/**
 * A cost table of traces.
 *
 * @param name of the table
 * @throws UserError of kind `input` where the traces have no time that says anything
 */
export function calibrate(
  { files, calls, functions, arcs = [], timeless, hasLosses }: Calibrated,
  name: string,
): CostFile {
  const times = noTimes();
  if (!timeless) for (const each of calls) collectAccesses(each, times);
  const resolutionNs = resolutionOf(times);
  const sleeps = spreadEstimate(times.sleeps, resolutionNs);
  const reach: SleepReach = sleeps ?? COST.usleepActualNs;
  if (!timeless) for (const each of calls) collectBounds(each, reach, times);
  functionBounds(functions, reach, times);
  times.pauses.push(...hiddenShared(times.hiddenPauses, !hasLosses));
  times.commands.push(...hiddenShared(times.hiddenCommands, !hasLosses));
  const rows = rowsOf(times, sleeps, resolutionNs);
  const steps = [...traceSteps(calls.flat(), arcs), ...functionSteps(functions)];
  if (Object.keys(rows).length === 0 && steps.length === 0) {
    throw new UserError('input', `${files.join(', ')}: has no time that says what the device takes`, 'stopcopy import --collect driver prints what to record.'); // prettier-ignore
  }
  return {
    format: COSTS_FORMAT,
    version: 1,
    stopcopy: packageVersion(),
    name,
    traces: [...files],
    costs: rows,
    ...(steps.length === 0 ? {} : { steps }),
    ...ownArcs(rows, steps),
  };
}

/** Of what a stop takes, queue pairs decide only the contexts that are written back. */
const OWN_VF = { kind: 'zip', queuePairs: 16 } as const;

/**
 * State changes that the traces have whole, next to what an idle VF takes for them with these costs: by the generation of the driver
 * that comes nearest.
 */
function ownArcs(rows: CostFile['costs'], steps: readonly MeasuredStep[]): { readonly arcs?: OwnArc[] } {
  const seen = SINGLE_ARCS.flatMap((to) => {
    const step = steps.find((each) => each.step === `arc to ${to}`);
    return step === undefined || step.medianNs === 0 ? [] : [{ to, seenNs: step.medianNs }];
  });
  if (seen.length === 0) return {};
  const all = [LONG_TERM_GENERATION, DEFAULT_GENERATION].map((driver) => {
    const timesAt = (field: 'ns' | 'min' | 'max') => {
      const costs = mapValues(COST, (shipped, name) => rows[name]?.[field] ?? shipped[field]);
      return arcTimes({ ...OWN_VF, generation: GENERATIONS[driver], costs });
    };
    const [nominal, low, high] = [timesAt('ns'), timesAt('min'), timesAt('max')];
    return seen.flatMap(({ to, seenNs }): OwnArc[] => {
      const nominalNs = nominal[to];
      if (nominalNs === undefined) return [];
      return [{ to, driver, seenNs, nominalNs: round(nominalNs), lowNs: round(low[to]!), highNs: round(high[to]!) }];
    });
  });
  const error = (arcs: readonly OwnArc[]): number =>
    arcs.reduce((sum, { seenNs, nominalNs }) => sum + Math.abs(Math.log(nominalNs / seenNs)), 0);
  const most = Math.max(...all.map(({ length }) => length));
  const [nearest] = all.filter(({ length }) => length === most).toSorted((a, b) => error(a) - error(b));
  return { arcs: nearest! };
}

/** Times are whole µs where all of them are. */
function resolutionOf({ reads, writes, doorbells, sleeps }: SeenTimes): number {
  const all = [...reads, ...writes, ...doorbells, ...sleeps];
  return all.every((each) => Math.abs(each - Math.round(each / 1000) * 1000) < 1e-3) ? 1000 : 1;
}

function rowsOf(times: SeenTimes, sleeps: Estimate | undefined, resolutionNs: number): CostFile['costs'] {
  const rows: CostFile['costs'] = {};
  const put = (cost: Calibration, row: MeasuredCost | undefined): void => {
    if (row !== undefined) rows[cost] = row;
  };
  const writes = meanEstimate(times.writes, resolutionNs);
  const reads = meanEstimate(times.reads, resolutionNs);
  // What a tracer adds to a read it adds to a write, which waits for nothing: the read may be shorter by all of that.
  put('mmioReadNs', reads && measured('mmioReadNs', { ...reads, min: reads.min - (writes?.max ?? 0) }));
  put('mmioWriteNs', writes && measured('mmioWriteNs', { ...writes, min: 1 }));
  const doorbells = meanEstimate(times.doorbells, resolutionNs);
  put('doorbellNs', doorbells && measured('doorbellNs', { ...doorbells, min: 1 }));
  put('usleepActualNs', sleeps && measured('usleepActualNs', sleeps));
  put('vftAccessNs', bounded('vftAccessNs', times.tables, resolutionNs));
  put('pauseBaseNs', bounded('pauseBaseNs', times.pauses, resolutionNs));
  put('mailboxCommandNs', bounded('mailboxCommandNs', times.commands, resolutionNs));
  put('cacheWriteBackBaseNs', bounded('cacheWriteBackBaseNs', times.writeBacks, resolutionNs, true));
  return rows;
}

/** A clock that never showed a difference says only that it is short: the assumed value stands, as far as it can be. */
function measured(cost: Calibration, { ns, min, max, samples }: Estimate): MeasuredCost {
  const isSeen = ns > 0;
  const value = isSeen ? Math.max(1, round(ns)) : Math.min(Math.max(1, Math.ceil(max)), COST[cost].ns);
  return {
    ns: value,
    min: Math.max(1, Math.min(value, Math.floor(min))),
    max: Math.max(value, Math.ceil(max)),
    from: isSeen ? 'measured' : 'bounded',
    samples,
    source: SOURCES[cost],
  };
}

/** @param hasMore whether the time also has what contexts take: then only its upper end says something */
function bounded(
  cost: Calibration,
  all: readonly Bounds[],
  resolutionNs: number,
  hasMore = false,
): MeasuredCost | undefined {
  const shared = sharedBounds(all);
  if (shared === undefined) return undefined;
  const min = hasMore ? 1 : Math.max(1, Math.floor(shared.low - resolutionNs));
  const max = Math.max(min, Math.ceil(shared.high + resolutionNs));
  const middle = Math.max(min, round((shared.low + shared.high) / 2));
  return {
    ns: Math.min(max, Math.max(min, shared.low <= resolutionNs ? COST[cost].ns : middle)),
    min,
    max,
    from: 'bounded',
    samples: all.length,
    source: SOURCES[cost],
  };
}

function round(ns: number): number {
  return Math.round(ns * 10) / 10;
}

/** Longest accesses of one mailbox command, without its sleeps. */
const COMMAND_MAX_NS = 6 * COST.mmioRead128Ns.max + COST.mmioWrite128Ns.max;

/** Mailbox functions hold one command each, with an idle poll before it and the poll that sees it done. */
function functionBounds(functions: readonly FunctionTime[], sleep: SleepReach, into: SeenTimes): void {
  for (const { steps } of arcsOfFunctions(functions)) {
    for (const { step, call } of steps) {
      if (!step.startsWith('mailbox ') || step === 'mailbox idle') continue;
      const bounds = { low: Math.max(0, call.durationNs - 2 * sleep.max - COMMAND_MAX_NS), high: call.durationNs };
      (step === 'mailbox PAUSE_QM' ? into.pauses : into.commands).push(bounds);
    }
  }
}

const STEP_WORDS: Readonly<Record<SeenStep['step'], string>> = {
  vftRead: 'query of the function table',
  cacheWriteBack: 'cache write-back',
  pauseMailbox: 'mailbox command PAUSE_QM',
  saveMailboxes: 'mailbox queries of the save',
};

function traceSteps(calls: readonly InferredCall[], arcs: readonly SeenArc[]): readonly MeasuredStep[] {
  const seen = new Map<string, { ns: number[]; polls: number[]; atMost: boolean }>();
  const note = (step: string, ns: number, polls?: number, atMost = false): void => {
    const known = seen.get(step) ?? { ns: [], polls: [], atMost };
    known.ns.push(ns);
    if (polls !== undefined) known.polls.push(polls);
    known.atMost ||= atMost;
    seen.set(step, known);
  };
  for (const { call, from, to, startNs, endNs } of calls) {
    if (call === 'set_state' && from === 'mark' && to !== undefined) note(`arc to ${to}`, endNs - startNs);
  }
  for (const { to, ns } of arcs) note(`arc to ${to}`, ns);
  for (const { step, ns, polls, fromGap } of seenSteps(calls)) note(STEP_WORDS[step], ns, polls, fromGap);
  return [...seen].map(([step, { ns, polls, atMost }]) => stepRow(step, ns, polls, atMost));
}

function functionSteps(functions: readonly FunctionTime[]): readonly MeasuredStep[] {
  const seen = new Map<string, number[]>();
  for (const { call, steps } of arcsOfFunctions(functions)) {
    for (const [step, ns] of [
      ['request', call.durationNs] as const,
      ...steps.map((each) => [each.step, each.call.durationNs] as const),
    ]) {
      // prettier-ignore
      const list = seen.get(step) ?? [];
      list.push(ns);
      seen.set(step, list);
    }
  }
  return [...seen].map(([step, ns]) => stepRow(`function: ${step}`, ns, [], false));
}

function stepRow(step: string, given: readonly number[], polls: readonly number[], atMost: boolean): MeasuredStep {
  const ns = given.toSorted((a, b) => a - b);
  return {
    step,
    times: ns.length,
    medianNs: round(quantile(ns, 0.5)),
    minNs: round(ns[0]!),
    maxNs: round(ns.at(-1)!),
    ...(polls.length === 0
      ? {}
      : {
          polls: quantile(
            polls.toSorted((a, b) => a - b),
            0.5,
          ),
        }),
    ...(atMost ? { atMost } : {}),
  };
}
