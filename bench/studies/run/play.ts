/**
 * A scenario from its file to its results: read, checked, asked of its topology, and played with the parameters at their
 * points and at both ends.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { UserError } from '../../../sim/base/user-error.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { type Scenario, scenarioSchema } from '../../../sim/scenario/document.ts';
import { guestLatencies } from '../../../sim/scenario/guest-latency.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import { ENDS, runScenario, type ScenarioResult } from '../../../sim/scenario/scenario-run.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import type { Played } from '../../documents/run/document.ts';
import { readInputFile } from '../../io/input-file.ts';
import type { Output } from '../../io/output.ts';
import { passGate } from '../isolation/gate.ts';
import { readProfile } from '../../io/profiles.ts';
import { SCENARIOS } from './shipped.ts';

/**
 * Reads a scenario and all that it names.
 *
 * @param word a path, or the name of a shipped scenario
 * @param seed in place of the scenario's own
 */
export function readScenario(word: string, seed?: number): CompiledScenario {
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
  return compileScenario(scenario, profiles, file);
}

/** Most runs are over before anybody asks how far they are. */
const QUIET_MS = 2000;

/** @throws Interrupted when the signal fires; what was played by then is of no use */
export async function playScenario(plan: CompiledScenario, output: Output, signal: AbortSignal): Promise<Played> {
  const { isolation, vms } = plan.scenario;
  if (isolation !== undefined) {
    const { topology, policy, vf } = isolation;
    await passGate({ topology: beside(plan.file, topology), policy, ...(vf === undefined ? {} : { vf }) }, output);
  }
  const progress = output.progress();
  const results: ScenarioResult[] = [];
  const total = ENDS.length * vms;
  const startedMs = performance.now();
  try {
    for (const [index, end] of ENDS.entries()) {
      let sent = 0;
      const label = end === 'point' ? 'best guesses' : `parameters that make pauses ${end}`;
      const onVm = (): void => {
        sent += 1;
        if (performance.now() - startedMs > QUIET_MS) progress.update(index * vms + sent, total, label);
      };
      results.push(runScenario(plan, end, onVm));
      // Signals are heard between two runs.
      await new Promise((proceed) => setImmediate(proceed));
      signal.throwIfAborted();
    }
  } finally {
    progress.stop();
  }
  const [point, short, long] = results as [ScenarioResult, ScenarioResult, ScenarioResult];
  const latencies = guestLatencies(plan, point.world, 'point', pointCosts());
  return { plan, point, short, long, latencies };
}

/** Reads something that a scenario names; an error tells where it is named. */
function readAt<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.kind, `${where}: ${error.message}`, error.hint);
  }
}

/** A file that a scenario names is looked for beside it, unless the word is good as it is. */
function beside(scenario: string, word: string): string {
  const path = resolve(dirname(scenario), word);
  return !existsSync(word) && /[/\\.]/.test(word) && existsSync(path) ? path : word;
}
