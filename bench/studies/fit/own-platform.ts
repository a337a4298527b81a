/**
 * A user's platform: the fit of all rows, the errors that remain, and what to measure next.
 */
import { parameterSpreads } from '../../../sim/memory/evidence.ts';
import { VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import { PLATFORM_FORMAT, type PlatformFile } from '../../../sim/memory/platform-file.ts';
import { packageVersion } from '../../io/package-root.ts';
import type { MeasuredRow, MeasuredTable } from './measured-rows.ts';
import { candidatesOf, nextMoves, standardMove } from './next-moves.ts';
import { FIT_FIGURES, fitPlatform, type Knowledge, knowledgeOf, type PlatformFit, predicted } from './platform-fit.ts';
import { END_OF_80 } from './unknowns.ts';

/** A parameter is part of a platform if its range becomes narrower by so much, or its value moves by so many deviations. */
const NARROWER = 0.97;
const MOVED = 0.1;
/** A row decides a parameter with so much of all that the rows say of it. */
const DECIDES = 0.2;
/** With fewer rows nothing is left out. */
const LEAVES_OUT_FROM = 3;
const DIGITS = 4;

type Parameters = PlatformFile['parameters'];

/**
 * Fits the parameters of a user's platform.
 *
 * @param id of the platform
 */
export function ownPlatformOf(tables: readonly MeasuredTable[], id: string): PlatformFile {
  const rows = tables.flatMap((table) => table.rows);
  const spreads = parameterSpreads();
  const standard = standardMove(rows[0]!.experiment);
  const planned = [standard, ...candidatesOf(standard).map(({ experiment }) => experiment)];
  const fit = fitPlatform(rows, spreads, planned);
  const knowledge = knowledgeOf(rows, fit);
  return {
    format: PLATFORM_FORMAT,
    version: 1,
    stopcopy: packageVersion(),
    id,
    title: tables.map(({ title }) => title).join('; '),
    tables: tables.map((table) => ({ file: table.file, id: table.id, rows: table.rows.length })),
    ...agreed(rows),
    ...(fit.layoutDecided ? { layout: fit.layout } : {}),
    parameters: parametersOf(fit, knowledge, rows),
    unexplained: unexplainedOf(fit, knowledge),
    rows: rows.map((row) => ({ row: row.name, figures: figuresOf(row, rows, fit) })),
    next: rounded(nextMoves(fit, knowledge.covariance, standard)),
  };
}

/** Class of the cores and release of QEMU where all rows agree. */
function agreed(rows: readonly MeasuredRow[]): Pick<PlatformFile, 'cpu' | 'qemu'> {
  const { cpu, qemu } = rows[0]!.experiment;
  const all = (name: 'cpu' | 'qemu'): boolean =>
    rows.every(({ experiment }) => experiment[name] === rows[0]!.experiment[name]);
  return {
    ...(cpu !== undefined && all('cpu') ? { cpu } : {}),
    ...(qemu !== undefined && all('qemu') ? { qemu } : {}),
  };
}

function parametersOf(fit: PlatformFit, knowledge: Knowledge, rows: readonly MeasuredRow[]): Parameters {
  return fit.unknowns.flatMap((unknown, i): Parameters => {
    if (unknown.kind !== 'parameter') return [];
    const [at, sharpness] = [fit.deviations[i]!, knowledge.covariance.deviation(i)];
    if (sharpness > NARROWER && Math.abs(at) < MOVED) return [];
    const { name, scale, least, most } = unknown;
    const shipped = fit.spreads[name];
    const of = (deviation: number): number =>
      digits(shipped.value * Math.exp(scale * Math.min(most, Math.max(least, deviation))));
    const reach = END_OF_80 * sharpness;
    const value = of(at);
    return [
      {
        name,
        value,
        // Never wider than what ships, but for a value that lies outside of it.
        low: Math.min(value, Math.max(of(at - reach), digits(shipped.low))),
        high: Math.max(value, Math.min(of(at + reach), digits(shipped.high))),
        unit: VMM_PARAMETER[name].unit,
        shipped: { value: digits(shipped.value), low: digits(shipped.low), high: digits(shipped.high) },
        rows: decidersOf(knowledge, i, rows),
      },
    ];
  });
}

function decidersOf({ information }: Knowledge, unknown: number, rows: readonly MeasuredRow[]): string[] {
  const each = information.map((row, index) => ({ name: rows[index]!.name, says: row[unknown]! }));
  const all = each.reduce((sum, { says }) => sum + says, 0);
  return each
    .filter(({ says }) => says > DECIDES * all)
    .toSorted((a, b) => b.says - a.says)
    .map(({ name }) => name);
}

function unexplainedOf(
  fit: PlatformFit,
  { information, covariance }: Knowledge,
): NonNullable<PlatformFile['unexplained']> {
  return fit.unknowns.flatMap((unknown, i) => {
    if (unknown.kind !== 'lack' || information.every((row) => row[i] === 0)) return [];
    const [at, reach] = [fit.deviations[i]!, END_OF_80 * covariance.deviation(i)];
    const of = (deviation: number): number => digits(Math.exp(unknown.scale * deviation));
    return [{ moves: unknown.moves, factor: of(at), low: of(at - reach), high: of(at + reach) }];
  });
}

type Figures = NonNullable<PlatformFile['rows']>[number]['figures'];

function figuresOf(row: MeasuredRow, rows: readonly MeasuredRow[], fit: PlatformFit): Figures {
  const before = predicted(
    row.experiment,
    { ...fit, layout: 'rising' },
    fit.unknowns.map(() => 0),
  );
  const after = predicted(row.experiment, fit);
  const others = rows.filter((other) => other !== row);
  const leftOut =
    rows.length < LEAVES_OUT_FROM ? undefined : predicted(row.experiment, fitPlatform(others, fit.spreads));
  return FIT_FIGURES.flatMap((figure): Figures => {
    const measured = row.published[figure];
    const [a, b, c] = [before[figure], after[figure], leftOut?.[figure]];
    if (measured === undefined || a === undefined || b === undefined) return [];
    return [
      { figure, measured, before: digits(a), after: digits(b), ...(c === undefined ? {} : { leftOut: digits(c) }) },
    ];
  });
}

function rounded({ standard, known, moves }: ReturnType<typeof nextMoves>): NonNullable<PlatformFile['next']> {
  const of = ({ downtime, total }: typeof known) => ({ downtime: digits(downtime), total: digits(total) });
  return { standard, known: of(known), moves: moves.map((move) => ({ change: move.change, known: of(move.known) })) };
}

function digits(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
