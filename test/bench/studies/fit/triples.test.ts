/**
 * What a fit is worth: two rows of a lab are fitted, all others of it are predicted, and nothing else of that lab is known.
 */
import { describe, expect, test } from 'vitest';

import { type LabTriples, tripleSummary, triplesOf } from '../../../../bench/studies/fit/triples.ts';
import { readTables } from '../../../../bench/studies/validation/published-table.ts';
import { effort } from '../../../effort.ts';

/** Pairs of each lab that are tried. */
const PAIRS = effort(2, 5, Number.POSITIVE_INFINITY);
/** What two rows have to reach: half of the error, or this. */
const GOOD = 0.1;
/** Where two rows say nothing of a third, errors may be so many times those without a fit. */
const WORSE = 1.1;
/**
 * Labs whose downtimes no two rows predict, and why. yuan-liu: 58 to 121 ms without compression where the same guest has 21 to 57
 * with it; a mechanism is missing. chuang-xu: what a vhost ring adds differs by machine, three times as much as the model has on
 * one of them. hildenbrand: 33 and 277 ms of the same move.
 */
const UNPREDICTED: ReadonlySet<string> = new Set(['yuan-liu', 'chuang-xu', 'hildenbrand']);

const LABS = triplesOf(readTables([]), PAIRS);

function summary(name: 'downtimeMs' | 'totalMs', wanted: (lab: LabTriples) => boolean = () => true) {
  return tripleSummary(LABS.filter(wanted), name)!;
}

const good = ({ before, after }: { before: number; after: number }) => after <= Math.max(GOOD, before / 2);

describe('two rows of a lab and a third', () => {
  test('totals', () => {
    expect(summary('totalMs').median).toSatisfy(good);
  });

  test('downtimes of labs whose moves repeat', () => {
    expect(summary('downtimeMs', ({ lab }) => !UNPREDICTED.has(lab)).median).toSatisfy(good);
  });

  // A few pairs of each lab have too many of those that nothing predicts.
  test.runIf(PAIRS === Number.POSITIVE_INFINITY)('downtimes of all labs are hardly worse than without a fit', () => {
    const { median, mean } = summary('downtimeMs');
    for (const { before, after } of [median, mean]) expect(after).toBeLessThanOrEqual(WORSE * before);
  });

  test('every row of a lab but those of the pair is a third, once for each pair', () => {
    const [lab] = triplesOf(readTables(['zero-pages']), Number.POSITIVE_INFINITY);
    // Four rows: six pairs, each with two thirds.
    expect(lab).toMatchObject({ lab: 'hao-xiang', pairs: 6 });
    expect(lab!.errors.totalMs!.after).toHaveLength(12);
    expect(lab!.errors.downtimeMs).toBeUndefined();
    expect(tripleSummary([lab!], 'downtimeMs')).toBeUndefined();
  });
});
