/**
 * `stopcopy converge`: policies against classes of workloads, over many seeds.
 */
import type { Command } from 'commander';

import { POLICY_NAMES } from '../../../sim/converge/policies.ts';
import { DRAWS_MAX, SEEDS_MAX } from '../../../sim/converge/question.ts';
import { PREFERENCES } from '../../../sim/converge/summary.ts';
import type { ConvergeWords } from '../../studies/converge/read-question.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { InputFile, OutputFile } from '../file-options.ts';
import { decimal, integer, oneName } from '../options.ts';
import { addShardOptions, placed, type ShardFlags } from '../shard-options.ts';

interface ConvergeFlags extends ConvergeWords, ShardFlags {
  readonly threads?: number;
  readonly html?: string;
}

const THREADS_MAX = 256;

/** Words divided by commas; the option may also be given several times. */
const several = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text.split(',').map((word) => word.trim()),
];

export function registerConverge(command: Command, context: CommandContext): void {
  addShardOptions(command);
  command
    .description(
      'Plays policies that end moves, of VMMs and of managers and your own, against classes of workloads, each over many seeded ' +
        'guests: time, pause, bytes, failures, slow-down, the Pareto front, and which policy for which class.',
    )
    .argument('[question]', 'a YAML or JSON file, or policies (default) or slow-link, which come with stopcopy')
    .option('--policy <names>', `in place of those of the question: ${POLICY_NAMES.join(', ')}, or ./mine.mjs`, several)
    .option('--class <names>', 'classes in place of those of the question, divided by commas', several)
    .addOption(
      new InputFile('--rates <file>', 'a CSV file of seconds,bytesPerSecond that the class recorded plays as it is'),
    )
    .option('--gbps <number>', 'of the link, in 10^9 bits per second', decimal('--gbps', 0.001, 100_000))
    .option('--seeds <n>', 'guests of each class', integer('--seeds', 1, SEEDS_MAX))
    .option('--seed <n>', 'where the random numbers begin', integer('--seed', 0, Number.MAX_SAFE_INTEGER))
    .option('--draws <n>', 'of the parameters within their ranges, 0 for none', integer('--draws', 0, DRAWS_MAX))
    .option('--prefer <what>', `what a policy is best by: ${PREFERENCES.join(', ')}`, oneName('--prefer', PREFERENCES))
    .option('--threads <n>', 'default: all processors; the result is the same', integer('--threads', 1, THREADS_MAX))
    .addOption(new OutputFile('--html <file>', 'also write a self-contained page'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy converge --seeds 200', 'every policy against every class, in short'],
        ['stopcopy converge slow-link', "QEMU's own ways, under its own cap"],
        ['stopcopy converge --policy qemu,./mine.mjs', 'a policy of your own against that of QEMU'],
        ['stopcopy converge --class recorded --rates rates.csv', 'a rate that you have recorded'],
        ['stopcopy converge --html policies.html', 'the same, drawn'],
      ]),
    )
    .action(async (word: string | undefined, flags: ConvergeFlags) => {
      const { readConverge } = await import('../../studies/converge/read-question.ts');
      const { playConverge } = await import('../../studies/converge/play.ts');
      const { convergeDocument } = await import('../../documents/converge/document.ts');
      const { printConverge } = await import('../../documents/converge/text.ts');
      const { threads, html } = flags;
      const { output, signal } = context;
      const asked = readConverge(word, flags);
      await placed(flags, context, async (place) => {
        const played = await playConverge(asked, {
          place,
          output,
          signal,
          ...(threads === undefined ? {} : { threads }),
        });
        const document = convergeDocument({ ...asked, workloads: asked.classes, ...played });
        if (html !== undefined) {
          const { convergeSection } = await import('../../documents/converge/section.ts');
          const { writePage } = await import('../../show/write-page.ts');
          writePage(html, [{ name: 'converge.json', section: convergeSection(document) }], '--html');
        }
        output.document(document);
        printConverge(document, output);
        if (html !== undefined) output.path(html);
      });
    });
}
