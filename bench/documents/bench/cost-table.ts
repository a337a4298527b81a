/**
 * The parameters of modelled figures, each with its range and where it comes from.
 */
import { formatFigure, formatValue } from '../../show/format.ts';
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';
import type { CostParameter } from './result.ts';
import { html, type Markup } from '../../show/html.ts';
import { tableMarkup } from '../../show/html-table.ts';

export function costTable(costs: readonly CostParameter[]): Markup | undefined {
  if (costs.length === 0) return undefined;
  return html`<h3>Cost parameters</h3>
    ${tableMarkup({
      caption: 'What the modelled figures follow from; what is assumed is swept over its range',
      head: ['parameter', 'value', 'range', 'from', 'why', 'name in files'],
      textColumns: [3, 4, 5],
      rows: costs.map(({ name, value, unit, from, why, low, high }) => [
        parameterWords(name),
        formatFigure({ value, unit, kind: 'modelled' }),
        low === undefined || high === undefined ? '' : `${formatValue(low, unit)} to ${formatValue(high, unit)}`,
        from,
        why,
        name,
      ]),
    })}`;
}
