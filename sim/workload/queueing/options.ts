/**
 * What a queueing model is made of, and its limits.
 */
import { UserError } from '../../base/user-error.ts';
import { checkClientLoad, type ClientLoad } from '../client-load.ts';
import type { JobKind } from '../job-mix.ts';
import { QOS_STEPS_MAX } from './shaper.ts';

/** One accelerator: equal cores, one job each. */
interface EngineOptions {
  readonly cores: number;
}

/** How a client learns that a job is done. */
export type CompletionOptions =
  /**
   * An interrupt after `latencyNs`, whose handler takes completions one by one, `perCompletionNs` each, and at most
   * `drainMax` before the next interrupt; default 1023, half of an event queue less one (docs/device.md 12.1).
   */
  | {
      readonly kind: 'interrupt';
      readonly latencyNs: number;
      readonly perCompletionNs: number;
      readonly drainMax?: number;
    }
  /** A thread that sleeps for `periodNs`, takes what is there when it wakes, `perCompletionNs` each, and sleeps again. */
  | { readonly kind: 'poll'; readonly periodNs: number; readonly perCompletionNs: number };

/** Completions are seen at once and cost nothing. */
export const SEEN_AT_ONCE: CompletionOptions = { kind: 'interrupt', latencyNs: 0, perCompletionNs: 0 };

export interface VfOptions {
  readonly queues: number;
  /** Places of a submission queue; one of them stays free. Default 1024. */
  readonly depth?: number;
  readonly load: ClientLoad;
  readonly jobs: readonly JobKind[];
  /** Default {@link SEEN_AT_ONCE}. */
  readonly completion?: CompletionOptions;
  /** Rate cap in steps of 100 Mbit/s, 1 to 1000; none by default. */
  readonly qosSteps?: number;
  /** Its engine at first; default 0. */
  readonly engine?: number;
  /**
   * `inside` (default): the client lives in the guest, and its think times and arrivals are paused with it. `outside`:
   * requests come from elsewhere and keep coming while the guest is paused; they wait from then on. For open loads.
   */
  readonly client?: 'inside' | 'outside';
}

export interface QueueingOptions {
  /** Whole number; the same seed gives the same run. */
  readonly seed: number;
  readonly engines: readonly EngineOptions[];
  readonly vfs: readonly VfOptions[];
}

export const DEPTH_DEFAULT = 1024;
export const DRAIN_DEFAULT = 1023;
/** As many as an accelerator has. */
const QUEUES_MAX = 1024;
const DEPTH_MAX = 65_536;
const CORES_MAX = 1024;
/** VFs and their queues over all engines, so that an event's payload holds them. */
const QUEUES_TOTAL_MAX = 1 << 20;

/** @throws UserError naming the first thing that cannot be */
export function checkQueueingOptions({ seed, engines, vfs }: QueueingOptions): void {
  whole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  whole('the number of engines', engines.length, 1, 64);
  for (const { cores } of engines) whole('cores', cores, 1, CORES_MAX);
  whole('the number of VFs', vfs.length, 1, 4096);
  let queues = 0;
  for (const vf of vfs) {
    checkVf(vf, engines.length);
    queues += vf.queues;
  }
  whole('the number of queues in all', queues, 1, QUEUES_TOTAL_MAX);
}

function checkVf(vf: VfOptions, engines: number): void {
  const { depth = DEPTH_DEFAULT, completion = SEEN_AT_ONCE, client = 'inside' } = vf;
  whole('queues', vf.queues, 1, QUEUES_MAX);
  whole('depth', depth, 2, DEPTH_MAX);
  whole('engine', vf.engine ?? 0, 0, engines - 1);
  checkClientLoad(vf.load, vf.queues, depth - 1, vf.jobs.length);
  if (client === 'outside' && vf.load.kind === 'closed') {
    throw new UserError('input', 'a closed load has its client outside', 'inside: it waits for its own answers');
  }
  if (vf.qosSteps !== undefined) whole('qosSteps', vf.qosSteps, 1, QOS_STEPS_MAX);
  duration('perCompletionNs', completion.perCompletionNs);
  if (completion.kind === 'poll') {
    duration('periodNs', completion.periodNs);
    if (completion.periodNs === 0) throw new UserError('input', 'periodNs is 0', 'a sleep that lasts');
  } else {
    duration('latencyNs', completion.latencyNs);
    whole('drainMax', completion.drainMax ?? DRAIN_DEFAULT, 1, DEPTH_MAX);
  }
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UserError('input', `${name} is ${value}`, `a whole number from ${min} to ${max}`);
  }
}

function duration(name: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new UserError('input', `${name} is ${value}`, 'a number of nanoseconds from 0 on');
  }
}
