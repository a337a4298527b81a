/**
 * The plan document: what `stopcopy plan --json` prints. Version 2; docs/plan-format.md explains each field.
 */
import type { Answer } from '../../../sim/fleet/answers/answer-parts.ts';
import type { QuestionFiles } from '../../../sim/fleet/answer.ts';
import type { Question, QuestionVm } from '../../../sim/fleet/question.ts';
import { type UsedPreset, usedPresets } from '../../../sim/fleet/used-presets.ts';
import { asOfIn, assumedIn } from '../../../sim/fleet/whole-vm.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { costsInUse } from '../../../sim/device/costs.ts';
import type { GridPoint } from '../../../workers/pools/grid.ts';
import type { SweepValue } from '../../../workers/pools/plan-answer.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const PLAN_FORMAT = 'stopcopy-plan' satisfies DocumentFormat;
export const SWEEP_FORMAT = 'stopcopy-plan-sweep' satisfies DocumentFormat;
export const PLAN_VERSION = DOCUMENTS[PLAN_FORMAT].version;

interface Head {
  readonly version: typeof PLAN_VERSION;
  readonly stopcopy: string;
  readonly question: {
    readonly file: string;
    readonly name: string;
    readonly ask: string;
    readonly description: string;
    /** What was assumed of any VM against what is known; left out: nothing. */
    readonly assume?: QuestionVm['assume'];
    /** As of when answers are for releases that are later than all that is on record; left out: none is. */
    readonly asOf?: readonly string[];
  };
  /** Whose parameters stand in place of the shipped ones; left out: nobody's. */
  readonly platform?: string;
  /** The user's own cost table; left out: the shipped one. */
  readonly costs?: string;
  /** Which of its rows are measured, and what it does not reproduce. */
  readonly costNotes?: readonly string[];
  /** Presets of limits that the question names, with the days of which their values are; left out: none. */
  readonly presets?: readonly UsedPreset[];
}

export interface PlanDocument extends Head {
  readonly format: typeof PLAN_FORMAT;
  /** Every figure of it is modelled: it follows from parameters. */
  readonly kind: 'modelled';
  readonly answer: Answer;
}

/** What a cell came to: the heart of its answer, or why it cannot be asked. */
export type SweepOutcome =
  | ({ readonly kind: 'answered' } & SweepValue)
  | { readonly kind: 'refused'; readonly why: string };

export interface SweepCell {
  readonly at: GridPoint;
  readonly outcome: SweepOutcome;
}

export interface SweepDocument extends Head {
  readonly format: typeof SWEEP_FORMAT;
  readonly kind: 'modelled';
  /** In the order of the grid. */
  readonly cells: readonly SweepCell[];
}

/** What was asked. */
interface Asked {
  /** For messages: the path as it was given, or the name of what comes with the package. */
  readonly file: string;
  readonly question: Question;
  readonly files: Pick<QuestionFiles, 'platform' | 'presets'>;
}

function head({ file, question, files: { platform, presets } }: Asked, questions: readonly Question[]): Head {
  const used = usedPresets(questions, presets);
  const { name, ask, description } = question;
  const assume = assumedIn(question);
  const asOf = [...new Set(questions.flatMap(asOfIn))];
  return {
    version: PLAN_VERSION,
    stopcopy: packageVersion(),
    question: {
      file,
      name,
      ask,
      description,
      ...(keysOf(assume).length === 0 ? {} : { assume }),
      ...(asOf.length === 0 ? {} : { asOf }),
    },
    ...(platform === undefined ? {} : { platform: platform.id }),
    ...costsInUse(),
    ...(used.length === 0 ? {} : { presets: used }),
  };
}

export function planDocument(asked: Asked, answer: Answer): PlanDocument {
  return { format: PLAN_FORMAT, ...head(asked, [asked.question]), kind: 'modelled', answer };
}

/** @param questions one for each cell */
export function sweepDocument(
  asked: Asked,
  questions: readonly Question[],
  cells: readonly SweepCell[],
): SweepDocument {
  return { format: SWEEP_FORMAT, ...head(asked, questions), kind: 'modelled', cells };
}
