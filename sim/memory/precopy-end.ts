/**
 * How pre-copy ends, and why: recorded where it ends. Engines keep the places of these words in arrays.
 */
import { ACT_REASONS } from './manager.ts';

/**
 * `converged`: the VM is stopped within its limit. `forced`: it is stopped although more is left. `cancelled`: it runs on at
 * the source.
 */
export const PRECOPY_ENDS = ['running', 'converged', 'forced', 'cancelled'] as const;
export type PrecopyEnd = (typeof PRECOPY_ENDS)[number];

/** What ended it: a rule of its manager, or a cut by a fault or the user. */
export const END_REASONS = ['none', ...ACT_REASONS, 'cut'] as const;
export type EndReason = (typeof END_REASONS)[number];

/**
 * What kept the VM from being stopped within its limit until then: memory had not been sent once; device state alone is more
 * than fits into the limit; the guest dirtied as much as was sent; iterations still got smaller; the pause was under way.
 */
export const BLOCKERS = ['none', 'first pass', 'device state', 'guest writes', 'more iterations', 'pause'] as const;
export type Blocker = (typeof BLOCKERS)[number];

/** Whether what is left never fits into the limit, however long the move takes. */
export function neverFits(blocker: Blocker): boolean {
  return blocker === 'device state' || blocker === 'guest writes';
}
