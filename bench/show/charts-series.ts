/**
 * Charts of values that follow each other: a metric over commits with its levels, and answers along a field of a sweep.
 */
import { axisLook, axisTitle, decades, draw, type DrawApi, INK, label, P50_COLOUR, P99_COLOUR } from './chart-base.ts';

interface SeriesShift {
  /** Place of the first value on the new level. */
  readonly index: number;
  readonly label: string;
  readonly worse: boolean;
}

export interface SeriesLevel {
  /** Places of its first value, and of the first one after it. */
  readonly from: number;
  readonly end: number;
  readonly value: number;
}

export interface SeriesLook {
  readonly names: readonly string[];
  readonly levels: readonly SeriesLevel[];
  readonly shifts: readonly SeriesShift[];
  readonly unit: string;
  readonly width: number;
}

/** With more values a point each would be a blot. */
const POINTS_MAX = 200;
/** The least that an axis spans, as a share of what it shows: below it, labels of three digits would be alike. */
const SPAN_MIN = 0.04;

/** Values in their order, the medians of their stretches, and where a level shifted. */
export function seriesChart(values: readonly number[], { names, levels, shifts, unit, width }: SeriesLook): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const least = Math.max(Math.abs(low), Math.abs(high)) * SPAN_MIN;
  const room = Math.max((high - low) * 0.1, (least - (high - low)) / 2) || 1;
  return draw(width, 260, {
    grid: { left: 74, right: 24, top: 28, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'category',
      data: [...names],
      axisLabel: { color: INK, hideOverlap: true },
      ...axisTitle('commit', 28),
    },
    yAxis: {
      ...axisLook(),
      type: 'value',
      min: low >= 0 ? Math.max(0, low - room) : low - room,
      max: high + room,
      splitNumber: 4,
      axisLabel: { ...label(unit), showMinLabel: false, showMaxLabel: false },
    },
    series: [
      {
        type: 'line',
        data: [...values],
        symbol: values.length > POINTS_MAX ? 'none' : 'circle',
        symbolSize: 5,
        showAllSymbol: true,
        itemStyle: { color: P50_COLOUR },
        lineStyle: { color: P50_COLOUR, width: 1 },
        markLine: {
          silent: true,
          symbol: 'none',
          data: shifts.map(({ index, label: text, worse }) => ({
            xAxis: index,
            lineStyle: { color: shiftColour(worse), width: 2, type: worse ? ('solid' as const) : ('dashed' as const) },
            label: { formatter: text, position: 'end' as const, color: INK },
          })),
        },
      },
      {
        type: 'custom',
        data: levels.map(({ from, end, value }) => [from, end, value]),
        renderItem: (_params: unknown, api: DrawApi) => {
          const [x1 = 0, y1 = 0] = api.coord([Number(api.value(0)), Number(api.value(2))]);
          const x2 = api.coord([Number(api.value(1)) - 1, Number(api.value(2))])[0] ?? x1;
          return {
            type: 'line' as const,
            shape: { x1, y1, x2: Math.max(x2, x1 + 1), y2: y1 },
            style: { stroke: P99_COLOUR, lineWidth: 3 },
          };
        },
      },
    ],
  });
}

export function shiftColour(worse: boolean): string {
  return worse ? 'var(--c9)' : 'var(--c3)';
}

export interface AnswerPoint {
  readonly name: string;
  /** Null: there is none, and `mark` says why. */
  readonly value: number | null;
  /** With all parameters at one end; null: no answer there. */
  readonly ends: readonly (number | null)[];
  /** A word or a letter above the point. */
  readonly mark: string;
  readonly colour: string;
}

export interface AnswerAxis {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** An axis that all answers have room on; logarithmic where they lie far apart. */
export function answerAxis(points: readonly AnswerPoint[]): AnswerAxis {
  const values = points.flatMap(({ value, ends }) => [value, ...ends].filter((each) => each !== null));
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low > 0 && high / low > 30) return { ...decades(values), log: true };
  return { low: Math.min(0, low), high: values.length === 0 || high <= 0 ? 1 : high * 1.12, log: false };
}

export interface AnswerLook {
  readonly axis: AnswerAxis;
  /** What the points differ in. */
  readonly field: string;
  readonly format: (value: number) => string;
  readonly width: number;
}

/** Answers as points with their bands, at equal distances. */
export function answerChart(points: readonly AnswerPoint[], { axis, field, format, width }: AnswerLook): string {
  const { low, high, log } = axis;
  return draw(width, 260, {
    grid: { left: 84, right: 20, top: 20, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'category',
      data: points.map(({ name }) => name),
      axisLabel: { color: INK, hideOverlap: true },
      ...axisTitle(field, 28),
    },
    yAxis: {
      ...axisLook(),
      type: log ? 'log' : 'value',
      min: low,
      max: high,
      splitNumber: 4,
      axisLabel: { color: INK, hideOverlap: true, showMaxLabel: log, formatter: format },
    },
    series: [
      {
        type: 'custom',
        data: points.map(({ value }, index) => [index, value ?? low]),
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const { value, ends, mark, colour } = points[params.dataIndex]!;
          const at = (of: number): number => api.coord([params.dataIndex, of])[1] ?? 0;
          const [x = 0, y = 0] = api.coord([params.dataIndex, value ?? low]);
          const band = value === null ? [] : [value, ...ends].filter((each) => each !== null).map(at);
          const top = Math.min(y, ...band);
          const stroke = (x1: number, y1: number, x2: number, y2: number) => ({
            type: 'line' as const,
            shape: { x1, y1, x2, y2 },
            style: { stroke: colour, lineWidth: 2, opacity: 0.6 },
          });
          return {
            type: 'group' as const,
            children: [
              ...(band.length < 2
                ? []
                : [
                    stroke(x, top, x, Math.max(...band)),
                    stroke(x - 5, top, x + 5, top),
                    stroke(x - 5, Math.max(...band), x + 5, Math.max(...band)),
                  ]),
              ...(value === null
                ? []
                : [{ type: 'circle' as const, shape: { cx: x, cy: y, r: 5 }, style: { fill: colour } }]),
              {
                type: 'text' as const,
                style: { text: mark, x, y: top - 6, fill: INK, textAlign: 'center', textVerticalAlign: 'bottom' },
              },
            ],
          };
        },
      },
    ],
  });
}
