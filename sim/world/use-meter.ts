/**
 * How a shared thing was used: each use has a time at which it was asked for, one at which it began, and one at which
 * it was over.
 */
import { bug } from '../base/bug.ts';

/** What came together over all uses. Times in virtual ns. */
export interface SharedUse {
  readonly uses: number;
  /** Time in which it was in use. */
  readonly busyNs: number;
  /** The uses' lengths added up: above {@link busyNs} where they overlapped. */
  readonly heldNs: number;
  /** Time that users waited for it, added up. */
  readonly waitNs: number;
  readonly longestWaitNs: number;
  /** How many waited at once at most. */
  readonly longestQueue: number;
  /** How many used it at once at most. More than one on a thing that serves one at a time is a race. */
  readonly mostAtOnce: number;
}

export class UseMeter {
  private readonly askedNs: number[] = [];
  private readonly begunNs: number[] = [];
  private readonly endedNs: number[] = [];

  /** A use is over, or at least it is known when it will be. */
  add(askedNs: number, begunNs: number, endedNs: number): void {
    if (!(askedNs <= begunNs && begunNs <= endedNs)) bug('USE', askedNs, begunNs, endedNs);
    this.askedNs.push(askedNs);
    this.begunNs.push(begunNs);
    this.endedNs.push(endedNs);
  }

  get report(): SharedUse {
    const { askedNs, begunNs, endedNs } = this;
    const waitsNs = begunNs.map((ns, i) => ns - askedNs[i]!);
    const held = overlap(begunNs, endedNs);
    return {
      uses: begunNs.length,
      busyNs: held.unionNs,
      heldNs: endedNs.reduce((sum, ns, i) => sum + ns - begunNs[i]!, 0),
      waitNs: waitsNs.reduce((sum, ns) => sum + ns, 0),
      longestWaitNs: waitsNs.reduce((longest, ns) => Math.max(longest, ns), 0),
      longestQueue: overlap(askedNs, begunNs).most,
      mostAtOnce: held.most,
    };
  }
}

/** Of spans of time: how long at least one of them lasted, and how many there were at once. Empty spans do not count. */
function overlap(fromNs: readonly number[], toNs: readonly number[]): { unionNs: number; most: number } {
  const edges: { atNs: number; step: 1 | -1 }[] = [];
  fromNs.forEach((atNs, i) => {
    if (toNs[i]! > atNs) edges.push({ atNs, step: 1 }, { atNs: toNs[i]!, step: -1 });
  });
  // Where one ends as another begins, they do not overlap.
  edges.sort((a, b) => a.atNs - b.atNs || a.step - b.step);
  let now = 0;
  let most = 0;
  let unionNs = 0;
  let sinceNs = 0;
  for (const { atNs, step } of edges) {
    if (now === 0) sinceNs = atNs;
    now += step;
    most = Math.max(most, now);
    if (now === 0) unionNs += atNs - sinceNs;
  }
  return { unionNs, most };
}
