/**
 * Answers of the planner: the number, the binding constraint, the proof, moves over time, what it depends on, and what another value would buy.
 */
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';
import { z } from 'zod';

import { PLAN_FORMAT, PLAN_VERSION, type PlanDocument } from './document.ts';
import { curvePlot, curveSchema, guaranteeSchema } from './curve-section.ts';
import { formatValue } from '../../show/format.ts';
import { bandSentence, besideLimit, presetsSentence } from './words.ts';
import { FIGURE_KINDS } from '../../show/figure.ts';
import { bandChart } from '../../show/charts.ts';
import { html, type Markup } from '../../show/html.ts';
import { type Table, tableMarkup } from '../../show/html-table.ts';
import { day } from '../../../sim/base/day.ts';
import { assumedSentence } from '../../../sim/manager/can-answer.ts';
import { assume } from '../../../sim/manager/question.ts';
import { reportKind } from '../kind-reader.ts';
import { fullPanel, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';
import { schedulePlot, scheduleSchema } from './schedule-section.ts';

const number = z.number().nullable();

export const usedPresetsSchema = z
  .array(z.looseObject({ id: z.string(), asOf: day.nullable() }))
  .describe('Presets of limits that the question names, with the days of which their values are.');

export const intervalSchema = z
  .looseObject({
    low: number,
    median: number,
    high: number,
    draws: z.number(),
    seed: z.number(),
    played: z.number(),
    answered: z.number(),
    holding: number,
  })
  .nullable();

export const planSchema: z.ZodType<PlanDocument> = z.looseObject({
  format: z.literal(PLAN_FORMAT),
  version: z.literal(PLAN_VERSION),
  stopcopy: z.string(),
  question: z.looseObject({
    file: z.string(),
    name: z.string(),
    ask: z.string(),
    description: z.string(),
    assume: assume.optional(),
    asOf: z.array(z.string()).exactOptional(),
  }),
  presets: usedPresetsSchema.exactOptional(),
  kind: z.literal('modelled'),
  answer: z.looseObject({
    feasible: z.boolean(),
    value: number,
    unit: z.string(),
    band: z.looseObject({ short: number, point: number, long: number }),
    interval: intervalSchema,
    sentences: z.array(z.string()),
    constraints: z.array(
      z.looseObject({
        name: z.string(),
        unit: z.string(),
        limit: z.number(),
        used: number,
        next: number,
        binds: z.boolean(),
      }),
    ),
    proof: z.array(
      z.looseObject({
        at: z.number(),
        holds: z.boolean(),
        method: z.enum(['simulation', 'closed form']),
        finding: z.string(),
      }),
    ),
    relaxing: z.array(z.looseObject({ change: z.string(), answer: number })),
    tornado: z
      .looseObject({
        figure: z.string(),
        unit: z.string(),
        value: z.number(),
        bars: z.array(
          z.looseObject({
            parameter: z.string(),
            from: z.string(),
            source: z.string(),
            short: z.number(),
            long: z.number(),
          }),
        ),
      })
      .nullable(),
    tables: z.array(
      z.looseObject({
        title: z.string(),
        columns: z.array(z.looseObject({ name: z.string(), title: z.string(), unit: z.string() })),
        rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
      }),
    ),
    methods: z.array(
      z.looseObject({ figure: z.string(), unit: z.string(), closedForm: z.number(), simulated: z.number() }),
    ),
    schedule: scheduleSchema.exactOptional(),
    guarantee: guaranteeSchema.nullable().exactOptional(),
    curve: curveSchema.exactOptional(),
    anyOrder: z
      .looseObject({ leastNs: z.number(), thisNs: z.number(), mostNs: z.number().nullable() })
      .nullable()
      .exactOptional(),
    nearest: z.string().nullable(),
  }),
});

export const PLAN_KIND = reportKind<PlanDocument>({
  format: PLAN_FORMAT,
  schema: planSchema,
  section: planSection,
  fromPrevious: planFromPrevious,
});

/** A document of version 1 had no interval. */
function planFromPrevious(document: Readonly<Record<string, unknown>>): unknown {
  const { answer } = document;
  return {
    ...document,
    version: PLAN_VERSION,
    answer: typeof answer === 'object' ? { ...answer, interval: null } : answer,
  };
}

export function planSection(document: PlanDocument): ReportSection {
  const { name, description } = document.question;
  return {
    title: `Plan: ${name}`,
    heading: `${name}: ${description}`,
    version: document.stopcopy,
    body: (id) => body(document, id),
    words: [['modelled', FIGURE_KINDS.modelled]],
    style: '',
    document,
  };
}

type PlannedAnswer = PlanDocument['answer'];

function body({ question, answer, presets = [] }: PlanDocument, id: string): Markup {
  const { feasible, sentences, nearest, schedule, curve, guarantee = null, value } = answer;
  const pauses = curve === undefined ? undefined : curvePlot(curve, value, guarantee, id);
  const moves = schedule === undefined ? undefined : schedulePlot(schedule, id);
  return html`<p class="lead ${feasible ? '' : 'warning'}">
      ${assumedSentence(question.assume ?? {}) ?? ''} ${sentences.join(' ')} ${nearest ?? ''}
    </p>
    <p class="source">modelled. ${bandSentence(answer)} ${presetsSentence(presets)}</p>
    ${pauses === undefined ? undefined : plotMarkup(pauses)}
    ${moves === undefined ? undefined : plotMarkup(moves)} ${tornadoPlot(answer, id)}
    ${tablesOf(answer).map(
      (table) =>
        html`<h3>${table.caption}</h3>
          ${tableMarkup({ ...table, headed: true })}`,
    )}`;
}

/** Shorter bars are in the table only. */
const BARS = 10;

function tornadoPlot({ tornado }: PlannedAnswer, id: string): Markup | undefined {
  if (tornado === null || tornado.bars.length === 0) return undefined;
  const { figure, unit, value, bars } = tornado;
  const shown = bars
    .slice(0, BARS)
    .map(({ parameter, short, long }) => ({ label: parameterWords(parameter), short, long }));
  return plotMarkup({
    id: `${id}-tornado`,
    title: `What the ${figure} depends on`,
    source: 'modelled: one parameter after another at the two ends of its range, all others nominal.',
    wide: true,
    legend: [
      { text: 'at its low end', colour: 'var(--c1)' },
      { text: 'at its high end', colour: 'var(--c2)' },
    ],
    panels: [fullPanel('', (width) => bandChart(shown, value, unit, width, 'no effect'))],
    table: {
      caption: `The ${figure}, ${formatValue(value, unit)} nominal`,
      head: ['parameter', 'low', 'high', 'from', 'source'],
      textColumns: [3, 4],
      rows: bars.map(({ parameter, short, long, from, source }) => [
        parameterWords(parameter),
        formatValue(short, unit),
        formatValue(long, unit),
        from,
        source,
      ]),
    },
  });
}

function tablesOf({ constraints, proof, relaxing, methods, tables, unit: of }: PlannedAnswer): readonly Table[] {
  const cell = (value: number | null, unit: string, limit: number): string =>
    value === null ? '' : besideLimit(value, limit, unit, formatValue);
  const all: readonly Table[] = [
    {
      caption: 'What must hold',
      head: ['constraint', 'limit', 'used', 'one further', 'state'],
      textColumns: [4],
      rows: constraints.map(({ name, limit, used, next, binds, unit }) => [
        name,
        formatValue(limit, unit),
        cell(used, unit, limit),
        cell(next, unit, limit),
        binds ? 'binding' : '',
      ]),
    },
    {
      caption: 'Proof',
      head: ['at', 'holds', 'by', 'finding'],
      textColumns: [1, 2, 3],
      rows: proof.map(({ at, holds, method, finding }) => [String(at), holds ? 'yes' : 'no', method, finding]),
    },
    {
      caption: 'What another value would buy',
      head: ['change', 'answer'],
      rows: relaxing.map(({ change, answer }) => [change, answer === null ? 'none' : formatValue(answer, of)]),
    },
    {
      caption: 'The same by closed form and by simulation',
      head: ['figure', 'closed form', 'simulated'],
      rows: methods.map(({ figure, unit, closedForm, simulated }) => [
        figure,
        formatValue(closedForm, unit),
        formatValue(simulated, unit),
      ]),
    },
    ...tables.map(({ title, columns, rows }): Table => ({
      caption: title,
      // A terminal does without a title over words; a screen reader needs one.
      head: columns.map((column) => (column.title === '' ? column.name : column.title)),
      textColumns: columns.flatMap((_, index) => (rows.some((row) => typeof row[index] === 'string') ? [index] : [])),
      rows: rows.map((row) =>
        row.map((value, index) =>
          typeof value === 'number' ? formatValue(value, columns[index]?.unit ?? '') : (value ?? ''),
        ),
      ),
    })),
  ];
  return all.filter(({ rows }) => rows.length > 0);
}
