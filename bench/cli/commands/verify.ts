/**
 * `stopcopy verify`: replays recorded driver traces against the driver of the simulator.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { EXIT } from '../../io/exit-status.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';

interface VerifyOptions {
  readonly quiet?: boolean;
  readonly between?: readonly string[];
}

export function registerVerify(command: Command, context: CommandContext): void {
  command
    .description(
      'Replays recorded traces of the genuine driver and compares every register access. A trace of hardware, as Linux makes it, is ' +
        'held against every generation: which is it nearest to, and what differs.',
    )
    .argument(
      '[path...]',
      'trace files, and folders of them; or traces of the kernel with what says where their addresses lead; default: the traces of the package',
    )
    .option('--quiet', 'only failures, errors and the last line')
    .option('--between <generations...>', 'replay nothing; print what differs between two driver generations')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy verify', 'all traces of the package'],
        ['stopcopy verify traces/plain-stop-copy.upstream-2026.json', 'one trace'],
        ['stopcopy verify my-traces/ --json', 'a folder, for a script'],
        ['stopcopy verify trace.txt vmallocinfo.txt', 'which generation a driver on hardware is nearest to'],
        ['stopcopy verify --between linux-6.2 linux-6.8', 'what differs between two generations'],
      ]),
    )
    .action(async (paths: readonly string[], options: VerifyOptions) => {
      if (options.between !== undefined) {
        const { printBetween } = await import('../../studies/verification/between.ts');
        return printBetween(options.between, context.output);
      }
      const { generationsThatPass, verifyTrace } = await import('../../../sim/trace/verify.ts');
      const { alignCaptures, defaultTracePath, exitOf, verifyPaths } =
        await import('../../studies/verification/verification.ts');
      const { printVerification } = await import('../../documents/verification/text.ts');
      const { driverInputs } = await import('../../studies/driver/read-driver.ts');
      const { captures, trace, rest } = driverInputs(paths.length === 0 ? [defaultTracePath()] : paths);
      if (trace !== null && captures.length === 0) {
        throw new UserError('input', `${trace.files[0]?.file ?? paths[0]}: has no access of a VF that could be named`, 'Give /proc/vmallocinfo as well, read as root while the VF was open.'); // prettier-ignore
      }
      const aligned = alignCaptures(captures);
      const verification = await verifyPaths(rest, { generationsThatPass, verifyTrace }, context.signal, aligned);
      printVerification(verification, context.output, options.quiet === true);
      context.exit(EXIT[exitOf(verification)]);
    });
}
