/**
 * A document of every kind that can be shown, made by the code that makes them, of small things.
 */
import { convergeDocument } from '../../../bench/documents/converge/document.ts';
import { playConverge } from '../../../bench/studies/converge/play.ts';
import { readConverge } from '../../../bench/studies/converge/read-question.ts';
import { compareDocument } from '../../../bench/documents/comparison/document.ts';
import { examine, isolationDocument } from '../../../bench/studies/isolation/examine.ts';
import {
  PLAN_FORMAT,
  PLAN_VERSION,
  type PlanDocument,
  SWEEP_FORMAT,
  type SweepCell,
  type SweepDocument,
} from '../../../bench/documents/plan/document.ts';
import { playPlan } from '../../../bench/studies/plan/play.ts';
import { type AskedQuestion, readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { seriesOf } from '../../../bench/history/series.ts';
import { type HistoryDocument, historyHead, toldSeries } from '../../../bench/documents/history/document.ts';
import type { Figure } from '../../../bench/show/figure.ts';
import { runDocument } from '../../../bench/documents/run/document.ts';
import { playScenario, readScenario } from '../../../bench/studies/run/play.ts';
import {
  SUITES_FORMAT,
  SUITES_VERSION,
  type SuiteRow,
  type SuitesDocument,
} from '../../../bench/documents/suites/document.ts';
import { validationDocument } from '../../../bench/documents/validation/document.ts';
import { readTables } from '../../../bench/studies/validation/published-table.ts';
import { validate } from '../../../bench/studies/validation/validation.ts';
import { Output } from '../../../bench/io/output.ts';
import { exact, measured } from '../../../bench/measure/statistics.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import { readProfile } from '../../../bench/io/profiles.ts';
import { captured } from '../captured.ts';
import { fixtureResult } from '../fixture.ts';
import { recordsOf } from '../history/records.ts';

/** A scenario whose registers are played quickly. */
export function smallPlan(changes: Readonly<Record<string, unknown>> = {}): CompiledScenario {
  const scenario = scenarioSchema.parse({
    format: 'stopcopy-scenario',
    version: 1,
    name: 'small',
    description: 'A small VM with a half-loaded ZIP VF',
    vcpus: 2,
    memory: { size: '2GiB', dirty: { kind: 'uniform', pagesPerSecond: 2000, workingSet: '64MiB' } },
    stream: { gigabitsPerSecond: 25 },
    assume: { dirtyTracking: true },
    devices: [{ profile: 'acc-zip', queues: 2, load: 'half' }],
    ...changes,
  });
  const profiles = new Map(scenario.devices.map(({ profile }) => [profile, readProfile(profile)]));
  return compileScenario(scenario, profiles, 'small.yaml');
}

const SUITES: SuitesDocument = {
  format: SUITES_FORMAT,
  version: SUITES_VERSION,
  stopcopy: '0.1.0',
  quick: true,
  driver: 'upstream-2026',
  suites: [
    {
      suite: 'invented',
      title: 'Two ways of doing the same',
      columns: [
        { name: 'fast', title: 'fast' },
        { name: 'same', title: 'same' },
      ],
      rows: [
        { at: { way: 'long way', queuePairs: 1 }, figures: { fast: measured(100, '/s'), same: exact(3, 'calls') } },
        { at: { way: 'short way', queuePairs: 1 }, figures: { fast: measured(9000, '/s'), same: exact(3, 'calls') } },
      ],
      remarks: [{ about: 'long way', lines: ['is longer'] }],
      costs: [],
    },
    {
      suite: 'scale',
      title: 'VFs on the threads of their PFs',
      columns: [{ name: 'perVfNs', title: 'per VF\np50' }],
      rows: [
        scaleRow('save', 63, 1, 1, 700_000),
        scaleRow('move', 1, 1, 1, 5e6),
        scaleRow('move', 63, 1, 1, 4e6),
        scaleRow('move', 63, 4, 1, 2e6),
        scaleRow('move', 8, 1, 1, 2.5e6),
        scaleRow('move', 64, 1, 2, 2.5e6),
      ],
      remarks: [],
      costs: [],
    },
  ],
};

function scaleRow(what: string, vfs: number, threads: number, pfs: number, ns: number): SuiteRow {
  const perVfNs: Figure = { value: ns, unit: 'ns', kind: 'measured', low: ns * 0.8, high: ns * 1.25 };
  return { at: { what, device: 'zip', vfs, threads, pfs, batch: 1 }, figures: { perVfNs } };
}

const PLAN: PlanDocument = {
  format: PLAN_FORMAT,
  version: PLAN_VERSION,
  stopcopy: '0.1.0',
  question: { file: 'q.yaml', name: 'q', ask: 'most', description: 'How many VFs a VM may have' },
  kind: 'modelled',
  answer: {
    feasible: true,
    value: 45,
    unit: 'VFs',
    band: { short: 63, point: 63, long: 45 },
    interval: { low: 50, median: 60, high: 63, draws: 200, seed: 1, played: 200, answered: 200, holding: 190 },
    sentences: ['At most 45 VFs. Binding constraint: pause budget.'],
    constraints: [{ name: 'pause budget', unit: 'ns', limit: 15e7, used: 14.8e7, next: 15.1e7, binds: true }],
    proof: [{ at: 46, holds: false, method: 'simulation', finding: 'pause budget: 151 ms of 150 ms' }],
    relaxing: [{ change: 'twice the line', answer: null }],
    tornado: {
      figure: 'pause',
      unit: 'ns',
      value: 13e7,
      bars: [{ parameter: 'lineShare', from: 'fitted', source: 'a table', short: 11e7, long: 16e7 }],
    },
    tables: [
      {
        title: 'Hosts',
        columns: [
          { name: 'host', title: 'host', unit: '' },
          { name: 'ns', title: 'takes', unit: 'ns' },
        ],
        rows: [['a', 5e9]],
      },
    ],
    methods: [],
    nearest: null,
  },
};

/** A question that comes with stopcopy, with some of its fields changed, answered. */
export function answered(name: string, changes: Readonly<Record<string, unknown>> = {}): PlanDocument {
  const asked = readQuestion(name);
  const question = { ...asked.question, ...changes } as AskedQuestion['question'];
  return playPlan({ ...asked, question }, { output: captured(false).output, tornado: false });
}

/** So many moves that they are shown by groups of hosts. */
export function evacuationOfRacks(): PlanDocument {
  const { fleet } = readQuestion('empty-rack').question as unknown as { fleet: object };
  return answered('empty-rack', { racks: 3, fleet: { ...fleet, room: { memory: 2 ** 40, vfs: 60, queues: 2000 } } });
}

/** Answers that are bound by different things, none, and a combination that cannot be asked. */
export const SWEEP: SweepDocument = {
  format: SWEEP_FORMAT,
  version: PLAN_VERSION,
  stopcopy: '0.1.0',
  question: { file: 'q.yaml', name: 'q', ask: 'most', description: 'How many VFs a VM may have' },
  kind: 'modelled',
  cells: [
    sweepCell(8, 1, 40, 'pause budget'),
    sweepCell(8, 4, 63, 'VFs of the PF'),
    sweepCell(16, 1, 31, 'pause budget'),
    {
      at: { 'vm.vcpus': 16, 'vm.stream.channels': 4 },
      outcome: {
        kind: 'answered',
        feasible: false,
        value: null,
        unit: 'VFs',
        band: { short: 12, point: null, long: null },
        interval: { low: null, median: null, high: null, draws: 200, seed: 1, played: 200, answered: 0, holding: null },
        nearest: 'The nearest that holds: 1 VFs with a budget of 340 ms.',
        binding: ['pause budget'],
      },
    },
    sweepCell(32, 1, 22, 'pause budget'),
    { at: { 'vm.vcpus': 32, 'vm.stream.channels': 4 }, outcome: { kind: 'refused', why: 'vm.vcpus is 32' } },
  ],
};

function sweepCell(vcpus: number, channels: number, value: number, binding: string): SweepCell {
  return {
    at: { 'vm.vcpus': vcpus, 'vm.stream.channels': channels },
    outcome: {
      kind: 'answered',
      feasible: true,
      value,
      unit: 'VFs',
      band: { short: value + 8, point: value + 4, long: value },
      interval: {
        low: value,
        median: value + 4,
        high: value + 8,
        draws: 200,
        seed: 1,
        played: 200,
        answered: 200,
        holding: 190,
      },
      nearest: null,
      binding: [binding],
    },
  };
}

/** Two metrics of one machine: one whose level shifted up and partly back, one that stays. */
export function historyDocument(withValues: boolean): HistoryDocument {
  const up = Array.from(
    { length: 60 },
    (_, index) => (index < 20 ? 1000 : index < 40 ? 1300 : 1100) + ((index * 7) % 5),
  );
  const records = recordsOf(up).map((record, index) => ({
    ...record,
    metrics: { ...record.metrics, ratio: { x: { handshake: 2 + (index % 3) / 100 } } },
  }));
  const series = toldSeries(seriesOf(records, 'aaaa0000'), withValues);
  return { ...historyHead(), machine: 'aaaa0000', about: '2 × Example', series, damaged: [] };
}

/** Two policies against two classes, one of which never moves under one of them. */
async function convergeOf(output: Output, signal: AbortSignal): Promise<unknown> {
  const asked = readConverge('slow-link', { seeds: 20, class: ['idle', 'hot set'] });
  return convergeDocument({ ...asked, workloads: asked.classes, ...(await playConverge(asked, { output, signal })) });
}

export async function reportDocuments(): Promise<Readonly<Record<string, unknown>>> {
  const output = new Output(true);
  const { signal } = new AbortController();
  return {
    bench: fixtureResult(),
    suites: SUITES,
    run: runDocument(await playScenario(smallPlan(), output, signal)),
    'failed run': runDocument(await playScenario(readScenario('link-fails'), output, signal)),
    validation: validationDocument(validate(readTables(['ping-pong', 'multifd', 'xen-quake']), false)),
    isolation: isolationDocument([examine('t12')], null),
    comparison: compareDocument({
      base: { word: 'HEAD~1', kind: 'revision', revision: 'abc1234' },
      candidate: { word: '.', kind: 'built folder', revision: null },
      results: [
        {
          name: 'save zip 64',
          kind: 'measured',
          unit: 'ns',
          better: 'lower',
          verdict: 'worse',
          fails: true,
          base: 100_000,
          candidate: 120_000,
          effect: 0.2,
          low: 0.15,
          high: 0.26,
          pairs: 20,
        },
        { name: 'accesses', kind: 'exact', unit: '', better: 'lower', verdict: 'new', fails: false, candidate: 172 },
      ],
      same: 12,
    }),
    plan: PLAN,
    evacuation: answered('empty-host'),
    'evacuation of racks': evacuationOfRacks(),
    sweep: SWEEP,
    converge: await convergeOf(output, signal),
    history: historyDocument(true),
    'history without values': historyDocument(false),
  };
}
