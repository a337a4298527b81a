/**
 * A document of every kind that can be shown, made by the code that makes them, of small things.
 */
import { examine, isolationDocument } from '../../../bench/isolation/examine.ts';
import { runDocument } from '../../../bench/run/document.ts';
import { playScenario, readScenario } from '../../../bench/run/play.ts';
import { SUITES_FORMAT, SUITES_VERSION, type SuitesDocument } from '../../../bench/suites/suite-report.ts';
import { validationDocument } from '../../../bench/validate/document.ts';
import { readTables } from '../../../bench/validate/published-table.ts';
import { validate } from '../../../bench/validate/validation.ts';
import { Output } from '../../../bench/cli/output.ts';
import { exact, measured } from '../../../bench/statistics.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { planScenario, type ScenarioPlan } from '../../../sim/scenario/plan.ts';
import { readProfile } from '../../../bench/profiles.ts';
import { fixtureResult } from '../fixture.ts';

/** A scenario whose registers are played in a moment. */
export function smallPlan(changes: Readonly<Record<string, unknown>> = {}): ScenarioPlan {
  const scenario = scenarioSchema.parse({
    format: 'stopcopy-scenario',
    version: 1,
    name: 'small',
    description: 'A small VM with a half-loaded ZIP VF',
    vcpus: 2,
    memory: { size: '2GiB', dirty: { kind: 'uniform', pagesPerSecond: 2000, workingSet: '64MiB' } },
    stream: { gigabitsPerSecond: 25 },
    devices: [{ profile: 'acc-zip', queues: 2, load: 'half' }],
    ...changes,
  });
  return planScenario(scenario, new Map([['acc-zip', readProfile('acc-zip')]]), 'small.yaml');
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
      remarks: [{ about: 'long way', lines: ['goes round'] }],
      costs: [],
    },
  ],
};

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
  };
}
