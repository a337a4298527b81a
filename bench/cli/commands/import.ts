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
  readonly mask?: true;
  readonly out?: string;
  readonly html?: string;
  readonly collect?: keyof typeof COLLECTORS;
}

/** Kinds of files of which a document is made. */
const IMPORTED: readonly ForeignKind[] = ['machine', 'move', 'fleet', 'driver'];
const MOVES_MAX = 100_000;

const EXAMPLES = [
  ['stopcopy import lspci.txt', 'the topology of a machine, from lspci -nn -vvv run as root'],
  ['stopcopy import lspci-vvv.txt lspci-nnk.txt -o machine.yaml', 'of one machine, to a file'],
  ['stopcopy import query-migrate.jsonl -o mine.yaml', 'a measured move as a scenario that reproduces it'],
  ['stopcopy import lspci.txt -o machine.yaml --html machine.html', 'with a page of what was read and what inferred'],
  ['stopcopy import --collect machine > collect.sh', 'the script to run as root on a machine; its output is read here'],
  [
    'stopcopy import trace.txt vmallocinfo.txt -o driver.json',
    'a trace of the kernel’s driver, for verify and calibrate',
  ],
  ['stopcopy import servers.json flavors.json hypervisors.json', 'a fleet of OpenStack as a question of plan'],
  ['stopcopy import --mask qemu.log > posted.log', 'the same text without names and addresses'],
  ['stopcopy import machine.txt --as sysfs --json', 'all facts and the document, for a script'],
] as const;

export function registerImport(command: Command, context: CommandContext): void {
  command
    .description(
      'Reads what other tools print and writes the document of stopcopy that follows from it, with a comment after each value ' +
        'that says where it is from. Prints what was read, what was inferred, what remains to be said, and what could not be ' +
        'used. Several files are of one machine or one fleet: each adds what the others lack.',
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
    .option(
      '--host <name>',
      'which hosts of a fleet are emptied, divided by commas; default: that with the most memory of VMs',
    )
    .option('--vf <address>', 'which VF of a driver trace, such as 0000:75:00.1; default: that with the most accesses')
    .option('--move <n>', 'which move of the file, from 1; default: the last', integer('--move', 1, MOVES_MAX))
    .option(
      '--set <field=value>',
      'a field of the scenario that the file of a move does not say, such as vcpus=16 (several times)',
      (text, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(new OutputFile('-o, --out <file>', 'write the document to a file; default: print it'))
    .addOption(
      new OutputFile('--html <file>', 'also write a self-contained page: what was read next to what was inferred'),
    )
    .option(
      '--collect <what>',
      `print the script that collects what is needed of one of ${keysOf(COLLECTORS).join(', ')}`,
      oneName('--collect', keysOf(COLLECTORS)),
    )
    .option(
      '--mask',
      'print the file without names, addresses and serial numbers, each replaced by the same word everywhere, for a post; ' +
        'several files go to a folder, --out',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', examples(EXAMPLES))
    .action(async (files: readonly string[], flags: ImportFlags) => {
      const { out, html, collect } = flags;
      const other = collect !== undefined ? '--collect' : flags.mask === true ? '--mask' : undefined;
      if (html !== undefined && other !== undefined) {
        throw new UserError('usage', `--html is given with ${other}, which has no page`, 'Leave one of the two out.');
      }
      if (collect !== undefined) {
        await writeScript(collect, files, out, context);
        return;
      }
      if (files.length === 0) throw new UserError('usage', 'a file is missing', 'Give the output of lspci -vvv.');
      if (flags.mask === true) {
        await maskFiles(files, flags, context);
        return;
      }
      await importOf(files, flags, context);
    });
}

/** Makes the document, prints or writes it, and says what was read and inferred. */
async function importOf(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<void> {
  const { out, html } = flags;
  const { importText } = await import('../../documents/import/text.ts');
  const { importedDocument } = await import('../../studies/import/import-files.ts');
  const document = await importedDocument(files, flags);
  for (const sentence of importText(document)) context.output.note(sentence);
  if (out === undefined) context.output.text(document.result.text.replace(/\n$/, ''));
  else {
    const { writeFileAtomically } = await import('../../io/file-output.ts');
    writeFileAtomically(out, document.result.text, '--out');
    context.output.path(out);
  }
  if (html !== undefined) {
    const { importSection } = await import('../../documents/import/section.ts');
    const { writePage } = await import('../../show/write-page.ts');
    writePage(html, [{ name: 'import.json', section: importSection(document) }], '--html');
    context.output.note(html);
  }
  context.output.document(document);
  context.exit(EXIT.fine);
}

/** Writes the files without what says whose they are. */
async function maskFiles(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<void> {
  const other = (['as', 'to', 'host', 'vf', 'move', 'set'] as const).find((flag) => flags[flag] !== undefined);
  if (other !== undefined) {
    throw new UserError(
      'usage',
      `--${other} is given with --mask, which makes no document`,
      'Leave one of the two out.',
    );
  }
  const { writeMasked } = await import('../../studies/import/mask.ts');
  writeMasked(files, flags.out, context.output);
  context.exit(EXIT.fine);
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
