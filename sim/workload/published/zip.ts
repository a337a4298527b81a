/**
 * Throughput of the ZIP engine as UADK's performance page measures it: blocks of one process, some in flight, with and
 * without shared virtual addresses (SVA).
 *
 * One thread submits a batch, sleeps, takes all that is done, puts as many new blocks in, and sleeps again. A cycle so
 * lasts `sleep + batch * turn`, or as long as the engine needs for the batch, whichever is longer. The thread serves its
 * queues one after another, so that their number changes nothing. With one block it does not sleep but polls until
 * the block is done. Without SVA it copies every block, which takes longer than the engine, and the next block is
 * copied while the engine works.
 */
import { UserError } from '../../base/user-error.ts';
import { type ModelParameter, type ParameterEnd, parametersAt } from './parameter.ts';

const PERF_RST = 'UADK docs/perf.rst, deflate of 8192-byte blocks';

export const ZIP_PARAMETERS = {
  sleepNs: {
    value: 50_000,
    unit: 'ns',
    low: 50_000,
    high: 60_000,
    from: 'constant',
    source: 'prctl(2), PR_SET_TIMERSLACK: 50 µs for an ordinary task',
    why: 'The shortest sleep of a thread that polls; batches of 10 to 50 blocks all take 52 to 62 µs.',
  },
  turnNs: {
    value: 200,
    unit: 'ns',
    low: 100,
    high: 500,
    from: 'assumed',
    source: 'doorbellNs of sim/device/costs.ts, and some cache misses',
    why: 'Taking one completion and submitting the next block.',
  },
  loneNs: {
    value: 14_719.7,
    unit: 'ns',
    low: 3_000,
    high: 20_000,
    from: 'fitted',
    source: PERF_RST,
    why: 'One block from submission to answer with SVA, address translation included, when nothing overlaps.',
  },
  engineNsPerBlock: {
    value: 1_130.68,
    unit: 'ns',
    low: 1_000,
    high: 1_300,
    from: 'fitted',
    source: PERF_RST,
    why: 'All cores together, saturated; in proportion for blocks of other sizes.',
  },
  copyNsPerBlock: {
    value: 3_570.2,
    unit: 'ns',
    low: 3_400,
    high: 3_750,
    from: 'fitted',
    source: PERF_RST,
    why: 'The process without SVA, mostly copying: flat from one block in flight on, so it never waits for the engine.',
  },
  faultNsPerBlock: {
    value: 3_085.8,
    unit: 'ns',
    low: 1_000,
    high: 5_000,
    from: 'fitted',
    source: PERF_RST,
    why: 'Page faults of a block whose four pages nobody had touched, one block after another.',
  },
} as const satisfies Record<string, ModelParameter>;

type ZipParameters = Readonly<Record<keyof typeof ZIP_PARAMETERS, number>>;

export interface ZipInputs {
  /** Shared virtual addresses; without, the process copies. */
  readonly sva: boolean;
  /** Queues of the process. Changes nothing: see above. */
  readonly queues: number;
  /** Blocks in flight. */
  readonly batch: number;
  /** Default 8192. */
  readonly blockBytes?: number;
  /** All pages were written to before. Default true. */
  readonly pagesTouched?: boolean;
  /** Bytes in all; default 81.92 MB. */
  readonly totalBytes?: number;
  /** Processes that do the same side by side; default 1. */
  readonly processes?: number;
}

export interface Prediction {
  readonly value: number;
  /** What sets the pace. */
  readonly boundBy: string;
  /** Why the model is not made for these inputs, when it is not. */
  readonly outside?: string;
}

const BLOCK_BYTES = 8192;
/** The largest job that is published as fast. */
const TOTAL_BYTES_MAX = 491.52e6;

export function zipParameters(end: ParameterEnd = 'point'): ZipParameters {
  return parametersAt(ZIP_PARAMETERS, end);
}

/** Throughput in MB/s (10^6 bytes of input). */
export function predictZip(inputs: ZipInputs, parameters: ZipParameters = zipParameters()): Prediction {
  const { sva, queues, batch, blockBytes = BLOCK_BYTES, pagesTouched = true, processes = 1 } = inputs;
  for (const [name, count] of Object.entries({ queues, batch, blockBytes, processes })) {
    if (!Number.isInteger(count) || count < 1) throw new UserError('input', `${name} is ${count}`, 'from 1 on');
  }
  const size = blockBytes / BLOCK_BYTES;
  const engineNs = parameters.engineNsPerBlock * size;
  const faultNs = pagesTouched || !sva ? 0 : parameters.faultNsPerBlock * size;
  let processNs = parameters.copyNsPerBlock * size;
  let pace = 'copying';
  if (sva && batch === 1) {
    processNs = parameters.loneNs - parameters.engineNsPerBlock + engineNs + faultNs;
    pace = 'one block at a time';
  } else if (sva) {
    const roundNs = (parameters.sleepNs + batch * parameters.turnNs) / batch;
    processNs = Math.max(roundNs, engineNs + faultNs);
    pace = processNs === roundNs ? 'sleep of the thread that polls' : 'page faults';
  }
  const blockNs = Math.max(processNs / processes, engineNs);
  const prediction = { value: (blockBytes / blockNs) * 1e3, boundBy: blockNs === engineNs ? 'engine' : pace };
  if ((inputs.totalBytes ?? 0) <= TOTAL_BYTES_MAX || !sva) return prediction;
  return {
    ...prediction,
    outside:
      'Very large jobs with SVA fall off a cliff, which the source calls a known issue with page faults. From which ' +
      'size on is not published, nor how much memory the machine had: the model leaves it out.',
  };
}
