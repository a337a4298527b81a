/**
 * What the model makes of an experiment, over the phases of QEMU's window: nobody chooses where in it a move comes to its end.
 */
import { type DeviceFigures, figuresOf } from '../../../sim/memory/device-profile.ts';
import { type MoveExperiment, type MoveOutput, runMoveExperiment } from '../../../sim/memory/experiment.ts';
import type { VmmParameters } from '../../../sim/memory/parameters.ts';
import { readProfile } from '../../io/profiles.ts';

/** What is drawn in a prediction, and settled in a fit. */
const SETTLED = { layoutShare: 1 / 2, digitShare: 1 / 2, stopShare: 1 / 2, takenShare: () => 1 / 2 } as const;
/** Phases of the window over which the model is averaged. */
const PHASES = [1 / 6, 1 / 2, 5 / 6] as const;

/** Figures of the devices of experiments: a profile is read once, not at each step of a search. */
const known = new WeakMap<MoveExperiment, DeviceFigures>();

function deviceFigures(experiment: MoveExperiment): DeviceFigures | undefined {
  const { profile } = experiment;
  if (profile === undefined) return undefined;
  const figures = known.get(experiment) ?? figuresOf(readProfile(profile), 'point');
  known.set(experiment, figures);
  return figures;
}

/** A figure over the phases. */
interface MeanFigure {
  /** Logarithm of the geometric mean. */
  readonly log: number;
  /** Standard deviation of the logarithm. */
  readonly deviation: number;
}

export type MeanFigures = Readonly<Partial<Record<MoveOutput, MeanFigure>>>;

/**
 * Runs the model at each phase.
 *
 * @param outputs those that are wanted; such as the model does not have, or has as 0, are left out
 */
export function meanFigures(
  experiment: MoveExperiment,
  parameters: VmmParameters,
  outputs: readonly MoveOutput[],
): MeanFigures {
  const figures = deviceFigures(experiment);
  const all = PHASES.map((windowPhase) =>
    runMoveExperiment(experiment, { parameters, figures, windowPhase, ...SETTLED }),
  );
  const mean: Partial<Record<MoveOutput, MeanFigure>> = {};
  for (const name of outputs) {
    const logs = all.map((each) => Math.log(each[name] ?? 0));
    if (!logs.every(Number.isFinite)) continue;
    const log = logs.reduce((sum, each) => sum + each / PHASES.length, 0);
    const variance = logs.reduce((sum, each) => sum + (each - log) ** 2 / PHASES.length, 0);
    mean[name] = { log, deviation: Math.sqrt(variance) };
  }
  return mean;
}
