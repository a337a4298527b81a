/**
 * `stopcopy upgrade`: files of older versions as files of the newest.
 */
import type { Command } from 'commander';

import { SIZE_UNITS, type SizeUnit, TIME_UNITS, type TimeUnit } from '../../../sim/base/quantity.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { Upgrade } from '../../documents/upgrade/document.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { OutputFile } from '../file-options.ts';
import { oneName } from '../options.ts';

interface UpgradeFlags {
  readonly bareTimes?: TimeUnit;
  readonly bareSizes?: SizeUnit;
  readonly write?: true;
  readonly out?: string;
}

export function registerUpgrade(command: Command, context: CommandContext): void {
  command
    .description(
      'Prints a file of an older version (scenario, question, limits, device profile, result of stopcopy bench, history) as one ' +
        'of the newest, with its comments and its order, and on stderr what was changed. A number without a unit is asked for ' +
        '(exit status 3): version 1 read sizes as bytes and times as nanoseconds, which may not be what was meant.',
    )
    .argument('<file>', 'YAML or JSON, or a history')
    .option(
      '--bare-times <unit>',
      `unit of all times that have none: ${TIME_UNITS.join(', ')}`,
      oneName('--bare-times', TIME_UNITS),
    )
    .option(
      '--bare-sizes <unit>',
      `unit of all sizes that have none: ${SIZE_UNITS.join(', ')}`,
      oneName('--bare-sizes', SIZE_UNITS),
    )
    .option('--write', 'replace the file')
    .addOption(new OutputFile('-o, --out <file>', 'write to another file'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy upgrade mine.yaml', 'print it as of the newest version'],
        ['stopcopy upgrade mine.yaml --bare-times ms --write', 'replace it; times without a unit are in milliseconds'],
        ['stopcopy upgrade old-result.json -o result.json', 'a result, to another file'],
      ]),
    )
    .action(async (file: string, flags: UpgradeFlags) => {
      if (flags.write === true && flags.out !== undefined) {
        throw new UserError('usage', '--write and --out name two places', 'Give one of them.');
      }
      const { readInputText } = await import('../../io/input-file.ts');
      const { upgradeDocument, upgradeText } = await import('../../documents/upgrade/document.ts');
      const upgrade = await upgradeOf(readInputText(file), file, flags);
      await write(upgrade, file, flags, context);
      for (const sentence of upgradeText(file, upgrade)) context.output.note(sentence);
      context.output.document(upgradeDocument(file, upgrade));
    });
}

async function upgradeOf(text: string, file: string, { bareTimes, bareSizes }: UpgradeFlags): Promise<Upgrade> {
  const { isHistory, upgradedHistory } = await import('../../history/upgrade.ts');
  if (isHistory(text)) return upgradedHistory(text, file);
  const { upgraded } = await import('../../studies/upgrade/upgrade.ts');
  return upgraded(text, file, {
    ...(bareTimes === undefined ? {} : { time: bareTimes }),
    ...(bareSizes === undefined ? {} : { size: bareSizes }),
  });
}

/** Puts the text where it was asked for; a file that has it already stays untouched. */
async function write(
  { text, changes }: Upgrade,
  file: string,
  { write: replaces, out }: UpgradeFlags,
  { output }: CommandContext,
): Promise<void> {
  const { replaceFile, writeFileAtomically } = await import('../../io/file-output.ts');
  if (out !== undefined) {
    writeFileAtomically(out, text, '--out');
    output.path(out);
  } else if (replaces !== true) {
    output.text(text.replace(/\n$/, ''));
  } else if (changes.length > 0) {
    replaceFile(file, text, '--out');
    output.path(file);
  }
}
