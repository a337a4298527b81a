/**
 * The pause of a VM in its parts, at both ends of the parameters and with nominal parameters.
 */
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

/** By closed form, in the order of {@link BAND_ENDS}. */
export function pausesInParts(trials: VmTrials, vm: QuestionVm): readonly PauseInParts[] {
  return BAND_ENDS.map((end) => trials.quick(vm, end).result);
}

/** @param pauses in the order of {@link BAND_ENDS} */
export function partsTable(pauses: readonly PauseInParts[]): AnswerTable {
  const rows = PAUSE_PARTS.map((part) => [
    PAUSE_PART_TITLES[part],
    ...pauses.map(({ criticalNs }) => criticalNs[part]),
  ]);
  return {
    title: 'The pause in its parts, at both ends of the parameters and at best guesses',
    columns: [
      { name: 'part', title: 'part', unit: '' },
      { name: 'short', title: 'short', unit: 'ns' },
      { name: 'point', title: 'best guess', unit: 'ns' },
      { name: 'long', title: 'long', unit: 'ns' },
    ],
    rows: [
      ...rows.filter((row) => row.slice(1).some((ns) => ns !== 0)),
      ['whole pause', ...pauses.map(({ pauseNs }) => pauseNs)],
    ],
  };
}
