/**
 * The suite `engine`: how fast the event queue is, against a bare heap in the same run, and how fast the queueing model
 * is over it.
 */
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { QueueingModel } from '../../../sim/workload/queueing/model.ts';
import { machineRepair } from '../../../sim/workload/machine-repair.ts';
import type { Figure } from '../../show/figure.ts';
import { BennyRunner, type MeasureOptions, type Runner } from '../runner.ts';
import { exact, medianFigure, rateFigure, ratioToFloor } from '../statistics.ts';
import { BareHeapNetwork, NETWORK, QueueNetwork } from './closed-network.ts';
import type { SuiteOptions, SuiteReport } from '../../documents/suites/document.ts';
import { NS_PER_S } from '../../../sim/base/units.ts';

const SEED = 7;
const EVENTS_PER_JOB = 2;
/** Jobs before the clock runs: the compiler is done then, and the network has forgotten its start. */
const WARM_UP_JOBS = 1_000_000;
const JOBS_PER_CALL = 50_000;
/** Floor and queue are measured in turn, so that a noisy neighbour meets both. */
const ROUNDS = 3;

const FULL = { vfs: 63, queues: 64, inFlight: 32 } as const;
/** Virtual time per call, in ns. */
const STEP_NS = 10_000_000;

export interface EngineFigures {
  /** Model events per second: the floor, the event queue, and their ratio. */
  readonly heap: Figure;
  readonly queue: Figure;
  readonly ratio: Figure;
  /** Mean response of the network over the warm-up, in service times. */
  readonly meanResponse: Figure;
  /** 63 VFs with 64 saturated queue pairs each: events per second, and wall time of a virtual second. */
  readonly model: Figure;
  readonly virtualSecond: Figure;
}

/** A SEC engine, the fastest of the three, all of whose VFs are saturated. */
export function fullModel(): QueueingModel {
  const rate = JOB_RATES.sec;
  const job = { name: rate.job, bytes: rate.jobBytes, share: 1, fixedNs: serviceNs(rate), nsPerByte: 0 };
  return new QueueingModel({
    seed: SEED,
    engines: [{ cores: rate.servers.value }],
    vfs: Array.from({ length: FULL.vfs }, () => ({
      queues: FULL.queues,
      load: { kind: 'closed', inFlightPerQueue: FULL.inFlight },
      jobs: [job],
      completion: { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 100 },
    })),
  });
}

/** @param options the time for each of the three things measured */
export async function measureEngine(runner: Runner, options: MeasureOptions): Promise<EngineFigures> {
  const heap = new BareHeapNetwork(SEED);
  const queue = new QueueNetwork(SEED);
  heap.run(WARM_UP_JOBS);
  const meanResponse = queue.run(WARM_UP_JOBS);
  const each: MeasureOptions = {
    ...options,
    maxSeconds: options.maxSeconds / ROUNDS,
    minSamples: Math.ceil(options.minSamples / ROUNDS),
  };
  const heapSamples: number[] = [];
  const queueSamples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    heapSamples.push(...(await runner.measure('heap', () => heap.run(JOBS_PER_CALL), each)).samples);
    queueSamples.push(...(await runner.measure('queue', () => queue.run(JOBS_PER_CALL), each)).samples);
  }
  const heapRate = rateFigure(heapSamples, '/s', JOBS_PER_CALL * EVENTS_PER_JOB);
  const queueRate = rateFigure(queueSamples, '/s', JOBS_PER_CALL * EVENTS_PER_JOB);

  const model = fullModel().run(10 * STEP_NS);
  const eventsBefore = model.events;
  const fromNs = model.nowNs;
  const step = (): number => model.run(model.nowNs + STEP_NS).events;
  const { samples } = await runner.measure('model', step, options);
  const eventsPerStep = ((model.events - eventsBefore) * STEP_NS) / (model.nowNs - fromNs);
  return {
    heap: heapRate,
    queue: queueRate,
    ratio: ratioToFloor(queueRate, heapRate),
    meanResponse: exact(Number(meanResponse.toFixed(4)), 'service times'),
    model: rateFigure(samples, '/s', eventsPerStep),
    virtualSecond: medianFigure(
      samples.map((seconds) => (seconds * NS_PER_S * NS_PER_S) / STEP_NS),
      'ns',
    ),
  };
}

export async function runEngine({ quick }: SuiteOptions): Promise<SuiteReport> {
  const timing: MeasureOptions = quick ? { maxSeconds: 1, minSamples: 6 } : { maxSeconds: 6, minSamples: 30 };
  const figures = await measureEngine(new BennyRunner(), timing);
  const { clients, servers, think, service } = NETWORK;
  const known = machineRepair(clients, think, service, servers).response;
  return {
    suite: 'engine',
    title: `Model events per second, with ${clients} clients of ${servers} servers, and with all queues of a device`,
    columns: [
      { name: 'rate', title: 'events\n' },
      { name: 'ratio', title: 'to bare heap\n' },
      { name: 'meanResponse', title: 'mean\nresponse' },
      { name: 'virtualSecondNs', title: 'wall time of a\nvirtual second' },
    ],
    rows: [
      { at: { engine: 'bare heap' }, figures: { rate: figures.heap } },
      {
        at: { engine: 'event queue' },
        figures: { rate: figures.queue, ratio: figures.ratio, meanResponse: figures.meanResponse },
      },
      {
        at: { engine: `queueing model, ${FULL.vfs} VFs x ${FULL.queues} queue pairs` },
        figures: { rate: figures.model, virtualSecondNs: figures.virtualSecond },
      },
    ],
    remarks: [{ about: 'event queue', lines: [`exact mean response: ${known.toFixed(4)} service times`] }],
    costs: [],
  };
}
