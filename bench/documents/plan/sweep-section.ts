/**
 * Sweeps of the planner: the answer along the field with most values, a panel for every combination of the others.
 */
import { z } from 'zod';

import { PLAN_VERSION, SWEEP_FORMAT, type SweepCell, type SweepDocument } from './document.ts';
import { intervalSchema, usedPresetsSchema } from './section.ts';
import { words } from './words.ts';
import { FIGURE_KINDS } from '../../show/figure.ts';
import { answerAxis, answerChart, type AnswerPoint, seriesColour } from '../../show/charts.ts';
import { html, type Markup } from '../../show/html.ts';
import { assumedSentence } from '../../../sim/manager/can-answer.ts';
import { assume } from '../../../sim/manager/question.ts';
import { reportKind } from '../kind-reader.ts';
import { fullPanel, type Panel, type Plot, plotMarkup } from '../../show/plot.ts';
import type { ReportSection } from '../../show/section.ts';

const number = z.number().nullable();

export const sweepSchema: z.ZodType<SweepDocument> = z.looseObject({
  format: z.literal(SWEEP_FORMAT),
  version: z.literal(PLAN_VERSION),
  stopcopy: z.string(),
  question: z.looseObject({
    file: z.string(),
    name: z.string(),
    ask: z.string(),
    description: z.string(),
    assume: assume.optional(),
  }),
  presets: usedPresetsSchema.exactOptional(),
  kind: z.literal('modelled'),
  cells: z.array(
    z.looseObject({
      at: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
      outcome: z.discriminatedUnion('kind', [
        z.looseObject({
          kind: z.literal('answered'),
          feasible: z.boolean(),
          value: number,
          unit: z.string(),
          band: z.looseObject({ short: number, point: number, long: number }),
          interval: intervalSchema,
          nearest: z.string().nullable(),
          binding: z.array(z.string()),
        }),
        z.looseObject({ kind: z.literal('refused'), why: z.string() }),
      ]),
    }),
  ),
});

export const SWEEP_KIND = reportKind<SweepDocument>({
  format: SWEEP_FORMAT,
  schema: sweepSchema,
  section: sweepSection,
  fromPrevious: sweepFromPrevious,
});

/** A document of version 1 had no intervals. */
function sweepFromPrevious(document: Readonly<Record<string, unknown>>): unknown {
  const { cells } = document;
  if (!Array.isArray(cells)) return document;
  const newer = (cells as readonly { readonly outcome?: object }[]).map((cell) => ({
    ...cell,
    outcome: { interval: null, ...cell.outcome },
  }));
  return { ...document, version: PLAN_VERSION, cells: newer };
}

export function sweepSection(document: SweepDocument): ReportSection {
  const { name, description } = document.question;
  return {
    title: `Sweep: ${name}`,
    heading: `${name}: ${description}, for several values`,
    version: document.stopcopy,
    body: (id) => body(document, id),
    words: [['modelled', FIGURE_KINDS.modelled]],
    style: '',
    document,
  };
}

function body({ question, cells }: SweepDocument, id: string): Markup {
  const count = (is: (cell: SweepCell) => boolean): number => cells.filter(is).length;
  const refused = count(({ outcome }) => outcome.kind === 'refused');
  const none = count(({ outcome }) => outcome.kind === 'answered' && !outcome.feasible);
  const told = `${cells.length} combinations: ${cells.length - none - refused} with an answer, ${none} without one`;
  return html`<p class="lead ${none + refused === cells.length ? 'warning' : ''}">
      ${assumedSentence(question.assume ?? {}) ?? ''} ${told}${refused === 0 ? '' : `, ${refused} that cannot be asked`}.
    </p>
    <dl class="facts">
      ${fieldsOf(cells).map(
        ({ field, values }) =>
          html`<dt>${field}</dt>
            <dd>${values.join(', ')}</dd>`,
      )}
    </dl>
    ${cells.length === 0 ? undefined : plotMarkup(answersPlot(cells, `${id}-answers`))}`;
}

interface SweptField {
  readonly field: string;
  readonly values: readonly string[];
}

function fieldsOf(cells: readonly SweepCell[]): readonly SweptField[] {
  return Object.keys(cells[0]?.at ?? {}).map((field) => ({
    field,
    values: [...new Set(cells.map(({ at }) => String(at[field])))],
  }));
}

/** Further combinations are in the table only. */
const PANELS_MAX = 24;
const PANEL_WIDTH = 400;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function answersPlot(cells: readonly SweepCell[], id: string): Plot {
  const fields = fieldsOf(cells);
  const along = fields.toSorted((a, b) => b.values.length - a.values.length)[0]!.field;
  const others = fields.map(({ field }) => field).filter((field) => field !== along);
  const bindings = [...new Set(cells.flatMap(({ outcome }) => (hasAnswer(outcome) ? [bindingOf(outcome)] : [])))];
  const points = cells.map((cell) => pointOf(cell, along, bindings));
  const groups = new Map<string, AnswerPoint[]>();
  for (const [index, { at }] of cells.entries()) {
    const title = others.map((field) => `${field} = ${at[field]}`).join(', ');
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [points[index]!]);
    else group.push(points[index]!);
  }
  const unit = cells.flatMap(({ outcome }) => (outcome.kind === 'answered' ? [outcome.unit] : []))[0] ?? '';
  const look = { axis: answerAxis(points), field: along, format: (value: number) => words(value, unit) };
  const panels = [...groups]
    .slice(0, PANELS_MAX)
    .map(([title, own]): Panel =>
      groups.size === 1
        ? fullPanel('', (width) => answerChart(own, { ...look, width }))
        : { title, svg: answerChart(own, { ...look, width: PANEL_WIDTH }) },
    );
  return {
    id,
    title: `The answer against ${along}`,
    source:
      'modelled: the point is the answer, the line is its 80 % interval over draws of everything unknown. ' +
      ` Values of ${along} stand at equal distances.` +
      (groups.size === 1 ? '' : ' The axis of answers is the same in all panels.') +
      (look.axis.log ? ' It is logarithmic.' : '') +
      (groups.size > PANELS_MAX ? ` Of ${groups.size} combinations the first ${PANELS_MAX} are drawn.` : ''),
    wide: true,
    legend: bindings.map((binding, index) => ({
      text: `${markOf(index)}: ${binding === '' ? 'no binding constraint' : binding}`,
      colour: seriesColour(index),
      look: 'round',
    })),
    panels,
    table: {
      caption: 'Answers of all combinations, with their intervals',
      head: [
        ...fields.map(({ field }) => field),
        'answer',
        'nominal',
        'low',
        'high',
        'binding constraint, or why none',
      ],
      textColumns: [...fields.keys(), fields.length + 4],
      rows: cells.map((cell) => rowOf(cell, fields)),
    },
  };
}

type Outcome = SweepCell['outcome'];
type Answered = Extract<Outcome, { readonly kind: 'answered' }>;

/** A number that can be drawn; JSON has null for those that cannot. */
function hasAnswer(outcome: Outcome): outcome is Answered & { readonly value: number } {
  return outcome.kind === 'answered' && outcome.feasible && finite(outcome.value) !== null;
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function bindingOf({ binding }: Answered): string {
  return binding.join('; ');
}

function markOf(index: number): string {
  return LETTERS[index] ?? String(index + 1);
}

function pointOf({ at, outcome }: SweepCell, along: string, bindings: readonly string[]): AnswerPoint {
  const name = String(at[along]);
  if (!hasAnswer(outcome)) {
    const mark = outcome.kind === 'refused' ? 'refused' : 'none';
    return { name, value: null, ends: [], mark, colour: 'var(--c8)' };
  }
  const { value, interval } = outcome;
  const index = bindings.indexOf(bindingOf(outcome));
  return {
    name,
    value,
    ends: [finite(interval?.low ?? null), finite(interval?.high ?? null)],
    mark: markOf(index),
    colour: seriesColour(index),
  };
}

function rowOf({ at, outcome }: SweepCell, fields: readonly SweptField[]): readonly string[] {
  const where = fields.map(({ field }) => String(at[field]));
  if (outcome.kind === 'refused') return [...where, 'refused', '', '', '', outcome.why];
  const { feasible, value, unit, band, interval, nearest } = outcome;
  const one = (figure: number | null): string => (figure === null ? 'none' : words(figure, unit));
  const why = nearest ?? bindingOf(outcome);
  return [
    ...where,
    feasible ? one(value) : 'none',
    one(band.point),
    one(interval?.low ?? null),
    one(interval?.high ?? null),
    why,
  ];
}
