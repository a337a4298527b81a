/**
 * The parameters of a user's platform from a few measured moves: the most likely ones, given what is known without them, and how
 * far each is known afterwards.
 *
 * What is known beforehand are the shipped values and ranges; each figure then pulls as strongly as it is exact. Two rows so
 * never move what they say nothing of, and cannot bend a parameter further than its range allows without a contradiction.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import type { ParameterSpreads } from '../../../sim/memory/evidence.ts';
import type { MoveExperiment, MoveOutput } from '../../../sim/memory/experiment.ts';
import { dataAtEndShare, type MemoryLayout } from '../../../sim/memory/layout.ts';
import type { FitRow } from '../validation/fit.ts';
import { type MeanFigures, meanFigures } from '../validation/mean-figures.ts';
import { mostLikely, soft } from '../validation/most-likely.ts';
import { Covariance } from './covariance.ts';
import { type FitUnknown, lackAt, parametersAt, priorError, unknownsOf } from './unknowns.ts';

/**
 * How far a figure of the model is usually off, as a standard deviation of its logarithm, with all parameters right: the
 * measurement repeated (6 % of a downtime, 1.5 % of what lasts seconds), and the model itself. Chosen by pairs of rows of one lab
 * and every third row (`scripts/triples.mjs`): with 20 % for a downtime the mean error of third rows is a tenth higher.
 */
const FIGURE_ERRORS = {
  downtimeMs: 0.4,
  totalMs: 0.05,
  wireMbitPerSecond: 0.05,
  memoryMibPerSecond: 0.05,
  roundTransferS: 0.05,
  setupMs: 0.5,
  stopMs: 0.3,
  saveRamMs: 0.3,
  saveNonIterableMs: 0.3,
  loadMs: 0.3,
} as const satisfies Partial<Record<MoveOutput, number>>;

type FitFigure = keyof typeof FIGURE_ERRORS;
/** Figures of a row that a fit takes into account. */
export const FIT_FIGURES: readonly FitFigure[] = keysOf(FIGURE_ERRORS);

/**
 * Errors beyond so many times the usual one count by their amount, no longer by their square: one odd row is outvoted, such as
 * one of two logs of one move with 33 and 277 ms.
 */
const SOFT_FROM = 0.3;
/** An unknown is open if half a standard deviation of it moves a figure by so much, as a logarithm. */
const REACTS = 0.002;
/** The figures decide what the last pages hold if they are so much less likely otherwise: e times, as twice the logarithm. */
const DECISIVE = 2;
const STEP = 0.02;
const ITERATIONS_MAX = 8;
/** Step of the derivatives at the end. */
const END_STEP = 0.05;

/** What a guest's last pages may hold where nothing states it, and how likely it is without the figures. */
interface Tail {
  readonly layout: MemoryLayout;
  readonly likely: number;
}

function tailsOf(rows: readonly FitRow[]): readonly Tail[] {
  const open = rows.filter(({ experiment: { layout, nonZeroShare } }) => layout === undefined && nonZeroShare < 1);
  if (open.length === 0) return [{ layout: 'rising', likely: 1 }];
  const share = dataAtEndShare(open[0]!.experiment.qemu);
  return [
    { layout: 'rising', likely: 1 - share },
    { layout: 'data', likely: share },
  ];
}

/** Modelled figures as logarithms. */
type Logs = Readonly<Partial<Record<FitFigure, number>>>;

export interface PlatformFit {
  readonly spreads: ParameterSpreads;
  /** All that may be open, with their most likely deviations; 0 for those that no figure reacts to. */
  readonly unknowns: readonly FitUnknown[];
  readonly deviations: readonly number[];
  /** What the last pages of memory hold where a move does not state it. */
  readonly layout: MemoryLayout;
  /** Whether the figures say so; otherwise it is the likelier of two without them. */
  readonly layoutDecided: boolean;
}

/** What rows make known of the unknowns of their fit. */
export interface Knowledge {
  /** What is known of the deviations afterwards. */
  readonly covariance: Covariance;
  /** Information of each row on each unknown: sum of squared derivatives of its figures, each by its usual error. */
  readonly information: readonly (readonly number[])[];
}

/**
 * Fits to rows of one user.
 *
 * @param spreads what is known without these rows
 * @param planned experiments of which nothing is measured, and that will be asked about
 */
export function fitPlatform(
  rows: readonly FitRow[],
  spreads: ParameterSpreads,
  planned: readonly MoveExperiment[] = [],
): PlatformFit {
  const unknowns = unknownsOf(spreads, [...rows.map(({ experiment }) => experiment), ...planned]);
  const tails = tailsOf(rows);
  const found = tails.map((tail) => ({ tail, ...searchAt(rows, spreads, unknowns, tail) }));
  const [first] = found.toSorted((a, b) => a.cost - b.cost);
  const { tail, deviations, cost } = first!;
  const decides = found.some((other) => other.cost - cost - likelihoodGap(tail, other.tail) > DECISIVE);
  return { spreads, unknowns, deviations, layout: tail.layout, layoutDecided: decides };
}

/** What two tails differ by where the figures say nothing of them. */
function likelihoodGap(a: Tail, b: Tail): number {
  return 2 * Math.log(a.likely / b.likely);
}

function searchAt(
  given: readonly FitRow[],
  spreads: ParameterSpreads,
  unknowns: readonly FitUnknown[],
  { layout, likely }: Tail,
): { readonly deviations: readonly number[]; readonly cost: number } {
  const none = unknowns.map(() => 0);
  const known = { spreads, unknowns };
  const rows = given.map((row) => ({ ...row, experiment: withLayout(row.experiment, layout) }));
  const nominal = rows.map(({ experiment }) => figuresAt(experiment, known, none));
  const scales = rows.map((_, i) => usualErrors(nominal[i]!));
  const open = unknowns.flatMap((_, i) => {
    const moved = none.with(i, 1 / 2);
    const reacts = rows.some(({ experiment, published }, row) => {
      const [a, b] = [logsOf(nominal[row]!, known, none, experiment), logsAt(experiment, known, moved)];
      return figuresOf(published).some((name) => Math.abs((a[name] ?? 0) - (b[name] ?? 0)) > REACTS);
    });
    return reacts ? [i] : [];
  });
  const whole = (some: readonly number[]): readonly number[] => {
    const all = [...none];
    for (const [place, i] of open.entries()) all[i] = some[place]!;
    return all;
  };
  const errorsOf = (some: readonly number[]): readonly number[] => {
    const all = whole(some);
    const errors = rows.flatMap(({ experiment, published }, row) => {
      const logs = logsAt(experiment, known, all);
      return figuresOf(published).map((name) => {
        const error = (logs[name] ?? Math.log(published[name]!)) - Math.log(published[name]!);
        return SOFT_FROM * soft(error / scales[row]![name]! / SOFT_FROM);
      });
    });
    return [...errors, ...some.map((deviation, place) => priorError(unknowns[open[place]!]!, deviation))];
  };
  const some = mostLikely(errorsOf, {
    least: open.map((i) => unknowns[i]!.least),
    most: open.map((i) => unknowns[i]!.most),
    step: STEP,
    iterationsMax: ITERATIONS_MAX,
  });
  const cost = errorsOf(some).reduce((sum, error) => sum + error * error, 0) - 2 * Math.log(likely);
  return { deviations: whole(some), cost };
}

type Known = Pick<PlatformFit, 'spreads' | 'unknowns'>;

function withLayout(experiment: MoveExperiment, layout: MemoryLayout): MoveExperiment {
  return experiment.layout === undefined ? { ...experiment, layout } : experiment;
}

function figuresAt(experiment: MoveExperiment, { spreads, unknowns }: Known, at: readonly number[]): MeanFigures {
  return meanFigures(experiment, parametersAt(spreads, unknowns, at), FIT_FIGURES);
}

/** Usual errors of the figures of a move: the window that nobody chooses is one of them. */
function usualErrors(figures: MeanFigures): Logs {
  return Object.fromEntries(
    FIT_FIGURES.map((name) => [name, Math.hypot(FIGURE_ERRORS[name], figures[name]?.deviation ?? 0)]),
  );
}

function logsOf(figures: MeanFigures, { unknowns }: Known, at: readonly number[], experiment: MoveExperiment): Logs {
  const lack = lackAt(unknowns, at, experiment);
  return Object.fromEntries(
    FIT_FIGURES.flatMap((name) => {
      const figure = figures[name];
      return figure === undefined ? [] : [[name, figure.log + (name === 'downtimeMs' ? lack : 0)]];
    }),
  );
}

function logsAt(experiment: MoveExperiment, known: Known, at: readonly number[]): Logs {
  return logsOf(figuresAt(experiment, known, at), known, at, experiment);
}

function figuresOf(published: FitRow['published']): readonly FitFigure[] {
  return FIT_FIGURES.filter((name) => published[name] !== undefined);
}

/**
 * Figures of a move as a fit predicts them, and without what it found.
 *
 * @param deviations other ones than those of the fit
 */
export function predicted(
  experiment: MoveExperiment,
  fit: PlatformFit,
  deviations: readonly number[] = fit.deviations,
): Readonly<Partial<Record<FitFigure, number>>> {
  const logs = logsAt(withLayout(experiment, fit.layout), fit, deviations);
  return Object.fromEntries(keysOf(logs).map((name) => [name, Math.exp(logs[name]!)]));
}

/** A figure that says something of the unknowns: its derivatives by each, and its usual error. */
interface Witness {
  readonly figure: FitFigure;
  readonly slopes: readonly number[];
  readonly error: number;
}

/** What the figures of an experiment say of the unknowns, near the result of a fit. */
export function witnessesOf(
  given: MoveExperiment,
  fit: PlatformFit,
  figures: readonly FitFigure[],
): readonly Witness[] {
  const experiment = withLayout(given, fit.layout);
  const nominal = figuresAt(experiment, fit, fit.deviations);
  const errors = usualErrors(nominal);
  const slopes = fit.deviations.map((deviation, i) => {
    const [a, b] = [-END_STEP, END_STEP].map((step) =>
      logsAt(experiment, fit, fit.deviations.with(i, deviation + step)),
    );
    return (name: FitFigure): number => ((b![name] ?? 0) - (a![name] ?? 0)) / (2 * END_STEP);
  });
  return figures.flatMap((figure) =>
    nominal[figure] === undefined ? [] : [{ figure, slopes: slopes.map((of) => of(figure)), error: errors[figure]! }],
  );
}

/** What the rows of a fit make known: the curvature of the errors at its result. */
export function knowledgeOf(rows: readonly FitRow[], fit: PlatformFit): Knowledge {
  let covariance = Covariance.ofUnit(fit.unknowns.length);
  const information = rows.map(({ experiment, published }) => {
    const witnesses = witnessesOf(experiment, fit, figuresOf(published));
    for (const { slopes, error } of witnesses) covariance = covariance.after(slopes, error);
    return fit.unknowns.map((_, i) => witnesses.reduce((sum, { slopes, error }) => sum + (slopes[i]! / error) ** 2, 0));
  });
  return { covariance, information };
}
