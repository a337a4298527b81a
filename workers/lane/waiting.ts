/**
 * Waiting for another thread's word: spin for a while, then sleep, never for ever.
 */
import { nowNs } from '../wall-clock.ts';
import { NS_PER_MS } from '../../sim/base/units.ts';

/** Loads before a waiter goes to sleep: some ten microseconds. */
const SPINS = 2_000;

/** Polls before the asking side of a lone read goes to sleep: about as long. */
const POLLS = 12_000;

/** Idle turns of the device thread before it sleeps: long enough to stay awake between two accesses of a driver call. */
export const IDLE_TURNS = 10_000;

/**
 * No wait lasts longer than this; a longer one would be for a thread that hangs. One that died is noticed at once. Long,
 * because on a crowded machine a thread may need seconds to start or to run again.
 */
export const WAIT_LIMIT_MS = 60_000;

/** How the threads of a world wait for each other. */
export type WaitingStyle = 'spin' | 'spin-then-wait' | 'wait';

/** How a lane waits for the device thread. */
export interface LaneWaiting {
  /** Loads of a lane before it sleeps. */
  readonly laneSpins: number;
  /** The same for a lone read, in polls of its code, see LaneCode: a load from JavaScript takes several times as long. */
  readonly lanePolls: number;
}

export interface WaitingPolicy extends LaneWaiting {
  readonly style: WaitingStyle;
  /** Loads of a migration half before it sleeps: it waits for its other half, with which it shares few cores. */
  readonly halfSpins: number;
  /** Turns of the device thread without work before it sleeps. */
  readonly deviceIdleTurns: number;
}

/** Nothing measured: what suits a machine whose sleeper needs some tens of microseconds to wake up. */
export const WAITING_DEFAULT: WaitingPolicy = {
  style: 'spin-then-wait',
  laneSpins: SPINS,
  lanePolls: POLLS,
  halfSpins: 200,
  deviceIdleTurns: IDLE_TURNS,
};

/** What was found out about the machine. */
export interface WaitingFacts {
  /** Cores that this process may use. */
  readonly cores: number;
  /** One atomic load, with its loop, in ns. */
  readonly loadNs: number;
  /** One poll of the lane's code, in ns. */
  readonly pollNs: number;
  /** A turn of the device thread without work, in ns. */
  readonly turnNs: number;
  /** From the notify until the sleeper runs, in ns: half a round trip of two threads that sleep. */
  readonly wakeNs: number;
  /** A round trip of two threads that spin, in ns; more than {@link wakeNs} where they get no core each. */
  readonly spinRoundNs: number;
}

/** Round trips that a lane may spin where cores are short: the device thread is running and answers, or it is not. */
const SHORT_ROUNDS = 8;
/** A device thread that has a core sleeps only after so many times what waking it costs. */
const AWAKE_WAKES = 10;
const SPINS_LEAST = 50;
const SPINS_MOST = 100_000;
/** Loads, and polls, of an endless spin: a lost thread must be noticed, after some seconds. */
const SPINS_ENDLESS = 1e8;
const POLLS_ENDLESS = 1e9;

/**
 * Chooses how long to spin. A thread that spins for as long as a wake-up costs, then sleeps, never waits more than twice as
 * long as one that knew the future. That holds while the one waited for has a core; with more threads than cores, a spin keeps it from
 * running, so that a lane spins no longer than an answer takes from a thread that does run. Where spinning threads do not
 * even meet faster than sleeping ones, none spins.
 *
 * @param threads that may be at work at the same time: the device thread, and each that asks it
 */
export function chooseWaiting(facts: WaitingFacts, threads: number): WaitingPolicy {
  const { cores, loadNs, pollNs, turnNs, wakeNs, spinRoundNs } = facts;
  const spins = (ns: number): number => Math.round(Math.min(SPINS_MOST, Math.max(SPINS_LEAST, ns / loadNs)));
  const polls = (loads: number): number => Math.round((loads * loadNs) / pollNs);
  if (cores < 2 || spinRoundNs >= wakeNs) return waitingOf('wait');
  const short = spins(SHORT_ROUNDS * spinRoundNs);
  if (threads > cores) {
    const deviceIdleTurns = Math.round(wakeNs / turnNs);
    return { style: 'spin-then-wait', laneSpins: short, lanePolls: polls(short), halfSpins: 0, deviceIdleTurns };
  }
  const long = spins(wakeNs);
  return {
    style: 'spin-then-wait',
    laneSpins: long,
    lanePolls: polls(long),
    halfSpins: short,
    deviceIdleTurns: Math.round((AWAKE_WAKES * wakeNs) / turnNs),
  };
}

/**
 * A policy of a given style, for comparison. `spin` sleeps after a very long time only: a lost thread must be noticed. The
 * device thread is awake between accesses of a driver call, and not for ever: others need its core.
 */
export function waitingOf(style: WaitingStyle, calibrated: WaitingPolicy = WAITING_DEFAULT): WaitingPolicy {
  if (style === 'spin') {
    const spins = SPINS_ENDLESS;
    return { style, laneSpins: spins, lanePolls: POLLS_ENDLESS, halfSpins: spins, deviceIdleTurns: IDLE_TURNS };
  }
  if (style === 'wait') return { style, laneSpins: 0, lanePolls: 0, halfSpins: 0, deviceIdleTurns: 0 };
  return { ...calibrated, style };
}

/**
 * Waits until a word has a value.
 *
 * @returns false when the limit passed first
 */
export function waitForValue(
  words: Int32Array,
  index: number,
  value: number,
  limitMs: number = WAIT_LIMIT_MS,
  spinsMost: number = SPINS,
): boolean {
  for (let spins = 0; spins < spinsMost; spins++) if (Atomics.load(words, index) === value) return true;
  const deadlineNs = nowNs() + limitMs * NS_PER_MS;
  for (;;) {
    const seen = Atomics.load(words, index);
    if (seen === value) return true;
    const leftMs = (deadlineNs - nowNs()) / NS_PER_MS;
    if (leftMs <= 0) return false;
    Atomics.wait(words, index, seen, leftMs);
  }
}

/**
 * Waits while a word has a value.
 *
 * @returns what it has then; null when the limit passed first
 */
export function waitWhileValue(
  words: Int32Array,
  index: number,
  value: number,
  limitMs: number = WAIT_LIMIT_MS,
  spinsMost: number = SPINS,
): number | null {
  const deadlineNs = nowNs() + limitMs * NS_PER_MS;
  for (let spins = 0; ; spins++) {
    const seen = Atomics.load(words, index);
    if (seen !== value) return seen;
    if (spins < spinsMost) continue;
    const leftMs = (deadlineNs - nowNs()) / NS_PER_MS;
    if (leftMs <= 0) return null;
    Atomics.wait(words, index, value, leftMs);
  }
}

/** Stores a word and wakes the threads that sleep on it. */
export function publish(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
  Atomics.notify(words, index);
}
