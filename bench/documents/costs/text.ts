/**
 * A measured cost table for a terminal, and as a file.
 */
import { stringify } from 'yaml';

import { keysOf } from '../../../sim/base/keys.ts';
import { formatNs } from '../../../sim/base/units.ts';
import { arcNotes, type CostFile } from '../../../sim/device/cost-file.ts';
import { COST } from '../../../sim/device/costs.ts';
import type { Output } from '../../io/output.ts';
import { bareTable } from '../../show/bare-table.ts';
import { wrap } from '../../show/wrap.ts';

/** @param path decides the format: YAML unless it ends in .json */
export function costsText(table: CostFile, path: string): string {
  return path.endsWith('.json') ? `${JSON.stringify(table, undefined, 2)}\n` : stringify(table, { lineWidth: 0 });
}

const WIDTH = 100;
const MEASURED_WORDS =
  'measured: the trace identifies the value. bounded: it only gives the range; nominal is then half way, or the shipped value where the range says no more.';

export function printCosts(table: CostFile, output: Output): void {
  output.text(output.style('bold', table.name));
  const names = keysOf(COST).filter((name) => table.costs[name] !== undefined);
  const right = (head: string) => ({ head, align: 'right' as const });
  const left = (head: string) => ({ head, align: 'left' as const });
  if (names.length > 0) {
    output.text(
      bareTable(
        [
          left('cost'),
          right('nominal'),
          right('low'),
          right('high'),
          right('seen'),
          left('from'),
          right('assumed until now'),
        ],
        names.map((name) => {
          const { ns, min, max, samples, from } = table.costs[name]!;
          return [name, formatNs(ns), formatNs(min), formatNs(max), String(samples), from, formatNs(COST[name].ns)];
        }),
      ),
    );
  }
  const missing = keysOf(COST).filter((name) => IN_TRACES.has(name) && table.costs[name] === undefined);
  if (missing.length > 0) output.text(`Not in these traces: ${missing.join(', ')}`);
  if (names.length > 0) output.text(wrap(`${MEASURED_WORDS} Costs that are not in the table stay as shipped.`, WIDTH));
  const steps = table.steps ?? [];
  if (steps.length === 0) return;
  output.text(`\n${output.style('bold', 'Steps as they were seen')}`);
  output.text(
    bareTable(
      [left('step'), right('times'), right('median'), right('shortest'), right('longest'), right('polls')],
      steps.map(({ step, times, medianNs, minNs, maxNs, polls, atMost }) => [
        atMost === true ? `${step} (at most)` : step,
        String(times),
        formatNs(medianNs),
        formatNs(minNs),
        formatNs(maxNs),
        polls === undefined ? '' : String(polls),
      ]),
    ),
  );
  const [first, ...others] = arcNotes(table);
  if (first === undefined) return;
  output.text('');
  for (const note of [first, ...others]) output.text(wrap(note, WIDTH));
}

/** Costs that a trace of a driver can show. */
const IN_TRACES: ReadonlySet<string> = new Set([
  'mmioReadNs',
  'mmioWriteNs',
  'doorbellNs',
  'usleepActualNs',
  'cacheWriteBackBaseNs',
  'vftAccessNs',
  'pauseBaseNs',
  'mailboxCommandNs',
]);
