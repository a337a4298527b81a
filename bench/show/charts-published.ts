/**
 * Published figures against modelled ones, both axes logarithmic, with the line on which they would be equal.
 */
import { axisLook, axisTitle, draw, type DrawApi, INK, PAPER, type Range, RULE } from './chart-base.ts';

export interface AgainstPoint extends Range {
  readonly published: number;
  readonly modelled: number;
  readonly colour: string;
  /** Hollow: it set a parameter, and proves nothing. */
  readonly hollow: boolean;
}

/** @param margin share around equality that is drawn as a band */
export function againstChart(
  points: readonly AgainstPoint[],
  margin: number,
  format: (value: number) => string,
): string {
  const { low, high } = around(points);
  const axis = { ...axisLook(), type: 'log' as const, min: low, max: high };
  const line = (factor: number, look: 'solid' | 'dashed') => ({
    type: 'line' as const,
    data: [
      [low, low * factor],
      [high, high * factor],
    ],
    symbol: 'none',
    clip: true,
    silent: true,
    lineStyle: { color: look === 'solid' ? INK : RULE, width: look === 'solid' ? 1 : 1.5, type: look },
  });
  const numbers = { color: INK, hideOverlap: true, formatter: format };
  return draw(340, 320, {
    grid: { left: 66, right: 18, top: 12, bottom: 46 },
    xAxis: { ...axis, axisLabel: numbers, ...axisTitle('published', 28) },
    yAxis: { ...axis, axisLabel: numbers, ...axisTitle('modelled', 50) },
    series: [
      line(1, 'solid'),
      line(1 + margin, 'dashed'),
      line(1 - margin, 'dashed'),
      {
        type: 'custom',
        clip: true,
        data: points.map(({ published, low: from, high: to }) => [published, from, to]),
        renderItem: (params: { dataIndex: number }, api: DrawApi) => {
          const [x1 = 0, y1 = 0] = api.coord([Number(api.value(0)), Math.max(Number(api.value(1)), low)]);
          const y2 = api.coord([Number(api.value(0)), Math.max(Number(api.value(2)), low)])[1] ?? 0;
          const stroke = points[params.dataIndex]?.colour ?? INK;
          return {
            type: 'line' as const,
            shape: { x1, y1, x2: x1, y2 },
            style: { stroke, lineWidth: 1.5, opacity: 0.6 },
          };
        },
      },
      {
        type: 'scatter',
        clip: true,
        symbolSize: 9,
        data: points.map(({ published, modelled, colour, hollow }) => ({
          value: [published, modelled],
          itemStyle: { color: hollow ? PAPER : colour, borderColor: colour, borderWidth: 2, opacity: 1 },
        })),
      },
    ],
  });
}

/** Both axes alike, with room around the points. */
function around(points: readonly AgainstPoint[]): Range {
  const values = points.flatMap(({ published, modelled, low, high }) => [published, modelled, low, high]);
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { low: 1, high: 10 };
  return { low: nice(Math.min(...positive) / 1.15, Math.floor), high: nice(Math.max(...positive) * 1.15, Math.ceil) };
}

/** A number of one digit. */
function nice(value: number, round: (value: number) => number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number((round(value / power) * power).toPrecision(12));
}
