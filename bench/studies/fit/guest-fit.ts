/**
 * How a guest writes to its memory, from what each iteration of a move has found dirty: a working set and a rate, and bursts
 * that come again and again. What iterations leave open is named, with what to measure.
 *
 * Iterations of different lengths separate the set from the rate: a short one finds what was written in it, a long one the whole set. A
 * guest that writes evenly never has less dirty after a longer iteration, so that an iteration that finds more than a longer one
 * was in a burst.
 */
import { median } from 'simple-statistics';

import { MIB, NS_PER_S } from '../../../sim/base/units.ts';
import { MemoryClass } from '../../../sim/memory/dirty.ts';
import { BurstRate } from '../../../sim/memory/write-rate.ts';
import { mostLikely, soft } from '../validation/most-likely.ts';
import { Covariance } from './covariance.ts';
import { burstRuns, burstsAt } from './guest-bursts.ts';
import { floorBytes, lengthNs, type Logs, PAGE_BYTES, type Span } from './spans.ts';
import { END_OF_80 } from './unknowns.ts';

/** What an iteration finds is off by so much, as a logarithm: it ends between two syncs, and figures are read off plots. */
const ITERATION_ERROR = 0.05;
/** An iteration that finds so many times what the floor explains was in a burst: three times the usual error. */
const BURST_FROM = 1.16;
/** A fit that is off by more, as a logarithm, does not show how the guest writes. */
const IRREGULAR_FROM = 0.15;
/** With less it knows no more of a figure than before. */
const KNOWN_BELOW = 0.5;
const ITERATIONS_MIN = 3;
const MARKINGS_MAX = 10;

/** A figure of a guest, with its 80 % interval; undefined ends: nothing limits it there. */
export interface GuestFigure {
  readonly name: string;
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly unit: 'bytes' | 'pages/s' | 's';
}

export interface GuestFit {
  /** `unknown`: too few iterations. */
  readonly kind: 'uniform' | 'bursts' | 'trace' | 'unknown';
  readonly figures: readonly GuestFigure[];
  /** Rates of a trace: from each time on, ns into the move, so many pages per second. */
  readonly trace: readonly { readonly fromNs: number; readonly pagesPerSecond: number }[];
  /** Root of the mean square of the errors, as a logarithm. */
  readonly error: number;
  /** What the iterations leave open, and what to measure. */
  readonly unknown: readonly string[];
}

/**
 * Fits a guest to the iterations of one move.
 *
 * @param spans one after another, from the start of the move
 * @param memoryBytes of the guest
 */
export function fitGuest(spans: readonly Span[], memoryBytes: number): GuestFit {
  const written = spans.filter(({ dirtiedBytes }) => dirtiedBytes > 0);
  if (written.length < ITERATIONS_MIN) {
    const unknown = [
      `${written.length} iterations have found dirty memory; it takes ${ITERATIONS_MIN}: keep the move iterating, by a downtime limit that it does not meet`,
    ];
    return { kind: 'unknown', figures: [], trace: [], error: Number.NaN, unknown };
  }
  const { floor, marked } = marksOf(written, memoryBytes);
  if (marked.size === 0) return evenGuest(written, floor, memoryBytes);
  const runs = burstRuns(written, marked);
  const longestNs = Math.max(...written.slice(1).map(lengthNs));
  if (runs.length < 2) {
    const seenS = Math.ceil(written[written.length - 1]!.toNs / NS_PER_S);
    return recorded(written, memoryBytes, [
      `one burst was seen, so that nothing says how often they come: keep the move iterating for more than the ${seenS} s that it was seen for`,
    ]);
  }
  const bounds = burstBounds(memoryBytes);
  const found = burstsAt(written, runs, floor).map((start) => refined(written, start, burstBytes, bounds));
  const logs = nearest(written, found, burstBytes);
  const error = rms(written, logs, burstBytes);
  if (Math.max(error, rms([...marked], logs, burstBytes)) > IRREGULAR_FROM) {
    return recorded(written, memoryBytes, [
      'bursts come at no regular interval that these iterations show: keep the move iterating for ten of them, with iterations shorter ' +
        `than the ${Math.ceil(longestNs / NS_PER_S)} s of the longest here`,
    ]);
  }
  return burstyGuest(written, logs, error);
}

/** Iterations in bursts, and what the others show. */
function marksOf(spans: readonly Span[], memoryBytes: number): { floor: Logs; marked: ReadonlySet<Span> } {
  const least = (span: Span): number =>
    Math.min(...spans.filter((other) => lengthNs(other) >= lengthNs(span)).map(({ dirtiedBytes }) => dirtiedBytes));
  let marked = new Set(spans.filter((span) => span.dirtiedBytes > BURST_FROM * least(span)));
  let floor = evenFit(spans, marked, memoryBytes);
  for (let i = 0; i < MARKINGS_MAX; i++) {
    const next = new Set(spans.filter((span) => span.dirtiedBytes > BURST_FROM * floorBytes(floor, span)));
    if (next.size === marked.size && [...next].every((span) => marked.has(span))) break;
    // All of them: the floor that was found is none.
    if (next.size > spans.length - 2) break;
    marked = next;
    floor = evenFit(spans, marked, memoryBytes);
  }
  return { floor, marked };
}

/** The set and the rate of iterations without a burst; the first one, where there are bursts, is long enough for some. */
function evenFit(spans: readonly Span[], marked: ReadonlySet<Span>, memoryBytes: number): Logs {
  const even = spans.filter((span, i) => !marked.has(span) && (marked.size === 0 || i > 0));
  const some = even.length === 0 ? spans : even;
  return nearest(some, evenFits(some, memoryBytes), floorBytes);
}

/** Searches that begin with a set that is all written, half, and hardly touched. */
function evenFits(spans: readonly Span[], memoryBytes: number): readonly Logs[] {
  const most = Math.max(...spans.map(({ dirtiedBytes }) => dirtiedBytes));
  const perSecond = median(spans.map((span) => (span.dirtiedBytes / PAGE_BYTES / lengthNs(span)) * NS_PER_S));
  return [1.05, 1.5, 4].map((times) => {
    const start = [Math.log(Math.min(memoryBytes, times * most)), Math.log(perSecond * (times < 2 ? 3 : 1.2))];
    return refined(spans, start, floorBytes, evenBounds(memoryBytes));
  });
}

type Bounds = readonly (readonly [least: number, most: number])[];
type Model = (logs: Logs, span: Span) => number;

/** Fastest that a guest writes: every page of a TiB each second. */
const RATE_MAX = Math.log(2 ** 28);

function evenBounds(memoryBytes: number): Bounds {
  return [
    [Math.log(PAGE_BYTES), Math.log(memoryBytes)],
    [Math.log(1 / 100), RATE_MAX],
  ];
}

function burstBounds(memoryBytes: number): Bounds {
  const time = [Math.log(NS_PER_S / 100), Math.log(1e6 * NS_PER_S)] as const;
  return [...evenBounds(memoryBytes), ...evenBounds(memoryBytes), time, time, time];
}

/** Logs of bursts: set and rate of the floor, set and rate in a burst, how often, how long, and when the first begins, in ns. */
function burstBytes(logs: Logs, span: Span): number {
  const [everyNs, lastsNs, beginsNs] = [Math.exp(logs[4]!), Math.exp(logs[5]!), Math.exp(logs[6]!)];
  const bursts = { everyNs, lastsNs: Math.min(lastsNs, everyNs), beginsNs };
  const burst = new MemoryClass(Math.exp(logs[2]!), PAGE_BYTES, new BurstRate(bursts, Math.exp(logs[3]!)));
  return floorBytes(logs, span) + burst.writtenBytes(span.fromNs, span.toNs, 1);
}

function errorsOf(spans: readonly Span[], logs: Logs, model: Model): readonly number[] {
  return spans.map((span) => Math.log(Math.max(1, model(logs, span)) / span.dirtiedBytes));
}

function rms(spans: readonly Span[], logs: Logs, model: Model): number {
  const errors = errorsOf(spans, logs, model);
  return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
}

/** The best of several. */
function nearest(spans: readonly Span[], found: readonly Logs[], model: Model): Logs {
  return found.toSorted((a, b) => rms(spans, a, model) - rms(spans, b, model))[0]!;
}

const SEARCH_STEP = 0.01;
const SEARCH_ITERATIONS = 60;
/** Errors beyond so many times the usual one count by their amount. */
const SOFT_FROM = 2;
/** A pull back to the start, so weak that it decides only what nothing else does. */
const PULL = 0.05;

function refined(spans: readonly Span[], start: Logs, model: Model, bounds: Bounds): Logs {
  const at = (moved: readonly number[]): Logs =>
    moved.map((by, i) => Math.min(bounds[i]![1], Math.max(bounds[i]![0], start[i]! + by)));
  const moved = mostLikely(
    (some) => [
      ...errorsOf(spans, at(some), model).map((error) => SOFT_FROM * soft(error / ITERATION_ERROR / SOFT_FROM)),
      ...some.map((each) => PULL * each),
    ],
    {
      least: start.map((each, i) => Math.min(0, bounds[i]![0] - each)),
      most: start.map((each, i) => Math.max(0, bounds[i]![1] - each)),
      step: SEARCH_STEP,
      iterationsMax: SEARCH_ITERATIONS,
    },
  );
  return at(moved);
}

/** Standard deviations of the logarithms, from 1 without any iteration. */
function deviationsOf(spans: readonly Span[], logs: Logs, model: Model, error: number): readonly number[] {
  let known = Covariance.ofUnit(logs.length);
  const usual = Math.max(ITERATION_ERROR, error);
  for (const span of spans) {
    const slopes = logs.map((log, i) => {
      const [a, b] = [-SEARCH_STEP, SEARCH_STEP].map((step) =>
        Math.log(Math.max(1, model(logs.with(i, log + step), span))),
      );
      return (b! - a!) / (2 * SEARCH_STEP);
    });
    known = known.after(slopes, usual);
  }
  return logs.map((_, i) => known.deviation(i));
}

function figure(name: string, unit: GuestFigure['unit'], log: number, deviation: number): GuestFigure {
  const [value, reach] = [Math.exp(log), Math.exp(END_OF_80 * deviation)];
  return { name, unit, value, low: value / reach, high: value * reach };
}

/** Fits that are worse by no more, as logarithms, are as good; sets that differ by so many times are different ones. */
const AS_GOOD = 0.01;
const OTHER_SET = 2;

function evenGuest(spans: readonly Span[], logs: Logs, memoryBytes: number): GuestFit {
  const error = rms(spans, logs, floorBytes);
  const [setDeviation, rateDeviation] = deviationsOf(spans, logs, floorBytes, error);
  const perSecond = spans.map((span) => (span.dirtiedBytes / PAGE_BYTES / lengthNs(span)) * NS_PER_S);
  const fastest = Math.max(...perSecond);
  const largest = Math.max(...spans.map(({ dirtiedBytes }) => dirtiedBytes));
  const longest = seconds(Math.max(...spans.map(lengthNs)) / NS_PER_S);
  const least = {
    set: `the working set, of at least ${mib(largest)}`,
    rate: `the rate, of at least ${Math.round(fastest)} pages/s`,
  };
  const wholeSet = { name: 'workingSet', unit: 'bytes', value: memoryBytes, low: largest } as const;
  const isEither = evenFits(spans, memoryBytes).some(
    (other) => rms(spans, other, floorBytes) < error + AS_GOOD && Math.abs(other[0]! - logs[0]!) > Math.log(OTHER_SET),
  );
  if (isEither) {
    const rate = { name: 'pagesPerSecond', unit: 'pages/s', value: median(perSecond), low: fastest } as const;
    const words = 'iterations of one length show either, not both: measure again, with more bandwidth or less';
    const value = Math.max(rate.value, rate.low);
    const unknown = [`${least.set}, and ${least.rate}; ${words}`];
    return { kind: 'uniform', figures: [wholeSet, { ...rate, value }], trace: [], error, unknown };
  }
  const [set, rate] = [
    figure('workingSet', 'bytes', logs[0]!, setDeviation!),
    figure('pagesPerSecond', 'pages/s', logs[1]!, rateDeviation!),
  ];
  const isSetKnown = setDeviation! < KNOWN_BELOW;
  const isRateKnown = rateDeviation! < KNOWN_BELOW;
  return {
    kind: 'uniform',
    figures: [
      isSetKnown ? { ...set, low: Math.max(set.low!, Math.min(largest, set.value)) } : wholeSet,
      isRateKnown ? rate : { ...rate, value: Math.max(fastest, rate.value), low: fastest, high: undefined },
    ],
    trace: [],
    error,
    unknown: [
      ...(isSetKnown ? [] : [`${least.set}: let an iteration last longer than ${longest}, by a lower bandwidth`]),
      ...(isRateKnown
        ? []
        : [`${least.rate}: each iteration found the whole working set; let them be shorter, by more bandwidth`]),
    ],
  };
}

function burstyGuest(spans: readonly Span[], logs: Logs, error: number): GuestFit {
  const deviations = deviationsOf(spans, logs, burstBytes, error);
  const names = ['workingSet', 'pagesPerSecond', 'burst', 'burstPagesPerSecond', 'every', 'lasts', 'begins'] as const;
  const units = ['bytes', 'pages/s', 'bytes', 'pages/s', 's', 's', 's'] as const;
  const figures = names.map((name, i) =>
    figure(name, units[i]!, logs[i]! - (units[i] === 's' ? Math.log(NS_PER_S) : 0), deviations[i]!),
  );
  const loose = names.filter((name, i) => name !== 'begins' && deviations[i]! >= KNOWN_BELOW);
  const unknown = loose.map(
    (name) => `${name}: iterations of other lengths than these would show it, by more bandwidth or less`,
  );
  return { kind: 'bursts', figures, trace: [], error, unknown };
}

/** What was seen, iteration by iteration, of a guest in which no regularity shows. */
function recorded(spans: readonly Span[], memoryBytes: number, unknown: readonly string[]): GuestFit {
  const trace = spans.map((span) => {
    const share = Math.min(0.99, span.dirtiedBytes / memoryBytes);
    const pages = (-Math.log1p(-share) * memoryBytes) / PAGE_BYTES;
    return { fromNs: span.fromNs, pagesPerSecond: (pages / lengthNs(span)) * NS_PER_S };
  });
  return { kind: 'trace', figures: [], trace, error: 0, unknown };
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(2))} s`;
}
