/**
 * Horizontal bars: how far a figure moves (a tornado), and figures with their ranges.
 */
import { formatValue } from './format.ts';
import {
  axisLook,
  breakWidth,
  decades,
  draw,
  type DrawApi,
  INK,
  label,
  labelWidth,
  PAPER,
  type Range,
  rowHeight,
} from './chart-base.ts';

export interface BandRow {
  readonly label: string;
  /** The figure with the parameter where it makes it small, and where it makes it large. */
  readonly short: number;
  readonly long: number;
}

const ROW = 26;
const LABEL_WIDTH = 172;
/** About so many letters have room on a line of a label. */
const LETTERS = 26;

/**
 * A tornado: one bar per parameter around the nominal value, the widest on top if the rows come so. Where a bar is too short to
 * be seen, words say how far the figure moves.
 *
 * @param unmoved what is said where the figure does not move at all; undefined: nothing
 */
export function bandChart(
  rows: readonly BandRow[],
  point: number,
  unit: string,
  width: number,
  unmoved?: string,
): string {
  const left = labelWidth(width);
  const values = [point, ...rows.flatMap(({ short, long }) => [short, long])];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max((high - low) * 0.06, Math.abs(point) * 1e-6, 1e-9);
  const seen = (2 * (high - low + 2 * room)) / (width - left - 24);
  const wordsOf = ({ short, long }: BandRow): string => {
    const most = Math.max(Math.abs(short - point), Math.abs(long - point));
    if (most >= seen) return '';
    return most === 0 ? (unmoved ?? '') : `at most ${formatValue(most, unit)}`;
  };
  return draw(width, 60 + rowHeight(width) * rows.length, {
    grid: { left, right: 24, top: 24, bottom: 30 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: Math.max(0, low - room),
      max: high + room,
      axisLabel: { ...label(unit), showMinLabel: false, showMaxLabel: false },
      splitNumber: 4,
    },
    yAxis: categories(
      rows.map((row) => row.label),
      left,
    ),
    series: [bandBars(rows, point), bandWords(rows.map(wordsOf), point, (left + width) / 2)],
  });
}

/** From the nominal value to both ends of each row. */
function bandBars(rows: readonly BandRow[], point: number) {
  return {
    type: 'custom' as const,
    // Both ends may lie on the same side of the point: the shorter bar is on top.
    data: rows.flatMap(({ short, long }, index) => {
      const ends = [
        [index, short, 0],
        [index, long, 1],
      ];
      return Math.abs(short - point) < Math.abs(long - point) ? ends.toReversed() : ends;
    }),
    renderItem: (_params: unknown, api: DrawApi) => {
      const row = Number(api.value(0));
      const [atX = 0, y = 0] = api.coord([Number(api.value(1)), row]);
      const middle = api.coord([point, row])[0] ?? 0;
      return {
        type: 'rect' as const,
        shape: { x: Math.min(atX, middle), y: y - 8, width: Math.max(1, Math.abs(atX - middle)), height: 16 },
        style: { fill: Number(api.value(2)) === 0 ? 'var(--c1)' : 'var(--c2)', stroke: PAPER, lineWidth: 0.5 },
      };
    },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: INK, type: 'solid' as const },
      label: { formatter: 'nominal', position: 'start' as const, color: INK },
      data: [{ xAxis: point }],
    },
  };
}

/** A text for each row, on the side of the point on which there is more room. @param middle of the plot, in pixels */
function bandWords(texts: readonly string[], point: number, middle: number) {
  return {
    type: 'custom' as const,
    silent: true,
    data: texts.map((_, index) => [point, index]),
    renderItem: ({ dataIndex: row }: { dataIndex: number }, api: DrawApi) => {
      const [x = 0, y = 0] = api.coord([point, row]);
      const right = x < middle;
      return {
        type: 'text' as const,
        style: {
          text: texts[row] ?? '',
          x: right ? x + 6 : x - 6,
          y,
          fill: INK,
          textAlign: right ? ('left' as const) : ('right' as const),
          textVerticalAlign: 'middle' as const,
        },
      };
    },
  };
}

export interface ValueRow extends Range {
  readonly label: string;
  readonly value: number;
}

/** Figures of one unit as points with their ranges; the axis is logarithmic where they lie far apart. */
export function valueChart(rows: readonly ValueRow[], unit: string, colour: string): string {
  const values = rows.flatMap(({ low, high }) => [low, high]);
  const smallest = Math.min(...values);
  const log = smallest > 0 && Math.max(...values) / smallest > 30;
  const { low: min, high: max } = decades(values);
  const axis = log
    ? { ...axisLook(), type: 'log' as const, min, max, axisLabel: label(unit) }
    : { ...axisLook(), type: 'value' as const, min: 0, axisLabel: label(unit), splitNumber: 3 };
  const names = rows.map(({ label: name }) => brokenAtCommas(name));
  const lines = Math.max(...names.map((name) => name.split('\n').length));
  return draw(420, 50 + Math.max(ROW, 12 * lines + 6) * rows.length, {
    grid: { left: LABEL_WIDTH, right: 30, top: 8, bottom: 30 },
    xAxis: axis,
    yAxis: categories(names, LABEL_WIDTH),
    series: [
      {
        type: 'custom',
        data: rows.map(({ low, high }, index) => [index, low, high]),
        // So that the axis reaches the ends of the ranges.
        encode: { x: [1, 2], y: 0 },
        renderItem: (_params: unknown, api: DrawApi) => {
          const [x1 = 0, y1 = 0] = api.coord([Number(api.value(1)), Number(api.value(0))]);
          const x2 = api.coord([Number(api.value(2)), Number(api.value(0))])[0] ?? 0;
          return {
            type: 'line' as const,
            shape: { x1, y1, x2, y2: y1 },
            style: { stroke: colour, lineWidth: 4, opacity: 0.4 },
          };
        },
      },
      {
        type: 'scatter',
        data: rows.map(({ value }, index) => [value, index]),
        symbolSize: 9,
        itemStyle: { color: colour, opacity: 1 },
      },
    ],
  });
}

/** A list in lines that end with a comma each; a word that is longer than a line is left to the axis. */
function brokenAtCommas(name: string): string {
  const lines: string[] = [];
  for (const part of name.split(', ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + part.length <= LETTERS) lines[lines.length - 1] = `${last}, ${part}`;
    else lines.push(part);
  }
  return lines.join(',\n');
}

export interface EffectRow extends Range {
  readonly label: string;
  /** A share: 0 is no change. */
  readonly effect: number;
  readonly fails: boolean;
}

/** Changes with their intervals, around the line of no change. */
export function effectChart(rows: readonly EffectRow[], width: number): string {
  const left = labelWidth(width);
  const most = Math.max(...rows.flatMap(({ low, high, effect }) => [low, high, effect].map(Math.abs)), 0.01) * 1.05;
  const colour = (index: number): string => (rows[index]?.fails === true ? 'var(--c9)' : 'var(--c1)');
  return draw(width, 60 + rowHeight(width) * rows.length, {
    grid: { left, right: 24, top: 8, bottom: 30 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: -most,
      max: most,
      splitNumber: 4,
      axisLabel: {
        color: INK,
        hideOverlap: true,
        showMinLabel: false,
        showMaxLabel: false,
        formatter: (value: number) => `${value > 0 ? '+' : ''}${Number((value * 100).toPrecision(3))} %`,
      },
    },
    yAxis: categories(
      rows.map((row) => row.label),
      left,
    ),
    series: [
      {
        type: 'custom',
        data: rows.map(({ low, high }, index) => [index, low, high]),
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const [x1 = 0, y1 = 0] = api.coord([Number(api.value(1)), Number(api.value(0))]);
          const x2 = api.coord([Number(api.value(2)), Number(api.value(0))])[0] ?? 0;
          const style = { stroke: colour(params.dataIndex), lineWidth: 4, opacity: 0.4 };
          return { type: 'line' as const, shape: { x1, y1, x2, y2: y1 }, style };
        },
      },
      {
        type: 'scatter',
        symbolSize: 9,
        data: rows.map(({ effect }, index) => ({
          value: [effect, index],
          itemStyle: { color: colour(index), opacity: 1 },
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: INK, type: 'solid' },
          label: { show: false },
          data: [{ xAxis: 0 }],
        },
      },
    ],
  });
}

export interface StepRow extends Range {
  readonly label: string;
  /** How long the step lasts; low and high are the interval of that. */
  readonly ns: number;
  readonly colour: string;
}

/** Steps one after another, each from where the last one ends, with a line over what it may last. */
export function waterfallChart(rows: readonly StepRow[], width: number): string {
  const left = labelWidth(width);
  const begins = rows.map((_, index) => rows.slice(0, index).reduce((sum, { ns }) => sum + ns, 0));
  const most = Math.max(...rows.map(({ ns, high }, index) => begins[index]! + Math.max(ns, high)));
  return draw(width, 60 + rowHeight(width) * rows.length, {
    grid: { left, right: 24, top: 8, bottom: 30 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: 0,
      max: most,
      axisLabel: { ...label('ns'), showMaxLabel: false },
      splitNumber: 4,
    },
    yAxis: categories(
      rows.map((row) => row.label),
      left,
    ),
    series: [
      {
        type: 'custom',
        data: rows.map(({ ns, low, high }, index) => {
          const at = begins[index]!;
          return [index, at, at + ns, at + low, at + high];
        }),
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const at = (dimension: number): number[] => api.coord([Number(api.value(dimension)), Number(api.value(0))]);
          const [[from = 0, y = 0], [to = 0], [low = 0], [high = 0]] = [at(1), at(2), at(3), at(4)];
          const { colour } = rows[params.dataIndex]!;
          // A step that is too short to be seen is a line of a unit.
          const shape = { x: from, y: y - 7, width: Math.max(1, to - from), height: 14 };
          const line = { x1: low, y1: y, x2: high, y2: y };
          return {
            type: 'group' as const,
            children: [
              { type: 'rect' as const, shape, style: { fill: colour } },
              { type: 'line' as const, shape: line, style: { stroke: INK, lineWidth: 1.5 } },
            ],
          };
        },
      },
    ],
  });
}

function categories(names: readonly string[], width: number) {
  return {
    ...axisLook(),
    type: 'category' as const,
    inverse: true,
    data: [...names],
    axisLabel: { color: INK, width: breakWidth(width), overflow: 'break' as const, lineHeight: 12, interval: 0 },
  };
}
