/**
 * The answer of a plan in a sentence: nominal, over draws of everything unknown, and at the corners of the parameters.
 */
import type { Answer } from '../../../sim/fleet/answers/answer-parts.ts';
import type { UsedPreset } from '../../../sim/fleet/used-presets.ts';
import { areSame, formatLong, unlike } from '../../../sim/fleet/answers/phrases.ts';
import { formatValue } from '../../show/format.ts';

/** A figure in its unit. */
export function words(value: number | string | null, unit: string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (unit === 'step') return `step ${value}`;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '' : 'none';
  return unit === 'ns' ? formatLong(value) : formatValue(value, unit);
}

/** Such as `Limits: kubevirt as of 2026-08-22.`; empty where no preset is taken. */
export function presetsSentence(presets: readonly UsedPreset[]): string {
  const named = presets.map(({ id, asOf }) => (asOf === null ? id : `${id} as of ${asOf}`));
  return named.length === 0 ? '' : `Limits: ${named.join(', ')}.`;
}

/** What differs from its limit is not shown as the same. @param written how both are written */
export function besideLimit(
  value: number,
  limit: number,
  unit: string,
  written: (value: number, unit: string) => string,
): string {
  const text = written(value, unit);
  return text === written(limit, unit) && !areSame(value, limit) ? unlike(value, limit, unit) : text;
}

/** In how many draws a guaranteed number holds is said with its guarantee. */
type BandAnswer = Pick<Answer, 'band' | 'interval' | 'unit' | 'guarantee'>;

/** Such as `Nominal: 63 VFs. 80 % interval: 44 VFs to 63 VFs. Corners: 63 VFs (low), 25 VFs (high).` */
export function bandSentence({ band, interval, unit, guarantee = null }: BandAnswer): string {
  const one = (value: number | null): string => (value === null ? 'none' : words(value, unit));
  const corners = `Corners: ${one(band.short)} (low), ${one(band.long)} (high).`;
  return [`Nominal: ${one(band.point)}.`, ...intervalSentences(interval, one, guarantee !== null), corners].join(' ');
}

function intervalSentences(
  interval: Answer['interval'],
  one: (value: number | null) => string,
  isGuaranteed: boolean,
): readonly string[] {
  if (interval === null) return [];
  const { low, high, draws, played, answered, holding } = interval;
  if (answered === 0) return [`80 % interval: none (${played === draws ? draws : `${played} of ${draws}`} draws).`];
  const how = played === draws ? `${draws} draws` : `those at 10, 50 and 90 % of ${draws} draws`;
  const some = answered === played ? '' : `, ${answered} of them with an answer`;
  const held = holding === null || isGuaranteed ? [] : [`The answer holds in ${holding} of ${draws} draws.`];
  return [`80 % interval: ${one(low)} to ${one(high)} (${how}${some}).`, ...held];
}
