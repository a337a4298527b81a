/**
 * The sweep: accelerators by queue pairs by load, each cell in both worlds. The floors come first.
 */
import { Piscina } from 'piscina';

import { bug } from '../../../sim/base/bug.ts';
import { COST, type CostName, TASK_COST } from '../../../sim/device/costs.ts';
import { DOWNTIME_PARTS } from '../../../sim/base/pause-parts.ts';
import { type CellBand, cellLoad, LINK, modelCell } from '../../../sim/move/cell-model.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { WALL_PARTS } from '../../../sim/base/pause-parts.ts';
import { type RealMigration, RealWorld } from '../../../workers/real-world.ts';
import { waitingFacts } from '../../../workers/lane/waiting-calibration.ts';
import { poolModule } from '../../../workers/pools/worker-url.ts';
import type { Figure } from '../../show/figure.ts';
import type { Cell, CostParameter, Floors, Quantiles } from '../../documents/bench/result.ts';
import { BennyRunner } from '../runner.ts';
import {
  exact,
  measured,
  medianFigure,
  modelled,
  percentile,
  quantileFigures,
  rateFigure,
  ratioInTurn,
} from '../statistics.ts';
import { measureFloors, ROUND_TRIPS_PER_BATCH } from './floors.ts';
import { withMeasurer } from './measuring.ts';
import { refuseTooManyQueues } from './queue-limit.ts';
import { TasksLost } from './tasks-lost.ts';
import { measureVirtualSpeed } from './virtual-speed.ts';
import type { SuiteName, SweepHooks, SweepOptions } from './sweep-types.ts';
import type { HandshakeMeasurement, HandshakeTask, MeasureTask, SaveMeasurement } from './vf-measure.ts';
import { countOf, MS_PER_S } from '../../../sim/base/units.ts';
import { keysOf } from '../../../sim/base/keys.ts';

/** How long each kind of measurement may take, in one cell. */
interface Effort {
  readonly floorSeconds: number;
  readonly throughputSeconds: number;
  readonly samplesMin: number;
  readonly batches: number;
  readonly migrationSeconds: number;
  readonly migrationsMin: number;
  readonly migrationsMax: number;
}

const FULL: Effort = {
  floorSeconds: 0.4,
  throughputSeconds: 0.25,
  samplesMin: 5,
  batches: 500,
  migrationSeconds: 0.4,
  migrationsMin: 10,
  migrationsMax: 100,
};

const QUICK: Effort = {
  floorSeconds: 0.2,
  throughputSeconds: 0.05,
  samplesMin: 3,
  batches: 200,
  migrationSeconds: 0.1,
  migrationsMin: 4,
  migrationsMax: 30,
};

type Coordinates = Pick<Cell, 'accelerator' | 'queuePairs' | 'load'>;

/** Runs the sweep. Stops soon after the signal fires; cells reported by then stand. */
export async function runSweep(options: SweepOptions, hooks: SweepHooks): Promise<void> {
  const { signal } = hooks;
  refuseTooManyQueues(options.accelerators, options.queuePairs);
  const effort = options.quick ? QUICK : FULL;
  const coordinates = options.accelerators.flatMap((accelerator) =>
    options.queuePairs.flatMap((queuePairs) => options.loads.map((load) => ({ accelerator, queuePairs, load }))),
  );
  const steps = coordinates.length + 1;
  hooks.onProgress(0, steps, 'floors of this machine, speed of the virtual world');
  const floorOptions = { batches: effort.batches, seconds: effort.floorSeconds, signal };
  const runner = new BennyRunner();
  const virtual = { maxSeconds: effort.floorSeconds, minSamples: effort.samplesMin, signal };
  const speed = options.suites.includes('virtual') ? await measureVirtualSpeed(runner, options.driver, virtual) : [];
  const measuredFloors = await measureFloors(runner, floorOptions);
  const floors: Floors = { ...measuredFloors, more: [...measuredFloors.more, ...speed] };
  const { spinRoundNs: bestPingPongNs } = await waitingFacts();
  const tellFloors = (pingPongNs: Quantiles): void =>
    hooks.onFloors({ ...floors, pingPongNs }, costParameters(), bestPingPongNs);
  tellFloors(floors.pingPongNs);
  const bareNs: number[] = [];
  const pool = new Piscina({
    ...poolModule(import.meta.url, 'vf-measure'),
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
  });
  // A measuring task cannot be talked to while it runs, so an abort takes its thread away.
  const abandon = (): void => void pool.destroy();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    for (const [index, at] of coordinates.entries()) {
      if (signal.aborted) break;
      hooks.onProgress(index + 1, steps, `${at.accelerator}, ${countOf(at.queuePairs, 'queue pair')}, ${at.load}`);
      const cell = await measureCell({ options, at, effort, signal, pool, bareNs }).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (cell === null) break;
      if (bareNs.length > 0) tellFloors(pooledPingPongs(bareNs));
      hooks.onCell(cell);
      if (cell.lostTasks !== undefined && cell.lostTasks.value > 0) throw new TasksLost(cell.id, cell.lostTasks.value);
    }
  } finally {
    signal.removeEventListener('abort', abandon);
    await pool.destroy();
  }
  if (!signal.aborted) hooks.onProgress(steps, steps, 'done');
}

interface CellTask {
  readonly options: SweepOptions;
  readonly at: Coordinates;
  readonly effort: Effort;
  readonly signal: AbortSignal;
  /** One thread that saves and restores for the measuring. */
  readonly pool: Piscina;
  /** Takes the bare ping-pongs that handshakes were divided by, in ns. */
  readonly bareNs: number[];
}

/** @returns null when the signal came */
async function measureCell({ options, at, effort, signal, pool, bareNs }: CellTask): Promise<Cell | null> {
  const wants = (suite: SuiteName): boolean => options.suites.includes(suite);
  const { accelerator: kind, queuePairs } = at;
  const load = cellLoad(at.load, queuePairs);
  const rate = JOB_RATES[kind];
  const { driver: generation, seed, inFlight } = options;
  const engine = { servers: rate.servers.value, serviceNs: serviceNs(rate) };
  const world = await RealWorld.open({ kind, generation, vms: 1, queuePairs, load, seed, inFlight, engine });
  try {
    const parts: Partial<Cell>[] = [];
    if (wants('handshake')) parts.push(await handshake(world, effort, signal, bareNs));
    if (wants('throughput') && !signal.aborted) parts.push(await throughput(world, pool, effort));
    let lost = 0;
    if (wants('downtime') && !signal.aborted) {
      const moves = await migrateBackAndForth(world, effort, signal);
      if (signal.aborted) return null;
      const model = modelCell({ kind, generation, queuePairs, load, inFlight, seed });
      lost += model.point.report.lostTasks + model.low.report.lostTasks + model.high.report.lostTasks;
      parts.push(downtime(moves), modelledDowntime(model));
    }
    if (signal.aborted) return null;
    const [guest] = await world.finish();
    if (guest === undefined) return bug('NO_GUEST_REPORT');
    const { report, pausesNs } = guest;
    lost += report.ok ? 0 : Math.max(1, report.lostTasks);
    return {
      id: `${kind}-${queuePairs}-${at.load}`,
      ...at,
      stateBytes: exact(world.layout.sectionBytes + IMAGE_BYTES, 'B'),
      ...Object.assign({}, ...parts),
      ...guestPause(pausesNs),
      lostTasks: exact(lost, 'tasks'),
      tasks: { accepted: report.accepted, completed: report.completed },
    };
  } finally {
    await world.close();
  }
}

const IMAGE_BYTES = 176;

async function handshake(
  world: RealWorld,
  effort: Effort,
  signal: AbortSignal,
  floorsNs: number[],
): Promise<Partial<Cell>> {
  const task: HandshakeTask = {
    world: world.init,
    vm: 0,
    host: 0,
    batches: effort.batches,
    perBatch: ROUND_TRIPS_PER_BATCH,
  };
  // By a thread of its own: one that has shaken hands in other worlds calls the code of a lane by a longer way.
  const measurement = withMeasurer('vf-measure', signal, (pool) => pool.run(task, { name: 'measureHandshake' }));
  const { handshakeNs, bareNs } = (await measurement) as HandshakeMeasurement;
  const quantiles = quantileFigures(handshakeNs, 'ns');
  // Cores move nearer and farther in the course of a run: the floor is the one measured in turn with the handshakes.
  // And each with its own: what is common to both of a pair falls out.
  floorsNs.push(...bareNs);
  const floor = withoutSamples(medianFigure(bareNs, 'ns'));
  return { handshakeNs: { ...quantiles, ratioToFloor: ratioInTurn(handshakeNs, bareNs), floor } };
}

/** The ping-pongs of all cells, which are thousands: the floor that the ratios of the run were divided by. */
function pooledPingPongs(bareNs: readonly number[]): Quantiles {
  const { p50, p99 } = quantileFigures(bareNs, 'ns');
  return { p50: withoutSamples(p50), p99 };
}

function withoutSamples(figure: Figure): Figure {
  const { samples: _, ...rest } = figure;
  return rest;
}

async function throughput(world: RealWorld, pool: Piscina, effort: Effort): Promise<Partial<Cell>> {
  const { throughputSeconds: maxSeconds, samplesMin: minSamples } = effort;
  const task: MeasureTask = { world: world.init, vm: 0, host: 0, maxSeconds, minSamples };
  const save = (await pool.run(task, { name: 'measureSave' })) as SaveMeasurement;
  const { frameBytes } = save;
  const restores = (await pool.run({ ...task, frameBytes }, { name: 'measureRestore' })) as readonly number[];
  return {
    savesPerSecond: rateFigure(save.samples, '/s'),
    saveBytesPerSecond: rateFigure(save.samples, 'B/s', frameBytes),
    restoresPerSecond: rateFigure(restores, '/s'),
    restoreBytesPerSecond: rateFigure(restores, 'B/s', frameBytes),
  };
}

type Move = Extract<RealMigration, { kind: 'moved' }>;

async function migrateBackAndForth(world: RealWorld, effort: Effort, signal: AbortSignal): Promise<Move[]> {
  const moves: Move[] = [];
  const deadline = performance.now() + effort.migrationSeconds * MS_PER_S;
  let from = 0;
  // The first moves also warm the code up; they are not counted.
  for (let warm = 0; warm < WARM_UP_MOVES && !signal.aborted; warm++) {
    await move(world, from);
    from = 1 - from;
  }
  while (!signal.aborted && moves.length < effort.migrationsMax) {
    if (moves.length >= effort.migrationsMin && performance.now() > deadline) break;
    moves.push(await move(world, from));
    from = 1 - from;
  }
  return moves;
}

const WARM_UP_MOVES = 2;

async function move(world: RealWorld, from: number): Promise<Move> {
  const outcome = await world.migrate(0, from);
  return outcome.kind === 'moved' ? outcome : bug('BENCH_MIGRATION', outcome.reason);
}

function downtime(moves: readonly Move[]): Partial<Cell> {
  const samplesNs = moves.map(({ downtimeNs }) => downtimeNs);
  return {
    wallDowntimeNs: {
      p50: medianFigure(samplesNs, 'ns'),
      p99: measured(percentile(samplesNs, 0.99), 'ns'),
      parts: WALL_PARTS.map((name) => ({
        name,
        p50: medianFigure(
          moves.map(({ partsNs }) => partsNs[name]),
          'ns',
        ),
      })),
      samplesNs,
    },
  };
}

function modelledDowntime({ point, low, high }: CellBand): Partial<Cell> {
  const band = (a: number, b: number, c: number): Figure => modelled(a, 'ns', Math.min(a, b, c), Math.max(a, b, c));
  return {
    modelledDowntimeNs: {
      point: band(point.downtimeNs, low.downtimeNs, high.downtimeNs),
      parts: DOWNTIME_PARTS.map((name) => ({
        name,
        value: band(point.partsNs[name], low.partsNs[name], high.partsNs[name]),
      })),
    },
  };
}

function guestPause(pausesNs: readonly number[]): Partial<Cell> {
  if (pausesNs.length === 0) return {};
  const max = pausesNs.reduce((most, ns) => Math.max(most, ns), 0);
  const { p50, p99 } = quantileFigures(pausesNs, 'ns');
  // One sample per queue and move: thousands, that the quantiles stand for.
  return { guestPauseNs: { p50: withoutSamples(p50), p99, max: measured(max, 'ns') } };
}

/** The parameters of the modelled figures. */
function costParameters(): CostParameter[] {
  const device = keysOf(COST)
    .filter((name) => !UNUSED.has(name))
    .map((name): CostParameter => {
      const { ns, min, max, from, source, why } = COST[name];
      return { name, value: ns, unit: 'ns', from, why: `${why} Source: ${source}.`, low: min, high: max };
    });
  const { gigabitsPerSecond: rate, latencyNs: latency } = LINK;
  return [
    ...device,
    {
      name: 'linkGigabitsPerSecond',
      value: rate.point,
      unit: 'Gbit/s',
      from: 'assumed',
      why: rate.why,
      low: rate.high,
      high: rate.low,
    },
    {
      name: 'linkLatencyNs',
      value: latency.point,
      unit: 'ns',
      from: 'assumed',
      why: latency.why,
      low: latency.low,
      high: latency.high,
    },
  ];
}

/** Costs that no part of a downtime contains. The engine's rates are those of sim/workload/rates.ts. */
const UNUSED: ReadonlySet<CostName> = new Set<CostName>([
  'flrNs',
  'sriovEnableNs',
  'stopQueueBaseNs',
  'flushBaseNs',
  ...Object.values(TASK_COST),
]);
