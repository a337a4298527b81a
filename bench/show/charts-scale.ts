/**
 * The chart of moves at once: how many VFs move per second, against how many move at once.
 */
import { axisLook, axisTitle, draw, type DrawApi, INK, label, type Range } from './chart-base.ts';

export interface ScalePoint extends Range {
  readonly vfs: number;
  readonly value: number;
}

export interface ScaleSeries {
  /** A letter next to each point, so that series differ without colour. */
  readonly mark: string;
  readonly colour: string;
  /** In the order of VFs. */
  readonly points: readonly ScalePoint[];
}

/** Figures per second against VFs; the axis of VFs is logarithmic. */
export function scaleChart(series: readonly ScaleSeries[], unit: string, width: number): string {
  const vfs = series.flatMap(({ points }) => points.map((point) => point.vfs));
  const most = 2 ** Math.ceil(Math.log2(Math.max(2, ...vfs)));
  return draw(width, 280, {
    grid: { left: 74, right: 34, top: 16, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'log',
      logBase: 2,
      min: 1,
      max: most,
      axisLabel: { color: INK, hideOverlap: true },
      ...axisTitle('VFs that move at once', 28),
    },
    yAxis: { ...axisLook(), type: 'value', min: 0, splitNumber: 4, axisLabel: label(unit) },
    series: series.flatMap(({ mark, colour, points }, index) => [
      {
        type: 'line' as const,
        data: points.map((point) => [point.vfs, point.value]),
        symbol: 'circle',
        symbolSize: 9,
        showAllSymbol: true,
        itemStyle: { color: colour, opacity: 1 },
        lineStyle: { color: colour, width: 2 },
      },
      {
        type: 'custom' as const,
        data: points.map((point) => [point.vfs, point.low, point.high, point.value]),
        // So that the axis reaches the ends of the ranges.
        encode: { x: 0, y: [1, 2] },
        renderItem: (_params: unknown, api: DrawApi) => {
          const [x = 0, y1 = 0] = api.coord([Number(api.value(0)), Number(api.value(1))]);
          const at = (dimension: number): number =>
            api.coord([Number(api.value(0)), Number(api.value(dimension))])[1] ?? 0;
          // Neighbours are marked on different sides.
          const side = index % 2 === 0 ? 1 : -1;
          return {
            type: 'group' as const,
            children: [
              {
                type: 'line' as const,
                shape: { x1: x, y1, x2: x, y2: at(2) },
                style: { stroke: colour, lineWidth: 4, opacity: 0.4 },
              },
              {
                type: 'text' as const,
                style: {
                  text: mark,
                  x: x + 9 * side,
                  y: at(3) - 9,
                  fill: INK,
                  textAlign: side === 1 ? 'left' : 'right',
                  textVerticalAlign: 'middle',
                },
              },
            ],
          };
        },
      },
    ]),
  });
}
