/**
 * The noise of a machine at a terminal: a row for each metric.
 */
import { crowdingSentence } from '../bench/crowding.ts';
import { wrap } from '../../show/wrap.ts';
import { bareTable } from '../../show/bare-table.ts';
import { formatValue, percent } from '../../show/format.ts';
import type { NoiseDocument } from './document.ts';

const INTERRUPTED = 'Interrupted: this rests on the pairs that were measured by then.';

export function noiseText({ metrics, machine, crowded, interrupted, budgetSeconds }: NoiseDocument): string {
  const left = (head: string) => ({ head, align: 'left' }) as const;
  const right = (head: string) => ({ head, align: 'right' }) as const;
  const rows = metrics.map(
    ({ name, unit, median: middle, spread, drift, worstPair, pairs, pairsInBudget, smallestFound }) => [
      name,
      formatValue(middle, unit),
      percent(spread),
      `${drift >= 0 ? '+' : '-'}${percent(Math.abs(drift))}`,
      percent(worstPair),
      String(pairs),
      String(pairsInBudget),
      smallestFound === null ? 'none' : percent(smallestFound),
    ],
  );
  const head = [
    left('metric'),
    right('median'),
    right('spread'),
    right('drift'),
    right('worst\npair'),
    right('pairs\nmeasured'),
    right('pairs in\nbudget'),
    right('smallest slowdown\nfound'),
  ];
  const load = machine.loadAverage[0] ?? 0;
  const warning = crowdingSentence(crowded);
  return [
    ...(warning === null ? [] : [wrap(warning, 100), '']),
    ...(interrupted ? [metrics.length === 0 ? 'Interrupted before anything was measured.' : INTERRUPTED, ''] : []),
    ...(metrics.length === 0 ? [] : [bareTable(head, rows), '']),
    `The budget is ${budgetSeconds} s for all stages. Load average ${load} on ${machine.cores} cores, Node ${machine.node}.`,
    'spread: median absolute deviation of processes; drift: later half over earlier half; worst pair: of two processes;',
    'smallest slowdown found: what compare finds four times of five in that budget, played with these pairs.',
  ].join('\n');
}
