/**
 * The stages whose speed is tracked. Each is measured in a process of its own, which prints one value per metric; each has
 * a version that rises when it does something else, so that two builds are never compared by different work.
 *
 * Single-threaded stages can also be counted: the same work some more times, and nothing else, costs the difference.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { bug } from '../../../sim/base/bug.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { cellLoad, modelCell } from '../../../sim/move/cell-model.ts';
import { RoundTrip } from '../../../sim/move/round-trip.ts';
import { GUEST_DMA_BASE } from '../../../sim/world/vf-guest.ts';
import { verifyTrace } from '../../../sim/trace/verify.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { frameBytesMax, readFrame, writeFrame } from '../../../workers/end/image-stream.ts';
import { packageRoot } from '../../io/package-root.ts';
import type { Better } from '../../documents/metric.ts';
import { DEFAULT_GENERATION } from '../../../sim/driver/generation.ts';
import { STAGE_NAMES, type StageName } from './stage-names.ts';
import { isKeyOf } from '../../../sim/base/keys.ts';
/** Value of a metric in a process: the median of its samples. */
interface StageMetric {
  readonly name: string;
  readonly kind: 'measured' | 'ratio';
  readonly unit: string;
  readonly better: Better;
  readonly value: number;
  /** Limit of a ratio to a floor: more is a regression whatever the base does. */
  readonly limit?: number;
}

/** Work that can be repeated. */
export interface StageWork {
  /** One call of the timed function; gives a number that depends on the work. */
  readonly call: () => number;
  /** Operations that one call stands for. */
  readonly operations: number;
  /** Calls before the clock runs. */
  readonly warmUp: number;
  /** Calls that are counted, of some hundred million instructions together: what is still being compiled is little to that. */
  readonly counted: number;
  /** Work on the same bytes that nothing can be faster than, measured in the same process. */
  readonly floor?: { readonly name: string; readonly call: () => number; readonly limit: number };
}

export interface SingleStage {
  readonly kind: 'single';
  readonly version: number;
  readonly prepare: () => StageWork;
}

/** Measures several metrics on threads, by itself. */
export interface ThreadedStage {
  readonly kind: 'threaded';
  readonly version: number;
  readonly measure: () => Promise<readonly StageMetric[]>;
}

const QUEUE_PAIRS = 16;

export const STAGES: Readonly<Record<StageName, SingleStage | ThreadedStage>> = {
  'virtual-move': {
    kind: 'single',
    version: 1,
    prepare: prepareVirtualMove,
  },
  'model-cell': {
    kind: 'single',
    version: 3,
    prepare: prepareModelCell,
  },
  'frame-write': {
    kind: 'single',
    version: 1,
    prepare: () => prepareFrame('write'),
  },
  'frame-read': {
    kind: 'single',
    version: 1,
    prepare: () => prepareFrame('read'),
  },
  'trace-replay': {
    kind: 'single',
    version: 1,
    prepare: prepareReplay,
  },
  real: {
    kind: 'threaded',
    version: 1,
    measure: measureReal,
  },
};

/** @throws UserError of kind `usage` when there is none of that name */
export function stageNamed(word: string): SingleStage | ThreadedStage {
  if (isKeyOf(STAGES, word)) return STAGES[word];
  throw new UserError('usage', `there is no stage '${word}'`, `Stages are ${STAGE_NAMES.join(', ')}.`);
}

function prepareVirtualMove(): StageWork {
  const operations = 20;
  const trip = new RoundTrip(DEFAULT_GENERATION, 64);
  const call = (): number => {
    for (let i = 0; i < operations; i++) trip.move();
    return trip.accesses;
  };
  return { call, operations, warmUp: 250, counted: 1000 };
}

function prepareModelCell(): StageWork {
  // Calls that are shorter than a turn: longer ones are mostly interrupted on a busy machine.
  const queuePairs = 1;
  const load = cellLoad('saturated', queuePairs);
  const options = {
    kind: 'hpre',
    generation: DEFAULT_GENERATION,
    queuePairs,
    load,
    inFlight: 'finish',
    seed: 1,
  } as const;
  return { call: () => modelCell(options).point.downtimeNs, operations: 1, warmUp: 30, counted: 100 };
}

function prepareFrame(direction: 'write' | 'read'): StageWork {
  const kind = 'zip';
  const layout = new QueueLayout({ kind, queuePairs: QUEUE_PAIRS, dmaBase: GUEST_DMA_BASE });
  const { sections: places } = layout;
  const arena = new Uint8Array(frameBytesMax(ACC_VF_DATA_BYTES, places));
  const memory = new Uint8Array(Math.max(...places.map(({ offset, bytes }) => offset + bytes))).fill(7);
  const identity = {
    deviceId: ACCELERATORS[kind].vfDeviceId,
    queuePairs: QUEUE_PAIRS,
    isolation: 0,
    dmaBase: GUEST_DMA_BASE,
  };
  const image = new Uint8Array(ACC_VF_DATA_BYTES).fill(3);
  const write = (): number => writeFrame(arena, identity, DEFAULT_GENERATION, image, memory, places);
  const frame = arena.subarray(0, write());
  const expected = { identity, imageBytesMax: ACC_VF_DATA_BYTES, places };
  const read = (): number => readFrame(frame, expected).sections.length;
  const from = new Uint8Array(frame.length).fill(5);
  const into = new Uint8Array(frame.length);
  const copy = (): number => {
    into.set(from);
    return into[7]!;
  };
  return {
    call: direction === 'write' ? write : read,
    operations: 1,
    warmUp: 40,
    counted: 200,
    floor: { name: 'copy', call: copy, limit: direction === 'write' ? 60 : 40 },
  };
}

function prepareReplay(): StageWork {
  const file = 'plain-stop-copy.upstream-2026.json';
  const text = readFileSync(join(packageRoot(), 'traces', file), 'utf8');
  const call = (): number => {
    const { passed, accessCount } = verifyTrace(text, file);
    return passed ? accessCount : bug('STAGE_TRACE', file);
  };
  return { call, operations: 1, warmUp: 200, counted: 400 };
}

/** One cell of the sweep, in its short form. */
async function measureReal(): Promise<readonly StageMetric[]> {
  const { runSweep } = await import('../suites/sweep.ts');
  const metrics: StageMetric[] = [];
  const options = {
    suites: ['throughput', 'handshake', 'downtime'],
    quick: true,
    seed: 1,
    accelerators: ['zip'],
    queuePairs: [QUEUE_PAIRS],
    loads: ['idle'],
    driver: DEFAULT_GENERATION,
    inFlight: 'finish',
  } as const;
  await runSweep(options, {
    onCell({ savesPerSecond, restoresPerSecond, handshakeNs, wallDowntimeNs }): void {
      const add = (
        name: string,
        better: Better,
        figure: { readonly value: number; readonly unit: string } | undefined,
      ): void => {
        if (figure !== undefined)
          metrics.push({ name, kind: 'measured', unit: figure.unit, better, value: figure.value });
      };
      add('real/saves', 'higher', savesPerSecond);
      add('real/restores', 'higher', restoresPerSecond);
      add('real/handshake', 'lower', handshakeNs?.p50);
      add('real/downtime', 'lower', wallDowntimeNs?.p50);
      const ratio = handshakeNs?.ratioToFloor;
      if (ratio !== undefined) {
        metrics.push({
          name: 'real/handshake to ping-pong',
          kind: 'ratio',
          unit: 'x',
          better: 'lower',
          value: ratio.value,
          limit: 10,
        });
      }
    },
    onFloors: () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  return metrics;
}
