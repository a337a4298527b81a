/**
 * The suite `downtime-floor`: a VM moved with everything in the pause, and with iterations before it, interleaved; its parts next to
 * those that the model says, by the same definitions; and what must be copied against a bare copy of as many bytes.
 */
import { countOf } from '../../../sim/base/units.ts';
import { bug } from '../../../sim/base/bug.ts';
import { DOWNTIME_PARTS } from '../../../sim/base/pause-parts.ts';
import { type CellBand, cellLoad, modelCell } from '../../../sim/move/cell-model.ts';
import { WALL_PARTS } from '../../../sim/base/pause-parts.ts';
import type { RealMigration, RealWorld } from '../../../workers/real-world.ts';
import { nowNs } from '../../../workers/wall-clock.ts';
import type { Figure } from '../../show/figure.ts';
import { measured, medianFigure, modelled, percentile, ratioInTurn } from '../statistics.ts';
import { KIND_DEFAULT, openWorld } from './measuring.ts';
import { refuseTooManyQueues } from './queue-limit.ts';
import type { SuiteColumn, SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';
import { TasksLost } from './tasks-lost.ts';
import { LOAD_NAMES, type LoadName } from '../../../sim/workload/load.ts';

export interface DowntimeEffort {
  readonly queuePairs: readonly number[];
  readonly loads: readonly LoadName[];
  /** Moves of each way. */
  readonly moves: number;
}

const FULL: DowntimeEffort = { queuePairs: [1, 64], loads: LOAD_NAMES, moves: 60 };
const QUICK: DowntimeEffort = { queuePairs: [64], loads: ['saturated'], moves: 16 };

/** Ways to move: iterations at most before the pause. */
const ROUNDS = [0, 5] as const;
/** Moves of each way that only warm the code up. */
const WARM_UP = 2;
const SEED = 1;

const COLUMNS: readonly SuiteColumn[] = [
  { name: 'pauseBytes', title: 'bytes\nin pause' },
  { name: 'downtimeNs', title: 'downtime\np50' },
  { name: 'downtimeP99Ns', title: 'downtime\np99' },
  { name: 'modelDowntimeNs', title: 'model\n' },
  { name: 'dataNs', title: 'gather to\nscatter' },
  { name: 'copyNs', title: 'two bare\ncopies' },
  { name: 'dataRatio', title: '/ floor\n' },
  { name: 'haltNs', title: 'stop to\nsave' },
  { name: 'resumeNs', title: 'load to\nstart' },
  { name: 'copiedPerByte', title: 'copied\nper byte' },
  { name: 'garbage', title: 'garbage\nper move' },
];

type Move = Extract<RealMigration, { kind: 'moved' }>;

/** The parts of a move in which its bytes are handled. */
const DATA_PARTS = ['gather', 'checksum', 'validate', 'scatter'] as const;

export async function runDowntimeFloor(
  options: SuiteOptions,
  effort: DowntimeEffort = options.quick ? QUICK : FULL,
): Promise<SuiteReport> {
  const kinds = options.accelerators ?? KIND_DEFAULT;
  const pairs = options.queuePairs ?? effort.queuePairs;
  refuseTooManyQueues(kinds, pairs);
  const rows: SuiteRow[] = [];
  for (const kind of kinds) {
    for (const queuePairs of pairs) {
      for (const load of effort.loads) {
        if (options.signal?.aborted === true) continue;
        rows.push(...(await measure(options, { kind, queuePairs, load }, effort.moves)));
      }
    }
  }
  return {
    suite: 'downtime-floor',
    title:
      'Wall downtime with everything sent in the pause and with iterations before it, moves interleaved, and the modelled one',
    columns: COLUMNS,
    rows,
    remarks: [
      {
        about: `up to ${countOf(ROUNDS[1], 'iteration')}`,
        lines: [
          `iterations of pre-copy end when one is not a quarter shorter than the one before, and after ${ROUNDS[1]}`,
          'the model sends everything in the pause, whatever the row',
          'copied per byte: by both sides, of what was sent before the pause and in it',
        ],
      },
    ],
    costs: [],
  };
}

interface Coordinates {
  readonly kind: (typeof KIND_DEFAULT)[number];
  readonly queuePairs: number;
  readonly load: LoadName;
}

async function measure(options: SuiteOptions, at: Coordinates, count: number): Promise<readonly SuiteRow[]> {
  const { kind, queuePairs } = at;
  const world = await openWorld(options, { kind, queuePairs, vms: 1, load: cellLoad(at.load, queuePairs) });
  try {
    const moves: readonly [Move[], Move[]] = [[], []];
    const copiesNs: readonly [number[], number[]] = [[], []];
    let from = 0;
    for (let turn = -WARM_UP; turn < count && options.signal?.aborted !== true; turn++) {
      for (const [way, iterationsMax] of ROUNDS.entries()) {
        const move = await world.migrate(0, from, { iterationsMax });
        if (move.kind !== 'moved') return bug('BENCH_MIGRATION', move.reason);
        from = 1 - from;
        if (turn < 0) continue;
        moves[way]!.push(move);
        copiesNs[way]!.push(twoCopies(move.frameBytes));
      }
    }
    if (moves[1].length === 0) return [];
    await finish(world, at);
    const model = modelCell({
      ...at,
      generation: options.driver,
      inFlight: 'finish',
      seed: SEED,
      load: cellLoad(at.load, queuePairs),
    });
    return ROUNDS.map((rounds, way) => ({
      at: { device: kind, queuePairs, load: at.load, rounds },
      figures: { ...figuresOf(moves[way]!, copiesNs[way]!), ...modelFigures(model) },
    }));
  } finally {
    await world.close();
  }
}

/** No task may be lost on the way. */
async function finish(world: RealWorld, { kind, queuePairs, load }: Coordinates): Promise<void> {
  for (const { report } of await world.finish()) {
    if (!report.ok) throw new TasksLost(`${kind}-${queuePairs}-${load}`, Math.max(1, report.lostTasks));
  }
}

let copyFrom: Uint8Array = new Uint8Array(0);
let copyInto: Uint8Array = new Uint8Array(0);

/** Two copies between shared buffers, one for each side of a move, in ns. */
function twoCopies(bytes: number): number {
  if (copyFrom.length < bytes) {
    copyFrom = new Uint8Array(new SharedArrayBuffer(bytes)).fill(1);
    copyInto = new Uint8Array(new SharedArrayBuffer(bytes)).fill(2);
  }
  const from = copyFrom.subarray(0, bytes);
  const startNs = nowNs();
  copyInto.set(from);
  copyInto.set(from);
  return nowNs() - startNs;
}

function figuresOf(moves: readonly Move[], copiesNs: readonly number[]): Record<string, Figure> {
  const part = (...names: readonly (typeof WALL_PARTS)[number][]): number[] =>
    moves.map(({ partsNs }) => names.reduce((sum, name) => sum + partsNs[name], 0));
  const downtimesNs = moves.map(({ downtimeNs }) => downtimeNs);
  const figures: Record<string, Figure> = {
    pauseBytes: medianFigure(
      moves.map(({ frameBytes }) => frameBytes),
      'B',
    ),
    rounds: medianFigure(
      moves.map(({ iterationBytes }) => iterationBytes.length),
      'rounds',
    ),
    downtimeNs: medianFigure(downtimesNs, 'ns'),
    downtimeP99Ns: measured(percentile(downtimesNs, 0.99), 'ns'),
    dataNs: medianFigure(part(...DATA_PARTS), 'ns'),
    copyNs: medianFigure(copiesNs, 'ns'),
    dataRatio: ratioInTurn(part(...DATA_PARTS), copiesNs),
    haltNs: medianFigure(part('vcpuStop', 'pauseAndDrain', 'statusChecks', 'cacheWriteBack', 'save'), 'ns'),
    resumeNs: medianFigure(part('load', 'start', 'vcpuStart'), 'ns'),
  };
  figures['copiedPerByte'] = medianFigure(moves.map(copiesPerByte), '');
  const garbage = moves.flatMap(({ source, destination }) =>
    source.heapBytes === null || destination.heapBytes === null ? [] : [source.heapBytes + destination.heapBytes],
  );
  if (garbage.length > 0) figures['garbage'] = medianFigure(garbage, 'B');
  for (const name of WALL_PARTS) figures[`${name}Ns`] = medianFigure(part(name), 'ns');
  return figures;
}

/** Copies of each byte that was sent: one for each side, and nothing of headers. */
function copiesPerByte({ frameBytes, iterationBytes, source, destination }: Move): number {
  const sent = iterationBytes.reduce((sum, bytes) => sum + bytes, frameBytes);
  return (source.copiedBytes + destination.copiedBytes) / sent;
}

function modelFigures({ point, low, high }: CellBand): Record<string, Figure> {
  const band = (a: number, b: number, c: number): Figure => modelled(a, 'ns', Math.min(a, b, c), Math.max(a, b, c));
  const figures: Record<string, Figure> = {
    modelDowntimeNs: band(point.downtimeNs, low.downtimeNs, high.downtimeNs),
  };
  for (const name of DOWNTIME_PARTS) {
    figures[`model ${name}`] = band(point.partsNs[name], low.partsNs[name], high.partsNs[name]);
  }
  return figures;
}
