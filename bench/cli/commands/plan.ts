/**
 * `stopcopy plan`: capacity questions, answered with the binding constraint.
 */
import { dirname } from 'node:path';

import type { Command } from 'commander';

import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, helpText, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { COSTS_OPTION, day, decimal, integer, PLATFORM_OPTION, time } from '../options.ts';
import { CONFIDENCE_MAX, CONFIDENCE_MIN } from '../../../sim/fleet/confidence.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Place } from '../../studies/shards/placed-runner.ts';
import { addShardOptions, placed, type ShardFlags } from '../shard-options.ts';
import type { PlanDocument } from '../../documents/plan/document.ts';
import type { AskedQuestion } from '../../studies/plan/read-question.ts';
import type { Grid } from '../../../workers/pools/grid.ts';

interface PlanFlags extends ShardFlags {
  readonly fleet?: readonly string[];
  readonly host?: string;
  readonly platform?: string;
  readonly costs?: string;
  readonly sweep?: Grid;
  readonly out?: string;
  readonly threads?: number;
  readonly fresh?: true;
  readonly confidence?: number;
  readonly tornado: boolean;
  readonly html?: string;
  readonly today?: Date;
  readonly csv?: string;
  readonly ics?: string;
  readonly start?: Date;
}

const THREADS_MAX = 256;

export function registerPlan(command: Command, context: CommandContext): void {
  addFleetOptions(command);
  addShardOptions(command);
  command
    .description(
      'Answers a capacity question by closed forms and by simulation: the number that holds wherever iterations end and in ' +
        '95 of 100 draws of everything unknown, what limits it and by how much, the proof that one further does not hold, ' +
        'what relaxing buys, and what it depends on.',
    )
    .argument(
      '[question]',
      'a YAML or JSON file, or the name of one that comes with stopcopy, such as vfs-per-vm; with --fleet one of an evacuation, or none',
    )
    .option(
      '--sweep <field=values>',
      'ask for each of the values, divided by commas; may be given several times, for every combination',
      sweepField,
    )
    .addOption(new InputFile(...PLATFORM_OPTION))
    .addOption(new InputFile(...COSTS_OPTION))
    .addOption(new OutputFile('--out <file>', 'where the document of a sweep goes; default: results/plan-NAME.json'))
    .option('--threads <n>', 'threads of a sweep; default: all processors', integer('--threads', 1, THREADS_MAX))
    .option('--fresh', 'do not continue an interrupted sweep')
    .option(
      '--confidence <share>',
      'share of draws of everything unknown in which the number holds, 0.5 to 0.999, or 1: in all, and at every corner; default: 0.95, or what the file says',
      confidenceShare,
    )
    .option('--no-tornado', 'do not move parameters one by one')
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .addOption(new OutputFile('--csv <file>', 'also write the moves, hosts and notices of an evacuation'))
    .addOption(new OutputFile('--ics <file>', 'also write hosts and notices as a calendar; with --start'))
    .option('--start <time>', 'when it begins, for --ics, such as 2026-12-05T22:00Z', time('--start'))
    .option('--today <date>', 'the day against which the age of presets is judged; default: today', day('--today'))
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      helpText(
        'Questions that come with stopcopy: vfs-per-vm, queues-per-vf, load, channels, link, moves-per-host, ' +
          'moves-over-pf, moves-over-uplink, converge-nova, empty-host, empty-rack, empty-rack-nova, two-generations, ' +
          'empty-region, room, generations.',
      ) +
        helpText('The exit status is 4 when nothing satisfies the question; the nearest that does is printed.') +
        examples([
          ['stopcopy plan vfs-per-vm', 'the most VFs within a pause of 200 ms'],
          ['stopcopy plan vfs-per-vm --confidence 0.99', 'the same, so that it holds in 99 of 100 cases'],
          ['stopcopy plan empty-rack', 'how long to empty a rack, under the limits of KubeVirt'],
          [
            'stopcopy plan --fleet vmis.json',
            'how long to empty the fullest host, from kubectl get vmi,nodes -A -o json',
          ],
          ['stopcopy plan mine.yaml --json', 'a question of your own, for a script'],
          ['stopcopy plan link --sweep vm.vcpus=8,16,32,64', 'the same question for several VMs'],
          ['stopcopy plan link --sweep vm.vcpus=8,16,32,64 --html link.html', 'the same, drawn'],
        ]),
    )
    .action((word: string | undefined, flags: PlanFlags) => answerWords(word, flags, context));
}

/** Answers a question, or that of every cell of its grid. */
async function answerWords(word: string | undefined, flags: PlanFlags, context: CommandContext): Promise<void> {
  const { useCostTable } = await import('../../io/cost-table.ts');
  useCostTable(flags.costs);
  const { questionsOf } = await import('../../studies/plan/read-question.ts');
  const asked = await askedBy(word, flags);
  for (const note of asked.notes) context.output.note(note);
  const { ageNotes, usedPresets } = await import('../../../sim/fleet/used-presets.ts');
  const used = usedPresets(questionsOf(asked), asked.files.presets);
  for (const note of ageNotes(used, flags.today ?? new Date())) context.output.note(note);
  if (flags.shard !== undefined && asked.cells.length === 0) {
    throw new UserError(
      'usage',
      '--shard is for a sweep',
      'One question is one cell: give --sweep as well, or leave --shard out.',
    );
  }
  await placed(flags, context, async (place) => {
    const feasible = await (asked.cells.length > 0
      ? answerCells(asked, flags, place, context)
      : answerOne(asked, flags, context));
    context.exit(feasible ? EXIT.fine : EXIT.infeasible);
  });
}

/** Which fleet is asked about. */
function addFleetOptions(command: Command): void {
  command
    .addOption(
      new InputFile(
        '--fleet <file>',
        'a list of VMs and hosts from kubectl, openstack, pvesh or a table (CSV), or a question whose fleet it is (several times)',
      ).argParser((file, before: readonly string[] | undefined) => [...(before ?? []), file]),
    )
    .option(
      '--host <names>',
      'which hosts of --fleet are emptied, divided by commas; default: that with the most memory of VMs',
    );
}

/** The question of the words of the command. */
async function askedBy(
  word: string | undefined,
  { fleet, host, sweep, platform, confidence }: PlanFlags,
): Promise<AskedQuestion> {
  const { readFleetQuestion, readQuestion } = await import('../../studies/plan/read-question.ts');
  const { readOwnPlatform } = await import('../../io/platforms.ts');
  const own = readOwnPlatform(platform);
  if (fleet !== undefined) return readFleetQuestion({ fleet, question: word, hosts: host }, sweep, own, confidence);
  if (word === undefined)
    throw new UserError('usage', 'a question is missing', 'Give a file, a name such as vfs-per-vm, or --fleet FILE.');
  if (host !== undefined)
    throw new UserError(
      'usage',
      '--host is given without --fleet',
      'It names hosts of a list: give that with --fleet.',
    );
  return readQuestion(word, sweep, own, confidence);
}

/** Asks the question for every cell of its grid. @returns whether one of them is feasible */
async function answerCells(
  asked: AskedQuestion,
  flags: PlanFlags,
  place: Place,
  { output, signal }: CommandContext,
): Promise<boolean> {
  if (flags.csv !== undefined || flags.ics !== undefined) {
    throw new UserError('usage', '--csv and --ics are for one question', 'Leave them out of a sweep.');
  }
  const { sweepPlan } = await import('../../studies/plan/sweep.ts');
  const { printSweep } = await import('../../documents/plan/text.ts');
  const { html, threads, fresh } = flags;
  // Shards of one job may be run at one time in one folder.
  const out = place.own?.file ?? flags.out ?? `results/plan-${asked.question.name}.json`;
  if (place.own === undefined && flags.out === undefined) {
    const { prepareFolder } = await import('../../io/file-output.ts');
    prepareFolder(dirname(out), '--out');
  }
  const document = await sweepPlan(asked, {
    out,
    place,
    output,
    signal,
    ...(threads === undefined ? {} : { threads }),
    ...(fresh === undefined ? {} : { fresh }),
  });
  if (html !== undefined) {
    const { sweepSection } = await import('../../documents/plan/sweep-section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(html, [{ name: out, section: sweepSection(document) }], '--html');
  }
  output.document(document);
  printSweep(document, output);
  output.path(out);
  if (html !== undefined) output.path(html);
  return document.cells.some(({ outcome }) => outcome.kind === 'answered' && outcome.feasible);
}

/** @returns whether the question has an answer that is feasible */
async function answerOne(
  asked: AskedQuestion,
  { out, html, tornado, csv, ics, start }: PlanFlags,
  { output }: CommandContext,
): Promise<boolean> {
  if (out !== undefined) throw new UserError('usage', '--out is for a sweep', 'Give --sweep as well.');
  if ((ics === undefined) !== (start === undefined)) {
    throw new UserError(
      'usage',
      '--ics and --start go together',
      'A calendar needs the time at which the first move begins.',
    );
  }
  const { playPlan } = await import('../../studies/plan/play.ts');
  const { printPlan } = await import('../../documents/plan/text.ts');
  const document = playPlan(asked, { output, tornado });
  if (html !== undefined) {
    const { planSection } = await import('../../documents/plan/section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(html, [{ name: 'plan.json', section: planSection(document) }], '--html');
  }
  await writeSchedule(document, { csv, ics, start });
  output.document(document);
  printPlan(document, output);
  for (const file of [html, csv, ics]) if (file !== undefined) output.path(file);
  return document.answer.feasible;
}

async function writeSchedule(
  document: PlanDocument,
  { csv, ics, start }: { readonly [Flag in 'csv' | 'ics' | 'start']: PlanFlags[Flag] | undefined },
): Promise<void> {
  const { scheduleCalendar, scheduleCsv } = await import('../../documents/plan/schedule-files.ts');
  const { writeFileAtomically } = await import('../../io/file-output.ts');
  if (csv !== undefined) writeFileAtomically(csv, scheduleCsv(document, '--csv'), '--csv');
  if (ics !== undefined && start !== undefined) {
    writeFileAtomically(ics, scheduleCalendar(document, start, '--ics'), '--ics');
  }
}

function confidenceShare(text: string): number {
  const share = decimal('--confidence', CONFIDENCE_MIN, 1)(text);
  if (share === 1 || share <= CONFIDENCE_MAX) return share;
  throw new UserError('usage', `--confidence is '${text}', allowed is up to ${CONFIDENCE_MAX}, or 1`);
}

/** `vm.vcpus=8,16` as a field and its values. */
function sweepField(text: string, before: Grid = {}): Grid {
  const [, field, list] = /^([\w.[\]-]+)=(.+)$/.exec(text) ?? [];
  if (field === undefined || list === undefined) {
    throw new UserError('usage', `--sweep is '${text}', allowed is a field and its values, such as vm.vcpus=8,16`);
  }
  const values = list.split(',').map((word) => {
    const trimmed = word.trim();
    if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
    return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
  });
  return { ...before, [field]: values };
}
