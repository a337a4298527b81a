/**
 * Kind of job: one cell of a plan's sweep, answered.
 */
import { answer } from '../../sim/fleet/answer.ts';
import type { Answer } from '../../sim/fleet/answers/answer-parts.ts';
import type { LimitsPreset } from '../../sim/fleet/limits.ts';
import type { Question } from '../../sim/fleet/question.ts';
import type { OwnPlatform } from '../../sim/memory/platform-file.ts';
import type { DeviceProfile } from '../../sim/memory/device-profile.ts';

/** What all cells of a sweep share: the documents that they name. */
interface SweepQuestion {
  /** Name of the question, used in messages. */
  readonly file: string;
  readonly profiles: Readonly<Record<string, DeviceProfile>>;
  readonly presets: Readonly<Record<string, LimitsPreset>>;
  readonly platform?: OwnPlatform;
}

/** The heart of an answer. */
export interface SweepValue extends Pick<Answer, 'feasible' | 'value' | 'unit' | 'band' | 'interval' | 'nearest'> {
  /** Names of the constraints that bind. */
  readonly binding: readonly string[];
}

/** @throws UserError of kind `input` for a question that contradicts itself */
function planAnswer({ file, profiles, presets, platform }: SweepQuestion, question: Question): SweepValue {
  const files = {
    profiles: new Map(Object.entries(profiles)),
    presets: new Map(Object.entries(presets)),
    topologies: new Map(),
    ...(platform === undefined ? {} : { platform }),
  };
  const { feasible, value, unit, band, interval, nearest, constraints } = answer(question, files, file, {
    tornado: false,
  });
  const binding = constraints.filter(({ binds }) => binds).map(({ name }) => name);
  return { feasible, value, unit, band, interval, nearest, binding };
}

export const PLAN_ANSWER = { name: 'plan-answer', version: 2, run: planAnswer } as const;
