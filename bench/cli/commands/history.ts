/**
 * `stopcopy history`: results of commits over time, and where their level shifted.
 */
import { countOf } from '../../../sim/base/units.ts';
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { InputFile, OutputFile } from '../file-options.ts';
import { type CommandContext, examples, helpRows, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';
import { decimal, integer, oneName } from '../options.ts';
import type { HistoryRecord } from '../../documents/history/record.ts';
import type { HistoryDocument } from '../../documents/history/document.ts';
import { EXCHANGE_FORMATS } from '../../documents/history/exchange.ts';
import { formatNames } from '../../import/readers.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const TASKS = {
  record: 'adds results of bench or compare, and with --exact headlines of the exact metrics of this build',
  list: 'the records and the classes of machines',
  show: 'change points of all metrics, or one metric with its values',
  prune: 'takes away all but the last --keep records of each machine, and with --damaged lines that cannot be read',
  export: 'values of a machine as CSV or in the format of --as; with --badge the file of a badge for one metric',
} as const;

type Task = keyof typeof TASKS;

interface HistoryFlags {
  readonly file: string;
  readonly commit?: string;
  readonly exact?: boolean;
  readonly machine?: string;
  readonly last: number;
  readonly effect: number;
  readonly keep?: number;
  readonly damaged?: boolean;
  readonly badge?: string;
  readonly as?: string;
  readonly html?: string;
}

const RESULT_FORMATS = formatNames(['results']);
const FILE_DEFAULT = 'stopcopy-history.ndjson';
const KEEP_MAX = 1_000_000_000;

export function registerHistory(command: Command, context: CommandContext): void {
  const tasks = helpRows(Object.entries(TASKS));
  const formats = helpRows(Object.entries(EXCHANGE_FORMATS));
  command
    .description('Keeps results of commits in one file, by machine, and names the commits at which a level shifted.')
    .argument('<task>', Object.keys(TASKS).join(', '))
    .argument(
      '[words...]',
      'record: documents of bench or compare, or results of other trackers; show, export: a metric',
    )
    .addOption(new InputFile('--file <file>', 'the history').default(FILE_DEFAULT))
    .option('--commit <commit>', 'record: what was measured; default: what is checked out here')
    .option('--exact', 'record: headlines of the exact metrics of this build')
    .option(
      '--machine <class>',
      'show, export: class of machines; default: the one with most records. record: a class for results of other trackers',
    )
    .option('--last <n>', 'list: records shown', integer('--last', 1, 1e6), 20)
    .option('--effect <share>', 'show: smallest shift that is a change point', decimal('--effect', 0, 10), 0.02)
    .option('--keep <n>', 'prune: records kept of each machine', integer('--keep', 1, KEEP_MAX))
    .option('--damaged', 'prune: also take away lines that cannot be read')
    .option(
      '--as <format>',
      `export: the format; default: csv. record: that of results, where it is not to be recognised: ${RESULT_FORMATS.join(', ')}`,
    )
    .addOption(new OutputFile('--badge <file>', 'export: write the file of a badge, for one metric'))
    .addOption(new OutputFile('--html <file>', 'show: also write a self-contained page'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nTasks:\n${tasks}\n\nFormats of --as:\n${formats}\n${examples([
        ['stopcopy history record results/bench.json', 'adds a result under the commit that is checked out'],
        ['stopcopy history record --exact', 'headlines of the exact metrics'],
        ['stopcopy history show', 'what has shifted, and since which commit'],
        ['stopcopy history show zip-64-idle/saves', 'one metric'],
        ['stopcopy history show --html history.html', 'the same as a page, with charts'],
        ['stopcopy history export > values.csv', 'for another tool'],
        ['stopcopy history export --as benchstat > figures.txt', 'for benchstat; others by --as'],
        [
          'stopcopy history record qemu.json --commit v10.2.2',
          'what another tracker holds, such as github-action-benchmark',
        ],
        ['stopcopy history prune --keep 1000', 'before the file becomes large'],
      ])}`,
    )
    .action(async (word: string, words: readonly string[], flags: HistoryFlags) => {
      const task = oneName('the task', keysOf(TASKS))(word);
      if (flags.as !== undefined && ((task !== 'export' && task !== 'record') || flags.badge !== undefined)) {
        throw new UserError('usage', '--as is a format of export and of record, and is not used here', 'Leave it out.');
      }
      if (flags.html !== undefined && task !== 'show') {
        throw new UserError('usage', `--html is given, and the task '${task}' has no page`, 'The task show has one.');
      }
      await RUN[task](words, flags, context);
      context.exit(EXIT.fine);
    });
}

type RunTask = (words: readonly string[], flags: HistoryFlags, context: CommandContext) => Promise<void>;

const RUN: Readonly<Record<Task, RunTask>> = { record, list, show, prune, export: exportValues };

async function record(
  words: readonly string[],
  flags: HistoryFlags,
  { output, signal }: CommandContext,
): Promise<void> {
  if (words.length === 0 && flags.exact !== true) {
    throw new UserError('usage', 'there is nothing to record', 'Give documents of bench or compare, or --exact.');
  }
  const { commitToRecord, exactRecord } = await import('../../history/collect.ts');
  const { recordsOfFile } = await import('../../history/result-record.ts');
  const { appendRecords } = await import('../../history/store.ts');
  const { headed } = await import('../../io/document-head.ts');
  const commit = await commitToRecord(flags.commit, signal);
  const now = new Date();
  const files = words.map((path) => recordsOfFile(path, commit, now, flags));
  const records = files.flatMap(({ records: of }) => of);
  for (const warning of files.flatMap(({ warnings }) => warnings)) output.note(warning);
  if (flags.exact === true) records.push(exactRecord(commit, now));
  await appendRecords(flags.file, records);
  output.document(headed('stopcopy-history-record', { file: flags.file, records }));
  const named = `${commit.commit.slice(0, 12)}${commit.dirty ? ' with changes that are in no commit' : ''}`;
  const commits = new Set(records.map((each) => each.commit));
  const of = commits.size === 1 && commits.has(commit.commit) ? named : countOf(commits.size, 'commit');
  output.text(`${flags.file}: ${countOf(records.length, 'record')} of ${of}.`);
}

async function read(flags: HistoryFlags, { output }: CommandContext) {
  const { readHistory } = await import('../../history/store.ts');
  const { damagedText } = await import('../../documents/history/text.ts');
  const history = readHistory(flags.file);
  for (const line of damagedText(flags.file, history.damaged)) output.note(line);
  return history;
}

async function list(_: readonly string[], flags: HistoryFlags, context: CommandContext): Promise<void> {
  const { listText } = await import('../../documents/history/text.ts');
  const { machinesOf } = await import('../../documents/history/record.ts');
  const { headed } = await import('../../io/document-head.ts');
  const { records, damaged } = await read(flags, context);
  const shown = records.slice(-flags.last);
  context.output.document(headed('stopcopy-history-list', { machines: machinesOf(records), records: shown, damaged }));
  context.output.text(listText(records, flags.last));
}

async function seriesFor(words: readonly string[], flags: HistoryFlags, context: CommandContext) {
  if (words.length > 1)
    throw new UserError('usage', `${words.length} metrics are named`, 'Name one, or none for all of them.');
  const { machinesOf } = await import('../../documents/history/record.ts');
  const { chooseMachine, seriesOf } = await import('../../history/series.ts');
  const { DEFAULT_CHANGE_POINTS } = await import('../../history/change-points.ts');
  const { records, damaged } = await read(flags, context);
  const machine = chooseMachine(records, flags.machine);
  const about = machinesOf(records).find((each) => each.machine === machine)?.about ?? '';
  const options = { ...DEFAULT_CHANGE_POINTS, smallestEffect: flags.effect };
  const series = seriesOf(records, machine, words[0], options);
  const { historyHead, toldSeries } = await import('../../documents/history/document.ts');
  const documentOf = (withValues: boolean): HistoryDocument => ({
    ...historyHead(),
    machine,
    about,
    series: toldSeries(series, withValues),
    damaged,
  });
  return { series, documentOf };
}

async function show(words: readonly string[], flags: HistoryFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  const { seriesText } = await import('../../documents/history/text.ts');
  const { series, documentOf } = await seriesFor(words, flags, context);
  if (flags.html !== undefined) {
    const { historySection } = await import('../../documents/history/section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(flags.html, [{ name: 'history.json', section: historySection(documentOf(true)) }], '--html');
  }
  output.document(documentOf(words.length === 1));
  if (!output.json) output.text(seriesText(series));
  if (flags.html !== undefined) output.path(flags.html);
}

async function prune(_: readonly string[], flags: HistoryFlags, { output }: CommandContext): Promise<void> {
  const { keep } = flags;
  if (keep === undefined && flags.damaged !== true)
    throw new UserError('usage', 'there is nothing to prune', 'Give --keep N or --damaged.');
  const { pruneHistory } = await import('../../history/store.ts');
  const { headed } = await import('../../io/document-head.ts');
  const newest = (all: readonly HistoryRecord[]): ReadonlySet<HistoryRecord> => {
    if (keep === undefined) return new Set(all);
    const machines = new Set(all.map(({ machine }) => machine));
    return new Set([...machines].flatMap((id) => all.filter(({ machine }) => machine === id).slice(-keep)));
  };
  const gone = await pruneHistory(flags.file, newest, flags.damaged === true);
  output.document(headed('stopcopy-history-prune', { file: flags.file, gone }));
  output.text(
    `${flags.file}: ${countOf(gone.records, 'record')} and ${countOf(gone.damaged, 'damaged line')} are gone.`,
  );
}

async function exportValues(words: readonly string[], flags: HistoryFlags, context: CommandContext): Promise<void> {
  const { badgeOf, csvText } = await import('../../documents/history/text.ts');
  if (flags.badge !== undefined && words.length === 0) {
    throw new UserError(
      'usage',
      'a badge is about one metric',
      'Name it: stopcopy history export METRIC --badge badge.json.',
    );
  }
  const { series, documentOf } = await seriesFor(words, flags, context);
  if (flags.badge !== undefined) {
    const { headed } = await import('../../io/document-head.ts');
    const { writeFileAtomically } = await import('../../io/file-output.ts');
    const badge = badgeOf(series[0]!);
    writeFileAtomically(flags.badge, `${JSON.stringify(badge, undefined, 2)}\n`, '--badge');
    context.output.document(headed('stopcopy-history-badge', { file: flags.badge, badge }));
    context.output.text(flags.badge);
    return;
  }
  context.output.document(documentOf(true));
  if (context.output.json) return;
  const as = oneName('--as', keysOf(EXCHANGE_FORMATS))(flags.as ?? 'csv');
  if (as === 'csv') context.output.text(csvText(series));
  else {
    const { exchangeText } = await import('../../documents/history/exchange.ts');
    const { recordsOfSeries } = await import('../../history/series.ts');
    const records = recordsOfSeries(series);
    if (records.length === 0) {
      throw new UserError(
        'input',
        `${flags.file}: has no record of a commit`,
        'Add one: stopcopy history record FILE.',
      );
    }
    context.output.text(exchangeText(as, records));
  }
}
