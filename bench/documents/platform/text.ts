/**
 * A user's platform for a terminal, and as a file.
 */
import { stringify } from 'yaml';

import type { PlatformFile } from '../../../sim/memory/platform-file.ts';
import type { Output } from '../../io/output.ts';
import { bareTable } from '../../show/bare-table.ts';
import { parameterWords, rangeText, unitWords, valueText } from '../../../sim/scenario/parameter-words.ts';
import { wrap } from '../../show/wrap.ts';
import { figure, percentOf } from '../validation/text.ts';

const WIDTH = 100;
/** Moves to measure next that are printed. */
const NEXT_SHOWN = 3;

export interface PlatformTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly textColumns: readonly number[];
  readonly rows: readonly (readonly string[])[];
}

/** @param path decides the format: YAML unless it ends in .json */
export function platformText(platform: PlatformFile, path: string): string {
  return path.endsWith('.json') ? `${JSON.stringify(platform, undefined, 2)}\n` : stringify(platform, { lineWidth: 0 });
}

export function printPlatform(platform: PlatformFile, output: Output): void {
  output.text(output.style('bold', platform.id));
  for (const sentence of platformSentences(platform)) output.text(wrap(sentence, WIDTH));
  for (const { title, head, textColumns, rows } of platformTables(platform)) {
    output.text(`\n${output.style('bold', wrap(title, WIDTH))}`);
    const columns = head.map((name, index) => {
      return { head: name, align: textColumns.includes(index) ? ('left' as const) : ('right' as const) };
    });
    output.text(bareTable(columns, rows));
  }
}

/** What a layout of memory is in the terms of a scenario. */
const TAIL_WORDS = {
  data: 'data: say `tail: data`',
  zeros: 'zeros: say `tail: zeros`',
  rising: 'what Linux since 5.10 leaves free: leave `tail` out',
} as const;

export function platformSentences({
  tables = [],
  cpu,
  qemu,
  layout,
  unexplained = [],
}: PlatformFile): readonly string[] {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const on = [...(cpu === undefined ? [] : [`cpu ${cpu}`]), ...(qemu === undefined ? [] : [`QEMU ${qemu}`])];
  return [
    `${rows} measured move${rows === 1 ? '' : 's'} of ${tables.map(({ file }) => file).join(', ')}` +
      `${on.length === 0 ? '' : `; all on ${on.join(', ')}`}.`,
    ...(layout === undefined
      ? []
      : [`The figures say that the last pages of memory hold ${TAIL_WORDS[layout]} in scenarios.`]),
    ...unexplained
      .filter(({ low, high }) => low > 1 || high < 1)
      .map(
        ({ moves, factor, low, high }) =>
          `Downtimes of moves by ${moves} are ${figure(factor)} times (${figure(low)} to ${figure(high)}) what these parameters ` +
          'explain; stopcopy run and plan leave that out.',
      ),
  ];
}

export function platformTables({ parameters, rows = [], next }: PlatformFile): readonly PlatformTable[] {
  return [
    {
      title: 'Parameters that these rows decide, with 80 % intervals',
      head: ['parameter', 'shipped', '80 %', 'here', '80 %', 'unit', 'decided by'],
      textColumns: [0, 5, 6],
      rows: parameters.map(({ name, value, low, high, unit = '', shipped, rows: deciders = [] }) => [
        parameterWords(name),
        shipped === undefined ? '' : valueText(shipped.value, unit),
        shipped === undefined ? '' : rangeText(shipped.low, shipped.high, unit),
        valueText(value, unit),
        rangeText(low, high, unit),
        unitWords(unit),
        deciders.join(', '),
      ]),
    },
    {
      title: 'Errors before, after, and with the row left out',
      head: ['row', 'figure', 'measured', 'before', 'after', 'left out'],
      textColumns: [0, 1],
      rows: rows.flatMap(({ row, figures }) =>
        figures.map(({ figure: name, measured, before, after, leftOut }) => [
          row,
          name,
          figure(measured),
          percentOf(before / measured - 1),
          percentOf(after / measured - 1),
          leftOut === undefined ? '' : percentOf(leftOut / measured - 1),
        ]),
      ),
    },
    ...(next === undefined ? [] : [nextTable(next)]),
  ];
}

function nextTable({ standard, known, moves }: NonNullable<PlatformFile['next']>): PlatformTable {
  const reach = (factor: number): string => `within ${figure(100 * (factor - 1))} %`;
  return {
    title: `What to measure next, and how well ${standard} is then known`,
    head: ['this move, with', 'its downtime', 'its total'],
    textColumns: [0],
    rows: [
      ['nothing more', reach(known.downtime), reach(known.total)],
      ...moves.slice(0, NEXT_SHOWN).map(({ change, known: then }) => [change, reach(then.downtime), reach(then.total)]),
    ],
  };
}
