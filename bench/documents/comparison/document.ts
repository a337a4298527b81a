/**
 * The comparison document: what `stopcopy compare --json` prints. Version 1; docs/regression.md.
 */
import type { Better, MetricKind } from '../metric.ts';
import { packageVersion } from '../../io/package-root.ts';
import type { Crowding } from '../bench/crowding.ts';
import type { Machine } from '../bench/result.ts';
import { keysOf, tableOf } from '../../../sim/base/keys.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const COMPARISON_FORMAT = 'stopcopy-comparison' satisfies DocumentFormat;
export const COMPARISON_VERSION = DOCUMENTS[COMPARISON_FORMAT].version;

export const COMPARISON_VERDICTS = {
  same: 'the interval of the change lies within the smallest effect that matters, or a ratio within its limit',
  better: 'changed for the better, by at least the smallest effect that matters',
  worse: 'changed for the worse, by at least the smallest effect that matters',
  changed: 'an exact value is another one; neither direction of it is good',
  new: 'only the candidate has it',
  gone: 'only the base has it',
  'cannot tell': 'the samples do not decide it',
  failed: 'a side could not be measured',
} as const;

export type ComparisonVerdict = keyof typeof COMPARISON_VERDICTS;

/** The verdict of what the samples do not decide. */
export const UNDECIDED = 'cannot tell' satisfies ComparisonVerdict;

export interface MetricResult {
  readonly name: string;
  readonly kind: MetricKind | 'modelled';
  readonly unit: string;
  readonly better: Better;
  readonly verdict: ComparisonVerdict;
  /** Whether this makes the comparison a regression. */
  readonly fails: boolean;
  /** Of measured ones the median over the processes. */
  readonly base?: number | string;
  readonly candidate?: number | string;
  /** Candidate over base, minus 1. */
  readonly effect?: number;
  /** Interval of the effect. */
  readonly low?: number;
  readonly high?: number;
  /** Chance of such a difference between equals, after all tests and all metrics are accounted for. */
  readonly p?: number;
  /** Pairs of processes that it rests on. */
  readonly pairs?: number;
  /** About so many further pairs would decide. */
  readonly morePairs?: number;
  /** What they would take, in seconds. */
  readonly moreSeconds?: number;
  /** In words, where the verdict alone does not say it. */
  readonly why?: string;
  /** Pair by pair: medians of the processes, and the logarithm of their ratio as their turns have it. */
  readonly samples?: {
    readonly base: readonly number[];
    readonly candidate: readonly number[];
    readonly ratios: readonly number[];
  };
}

export interface SideReport {
  /** As the user wrote it. */
  readonly word: string;
  readonly kind: 'result file' | 'baseline' | 'built folder' | 'revision';
  /** Commit, where it is known. */
  readonly revision: string | null;
}

/** The row that says what several result files of each side come to together. */
export const SPEED = 'speed, all measured figures';

/** How measured metrics are decided. */
export interface TestSettings {
  /** Chance that equals are reported as different, over all metrics of a comparison together. */
  readonly alpha: number;
  /** Smallest effect that matters, as a share: 0.02 is 2 %. */
  readonly smallestEffect: number;
  /** Numbers of pairs after which the samples are tested, rising. */
  readonly looks: readonly number[];
}

export interface ComparisonDocument {
  readonly format: typeof COMPARISON_FORMAT;
  readonly version: typeof COMPARISON_VERSION;
  readonly stopcopy: string;
  readonly base: SideReport;
  readonly candidate: SideReport;
  readonly regression: boolean;
  /** Whether the user stopped it: the pairs until then are all here. */
  readonly interrupted?: true;
  /** By what the machine was seen to be crowded while it was measured. Absent where nothing was measured. */
  readonly crowded?: readonly Crowding[];
  readonly counts: Readonly<Record<ComparisonVerdict, number>>;
  /** What is the same among exact metrics is counted and not listed. */
  readonly results: readonly MetricResult[];
  /** Absent where nothing was measured. */
  readonly settings?: TestSettings & { readonly pairs: number; readonly seconds: number };
  readonly machine?: Machine;
}

export interface ComparisonInput {
  readonly base: SideReport;
  readonly candidate: SideReport;
  readonly results: readonly MetricResult[];
  /** Exact metrics that are the same and not in the results. */
  readonly same: number;
  readonly settings?: NonNullable<ComparisonDocument['settings']>;
  readonly machine?: Machine;
  readonly crowded?: readonly Crowding[];
  readonly interrupted?: boolean;
}

export function compareDocument(input: ComparisonInput): ComparisonDocument {
  const { base, candidate, results, same, settings, machine, crowded, interrupted = false } = input;
  const counts = tableOf(
    keysOf(COMPARISON_VERDICTS),
    (verdict) => results.filter((result) => result.verdict === verdict).length + (verdict === 'same' ? same : 0),
  );
  return {
    format: COMPARISON_FORMAT,
    version: COMPARISON_VERSION,
    stopcopy: packageVersion(),
    base,
    candidate,
    regression: results.some(({ fails }) => fails),
    ...(interrupted ? { interrupted } : {}),
    ...(crowded === undefined ? {} : { crowded }),
    counts,
    results,
    ...(settings === undefined ? {} : { settings }),
    ...(machine === undefined ? {} : { machine }),
  };
}
