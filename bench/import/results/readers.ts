/**
 * The readers of results that other trackers hold.
 */
import type { Reader } from '../reader.ts';
import { bencherReader } from './bencher.ts';
import { benchstatReader } from './benchstat.ts';
import type { ResultFacts } from './facts.ts';
import { githubReader } from './github-action-benchmark.ts';
import { openMetricsReader } from './openmetrics.ts';

export const RESULT_READERS: readonly Reader<ResultFacts, 'results'>[] = [
  githubReader,
  bencherReader,
  benchstatReader,
  openMetricsReader,
];
