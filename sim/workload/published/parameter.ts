/**
 * A number of the models that predict published figures, with where it is from.
 */
import { mapValues } from '../../base/keys.ts';
export interface ModelParameter {
  readonly value: number;
  readonly unit: 'ns' | 'bytes per ns' | 'cycles' | 'GHz' | 'count' | 'fraction';
  /** Range in which it may be, for those who sweep it. */
  readonly low: number;
  readonly high: number;
  /**
   * `fitted`: solved from a published row, which is then no prediction (the row says so in bench/studies/validation/tables).
   * `constant`: stated by a source. `derived`: arithmetic on such. `assumed`: a guess, with its reason.
   */
  readonly from: 'fitted' | 'constant' | 'derived' | 'assumed';
  readonly source: string;
  readonly why: string;
}

/** `short`: every parameter at its fast end; `long`: at its slow one. */
export type ParameterEnd = 'point' | 'short' | 'long';

/** The values of a model's parameters at one end of their ranges. */
export function parametersAt<T extends Readonly<Record<string, ModelParameter>>>(
  parameters: T,
  end: ParameterEnd,
): Readonly<Record<keyof T & string, number>> {
  const valueOf = ({ value, unit, low, high }: ModelParameter): number => {
    if (end === 'point') return value;
    const moreIsFaster = unit === 'bytes per ns' || unit === 'GHz';
    return (end === 'short') === moreIsFaster ? high : low;
  };
  return mapValues(parameters, valueOf);
}
