/**
 * Guests of a user's moves, in words and as tables.
 */
import type { PlatformFile } from '../../../sim/memory/platform-file.ts';
import { percent } from '../../show/format.ts';
import { figure } from '../validation/text.ts';

type Guest = NonNullable<PlatformFile['guests']>[number];

export interface PlatformTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly textColumns: readonly number[];
  readonly rows: readonly (readonly string[])[];
}

/** How the guest writes, as a scenario says it, and what nothing is known of. */
export function guestSentences({ row, iterations, dirty, error, unknown }: Guest): readonly string[] {
  const isTrace = dirty?.['kind'] === 'trace';
  return [
    ...(dirty === undefined
      ? []
      : isTrace
        ? [
            `The guest of ${row} shows nothing regular in ${iterations} iterations: as a trace it is in the platform file, under guests.`,
          ]
        : [
            `The guest of ${row}, by ${iterations} iterations` +
              `${error === undefined ? '' : `, which it explains within ${percent(Math.expm1(error), 2)}`}, ` +
              `as memory of a scenario: dirty: ${flowOf(dirty)}`,
          ]),
    ...unknown.map((words) => `Not known of the guest of ${row}: ${words}.`),
  ];
}

function flowOf(dirty: NonNullable<Guest['dirty']>): string {
  return `{ ${Object.entries(dirty)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ')} }`;
}

export function guestTable({ row, figures }: Guest): PlatformTable {
  return {
    title: `What the guest of ${row} writes, with 80 % intervals`,
    head: ['', 'here', '80 %', 'unit'],
    textColumns: [0, 3],
    rows: figures.map(({ name, value, low, high, unit }) => [name, figure(value), endsOf(low, high), unit]),
  };
}

function endsOf(low: number | undefined, high: number | undefined): string {
  if (low === undefined) return high === undefined ? '' : `up to ${figure(high)}`;
  return high === undefined ? `${figure(low)} or more` : `${figure(low)} to ${figure(high)}`;
}
