/**
 * Comparisons of two sides: verdicts, and effects with their intervals.
 */
import { z } from 'zod';

import { COMPARISON_FORMAT, COMPARISON_VERSION, type ComparisonDocument, COMPARISON_VERDICTS } from './document.ts';
import { formatValue, signedPercent } from '../../show/format.ts';
import { effectChart, type EffectRow } from '../../show/charts.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { crowdedMarkup } from '../bench/crowded-markup.ts';
import { crowdingSchema } from '../bench/crowding.ts';
import { reportKind } from '../kind-reader.ts';
import { fullPanel, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const verdict = z.enum(keysOf(COMPARISON_VERDICTS));
const side = z.looseObject({ word: z.string(), kind: z.string(), revision: z.string().nullable() });
const value = z.union([z.number(), z.string()]).optional();

const result = z.looseObject({
  name: z.string(),
  kind: z.string(),
  unit: z.string(),
  verdict,
  fails: z.boolean(),
  base: value,
  candidate: value,
  effect: z.number().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  pairs: z.number().optional(),
  why: z.string().optional(),
});

export const comparisonSchema = z.looseObject({
  format: z.literal(COMPARISON_FORMAT),
  version: z.literal(COMPARISON_VERSION),
  stopcopy: z.string(),
  base: side,
  candidate: side,
  regression: z.boolean(),
  crowded: z.array(crowdingSchema).optional(),
  counts: z.record(verdict, z.number()),
  results: z.array(result),
});

type Document = z.output<typeof comparisonSchema>;
type Result = z.output<typeof result>;

export const COMPARISON_KIND = reportKind<Document>({
  format: COMPARISON_FORMAT,
  schema: comparisonSchema,
  section: comparisonSection,
});

/** Section of a comparison that was just made. */
export function madeComparison(document: ComparisonDocument): ReportSection {
  return comparisonSection(comparisonSchema.parse(document));
}

function comparisonSection(document: Document): ReportSection {
  const { base, candidate } = document;
  return {
    title: `Comparison: ${base.word} and ${candidate.word}`,
    heading: `Base ${base.word}, candidate ${candidate.word}`,
    version: document.stopcopy,
    body: (id) => body(document, id),
    words: Object.entries(COMPARISON_VERDICTS),
    style: '',
    document,
  };
}

function body({ base, candidate, regression, crowded, counts, results }: Document, id: string): Markup {
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  const sides = ({ kind, revision }: Document['base']): string => (revision === null ? kind : `${kind}, ${revision}`);
  const end = regression ? 'This is a regression.' : 'No regression.';
  return html`${crowdedMarkup(crowded)}
    <p class="lead ${regression ? 'warning' : ''}">${end} ${told === '' ? 'Nothing was compared.' : `${told}.`}</p>
    <dl class="facts">
      <dt>Base</dt>
      <dd>${base.word} (${sides(base)})</dd>
      <dt>Candidate</dt>
      <dd>${candidate.word} (${sides(candidate)})</dd>
    </dl>
    ${effectsPlot(results, id)}
    ${
      results.length === 0
        ? undefined
        : html`<h3>All that is not the same</h3>
            ${tableMarkup(table(results, 'Metrics; exact ones that are the same are counted only'))}`
    }`;
}

/** More bars are in the table. */
const DRAWN = 40;

function effectsPlot(results: readonly Result[], id: string): Markup | undefined {
  const rows = results.flatMap(({ name, effect, low, high, fails }): EffectRow[] =>
    effect === undefined ? [] : [{ label: name, effect, low: low ?? effect, high: high ?? effect, fails }],
  );
  if (rows.length === 0) return undefined;
  return plotMarkup({
    id: `${id}-effects`,
    title: 'Changes from base to candidate',
    source: 'measured: the point is the change, the line its interval; what lies right of 0 has grown.',
    wide: true,
    legend: [
      { text: 'regression', colour: 'var(--c9)', look: 'round' },
      { text: 'all others', colour: 'var(--c1)', look: 'round' },
    ],
    panels: [fullPanel('', (width) => effectChart(rows.slice(0, DRAWN), width))],
    table: table(
      results.filter(({ effect }) => effect !== undefined),
      'Metrics with an effect',
    ),
  });
}

function table(results: readonly Result[], caption: string) {
  return {
    caption,
    head: ['metric', 'kind', 'verdict', 'base', 'candidate', 'change', 'interval', 'pairs', 'why'],
    textColumns: [1, 2, 8],
    rows: results.map((each) => [
      each.name,
      each.kind,
      each.fails ? `${each.verdict} (regression)` : each.verdict,
      cell(each.base, each.unit),
      cell(each.candidate, each.unit),
      each.effect === undefined ? '' : signedPercent(each.effect),
      each.low === undefined || each.high === undefined
        ? ''
        : `${signedPercent(each.low)} to ${signedPercent(each.high)}`,
      each.pairs === undefined ? '' : String(each.pairs),
      each.why ?? '',
    ]),
  };
}

function cell(of: number | string | undefined, unit: string): string {
  return typeof of === 'number' ? formatValue(of, unit) : (of ?? '');
}
