/**
 * Pause against time of policies, both axes logarithmic; those on the Pareto front are filled.
 */
import { axisLook, axisTitle, decades, draw, INK, label, PAPER } from './chart-base.ts';

export interface FrontPoint {
  readonly mark: string;
  readonly totalNs: number;
  readonly pauseNs: number;
  readonly colour: string;
  readonly onFront: boolean;
}

/** @param all points of all panels, so that their axes are the same */
export function frontChart(points: readonly FrontPoint[], all: readonly FrontPoint[]): string {
  const x = decades(all.map(({ totalNs }) => totalNs));
  const y = decades(all.map(({ pauseNs }) => pauseNs));
  const axis = { ...axisLook(), type: 'log' as const };
  return draw(400, 300, {
    grid: { left: 62, right: 20, top: 14, bottom: 46 },
    xAxis: { ...axis, min: x.low, max: x.high, axisLabel: label('ns'), ...axisTitle('time, median', 28) },
    yAxis: { ...axis, min: y.low, max: y.high, axisLabel: label('ns') },
    series: [
      {
        type: 'scatter',
        clip: true,
        symbolSize: 12,
        data: points.map(({ mark, totalNs, pauseNs, colour, onFront }) => ({
          value: [totalNs, pauseNs],
          itemStyle: { color: onFront ? colour : PAPER, borderColor: colour, borderWidth: 2, opacity: 1 },
          label: { show: true, formatter: mark, position: 'right' as const, distance: 3, color: INK },
        })),
      },
    ],
  });
}
