/**
 * A comparison as a CI reads it: a check for each metric.
 */
import type { Check } from '../../show/checks.ts';
import { type ComparisonDocument, type MetricResult, UNDECIDED } from './document.ts';
import { resultSentence } from './text.ts';

export function comparisonChecks({ results, counts, base, candidate }: ComparisonDocument): readonly Check[] {
  const listed = results.filter(({ verdict }) => verdict === 'same').length;
  const unlisted = counts.same - listed;
  const suite = `${candidate.word} against ${base.word}`;
  const same = unlisted === 0 ? [] : [{ suite, name: `${unlisted} exact metrics are the same` }];
  return [...same, ...results.map((result) => ({ suite, name: result.name, ...judged(result) }))];
}

function judged(result: MetricResult): Omit<Check, 'suite' | 'name'> {
  if (result.fails) return { failure: resultSentence(result) };
  return result.verdict === UNDECIDED || result.verdict === 'failed' ? { skipped: resultSentence(result) } : {};
}
