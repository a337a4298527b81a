/**
 * `stopcopy/bench`: what the commands are made of. Files read and checked, documents built, histories and comparisons.
 */
export { type Parser, type ParserName, PARSERS } from '../parsers.ts';
export { type AskedPolicies, type ConvergeWords, readConverge } from '../studies/converge/read-question.ts';
export { type ConvergeDocument, convergeDocument } from '../documents/converge/document.ts';
export { parseArrivals, readArrivalFile } from '../studies/arrival-file.ts';
export { changePoints } from '../history/change-points.ts';
export type { ChangePoint, ChangePointOptions } from '../history/change-points.ts';
export type { HistoryRecord } from '../documents/history/record.ts';
export { seriesOf } from '../history/series.ts';
export type { Series, SeriesChange } from '../documents/history/document.ts';
export { appendRecords, pruneHistory, readHistory } from '../history/store.ts';
export type {
  ComparisonDocument,
  MetricResult,
  ComparisonVerdict,
  TestSettings,
} from '../documents/comparison/document.ts';
export { DEFAULT_SETTINGS } from '../compare/settings.ts';
export { compareExact, readBaseline } from '../measure/metrics/baseline.ts';
export { exactMetrics } from '../measure/metrics/exact.ts';
export { examine, isolationDocument } from '../studies/isolation/examine.ts';
export type { IsolationDocument, TopologyReport, VfIsolation } from '../documents/isolation/document.ts';
export { planDocument } from '../documents/plan/document.ts';
export type { PlanDocument, SweepDocument } from '../documents/plan/document.ts';
export { readQuestion } from '../studies/plan/read-question.ts';
export { type RunDocument, runDocument, type Played } from '../documents/run/document.ts';
export { type BareUnits, upgraded } from '../studies/upgrade/upgrade.ts';
export type { Upgrade, UpgradeChange } from '../documents/upgrade/document.ts';
export { readBenchResult } from '../documents/bench/result.ts';
export type { Figure } from '../show/figure.ts';
export type { BenchResult, Cell } from '../documents/bench/result.ts';
export { runSweep } from '../measure/suites/sweep.ts';
export type { SweepHooks, SweepOptions } from '../measure/suites/sweep-types.ts';
export { readScenario } from '../studies/run/play.ts';
