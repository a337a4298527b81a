/**
 * `stopcopy validate`: measurements that others published, predicted by the model.
 */
import type { Command } from 'commander';

import { type CommandContext, examples, JSON_OPTION } from '../cli/context.ts';
import { EXIT } from '../cli/exit.ts';

interface ValidateFlags {
  readonly html?: string;
}

export function registerValidate(program: Command, context: CommandContext): void {
  program
    .command('validate')
    .summary('published measurements, predicted by the model')
    .description(
      'Compares published measurements with what the model gives for their inputs: published, modelled, band, error. ' +
        'Ends with 1 when the model does not hold.',
    )
    .argument(
      '[table...]',
      'tables by name, files of your own, and folders of them; default: all that ship with stopcopy',
    )
    .option('--html <file>', 'also write a self-contained page: published against modelled, and the tables')
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
      const { readTables } = await import('../validate/published-table.ts');
      const { validate } = await import('../validate/validation.ts');
      const { validationDocument } = await import('../validate/document.ts');
      const { printValidation } = await import('../validate/text.ts');
      const validation = validate(readTables(names), names.length === 0);
      const document = validationDocument(validation);
      if (flags.html !== undefined) {
        const { validationSectionOf } = await import('../report/kinds/validation.ts');
        const { writePage } = await import('../report/write-page.ts');
        writePage(flags.html, [{ name: 'validation.json', section: validationSectionOf(document) }], '--html');
      }
      if (context.output.json) context.output.document(document);
      else printValidation(validation, context.output);
      if (flags.html !== undefined) context.output.path(flags.html);
      context.exit(validation.complaints.length === 0 ? EXIT.fine : EXIT.failed);
    });
}
