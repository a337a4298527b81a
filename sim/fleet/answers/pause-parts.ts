/**
 * The pause of a VM in its parts, nominal and with their intervals.
 */
import { intervalAround } from '../../base/draws.ts';
import { mapValues } from '../../base/keys.ts';
import { PAUSE_PART_TITLES, PAUSE_PARTS } from '../../base/pause-parts.ts';
import type { RangeEnd } from '../../memory/device-profile.ts';
import type { PartTimes } from '../../memory/pause-record.ts';
import type { QuestionVm } from '../question.ts';
import type { VmTrials } from '../vm-trials.ts';
import type { AnswerTable } from './answer-parts.ts';

/** A pause, whole and by parts on its critical path. */
export interface PauseInParts {
  readonly criticalNs: Readonly<PartTimes>;
  readonly pauseNs: number;
}

export const BAND_ENDS: readonly RangeEnd[] = ['short', 'point', 'long'];

/** By closed form: the low ends of the 80 % intervals, the nominal pause, the high ends. Only the nominal parts add up. */
export function pausesInParts(trials: VmTrials, vm: QuestionVm): readonly PauseInParts[] {
  const nominal = trials.quick(vm, 'point').result;
  const drawn = Array.from({ length: trials.unknowns.count }, (_, draw) => trials.quick(vm, { draw })).filter(
    ({ moved }) => moved,
  );
  const pause = intervalAround(
    nominal.pauseNs,
    drawn.map(({ pauseNs }) => pauseNs),
  );
  const parts = mapValues(nominal.criticalNs, (ns, part) =>
    intervalAround(
      ns,
      drawn.map(({ result }) => result.criticalNs[part]),
    ),
  );
  const at = (end: 'low' | 'high'): PauseInParts => ({
    criticalNs: mapValues(parts, (spread) => spread[end]),
    pauseNs: pause[end],
  });
  return [at('low'), nominal, at('high')];
}

/** @param pauses low, nominal, high */
export function partsTable(pauses: readonly PauseInParts[]): AnswerTable {
  const rows = PAUSE_PARTS.map((part) => [
    PAUSE_PART_TITLES[part],
    ...pauses.map(({ criticalNs }) => criticalNs[part]),
  ]);
  return {
    title: 'The pause in its parts, each with its 80 % interval',
    columns: [
      { name: 'part', title: 'part', unit: '' },
      { name: 'low', title: 'low', unit: 'ns' },
      { name: 'point', title: 'nominal', unit: 'ns' },
      { name: 'high', title: 'high', unit: 'ns' },
    ],
    rows: [
      ...rows.filter((row) => row.slice(1).some((ns) => ns !== 0)),
      ['whole pause', ...pauses.map(({ pauseNs }) => pauseNs)],
    ],
  };
}
