/**
 * Charts of a sweep: downtime against load, throughput against size, parts of a downtime.
 */
import {
  axisLook,
  axisTitle,
  decades,
  draw,
  type DrawApi,
  INK,
  label,
  MODELLED_COLOUR,
  P50_COLOUR,
  P99_COLOUR,
  PAPER,
  type Range,
  seriesColour,
} from './chart-base.ts';

export interface DowntimePoint {
  readonly load: string;
  readonly p50Ns: number | undefined;
  readonly p99Ns: number | undefined;
  readonly modelled: (Range & { readonly value: number }) | undefined;
}

/** Downtime against load, for one accelerator and number of queue pairs. */
export function downtimeChart(points: readonly DowntimePoint[], axis: Range): string {
  const line = (colour: string, values: readonly (number | undefined)[], dashed: boolean) => ({
    type: 'line' as const,
    data: values.map((value) => value ?? '-'),
    symbol: 'circle',
    symbolSize: 8,
    color: colour,
    itemStyle: { color: dashed ? PAPER : colour, borderColor: colour, borderWidth: 2 },
    lineStyle: { color: colour, width: 2, type: dashed ? ('dashed' as const) : ('solid' as const) },
  });
  return draw(320, 240, {
    grid: { left: 62, right: 12, top: 12, bottom: 30 },
    xAxis: { ...axisLook(), type: 'category', data: points.map(({ load }) => load) },
    yAxis: { ...axisLook(), type: 'log', min: axis.low, max: axis.high, axisLabel: label('ns') },
    series: [
      {
        type: 'custom',
        data: points.flatMap(({ modelled }, index) =>
          modelled === undefined ? [] : [[index, modelled.low, modelled.value, modelled.high]],
        ),
        renderItem: (_params, api) => {
          const [x = 0, top = 0] = api.coord([api.value(0), api.value(3)]);
          const middle = api.coord([api.value(0), api.value(2)])[1] ?? 0;
          const bottom = api.coord([api.value(0), api.value(1)])[1] ?? 0;
          const box = { x: x - 22, y: top, width: 44, height: Math.max(bottom - top, 1) };
          return {
            type: 'group',
            children: [
              { type: 'rect', shape: box, style: { fill: MODELLED_COLOUR, opacity: 0.3 } },
              {
                type: 'line',
                shape: { x1: x - 22, y1: middle, x2: x + 22, y2: middle },
                style: { stroke: MODELLED_COLOUR, lineWidth: 2 },
              },
            ],
          };
        },
      },
      line(
        P50_COLOUR,
        points.map(({ p50Ns }) => p50Ns),
        false,
      ),
      line(
        P99_COLOUR,
        points.map(({ p99Ns }) => p99Ns),
        true,
      ),
    ],
  });
}

export interface ThroughputSeries {
  readonly name: string;
  readonly colour: string;
  /** Hollow symbols mark restores, without colour. */
  readonly hollow: boolean;
  readonly points: readonly (Range & { readonly stateBytes: number; readonly value: number })[];
}

/** Between neighbours of one size: whatever has the same state size would cover each other. */
const BESIDE = 3;
const THROUGHPUT = { width: 400, height: 270, left: 70, right: 20, top: 20, bottom: 46 };
/** Room of the words at the line of the floor. */
const FLOOR_WORDS = { text: 'copy floor', width: 72, height: 22 };

/**
 * Throughput against state size; series are drawn next to each other. `floor` is drawn as a line, named where no point is in the
 * way.
 */
export function throughputChart(series: readonly ThroughputSeries[], unit: string, floor?: number): string {
  const values = series.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]));
  const y = decades(floor === undefined ? values : [...values, floor]);
  const x = decades(series.flatMap(({ points }) => points.map(({ stateBytes }) => stateBytes)));
  const { width, height, ...grid } = THROUGHPUT;
  const besideOf = (index: number): number => (index - (series.length - 1) / 2) * BESIDE;
  const place = floor === undefined ? undefined : floorPlace(series, { x, y }, floor, besideOf);
  return draw(width, height, {
    grid,
    xAxis: {
      ...axisLook(),
      type: 'log',
      min: x.low,
      max: x.high,
      axisLabel: label('B'),
      ...axisTitle('state size', 28),
    },
    yAxis: { ...axisLook(), type: 'log', min: y.low, max: y.high, axisLabel: label(unit) },
    series: series.flatMap(({ colour, hollow, points }, index) => [
      {
        type: 'custom' as const,
        data: points.map(({ stateBytes, low, high }) => [stateBytes, low, high]),
        renderItem: (_params: unknown, api: DrawApi) => {
          const [x1 = 0, y1 = 0] = api.coord([Number(api.value(0)), Number(api.value(1))]);
          const y2 = api.coord([Number(api.value(0)), Number(api.value(2))])[1] ?? 0;
          const at = x1 + besideOf(index);
          return {
            type: 'line' as const,
            shape: { x1: at, y1, x2: at, y2 },
            style: { stroke: colour, lineWidth: 1.5 },
          };
        },
      },
      {
        type: 'scatter' as const,
        data: points.map(({ stateBytes, value }) => [stateBytes, value]),
        symbolSize: 9,
        symbolOffset: [besideOf(index), 0],
        itemStyle: { color: hollow ? PAPER : colour, borderColor: colour, borderWidth: 2, opacity: 1 },
        ...(floor === undefined || index > 0
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                lineStyle: { color: INK, type: 'dashed' as const },
                label:
                  place === undefined ? { show: false } : { formatter: FLOOR_WORDS.text, position: place, color: INK },
                data: [{ yAxis: floor }],
              },
            }),
      },
    ]),
  });
}

type FloorPlace = 'insideStartTop' | 'insideEndTop' | 'insideStartBottom' | 'insideEndBottom';

/** Where the words at the line of the floor cover no point and no range; undefined: nowhere, and the line goes without. */
function floorPlace(
  series: readonly ThroughputSeries[],
  { x, y }: { readonly x: Range; readonly y: Range },
  floor: number,
  besideOf: (index: number) => number,
): FloorPlace | undefined {
  const { width, height, left, right, top, bottom } = THROUGHPUT;
  const wide = width - left - right;
  const tall = height - top - bottom;
  const share = (value: number, { low, high }: Range): number => Math.log(value / low) / Math.log(high / low);
  const line = tall * share(floor, y);
  const marks = series.flatMap(({ points }, index) =>
    points.map((point) => ({
      at: wide * share(point.stateBytes, x) + besideOf(index),
      low: tall * share(point.low, y),
      high: tall * share(point.high, y),
    })),
  );
  // Offsets of a point around its centre.
  const radius = 6;
  const free = (start: boolean, above: boolean): boolean => {
    const [from, to] = start ? [0, FLOOR_WORDS.width] : [wide - FLOOR_WORDS.width, wide];
    const [under, over] = above ? [line, line + FLOOR_WORDS.height] : [line - FLOOR_WORDS.height, line];
    if (under < 0 || over > tall + top) return false;
    return marks.every(
      ({ at, low, high }) => at + radius < from || at - radius > to || high + radius < under || low - radius > over,
    );
  };
  if (free(true, true)) return 'insideStartTop';
  if (free(false, true)) return 'insideEndTop';
  if (free(true, false)) return 'insideStartBottom';
  return free(false, false) ? 'insideEndBottom' : undefined;
}

export interface PartsBar {
  readonly label: string;
  /** Nanoseconds per part, in the order of the parts. */
  readonly ns: readonly number[];
}

/** Downtime parts as stacked bars, one per cell. */
export function partsChart(parts: number, bars: readonly PartsBar[], axisNsMax: number, width = 400): string {
  return draw(width, 60 + 26 * bars.length, {
    grid: { left: 110, right: 24, top: 8, bottom: 30 },
    xAxis: { ...axisLook(), type: 'value', min: 0, max: axisNsMax, axisLabel: label('ns'), splitNumber: 4 },
    yAxis: {
      ...axisLook(),
      type: 'category',
      inverse: true,
      data: bars.map((bar) => bar.label),
      axisLabel: { color: INK },
    },
    series: Array.from({ length: parts }, (_, part) => ({
      type: 'bar' as const,
      stack: 'downtime',
      barWidth: 16,
      data: bars.map(({ ns }) => {
        const value = ns[part] ?? 0;
        // A border around a thin slice would hide it.
        return { value, itemStyle: value > axisNsMax / 100 ? { borderColor: PAPER, borderWidth: 0.5 } : {} };
      }),
      itemStyle: { color: seriesColour(part) },
    })),
  });
}
