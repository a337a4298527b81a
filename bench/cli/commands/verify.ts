/**
 * `stopcopy verify`: replays recorded driver traces against the driver of the simulator.
 */
import type { Command } from 'commander';

import { EXIT } from '../../io/exit-status.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';

interface VerifyOptions {
  readonly quiet?: boolean;
  readonly between?: readonly string[];
}

export function registerVerify(command: Command, context: CommandContext): void {
  command
    .description('Replays recorded traces of the genuine driver and compares every register access.')
    .argument('[path...]', 'trace files, and folders of them; default: the traces of the package')
    .option('--quiet', 'only failures, errors and the last line')
    .option('--between <generations...>', 'replay nothing; print what differs between two driver generations')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy verify', 'all traces of the package'],
        ['stopcopy verify traces/plain-stop-copy.upstream-2026.json', 'one trace'],
        ['stopcopy verify my-traces/ --json', 'a folder, for a script'],
        ['stopcopy verify --between linux-6.2 linux-6.8', 'what differs between two generations'],
      ]),
    )
    .action(async (paths: readonly string[], options: VerifyOptions) => {
      if (options.between !== undefined) {
        const { printBetween } = await import('../../studies/verification/between.ts');
        return printBetween(options.between, context.output);
      }
      const { generationsThatPass, verifyTrace } = await import('../../../sim/trace/verify.ts');
      const { defaultTracePath, exitOf, verifyPaths } = await import('../../studies/verification/verification.ts');
      const { printVerification } = await import('../../documents/verification/text.ts');
      const targets = paths.length === 0 ? [defaultTracePath()] : paths;
      const verification = await verifyPaths(targets, { generationsThatPass, verifyTrace }, context.signal);
      printVerification(verification, context.output, options.quiet === true);
      context.exit(EXIT[exitOf(verification)]);
    });
}
