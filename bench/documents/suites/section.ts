/**
 * Documents of suites of their own: a table each, and a chart for every column of figures.
 */
import { z } from 'zod';

import { formatFigure, formatWithRange } from '../../show/format.ts';
import { FIGURE_KINDS, type Figure, figureSchema } from '../../show/figure.ts';
import { crowdingSchema } from '../bench/crowding.ts';
import { crowdedMarkup } from '../bench/crowded-markup.ts';
import { costParameter } from '../bench/result.ts';
import { type SuiteReport, type SuiteRow, SUITES_FORMAT, SUITES_VERSION, type SuitesDocument } from './document.ts';
import { seriesColour, valueChart, type ValueRow } from '../../show/charts.ts';
import { costTable } from '../bench/cost-table.ts';
import { html, type Markup } from '../../show/html.ts';
import { reportKind } from '../kind-reader.ts';
import { type Panel, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';
import { scalePlot } from './scale-section.ts';

const suiteSchema = z.looseObject({
  suite: z.string(),
  title: z.string(),
  columns: z.array(z.looseObject({ name: z.string(), title: z.string() })),
  rows: z.array(
    z.looseObject({
      at: z.record(z.string(), z.union([z.string(), z.number()])),
      figures: z.record(z.string(), figureSchema),
    }),
  ),
  remarks: z.array(z.looseObject({ about: z.string(), lines: z.array(z.string()) })),
  costs: z.array(costParameter),
});

export const suitesSchema: z.ZodType<SuitesDocument> = z.looseObject({
  format: z.literal(SUITES_FORMAT),
  version: z.literal(SUITES_VERSION),
  stopcopy: z.string(),
  quick: z.boolean(),
  driver: z.string(),
  crowded: z.array(crowdingSchema).exactOptional(),
  suites: z.array(suiteSchema),
});

export const SUITES_KIND = reportKind({
  format: SUITES_FORMAT,
  schema: suitesSchema,
  section: suitesSection,
});

/** Charts with more bars than these are tables. */
const BARS_MAX = 40;

export function suitesSection(document: SuitesDocument): ReportSection {
  const names = document.suites.map(({ suite }) => suite).join(', ');
  return {
    title: `stopcopy bench: ${names}`,
    heading: `Suites: ${names}`,
    version: document.stopcopy,
    body: (id) =>
      html`${crowdedMarkup(document.crowded)}
        <dl class="facts">
          <dt>Asked for</dt>
          <dd>${document.quick ? 'quick' : 'full'}; driver ${document.driver}</dd>
        </dl>
        ${document.suites.map((suite, index) => suiteMarkup(suite, `${id}-s${index}`))}`,
    words: Object.entries(FIGURE_KINDS),
    style: '',
    document,
  };
}

function suiteMarkup(suite: SuiteReport, id: string): Markup {
  const { title, columns, rows, remarks } = suite;
  const shown = columns.filter(({ name }) => rows.some(({ figures }) => figures[name] !== undefined));
  const at = Object.keys(rows[0]?.at ?? {});
  const panels =
    rows.length > BARS_MAX ? [] : shown.flatMap(({ name, title: of }, index) => panelOf(rows, name, of, index));
  const kinds = [...new Set(rows.flatMap(({ figures }) => Object.values(figures).map(({ kind }) => kind)))];
  const same = at.filter((field) => !differing(rows).includes(field));
  const alike = same.length === 0 || panels.length === 0 ? [] : [`In all rows: ${named(rows[0]!.at, same)}`];
  const moves = scalePlot(suite, id);
  return html`${moves === undefined ? undefined : plotMarkup(moves)}
  ${plotMarkup({
    id,
    title,
    source: [...kinds.map((kind) => `${kind}: ${FIGURE_KINDS[kind]}`), ...alike].join('. '),
    wide: true,
    legend: [],
    panels,
    table: {
      caption: title,
      head: [...at, ...shown.map(({ name, title: of }) => `${oneLine(of)}${kindOf(rows, name)}`)],
      textColumns: at.flatMap((field, column) =>
        rows.every((row) => typeof row.at[field] === 'number') ? [] : [column],
      ),
      rows: rows.map((row) => [
        ...at.map((field) => String(row.at[field] ?? '')),
        ...shown.map(({ name }) => cell(row.figures[name])),
      ]),
    },
  })}
  ${remarks.map(
    ({ about, lines }) =>
      html`<h4>${about}</h4>
        <ul>
          ${lines.map((line) => html`<li>${line}</li>`)}
        </ul>`,
  )}
  ${costTable(suite.costs)}`;
}

/** A chart for a column, unless all its figures are alike, so that there is nothing to see. */
function panelOf(all: readonly SuiteRow[], name: string, title: string, index: number): Panel[] {
  const rows = all.filter(({ figures }) => figures[name] !== undefined);
  const apart = differing(all);
  const bars = rows.flatMap((row): (ValueRow & { readonly unit: string })[] => {
    const figure = row.figures[name];
    if (figure === undefined) return [];
    const { value, unit, low = value, high = value } = figure;
    return [{ label: named(row.at, apart), value, low, high, unit }];
  });
  const unit = bars[0]?.unit ?? '';
  if (bars.length < 2 || bars.some((bar) => bar.unit !== unit)) return [];
  if (bars.every(({ value }) => value === bars[0]!.value)) return [];
  return [{ title: `${oneLine(title)}${kindOf(rows, name)}`, svg: valueChart(bars, unit, seriesColour(index)) }];
}

/** Fields in which rows differ; where there is one row, or all are alike, every field. */
function differing(rows: readonly SuiteRow[]): readonly string[] {
  const fields = [...new Set(rows.flatMap(({ at }) => Object.keys(at)))];
  const apart = fields.filter((field) => new Set(rows.map(({ at }) => at[field])).size > 1);
  return apart.length === 0 ? fields : apart;
}

/** Fields with their values; what a field is called is said, as a number alone says nothing. */
function named(at: SuiteRow['at'], fields: readonly string[]): string {
  return fields.flatMap((field) => (at[field] === undefined ? [] : [`${fieldWords(field)} ${at[field]}`])).join(', ');
}

/** `queuePairs` is `queue pairs`, `vfs` is `VFs`. */
function fieldWords(field: string): string {
  return field
    .replace(/^[vp]f(?=s$)/, (name) => name.toUpperCase())
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function kindOf(rows: readonly SuiteRow[], name: string): string {
  const kind = rows.flatMap(({ figures }) => figures[name] ?? [])[0]?.kind;
  return kind === undefined ? '' : ` (${kind})`;
}

function cell(figure: Figure | undefined): string {
  return figure?.kind === 'exact' && figure.unit !== 'B' ? formatFigure(figure) : formatWithRange(figure);
}

function oneLine(title: string): string {
  return title.replaceAll('\n', ' ').trim();
}
