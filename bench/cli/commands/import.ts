/**
 * `stopcopy import`: what users have of a machine as a document of stopcopy.
 */
import type { Command } from 'commander';

import { UserError } from '../../../sim/base/user-error.ts';
import { formatNames } from '../../import/readers.ts';
import { EXIT } from '../../io/exit-status.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { OutputFile } from '../file-options.ts';

interface ImportFlags {
  readonly as?: string;
  readonly out?: string;
}

export function registerImport(command: Command, context: CommandContext): void {
  command
    .description(
      'Reads what other tools print and writes the document of stopcopy that follows from it, with a comment after each value ' +
        'that says where it is from. Prints what was read, what was inferred, what remains to be said, and what could not be ' +
        'used. Several files are of one machine: each adds what the others lack.',
    )
    .argument('<file...>', 'output of lspci or of the collector; recognised by what is in it')
    .option('--as <format>', `the format, where it is not to be recognised: ${formatNames()}`)
    .addOption(new OutputFile('-o, --out <file>', 'write the document to a file; default: print it'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['stopcopy import lspci.txt', 'the topology of a machine, from lspci -nn -vvv run as root'],
        ['stopcopy import lspci-vvv.txt lspci-nnk.txt -o machine.yaml', 'of one machine, to a file'],
        ['stopcopy import machine.txt --as sysfs --json', 'all facts and the document, for a script'],
      ]),
    )
    .action(async (files: readonly string[], { as, out }: ImportFlags) => {
      const { importFiles } = await import('../../studies/import/import.ts');
      const { importText } = await import('../../documents/import/text.ts');
      if (files.length === 0) throw new UserError('usage', 'a file is missing', 'Give the output of lspci -vvv.');
      const { document } = importFiles(files, as);
      for (const sentence of importText(document)) context.output.note(sentence);
      if (out === undefined) context.output.text(document.result.text.replace(/\n$/, ''));
      else {
        const { writeFileAtomically } = await import('../../io/file-output.ts');
        writeFileAtomically(out, document.result.text, '--out');
        context.output.path(out);
      }
      context.output.document(document);
      context.exit(EXIT.fine);
    });
}
