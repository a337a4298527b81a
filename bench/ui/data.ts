/**
 * What the page is given: the shipped scenarios, one of the user's own if there is one, and the profiles that they name.
 */
import type { Scenario } from '../../sim/scenario/document.ts';
import type { DeviceProfile } from '../../sim/memory/device-profile.ts';
import { measuredTableInUse } from '../../sim/device/costs.ts';
import { packageVersion } from '../io/package-root.ts';
import { readScenario } from '../studies/run/play.ts';
import { shippedScenarios } from '../studies/run/shipped.ts';
import type { UiData } from './page.ts';

/**
 * @param word a scenario as `stopcopy run` takes it; undefined: the page opens with zip-64
 * @throws UserError of kind `input`
 */
export function uiData(word: string | undefined): UiData {
  const scenarios = new Map<string, Scenario>();
  const profiles: Record<string, DeviceProfile> = {};
  const add = (each: string): Scenario => {
    const { scenario, devices } = readScenario(each);
    // Devices of which there are none are not planned, and cannot be turned.
    const used = scenario.devices.filter(({ count }) => count > 0);
    for (const [index, { profile }] of used.entries()) profiles[profile] = devices[index]!.profile;
    const kept = { ...scenario, devices: used };
    scenarios.set(scenario.name, kept);
    return kept;
  };
  for (const name of shippedScenarios()) add(name);
  const first = add(word ?? 'zip-64').name;
  return {
    version: packageVersion(),
    costs: measuredTableInUse(),
    first,
    scenarios: [...scenarios.values()],
    profiles,
  };
}
