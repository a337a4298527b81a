/**
 * The modelled downtime of one VF under one queue load: the same migration played with the point, the low and the high
 * end of every parameter.
 */
import type { AcceleratorKind } from '../abi/accelerators.ts';
import { ACCELERATORS, QM_HW } from '../abi/accelerators.ts';
import { bug } from '../base/bug.ts';
import { DOWNTIME_VIEW, type DowntimePart, pausePartsNs } from '../base/pause-parts.ts';
import { Random } from '../base/random.ts';
import { NS_PER_S } from '../base/units.ts';
import { type CostValues, highCosts, lowCosts, pointCosts } from '../device/costs.ts';
import { type GenerationId, GENERATIONS } from '../driver/generation.ts';
import type { CheckReport } from '../workload/checker.ts';
import { DEPTH } from '../abi/contexts.ts';
import { type Load, namedLoad, type LoadName } from '../workload/load.ts';
import { JOB_RATES, serviceNs, serviceNsRange } from '../workload/rates.ts';
import { Link } from './link.ts';
import { Move, runMoves } from './move.ts';
import { World } from '../world/world.ts';
import type { InFlight } from '../abi/in-flight.ts';

/** A parameter of the link, with the ends to sweep. `low` is the end that makes downtime short. */
export const LINK = {
  gigabitsPerSecond: { point: 25, low: 100, high: 10, why: 'Hosts of this generation have 10 to 100 Gbit/s; assumed.' },
  latencyNs: {
    point: 20_000,
    low: 5_000,
    high: 100_000,
    why: 'One way within a data centre, through the host stacks; assumed.',
  },
} as const;

export interface CellOptions {
  readonly kind: AcceleratorKind;
  readonly generation: GenerationId;
  readonly queuePairs: number;
  readonly load: Load;
  readonly inFlight: InFlight;
  readonly seed: number;
}

export interface ModelledOutcome {
  readonly downtimeNs: number;
  readonly partsNs: Readonly<Record<DowntimePart, number>>;
  readonly report: CheckReport;
  /** Register image and queue structures, in bytes. */
  readonly stateBytes: number;
}

export interface CellBand {
  readonly point: ModelledOutcome;
  readonly low: ModelledOutcome;
  readonly high: ModelledOutcome;
}

/** The load that a name stands for, kept below what the event queue of one VF holds (docs/device.md 12.1). */
export function cellLoad(name: LoadName, queuePairs: number): Load {
  const load = namedLoad(name, DEPTH.sq);
  if (load.kind !== 'closed') return load;
  const roomPerQueue = Math.floor((DEPTH.eq - 1) / queuePairs);
  return { kind: 'closed', inFlightPerQueue: Math.max(1, Math.min(load.inFlightPerQueue, roomPerQueue)) };
}

/** One cell with all parameters at their points, and at the two ends. */
export function modelCell(options: CellOptions): CellBand {
  const rate = JOB_RATES[options.kind];
  const range = serviceNsRange(rate);
  return {
    point: playCell(options, pointCosts(), serviceNs(rate), LINK.gigabitsPerSecond.point, LINK.latencyNs.point),
    low: playCell(options, lowCosts(), range.low, LINK.gigabitsPerSecond.low, LINK.latencyNs.low),
    high: playCell(options, highCosts(), range.high, LINK.gigabitsPerSecond.high, LINK.latencyNs.high),
  };
}

/** Tasks that the engine does before the move, so that the queues are in their usual state. */
const WARM_UP_TASKS = 2_000;
/** After the move, until everything in flight has run out. */
const DRAIN_NS = 60 * NS_PER_S;

function playCell(
  options: CellOptions,
  costs: CostValues,
  taskNs: number,
  gigabitsPerSecond: number,
  latencyNs: number,
): ModelledOutcome {
  const { kind, queuePairs, load } = options;
  const servers = JOB_RATES[kind].servers.value;
  const world = new World();
  const hostOptions = {
    kind,
    generation: GENERATIONS[options.generation],
    costs,
    device: {
      hardware: QM_HW.V3,
      vfCount: 1,
      vft: [{ base: ACCELERATORS[kind].pfDefaultQueues, num: queuePairs }],
      inFlight: options.inFlight,
      engine: { servers, serviceNs: taskNs },
    },
  };
  const source = world.addHost(hostOptions).slot(1);
  const destination = world.addHost(hostOptions).slot(1);
  for (const slot of [source, destination]) if (slot.vfio.open() !== 0) bug('CELL_OPEN');
  const capacityPerSecond = (servers / taskNs) * NS_PER_S;
  const random = new Random(options.seed);
  const vm = world.addGuest(
    { kind, queuePairs, load, capacityPerSecond, random, interruptNs: costs.interruptNs },
    source,
  );
  world.boot(vm);
  if (load.kind !== 'idle') world.runUntil(world.clock.nowNs + (WARM_UP_TASKS * taskNs) / servers);
  const link = new Link(gigabitsPerSecond, latencyNs);
  const move = new Move(world, {
    vfs: [{ guest: vm, destination }],
    costs,
    loadBegins: ({ nowNs, bytes }) => link.send(nowNs, bytes),
  });
  const [outcome] = runMoves(world, [move]);
  if (outcome?.kind !== 'moved' || outcome.pause === null) return bug('CELL_MOVE', JSON.stringify(outcome));
  vm.quiesce();
  const untilNs = world.clock.nowNs + DRAIN_NS;
  while (world.nextDueNs() < untilNs) world.runUntil(world.nextDueNs());
  const { pause, pauseNs: downtimeNs, sentBytes: stateBytes } = outcome;
  return { downtimeNs, partsNs: pausePartsNs(pause, DOWNTIME_VIEW), report: vm.guest.finish(true), stateBytes };
}
