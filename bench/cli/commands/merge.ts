/**
 * `stopcopy merge`: parts of a job that machines ran with `--shard`, as the whole.
 */
import type { Command } from 'commander';

import { type CommandContext, examples, JSON_OPTION, WIDE_OPTION } from '../context.ts';

export function registerMerge(command: Command, context: CommandContext): void {
  command
    .description(
      'Puts parts of a job together that machines ran with --shard: prints, and writes, what the command of the parts does when one ' +
        'machine runs it whole. Order does not count, a part may be given twice, and missing or contradicting cells are named. It is run ' +
        'in the same folder as the parts, over the same files.',
    )
    .argument('<files...>', 'what --shard wrote, of all parts of one job')
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy plan link --sweep vm.vcpus=8,16,32 --shard 1/2', 'the first of two parts'],
        ['stopcopy plan link --sweep vm.vcpus=8,16,32 --shard 2/2', 'the second, perhaps elsewhere'],
        ['stopcopy merge results/plan.*.shard', 'as stopcopy plan link --sweep vm.vcpus=8,16,32'],
      ]),
    )
    .action(async (files: readonly string[], { json, wide }: { readonly json?: true; readonly wide?: true }) => {
      const { readShards } = await import('../../studies/shards/shard-file.ts');
      const gathered = readShards(files);
      const words = [...gathered.head.command];
      if (json === true && !words.includes('--json')) words.push('--json');
      if (wide === true && !words.includes('--wide')) words.push('--wide');
      context.exit(await context.again(words, gathered));
    });
}
