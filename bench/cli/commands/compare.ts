/**
 * `stopcopy compare`: a verdict per metric between two builds, or of this build against the exact baseline.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { type CiFlags, ciOptions, tellCi } from '../ci-options.ts';
import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { decimal, integer, nameList } from '../options.ts';
import type { CompareOptions, SideWords } from '../../compare/comparison.ts';
import type { ComparisonDocument } from '../../documents/comparison/document.ts';
import {
  BUDGET_SECONDS_DEFAULT,
  DEFAULT_LOOKS,
  DEFAULT_SETTINGS,
  PAIRS_MAX_DEFAULT,
  SECONDS_DEFAULT,
} from '../../compare/settings.ts';
import { STAGE_ABOUT, STAGE_NAMES } from '../../measure/metrics/stage-names.ts';

interface CompareFlags extends CiFlags {
  readonly exact?: boolean;
  readonly accept?: string;
  readonly baseline?: string;
  readonly markdown?: boolean;
  readonly save?: string;
  readonly html?: string;
  readonly stage?: readonly string[];
  readonly budget: number;
  readonly pairs: number;
  readonly seconds: number;
  readonly effect: number;
  readonly counted?: boolean;
  readonly seed: number;
}

const PAIRS_MAX = 200;

export function registerCompare(command: Command, context: CommandContext): void {
  const stages = STAGE_NAMES.map((name) => `  ${name.padEnd(12)} ${STAGE_ABOUT[name]}`);
  command
    .description(
      'Compares two result files, or two builds (folders or git revisions) that are measured interleaved in fresh processes ' +
        'until the answer is clear or the budget is spent. With --exact: this build against the baseline in the repository.',
    )
    .argument(
      '[sides...]',
      'base and candidate: each a result file, a built folder or a git revision; or several result files of each, with -- between',
    );
  compareOptions(command)
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nStages:\n${stages.join('\n')}\n${examples([
        ['stopcopy compare --exact', 'the gate of every commit: nothing exact has changed'],
        ['stopcopy compare --exact --accept "one read less per stop"', 'a change that is meant'],
        ['stopcopy compare main HEAD --markdown', 'two revisions, for a pull request'],
        ['stopcopy compare before.json after.json', 'two results of stopcopy bench'],
        [
          'stopcopy compare before*.json -- after*.json',
          'several of each: one line says which is faster, and by how much',
        ],
        ['stopcopy compare ../base . --stage frame-write --budget 120', 'two built folders, one stage'],
      ])}`,
    )
    .action(async (words: readonly string[], flags: CompareFlags) => {
      const passed = await (words.length === 0
        ? compareWithBaseline(flags, context)
        : compareSides(sidesOf(words, wordsAfterDashes(command)), flags, context));
      context.exit(passed === null ? EXIT.interrupted : passed ? EXIT.fine : EXIT.regression);
    });
}

/** How many words come after `--`; null: it is not there. */
function wordsAfterDashes(command: Command): number | null {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const words = (root as unknown as { readonly rawArgs: readonly string[] }).rawArgs;
  const at = words.indexOf('--');
  return at === -1 ? null : words.length - at - 1;
}

/** @throws UserError of kind `usage` where it is open which word is of which side */
function sidesOf(words: readonly string[], after: number | null): readonly [SideWords, SideWords] {
  const count = after === null ? 1 : words.length - after;
  const [base, ...moreBase] = words.slice(0, count);
  const [candidate, ...moreCandidate] = words.slice(count);
  if (base === undefined || candidate === undefined) {
    throw new UserError('usage', `there is nothing to compare ${words.join(' ')} with`, 'Give a second side.');
  }
  if (after === null && moreCandidate.length > 0) {
    throw new UserError(
      'usage',
      `${words.length} sides are given, allowed are 2`,
      'Set several files of a side apart by --: stopcopy compare a1.json a2.json -- b1.json b2.json',
    );
  }
  return [
    [base, ...moreBase],
    [candidate, ...moreCandidate],
  ];
}

/** Adds the options that say what is compared, and for how long. */
function compareOptions(command: Command): Command {
  return ciOptions(command)
    .option('--exact', 'exact metrics only, which takes seconds; without sides: this build against the baseline')
    .option('--accept <reason>', 'with --exact: write the baseline again, with the reason for the change')
    .addOption(
      new InputFile('--baseline <file>', 'another baseline; default: bench/baseline/exact.json of the package'),
    )
    .option('--markdown', 'Markdown for a pull request in place of the table')
    .addOption(new OutputFile('--save <file>', 'also write the JSON document there'))
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .option('--stage <list>', `${STAGE_NAMES.join(', ')}; default: all`, nameList('--stage', STAGE_NAMES))
    .option(
      '--budget <seconds>',
      'wall time of exact metrics, counting and pairs together; building is not in it',
      integer('--budget', 1, 86_400),
      BUDGET_SECONDS_DEFAULT,
    )
    .option(
      '--pairs <n>',
      `pairs of processes at most, 12 to ${PAIRS_MAX}`,
      integer('--pairs', 12, PAIRS_MAX),
      PAIRS_MAX_DEFAULT,
    )
    .option('--seconds <s>', 'measuring time of one process', decimal('--seconds', 0.01, 60), SECONDS_DEFAULT)
    .option(
      '--effect <share>',
      'smallest effect that matters; 0.02 is 2 %',
      decimal('--effect', 0.001, 1),
      DEFAULT_SETTINGS.smallestEffect,
    )
    .option(
      '--counted',
      'count instructions of single-threaded stages too; default: where valgrind and the budget allow it',
    )
    .option('--no-counted', 'count none')
    .option('--seed <n>', 'of the order in which the sides take turns', integer('--seed', 0, 2 ** 32 - 1), 1);
}

/** @returns whether this build has the exact values of the baseline, or they were accepted */
async function compareWithBaseline(flags: CompareFlags, context: CommandContext): Promise<boolean> {
  const { exact, markdown = false, accept, baseline, html } = flags;
  if (exact !== true) {
    throw new UserError(
      'usage',
      'two sides are missing',
      'Give BASE and CANDIDATE, or --exact for this build against its baseline.',
    );
  }
  const { passExactGate } = await import('../../compare/exact-gate.ts');
  if (accept !== undefined && html !== undefined) {
    throw new UserError(
      'usage',
      '--html is given with --accept, which compares nothing',
      'Give --html to `stopcopy compare --exact` before the change is accepted.',
    );
  }
  let made: ComparisonDocument | undefined;
  const passed = passExactGate(
    {
      markdown,
      onDocument: (document) => {
        made = document;
      },
      ...(accept === undefined ? {} : { accept }),
      ...(baseline === undefined ? {} : { baseline }),
    },
    context.output,
  );
  if (made !== undefined) await tellChecks(flags, made, context);
  if (!passed && made !== undefined) await nameRegisters(made, context);
  if (html !== undefined && made !== undefined) await writeComparison(html, made, flags, context);
  return passed;
}

/** @returns whether the candidate is no regression; null where the user stopped it */
async function compareSides(
  [base, candidate]: readonly [SideWords, SideWords],
  flags: CompareFlags,
  context: CommandContext,
): Promise<boolean | null> {
  for (const option of ['accept', 'baseline'] as const) {
    if (flags[option] === undefined) continue;
    throw new UserError(
      'usage',
      `--${option} is given with two sides`,
      'It belongs to `stopcopy compare --exact` without sides.',
    );
  }
  const { output } = context;
  const { compare } = await import('../../compare/comparison.ts');
  const { printComparison } = await import('../../documents/comparison/text.ts');
  const document = await compare(base, candidate, optionsOf(flags), context);
  if (flags.save !== undefined) {
    const { writeFileAtomically } = await import('../../io/file-output.ts');
    writeFileAtomically(flags.save, `${JSON.stringify(document, undefined, 2)}\n`, '--save');
  }
  output.document(document);
  printComparison(document, flags.markdown === true, output);
  await tellChecks(flags, document, context);
  // The document is there: stopcopy report makes a page of it.
  if (flags.html !== undefined && document.interrupted !== true) {
    await writeComparison(flags.html, document, flags, context);
  }
  return document.interrupted === true ? null : !document.regression;
}

/** Which access has changed, where an arc has. */
async function nameRegisters({ results }: ComparisonDocument, { output, signal }: CommandContext): Promise<void> {
  const { arcDifferences } = await import('../../studies/verification/arc-differences.ts');
  for (const { generation, traces, trace, difference } of await arcDifferences(
    results.map(({ name }) => name),
    signal,
  )) {
    output.note(
      trace === null
        ? `${generation}: ${traces === 0 ? 'no trace is recorded of it' : `all ${traces} recorded traces pass`}; which access has changed is not known.`
        : `${generation}: the first access that is not as recorded, in ${trace}\n${difference.replaceAll(/^/gm, '  ')}`,
    );
  }
}

async function tellChecks(flags: CiFlags, document: ComparisonDocument, { output }: CommandContext): Promise<void> {
  const { comparisonChecks } = await import('../../documents/comparison/checks.ts');
  await tellCi(flags, 'stopcopy compare', comparisonChecks(document), output);
}

function optionsOf(flags: CompareFlags): CompareOptions {
  const looks = [...DEFAULT_LOOKS.filter((look) => look < flags.pairs), flags.pairs];
  return {
    settings: { ...DEFAULT_SETTINGS, looks, smallestEffect: flags.effect },
    budgetSeconds: flags.budget,
    secondsPerProcess: flags.seconds,
    ...(flags.stage === undefined ? {} : { stages: flags.stage }),
    seed: flags.seed,
    counted: flags.counted,
    measured: flags.exact !== true,
  };
}

async function writeComparison(
  file: string,
  document: ComparisonDocument,
  { markdown }: CompareFlags,
  { output }: CommandContext,
): Promise<void> {
  const { madeComparison } = await import('../../documents/comparison/section.ts');
  const { writePage } = await import('../../show/write-page.ts');
  writePage(file, [{ name: 'comparison.json', section: madeComparison(document) }], '--html');
  // Markdown goes into a pull request as it is.
  if (markdown !== true) output.path(file);
}
