/**
 * The pause against the number that is asked for, as a chart and a table.
 */
import { z } from 'zod';

import type { PauseCurve } from '../../../sim/fleet/answers/curve.ts';
import type { StatedGuarantee } from '../../../sim/fleet/guarantee.ts';
import { formatValue } from '../../show/format.ts';
import { P50_COLOUR, P99_COLOUR, pauseChart } from '../../show/charts.ts';
import { fullPanel, type Plot } from '../../show/plot.ts';

const ns = z.number().nonnegative().nullable();

export const curveSchema: z.ZodType<PauseCurve> = z.looseObject({
  unit: z.string(),
  budgetNs: z.number().nonnegative(),
  points: z.array(z.looseObject({ at: z.number(), nominalNs: ns, lowNs: ns, highNs: ns, judgedNs: ns })),
});

export const guaranteeSchema: z.ZodType<StatedGuarantee> = z.looseObject({
  confidence: z.number().positive().max(1),
  draws: z.number(),
  needed: z.number(),
  holding: z.number().nullable(),
});

/**
 * @param answer null: there is none
 * @param guarantee null: the answer is judged by nominal parameters
 * @returns undefined: nothing moves
 */
export function curvePlot(
  { unit, budgetNs, points }: PauseCurve,
  answer: number | null,
  guarantee: StatedGuarantee | null,
  id: string,
): Plot | undefined {
  if (points.length === 0) return undefined;
  const judged =
    guarantee === null ? 'nominal, what is judged' : `${guarantee.confidence * 100} % of the draws stay below`;
  const cell = (value: number | null): string => (value === null ? '' : formatValue(value, 'ns'));
  const drawn = points.map(({ at, nominalNs: nominal, lowNs: low, highNs: high, judgedNs }) => {
    return { at, nominal, low, high, judged: judgedNs };
  });
  return {
    id: `${id}-curve`,
    title: `The pause against ${unit}`,
    source: 'modelled: the longest pause, wherever the iterations of the move end. The dashed line is the budget.',
    wide: true,
    legend: [
      { text: 'nominal', colour: P50_COLOUR },
      { text: '80 % interval', colour: P50_COLOUR, look: 'faint' },
      { text: judged, colour: P99_COLOUR },
    ],
    panels: [fullPanel('', (width) => pauseChart(drawn, { title: unit, budgetNs, answer, width }))],
    table: {
      caption: `Pauses by ${unit}, and a budget of ${formatValue(budgetNs, 'ns')}`,
      head: [unit, 'low', 'nominal', 'high', 'judged'],
      rows: points.map(({ at, nominalNs, lowNs, highNs, judgedNs }) => [
        String(at),
        cell(lowNs),
        cell(nominalNs),
        cell(highNs),
        cell(judgedNs),
      ]),
    },
  };
}
