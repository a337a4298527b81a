/**
 * The suite `handshake-floor`: a read of a PF register over a lane in each way of waiting, against two threads that pass a
 * word back and forth and wait in the same way.
 */
import { chooseWaiting, type WaitingPolicy, type WaitingStyle, waitingOf } from '../../../workers/lane/waiting.ts';
import { waitingFacts } from '../../../workers/lane/waiting-calibration.ts';
import { formatValue } from '../../show/format.ts';
import { exact, measured, medianFigure, percentile, ratioInTurn } from '../statistics.ts';
import { KIND_DEFAULT, openWorld, withMeasurer } from './measuring.ts';
import { BURSTS } from './ping-pong.ts';
import type { HandshakesMeasurement, HandshakesTask } from './stage-measure.ts';
import type { SuiteColumn, SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';

export interface HandshakeEffort {
  /** Batches that are timed, by style: a sleeper needs a hundred times as long. */
  readonly batches: Readonly<Record<WaitingStyle, number>>;
  readonly perBatch: number;
}

const FULL: HandshakeEffort = { batches: { spin: 4_000, 'spin-then-wait': 4_000, wait: 400 }, perBatch: 16 };
const QUICK: HandshakeEffort = { batches: { spin: 800, 'spin-then-wait': 800, wait: 100 }, perBatch: 16 };

const STYLES: readonly WaitingStyle[] = ['spin', 'spin-then-wait', 'wait'];

const COLUMNS: readonly SuiteColumn[] = [
  { name: 'spins', title: 'lane\npolls' },
  { name: 'p50Ns', title: 'p50\n' },
  { name: 'p99Ns', title: 'p99\n' },
  { name: 'floorP50Ns', title: 'floor\np50' },
  { name: 'floorP99Ns', title: 'floor\np99' },
  { name: 'ratio', title: '/ floor\np50' },
  { name: 'garbage', title: 'garbage\nper call' },
  { name: 'survivors', title: 'of it\nsurviving' },
];

export async function runHandshakeFloor(
  options: SuiteOptions,
  effort: HandshakeEffort = options.quick ? QUICK : FULL,
): Promise<SuiteReport> {
  const facts = await waitingFacts();
  const chosen = chooseWaiting(facts, 2);
  const rows: SuiteRow[] = [];
  for (const kind of options.accelerators ?? KIND_DEFAULT) {
    for (const style of STYLES) {
      if (options.signal?.aborted === true) continue;
      // Where no thread is to spin, the way between is shown as it would be on a quieter machine.
      const waiting = waitingOf(style, chosen.style === 'wait' ? undefined : chosen);
      const task = { batches: effort.batches[style], perBatch: effort.perBatch };
      const measurement = await measure(options, kind, waiting, task);
      rows.push({ at: { style, device: kind }, figures: figuresOf(measurement, waiting) });
    }
  }
  const ns = (value: number): string => formatValue(value, 'ns');
  const crowded = chooseWaiting(facts, facts.cores + 1);
  return {
    suite: 'handshake-floor',
    title:
      'One read of a PF register through the device thread, measured in turn with a bare ping-pong that waits alike',
    columns: COLUMNS,
    rows,
    remarks: [
      {
        about: chosen.style,
        lines: [
          `chosen on this machine: ${policyText(chosen)}`,
          `with more threads than its ${facts.cores} cores: ${policyText(crowded)}`,
          `because a load takes ${ns(facts.loadNs)}, a poll ${ns(facts.pollNs)}, a wake-up ${ns(facts.wakeNs)}, a spinning round trip ${ns(facts.spinRoundNs)}`,
        ],
      },
    ],
    costs: [],
  };
}

function policyText({ style, laneSpins, lanePolls, halfSpins, deviceIdleTurns }: WaitingPolicy): string {
  return `${style}, lanes spin ${laneSpins} loads or ${lanePolls} polls, halves ${halfSpins}, the device thread idles ${deviceIdleTurns} turns`;
}

async function measure(
  options: SuiteOptions,
  kind: (typeof KIND_DEFAULT)[number],
  waiting: WaitingPolicy,
  effort: Omit<HandshakesTask, 'world'>,
): Promise<HandshakesMeasurement> {
  const world = await openWorld(options, { kind, vms: 1, queuePairs: options.queuePairs?.[0] ?? 1, waiting });
  try {
    return await withMeasurer('stage-measure', options.signal, (pool) => {
      const task: HandshakesTask = { world: world.init, ...effort };
      return pool.run(task, { name: 'measureHandshakes' }) as Promise<HandshakesMeasurement>;
    });
  } finally {
    await world.close();
  }
}

function figuresOf(measurement: HandshakesMeasurement, { lanePolls }: WaitingPolicy): SuiteRow['figures'] {
  const { ns, floorNs, singleNs, singleFloorNs, allocation } = measurement;
  return {
    spins: exact(lanePolls, 'loads'),
    p50Ns: medianFigure(ns, 'ns'),
    p99Ns: measured(percentile(singleNs, 0.99), 'ns'),
    floorP50Ns: medianFigure(floorNs, 'ns'),
    floorP99Ns: measured(percentile(singleFloorNs, 0.99), 'ns'),
    ratio: ratioInTurn(medians(ns), medians(floorNs)),
    garbage: measured(allocation.bytes, 'B'),
    survivors: measured(allocation.survivingBytes, 'B'),
  };
}

/** The median of each burst: handshakes and floor take turns by bursts. */
function medians(samples: Float64Array): number[] {
  const each = samples.length / BURSTS;
  return Array.from({ length: BURSTS }, (_, burst) =>
    percentile(samples.subarray(burst * each, (burst + 1) * each), 0.5),
  );
}
