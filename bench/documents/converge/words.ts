/**
 * The answer for each class in words: which policy, in how many seeds, and how sure.
 */
import type { Interval, PlayedClassSummary } from '../../../sim/converge/draws-summary.ts';
import type { ClassAnswer, PairedWins, Preference, ShareInterval } from '../../../sim/converge/summary.ts';
import { formatValue } from '../../show/format.ts';

/** What a policy is best by. */
export const PREFERENCE_WORDS: Readonly<Record<Preference, string>> = {
  'guest time': 'the least time lost by the guest, in the pause and outside of it',
  time: 'the shortest move',
  pause: 'the shortest pause',
};

export function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

export function shareText({ value, low, high }: ShareInterval): string {
  return `${percent(value)} (${percent(low)} to ${percent(high)})`;
}

/** Policies that are the same as the best one in every seed. */
function sameAs({ against }: ClassAnswer): readonly string[] {
  return against.filter(({ share }) => share === null).map(({ policy }) => policy);
}

/** The policy that comes nearest to the best one, where they differ. */
function nearest({ against }: ClassAnswer): (PairedWins & { readonly share: ShareInterval }) | null {
  let found: (PairedWins & { readonly share: ShareInterval }) | null = null;
  for (const pair of against) {
    const { share } = pair;
    if (share !== null && (found === null || share.value < found.share.value)) found = { ...pair, share };
  }
  return found;
}

/** Such as `stationary: proxmox is best in 61 % (58 % to 64 %) of 1000 seeds; better than …: sure.` */
export function answerSentence(summary: PlayedClassSummary): string {
  const { workload, answer, without, seeds, policies } = summary;
  if (answer === null) return `${workload}: no VM moved, under any policy.`;
  const said = `${workload}: ${bestWords(answer, seeds)}.${drawnWords(summary)}`;
  const postCopy = policies.find(({ policy }) => policy === answer.policy)?.postCopy ?? null;
  if (postCopy === null) return said;
  const { switched, lostPerMillion } = postCopy;
  const risk = `It switches ${percent(switched.value)} of them to post-copy, in which ${few(lostPerMillion)} of a million VMs are lost`;
  return `${said} ${risk}${without === null ? '' : `; without it ${bestWords(without, seeds)}`}.`;
}

/** How sure the answer and its figures are with other parameters; empty where none were drawn. */
function drawnWords({ answer, drawn }: PlayedClassSummary): string {
  if (answer === null || drawn === null) return '';
  const { draws, guests, won, bestShare, policies } = drawn;
  const { pauseNs, totalNs } = policies.find(({ policy }) => policy === answer.policy)!;
  const range = ({ low, high }: Interval): string => `${formatValue(low, 'ns')} to ${formatValue(high, 'ns')}`;
  const medians =
    pauseNs === null || totalNs === null ? '' : `; medians: pause ${range(pauseNs)}, time ${range(totalNs)}`;
  const wins = `best for ${guests === 1 ? 'the guest' : `most of ${guests} guests`} in ${won} of ${draws}, and in ${percent(bestShare ?? 0)} of these moves`;
  return ` Parameters drawn: ${wins}${medians}.`;
}

function bestWords(answer: ClassAnswer, seeds: number): string {
  const same = sameAs(answer);
  const alike = same.length === 0 ? '' : `, and so ${same.length === 1 ? 'is' : 'are'} ${same.join(', ')}`;
  const begins = `${answer.policy} is best in ${shareText(answer.best)} of ${seeds} seeds${alike}`;
  const next = nearest(answer);
  if (next === null) return begins;
  const differ = next.better + next.worse;
  const against = `better than ${next.policy}, the nearest, in ${shareText(next.share)} of the ${differ} in which they differ`;
  return `${begins}; ${against}: ${answer.sure ? 'sure' : 'not sure'}`;
}

function few(count: number): string {
  return count >= 10 ? count.toFixed(0) : count.toPrecision(2);
}
