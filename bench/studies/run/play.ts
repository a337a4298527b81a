/**
 * A scenario from its file to its results: read, checked, asked of its topology, and played with the parameters at their
 * points and at both ends.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';

import { UserError } from '../../../sim/base/user-error.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { type Scenario, scenarioSchema } from '../../../sim/scenario/document.ts';
import { guestLatencies } from '../../../sim/scenario/guest-latency.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import type { Played } from '../../documents/run/document.ts';
import { ENDS, type ScenarioResult } from '../../../sim/scenario/scenario-run.ts';
import type { OwnPlatform } from '../../../sim/memory/platform-file.ts';
import type { DeviceProfile, RangeEnd } from '../../../sim/memory/device-profile.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { valueOf } from '../../../workers/pools/job-results.ts';
import { type CellProgress, InThreadRunner, type JobRunner } from '../../../workers/pools/job-runner.ts';
import { SCENARIO_END } from '../../../workers/pools/scenario-end.ts';
import { readInputFile } from '../../io/input-file.ts';
import type { Output } from '../../io/output.ts';
import { packageVersion } from '../../io/package-root.ts';
import { passGate } from '../isolation/gate.ts';
import { readProfile } from '../../io/profiles.ts';
import { SCENARIOS } from './shipped.ts';

/** A scenario and the device profiles that it names, as their files say. */
export interface ScenarioDocuments {
  /** Name of the file, used in messages. */
  readonly file: string;
  readonly scenario: Scenario;
  /** Profiles by the words that the scenario uses. */
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  /** Measured parameters of the machines; default: the shipped ones. */
  readonly platform?: OwnPlatform;
}

/** What a command line says in place of what a scenario or stopcopy does. */
export interface RunGiven {
  /** In place of the scenario's own. */
  readonly seed?: number | undefined;
  /** Measured parameters of the machines; default: the shipped ones. */
  readonly platform?: OwnPlatform | undefined;
}

/**
 * Reads a scenario and all that it names.
 *
 * @param word a path, or the name of a shipped scenario
 */
export function readScenario(word: string, given: RunGiven = {}): CompiledScenario {
  return compiled(readDocuments(word, given));
}

/** Makes a scenario ready to run, with the errors of {@link compileScenario}. */
export function compiled({ scenario, profiles, file, platform }: ScenarioDocuments): CompiledScenario {
  return compileScenario(scenario, profiles, file, platform);
}

/**
 * Reads a scenario and its profiles, and does not ask whether its VM moves.
 *
 * @param word a path, or the name of a shipped scenario
 */
export function readDocuments(word: string, { seed, platform }: RunGiven = {}): ScenarioDocuments {
  const { path, name: file } = SCENARIOS.place(word);
  const read = readInputFile(path, scenarioSchema);
  const scenario: Scenario = seed === undefined ? read : { ...read, seed };
  const profiles = new Map<string, DeviceProfile>();
  for (const [index, { profile }] of scenario.devices.entries()) {
    profiles.set(
      profile,
      readAt(`${file}: devices[${index}].profile`, () => readProfile(beside(path, profile))),
    );
  }
  return { file, scenario, profiles, ...(platform === undefined ? {} : { platform }) };
}

/** Most runs are over before anybody asks how far they are. */
const QUIET_MS = 2000;
/** Fewer VFs are played sooner on one thread that is warm than on several that are not. */
const VFS_FOR_THREADS = 100;

/**
 * Plays a scenario with its parameters at all ends of their ranges.
 *
 * @param given where to play it; default: on threads where it is large enough to gain by them
 * @throws Interrupted when the signal fires; what was played by then is of no use
 */
export async function playScenario(
  plan: CompiledScenario,
  output: Output,
  signal: AbortSignal,
  given?: JobRunner,
): Promise<Played> {
  const { isolation } = plan.scenario;
  if (isolation !== undefined) {
    const { topology, policy, vf } = isolation;
    await passGate({ topology: beside(plan.file, topology), policy, ...(vf === undefined ? {} : { vf }) }, output);
  }
  const cells = ENDS.map((end) => ({ end }));
  const set = jobSet(SCENARIO_END, { question: plan, data: dataVersion(packageVersion()) }, cells);
  const runner = given ?? (await runnerFor(plan));
  const progress = output.progress();
  const startedMs = performance.now();
  const onCell = ({ index, done, total }: CellProgress<ScenarioResult>): void => {
    if (performance.now() - startedMs > QUIET_MS) progress.update(done, total, labelOf(ENDS[index]!));
  };
  try {
    const results = (await runner.run(set, { signal, onCell })).map(valueOf);
    const [point, short, long] = results as [ScenarioResult, ScenarioResult, ScenarioResult];
    const latencies = guestLatencies(plan, point.world, 'point', pointCosts());
    return { plan, point, short, long, latencies };
  } finally {
    progress.stop();
    if (given === undefined) await runner.close();
  }
}

async function runnerFor({ registerGroups, scenario: { vms } }: CompiledScenario): Promise<JobRunner> {
  const vfs = registerGroups.reduce((sum, { count }) => sum + vms * count, 0);
  const threads = Math.min(ENDS.length, availableParallelism());
  if (threads === 1 || vfs < VFS_FOR_THREADS) return new InThreadRunner();
  const { PoolRunner } = await import('../../../workers/pools/pool-runner.ts');
  return new PoolRunner({ threads });
}

function labelOf(end: RangeEnd): string {
  return end === 'point' ? 'nominal parameters' : `parameters that make pauses ${end}`;
}

/** Reads something that a scenario names; an error says where it is named. */
function readAt<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.kind, `${where}: ${error.message}`, error.hint);
  }
}

/** A file that a scenario names is sought next to it, unless the word is good as it is. */
function beside(scenario: string, word: string): string {
  const path = resolve(dirname(scenario), word);
  return !existsSync(word) && /[/\\.]/.test(word) && existsSync(path) ? path : word;
}
