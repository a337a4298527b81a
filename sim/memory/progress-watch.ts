/**
 * What a manager knows of the progress of a move: how much remained at its polls, and when it was last less than at the poll
 * before. Polls are not played one by one: the course that remaining memory takes is known.
 */

import { NS_PER_S } from '../base/units.ts';

/** How remaining memory goes with time, from `fromNs` on. Times from the start of the move, in ns. */
export interface RemainingCourse {
  fromNs: number;
  /** At `fromNs`, and the least that it comes to, in bytes. */
  bytes: number;
  leastBytes: number;
  bytesPerSecond: number;
  /** After this time it begins again, ns; 0: never. */
  periodNs: number;
}

/** By slot of the move. */
export class ProgressWatch {
  /** The poll at which less remained than at the one before; 0: none so far. */
  readonly fellNs: Float64Array;
  /** The first poll that has not been seen. */
  readonly nextNs: Float64Array;
  /** Polls seen, and what remained at the last of them. */
  private readonly polls: Float64Array;
  private readonly polledBytes: Float64Array;

  constructor(slots: number) {
    this.fellNs = new Float64Array(slots);
    this.nextNs = new Float64Array(slots);
    this.polls = new Float64Array(slots);
    this.polledBytes = new Float64Array(slots);
  }

  begin(slot: number, pollNs: number): void {
    this.nextNs[slot] = pollNs;
    this.fellNs[slot] = 0;
    this.polls[slot] = 0;
    // The first poll has none before it, and counts as progress.
    this.polledBytes[slot] = Number.POSITIVE_INFINITY;
  }

  /** Sees the polls up to a time, that of `elapsedNs` included, during which remaining memory took one course. */
  see(slot: number, course: RemainingCourse, pollNs: number, elapsedNs: number): void {
    const before = this.polls[slot]!;
    const last = Math.floor(elapsedNs / pollNs);
    if (last <= before) return;
    // From the last poll backwards: mostly it is one of the last two.
    let bytes = remainingAt(course, last * pollNs);
    this.polls[slot] = last;
    this.nextNs[slot] = (last + 1) * pollNs;
    const seenBytes = this.polledBytes[slot]!;
    this.polledBytes[slot] = bytes;
    for (let poll = last; poll > before; poll--) {
      const previous = poll - 1 === before ? seenBytes : remainingAt(course, (poll - 1) * pollNs);
      if (bytes < previous) {
        this.fellNs[slot] = poll * pollNs;
        return;
      }
      bytes = previous;
    }
  }
}

/** Whole bytes that remain. */
function remainingAt({ fromNs, bytes, leastBytes, bytesPerSecond, periodNs }: RemainingCourse, atNs: number): number {
  const sinceNs = Math.max(0, atNs - fromNs);
  const inNs = periodNs > 0 ? sinceNs % periodNs : sinceNs;
  return Math.floor(Math.max(leastBytes, bytes - (inNs / NS_PER_S) * bytesPerSecond));
}
