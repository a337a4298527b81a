/**
 * What follows a switch to post-copy: how long memory takes to be there, what vCPUs lose meanwhile, and how likely the VM is
 * lost. Source: docs/converge.md.
 */
import type { Spread } from '../base/draws.ts';
import type { MemoryClass } from '../memory/dirty.ts';
import type { PageWays } from '../memory/post-copy.ts';
import { NS_PER_S } from '../base/units.ts';

/**
 * Missing pages that a vCPU touches which only reads, for each that a vCPU touches which writes. What a guest reads is not
 * in a class of workloads, so that the range is all there can be.
 */
export const READER_TOUCHES = { value: 0.5, low: 0, high: 1 } as const satisfies Spread;

/** Memory of a guest that is missing where it runs: sets of pages, and how much of each. */
export interface MissingMemory {
  readonly sets: readonly MemoryClass[];
  readonly leftBytes: (set: number) => number;
  /** Pages of zeros that are missing as well. */
  readonly zeroBytes: number;
  /** vCPUs that write. */
  readonly writers: number;
  /** When the VM runs, ns from the start of the move. */
  readonly resumedNs: number;
}

/** How a policy's VMM sends what a vCPU waits for. */
export interface Requests {
  /** Whether pages that are asked for have a channel of their own; else they wait for what lies in the socket. */
  readonly preempts: boolean;
}

export interface Arrival {
  /** From the running VM until the last page is there, in ns. */
  readonly arrivesNs: number;
  /** Share of that time that a vCPU which writes does not wait. */
  readonly speed: number;
  /** Pages that vCPUs which write wait for. */
  readonly waitedPages: number;
}

/** Halvings of an interval: its ends are then closer than a millionth. */
const HALVINGS = 20;

/**
 * The time until all memory is there. The source pushes what is left in the order of its addresses; what a vCPU touches before
 * goes first. Of a set with m missing pages, each touched at the rate t while vCPUs run, m · (1 - (1 - e^(-st)) / st) are
 * waited for in a time of 1 at the speed s, and s is the share of the time in which nobody waits.
 */
export function arrivalOf(missing: MissingMemory, ways: PageWays, { preempts }: Requests): Arrival {
  const { sets, leftBytes, zeroBytes, writers, resumedNs } = missing;
  const { rates, aloneNs, queuedNs } = ways;
  let bytes = 0;
  for (let i = 0; i < sets.length; i++) bytes += leftBytes(i);
  const arrivesNs = (bytes / rates.memoryBytesPerSecond + zeroBytes / rates.zeroBytesPerSecond) * NS_PER_S;
  if (bytes === 0 || arrivesNs === 0) return { arrivesNs, speed: 1, waitedPages: 0 };
  const waitNs = preempts ? aloneNs : aloneNs + queuedNs;
  const touches = sets.map(({ rate, setBytes, pageBytes }) =>
    setBytes > 0 ? rate.writes(resumedNs, resumedNs + arrivesNs) / (setBytes / pageBytes) : 0,
  );
  const waitedAt = (speed: number): number => {
    let pages = 0;
    for (let i = 0; i < sets.length; i++)
      pages += (leftBytes(i) / sets[i]!.pageBytes) * waitedShare(speed * touches[i]!);
    return pages;
  };
  const share = waitNs / (writers * arrivesNs);
  let low = 0;
  let high = 1;
  if (waitedAt(1) > 0) {
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (low + high) / 2;
      if (middle + waitedAt(middle) * share < 1) low = middle;
      else high = middle;
    }
  }
  return { arrivesNs, speed: high, waitedPages: waitedAt(high) };
}

/** Share of missing pages that are touched before they come, if each is touched so many times until the last has come. */
function waitedShare(touches: number): number {
  // The first term of its series, where the difference would be lost in rounding.
  return touches < 1e-6 ? touches / 2 : 1 + Math.expm1(-touches) / touches;
}
