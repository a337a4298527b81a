/**
 * `stopcopy`: what the commands do, one function for each, with the documents that the commands print with `--json`.
 *
 * Importing it loads nothing of the simulator; a function loads what it needs when it is called. What the functions are made
 * of is in `stopcopy/sim`, `stopcopy/workers` and `stopcopy/bench`.
 */
export { can, converge, explain, isolation, plan, planSweep, run, runPair } from './questions.ts';
export {
  calibrate,
  check,
  fit,
  historySeries,
  importFiles,
  recordHistory,
  report,
  uiPage,
  upgrade,
  validate,
  verify,
} from './files.ts';
export { bench, benchSuites, compare, compareExact, receive, send } from './measurements.ts';
export { Bug } from '../../sim/base/bug.ts';
export { StatusError } from '../../sim/base/status-error.ts';
export { UserError } from '../../sim/base/user-error.ts';

export type { WorkOptions } from './work-options.ts';
export type {
  ConvergeOptions,
  ExplainOptions,
  IsolationQuestion,
  PlanOptions,
  PlanSweepOptions,
  RunOptions,
} from './questions.ts';
export type { CheckSearch, HistoryOptions, RecordOptions } from './files.ts';
export type { BenchOptions, BenchSuitesOptions, CompareOptions } from './measurements.ts';
export type { BenchResult } from '../documents/bench/result.ts';
export type { CostFile } from '../../sim/device/cost-file.ts';
export type { CheckedGeneration } from '../documents/check/document.ts';
export type { CanDocument } from '../documents/can/document.ts';
export type { ComparisonDocument } from '../documents/comparison/document.ts';
export type { ConvergeDocument } from '../documents/converge/document.ts';
export type { ExplainDocument } from '../documents/explain/document.ts';
export type { HistoryDocument } from '../documents/history/document.ts';
export type { HistoryRecord } from '../documents/history/record.ts';
export type { ImportDocument } from '../documents/import/document.ts';
export type { IsolationDocument } from '../documents/isolation/document.ts';
export type { PlanDocument, SweepDocument } from '../documents/plan/document.ts';
export type { RunDocument } from '../documents/run/document.ts';
export type { RunPairDocument } from '../documents/run/pair.ts';
export type { AnyRun, UnplayedRun } from '../documents/run/unplayed.ts';
export type { SuitesDocument } from '../documents/suites/document.ts';
export type { Upgrade } from '../documents/upgrade/document.ts';
export type { ValidationDocument } from '../documents/validation/document.ts';
export type { Verification } from '../documents/verification/document.ts';
export type { Figure } from '../show/figure.ts';
export type { PlatformFile } from '../../sim/memory/platform-file.ts';
export type { ReceiveOptions, ReceiveReport } from '../../workers/transport/receive-vm.ts';
export type { SendOptions, SendReport } from '../../workers/transport/send-vm.ts';
