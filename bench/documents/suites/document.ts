/**
 * What a suite of its own gives: rows of figures, notes on them, and the parameters of what is modelled. One document
 * holds the reports of all suites of a run; docs/result-format.md section 8.
 */
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import type { Figure } from '../../show/figure.ts';
import type { Crowding } from '../bench/crowding.ts';
import type { CostParameter, Machine } from '../bench/result.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const SUITES_FORMAT = 'stopcopy-suites' satisfies DocumentFormat;
export const SUITES_VERSION = DOCUMENTS[SUITES_FORMAT].version;

/** What the command line leaves to a suite. What is undefined the suite chooses for itself. */
export interface SuiteOptions {
  readonly quick: boolean;
  readonly driver: GenerationId;
  readonly accelerators: readonly AcceleratorKind[] | undefined;
  readonly queuePairs: readonly number[] | undefined;
  /** When it fires, a suite that measures leaves out the rows that it has not begun. */
  readonly signal?: AbortSignal;
  /** How long a thread of a world waits for another before that counts as lost, in ms. Default: that of every world. */
  readonly limitMs?: number;
}

export interface SuiteColumn {
  /** Field of the row's figures. */
  readonly name: string;
  /** For the head of a table, without the unit of counts. */
  readonly title: string;
}

export interface SuiteRow {
  /** What the row is about, by name: a design, an accelerator, a number of queue pairs. */
  readonly at: Readonly<Record<string, string | number>>;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** Words to the rows whose `at` has this name in one of its fields. */
interface SuiteRemark {
  readonly about: string;
  readonly lines: readonly string[];
}

export interface SuiteReport {
  readonly suite: string;
  /** One sentence: what was compared or measured. */
  readonly title: string;
  readonly columns: readonly SuiteColumn[];
  readonly rows: readonly SuiteRow[];
  readonly remarks: readonly SuiteRemark[];
  /** The parameters of the modelled figures. */
  readonly costs: readonly CostParameter[];
}

export interface SuitesDocument {
  readonly format: typeof SUITES_FORMAT;
  readonly version: typeof SUITES_VERSION;
  readonly stopcopy: string;
  readonly quick: boolean;
  readonly driver: string;
  /** Whose wall time the measured figures are. */
  readonly machine?: Machine;
  /** By what the machine was seen to be crowded; empty: nothing was seen. Absent where nothing was measured. */
  readonly crowded?: readonly Crowding[];
  readonly suites: readonly SuiteReport[];
}

export type RunSuite = (options: SuiteOptions) => Promise<SuiteReport> | SuiteReport;
