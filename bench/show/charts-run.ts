/**
 * Charts of a run: its iterations, the pause over time, and what clients in the guest wait.
 */
import {
  axisLook,
  axisTitle,
  decades,
  draw,
  type DrawApi,
  endLabel,
  INK,
  label,
  breakWidth,
  labelWidth,
  P50_COLOUR,
  P99_COLOUR,
  PAPER,
  rowHeight,
  seriesColour,
} from './chart-base.ts';
import { formatValue } from './format.ts';

export interface RoundPoint {
  readonly fromNs: number;
  readonly toNs: number;
  readonly sentBytes: number;
  readonly dirtiedBytes: number;
}

export interface RoundsLook {
  readonly width: number;
  /** Undefined: they never do. */
  readonly stoppedNs: number | undefined;
  readonly endNs: number;
}

/** Iterations over time: areas for what each sent, lines for what the guest wrote meanwhile. */
export function roundsChart(rounds: readonly RoundPoint[], { width, stoppedNs, endNs }: RoundsLook): string {
  const all = rounds.flatMap(({ sentBytes, dirtiedBytes }) => [sentBytes, dirtiedBytes]);
  const { low, high } = decades(all);
  return draw(width, 250, {
    grid: { left: 60, right: 24, top: 24, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: 0,
      max: endNs,
      axisLabel: { ...label('ns'), showMaxLabel: false },
      ...axisTitle('since the start', 28),
    },
    yAxis: { ...axisLook(), type: 'log', min: low, max: high, axisLabel: label('B') },
    series: [
      {
        type: 'custom',
        data: rounds.map(({ fromNs, toNs, sentBytes, dirtiedBytes }) => [fromNs, toNs, sentBytes, dirtiedBytes]),
        renderItem: (_params: unknown, api: DrawApi) => {
          const at = (bytes: number): number => Math.max(bytes, low);
          const [x = 0, top = 0] = api.coord([Number(api.value(0)), at(Number(api.value(2)))]);
          const [to = 0, bottom = 0] = api.coord([Number(api.value(1)), low]);
          const written = api.coord([0, at(Number(api.value(3)))])[1] ?? bottom;
          const wide = Math.max(to - x, 1);
          return {
            type: 'group' as const,
            children: [
              {
                type: 'rect' as const,
                shape: { x, y: top, width: Math.max(wide - 0.75, 0.75), height: bottom - top },
                style: { fill: P50_COLOUR, opacity: 0.75 },
              },
              {
                type: 'rect' as const,
                shape: { x, y: written - 2, width: Math.max(wide, 3), height: written < bottom ? 4 : 0 },
                style: { fill: P99_COLOUR, stroke: PAPER, lineWidth: 0.5 },
              },
            ],
          };
        },
        ...(stoppedNs === undefined
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                lineStyle: { color: INK, type: 'dashed' as const },
                label: endLabel('vCPUs stop', stoppedNs / endNs),
                data: [{ xAxis: stoppedNs }],
              },
            }),
      },
    ],
  });
}

export interface TimelineSpan {
  readonly fromNs: number;
  readonly toNs: number;
}

/**
 * The critical path: of each span the stretch that the whole waits for, which lies after the end of all spans before it;
 * undefined where the whole waits for others. The stretches add up to the whole.
 *
 * @param spans in the order in which the pause is computed
 */
export function waitedFor(spans: readonly TimelineSpan[]): readonly (TimelineSpan | undefined)[] {
  let toldNs = 0;
  return spans.map(({ fromNs, toNs }) => {
    if (toNs <= toldNs) return undefined;
    const stretch = { fromNs: Math.max(fromNs, toldNs), toNs };
    toldNs = toNs;
    return stretch;
  });
}

export interface TimelineRow {
  readonly label: string;
  readonly spans: readonly TimelineSpan[];
  /** Place of its colour. */
  readonly colour: number;
}

/**
 * Spans of time in rows, from the stop of the vCPUs. Framed is what the pause waits for, and next to it for
 * how long.
 *
 * @param rows with their spans in the order in which the pause is computed
 */
export function timelineChart(rows: readonly TimelineRow[], endNs: number, width: number): string {
  const left = labelWidth(width);
  const all = rows.flatMap(({ spans, colour }, row) => spans.map((span) => ({ ...span, row, colour })));
  const stretches = waitedFor(all);
  return draw(width, 56 + rowHeight(width) * rows.length, {
    grid: { left, right: RIGHT, top: 8, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: 0,
      max: endNs,
      axisLabel: { ...label('ns'), showMaxLabel: false },
      ...axisTitle('since the vCPUs stop', 28),
    },
    yAxis: {
      ...axisLook(),
      type: 'category',
      inverse: true,
      data: rows.map((row) => row.label),
      axisLabel: { color: INK, interval: 0, width: breakWidth(left), overflow: 'break', lineHeight: 12 },
    },
    series: [spanBars(all), waitFrames(all, stretches), waitWords(rows, all, stretches, { endNs, left, width })],
  });
}

type PlacedSpan = TimelineSpan & { readonly row: number; readonly colour: number };
type Stretches = readonly (TimelineSpan | undefined)[];

function spanBars(all: readonly PlacedSpan[]) {
  return {
    type: 'custom' as const,
    data: all.map(({ fromNs, toNs, row, colour }) => [fromNs, toNs, row, colour]),
    renderItem: (_params: unknown, api: DrawApi) => {
      const [x = 0, y = 0] = api.coord([Number(api.value(0)), Number(api.value(2))]);
      const to = api.coord([Number(api.value(1)), Number(api.value(2))])[0] ?? 0;
      const wide = Math.max(to - x, 1.5);
      return {
        type: 'rect' as const,
        shape: { x, y: y - 8, width: wide, height: 16 },
        // A border around a thin span would hide it.
        style: { fill: seriesColour(Number(api.value(3))), ...(wide > 4 ? { stroke: PAPER, lineWidth: 0.5 } : {}) },
      };
    },
  };
}

/** Frames around what the pause waits for. */
function waitFrames(all: readonly PlacedSpan[], stretches: Stretches) {
  return {
    type: 'custom' as const,
    silent: true,
    data: all.flatMap(({ row }, index) => {
      const stretch = stretches[index];
      return stretch === undefined ? [] : [[stretch.fromNs, stretch.toNs, row]];
    }),
    renderItem: (_params: unknown, api: DrawApi) => {
      const [x = 0, y = 0] = api.coord([Number(api.value(0)), Number(api.value(2))]);
      const wide = Math.max((api.coord([Number(api.value(1)), Number(api.value(2))])[0] ?? 0) - x, 1.5);
      return {
        type: 'rect' as const,
        // Around the span, so that a thin one is not hidden.
        shape: { x: x - 2, y: y - 10, width: wide + 4, height: 20 },
        style: { fill: 'none', stroke: INK, lineWidth: 1.5 },
      };
    },
  };
}

interface TimelineArea {
  readonly endNs: number;
  /** Where the axis begins, and the width of the whole, in pixels. */
  readonly left: number;
  readonly width: number;
}

/** How long the pause waits for each row. */
function waitWords(
  rows: readonly TimelineRow[],
  all: readonly PlacedSpan[],
  stretches: Stretches,
  { endNs, left, width }: TimelineArea,
) {
  const across = (ns: number): number => left + ((width - left - RIGHT) * ns) / endNs;
  return {
    type: 'custom' as const,
    silent: true,
    data: rows.map(({ spans }, row) => [Math.min(...spans.map(({ fromNs }) => fromNs)), row]),
    renderItem: ({ dataIndex: row }: { dataIndex: number }, api: DrawApi) => {
      const { spans } = rows[row]!;
      const y = api.coord([0, row])[1] ?? 0;
      const ns = all.reduce((sum, span, index) => {
        const stretch = span.row === row ? stretches[index] : undefined;
        return stretch === undefined ? sum : sum + stretch.toNs - stretch.fromNs;
      }, 0);
      const text = ns === 0 ? 'in parallel' : formatValue(ns, 'ns');
      const first = across(Math.min(...spans.map(({ fromNs }) => fromNs)));
      const last = Math.max(across(Math.max(...spans.map(({ toNs }) => toNs))), first + 1.5);
      return { type: 'text' as const, style: { text, y, ...besides(text, first, last, left, width) } };
    },
  };
}

/** Free at the right of a timeline. */
const RIGHT = 24;
/** Between a frame and its text; and about how wide a letter is. */
const GAP = 6;
const LETTER = 7;

/** Where a text next to spans has room: after them, before them, or else in them. */
function besides(text: string, first: number, last: number, left: number, width: number) {
  const wide = text.length * LETTER + GAP;
  const look = { textVerticalAlign: 'middle' as const, fontSize: 12 };
  if (last + wide <= width) return { ...look, x: last + GAP, textAlign: 'left' as const, fill: INK };
  if (first - wide >= left) return { ...look, x: first - GAP, textAlign: 'right' as const, fill: INK };
  return { ...look, x: (first + last) / 2, textAlign: 'center' as const, fill: PAPER };
}

export interface LatencySeries {
  readonly name: string;
  readonly colour: string;
  /** One for each phase; undefined where there was no job. */
  readonly ns: readonly (number | undefined)[];
}

/** Latencies before, over and after the pause, on a logarithmic axis. */
export function latencyChart(phases: readonly string[], series: readonly LatencySeries[]): string {
  const { low, high } = decades(series.flatMap(({ ns }) => ns.filter((value) => value !== undefined)));
  return draw(420, 250, {
    grid: { left: 66, right: 16, top: 12, bottom: 30 },
    xAxis: { ...axisLook(), type: 'category', data: [...phases], axisLabel: { color: INK, interval: 0 } },
    yAxis: { ...axisLook(), type: 'log', min: low, max: high, axisLabel: label('ns') },
    series: series.map(({ colour, ns }) => ({
      type: 'bar' as const,
      barMaxWidth: 26,
      barGap: '15%',
      data: ns.map((value) => value ?? '-'),
      itemStyle: { color: colour },
    })),
  });
}
