/**
 * Validations: published figures against modelled ones, and the tables that they are from.
 */
import { countOf } from '../../../sim/base/units.ts';
import { z } from 'zod';

import { ERROR_SHOWN, type KindSummary, type LabSummary, VALIDATION_FORMAT, VALIDATION_VERSION } from './document.ts';
import { FIGURE_KIND_NAMES } from './kinds.ts';
import { fittedParameters } from './fitted.ts';
import { figure, KIND_HEAD, KIND_WORDS, kindRow, labLine, listedByReason, percentOf } from './text.ts';
import { againstChart, seriesColour } from '../../show/charts.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { reportKind } from '../kind-reader.ts';
import { type LegendEntry, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';

const rowSchema = z.looseObject({
  row: z.number(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  output: z.string(),
  published: z.number(),
  modelled: z.looseObject({ kind: z.literal('modelled'), value: z.number(), low: z.number(), high: z.number() }),
  error: z.number(),
  calibrates: z.array(z.string()),
  note: z.string().optional(),
});

const listedSchema = z.looseObject({
  row: z.number(),
  output: z.string(),
  published: z.number(),
  why: z.string().optional(),
});

const kind = z.enum(FIGURE_KIND_NAMES);

const kindSchema = z.looseObject({
  kind,
  figures: z.number(),
  labs: z.number(),
  medianError: z.number(),
  factor: z.number(),
  within10: z.number(),
  within30: z.number(),
  coverage: z.number(),
  bandRatio: z.number(),
  intervalScore: z.number(),
  nearestError: z.number().nullable(),
  nearestScore: z.number().nullable(),
  errorMax: z.number().nullable(),
  within: z.number().nullable().optional(),
}) satisfies z.ZodType<KindSummary>;

const labSchema = z.looseObject({
  lab: z.string(),
  kinds: z.array(z.looseObject({ kind, figures: z.number(), medianError: z.number() })),
  fromClass: z.array(z.string()),
}) satisfies z.ZodType<LabSummary>;

export const validationSchema = z.looseObject({
  format: z.literal(VALIDATION_FORMAT),
  version: z.literal(VALIDATION_VERSION),
  stopcopy: z.string(),
  holds: z.boolean(),
  complaints: z.array(z.string()),
  predicted: z.number(),
  calibrating: z.number(),
  rows: z.number(),
  fitted: z.array(z.string()),
  medianError: z.number().nullable(),
  /** Not in documents of releases that predicted labs with their own figures. */
  kinds: z.array(kindSchema).default([]),
  labs: z.array(labSchema).default([]),
  tables: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      grade: z.string(),
      source: z.string(),
      notPredicted: z.string().optional(),
      rows: z.array(rowSchema),
      /** Not in documents of releases that listed none with a reason. */
      listed: z.array(listedSchema).default([]),
    }),
  ),
});

type Document = z.output<typeof validationSchema>;
type Row = z.output<typeof rowSchema>;
type Placed = Row & { readonly table: string; readonly place: number };

export const VALIDATION_KIND = reportKind<Document>({
  format: VALIDATION_FORMAT,
  schema: validationSchema,
  section: validationSection,
});

/** @param document what validationDocument makes */
export function validationSectionOf(document: unknown): ReportSection {
  return VALIDATION_KIND.read(document, 'validation');
}

function validationSection(document: Document): ReportSection {
  return {
    title: 'Validation of the model',
    heading: 'Published measurements, predicted',
    version: document.stopcopy,
    body: (id) => body(document, id),
    words: [
      [
        'published',
        'measured by others; the source stands above each table, with a grade from A (setup stated) to C (one log)',
      ],
      [
        'modelled',
        'the median of draws of the parameters within their ranges, without what its own lab has measured; 80 % of them lie ' +
          'within the band',
      ],
      ['prediction', 'a row that set no parameter'],
      ['calibration', 'a row to which a parameter was fitted; it proves nothing'],
      ['error', 'modelled less published, divided by published'],
    ],
    style: '',
    document,
  };
}

function body(document: Document, id: string): Markup {
  const { tables, predicted, calibrating, kinds, labs, complaints, fitted, rows } = document;
  const placed = tables.flatMap((table, place) =>
    table.rows.map((row): Placed => ({ ...row, table: table.id, place })),
  );
  const predictedWords =
    predicted === 0
      ? 'No figure was predicted: every row sets a parameter, or its table is not predicted.'
      : `${countOf(predicted, 'figure')} predicted, each lab without its own measurements; ${calibrating} more in rows that ` +
        `set a parameter. ${countOf(fitted.length, 'parameter was', 'parameters were')} fitted, in ${countOf(rows, 'row')}.`;
  return html`<p class="lead">${predictedWords} ${document.holds ? 'The model holds.' : 'The model does not hold.'}</p>
    ${complaints.map((complaint) => html`<p class="lead warning">Does not hold: ${complaint}</p>`)}
    ${kinds.length === 0 ? undefined : kindsMarkup(kinds, labs)}
    ${placed.length === 0 ? undefined : againstPlot(tables, placed, id)} ${tables.map(tableSection)}
    <h3>Fitted parameters</h3>
    <ul>
      ${fittedParameters(fitted).map((line) => html`<li>${line}</li>`)}
    </ul>`;
}

function kindsMarkup(kinds: Document['kinds'], labs: Document['labs']): Markup {
  return html`${tableMarkup({
    caption: `By kind of figure (${KIND_WORDS})`,
    head: KIND_HEAD,
    textColumns: [0],
    rows: kinds.map(kindRow),
  })}
    <ul>
      ${labs.map((lab) => html`<li>${labLine(lab)}</li>`)}
    </ul>`;
}

function againstPlot(tables: Document['tables'], placed: readonly Placed[], id: string): Markup {
  const outputs = [...new Set(placed.map(({ output }) => output))];
  return plotMarkup({
    id: `${id}-against`,
    title: 'Published against modelled',
    source:
      'published: measured by others, sources below. modelled: the whole line is where both are equal, the dashed lines are ' +
      `${Math.round(ERROR_SHOWN * 100)} % off, upright lines are the bands. Both axes are logarithmic.`,
    wide: false,
    legend: [
      ...tables.flatMap(({ id: text, rows }, place): readonly LegendEntry[] =>
        rows.length === 0 ? [] : [{ text, colour: seriesColour(place), look: 'round' }],
      ),
      { text: 'hollow: calibration', colour: 'var(--faint)', look: 'hollow' },
    ],
    panels: outputs.map((output) => ({
      title: output,
      svg: againstChart(
        placed
          .filter((row) => row.output === output)
          .map(({ published, modelled, calibrates, place }) => ({
            published,
            modelled: modelled.value,
            low: Math.min(modelled.low, modelled.high),
            high: Math.max(modelled.low, modelled.high),
            colour: seriesColour(place),
            hollow: calibrates.length > 0,
          })),
        ERROR_SHOWN,
        figure,
      ),
    })),
    table: {
      caption: 'All figures',
      head: ['table', 'row', 'figure', 'published', 'modelled', '80 %', 'error', 'row is a'],
      textColumns: [2, 7],
      rows: placed.map((row) => [row.table, String(row.row), row.output, ...cells(row)]),
    },
  });
}

function cells({ published, modelled, error, calibrates }: Row): readonly string[] {
  return [
    figure(published),
    figure(modelled.value),
    `${figure(modelled.low)} to ${figure(modelled.high)}`,
    percentOf(error),
    calibrates.length === 0 ? 'prediction' : 'calibration',
  ];
}

function tableSection({ id, title, grade, source, notPredicted, rows, listed }: Document['tables'][number]): Markup {
  const unpredicted = [...listedByReason(listed)].filter(([why]) => why !== undefined);
  const notes = new Map(rows.flatMap(({ row, note }) => (note === undefined ? [] : [[row, note] as const])));
  const given = (row: Row): string =>
    Object.entries(row.inputs)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  return html`<h3>${title} <small>(${id}, grade ${grade})</small></h3>
    <p class="source">${source}</p>
    ${notPredicted === undefined ? undefined : html`<p>Not predicted: ${notPredicted}.</p>`}
    ${
      rows.length === 0
        ? undefined
        : tableMarkup({
            caption: `${title}: published and modelled`,
            head: ['row', 'inputs', 'figure', 'published', 'modelled', '80 %', 'error', 'row is a'],
            textColumns: [1, 2, 7],
            rows: rows.map((row) => [String(row.row), given(row), row.output, ...cells(row)]),
          })
    }
    ${[...notes].map(([row, note]) => html`<p>Row ${row}: ${note}.</p>`)}
    ${unpredicted.map(([why, figures]) => html`<p>Not predicted (${why}): ${figures.join(', ')}.</p>`)}`;
}
