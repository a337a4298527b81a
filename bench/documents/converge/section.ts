/**
 * Policies against classes on a page: the answer for each class, pause against time with the Pareto front, and all figures.
 */
import { z } from 'zod';

import { durationText } from '../../../sim/base/quantity.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import type { Interval, PlayedClassSummary } from '../../../sim/converge/draws-summary.ts';
import { MOVE_ENDS } from '../../../sim/converge/play.ts';
import { type ClassSummary, type PolicySummary, PREFERENCES, type Quantiles } from '../../../sim/converge/summary.ts';
import { END_REASONS } from '../../../sim/memory/precopy-end.ts';
import { tableOf } from '../../../sim/base/keys.ts';
import { frontChart, type FrontPoint, seriesColour } from '../../show/charts.ts';
import { FIGURE_KINDS } from '../../show/figure.ts';
import { formatValue } from '../../show/format.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';
import { type Plot, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';
import { reportKind } from '../kind-reader.ts';
import { CONVERGE_RESULT, CONVERGE_RESULT_VERSION, type ConvergeDocument } from './document.ts';
import { answerSentence, percent, PREFERENCE_WORDS, shareText } from './words.ts';

const count = z.int().min(0);
const quantile = z.number().nullable();
const quantiles = z.looseObject({ p50: quantile, p90: quantile, p99: quantile });
const shareSchema = z.looseObject({ value: z.number(), low: z.number(), high: z.number() });

const policySchema: z.ZodType<PolicySummary> = z.looseObject({
  policy: z.string(),
  ends: z.looseObject(tableOf(MOVE_ENDS, () => count)),
  reasons: z.partialRecord(z.enum(END_REASONS), count),
  failed: shareSchema,
  totalNs: quantiles,
  pauseNs: quantiles,
  sentBytes: quantiles,
  slowdown: quantiles,
  writerSlowdown: quantiles,
  readerSlowdown: quantiles,
  postCopy: z
    .looseObject({
      switched: shareSchema,
      arrivesNs: quantiles,
      waitedPages: quantiles,
      waiting: quantiles,
      lostPerMillion: z.number(),
    })
    .nullable(),
  onFront: z.boolean(),
  best: shareSchema,
});

const answerSchema = z
  .looseObject({
    policy: z.string(),
    best: shareSchema,
    against: z.array(
      z.looseObject({
        policy: z.string(),
        better: count,
        worse: count,
        same: count,
        share: shareSchema.nullable(),
      }),
    ),
    sure: z.boolean(),
  })
  .nullable();

const interval = z.looseObject({ low: z.number(), high: z.number() });

const drawnSchema = z
  .looseObject({
    draws: count,
    guests: count,
    policies: z.array(
      z.looseObject({
        policy: z.string(),
        failed: interval,
        best: interval,
        totalNs: interval.nullable(),
        pauseNs: interval.nullable(),
        sentBytes: interval.nullable(),
        writerSlowdown: interval.nullable(),
      }),
    ),
    won: count.nullable(),
    bestShare: z.number().nullable(),
  })
  .nullable();

const classSchema: z.ZodType<PlayedClassSummary> = z.looseObject({
  workload: z.string(),
  seeds: count,
  policies: z.array(policySchema).min(1),
  answer: answerSchema,
  without: answerSchema,
  drawn: drawnSchema,
});

export const convergeResultSchema: z.ZodType<ConvergeDocument> = z.looseObject({
  format: z.literal(CONVERGE_RESULT),
  version: z.literal(CONVERGE_RESULT_VERSION),
  stopcopy: z.string(),
  kind: z.literal('modelled'),
  question: z.looseObject({
    file: z.string(),
    name: z.string(),
    description: z.string(),
    gigabitsPerSecond: z.number(),
    horizonNs: z.number(),
    faultEveryNs: z.number(),
    seeds: count,
    seed: count,
    draws: count,
    prefer: z.enum(PREFERENCES),
  }),
  policies: z.array(
    z.looseObject({
      name: z.string(),
      title: z.string(),
      source: z.string(),
      date: z.string().nullable(),
      settings: z.looseObject({
        downtimeLimitNs: z.exactOptional(z.number()),
        timeoutNs: z.exactOptional(z.number()),
        whenOut: z.exactOptional(z.enum(['cancel', 'stop'])),
        maxDowntimeNs: z.exactOptional(z.number()),
        quotaMib: z.exactOptional(z.number()),
        iterations: z.exactOptional(z.number()),
      }),
    }),
  ),
  workloads: z.array(z.looseObject({ name: z.string(), title: z.string(), basis: z.string(), source: z.string() })),
  classes: z.array(classSchema),
  moves: count,
  events: count,
});

export const CONVERGE_KIND = reportKind<ConvergeDocument>({
  format: CONVERGE_RESULT,
  schema: convergeResultSchema,
  section: convergeSection,
});

export function convergeSection(document: ConvergeDocument): ReportSection {
  const { name, description } = document.question;
  return {
    title: `Policies: ${name}`,
    heading: description === '' ? name : `${name}: ${description}`,
    version: document.stopcopy,
    body: (id) => body(document, id),
    words: [['modelled', FIGURE_KINDS.modelled]],
    style: '',
    document,
  };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function markOf(index: number): string {
  return LETTERS[index] ?? String(index + 1);
}

function body(document: ConvergeDocument, id: string): Markup {
  const { question, classes, policies, workloads } = document;
  return html`<ul class="lead">
      ${classes.map((each) => html`<li>${answerSentence(each)}</li>`)}
    </ul>
    <dl class="facts">
      <dt>link</dt>
      <dd>${String(question.gigabitsPerSecond)} Gbit/s</dd>
      <dt>seeds of each class</dt>
      <dd>${String(question.seeds)}, from ${String(question.seed)} on</dd>
      <dt>best by</dt>
      <dd>${PREFERENCE_WORDS[question.prefer]}</dd>
      <dt>endless</dt>
      <dd>not done within ${formatValue(question.horizonNs, 'ns')}</dd>
      <dt>faults</dt>
      <dd>one each ${durationText(question.faultEveryNs)} at the mean: in post-copy it loses the VM</dd>
    </dl>
    ${plotMarkup(frontPlot(document, `${id}-front`))}
    ${question.draws === 0 ? '' : drawnTable(document)}
    ${tableMarkup({
      caption: 'Policies, and where their rules were read',
      head: ['policy', 'what it is', 'source', 'date'],
      textColumns: [0, 1, 2, 3],
      rows: policies.map(({ name, title, source, date }) => [name, title, source, date ?? '']),
    })}
    ${tableMarkup({
      caption: 'Classes of workloads, and where their ranges come from',
      head: ['class', 'what it is', 'basis', 'source'],
      textColumns: [0, 1, 2, 3],
      rows: workloads.map(({ name, title, basis, source }) => [name, title, basis, source]),
    })}`;
}

function frontPlot({ classes }: ConvergeDocument, id: string): Plot {
  const names = (classes[0]?.policies ?? []).map(({ policy }) => policy);
  const pointsOf = ({ policies }: ClassSummary): readonly FrontPoint[] =>
    policies.flatMap(({ totalNs, pauseNs, onFront }, i): readonly FrontPoint[] =>
      totalNs.p50 === null || pauseNs.p50 === null
        ? []
        : [{ mark: markOf(i), totalNs: totalNs.p50, pauseNs: pauseNs.p50, colour: seriesColour(i), onFront }],
    );
  const all = classes.flatMap((each) => pointsOf(each));
  return {
    id,
    title: 'Pause against time',
    source:
      'modelled: medians over the seeds whose VM moved. Filled: on the Pareto front of failures, time, pause, slow-down and lost VMs. ' +
      'Both axes are logarithmic, and the same in all panels.',
    wide: true,
    legend: names.map((name, i) => ({ text: `${markOf(i)}: ${name}`, colour: seriesColour(i), look: 'round' })),
    panels: classes.map((each) => ({ title: each.workload, svg: frontChart(pointsOf(each), all) })),
    table: {
      caption: 'All figures, by class and policy',
      head: ['class', 'policy', 'front', 'best', 'fails', 'why'].concat(
        ['time', 'pause', 'sent', 'slower', 'writers', 'readers'].flatMap((name) => partsOf(name)),
        ['post-copy', ...partsOf('all there'), ...partsOf('waiting'), 'lost in a million'],
      ),
      textColumns: [0, 1, 2, 5],
      rows: classes.flatMap(({ workload, policies }) => policies.map((row) => figuresOf(workload, row))),
    },
  };
}

function drawnTable({ question: { draws }, classes }: ConvergeDocument): Markup {
  const text = (of: Interval | null, show: (value: number) => string): string =>
    of === null ? '' : `${show(of.low)} to ${show(of.high)}`;
  const time = (ns: number): string => formatValue(ns, 'ns');
  return tableMarkup({
    caption: `Parameters drawn: what holds each figure in 80 % of ${draws} draws within the ranges of all parameters`,
    head: ['class', 'policy', 'best', 'fails', 'time p50', 'pause p50', 'sent p50', 'writers p50'],
    textColumns: [0, 1],
    rows: classes.flatMap(({ workload, drawn }) =>
      (drawn?.policies ?? []).map((row) => [
        workload,
        row.policy,
        text(row.best, percent),
        text(row.failed, percent),
        text(row.totalNs, time),
        text(row.pauseNs, time),
        text(row.sentBytes, (bytes) => formatValue(bytes, 'B')),
        text(row.writerSlowdown, percent),
      ]),
    ),
  });
}

function partsOf(name: string): readonly string[] {
  return ['p50', 'p90', 'p99'].map((part) => `${name} ${part}`);
}

function figuresOf(workload: string, row: PolicySummary): readonly string[] {
  const three = ({ p50, p90, p99 }: Quantiles, text: (value: number) => string): readonly string[] =>
    [p50, p90, p99].map((value) => (value === null ? '' : text(value)));
  const time = (ns: number): string => formatValue(ns, 'ns');
  const why = keysOf(row.reasons).map((reason) => `${reason} ${row.reasons[reason]}`);
  return [
    workload,
    row.policy,
    row.onFront ? 'yes' : '',
    shareText(row.best),
    shareText(row.failed),
    [...why, ...(row.ends.endless === 0 ? [] : [`endless ${row.ends.endless}`])].join(', '),
    ...three(row.totalNs, time),
    ...three(row.pauseNs, time),
    ...three(row.sentBytes, (bytes) => formatValue(bytes, 'B')),
    ...[row.slowdown, row.writerSlowdown, row.readerSlowdown].flatMap((each) => three(each, percent)),
    ...(row.postCopy === null
      ? Array.from({ length: 8 }, () => '')
      : [
          shareText(row.postCopy.switched),
          ...three(row.postCopy.arrivesNs, time),
          ...three(row.postCopy.waiting, percent),
          row.postCopy.lostPerMillion.toPrecision(2),
        ]),
  ];
}
