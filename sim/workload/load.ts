/**
 * What the guest's client asks of the queues, and when.
 *
 * Closed loop: a fixed number of tasks in flight per queue, each completion followed by a new task. Open loop: tasks
 * arrive by themselves (Poisson), whether or not there is room; one that finds its queue full is refused.
 */
import { bug } from '../base/bug.ts';
import { keysOf } from '../base/keys.ts';
import type { Random } from '../base/random.ts';
import { NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';

export type Load =
  | { readonly kind: 'idle' }
  | { readonly kind: 'closed'; readonly inFlightPerQueue: number }
  /** `burst`: tasks that arrive together, in one queue; 1 (the default) is a plain Poisson process. */
  | { readonly kind: 'open'; readonly fractionOfCapacity: number; readonly burst?: number };

/** In flight per queue when saturated, if the ring has room for them. */
const SATURATED_IN_FLIGHT = 32;

/** An open load above this many times the capacity only measures refusals. */
const FRACTION_MAX = 10;

/** Tasks in flight that keep a queue busy: 32, or all that the ring holds (depth - 1). */
function saturatedInFlight(sqDepth: number): number {
  return Math.min(sqDepth - 1, SATURATED_IN_FLIGHT);
}

/** Loads by the names that users write; each is made for queues of a depth. */
const NAMED_LOADS = {
  idle: () => ({ kind: 'idle' }),
  /** Open, half the capacity. */
  half: () => ({ kind: 'open', fractionOfCapacity: 0.5 }),
  /** Closed, as many tasks in flight as keep a queue busy. */
  saturated: (sqDepth) => ({ kind: 'closed', inFlightPerQueue: saturatedInFlight(sqDepth) }),
} as const satisfies Readonly<Record<string, (sqDepth: number) => Load>>;

export type LoadName = keyof typeof NAMED_LOADS;

/** The load of a VF where none is said. */
export const DEFAULT_LOAD = 'idle' satisfies LoadName;

export const LOAD_NAMES = keysOf(NAMED_LOADS);

/** The load of a name, for queues of a depth. */
export function namedLoad(name: LoadName, sqDepth: number): Load {
  return NAMED_LOADS[name](sqDepth);
}

/** Refuses, as the user's mistake, a load that queues of this depth cannot carry. Returns it otherwise. */
export function checkLoad(load: Load, sqDepth: number): Load {
  if (load.kind === 'closed') {
    const { inFlightPerQueue } = load;
    if (!Number.isInteger(inFlightPerQueue) || inFlightPerQueue < 1 || inFlightPerQueue > sqDepth - 1) {
      throw new UserError(
        'input',
        `inFlightPerQueue is ${inFlightPerQueue}`,
        `a whole number from 1 to ${sqDepth - 1}, one less than the SQ depth`,
      );
    }
  } else if (load.kind === 'open') {
    const { fractionOfCapacity, burst = 1 } = load;
    if (!(fractionOfCapacity > 0 && fractionOfCapacity <= FRACTION_MAX)) {
      throw new UserError(
        'input',
        `fractionOfCapacity is ${fractionOfCapacity}`,
        `above 0 and at most ${FRACTION_MAX}; 1 is the capacity; for no load use kind: idle`,
      );
    }
    if (!Number.isInteger(burst) || burst < 1 || burst > sqDepth - 1) {
      throw new UserError('input', `burst is ${burst}`, `a whole number from 1 to ${sqDepth - 1}`);
    }
  }
  return load;
}

interface ArrivalOptions {
  readonly ratePerSecond: number;
  readonly queues: number;
  readonly random: Random;
  /** Tasks per arrival instant; the mean rate stays as given. */
  readonly burst?: number;
  /** When the process begins, in ns of the driving clock. */
  readonly startNs?: number;
}

/**
 * Open-loop arrivals, spread uniformly over the queues. Driven by whatever clock the world has:
 * `while (arrivals.nextArrivalNs <= nowNs) { guest.submit(arrivals.nextQueue); arrivals.advance(); }`
 */
export class ArrivalProcess {
  /** The next arrival: when, in whole ns, and at which queue. */
  nextArrivalNs = 0;
  nextQueue = 0;
  /** Arrivals passed by {@link advance}. */
  arrivals = 0;

  /** Unrounded, so that rounding does not bend the rate. */
  private exactNs: number;
  private left = 0;
  private readonly meanGapNs: number;
  private readonly burst: number;
  private readonly queues: number;
  private readonly random: Random;

  constructor(options: ArrivalOptions) {
    const { ratePerSecond, queues, burst = 1, startNs = 0 } = options;
    if (!(ratePerSecond > 0) || !Number.isFinite(ratePerSecond)) bug('ARRIVAL_RATE', ratePerSecond);
    if (!Number.isInteger(burst) || burst < 1) bug('ARRIVAL_BURST', burst);
    this.meanGapNs = (burst * NS_PER_S) / ratePerSecond;
    this.burst = burst;
    this.queues = queues;
    this.random = options.random;
    this.exactNs = startNs;
    this.draw();
  }

  /** Advances to the following arrival. */
  advance(): void {
    this.arrivals += 1;
    if (this.left > 0) this.left -= 1;
    else this.draw();
  }

  /** The guest was paused for so many ns, and its client with it: all arrivals to come are that much later. */
  delayBy(pauseNs: number): void {
    if (!(pauseNs >= 0)) bug('ARRIVAL_DELAY', pauseNs);
    this.exactNs += pauseNs;
    this.nextArrivalNs = Math.round(this.exactNs);
  }

  private draw(): void {
    this.exactNs += this.random.exponential(this.meanGapNs);
    this.nextArrivalNs = Math.round(this.exactNs);
    this.nextQueue = this.random.below(this.queues);
    this.left = this.burst - 1;
  }
}
