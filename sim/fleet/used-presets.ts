/**
 * The age of the presets of limits that a question takes: defaults of software change, and a preset has those of one day.
 */
import { countOf, MS_PER_DAY } from '../base/units.ts';
import { type LimitsPreset, presetNameOf } from './limits.ts';
import type { Question } from './question.ts';

/** A note names presets that are older. */
const OLD_DAYS = 180;

/** A preset whose values an answer rests on. */
export interface UsedPreset {
  readonly id: string;
  /** Day of which its values are, as YYYY-MM-DD; null: it does not say. */
  readonly asOf: string | null;
}

/** The presets that these questions name, each once, in the order of the questions. */
export function usedPresets(
  questions: readonly Question[],
  presets: ReadonlyMap<string, LimitsPreset>,
): readonly UsedPreset[] {
  const names = questions.map((question) => ('limits' in question ? presetNameOf(question.limits) : undefined));
  return [...new Set(names)].flatMap((name) => {
    const preset = presets.get(name ?? '');
    return preset === undefined ? [] : [{ id: preset.id, asOf: preset.asOf ?? null }];
  });
}

/** A sentence on each preset that is more than 180 days older than that day. */
export function ageNotes(used: readonly UsedPreset[], today: Date): readonly string[] {
  return used.flatMap(({ id, asOf }) => {
    if (asOf === null) return [];
    const days = Math.floor((today.getTime() - Date.parse(asOf)) / MS_PER_DAY);
    if (days <= OLD_DAYS) return [];
    return [
      `limits ${id} are those of ${asOf}, ${countOf(days, 'day')} ago: compare them with your release, and give what differs in limits`,
    ];
  });
}
