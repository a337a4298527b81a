/**
 * What a fit is worth: two rows of a lab are fitted, a third is predicted, and nothing else of that lab is known.
 */
import { median } from 'simple-statistics';
import { describe, expect, test } from 'vitest';

import { fitRows, type FitRow } from '../../../../bench/studies/validation/fit.ts';
import { groundsFor } from '../../../../bench/studies/validation/folds.ts';
import { readTables } from '../../../../bench/studies/validation/published-table.ts';
import { FIT_FIGURES, fitPlatform, predicted } from '../../../../bench/studies/fit/platform-fit.ts';
import { Random } from '../../../../sim/base/random.ts';
import { keysOf } from '../../../../sim/base/keys.ts';
import { effort } from '../../../effort.ts';

/** Triples of each lab that are tried. */
const TRIPLES = effort(2, 6, Number.POSITIVE_INFINITY);
/** What two rows have to reach: half of the error, or this. */
const GOOD = 0.1;
/** Where two rows say nothing of a third, their error may be so many times that without a fit. */
const WORSE = 1.05;
/**
 * Labs whose downtimes no two rows predict, and why. yuan-liu: 58 to 121 ms without compression where the same guest has 21 to 57
 * with it, and moves of equal inputs differ by a factor of 2; a mechanism is missing. hildenbrand: 33 and 277 ms of the same move.
 */
const UNPREDICTED: ReadonlySet<string> = new Set(['yuan-liu', 'hildenbrand']);

/** Classes of cores that only that lab has measured: to a prediction for it they are cores that nobody names. */
const OWN_CORES: Readonly<Record<string, string>> = { kolothum: 'kunpeng-920' };

type Triple = readonly [first: FitRow, second: FitRow, third: FitRow];

/** Rows of whole moves by labs, without what only the lab itself has measured of its cores. */
function labs(): ReadonlyMap<string, readonly FitRow[]> {
  const rows = fitRows(readTables([]), FIT_FIGURES).filter(
    ({ published: { downtimeMs, totalMs } }) => downtimeMs !== undefined || totalMs !== undefined,
  );
  const byLab = new Map<string, FitRow[]>();
  for (const row of rows) byLab.set(row.lab, [...(byLab.get(row.lab) ?? []), row]);
  return new Map(
    [...byLab].flatMap(([lab, own]) => {
      const isKnown = ({ experiment: { cpu } }: FitRow) => cpu === undefined || cpu !== OWN_CORES[lab];
      const blind = own.map((row) =>
        isKnown(row) ? row : { ...row, experiment: { ...row.experiment, cpu: undefined } },
      );
      return own.length < 3 ? [] : [[lab, blind] as const];
    }),
  );
}

/** All triples, each row once the third, or some of them. */
function triplesOf(rows: readonly FitRow[], count: number): readonly Triple[] {
  const all = rows.flatMap((first, i) =>
    rows
      .slice(i + 1)
      .flatMap((second) =>
        rows.flatMap((third): Triple[] => (third === first || third === second ? [] : [[first, second, third]])),
      ),
  );
  const random = new Random(1, 0);
  while (all.length > count) all.splice(random.below(all.length), 1);
  return all;
}

interface Errors {
  readonly before: number[];
  readonly after: number[];
}

/** Errors of each figure of the third rows, as shares. */
function errorsOf(lab: string, triples: readonly Triple[]): Readonly<Record<string, Errors>> {
  const { parameters } = groundsFor(lab);
  const found: Record<string, Errors> = {};
  const none = fitPlatform([], parameters);
  let fitted: readonly [FitRow, FitRow] | undefined;
  let fit: ReturnType<typeof fitPlatform> | undefined;
  for (const [first, second, third] of triples) {
    if (fitted?.[0] !== first || fitted[1] !== second) fit = fitPlatform([first, second], parameters);
    fitted = [first, second];
    const [before, after] = [predicted(third.experiment, none), predicted(third.experiment, fit!)];
    for (const name of keysOf(third.published)) {
      const measured = third.published[name]!;
      const [a, b] = [before[name as keyof typeof before], after[name as keyof typeof after]];
      if (a === undefined || b === undefined) continue;
      const errors = (found[name] ??= { before: [], after: [] });
      errors.before.push(Math.abs(a / measured - 1));
      errors.after.push(Math.abs(b / measured - 1));
    }
  }
  return found;
}

describe('two rows of a lab and a third', () => {
  const byLab = new Map([...labs()].map(([lab, rows]) => [lab, errorsOf(lab, triplesOf(rows, TRIPLES))] as const));
  const medians = (name: string, wanted: (lab: string) => boolean) => {
    const all = [...byLab].flatMap(([lab, errors]) => (wanted(lab) ? (errors[name] ?? []) : []));
    const of = (side: keyof Errors) => median(all.flatMap((errors) => errors[side]));
    return { before: of('before'), after: of('after') };
  };
  for (const [lab, errors] of byLab) {
    const lines = keysOf(errors).map((name) => {
      const { before, after } = errors[name]!;
      return `${name} ${(100 * median(before)).toFixed(1)} -> ${(100 * median(after)).toFixed(1)} % (${after.length})`;
    });
    console.log(`${lab}: ${lines.join(', ')}`);
  }
  const good = ({ before, after }: { before: number; after: number }) => after <= Math.max(GOOD, before / 2);

  test('totals', () => {
    expect(medians('totalMs', () => true)).toSatisfy(good);
  });

  test('downtimes of labs whose moves repeat', () => {
    expect(medians('downtimeMs', (lab) => !UNPREDICTED.has(lab))).toSatisfy(good);
  });

  // A few triples of each lab have too many of those that nothing predicts.
  test.runIf(TRIPLES === Number.POSITIVE_INFINITY)('downtimes of all labs are hardly worse than without a fit', () => {
    const { before, after } = medians('downtimeMs', () => true);
    console.log(`all downtimes: ${(100 * before).toFixed(1)} -> ${(100 * after).toFixed(1)} %`);
    expect(after).toBeLessThanOrEqual(WORSE * before);
  });
});
