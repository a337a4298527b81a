/**
 * What `stopcopy converge --json` prints. Version 1; docs/converge.md explains each field.
 */
import type { PlayedClassSummary } from '../../../sim/converge/draws-summary.ts';
import { POLICIES, type PolicySettings } from '../../../sim/converge/policies.ts';
import type { ConvergeQuestion } from '../../../sim/converge/question.ts';
import type { Preference } from '../../../sim/converge/summary.ts';
import type { PlayedClass } from '../../../sim/converge/workload-class.ts';
import type { AskedPolicy } from '../../../workers/pools/converge-cell.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const CONVERGE_RESULT = 'stopcopy-converge-result' satisfies DocumentFormat;
export const CONVERGE_RESULT_VERSION = DOCUMENTS[CONVERGE_RESULT].version;

/** A policy as it was played. */
interface ShownPolicy {
  readonly name: string;
  readonly title: string;
  /** Where its rules were read, and when; of a module of a user its path, and no date. */
  readonly source: string;
  readonly date: string | null;
  readonly settings: PolicySettings;
}

export interface ConvergeDocument {
  readonly format: typeof CONVERGE_RESULT;
  readonly version: typeof CONVERGE_RESULT_VERSION;
  readonly stopcopy: string;
  /** Every figure follows from parameters: quantiles are over seeds, with nominal ones; `drawn` has what their ranges do to it. */
  readonly kind: 'modelled';
  readonly question: {
    readonly file: string;
    readonly name: string;
    readonly description: string;
    readonly gigabitsPerSecond: number;
    readonly horizonNs: number;
    /** Mean time between two faults that end a stream. */
    readonly faultEveryNs: number;
    readonly seeds: number;
    readonly seed: number;
    readonly draws: number;
    readonly prefer: Preference;
  };
  readonly policies: readonly ShownPolicy[];
  readonly workloads: readonly {
    readonly name: string;
    readonly title: string;
    readonly basis: string;
    readonly source: string;
  }[];
  readonly classes: readonly PlayedClassSummary[];
  /** Moves that were played, and events of the engine that they took: counted, the same on every machine. */
  readonly moves: number;
  readonly events: number;
}

/** What was asked and played. */
interface Played {
  readonly file: string;
  readonly question: ConvergeQuestion;
  readonly labels: readonly string[];
  readonly policies: readonly AskedPolicy[];
  readonly workloads: readonly PlayedClass[];
  readonly classes: readonly PlayedClassSummary[];
  readonly moves: number;
  readonly events: number;
}

export function convergeDocument(played: Played): ConvergeDocument {
  const { file, question, labels, policies, workloads, classes, moves, events } = played;
  const { name, description, stream, horizon, faultEvery, seeds, seed, draws, prefer } = question;
  const { gigabitsPerSecond } = stream;
  return {
    format: CONVERGE_RESULT,
    version: CONVERGE_RESULT_VERSION,
    stopcopy: packageVersion(),
    kind: 'modelled',
    question: {
      file,
      name,
      description,
      gigabitsPerSecond,
      horizonNs: horizon,
      faultEveryNs: faultEvery,
      seeds,
      seed,
      draws,
      prefer,
    },
    policies: policies.map((policy, i) => shownPolicy(labels[i]!, policy)),
    workloads: workloads.map(({ name: workload, title, basis, source }) => ({ name: workload, title, basis, source })),
    classes,
    moves,
    events,
  };
}

function shownPolicy(label: string, { name, module, settings }: AskedPolicy): ShownPolicy {
  if (name === undefined) {
    return { name: label, title: 'a policy of your own', source: module?.name ?? '', date: null, settings };
  }
  const { title, source, date } = POLICIES[name];
  return { name: label, title, source, date, settings };
}
