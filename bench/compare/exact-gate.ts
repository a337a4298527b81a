/**
 * `stopcopy compare --exact`: the exact metrics of this build against the baseline of the repository.
 */
import { existsSync } from 'node:fs';

import { headed } from '../io/document-head.ts';
import { readInputText } from '../io/input-file.ts';
import type { Output } from '../io/output.ts';
import {
  acceptedBaseline,
  type Baseline,
  BASELINE_FORMAT,
  baselinePath,
  compareExact,
  EMPTY_BASELINE,
  type ExactComparison,
  metricMap,
  readBaseline,
  writeBaseline,
} from '../measure/metrics/baseline.ts';
import { exactMetrics } from '../measure/metrics/exact.ts';
import { type Better, betterOf } from '../documents/metric.ts';
import { compareDocument, type ComparisonDocument, type MetricResult } from '../documents/comparison/document.ts';
import { printComparison } from '../documents/comparison/text.ts';

export interface ExactFlags {
  readonly baseline?: string;
  /** Why the values may change. */
  readonly accept?: string;
  readonly markdown: boolean;
  /** Receives what is printed; not when a change is accepted. */
  readonly onDocument?: (document: ComparisonDocument) => void;
}

/**
 * @param count counts the exact metrics of this build, which takes seconds
 * @returns whether this build has the values of the baseline; after accepting it always has
 */
export function passExactGate(flags: ExactFlags, output: Output, count = exactMetrics): boolean {
  const path = flags.baseline ?? baselinePath();
  if (flags.accept !== undefined) {
    const before = baselineToReplace(path);
    const metrics = metricMap(count());
    const next = acceptedBaseline(before, metrics, flags.accept);
    const { added, removed, changed } = next.changes[0]!;
    if (added + removed + changed === 0) {
      output.text(`${path}: nothing has changed, ${metrics.size} exact metrics are the same; nothing was written.`);
    } else {
      writeBaseline(path, next);
      output.text(`${path}: ${added} added, ${removed} removed, ${changed} changed. Commit it with the change.`);
    }
    output.document(headed('stopcopy-baseline-change', { baseline: path, added, removed, changed }));
    return true;
  }
  // A baseline that cannot be read is refused before the work.
  const base = readBaseline(path).metrics;
  const comparison = compareExact(base, metricMap(count()));
  const document = compareDocument({
    base: { word: path, kind: 'baseline', revision: null },
    candidate: { word: 'this build', kind: 'built folder', revision: null },
    // A value that nobody stands for fails, whichever way it went.
    results: exactResults(comparison).map((result) => ({ ...result, fails: true })),
    same: comparison.same,
  });
  flags.onDocument?.(document);
  output.document(document);
  printComparison(document, flags.markdown, output);
  if (comparison.differences.length > 0) {
    output.note(
      'If the change is meant: npx stopcopy compare --exact --accept "why", and commit the baseline with it.',
    );
  }
  return comparison.differences.length === 0;
}

/** A baseline that a merge has broken may be replaced, as the reason is given again; any other file may not. */
function baselineToReplace(path: string): Baseline {
  if (!existsSync(path)) return EMPTY_BASELINE;
  try {
    return readBaseline(path);
  } catch (error) {
    if (readInputText(path).includes(`"format": "${BASELINE_FORMAT}"`)) return EMPTY_BASELINE;
    throw error;
  }
}

/** Only what differs; what is the same is a number. */
export function exactResults({ differences }: ExactComparison): readonly MetricResult[] {
  return differences.map(({ name, before, after }) => {
    const better = betterOf(name);
    const verdict = exactVerdict(before, after, better);
    const relative =
      typeof before === 'number' && typeof after === 'number' && before !== 0 ? after / before - 1 : undefined;
    return {
      name,
      kind: 'exact',
      unit: '',
      better,
      verdict,
      fails: verdict === 'worse',
      ...(before === undefined ? {} : { base: before }),
      ...(after === undefined ? {} : { candidate: after }),
      ...(relative === undefined ? {} : { effect: relative }),
    };
  });
}

function exactVerdict(
  before: number | string | undefined,
  after: number | string | undefined,
  better: Better,
): MetricResult['verdict'] {
  if (before === undefined) return 'new';
  if (after === undefined) return 'gone';
  if (better === 'neither' || typeof before === 'string' || typeof after === 'string') return 'changed';
  return after > before === (better === 'higher') ? 'better' : 'worse';
}
