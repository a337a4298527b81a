/**
 * Comparisons of two sides: verdicts, and effects with their intervals.
 */
import { z } from 'zod';

import {
  COMPARISON_FORMAT,
  COMPARISON_VERSION,
  type ComparisonDocument,
  COMPARISON_VERDICTS,
  UNDECIDED,
} from './document.ts';
import { formatValue, signedPercent } from '../../show/format.ts';
import { effectChart, type EffectRow } from '../../show/charts.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { badNewsFirst } from './text.ts';
import { crowdedMarkup } from '../bench/crowded-markup.ts';
import { crowdingSchema } from '../bench/crowding.ts';
import { reportKind } from '../kind-reader.ts';
import { fullPanel, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';
import { countOf } from '../../../sim/base/units.ts';
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
        : html`<h3>Metric by metric</h3>
            ${sharedReasons(results).map(
              ([why, count]) => html`<p>Of ${countOf(count, 'figure')} nothing is decided: ${why}.</p>`,
            )}
            ${tableMarkup(table(badNewsFirst(results), 'Metrics; exact ones that are the same may be counted only'))}`
    }`;
}

/** More bars are in the table. */
const DRAWN = 40;

function effectsPlot(results: readonly Result[], id: string): Markup | undefined {
  const rows = results.flatMap((each): EffectRow[] => {
    const { name, effect, low, high, fails } = each;
    if (effect === undefined || !isComparable(each)) return [];
    return [{ label: name, effect, low: low ?? effect, high: high ?? effect, fails }];
  });
  if (rows.length === 0) return undefined;
  return plotMarkup({
    id: `${id}-effects`,
    title: 'Changes from base to candidate',
    source: 'The point is the change, the line its interval where it was measured; what lies right of 0 has grown.',
    wide: true,
    legend: [
      { text: 'regression', colour: 'var(--c9)', look: 'round' },
      { text: 'all others', colour: 'var(--c1)', look: 'round' },
    ],
    panels: [fullPanel('', (width) => effectChart(rows.slice(0, DRAWN), width))],
    table: table(
      results.filter((each) => each.effect !== undefined && isComparable(each)),
      'Metrics with an effect',
    ),
  });
}

/** Values of one run each, not interleaved, or of other settings, are set side by side: between them there is no difference to show. */
function isComparable(each: Result): boolean {
  return each.verdict !== UNDECIDED || each.low !== undefined;
}

/** Reasons that many rows share are printed once. */
const SHARED_MIN = 3;

function sharedReasons(results: readonly Result[]): readonly (readonly [why: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const each of results) {
    if (each.verdict === UNDECIDED && each.why !== undefined) counts.set(each.why, (counts.get(each.why) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= SHARED_MIN);
}

function table(results: readonly Result[], caption: string) {
  const shared = new Set(sharedReasons(results).map(([why]) => why));
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
      each.effect === undefined || !isComparable(each) ? '' : signedPercent(each.effect),
      each.low === undefined || each.high === undefined
        ? ''
        : `${signedPercent(each.low)} to ${signedPercent(each.high)}`,
      each.pairs === undefined ? '' : String(each.pairs),
      each.why === undefined || shared.has(each.why) ? '' : each.why,
    ]),
  };
}

function cell(of: number | string | undefined, unit: string): string {
  return typeof of === 'number' ? formatValue(of, unit) : (of ?? '');
}
