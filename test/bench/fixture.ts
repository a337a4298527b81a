/**
 * A result document as a real run would write it, with invented numbers.
 */
import type { BenchResult, Cell } from '../../bench/documents/bench/result.ts';
import { exact, measured, modelled } from '../../bench/measure/statistics.ts';
import { type LoadName } from '../../sim/workload/load.ts';

type Accelerator = Cell['accelerator'];

const LOAD_FACTOR: Readonly<Record<LoadName, number>> = { idle: 1, half: 2.2, saturated: 5 };
const BASE_NS: Readonly<Record<Accelerator, number>> = { sec: 90_000, hpre: 240_000, zip: 130_000 };

function around(value: number, unit: string) {
  return { ...measured(value, unit), low: value * 0.94, high: value * 1.08 };
}

export function fixtureCell(accelerator: Accelerator, queuePairs: number, load: LoadName): Cell {
  const factor = LOAD_FACTOR[load];
  const wallNs = BASE_NS[accelerator] * factor * (1 + queuePairs / 40);
  const hardwareNs = 2_000_000 + 30_000 * queuePairs * factor;
  const stateBytes = 176 + queuePairs * 136_000;
  const savesPerSecond = 2.4e9 / stateBytes;
  return {
    id: `${accelerator}-${queuePairs}-${load}`,
    accelerator,
    queuePairs,
    load,
    stateBytes: exact(stateBytes, 'B'),
    savesPerSecond: around(savesPerSecond, '/s'),
    saveBytesPerSecond: around(savesPerSecond * stateBytes, 'B/s'),
    restoresPerSecond: around(savesPerSecond * 0.7, '/s'),
    restoreBytesPerSecond: around(savesPerSecond * stateBytes * 0.7, 'B/s'),
    handshakeNs: {
      p50: around(310, 'ns'),
      p99: measured(2100, 'ns'),
      ratioToFloor: { value: 1.4, unit: 'x', kind: 'ratio' },
    },
    wallDowntimeNs: {
      p50: around(wallNs, 'ns'),
      p99: measured(wallNs * 2.1, 'ns'),
      parts: [
        { name: 'drain', p50: around(wallNs * 0.42, 'ns') },
        { name: 'status checks', p50: around(wallNs * 0.05, 'ns') },
        { name: 'cache write-back', p50: around(wallNs * 0.08, 'ns') },
        { name: 'device save', p50: around(wallNs * 0.2, 'ns') },
        { name: 'transfer', p50: around(wallNs * 0.15, 'ns') },
        { name: 'match check and load', p50: around(wallNs * 0.07, 'ns') },
        { name: 'start', p50: around(wallNs * 0.03, 'ns') },
      ],
      samplesNs: [wallNs * 0.9, wallNs, wallNs * 1.1],
    },
    modelledDowntimeNs: {
      point: modelled(hardwareNs, 'ns', hardwareNs * 0.5, hardwareNs * 3.5),
      parts: [
        { name: 'vCPU stop', value: modelled(hardwareNs * 0.1, 'ns', 0, hardwareNs) },
        { name: 'drain', value: modelled(hardwareNs * 0.5, 'ns', 0, hardwareNs) },
        { name: 'transfer', value: modelled(hardwareNs * 0.3, 'ns', 0, hardwareNs) },
        { name: 'start', value: modelled(hardwareNs * 0.1, 'ns', 0, hardwareNs) },
      ],
    },
    guestPauseNs: {
      p50: measured(wallNs * 1.1, 'ns'),
      p99: measured(wallNs * 2.4, 'ns'),
      max: measured(wallNs * 3, 'ns'),
    },
    lostTasks: exact(0, 'tasks'),
    tasks: { accepted: 4000, completed: 4000 },
  };
}

export function fixtureResult(changes: Partial<BenchResult> = {}): BenchResult {
  const cells: Cell[] = [];
  for (const accelerator of ['sec', 'hpre', 'zip'] as const) {
    for (const queuePairs of [1, 16, 64]) {
      for (const load of ['idle', 'half', 'saturated'] as const) {
        cells.push(fixtureCell(accelerator, queuePairs, load));
      }
    }
  }
  return {
    format: 'stopcopy-bench',
    version: 3,
    stopcopy: '0.1.0',
    startedAt: '2026-11-23T04:00:00.000Z',
    durationSeconds: 141.2,
    seed: 7,
    quick: false,
    interrupted: false,
    crowded: [],
    suites: ['throughput', 'handshake', 'downtime'],
    inFlight: 'finish',
    driver: 'upstream-2026',
    machine: {
      cpu: 'Example <CPU> & sons',
      cores: 2,
      memoryBytes: 8e9,
      os: 'Linux',
      kernel: '6.1.0',
      arch: 'x64',
      node: '20.20.2',
      v8: '11.3',
      loadAverage: [0.1, 0.2, 0.3],
    },
    floors: {
      pingPongNs: { p50: around(220, 'ns'), p99: measured(900, 'ns') },
      copyBytesPerSecond: around(9.1e9, 'B/s'),
      more: [],
    },
    costs: [
      {
        name: 'MMIO read',
        value: 700,
        unit: 'ns',
        from: 'assumed',
        why: 'one PCIe round trip; no public figure',
        low: 300,
        high: 1500,
      },
    ],
    cells,
    ...changes,
  };
}
