/**
 * `stopcopy stage-process`: a process that measures one stage, for `compare` and `bench --noise`. No user starts it.
 */
import type { Command } from 'commander';

import { type CommandContext, JSON_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';

export function registerStageProcess(command: Command, context: CommandContext): void {
  command
    .description('One task of a comparison: list, exact, measure STAGE SECONDS, or loop STAGE CALLS.')
    .argument('<task...>', 'task and its arguments')
    .option(...JSON_OPTION)
    .action(async (words: readonly string[]) => {
      const { stageProcess } = await import('../../measure/metrics/stage-process.ts');
      context.output.document(await stageProcess(words));
      context.exit(EXIT.fine);
    });
}
