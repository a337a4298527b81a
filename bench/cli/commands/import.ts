/**
 * `stopcopy import`: what users have of a machine as a document of stopcopy.
 */
import type { Command } from 'commander';

import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type ForeignKind, formatsText } from '../../import/readers.ts';
import { headed } from '../../io/document-head.ts';
import { EXIT } from '../../io/exit-status.ts';
import type { ImportWords } from '../../studies/import/import-files.ts';
import { MOVE_DOCUMENTS } from '../../studies/import/move-documents.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { collector, COLLECTORS } from '../../studies/import/collect.ts';
import { OutputFile } from '../file-options.ts';
import { integer, oneName } from '../options.ts';

interface ImportFlags extends ImportWords {
  readonly out?: string;
  readonly collect?: keyof typeof COLLECTORS;
}

/** Kinds of files of which a document is made. */
const IMPORTED: readonly ForeignKind[] = ['machine', 'move', 'fleet', 'driver'];
const MOVES_MAX = 100_000;

const EXAMPLES = [
  ['stopcopy import lspci.txt', 'the topology of a machine, from lspci -nn -vvv run as root'],
  ['stopcopy import lspci-vvv.txt lspci-nnk.txt -o machine.yaml', 'of one machine, to a file'],
  ['stopcopy import query-migrate.jsonl -o mine.yaml', 'a measured move as a scenario that reproduces it'],
  ['stopcopy import --collect machine > collect.sh', 'the script to run as root on a machine; its output is read here'],
  [
    'stopcopy import trace.txt vmallocinfo.txt -o driver.json',
    'a trace of the kernel’s driver, for verify and calibrate',
  ],
  ['stopcopy import machine.txt --as sysfs --json', 'all facts and the document, for a script'],
] as const;

export function registerImport(command: Command, context: CommandContext): void {
  command
    .description(
      'Reads what other tools print and writes the document of stopcopy that follows from it, with a comment after each value ' +
        'that says where it is from. Prints what was read, what was inferred, what remains to be said, and what could not be ' +
        'used. Several files are of one machine: each adds what the others lack.',
    )
    .argument(
      '[file...]',
      'output of lspci or of the collector, one file of a move or of a list of VMs, or traces of a driver with what says where ' +
        'their addresses lead; recognised by what is in it',
    )
    .option('--as <format>', `the format, where it is not to be recognised, ${formatsText(IMPORTED)}`)
    .option(
      '--to <document>',
      `what a move becomes: ${MOVE_DOCUMENTS.join(', ')} (of a table, for validate and fit); default: scenario`,
      oneName('--to', MOVE_DOCUMENTS),
    )
    .option('--host <name>', 'which host of a list of VMs is emptied; default: that with the most memory of VMs')
    .option('--vf <address>', 'which VF of a driver trace, such as 0000:75:00.1; default: that with the most accesses')
    .option('--move <n>', 'which move of the file, from 1; default: the last', integer('--move', 1, MOVES_MAX))
    .option(
      '--set <field=value>',
      'a field of the scenario that the file of a move does not say, such as vcpus=16 (several times)',
      (text, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(new OutputFile('-o, --out <file>', 'write the document to a file; default: print it'))
    .option(
      '--collect <what>',
      `print the script that collects what is needed of one of ${keysOf(COLLECTORS).join(', ')}`,
      oneName('--collect', keysOf(COLLECTORS)),
    )
    .option(...JSON_OPTION)
    .addHelpText('after', examples(EXAMPLES))
    .action(async (files: readonly string[], flags: ImportFlags) => {
      const { out, collect } = flags;
      if (collect !== undefined) {
        await writeScript(collect, files, out, context);
        return;
      }
      const { importText } = await import('../../documents/import/text.ts');
      if (files.length === 0) throw new UserError('usage', 'a file is missing', 'Give the output of lspci -vvv.');
      const { importedDocument } = await import('../../studies/import/import-files.ts');
      const document = await importedDocument(files, flags);
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

/** Prints the script, or writes it. */
async function writeScript(
  what: keyof typeof COLLECTORS,
  files: readonly string[],
  out: string | undefined,
  context: CommandContext,
): Promise<void> {
  if (files.length > 0) throw new UserError('usage', '--collect reads no file', 'Leave the files or --collect out.');
  const text = collector(what);
  const { output } = context;
  output.document(headed('stopcopy-collector', { collects: what, text }));
  if (out === undefined) output.text(text.replace(/\n$/, ''));
  else {
    const { writeFileAtomically } = await import('../../io/file-output.ts');
    writeFileAtomically(out, text, '--out');
    output.path(out);
  }
  context.exit(EXIT.fine);
}
