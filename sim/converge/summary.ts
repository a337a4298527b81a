/**
 * What moves under several policies came to: quantiles, failures, the Pareto front, and which policy is best for a class, by
 * seeds that all of them have played.
 */
import { END_REASONS, type EndReason } from '../memory/precopy-end.ts';
import { MOVE_END, MOVE_ENDS, type MoveColumns, type MoveEnd, type MoveFigure } from './play.ts';

/** What the best policy of a seed is best by. `guest time`: the pause, and what vCPUs lose before it. */
export const PREFERENCES = ['guest time', 'time', 'pause'] as const;
export type Preference = (typeof PREFERENCES)[number];

/** Quantiles over moves that have such a figure; null: none has. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

/** A share with its 95 % interval (Wilson). */
export interface ShareInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What follows the pause of moves that were switched to post-copy. */
interface PostCopySummary {
  /** Moves that were. */
  readonly switched: ShareInterval;
  /** From the running VM to its last page, in ns: as long, a fault on the way or at either end loses the VM. */
  readonly arrivesNs: Quantiles;
  /** Pages that vCPUs wait for, and the share of that time that a vCPU which writes waits. */
  readonly waitedPages: Quantiles;
  readonly waiting: Quantiles;
  /** VMs that are lost, of a million that are to be moved: expected, at the question's time between faults. */
  readonly lostPerMillion: number;
}

export interface PolicySummary {
  readonly policy: string;
  /** Moves by how they ended. */
  readonly ends: Readonly<Record<MoveEnd, number>>;
  /** Why those were cancelled or forced that were. */
  readonly reasons: Readonly<Partial<Record<EndReason, number>>>;
  /** Moves that were given up, or did not end within the horizon. */
  readonly failed: ShareInterval;
  /** From the first byte to the running VM, in ns. */
  readonly totalNs: Quantiles;
  readonly pauseNs: Quantiles;
  /** Guest memory sent by VMs that moved. */
  readonly sentBytes: Quantiles;
  /** Share of their time that vCPUs lost outside of the pause: at their mean, one that writes, one that only reads. */
  readonly slowdown: Quantiles;
  readonly writerSlowdown: Quantiles;
  readonly readerSlowdown: Quantiles;
  /** null: no move was switched to post-copy. */
  readonly postCopy: PostCopySummary | null;
  /** Whether no other policy is at least as good in failures, time, pause, slow-down and VMs lost, and better in one. */
  readonly onFront: boolean;
  /** Seeds in which no other policy is better. */
  readonly best: ShareInterval;
}

/** The best policy of a class against another, by seeds. */
export interface PairedWins {
  readonly policy: string;
  /** Seeds in which the best policy is better, worse, and neither. */
  readonly better: number;
  readonly worse: number;
  readonly same: number;
  /** Share of `better` among those in which they differ; null: they never do. */
  readonly share: ShareInterval | null;
}

export interface ClassAnswer {
  readonly policy: string;
  /** Seeds in which none of those that it is held against is better. */
  readonly best: ShareInterval;
  readonly against: readonly PairedWins[];
  /** Whether it is better than each other that is not the same in more than half of the seeds in which they differ, for sure. */
  readonly sure: boolean;
}

export interface ClassSummary {
  readonly workload: string;
  readonly seeds: number;
  readonly policies: readonly PolicySummary[];
  /** The policy that is best in most seeds; null: no VM moved under any. */
  readonly answer: ClassAnswer | null;
  /** The best of those that switch no move to post-copy, so that no fault loses a VM; null: that is the answer, or there is none. */
  readonly without: ClassAnswer | null;
}

const Z = 1.959963984540054;

/** Wilson's 95 % interval of a share. */
export function wilson(hits: number, count: number): ShareInterval {
  if (count === 0) return { value: 0, low: 0, high: 1 };
  const share = hits / count;
  const z2 = (Z * Z) / count;
  const centre = share + z2 / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count));
  return {
    value: share,
    low: hits === 0 ? 0 : (centre - half) / (1 + z2),
    high: hits === count ? 1 : (centre + half) / (1 + z2),
  };
}

/** The smallest of the values below or at which a share of them lies; NaN counts as no value. */
export function quantiles(values: Float64Array): Quantiles {
  const sorted = values.filter((each) => !Number.isNaN(each)).toSorted();
  const at = (share: number): number | null =>
    sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** Whether a VM runs at its destination. */
export function hasMoved(end: number): boolean {
  return end === MOVE_END.moved || end === MOVE_END.forced || end === MOVE_END['post-copy'];
}

/** What a move costs, by what is preferred; Infinity: it failed. */
function costOf({ end, totalNs, pauseNs, lostNs }: MoveColumns, preference: Preference, seed: number): number {
  if (!hasMoved(end[seed]!)) return Number.POSITIVE_INFINITY;
  if (preference === 'time') return totalNs[seed]!;
  return pauseNs[seed]! + (preference === 'pause' ? 0 : lostNs[seed]!);
}

/** Costs that differ by less are the same: sums of times in doubles. */
const SAME = 1e-9;

function compare(a: number, b: number): number {
  const isSame = a === b || (Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= SAME * Math.max(a, b));
  return isSame ? 0 : a < b ? -1 : 1;
}

/**
 * @param columns of each policy, the same seed at the same place
 * @param faultNs mean time between two faults that end a stream
 */
export function summarise(
  workload: string,
  names: readonly string[],
  columns: readonly MoveColumns[],
  preference: Preference,
  faultNs: number,
): ClassSummary {
  const seeds = columns[0]?.end.length ?? 0;
  const costs = costsOf(columns, seeds, preference);
  const wins = winsOf(costs, seeds);
  const plain = columns.map((each, i) => policySummary(names[i]!, each, wilson(wins[i]!, seeds), faultNs));
  const policies = plain.map((each) => ({ ...each, onFront: isOnFront(each, plain) }));
  const answer = answerOf(names, costs, seeds);
  const kept = names.flatMap((_, i) => (plain[i]!.postCopy === null ? [i] : []));
  const isSafe = answer === null || kept.includes(names.indexOf(answer.policy));
  const namesOf = (places: readonly number[]): readonly string[] => places.map((i) => names[i]!);
  const without = isSafe
    ? null
    : answerOf(
        namesOf(kept),
        kept.map((i) => costs[i]!),
        seeds,
      );
  return { workload, seeds, policies, answer, without };
}

/** What each move costs, by what is preferred: of each policy, of so many seeds. */
export function costsOf(
  columns: readonly MoveColumns[],
  seeds: number,
  preference: Preference,
): readonly Float64Array[] {
  return columns.map((each) => Float64Array.from({ length: seeds }, (_, seed) => costOf(each, preference, seed)));
}

/** In how many seeds each policy is among the best. */
export function winsOf(costs: readonly Float64Array[], seeds: number): readonly number[] {
  const wins = costs.map(() => 0);
  for (let seed = 0; seed < seeds; seed++) {
    let least = Number.POSITIVE_INFINITY;
    for (const each of costs) least = Math.min(least, each[seed]!);
    if (least === Number.POSITIVE_INFINITY) continue;
    for (const [i, each] of costs.entries()) if (compare(each[seed]!, least) === 0) wins[i]! += 1;
  }
  return wins;
}

function answerOf(names: readonly string[], costs: readonly Float64Array[], seeds: number): ClassAnswer | null {
  const wins = winsOf(costs, seeds);
  const most = Math.max(...wins);
  if (!(most > 0)) return null;
  const best = wins.indexOf(most);
  const against = names.flatMap((policy, i): readonly PairedWins[] => {
    if (i === best) return [];
    const counts = { better: 0, worse: 0, same: 0 };
    for (let seed = 0; seed < seeds; seed++) {
      const order = compare(costs[best]![seed]!, costs[i]![seed]!);
      counts[order < 0 ? 'better' : order > 0 ? 'worse' : 'same'] += 1;
    }
    const { better, worse } = counts;
    return [{ policy, ...counts, share: better + worse === 0 ? null : wilson(better, better + worse) }];
  });
  const sure = against.every(({ share }) => share === null || share.low > 1 / 2);
  return { policy: names[best]!, best: wilson(most, seeds), against, sure };
}

function policySummary(
  policy: string,
  columns: MoveColumns,
  best: ShareInterval,
  faultNs: number,
): Omit<PolicySummary, 'onFront'> {
  const { end, reason, totalNs, pauseNs } = columns;
  const ends = { moved: 0, forced: 0, cancelled: 0, endless: 0, 'post-copy': 0 };
  const reasons: Partial<Record<EndReason, number>> = {};
  for (const [seed, code] of end.entries()) {
    ends[MOVE_ENDS[code]!] += 1;
    const why = END_REASONS[reason[seed]!]!;
    if (why !== 'none') reasons[why] = (reasons[why] ?? 0) + 1;
  }
  const ofMoved = (figure: (seed: number) => number): Quantiles =>
    quantiles(Float64Array.from(end, (code, seed) => (hasMoved(code) ? figure(seed) : Number.NaN)));
  const share = (name: MoveFigure): Quantiles =>
    ofMoved((seed) => columns[name][seed]! / (totalNs[seed]! - pauseNs[seed]!));
  return {
    policy,
    ends,
    reasons,
    failed: wilson(ends.cancelled + ends.endless, end.length),
    totalNs: ofMoved((seed) => totalNs[seed]!),
    pauseNs: ofMoved((seed) => pauseNs[seed]!),
    sentBytes: ofMoved((seed) => columns.sentBytes[seed]!),
    slowdown: share('lostNs'),
    writerSlowdown: share('writerLostNs'),
    readerSlowdown: share('readerLostNs'),
    postCopy: postCopySummary(columns, ends['post-copy'], faultNs),
    best,
  };
}

function postCopySummary(
  { end, arrivesNs, waitedPages, speed }: MoveColumns,
  switched: number,
  faultNs: number,
): PostCopySummary | null {
  if (switched === 0) return null;
  const lost = arrivesNs.reduce((sum, ns) => sum - (Number.isNaN(ns) ? 0 : Math.expm1(-ns / faultNs)), 0);
  return {
    switched: wilson(switched, end.length),
    arrivesNs: quantiles(arrivesNs),
    waitedPages: quantiles(waitedPages),
    waiting: quantiles(speed.map((each) => 1 - each)),
    lostPerMillion: (lost / end.length) * MILLION,
  };
}

const MILLION = 1e6;

type Compared = Pick<PolicySummary, 'failed' | 'totalNs' | 'pauseNs' | 'slowdown' | 'postCopy'>;

/** What is compared for the Pareto front, the less the better, and differences that count as none: shares of it, or of one. */
const CRITERIA: readonly {
  readonly value: (of: Compared) => number | null;
  readonly relative: number;
  readonly absolute: number;
}[] = [
  { value: ({ failed }) => failed.value, relative: 0, absolute: 0.005 },
  { value: ({ totalNs }) => totalNs.p50, relative: 0.01, absolute: 0 },
  { value: ({ pauseNs }) => pauseNs.p50, relative: 0.01, absolute: 0 },
  { value: ({ slowdown }) => slowdown.p50, relative: 0, absolute: 0.001 },
  { value: ({ postCopy }) => postCopy?.lostPerMillion ?? 0, relative: 0.01, absolute: 0 },
];

function isOnFront(one: Compared, all: readonly Compared[]): boolean {
  if (CRITERIA.some(({ value }) => value(one) === null)) return false;
  return !all.some((other) => {
    const orders = CRITERIA.map(({ value, relative, absolute }) => {
      const own = value(one)!;
      const others = value(other) ?? Number.POSITIVE_INFINITY;
      const isSame =
        Math.abs(own - others) <= Math.max(absolute, relative * Math.max(own, others)) &&
        others !== Number.POSITIVE_INFINITY;
      return isSame ? 0 : others - own;
    });
    return orders.every((order) => order <= 0) && orders.some((order) => order < 0);
  });
}
