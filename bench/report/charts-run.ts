/**
 * Charts of a run: its rounds, the pause over time, and what clients in the guest wait.
 */
import {
  axisLook,
  axisTitle,
  decades,
  draw,
  type DrawApi,
  INK,
  label,
  P50_COLOUR,
  P99_COLOUR,
  PAPER,
  seriesColour,
} from './chart-base.ts';

export interface RoundPoint {
  readonly fromNs: number;
  readonly toNs: number;
  readonly sentBytes: number;
  readonly dirtiedBytes: number;
}

/** Rounds of memory over time: what each sent, and what the guest wrote meanwhile. The pause is a line. */
export function roundsChart(rounds: readonly RoundPoint[], stoppedNs: number | undefined, endNs: number): string {
  const { low } = decades(rounds.flatMap(({ sentBytes, dirtiedBytes }) => [sentBytes, dirtiedBytes]));
  const most = Math.max(...rounds.flatMap(({ sentBytes, dirtiedBytes }) => [sentBytes, dirtiedBytes]), low * 10);
  const bars = (colour: string, bytesOf: (round: RoundPoint) => number, part: number) => ({
    type: 'custom' as const,
    data: rounds.map((round) => [round.fromNs, round.toNs, bytesOf(round)]),
    renderItem: (_params: unknown, api: DrawApi) => {
      const bytes = Number(api.value(2));
      if (!(bytes > low)) return { type: 'group' as const, children: [] };
      const [from = 0, top = 0] = api.coord([Number(api.value(0)), bytes]);
      const [to = 0, bottom = 0] = api.coord([Number(api.value(1)), low]);
      const width = Math.max((to - from) / 2, 0.75);
      return {
        type: 'rect' as const,
        shape: { x: from + part * width, y: top, width: Math.max(width - 0.5, 0.5), height: bottom - top },
        style: { fill: colour },
      };
    },
  });
  return draw(640, 230, {
    grid: { left: 66, right: 24, top: 24, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: 0,
      max: endNs,
      axisLabel: { ...label('ns'), showMaxLabel: false },
      ...axisTitle('since the start', 28),
    },
    yAxis: { ...axisLook(), type: 'log', min: low, max: most, axisLabel: label('B') },
    series: [
      {
        ...bars(P50_COLOUR, ({ sentBytes }) => sentBytes, 0),
        ...(stoppedNs === undefined
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                lineStyle: { color: INK, type: 'dashed' as const },
                label: { formatter: 'vCPUs stop', position: 'end' as const, color: INK },
                data: [{ xAxis: stoppedNs }],
              },
            }),
      },
      bars(P99_COLOUR, ({ dirtiedBytes }) => dirtiedBytes, 1),
    ],
  });
}

export interface TimelineRow {
  readonly label: string;
  readonly spans: readonly { readonly fromNs: number; readonly toNs: number }[];
  /** Place of its colour. */
  readonly colour: number;
}

/** Spans of time in rows, from the moment at which the vCPUs stop. */
export function timelineChart(rows: readonly TimelineRow[], endNs: number): string {
  return draw(640, 56 + 26 * rows.length, {
    grid: { left: 172, right: 24, top: 8, bottom: 46 },
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
      axisLabel: { color: INK, fontSize: 11, interval: 0, width: 162, overflow: 'truncate' },
    },
    series: [
      {
        type: 'custom',
        data: rows.flatMap(({ spans, colour }, row) => spans.map(({ fromNs, toNs }) => [fromNs, toNs, row, colour])),
        renderItem: (_params: unknown, api: DrawApi) => {
          const [x = 0, y = 0] = api.coord([Number(api.value(0)), Number(api.value(2))]);
          const to = api.coord([Number(api.value(1)), Number(api.value(2))])[0] ?? 0;
          return {
            type: 'rect' as const,
            shape: { x, y: y - 8, width: Math.max(to - x, 1.5), height: 16 },
            style: { fill: seriesColour(Number(api.value(3))), stroke: PAPER, lineWidth: 0.5 },
          };
        },
      },
    ],
  });
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
    series: series.map(({ colour, ns }, index) => ({
      type: 'line' as const,
      data: ns.map((value) => value ?? '-'),
      symbol: ['circle', 'rect', 'triangle'][index % 3]!,
      symbolSize: 9,
      itemStyle: { color: colour },
      lineStyle: { color: colour, width: 2, type: (['solid', 'dashed', 'dotted'] as const)[index % 3]! },
    })),
  });
}
