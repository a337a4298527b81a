/**
 * The fitted parameters by name: of the VMM model, of the models of throughput as `zip.loneNs`, and of device profiles as
 * `profile.figure`.
 */
import {
  parameterWords,
  rangeText,
  unitOfFigure,
  unitWords,
  valueText,
} from '../../../sim/scenario/parameter-words.ts';
import { VMM_PARAMETER, type VmmParameterName } from '../../../sim/memory/parameters.ts';
import { PUBLISHED_PARAMETERS } from '../../../sim/workload/published/experiments.ts';
import { readProfile, shippedProfiles } from '../../io/profiles.ts';

export const FITTED_ORIGIN =
  'All other parameters are constants of drivers and VMMs, published figures, or assumptions with a range (docs/pause.md).';

/** One line for each: name, value, range. */
export function fittedParameters(names: readonly string[]): readonly string[] {
  return names.map((name) => `${parameterWords(name)}: ${described(name)}`);
}

function described(name: string): string {
  if (Object.hasOwn(VMM_PARAMETER, name)) {
    const { value, short, long, unit } = VMM_PARAMETER[name as VmmParameterName];
    return withRange(value, short, long, unit);
  }
  const throughput = PUBLISHED_PARAMETERS[name];
  if (throughput !== undefined) {
    const { value, low, high, unit } = throughput;
    return withRange(value, low, high, unit);
  }
  const [id = '', figure = ''] = name.split('.');
  if (!shippedProfiles().includes(id)) return 'a parameter of your own';
  const found: unknown = Object.entries(readProfile(id)).find(([key]) => key === figure)?.[1];
  if (typeof found !== 'object' || found === null || !('value' in found) || !('range' in found))
    return 'no such figure';
  const [short, long] = found.range as [number, number];
  return withRange(Number(found.value), short, long, unitOfFigure(figure));
}

function withRange(value: number, low: number, high: number, unit: string): string {
  const words = unitWords(unit);
  return `${valueText(value, unit)} (${rangeText(low, high, unit)})${words === '' ? '' : ` ${words}`}`;
}
