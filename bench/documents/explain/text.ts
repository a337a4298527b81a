/**
 * An explanation of a pause for a reader at a terminal: one page.
 */
import { formatNs } from '../../../sim/base/units.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { formatValue, formatWithRange, signedPercent } from '../../show/format.ts';
import { wrap } from '../../show/wrap.ts';
import type { ExplainDocument } from './document.ts';

const WIDTH = 100;
const WIDTH_MAX = 140;

/** A table of an explanation. */
export interface ExplainTable {
  readonly title: string;
  readonly columns: readonly BareColumn[];
  readonly rows: readonly (readonly string[])[];
}

const number = (title: string): BareColumn => ({ head: title, align: 'right' });
const word = (title: string): BareColumn => ({ head: title, align: 'left' });

/** Name of what no part accounts for. */
export const UNEXPLAINED = 'in none of these parts';

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function measured(ns: number | null): string {
  return ns === null ? '' : formatNs(ns);
}

/** Tables of an explanation that have rows. */
export function explainTables(document: ExplainDocument): readonly ExplainTable[] {
  const { figures, parts, unexplained, iterations, shorter, assumed } = document;
  const tables: readonly ExplainTable[] = [
    {
      title: 'Measured and modelled',
      columns: [word('figure'), number('measured'), number('modelled'), number('error')],
      rows: figures.map(({ name, measuredNs, modelled, error }) => [
        name,
        measured(measuredNs),
        formatWithRange(modelled),
        error === null ? '' : signedPercent(error),
      ]),
    },
    {
      title: 'Parts of the pause',
      columns: [word('part'), number('measured'), number('modelled'), word('named in the file')],
      rows: [
        ...parts.map(({ title, measuredNs, modelled, measuredAs }) => [
          title,
          measured(measuredNs),
          formatWithRange(modelled),
          measuredAs ?? '',
        ]),
        ...(isSet(unexplained) ? [[UNEXPLAINED, measured(unexplained.ns), '', '']] : []),
      ],
    },
    {
      title: 'Iterations, measured',
      columns: [number('iteration'), number('begins'), number('lasts'), number('sent'), number('written meanwhile')],
      rows: iterations.map(({ index, startMs, lastsMs, sentBytes, dirtiedBytes }) => [
        String(index),
        startMs === null ? '' : formatNs(startMs * 1e6),
        lastsMs === null ? '' : formatNs(lastsMs * 1e6),
        sentBytes === null ? '' : formatValue(sentBytes, 'B'),
        dirtiedBytes === null ? '' : formatValue(dirtiedBytes, 'B'),
      ]),
    },
    {
      title: 'What would have shortened it, by the model',
      columns: [word('change'), number('pause'), number('change of it')],
      rows: shorter.map(({ change, pauseNs, by }) => [change, formatNs(pauseNs), signedPercent(by)]),
    },
    {
      title: 'Assumed, since the file does not say it',
      columns: [word('field'), word('taken'), word('decides')],
      rows: assumed.map(({ field, value, decides }) => [field, value, decides]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** What was measured next to what a run has. */
export function measuredLines(figures: ExplainDocument['figures']): readonly string[] {
  const known = figures.filter(({ measuredNs }) => measuredNs !== null);
  if (known.length === 0) return ['\nThe file has no measured total or downtime to compare with.'];
  const rows = known.map(
    ({ name, measuredNs, modelled, error }) =>
      `  ${name}: measured ${measured(measuredNs)}, modelled ${formatWithRange(modelled)}${error === null ? '' : `, ${signedPercent(error)}`}`,
  );
  return ['\nMeasured and modelled', ...rows];
}

export function printExplanation(document: ExplainDocument, output: Output): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH_MAX);
  output.text(output.style('bold', document.file));
  output.text(wrap(`${document.source}; ${document.status}.`, width));
  output.text('');
  output.text(wrap(document.sentences.join(' '), width));
  for (const { title, columns, rows } of explainTables(document)) {
    output.text(`\n${output.style('bold', title)}`);
    output.text(bareTable(columns, rows));
  }
  if (document.next.length === 0) return;
  output.text(`\n${output.style('bold', 'A second measurement should have')}`);
  for (const each of document.next) output.text(wrap(`- ${each}`, width));
}
