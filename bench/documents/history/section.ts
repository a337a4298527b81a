/**
 * Histories: metrics over commits, the commits at which a level shifted, and the rest.
 */
import { z } from 'zod';

import { formatValue } from '../../show/format.ts';
import type { SeriesPoint } from './document.ts';
import { changeWords } from './text.ts';
import { METRIC_KINDS } from '../metric.ts';
import { P50_COLOUR, P99_COLOUR, seriesChart, type SeriesLevel, shiftColour } from '../../show/charts.ts';
import { HISTORY_FORMAT, HISTORY_VERSION, type HistoryDocument, type ToldChange } from './document.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { reportKind } from '../kind-reader.ts';
import { fullPanel, type Plot, plotMarkup } from '../../show/plot.ts';
import type { ReportKind, ReportSection } from '../../show/section.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const change = z.looseObject({
  commit: z.string(),
  subject: z.string(),
  time: z.string(),
  lastBefore: z.string(),
  before: z.number(),
  after: z.number(),
  effect: z.number().nullable(),
  p: z.number(),
  worse: z.boolean(),
});

export const historySchema: z.ZodType<HistoryDocument> = z.looseObject({
  format: z.literal(HISTORY_FORMAT),
  version: z.literal(HISTORY_VERSION),
  stopcopy: z.string(),
  machine: z.string(),
  about: z.string(),
  series: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.enum(keysOf(METRIC_KINDS)),
      unit: z.string(),
      machine: z.string(),
      points: z
        .array(z.looseObject({ time: z.string(), commit: z.string(), subject: z.string(), value: z.number() }))
        .exactOptional(),
      values: z.number().exactOptional(),
      changes: z.array(change),
    }),
  ),
});

export const HISTORY_KIND: ReportKind = reportKind<HistoryDocument>({
  format: HISTORY_FORMAT,
  schema: historySchema,
  section: historySection,
});

type Told = HistoryDocument['series'][number];
type Drawn = Told & { readonly points: readonly SeriesPoint[] };

export function historySection(document: HistoryDocument): ReportSection {
  const { series, machine, stopcopy } = document;
  const only = series.length === 1 ? series[0]!.name : undefined;
  const kinds = new Set(series.map(({ kind }) => kind));
  return {
    title: only === undefined ? 'History of metrics' : `History: ${only}`,
    heading: only === undefined ? `Metrics of machine ${machine} over commits` : `${only} over commits`,
    version: stopcopy,
    body: (id) => body(document, id),
    words: [
      ...keysOf(METRIC_KINDS).flatMap((kind) => (kinds.has(kind) ? [[kind, METRIC_KINDS[kind]] as const] : [])),
      ['change point', 'a shift of the level of a metric for good or for a while, found by ranks (docs/regression.md)'],
    ],
    style: '',
    document: embedded(document),
  };
}

/** Further series are in the tables only. */
const SERIES_DRAWN = 12;
/** Values of all series together that are on the page: some 300 bytes each, in chart, table and data. */
const VALUES_SHOWN = 3000;

/** The series that are drawn: those with values whose level shifted most. */
function drawnOf(series: readonly Told[]): {
  readonly drawn: readonly Drawn[];
  readonly able: number;
  readonly values: number;
} {
  const able = series.filter(isDrawn).toSorted((a, b) => largest(b) - largest(a));
  const drawn = able.slice(0, SERIES_DRAWN);
  return { drawn, able: able.length, values: Math.floor(VALUES_SHOWN / Math.max(1, drawn.length)) };
}

/** The document as the page carries it: of a long history, the values that are shown. */
function embedded(document: HistoryDocument): HistoryDocument {
  const { drawn, values } = drawnOf(document.series);
  const series = document.series.map((each): Told => {
    const { points, ...rest } = each;
    if (points === undefined) return each;
    if (!drawn.some(({ name }) => name === each.name)) return { ...rest, values: points.length };
    return points.length <= values ? each : { ...rest, points: points.slice(-values), values: points.length };
  });
  return { ...document, series };
}

const countOf = ({ points, values }: Told): number => values ?? points?.length ?? 0;
const isDrawn = (each: Told): each is Drawn => (each.points?.length ?? 0) > 0;

/** The largest shift of a series, up or down alike. */
function largest({ changes }: Told): number {
  return Math.max(0, ...changes.map(({ effect }) => (effect === null ? Infinity : Math.abs(Math.log1p(effect)))));
}

function body({ machine, about, series }: HistoryDocument, id: string): Markup {
  const values = series.reduce((sum, each) => sum + countOf(each), 0);
  const changes = series.reduce((sum, each) => sum + each.changes.length, 0);
  const changed = series.filter((each) => each.changes.length > 0);
  const worse = changed.filter((each) => each.changes.at(-1)!.worse).length;
  const { drawn, able, values: shown } = drawnOf(series);
  const told =
    `${numbered(series.length, 'metric')}, ${numbered(values, 'value')}; ` +
    (changed.length === 0
      ? 'no level shifted.'
      : `${numbered(changes, 'change point')} in ${numbered(changed.length, 'metric')}, of which ${worse} ` +
        `${worse === 1 ? 'was' : 'were'} made worse by the last one.`);
  return html`<p class="lead ${worse > 0 ? 'warning' : ''}">${told}</p>
    <dl class="facts">
      <dt>Machine</dt>
      <dd>${machine}${about === '' ? '' : `: ${about}`}</dd>
    </dl>
    ${changed.length === 0 ? undefined : changesTable(changed)}
    ${drawn.map((each, index) => plotMarkup(seriesPlot(each, `${id}-m${index}`, shown)))}
    ${
      able > drawn.length
        ? html`<p>Of ${able} metrics those ${drawn.length} are drawn whose level shifted most.</p>`
        : undefined
    }
    ${
      able === 0 && series.length > 0
        ? html`<p>The document has no values, only how many there are: with one metric named, or as an export, it has.</p>`
        : undefined
    }
    ${series.length > 1 ? metricsTable(series) : undefined}`;
}

const numbered = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const short = (commit: string): string => commit.slice(0, 10);

function changesTable(changed: readonly Told[]): Markup {
  return html`<h3>Change points</h3>
    ${tableMarkup({
      caption: 'Change points: medians of the stretches before and after',
      head: ['metric', 'kind', 'since', 'last before', 'before', 'after', 'change', 'is', 'subject'],
      textColumns: [1, 2, 3, 7, 8],
      rows: changed.flatMap(({ name, kind, unit, changes }) =>
        changes.map((each) => [
          name,
          kind,
          short(each.commit),
          short(each.lastBefore),
          formatValue(each.before, unit),
          formatValue(each.after, unit),
          changeWords(each.effect),
          each.worse ? 'worse' : 'better',
          each.subject,
        ]),
      ),
    })}`;
}

function metricsTable(series: readonly Told[]): Markup {
  return html`<h3>All metrics</h3>
    ${tableMarkup({
      caption: 'All metrics of this machine',
      head: ['metric', 'kind', 'values', 'smallest', 'largest', 'newest', 'change points'],
      textColumns: [1],
      rows: series.map((each) => [
        each.name,
        each.kind,
        String(countOf(each)),
        ...extremes(each),
        String(each.changes.length),
      ]),
    })}`;
}

function extremes({ points = [], unit }: Told): readonly string[] {
  const newest = points.at(-1);
  if (newest === undefined) return ['', '', ''];
  let [low, high] = [newest.value, newest.value];
  for (const { value } of points) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high, newest.value].map((value) => formatValue(value, unit));
}

/** Places of the change points among all values; a document that was changed by hand may have others. */
function placesOf({ points, changes }: Drawn): readonly (ToldChange & { readonly index: number })[] {
  return changes.flatMap((each) => {
    const index = points.findIndex(({ commit, time }) => commit === each.commit && time === each.time);
    return index === -1 ? [] : [{ ...each, index }];
  });
}

function seriesPlot(series: Drawn, id: string, valuesMost: number): Plot {
  const { name, kind, unit, machine, points } = series;
  const shifts = placesOf(series);
  const first = Math.max(0, points.length - valuesMost);
  const shown = points.slice(first);
  const levels = levelsOf(shifts, points.length).flatMap(({ from, end, value }): SeriesLevel[] =>
    end <= first ? [] : [{ from: Math.max(0, from - first), end: end - first, value }],
  );
  const seen = shifts.flatMap((each, at) => (each.index < first ? [] : [{ ...each, label: String(at + 1) }]));
  const older = first === 0 ? '' : ` Of ${points.length} values the newest ${valuesMost} are here; an export has all.`;
  return {
    id,
    title: name,
    source:
      `${kind}: one value per record, of machine ${machine}, in the order of time. The axis of values need not begin ` +
      `at 0.${seen.length === 0 ? ' No change point.' : ''}${older}`,
    wide: true,
    legend: [
      { text: 'value', colour: P50_COLOUR, look: 'round' },
      ...(levels.length === 0 ? [] : [{ text: 'level: median of a stretch', colour: P99_COLOUR }]),
      ...seen.map(({ label, commit, before, after, effect, worse }) => ({
        text:
          `${label}: since ${short(commit)}, ${formatValue(before, unit)} to ${formatValue(after, unit)}, ` +
          `${changeWords(effect)}: ${worse ? 'worse (whole line)' : 'better (dashed line)'}`,
        colour: shiftColour(worse),
      })),
    ],
    panels: [
      fullPanel('', (width) =>
        seriesChart(
          shown.map(({ value }) => value),
          {
            names: shown.map(({ commit }) => short(commit)),
            levels,
            shifts: seen.map(({ index, label, worse }) => ({ index: index - first, label, worse })),
            unit,
            width,
          },
        ),
      ),
    ],
    table: {
      caption: `Values of ${name}, ${kind}`,
      head: ['commit', 'time', 'value', 'change point', 'subject'],
      textColumns: [1, 3, 4],
      rows: shown.map(({ commit, time, value, subject }, at) => {
        const shift = seen.find(({ index }) => index === at + first);
        const mark = shift === undefined ? '' : `${shift.label}: ${shift.worse ? 'worse' : 'better'}`;
        return [short(commit), time.slice(0, 19).replace('T', ' '), formatValue(value, unit), mark, subject];
      }),
    },
  };
}

/** The stretches between change points; none where nothing shifted. */
function levelsOf(
  shifts: readonly (ToldChange & { readonly index: number })[],
  length: number,
): readonly SeriesLevel[] {
  const [head] = shifts;
  if (head === undefined) return [];
  return [
    { from: 0, end: head.index, value: head.before },
    ...shifts.map(({ index, after }, at) => ({ from: index, end: shifts[at + 1]?.index ?? length, value: after })),
  ];
}
