/**
 * Wall time of one function, through benny: one suite with one case, its raw samples and nothing else. Benny's own
 * statistics and reports are left aside; it sorts the samples in place, so they are copied before it comes to that.
 *
 * Works on the main thread and in workers. Between samples the event loop runs, so that an abort signal is heard.
 */
import benny from 'benny';

import { bug } from '../../sim/base/bug.ts';

export interface MeasureOptions {
  /** Wall time after which no further sample is started; `minSamples` comes first. */
  readonly maxSeconds: number;
  readonly minSamples: number;
  /** Stops the measurement between two samples; `measure` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Measurement {
  readonly name: string;
  /** Seconds per call, one entry per sample (a run of calls), in the order of measuring. */
  readonly samples: readonly number[];
}

export interface Runner {
  /** @param fn returns a number that depends on its work, so that the work cannot be optimised away */
  measure(name: string, fn: () => number | void, options: MeasureOptions): Promise<Measurement>;
}

type SuiteStep = Parameters<typeof benny.suite>[1];
type BenchmarkSuite = Parameters<Awaited<ReturnType<Extract<SuiteStep, (config: object) => unknown>>>>[0];
interface CycleEvent {
  readonly target: { readonly stats: { readonly sample: readonly number[] } };
}

/** A sample must be long against the timer's resolution, and short against the time that is there. */
const SAMPLE_SECONDS_MAX = 0.05;
const SAMPLE_SECONDS_MIN = 0.001;
const PAUSE_SECONDS = 0.001;

export class BennyRunner implements Runner {
  /** Sum of all that was returned; public, so that the engine must compute it. */
  sink = 0;

  async measure(name: string, fn: () => number | void, options: MeasureOptions): Promise<Measurement> {
    const { maxSeconds, minSamples, signal } = options;
    if (!(maxSeconds > 0) || !(minSamples >= 1)) bug('MEASURE_OPTIONS', maxSeconds, minSamples);
    signal?.throwIfAborted();

    let samples: readonly number[] = [];
    let suite: BenchmarkSuite | undefined;
    let failure: { readonly error: unknown } | undefined;
    const stop = (): void => void suite?.abort();

    const prepare: SuiteStep = async () => (prepared: BenchmarkSuite) => {
      suite = prepared;
      // Benny greets on stdout when a suite starts; stdout belongs to the command.
      suite.off('start');
      suite.on('cycle', (event: CycleEvent) => {
        samples = [...event.target.stats.sample];
      });
      return suite;
    };
    // An error inside a timed cycle would escape through a timer and end the process: keep it, stop, throw it below.
    const timed = (): void => {
      if (failure !== undefined) return;
      try {
        const value = fn();
        if (value !== undefined) this.sink += value;
      } catch (error) {
        failure = { error };
        stop();
      }
    };

    const sampleSeconds = Math.min(SAMPLE_SECONDS_MAX, Math.max(SAMPLE_SECONDS_MIN, maxSeconds / minSamples / 2));
    // `async` is an option of benchmark.js that benny hands through: it lets the event loop run between samples.
    const timing = { maxTime: maxSeconds, minSamples, minTime: sampleSeconds, delay: PAUSE_SECONDS, async: true };
    signal?.addEventListener('abort', stop);
    try {
      await benny.suite(name, prepare, benny.add(name, timed, timing));
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    if (failure !== undefined) throw failure.error;
    signal?.throwIfAborted();
    if (samples.length === 0) bug('NO_SAMPLES', name);
    return { name, samples };
  }
}
