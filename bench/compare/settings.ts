/**
 * How a comparison of measured metrics decides where the user says nothing else.
 */
import type { TestSettings } from '../documents/comparison/document.ts';

export const PAIRS_MAX_DEFAULT = 40;

/**
 * The smallest chance that the signed-rank test can give is 2/2^n; with four tests and ten metrics it takes twelve pairs
 * before any verdict is possible.
 */
export const DEFAULT_LOOKS: readonly number[] = [12, 16, 24, PAIRS_MAX_DEFAULT];

/** Half of the chance falls to either side: equals are reported as worse in at most 1 of 100 comparisons. */
export const DEFAULT_SETTINGS: TestSettings = { alpha: 0.02, smallestEffect: 0.02, looks: DEFAULT_LOOKS };

/** What a comparison may take before its last pairs begin, in seconds: with these it ends within five minutes. */
export const BUDGET_SECONDS_DEFAULT = 280;

/** Measuring time of one process of a single-threaded stage, in seconds; starting and warming up come on top. */
export const SECONDS_DEFAULT = 0.3;
