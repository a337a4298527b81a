/**
 * `stopcopy run`: one migration scenario in virtual time; pause, rounds, VFs, timeline; or two, and where they differ.
 */
import type { Command } from 'commander';

import { OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Demands } from '../../documents/run/gate.ts';
import { integer, oneName } from '../options.ts';
import { type Expectation, EXPECTATIONS } from '../../../sim/memory/outcome.ts';
import type { AskedCan } from '../../../sim/scenario/ask-can.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';

interface RunFlags {
  readonly seed?: number;
  readonly timeline?: string;
  readonly html?: string;
  readonly expect?: Expectation;
  readonly assert?: readonly string[];
}

/** Nothing is played of a VM that will not move: its answer is that of `stopcopy can`. */
async function printRefused({ question, answer }: AskedCan, context: CommandContext, demands: Demands): Promise<void> {
  const { canDocument } = await import('../../documents/can/document.ts');
  const { printCan } = await import('../../documents/can/text.ts');
  const { unmetUnplayed } = await import('../../documents/run/gate.ts');
  const document = canDocument(question, answer);
  context.output.document(document);
  printCan(document, context.output);
  const failures = unmetUnplayed(answer.outcome, demands);
  for (const sentence of failures) context.output.note(`stopcopy: ${sentence}`);
  context.exit(failures.length === 0 ? EXIT.fine : EXIT.failed);
}

const SEED_MAX = 2 ** 32 - 1;

const RUN_EXAMPLES = examples([
  ['stopcopy run zip-64', 'a saturated VF with 64 queue pairs'],
  ['stopcopy run pf-63 --json', '63 VMs leave one PF at once; for a script'],
  ['stopcopy run mine.yaml --timeline mine.trace.json', 'a scenario of your own, to be viewed in Perfetto'],
  ['stopcopy run link-fails --seed 7', 'the same with other arrivals'],
  ["stopcopy run zip-64 --expect moved --assert 'downtime.high < 300ms'", 'a gate for CI'],
  ['stopcopy run before.yaml after.yaml', 'two scenarios, such as two releases of a VMM, and where they differ'],
]);

export function registerRun(command: Command, context: CommandContext): void {
  command
    .description(
      'Plays a scenario in virtual time: memory in rounds, the pause in parts that add up, every VF register by ' +
        'register, with all parameters at their best guesses and at both ends of their ranges.',
    )
    .argument('<scenario>', 'a YAML or JSON file, or the name of one that comes with stopcopy, such as zip-64')
    .argument('[other]', 'a second scenario: prints how the two differ, in fields, figures and parts of the pause')
    .option('--seed <n>', `in place of the scenario's seed, 0 to ${SEED_MAX}`, integer('--seed', 0, SEED_MAX))
    .addOption(new OutputFile('--timeline <file>', 'also write Chrome trace events, for ui.perfetto.dev'))
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .option(
      '--expect <end>',
      `exit with 1 unless each VM ends so: ${EXPECTATIONS.join(', ')}`,
      oneName('--expect', EXPECTATIONS),
    )
    .option(
      '--assert <bound>',
      "exit with 1 unless it holds of a figure of --json, such as 'pause.high < 300ms' (several times)",
      (text, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nScenarios that come with stopcopy: idle-vf, zip-64, eight-vfs, pf-63, vm-64gib, never-converges, link-fails.\n` +
        `The exit status is 0 however a VM's move ends, also where stopcopy can says that it will not begin; 3 when a\n` +
        `fact that decides is not given; and 1 when a task was lost, a policy refuses the migration, or what --expect and\n` +
        `--assert, or those fields of the scenario, demand does not hold.\n` +
        RUN_EXAMPLES,
    )
    .action((a: string, b: string | undefined, flags: RunFlags) =>
      b === undefined ? runOne(a, flags, context) : runTwo([a, b], flags, context),
    );
}

async function runOne(word: string, flags: RunFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { compiled, playScenario, readDocuments } = await import('../../studies/run/play.ts');
  const { WillNotMove } = await import('../../../sim/scenario/ask-can.ts');
  const { runDocument } = await import('../../documents/run/document.ts');
  const { demandsOf, unmet } = await import('../../documents/run/gate.ts');
  const { printRun } = await import('../../documents/run/text.ts');
  const { writeFileAtomically } = await import('../../io/file-output.ts');
  const read = readDocuments(word, flags.seed);
  const demands = demandsOf(read.scenario, flags);
  let plan: CompiledScenario;
  try {
    plan = compiled(read);
  } catch (error) {
    if (!(error instanceof WillNotMove)) throw error;
    await printRefused(error.asked, context, demands);
    return;
  }
  const played = await playScenario(plan, output, signal);
  const document = runDocument(played);
  const failures = unmet(document, demands);
  const files: string[] = [];
  if (flags.timeline !== undefined) {
    const { timelineOf } = await import('../../../sim/scenario/timeline.ts');
    writeFileAtomically(flags.timeline, JSON.stringify(timelineOf(plan, played.point)), '--timeline');
    files.push(flags.timeline);
  }
  if (flags.html !== undefined) {
    const { runSection } = await import('../../documents/run/section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(flags.html, [{ name: 'run.json', section: runSection(document) }], '--html');
    files.push(flags.html);
  }
  output.document(document);
  printRun(document, output);
  for (const file of files) output.path(file);
  for (const sentence of failures) output.note(`stopcopy: ${sentence}`);
  context.exit(document.figures.wrongTasks.value === 0 && failures.length === 0 ? EXIT.fine : EXIT.failed);
}

async function runTwo(words: readonly [string, string], flags: RunFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { playPair } = await import('../../studies/run/pair.ts');
  const { isRun } = await import('../../documents/run/pair.ts');
  const { printRunPair } = await import('../../documents/run/pair-text.ts');
  const { demandsOf, unmet, unmetUnplayed } = await import('../../documents/run/gate.ts');
  const file = flags.timeline !== undefined ? '--timeline' : flags.html !== undefined ? '--html' : null;
  if (file !== null) {
    throw new UserError(
      'usage',
      `${file} is given with two scenarios, allowed is one`,
      `Give ${file} to stopcopy run ${words[0]} and to stopcopy run ${words[1]}.`,
    );
  }
  const { readDocuments } = await import('../../studies/run/play.ts');
  const demands = words.map((word) => demandsOf(readDocuments(word).scenario, flags));
  const document = await playPair(words, flags.seed, output, signal);
  const members = [
    { who: `A (${words[0]})`, member: document.a, demanded: demands[0]! },
    { who: `B (${words[1]})`, member: document.b, demanded: demands[1]! },
  ];
  const failures = members.flatMap(({ who, member, demanded }) => {
    const found = isRun(member) ? unmet(member, demanded) : unmetUnplayed(member.outcome, demanded);
    return found.map((sentence) => `${who}: ${sentence}`);
  });
  output.document(document);
  printRunPair(document, words, output);
  for (const sentence of failures) output.note(`stopcopy: ${sentence}`);
  const lost = members.some(({ member }) => isRun(member) && member.figures.wrongTasks.value > 0);
  context.exit(lost || failures.length > 0 ? EXIT.failed : EXIT.fine);
}
