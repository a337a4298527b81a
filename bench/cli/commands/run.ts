/**
 * `stopcopy run`: one migration scenario in virtual time; pause, iterations, VFs, timeline; or two, and where they differ.
 */
import type { Command } from 'commander';

import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, helpText, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { COSTS_OPTION, integer, oneName, PLATFORM_OPTION } from '../options.ts';
import type { RunPairDocument } from '../../documents/run/pair.ts';
import { type MoveEnd, MOVE_ENDS } from '../../../sim/memory/outcome.ts';

interface RunFlags {
  readonly seed?: number;
  readonly platform?: string;
  readonly costs?: string;
  readonly timeline?: string;
  readonly html?: string;
  readonly expect?: MoveEnd;
  readonly assert?: readonly string[];
}

const SEED_MAX = 2 ** 32 - 1;

const RUN_EXAMPLES = examples([
  ['stopcopy run zip-64', 'a saturated VF with 64 queue pairs'],
  ['stopcopy run pf-63 --json', '63 VMs leave one PF at once; for a script'],
  ['stopcopy run mine.yaml --timeline mine.trace.json', 'a scenario of your own, to be viewed in Perfetto'],
  ['stopcopy run link-fails --seed 7', 'the same with other arrivals'],
  ["stopcopy run zip-64 --expect moved --assert 'downtime.high < 300ms'", 'a gate for CI'],
  ['stopcopy run mine.yaml --platform lab-a', 'on machines that stopcopy fit was given moves of'],
  ['stopcopy run query-migrate.jsonl', 'a move that QEMU measured, with the model next to it'],
  ['stopcopy run before.yaml after.yaml', 'two scenarios, such as two releases of a VMM, and where they differ'],
  ['stopcopy run before.yaml after.yaml --html both.html', 'the same as a page, with both runs'],
]);

export function registerRun(command: Command, context: CommandContext): void {
  command
    .description(
      'Plays a scenario in virtual time: memory in iterations, the pause in parts that add up, every VF register by ' +
        'register; nominal, with 80 % intervals over seeded draws of all that is unknown.',
    )
    .argument(
      '<scenario>',
      'a YAML or JSON file, the name of one that comes with stopcopy, such as zip-64, or a measured move: answers of ' +
        'query-migrate, a trace, a log (docs/import.md)',
    )
    .argument('[other]', 'a second scenario: prints how the two differ, in fields, figures and parts of the pause')
    .option('--seed <n>', `in place of the scenario's seed, 0 to ${SEED_MAX}`, integer('--seed', 0, SEED_MAX))
    .addOption(new InputFile(...PLATFORM_OPTION))
    .addOption(new InputFile(...COSTS_OPTION))
    .addOption(new OutputFile('--timeline <file>', 'also write Chrome trace events, for ui.perfetto.dev'))
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .option(
      '--expect <end>',
      `exit with 1 unless each VM ends so: ${MOVE_ENDS.join(', ')}`,
      oneName('--expect', MOVE_ENDS),
    )
    .option(
      '--assert <bound>',
      "exit with 1 unless it holds of a figure of --json, such as 'pause.high < 300ms' (several times)",
      (text, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      helpText(
        'Scenarios that come with stopcopy: idle-vf, zip-64, eight-vfs, pf-63, vm-64gib, never-converges, link-fails.',
      ) +
        helpText(
          "The exit status is 0 however a VM's move ends, also where stopcopy can says that it will not begin; 3 when a " +
            'fact that decides is not given; and 1 when a task was lost, a policy refuses the migration, or what ' +
            '--expect and --assert, or those fields of the scenario, demand does not hold.',
        ) +
        RUN_EXAMPLES,
    )
    .action(async (a: string, b: string | undefined, flags: RunFlags) => {
      const { useCostTable } = await import('../../io/cost-table.ts');
      useCostTable(flags.costs);
      return b === undefined ? runOne(a, flags, context) : runTwo([a, b], flags, context);
    });
}

async function runOne(word: string, flags: RunFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { readDocuments } = await import('../../studies/run/play.ts');
  const { documentsOf, importedOf } = await import('../../studies/import/run-move.ts');
  const { isPlayed } = await import('../../documents/run/unplayed.ts');
  const { outcomeOf, readyRun } = await import('../../studies/run/outcome.ts');
  const { demandsOf, hasLostTasks, unmet } = await import('../../documents/run/gate.ts');
  const { printAnyRun } = await import('../../documents/run/text.ts');
  const { readOwnPlatform } = await import('../../io/platforms.ts');
  const given = { seed: flags.seed, platform: readOwnPlatform(flags.platform) };
  const imported = importedOf(word);
  const read = imported === undefined ? readDocuments(word, given) : documentsOf(imported, given);
  const demands = demandsOf(read.scenario, flags);
  const { document, played } = await outcomeOf(readyRun(read), output, signal);
  const failures = unmet(document, demands);
  const files: string[] = [];
  if (flags.timeline !== undefined && played !== null) {
    const { timelineOf } = await import('../../../sim/scenario/timeline.ts');
    const { writeFileAtomically } = await import('../../io/file-output.ts');
    writeFileAtomically(flags.timeline, JSON.stringify(timelineOf(played.plan, played.point)), '--timeline');
    files.push(flags.timeline);
  }
  if (flags.html !== undefined) {
    const { anyRunSection } = await import('../../documents/run/section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(flags.html, [{ name: 'run.json', section: anyRunSection(document) }], '--html');
    files.push(flags.html);
  }
  output.document(document);
  printAnyRun(document, output);
  if (imported !== undefined && isPlayed(document)) {
    const { comparedFigures } = await import('../../studies/explain/explain.ts');
    const { measuredLines } = await import('../../documents/explain/text.ts');
    for (const line of measuredLines(comparedFigures(document, imported.made.measured, imported.move.status)))
      output.text(line);
  }
  for (const file of files) output.path(file);
  if (flags.timeline !== undefined && played === null) {
    output.note(`stopcopy: --timeline ${flags.timeline} was not written: nothing is played`);
  }
  for (const sentence of failures) output.note(`stopcopy: ${sentence}`);
  context.exit(hasLostTasks(document) || failures.length > 0 ? EXIT.failed : EXIT.fine);
}

async function runTwo(words: readonly [string, string], flags: RunFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { playPair } = await import('../../studies/run/pair.ts');
  const { printRunPair } = await import('../../documents/run/pair-text.ts');
  const { demandsOf, hasLostTasks, unmet } = await import('../../documents/run/gate.ts');
  if (flags.timeline !== undefined) {
    throw new UserError(
      'usage',
      '--timeline is given with two scenarios, allowed is one',
      `Give --timeline to stopcopy run ${words[0]} and to stopcopy run ${words[1]}.`,
    );
  }
  const { readDocuments } = await import('../../studies/run/play.ts');
  const demands = words.map((word) => demandsOf(readDocuments(word).scenario, flags));
  const { readOwnPlatform } = await import('../../io/platforms.ts');
  const given = { seed: flags.seed, platform: readOwnPlatform(flags.platform) };
  const document = await playPair(words, given, output, signal);
  const members = [
    { who: `A (${words[0]})`, member: document.a, demanded: demands[0]! },
    { who: `B (${words[1]})`, member: document.b, demanded: demands[1]! },
  ];
  const failures = members.flatMap(({ who, member, demanded }) =>
    unmet(member, demanded).map((sentence) => `${who}: ${sentence}`),
  );
  if (flags.html !== undefined) await writePair(flags.html, document, words);
  output.document(document);
  printRunPair(document, words, output);
  if (flags.html !== undefined) output.path(flags.html);
  for (const sentence of failures) output.note(`stopcopy: ${sentence}`);
  const lost = members.some(({ member }) => hasLostTasks(member));
  context.exit(lost || failures.length > 0 ? EXIT.failed : EXIT.fine);
}

/** A page of what differs, and of each. */
async function writePair(file: string, document: RunPairDocument, names: readonly [string, string]): Promise<void> {
  const { anyRunSection } = await import('../../documents/run/section.ts');
  const { runPairSection } = await import('../../documents/run/pair-section.ts');
  const { writePage } = await import('../../show/write-page.ts');
  const sections = [
    { name: 'pair.json', section: runPairSection(document, names) },
    { name: 'a.json', section: anyRunSection(document.a) },
    { name: 'b.json', section: anyRunSection(document.b) },
  ];
  writePage(file, sections, '--html');
}
