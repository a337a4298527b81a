/**
 * What the page knows, and plans of it.
 */
import { uiData } from '../../../bench/ui/data.ts';
import type { Scenario } from '../../../sim/scenario/document.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';

export const DATA = uiData(undefined);
export const PROFILES: ReadonlyMap<string, DeviceProfile> = new Map(Object.entries(DATA.profiles));
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(DATA.scenarios.map((each) => [each.name, each]));

export function scenarioNamed(name: string): Scenario {
  return SCENARIOS.get(name)!;
}
