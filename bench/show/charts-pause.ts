/**
 * Pauses along a number that is asked for: nominal, with its interval, what is guaranteed, and the budget.
 */
import { axisLook, axisTitle, draw, endLabel, INK, label, P50_COLOUR, P99_COLOUR } from './chart-base.ts';

/** Pauses in ns; null: the VM does not move. */
export interface PausePoint {
  readonly at: number;
  readonly nominal: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly judged: number | null;
}

export interface PauseLook {
  /** What is asked for, with its unit. */
  readonly title: string;
  readonly budgetNs: number;
  /** The answer; null: there is none. */
  readonly answer: number | null;
  readonly width: number;
}

/** Room above the highest line. */
const ROOM = 1.08;

export function pauseChart(points: readonly PausePoint[], { title, budgetNs, answer, width }: PauseLook): string {
  const values = points.flatMap(({ nominal, high, judged }) => [nominal, high, judged]).filter((each) => each !== null);
  const line = (of: 'nominal' | 'judged', color: string) => ({
    type: 'line' as const,
    data: points.map((point) => [point.at, point[of]]),
    symbol: 'circle',
    symbolSize: 4,
    itemStyle: { color },
    lineStyle: { color, width: 2 },
    z: 3,
  });
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
  return draw(width, 280, {
    grid: { left: 84, right: 24, top: 28, bottom: 46 },
    xAxis: {
      ...axisLook(),
      type: 'value',
      min: first,
      max: last > first ? last : first + 1,
      axisLabel: { color: INK, hideOverlap: true },
      ...axisTitle(title, 28),
    },
    yAxis: {
      ...axisLook(),
      type: 'value',
      min: 0,
      max: Math.max(budgetNs, ...values) * ROOM,
      splitNumber: 4,
      axisLabel: { ...label('ns'), showMaxLabel: false },
    },
    series: [
      ...bandSeries(points),
      line('nominal', P50_COLOUR),
      { ...line('judged', P99_COLOUR), ...marks(budgetNs, answer, [first, last]) },
    ],
  });
}

/** The interval as an area: up to its low end nothing is seen, from there to its high end a colour. */
function bandSeries(points: readonly PausePoint[]) {
  const part = (data: (number | null)[][], opacity: number) => ({
    type: 'line' as const,
    stack: 'interval',
    data,
    symbol: 'none',
    lineStyle: { opacity: 0 },
    areaStyle: { color: P50_COLOUR, opacity },
  });
  return [
    part(
      points.map(({ at, low }) => [at, low]),
      0,
    ),
    part(
      points.map(({ at, low, high }) => [at, low === null || high === null ? null : high - low]),
      0.2,
    ),
  ];
}

function marks(budgetNs: number, answer: number | null, [first, last]: readonly [number, number]) {
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      data: [
        {
          yAxis: budgetNs,
          lineStyle: { color: INK, type: 'dashed' as const },
          label: { formatter: 'budget', position: 'insideStartTop' as const, color: INK },
        },
        ...(answer === null
          ? []
          : [
              {
                xAxis: answer,
                lineStyle: { color: INK, type: 'solid' as const },
                label: endLabel('answer', (answer - first) / (last - first || 1)),
              },
            ]),
      ],
    },
  };
}
