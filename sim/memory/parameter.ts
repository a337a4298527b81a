/**
 * A figure with source and range, and the labs whose measurements it rests on.
 *
 * `fitted` figures come from a fit of all published tables at once (`scripts/fit.mjs`).
 */
import { COST_ORIGINS } from '../device/costs.ts';

export const PARAMETER_ORIGINS = [...COST_ORIGINS, 'fitted'] as const;
type ParameterOrigin = (typeof PARAMETER_ORIGINS)[number];

/** How a parameter changes with the speed of a core: it is a rate, a time, or neither. */
type Cpu = 'rate' | 'time' | null;

export interface Parameter {
  /** Nominal, on the reference core of `platform.ts` where it depends on one. */
  readonly value: number;
  /** The end of the range that makes a pause short. */
  readonly short: number;
  /** The end of the range that makes a pause long. */
  readonly long: number;
  readonly unit: string;
  readonly cpu: Cpu;
  /** What such a figure may be at all: its range where nothing else is known, as in a fold without its evidence. */
  readonly least: number;
  readonly most: number;
  /** Labs whose measurements it rests on; docs/published-tables.md. */
  readonly evidence: readonly string[];
  readonly from: ParameterOrigin;
  /** What the figure rests on, such as the tables that decide a fitted one. */
  readonly source: string;
  readonly why: string;
}
