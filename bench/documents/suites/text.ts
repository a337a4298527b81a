/**
 * Reports of suites as text: a table each, the kinds of its figures, and the words to its rows.
 */
import { formatFigure } from '../../show/format.ts';
import type { Figure } from '../../show/figure.ts';
import type { SuiteReport, SuiteRow } from './document.ts';
import { wrap } from '../../show/wrap.ts';
import { bareTable } from '../../show/bare-table.ts';
import { KIND_MARK, legend } from '../../show/figure.ts';
import { keysOf } from '../../../sim/base/keys.ts';

/** The words of a field's name: `queuePairs` is `queue pairs`. */
function words(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `\n${letter.toLowerCase()}`);
}

/** Counts go without their unit, which the head says. */
function numberOf(figure: Figure | undefined): string {
  return figure?.kind === 'exact' && figure.unit !== 'B' ? String(figure.value) : formatFigure(figure);
}

const WIDTH = 100;

/** A table with one row per row of the report, and the kind of each column under its title. */
export function suiteTable({ columns, rows }: SuiteReport, wide = false): string {
  const names = Object.keys(rows[0]?.at ?? {});
  const shown = columns.filter(({ name }) => rows.some(({ figures }) => figures[name] !== undefined));
  const head = [
    ...names.map((name) => ({ head: words(name), align: isNumber(rows, name) ? 'right' : 'left' }) as const),
    ...shown.map(({ name, title }) => {
      const kind = rows.flatMap(({ figures }) => figures[name] ?? [])[0]?.kind;
      return {
        head: kind === undefined ? title : `${title}${lastLine(title)}[${KIND_MARK[kind]}]`,
        align: 'right',
      } as const;
    }),
  ];
  return bareTable(
    head,
    rows.map(({ at, figures }) => [
      ...names.map((name) => String(at[name] ?? '')),
      ...shown.map(({ name }) => numberOf(figures[name])),
    ]),
    { wide, keys: names.length },
  );
}

/** The whole report for a person. */
export function suiteText(report: SuiteReport, wide = false): string {
  const kinds = new Set(report.rows.flatMap(({ figures }) => Object.values(figures).map(({ kind }) => kind)));
  const remarks = report.remarks.flatMap(({ about, lines }) => [
    about,
    ...lines.map((line) => `  ${wrap(line, WIDTH - 4).replaceAll('\n', '\n    ')}`),
  ]);
  const known = keysOf(KIND_MARK).filter((kind) => kinds.has(kind));
  return [
    `${report.title}.`,
    '',
    suiteTable(report, wide),
    '',
    legend(known),
    ...(remarks.length === 0 ? [] : ['']),
    ...remarks,
  ].join('\n');
}

function isNumber(rows: readonly SuiteRow[], name: string): boolean {
  return rows.every(({ at }) => typeof at[name] === 'number');
}

/** The mark follows the last line of a title, or alone on an empty one. */
function lastLine(title: string): string {
  return title.endsWith('\n') ? '' : ' ';
}
