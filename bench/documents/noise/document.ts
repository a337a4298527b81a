/**
 * The noise document: what `stopcopy bench --noise --json` prints.
 */
import type { DocumentHead } from '../../io/document-head.ts';
import type { Crowding } from '../bench/crowding.ts';
import type { Machine } from '../bench/result.ts';

export interface NoiseOfMetric {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  /** Median absolute deviation of the processes, as a share of their median. */
  readonly spread: number;
  /** The later half of the processes over the earlier half, minus 1. */
  readonly drift: number;
  /** The largest ratio of the two processes of a pair, minus 1. */
  readonly worstPair: number;
  /** Pairs that this rests on. */
  readonly pairs: number;
  /** Pairs that fit into the budget, with all stages, up to the last test. */
  readonly pairsInBudget: number;
  /** Smallest slowdown that the budget finds four times of five; null: none of those tried. */
  readonly smallestFound: number | null;
}

export interface NoiseDocument extends DocumentHead {
  readonly machine: Machine;
  /** By what the machine was seen to be crowded; empty: nothing was seen. */
  readonly crowded: readonly Crowding[];
  /** Whether the user stopped it: what was measured by then is here. */
  readonly interrupted: boolean;
  readonly budgetSeconds: number;
  readonly metrics: readonly NoiseOfMetric[];
}
