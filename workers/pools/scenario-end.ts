/**
 * Kind of job: a scenario played with all parameters at one end of their ranges.
 */
import type { RangeEnd } from '../../sim/memory/device-profile.ts';
import type { CompiledScenario } from '../../sim/scenario/compile.ts';
import { runScenario, type ScenarioResult } from '../../sim/scenario/scenario-run.ts';

function scenarioEnd(plan: CompiledScenario, { end }: { readonly end: RangeEnd }): ScenarioResult {
  return runScenario(plan, end);
}

export const SCENARIO_END = { name: 'scenario-end', version: 1, run: scenarioEnd } as const;
