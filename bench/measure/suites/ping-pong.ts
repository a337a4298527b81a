/**
 * The floor of every handshake: two threads that do nothing but pass a word back and forth. They wait as the threads of
 * the real world do, the asking one like a lane and the answering one like the device thread: spin, then sleep.
 */
import { setTimeout } from 'node:timers/promises';

import { EchoAsker } from '../../../workers/lane/echo.ts';
import { EchoPeer } from '../../../workers/lane/echo-peer.ts';
import type { Lane } from '../../../workers/lane/lane-port.ts';
import { echoWords, OPERATION, operationWord } from '../../../workers/lane/shared-map.ts';
import { nowNs } from '../../../workers/wall-clock.ts';
import { WAITING_DEFAULT, type WaitingPolicy } from '../../../workers/lane/waiting.ts';

/** Round trips after which a side that slept is as quick as it will be. */
export const WAKING_ROUND_TRIPS = 64;

/** A kind of round trips that is timed in turn with others. */
export interface RoundTrips {
  readonly roundTrip: () => void;
  /** Before its turn. */
  wake?(): void;
  /** After its turn. */
  rest?(): void;
}

/** A bare ping-pong with a thread of its own. */
export class BarePingPong implements RoundTrips {
  readonly roundTrip: () => void;
  private readonly peer: EchoPeer;

  private constructor(peer: EchoPeer, { laneSpins, deviceIdleTurns }: WaitingPolicy) {
    this.peer = peer;
    const asker = peer.asker(laneSpins, deviceIdleTurns);
    this.roundTrip = () => asker.roundTrip();
  }

  static async start(): Promise<BarePingPong> {
    return new BarePingPong(await EchoPeer.start(), WAITING_DEFAULT);
  }

  async end(): Promise<void> {
    await this.peer.end();
  }
}

/**
 * A bare ping-pong between the very threads of that which is measured against it. Where the system runs a pair of threads
 * decides how long a word travels and a wake-up takes, and another pair may be elsewhere all the time.
 */
export class SamePairPingPong implements RoundTrips {
  readonly roundTrip: () => void;
  private readonly words: Int32Array;
  private readonly waiting: WaitingPolicy;
  private readonly leave: () => void;
  private readonly comeBack: () => void;
  private asker: EchoAsker | null = null;

  /**
   * @param words of the ping-pong, zero
   * @param waiting how the two sides wait
   * @param leave makes the other thread leave its work and answer the ping-pong
   * @param comeBack waits until it is at its work again
   */
  constructor(words: Int32Array, waiting: WaitingPolicy, leave: () => void, comeBack: () => void) {
    this.words = words;
    this.waiting = waiting;
    this.leave = leave;
    this.comeBack = comeBack;
    this.roundTrip = () => this.asker!.roundTrip();
  }

  wake(): void {
    this.asker = new EchoAsker(this.words, this.waiting.laneSpins, this.waiting.deviceIdleTurns);
    this.leave();
    for (let i = 0; i < WAKING_ROUND_TRIPS; i++) this.roundTrip();
  }

  rest(): void {
    this.asker?.end();
    this.asker = null;
    this.comeBack();
    this.words.fill(0);
  }
}

/** A ping-pong of a lane's thread with the device thread, which serves nobody in the meantime. */
export function devicePingPong(lane: Lane, waiting: WaitingPolicy = WAITING_DEFAULT): SamePairPingPong {
  const words = echoWords(lane.memory);
  const echo = operationWord(OPERATION.echo, 0, 0);
  return new SamePairPingPong(
    words,
    waiting,
    () => lane.post(echo, 0, 0, 0, 0, 0),
    () => lane.flush(),
  );
}

/**
 * Bursts of a measurement, and the rest before each: a scheduler that put both threads on one core has moved on, and a
 * device thread that nobody asked anything has gone to sleep.
 */
export const BURSTS = 20;
const REST_MS = 2;
/** Batches of each burst that only wake the other side up. */
const WARM_UP_BATCHES = 5;
/** Round trips before the first burst, after which the code of both sides is compiled; fewer where they take longer. */
const WARM_UP_ROUND_TRIPS = 20_000;
const WARM_UP_MS = 20;

/**
 * Times kinds of round trips in turn, in bursts that are spread over time: two threads may share a core for some
 * milliseconds, and two cores may be near to each other now and far apart later.
 *
 * @param kinds what is timed in turn
 * @returns for each kind ns per round trip, one entry per batch
 */
export async function timeInTurn(
  kinds: readonly RoundTrips[],
  batches: number,
  perBatch: number,
): Promise<Float64Array[]> {
  const perBurst = Math.max(1, Math.round(batches / BURSTS));
  const samples = kinds.map(() => new Float64Array(perBurst * BURSTS));
  for (const kind of kinds) warmUp(kind);
  for (let burst = 0; burst < BURSTS; burst++) {
    for (const [index, kind] of kinds.entries()) {
      await setTimeout(REST_MS);
      kind.wake?.();
      timeRoundTrips(kind.roundTrip, WARM_UP_BATCHES, perBatch);
      samples[index]!.set(timeRoundTrips(kind.roundTrip, perBurst, perBatch), burst * perBurst);
      kind.rest?.();
    }
  }
  return samples;
}

function warmUp(kind: RoundTrips): void {
  kind.wake?.();
  const deadlineMs = performance.now() + WARM_UP_MS;
  for (let i = 0; i < WARM_UP_ROUND_TRIPS && performance.now() < deadlineMs; i += WAKING_ROUND_TRIPS) {
    for (let each = 0; each < WAKING_ROUND_TRIPS; each++) kind.roundTrip();
  }
  kind.rest?.();
}

/** Times round trips in batches, since one is shorter than the clock resolves. ns per round trip, one entry per batch. */
function timeRoundTrips(roundTrip: () => void, batches: number, perBatch: number): Float64Array {
  const samples = new Float64Array(batches);
  for (let batch = 0; batch < batches; batch++) {
    const startNs = nowNs();
    for (let i = 0; i < perBatch; i++) roundTrip();
    samples[batch] = (nowNs() - startNs) / perBatch;
  }
  return samples;
}
