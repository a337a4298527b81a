/**
 * A validation as a CI reads it: a check for each figure that the model predicts, and for what must hold of all together.
 */
import type { Check } from '../../show/checks.ts';
import type { Comparison, Validation } from './document.ts';

export function validationChecks({ tables, complaints }: Validation): readonly Check[] {
  const figures = tables.flatMap(({ comparisons }) => comparisons.filter(({ calibrates }) => calibrates.length === 0));
  const whole = complaints.filter((sentence) => !figures.some((figure) => sentence.startsWith(`${placeOf(figure)} `)));
  return [
    ...figures.map((figure): Check => {
      const failure = complaints.find((sentence) => sentence.startsWith(`${placeOf(figure)} `));
      const name = `row ${figure.row}: ${figure.output}`;
      return { suite: figure.table, name, ...(failure === undefined ? {} : { failure }) };
    }),
    ...whole.map((failure) => ({ suite: 'all tables', name: failure, failure })),
  ];
}

/** How complaints begin. */
function placeOf({ table, row, output }: Comparison): string {
  return `${table} row ${row}: ${output}`;
}
