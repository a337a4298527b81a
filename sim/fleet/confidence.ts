/**
 * How sure an answer has to be: the share of draws of everything unknown in which it holds.
 */

/** Asked for where a question does not say. */
export const DEFAULT_CONFIDENCE = 0.95;
/** Below, a number is a matter of luck. */
export const CONFIDENCE_MIN = 0.5;
/** A higher one asks for more draws than are answered in seconds; 1 is every corner and every draw. */
export const CONFIDENCE_MAX = 0.999;
