/**
 * A validation as a CI reads it: a check for each figure that the model predicts, and for what must hold of all together.
 */
import type { Check } from '../../show/checks.ts';
import type { Validation } from './document.ts';
import { FIGURE_KINDS } from './kinds.ts';

export function validationChecks({ tables, kinds, complaints }: Validation): readonly Check[] {
  const judged = kinds.flatMap(({ kind, errorMax }) => (errorMax === null ? [] : [FIGURE_KINDS[kind].title]));
  const rest = complaints.filter((sentence) => !judged.some((title) => sentence.startsWith(`${title}: `)));
  return [
    ...tables.flatMap(({ comparisons }) =>
      comparisons
        .filter(({ calibrates }) => calibrates.length === 0)
        .map(({ table, row, output }): Check => ({ suite: table, name: `row ${row}: ${output}` })),
    ),
    ...judged.map((title): Check => {
      const failure = complaints.find((sentence) => sentence.startsWith(`${title}: `));
      return { suite: 'all tables', name: title, ...(failure === undefined ? {} : { failure }) };
    }),
    ...rest.map((failure) => ({ suite: 'all tables', name: failure, failure })),
  ];
}
