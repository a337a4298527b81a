/**
 * Waiting for another thread's word: spin for a while, then sleep, never for ever.
 */
import { nowNs } from './wall-clock.ts';

/** Loads before a waiter goes to sleep: some ten microseconds. */
export const SPINS = 2_000;

/** Idle turns of the device thread before it sleeps: long enough to stay awake between two accesses of a driver call. */
export const IDLE_TURNS = 20_000;

/** No wait lasts longer than this; who waits longer waits for a thread that died or hangs. */
export const WAIT_LIMIT_MS = 5_000;

const NS_PER_MS = 1e6;

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
): boolean {
  for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(words, index) === value) return true;
  const deadlineNs = nowNs() + limitMs * NS_PER_MS;
  for (;;) {
    const seen = Atomics.load(words, index);
    if (seen === value) return true;
    const leftMs = (deadlineNs - nowNs()) / NS_PER_MS;
    if (leftMs <= 0) return false;
    Atomics.wait(words, index, seen, leftMs);
  }
}

/** Stores a word and wakes whoever sleeps on it. */
export function publish(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
  Atomics.notify(words, index);
}
