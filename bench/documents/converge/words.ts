/**
 * The answer for each class in words: which policy, in how many seeds, and how sure.
 */
import type { ClassSummary, PairedWins, Preference, ShareInterval } from '../../../sim/converge/summary.ts';

/** What a policy is best by. */
export const PREFERENCE_WORDS: Readonly<Record<Preference, string>> = {
  'guest time': 'the least time lost by the guest, in the pause and before it',
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
function sameAs({ answer }: ClassSummary): readonly string[] {
  return answer === null ? [] : answer.against.filter(({ share }) => share === null).map(({ policy }) => policy);
}

/** The policy that comes nearest to the best one, where they differ. */
function nearest({ answer }: ClassSummary): (PairedWins & { readonly share: ShareInterval }) | null {
  let found: (PairedWins & { readonly share: ShareInterval }) | null = null;
  for (const pair of answer?.against ?? []) {
    const { share } = pair;
    if (share !== null && (found === null || share.value < found.share.value)) found = { ...pair, share };
  }
  return found;
}

/** Such as `stationary: proxmox is best in 61 % (58 % to 64 %) of 1000 seeds; for sure: …`. */
export function answerSentence(summary: ClassSummary): string {
  const { workload, answer, seeds, policies } = summary;
  if (answer === null) return `${workload}: no VM moved, under any policy.`;
  const own = policies.find(({ policy }) => policy === answer.policy)!;
  const same = sameAs(summary);
  const alike = same.length === 0 ? '' : `, and so ${same.length === 1 ? 'is' : 'are'} ${same.join(', ')}`;
  const begins = `${workload}: ${answer.policy} is best in ${shareText(own.best)} of ${seeds} seeds${alike}`;
  const next = nearest(summary);
  if (next === null) return `${begins}.`;
  const differ = next.better + next.worse;
  const against = `better than ${next.policy}, the nearest, in ${shareText(next.share)} of the ${differ} in which they differ`;
  return `${begins}; ${against}: ${answer.sure ? 'sure' : 'not sure'}.`;
}
