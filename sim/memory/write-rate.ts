/**
 * How many pages of a set are written with time: at one rate, at rates that change, in bursts, or in a cycle.
 */
import { NS_PER_S } from '../base/units.ts';

/** Times in ns from the start of the move. */
export interface WriteRate {
  /** Pages written between two times, each write counted. */
  writes(fromNs: number, toNs: number): number;
  /** When the rate changes for the last time; -Infinity: it never does; Infinity: it ever does. */
  readonly lastChangeNs: number;
  /** The first change after a time; Infinity: none. */
  nextChangeNs(afterNs: number): number;
}

export class ConstantRate implements WriteRate {
  readonly lastChangeNs = Number.NEGATIVE_INFINITY;
  private readonly pagesPerSecond: number;

  constructor(pagesPerSecond: number) {
    this.pagesPerSecond = pagesPerSecond;
  }

  writes(fromNs: number, toNs: number): number {
    return ((toNs - fromNs) / NS_PER_S) * this.pagesPerSecond;
  }

  nextChangeNs(): number {
    return Number.POSITIVE_INFINITY;
  }
}

/** `pagesPerSecond[i]` holds from `timesNs[i]` on, the first from ever, the last for ever. */
export class SteppedRate implements WriteRate {
  readonly lastChangeNs: number;
  private readonly timesNs: readonly number[];
  private readonly pagesPerSecond: readonly number[];

  /** @param timesNs one or more, rising */
  constructor(timesNs: readonly number[], pagesPerSecond: readonly number[]) {
    this.timesNs = timesNs;
    this.pagesPerSecond = pagesPerSecond;
    this.lastChangeNs = timesNs.at(-1)!;
  }

  writes(fromNs: number, toNs: number): number {
    const { timesNs, pagesPerSecond } = this;
    if (timesNs.length === 1) return ((toNs - fromNs) / NS_PER_S) * pagesPerSecond[0]!;
    let pages = 0;
    for (let i = 0; i < timesNs.length; i++) {
      const begins = i === 0 ? fromNs : Math.max(fromNs, timesNs[i]!);
      const ends = Math.min(toNs, timesNs[i + 1] ?? Number.POSITIVE_INFINITY);
      if (ends > begins) pages += ((ends - begins) / NS_PER_S) * pagesPerSecond[i]!;
    }
    return pages;
  }

  nextChangeNs(afterNs: number): number {
    return this.timesNs.find((timeNs, i) => i > 0 && timeNs > afterNs) ?? Number.POSITIVE_INFINITY;
  }
}

/** When bursts come; all times in ns, `beginsNs` from the start of the move to the first that begins in it. */
export interface Bursts {
  readonly everyNs: number;
  readonly lastsNs: number;
  readonly beginsNs: number;
}

/** Time in bursts between two times into the move. */
export function burstNs({ everyNs, lastsNs, beginsNs }: Bursts, fromNs: number, toNs: number): number {
  const until = (timeNs: number): number => {
    const whole = Math.floor((timeNs - beginsNs) / everyNs);
    return whole * lastsNs + Math.min(lastsNs, timeNs - beginsNs - whole * everyNs);
  };
  return until(toNs) - until(fromNs);
}

/** A rate that holds in bursts, and nothing between them. */
export class BurstRate implements WriteRate {
  readonly lastChangeNs = Number.POSITIVE_INFINITY;
  private readonly bursts: Bursts;
  private readonly pagesPerSecond: number;

  constructor(bursts: Bursts, pagesPerSecond: number) {
    this.bursts = bursts;
    this.pagesPerSecond = pagesPerSecond;
  }

  writes(fromNs: number, toNs: number): number {
    return (burstNs(this.bursts, fromNs, toNs) / NS_PER_S) * this.pagesPerSecond;
  }

  nextChangeNs(afterNs: number): number {
    const { everyNs, lastsNs, beginsNs } = this.bursts;
    const begins = beginsNs + Math.floor((afterNs - beginsNs) / everyNs) * everyNs;
    return afterNs < begins + lastsNs ? begins + lastsNs : begins + everyNs;
  }
}

/** A record of a rate, played again and again. */
export interface RateCycle {
  /** The rate `pagesPerSecond[i]` holds from `edgesNs[i]` on, the first from 0 on, the last up to the period. */
  readonly edgesNs: Float64Array;
  readonly pagesPerSecond: Float64Array;
  /** Pages written from 0 to each edge. */
  readonly pagesBefore: Float64Array;
  readonly periodNs: number;
  readonly periodPages: number;
}

/**
 * @param edgesNs rising, the first 0, all below `periodNs`
 * @param pagesPerSecond from each of them on
 */
export function rateCycle(edgesNs: readonly number[], pagesPerSecond: readonly number[], periodNs: number): RateCycle {
  const pagesBefore = new Float64Array(edgesNs.length);
  let pages = 0;
  for (let i = 0; i < edgesNs.length; i++) {
    pagesBefore[i] = pages;
    pages += (((edgesNs[i + 1] ?? periodNs) - edgesNs[i]!) / NS_PER_S) * pagesPerSecond[i]!;
  }
  return {
    edgesNs: Float64Array.from(edgesNs),
    pagesPerSecond: Float64Array.from(pagesPerSecond),
    pagesBefore,
    periodNs,
    periodPages: pages,
  };
}

/** A cycle as one move meets it. */
export class CyclicRate implements WriteRate {
  readonly lastChangeNs = Number.POSITIVE_INFINITY;
  private readonly cycle: RateCycle;
  /** Where in the cycle the move starts, ns. */
  private readonly startNs: number;
  private readonly factor: number;
  /** The edge that was found last: times are mostly asked in their order. */
  private at = 0;

  /** @param factor by which all rates of the cycle are multiplied */
  constructor(cycle: RateCycle, startNs: number, factor: number = 1) {
    this.cycle = cycle;
    this.startNs = startNs;
    this.factor = factor;
  }

  writes(fromNs: number, toNs: number): number {
    return (this.until(toNs + this.startNs) - this.until(fromNs + this.startNs)) * this.factor;
  }

  nextChangeNs(afterNs: number): number {
    const { edgesNs, periodNs } = this.cycle;
    const timeNs = afterNs + this.startNs;
    const whole = Math.floor(timeNs / periodNs) * periodNs;
    const next = whole + (edgesNs[this.edgeAt(timeNs - whole) + 1] ?? periodNs) - this.startNs;
    // Where a sum of times was rounded down to the edge itself.
    return next > afterNs ? next : next + (edgesNs[1] ?? periodNs);
  }

  private until(timeNs: number): number {
    const { edgesNs, pagesPerSecond, pagesBefore, periodNs, periodPages } = this.cycle;
    const periods = Math.floor(timeNs / periodNs);
    const inNs = timeNs - periods * periodNs;
    const at = this.edgeAt(inNs);
    return periods * periodPages + pagesBefore[at]! + ((inNs - edgesNs[at]!) / NS_PER_S) * pagesPerSecond[at]!;
  }

  private edgeAt(inNs: number): number {
    const { edgesNs } = this.cycle;
    let { at } = this;
    if (edgesNs[at]! > inNs) at = 0;
    while (at + 1 < edgesNs.length && edgesNs[at + 1]! <= inNs) at++;
    this.at = at;
    return at;
  }
}
