/**
 * The floor of every handshake: two threads that do nothing but pass a word back and forth, in the waiting style of the
 * lanes (spin, then sleep).
 */
import { nowNs } from '../../workers/wall-clock.ts';
import { SPINS } from '../../workers/waiting.ts';

/** Words of the two sides, a cache line apart: what a side sends, and whether it sleeps. */
export const ASKING = { sent: 0, asleep: 1 } as const;
export const ANSWERING = { sent: 16, asleep: 17 } as const;
export const PING_PONG_WORDS = 32;

type Side = typeof ASKING | typeof ANSWERING;

/** Value that ends the answering side. */
const END = -1;

/** Waits until the other side has sent something else: spins, then sleeps. */
function waitBeyond(words: Int32Array, other: Side, own: Side, seen: number): number {
  for (let spins = 0; spins < SPINS; spins++) {
    const value = Atomics.load(words, other.sent);
    if (value !== seen) return value;
  }
  Atomics.store(words, own.asleep, 1);
  Atomics.wait(words, other.sent, seen);
  Atomics.store(words, own.asleep, 0);
  return Atomics.load(words, other.sent);
}

function send(words: Int32Array, own: Side, other: Side, value: number): void {
  Atomics.store(words, own.sent, value);
  if (Atomics.load(words, other.asleep) === 1) Atomics.notify(words, own.sent);
}

/** The answering side: sends back what comes, until told to end. */
export function answer(words: Int32Array): void {
  let seen = 0;
  for (;;) {
    seen = waitBeyond(words, ASKING, ANSWERING, seen);
    if (seen === END) return;
    send(words, ANSWERING, ASKING, seen);
  }
}

/** Tells the answering side to end. */
export function endAnswer(words: Int32Array): void {
  send(words, ASKING, ANSWERING, END);
}

/** The asking side: a function that makes one round trip. */
export function asker(words: Int32Array): () => void {
  let count = 0;
  return () => {
    const seen = count;
    count = (count + 1) & 0x3fffffff;
    send(words, ASKING, ANSWERING, count);
    waitBeyond(words, ANSWERING, ASKING, seen);
  };
}

/**
 * Times round trips in batches, since one is shorter than the clock can tell.
 *
 * @param roundTrip one round trip
 * @returns ns per round trip, one entry per batch
 */
export function timeRoundTrips(roundTrip: () => void, batches: number, perBatch: number): Float64Array {
  const samples = new Float64Array(batches);
  for (let batch = 0; batch < batches; batch++) {
    const startNs = nowNs();
    for (let i = 0; i < perBatch; i++) roundTrip();
    samples[batch] = (nowNs() - startNs) / perBatch;
  }
  return samples;
}
