/**
 * What a fit of a user's moves leaves open: parameters of the model within their ranges, and what the model lacks.
 *
 * Each unknown is a deviation with mean 0 and standard deviation 1 of a logarithm. A parameter's range, which holds it in 80 of
 * 100 cases, gives the scale of its deviations; its value stays the median, also where the range is longer at one side.
 *
 * The model lacks something of each kind of move: its parts explain 58 ms of a pause where some lab sees 24, whatever its
 * parameters within their ranges, and the next compression method is off the other way. Errors of one kind of move have that
 * in common, so that a factor on the downtime of each kind is an unknown too. Without it a pair of such rows bends parameters
 * that are good for all others.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import type { ParameterSpreads } from '../../../sim/memory/evidence.ts';
import type { MoveExperiment } from '../../../sim/memory/experiment.ts';
import { soft } from '../validation/most-likely.ts';
import { VMM_PARAMETER, type VmmParameterName, type VmmParameters } from '../../../sim/memory/parameters.ts';

/** Standard deviations from the median of a normal distribution to an end of its 80 % interval. */
export const END_OF_80 = 1.2816;
/** Standard deviation of the logarithm of what the model lacks of the downtime of one kind of move. */
const LACKED = 0.4;
/**
 * A larger lack than so many standard deviations counts by its amount, no longer by its square: where the model is far off for
 * one kind of move, that kind lacks much, and parameters that all kinds have in common stay where they are.
 */
const LACK_SOFT_FROM = 0.25;
/** Largest logarithm of it that is searched; no such lack was ever seen. */
const LACKED_MAX = 3.5;

interface Unknown {
  /** Standard deviation of its logarithm. */
  readonly scale: number;
  /** Least and largest deviation, in standard deviations. */
  readonly least: number;
  readonly most: number;
}

interface ParameterUnknown extends Unknown {
  readonly kind: 'parameter';
  readonly name: VmmParameterName;
}

interface LackUnknown extends Unknown {
  readonly kind: 'lack';
  /** The moves whose downtime it multiplies, as {@link movesOf} names them. */
  readonly moves: string;
}

export type FitUnknown = ParameterUnknown | LackUnknown;

/** All that may be open in a fit of these experiments. */
export function unknownsOf(spreads: ParameterSpreads, experiments: readonly MoveExperiment[]): readonly FitUnknown[] {
  const parameters = keysOf(spreads).flatMap((name): readonly FitUnknown[] => {
    const { value, low, high } = spreads[name];
    if (low === high) return [];
    const scale = Math.log(high / low) / 2 / END_OF_80;
    const { least, most } = VMM_PARAMETER[name];
    const at = (end: number): number => Math.log(end / value) / scale;
    return [{ kind: 'parameter', name, scale, least: at(Math.min(least, low)), most: at(Math.max(most, high)) }];
  });
  const lacks = [...new Set(experiments.map(movesOf))].map((moves): FitUnknown => {
    return { kind: 'lack', moves, scale: LACKED, least: -LACKED_MAX / LACKED, most: LACKED_MAX / LACKED };
  });
  return [...parameters, ...lacks];
}

/** The kind of a move: what the model may lack of its pause is the same for all moves of one kind. */
function movesOf(experiment: MoveExperiment): string {
  const { vmm, cpu, multifd, compression, preallocated, profile, devices, netDevices, blkDevices } = experiment;
  const words = [
    vmm,
    ...(multifd ? [] : ['without multifd']),
    ...(compression === 'none' ? [] : [compression]),
    ...(preallocated ? [] : ['destination not preallocated']),
    ...(devices === 0 || profile === undefined ? [] : [`with ${profile}`]),
    ...(netDevices + blkDevices === 0 ? [] : ['with vhost devices']),
    ...(cpu === undefined ? [] : [`on ${cpu}`]),
  ];
  return words.join(', ');
}

/** How unlikely a deviation is without any figure, as an error whose square counts. */
export function priorError({ kind }: FitUnknown, deviation: number): number {
  return kind === 'lack' ? LACK_SOFT_FROM * soft(deviation / LACK_SOFT_FROM) : deviation;
}

/** Values of the parameters at some deviations; those that are no unknowns keep theirs. */
export function parametersAt(
  spreads: ParameterSpreads,
  unknowns: readonly FitUnknown[],
  deviations: readonly number[],
): VmmParameters {
  const values: Record<string, number> = Object.fromEntries(keysOf(spreads).map((name) => [name, spreads[name].value]));
  for (const [i, unknown] of unknowns.entries()) {
    if (unknown.kind === 'parameter') values[unknown.name]! *= Math.exp(unknown.scale * deviations[i]!);
  }
  return values as Record<VmmParameterName, number>;
}

/** Logarithm of the factor on the downtime of such a move. */
export function lackAt(
  unknowns: readonly FitUnknown[],
  deviations: readonly number[],
  experiment: MoveExperiment,
): number {
  const moves = movesOf(experiment);
  const index = unknowns.findIndex((unknown) => unknown.kind === 'lack' && unknown.moves === moves);
  return index < 0 ? 0 : unknowns[index]!.scale * deviations[index]!;
}
