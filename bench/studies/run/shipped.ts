/**
 * The scenarios that come with the package, by name.
 */
import { ShippedFiles } from '../../io/shipped-files.ts';

export const SCENARIOS: ShippedFiles = new ShippedFiles('sim/scenario/scenarios', 'scenario');

/** Names of the shipped scenarios, in the order of the alphabet. */
export function shippedScenarios(): readonly string[] {
  return SCENARIOS.names();
}
