/**
 * `stopcopy validate`: measurements that others published, predicted by the model.
 */
import type { Command } from 'commander';

import { type CiFlags, ciOptions, tellCi } from '../ci-options.ts';
import { OutputFile } from '../file-options.ts';
import { type CommandContext, examples, JSON_OPTION, WIDE_OPTION } from '../context.ts';
import { EXIT } from '../../io/exit-status.ts';

interface ValidateFlags extends CiFlags {
  readonly html?: string;
}

export function registerValidate(command: Command, context: CommandContext): void {
  ciOptions(command)
    .description(
      'Compares published measurements with what the model gives for their inputs: published, modelled, band, error. ' +
        'Ends with 1 when the model does not hold.',
    )
    .argument(
      '[table...]',
      'tables by name, files of your own, and folders of them; default: all that ship with stopcopy',
    )
    .addOption(
      new OutputFile('--html <file>', 'also write a self-contained page: published against modelled, and the tables'),
    )
    .option(...WIDE_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy validate', 'all tables'],
        ['stopcopy validate multifd ping-pong', 'two of them'],
        ['stopcopy validate my-measurements.yaml', 'your own (docs/published-tables.md)'],
      ]),
    )
    .action(async (names: readonly string[], flags: ValidateFlags) => {
      const { readTables } = await import('../../studies/validation/published-table.ts');
      const { validate } = await import('../../studies/validation/validation.ts');
      const { validationDocument } = await import('../../documents/validation/document.ts');
      const { printValidation } = await import('../../documents/validation/text.ts');
      const validation = validate(readTables(names), names.length === 0);
      const document = validationDocument(validation);
      if (flags.html !== undefined) {
        const { validationSectionOf } = await import('../../documents/validation/section.ts');
        const { writePage } = await import('../../show/write-page.ts');
        writePage(flags.html, [{ name: 'validation.json', section: validationSectionOf(document) }], '--html');
      }
      if (context.output.json) context.output.document(document);
      else printValidation(validation, context.output);
      const { validationChecks } = await import('../../documents/validation/checks.ts');
      await tellCi(flags, 'stopcopy validate', validationChecks(validation), context.output);
      if (flags.html !== undefined) context.output.path(flags.html);
      context.exit(validation.complaints.length === 0 ? EXIT.fine : EXIT.failed);
    });
}
