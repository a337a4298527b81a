/**
 * Bursts among iterations: where a search for how often they come begins.
 */
import { linearRegression, median } from 'simple-statistics';

import { NS_PER_S } from '../../../sim/base/units.ts';
import { burstNs, type Bursts } from '../../../sim/memory/write-rate.ts';
import { floorBytes, lengthNs, type Logs, PAGE_BYTES, type Span } from './spans.ts';

/** What is tried: periods as shares of the one that the begins show, lasting times as shares of a run of marked iterations. */
const PERIODS = [0.97, 0.98, 0.99, 0.995, 1, 1.005, 1.01, 1.02, 1.03] as const;
const LASTS = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.1] as const;
/** Begins, from half of its time before the first marked iteration to the end of that. */
const BEGINS = 10;
/** Sets of a burst that are tried, as multiples of the most that an iteration has found of it. */
const SETS = [1.05, 1.5, 4] as const;
const NEARLY_ALL = 0.98;

/** A run of marked iterations: a burst, or a part of one and what comes before and after it. */
interface Run {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Runs of marked iterations, but for the first one, which is long enough for several bursts. */
export function burstRuns(spans: readonly Span[], marked: ReadonlySet<Span>): readonly Run[] {
  const runs: Run[] = [];
  for (const [i, span] of spans.entries()) {
    if (i === 0 || !marked.has(span)) continue;
    const last = i > 1 && marked.has(spans[i - 1]!) ? runs.pop() : undefined;
    runs.push({ fromNs: last?.fromNs ?? span.fromNs, toNs: span.toNs });
  }
  return runs;
}

/** For each size of the set the best of a grid of periods, lasting times and begins, as logarithms of a guest in bursts. */
export function burstsAt(spans: readonly Span[], runs: readonly Run[], floor: Logs): readonly Logs[] {
  // The first iteration has as many bursts as fit: it decides nothing of when they are.
  const later = spans.slice(1);
  const floors = later.map((span) => floorBytes(floor, span));
  const excess = later.map((span, i) => Math.max(0, span.dirtiedBytes - floors[i]!));
  const costs = SETS.map(() => Number.POSITIVE_INFINITY);
  const best = SETS.map((): Logs => []);
  for (const bursts of candidatesOf(runs, median(later.map(lengthNs)))) {
    const times = later.map(({ fromNs, toNs }) => burstNs(bursts, fromNs, toNs));
    for (const [which, { set, rate }] of setsOf(excess, times).entries()) {
      let cost = 0;
      for (const [i, { dirtiedBytes }] of later.entries()) {
        const more = -Math.expm1((-times[i]! * rate) / set) * set;
        cost += Math.abs(Math.log((floors[i]! + more) / dirtiedBytes));
      }
      if (cost >= costs[which]!) continue;
      const pagesPerSecond = (rate / PAGE_BYTES) * NS_PER_S;
      const tail = [set, pagesPerSecond, bursts.everyNs, bursts.lastsNs, bursts.beginsNs].map(Math.log);
      best[which] = [...floor, ...tail];
      costs[which] = cost;
    }
  }
  return best.filter((logs) => logs.length > 0);
}

/** Bursts that come as regularly as the runs do. */
function candidatesOf(runs: readonly Run[], spanNs: number): readonly Bursts[] {
  const starts = runs.map(({ fromNs }) => fromNs);
  const gaps = starts.slice(1).map((startNs, i) => startNs - starts[i]!);
  const runNs = median(runs.map(lengthNs));
  return [...new Set([median(gaps), Math.min(...gaps)])].flatMap((gapNs) => {
    const line = linearRegression(starts.map((startNs) => [Math.round((startNs - starts[0]!) / gapNs), startNs]));
    return PERIODS.flatMap((share) => {
      const everyNs = share * line.m;
      return LASTS.flatMap((part) => {
        const lastsNs = Math.min(part * runNs, everyNs);
        return Array.from({ length: BEGINS }, (_, i): Bursts => {
          const atNs = line.b - lastsNs / 2 + (i / BEGINS) * (spanNs + lastsNs / 2);
          return { everyNs, lastsNs, beginsNs: atNs - Math.floor(atNs / everyNs) * everyNs || everyNs };
        });
      });
    });
  });
}

/** Sets that a burst may write to, each with the rate, in bytes per ns, that goes with it. */
function setsOf(
  excess: readonly number[],
  times: readonly number[],
): readonly { readonly set: number; readonly rate: number }[] {
  const within = excess.flatMap((bytes, i) => (times[i]! > 0 && bytes > 0 ? [{ bytes, timeNs: times[i]! }] : []));
  if (within.length === 0) return [];
  const most = Math.max(...within.map(({ bytes }) => bytes));
  return SETS.map((multiple) => {
    const set = most * multiple;
    const rates = within.map(({ bytes, timeNs }) => (-Math.log1p(-Math.min(NEARLY_ALL, bytes / set)) * set) / timeNs);
    return { set, rate: median(rates) };
  });
}
