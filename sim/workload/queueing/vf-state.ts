/**
 * One VF of a queueing model: its client, its books, and whether it is paused.
 */
import { Random } from '../../base/random.ts';
import { ArrivalStream } from '../client-load.ts';
import { JobMix } from '../job-mix.ts';
import { DEPTH_DEFAULT, DRAIN_DEFAULT, SEEN_AT_ONCE, type VfOptions } from './options.ts';

/** What the client's handler or polling thread is about to do. */
export const HANDLER = { asleep: 0, called: 1, takes: 2 } as const;

export interface Vf {
  readonly firstQueue: number;
  readonly queues: number;
  readonly places: number;
  readonly mix: JobMix;
  readonly service: Random;
  /** Null: a closed loop. */
  readonly arrivals: ArrivalStream | null;
  readonly thinkNs: number;
  readonly thoughts: Random;
  readonly outside: boolean;
  readonly polls: boolean;
  /** From a completion to the handler's begin; or the sleep of the polling thread. */
  readonly wakeNs: number;
  readonly perCompletionNs: number;
  /** Handler of an interrupt. */
  readonly drainMax: number;
  engine: number;
  paused: boolean;
  pauses: number;
  pausedNs: number;
  resumedNs: number;
  /** Total time that it was paused. */
  stoodNs: number;
  /** {@link stoodNs} when the next arrival was timed. */
  arrivalStoodNs: number;
  /** An arrival that fell into the pause, or Infinity. */
  putOffNs: number;
  handler: number;
  /** The handler's step fell into the pause. */
  handlerPutOff: boolean;
  drained: number;
  /** How many it takes before it is called, or sleeps, again. */
  drainLimit: number;
  shaperDue: boolean;
  accepted: number;
  seen: number;
  refused: number;
  waiting: number;
  onCores: number;
}

/** Streams of random numbers for each VF. */
const STREAMS = 4;

/**
 * @param index among the VFs of the model
 * @param firstQueue number of its first queue
 */
export function newVf(options: VfOptions, index: number, firstQueue: number, seed: number): Vf {
  const { load, completion = SEEN_AT_ONCE, depth = DEPTH_DEFAULT } = options;
  const random = (stream: number): Random => new Random(seed, index * STREAMS + stream);
  return {
    firstQueue,
    queues: options.queues,
    places: depth - 1,
    mix: new JobMix(options.jobs),
    service: random(1),
    arrivals: load.kind === 'closed' ? null : new ArrivalStream(load, options.queues, random(0)),
    thinkNs: load.kind === 'closed' ? (load.thinkNs ?? 0) : 0,
    thoughts: random(2),
    outside: options.client === 'outside',
    polls: completion.kind === 'poll',
    wakeNs: completion.kind === 'poll' ? completion.periodNs : completion.latencyNs,
    perCompletionNs: completion.perCompletionNs,
    drainMax: completion.kind === 'poll' ? 0 : (completion.drainMax ?? DRAIN_DEFAULT),
    engine: options.engine ?? 0,
    paused: false,
    pauses: 0,
    pausedNs: 0,
    resumedNs: 0,
    stoodNs: 0,
    arrivalStoodNs: 0,
    putOffNs: Infinity,
    handler: HANDLER.asleep,
    handlerPutOff: false,
    drained: 0,
    drainLimit: 0,
    shaperDue: false,
    accepted: 0,
    seen: 0,
    refused: 0,
    waiting: 0,
    onCores: 0,
  };
}
