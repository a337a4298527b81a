/**
 * When a VF's client asks for jobs, and of which queue: at random, in bursts, as recorded, or as soon as it has answers.
 */
import type { Random } from '../base/random.ts';
import { NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';

/** Recorded arrivals, in typed arrays of one length; parsing files is not the model's affair. */
export interface RecordedArrivals {
  /** When, in ns from the start of the run, never falling. */
  readonly timesNs: Float64Array;
  /** Queue of the VF, from 0. */
  readonly queues: Uint32Array;
  /** Index into the VF's job mix. */
  readonly kinds: Uint8Array;
}

export type ClientLoad =
  /** So many jobs in flight per queue; each answer is followed by a pause for thought (exponential) and a new job. */
  | { readonly kind: 'closed'; readonly inFlightPerQueue: number; readonly thinkNs?: number }
  /** Jobs arrive independently of each other; queues are drawn uniformly. */
  | { readonly kind: 'poisson'; readonly ratePerSecond: number }
  /** Poisson while on, nothing while off; both phases last exponentially long (an interrupted Poisson process). */
  | {
      readonly kind: 'on-off';
      readonly onRatePerSecond: number;
      readonly meanOnNs: number;
      readonly meanOffNs: number;
    }
  | { readonly kind: 'recorded'; readonly arrivals: RecordedArrivals };

export type OpenLoad = Exclude<ClientLoad, { readonly kind: 'closed' }>;

/**
 * Refuses, as the user's mistake, a load that queues like these cannot have.
 *
 * @param places jobs that a queue has room for: its depth - 1
 * @param kinds kinds of jobs in the VF's mix
 */
export function checkClientLoad(load: ClientLoad, queues: number, places: number, kinds: number): void {
  switch (load.kind) {
    case 'closed': {
      const { inFlightPerQueue, thinkNs = 0 } = load;
      if (!Number.isInteger(inFlightPerQueue) || inFlightPerQueue < 1 || inFlightPerQueue > places) {
        const hint = `a whole number from 1 to ${places}, one less than the depth of a queue`;
        throw new UserError('input', `inFlightPerQueue is ${inFlightPerQueue}`, hint);
      }
      if (!(thinkNs >= 0 && Number.isFinite(thinkNs))) {
        throw new UserError('input', `thinkNs is ${thinkNs}`, 'a number of nanoseconds from 0 on');
      }
      return;
    }
    case 'poisson':
      return checkPositive({ ratePerSecond: load.ratePerSecond });
    case 'on-off':
      return checkPositive({
        onRatePerSecond: load.onRatePerSecond,
        meanOnNs: load.meanOnNs,
        meanOffNs: load.meanOffNs,
      });
    case 'recorded':
      return checkRecorded(load.arrivals, queues, kinds);
  }
}

function checkPositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0 && Number.isFinite(value))) throw new UserError('input', `${name} is ${value}`, 'a number above 0');
  }
}

function checkRecorded({ timesNs, queues: at, kinds: jobs }: RecordedArrivals, queues: number, kinds: number): void {
  if (at.length !== timesNs.length || jobs.length !== timesNs.length) {
    const lengths = `${timesNs.length} times, ${at.length} queues and ${jobs.length} kinds`;
    throw new UserError('input', `recorded arrivals have ${lengths}`, 'as many of each');
  }
  let lastNs = 0;
  for (let i = 0; i < timesNs.length; i++) {
    const timeNs = timesNs[i]!;
    if (!(timeNs >= lastNs && Number.isFinite(timeNs))) {
      throw new UserError(
        'input',
        `recorded arrival ${i} is at ${timeNs} ns`,
        `not before the one before, ${lastNs} ns`,
      );
    }
    if (at[i]! >= queues)
      throw new UserError('input', `recorded arrival ${i} is for queue ${at[i]}`, `0 to ${queues - 1}`);
    if (jobs[i]! >= kinds)
      throw new UserError('input', `recorded arrival ${i} is of kind ${jobs[i]}`, `0 to ${kinds - 1}`);
    lastNs = timeNs;
  }
}

/** An open load, arrival by arrival. Draws from its own random numbers only, so that service does not shift it. */
export class ArrivalStream {
  /** The next arrival, in ns, or Infinity after the last; not rounded, so that rounding does not bend the rate. */
  nextNs = 0;
  nextQueue = 0;
  /** Kind of its job, or -1: to be drawn from the mix. */
  nextKind = -1;

  private readonly load: OpenLoad;
  private readonly queues: number;
  private readonly random: Random;
  /** While on: when the phase ends. */
  private onUntilNs = 0;
  private index = 0;

  /** @param load a checked load */
  constructor(load: OpenLoad, queues: number, random: Random) {
    this.load = load;
    this.queues = queues;
    this.random = random;
    if (load.kind === 'on-off') {
      // As in the long run: on with the phase's share of time.
      const isOn = random.uniform() * (load.meanOnNs + load.meanOffNs) < load.meanOnNs;
      this.nextNs = isOn ? 0 : random.exponential(load.meanOffNs);
      this.onUntilNs = this.nextNs + random.exponential(load.meanOnNs);
    }
    this.advance();
  }

  /** Advances to the following arrival. */
  advance(): void {
    const { load, random } = this;
    if (load.kind === 'recorded') {
      const { timesNs, queues, kinds } = load.arrivals;
      this.nextNs = this.index < timesNs.length ? timesNs[this.index]! : Number.POSITIVE_INFINITY;
      this.nextQueue = queues[this.index] ?? 0;
      this.nextKind = kinds[this.index] ?? 0;
      this.index += 1;
      return;
    }
    if (load.kind === 'poisson') {
      this.nextNs += random.exponential(NS_PER_S / load.ratePerSecond);
    } else {
      const gapNs = NS_PER_S / load.onRatePerSecond;
      let nextNs = this.nextNs + random.exponential(gapNs);
      while (nextNs > this.onUntilNs) {
        // The phase ended before it. Arrivals have no memory, so the next one is drawn again from the next phase's begin.
        const onFromNs = this.onUntilNs + random.exponential(load.meanOffNs);
        this.onUntilNs = onFromNs + random.exponential(load.meanOnNs);
        nextNs = onFromNs + random.exponential(gapNs);
      }
      this.nextNs = nextNs;
    }
    this.nextQueue = this.queues === 1 ? 0 : random.below(this.queues);
  }
}
