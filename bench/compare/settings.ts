/**
 * How a comparison of measured metrics decides where the user says nothing else.
 */
import type { TestSettings } from '../documents/comparison/document.ts';

export const PAIRS_MAX_DEFAULT = 40;

/**
 * The smallest chance that the signed-rank test can give is 2/2^n; with four looks and ten metrics it takes twelve pairs
 * before anything can be told at all.
 */
export const DEFAULT_LOOKS: readonly number[] = [12, 16, 24, PAIRS_MAX_DEFAULT];

/** Half of the chance falls to either side: equals are told as worse in at most 1 of 100 comparisons. */
export const DEFAULT_SETTINGS: TestSettings = { alpha: 0.02, smallestEffect: 0.02, looks: DEFAULT_LOOKS };

/** What a comparison may take before its last round begins, in seconds: with that round it ends within five minutes. */
export const BUDGET_SECONDS_DEFAULT = 280;

/** Measuring time of one process of a single-threaded stage, in seconds; starting and warming up come on top. */
export const SECONDS_DEFAULT = 0.3;
