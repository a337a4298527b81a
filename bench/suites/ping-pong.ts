/**
 * The floor of every handshake: two threads that do nothing but pass a word back and forth. They wait as the threads of
 * the real world do, the asking one like a lane and the answering one like the device thread: spin, then sleep.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

import { startWorker } from '../../workers/worker-url.ts';
import { nowNs } from '../../workers/wall-clock.ts';
import { IDLE_TURNS, SPINS } from '../../workers/waiting.ts';

/** Words of the two sides, a cache line apart: what a side sends, and whether it sleeps. */
const ASKING = { sent: 0, asleep: 1 } as const;
const ANSWERING = { sent: 16, asleep: 17 } as const;
const PING_PONG_WORDS = 32;

type Side = typeof ASKING | typeof ANSWERING;

/** Value that ends the answering side. */
const END = -1;

/** Waits until the other side has sent something else: spins, then sleeps. */
function waitBeyond(words: Int32Array, other: Side, own: Side, seen: number, spinsMax: number): number {
  for (let spins = 0; spins < spinsMax; spins++) {
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
    seen = waitBeyond(words, ASKING, ANSWERING, seen, IDLE_TURNS);
    if (seen === END) return;
    send(words, ANSWERING, ASKING, seen);
  }
}

/** A bare ping-pong with a thread of its own. */
export class BarePingPong {
  readonly roundTrip: () => void;
  private readonly words: Int32Array;
  private readonly peer: Worker;

  private constructor(words: Int32Array, peer: Worker) {
    this.words = words;
    this.peer = peer;
    this.roundTrip = asker(words);
  }

  static async start(): Promise<BarePingPong> {
    const shared = new SharedArrayBuffer(4 * PING_PONG_WORDS);
    const peer = startWorker(import.meta.url, 'ping-pong-thread', shared);
    await once(peer, 'online');
    return new BarePingPong(new Int32Array(shared), peer);
  }

  async end(): Promise<void> {
    const gone = once(this.peer, 'exit');
    endAnswer(this.words);
    await gone;
  }
}

/** Tells the answering side to end. */
function endAnswer(words: Int32Array): void {
  send(words, ASKING, ANSWERING, END);
}

/** The asking side: a function that makes one round trip. */
function asker(words: Int32Array): () => void {
  let count = 0;
  return () => {
    const seen = count;
    count = (count + 1) & 0x3fffffff;
    send(words, ASKING, ANSWERING, count);
    waitBeyond(words, ANSWERING, ASKING, seen, SPINS);
  };
}

/** Bursts of a measurement, and the rest between them: a scheduler that put both threads on one core has moved on. */
const BURSTS = 20;
const REST_MS = 2;
/** Batches of each burst that only wake the other side up. */
const WARM_UP_BATCHES = 5;

/**
 * Times kinds of round trips in turn, in bursts that are spread over time: two threads may share a core for some
 * milliseconds, and two cores may be near to each other now and far apart later.
 *
 * @param roundTrips each makes one round trip of its kind
 * @returns for each kind ns per round trip, one entry per batch
 */
export async function timeInTurn(
  roundTrips: readonly (() => void)[],
  batches: number,
  perBatch: number,
): Promise<Float64Array[]> {
  const perBurst = Math.max(1, Math.round(batches / BURSTS));
  const samples = roundTrips.map(() => new Float64Array(perBurst * BURSTS));
  for (let burst = 0; burst < BURSTS; burst++) {
    await setTimeout(REST_MS);
    roundTrips.forEach((roundTrip, kind) => {
      timeRoundTrips(roundTrip, WARM_UP_BATCHES, perBatch);
      samples[kind]!.set(timeRoundTrips(roundTrip, perBurst, perBatch), burst * perBurst);
    });
  }
  return samples;
}

/** Times round trips in batches, since one is shorter than the clock can tell. ns per round trip, one entry per batch. */
function timeRoundTrips(roundTrip: () => void, batches: number, perBatch: number): Float64Array {
  const samples = new Float64Array(batches);
  for (let batch = 0; batch < batches; batch++) {
    const startNs = nowNs();
    for (let i = 0; i < perBatch; i++) roundTrip();
    samples[batch] = (nowNs() - startNs) / perBatch;
  }
  return samples;
}
