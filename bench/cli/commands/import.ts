/**
 * `stopcopy import`: what users have of a machine as a document of stopcopy.
 */
import type { Command } from 'commander';

import { keysOf } from '../../../sim/base/keys.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type Foreign, type ForeignFile, type ForeignKind, formatsText } from '../../import/readers.ts';
import { headed } from '../../io/document-head.ts';
import { EXIT } from '../../io/exit-status.ts';
import type { ImportDocument } from '../../documents/import/document.ts';
import { MOVE_DOCUMENTS, type MoveDocument } from '../../studies/import/move-documents.ts';
import { type CommandContext, examples, JSON_OPTION } from '../context.ts';
import { collector, COLLECTORS } from '../../studies/import/collect.ts';
import { OutputFile } from '../file-options.ts';
import { integer, oneName } from '../options.ts';

interface ImportFlags {
  readonly as?: string;
  readonly out?: string;
  readonly to?: MoveDocument;
  readonly host?: string;
  readonly vf?: string;
  readonly move?: number;
  readonly set?: readonly string[];
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
      const document = await documentOf(files, flags);
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

/** Options that are for files of one kind. */
const ONLY_OF: readonly (readonly [flag: 'to' | 'move' | 'set' | 'host' | 'vf', kind: ForeignKind, what: string])[] = [
  ['to', 'move', 'a move'],
  ['move', 'move', 'a move'],
  ['set', 'move', 'a move'],
  ['host', 'fleet', 'a fleet'],
  ['vf', 'driver', 'a driver'],
];

/** The document that follows from the files, by what they are of. */
async function documentOf(paths: readonly string[], flags: ImportFlags): Promise<ImportDocument> {
  const { readForeign } = await import('../../import/readers.ts');
  const files = paths.map((path) => readForeign(path, flags.as)).toSorted(byKind);
  const [first] = files;
  // What lspci says of a host explains the addresses of a trace.
  const other = files.find(({ kind }) => kind !== first!.kind && !(first!.kind === 'driver' && kind === 'machine'));
  if (other !== undefined) {
    throw new UserError(
      'usage',
      `${first!.file} is ${first!.reader}, and ${other.file} is ${other.reader}: they are not of one thing`,
      'Import them one by one.',
    );
  }
  for (const [flag, kind, what] of ONLY_OF) {
    if (flags[flag] === undefined || first!.kind === kind) continue;
    throw new UserError(
      'usage',
      `--${flag} is given, and ${first!.file} is not of ${what} but ${first!.reader}`,
      'Leave it out.',
    );
  }
  return MAKE[first!.kind](files as never, flags);
}

/** Traces of a driver come first. */
function byKind(a: ForeignFile, b: ForeignFile): number {
  return Number(b.kind === 'driver') - Number(a.kind === 'driver');
}

type MakeDocument<Kind extends ForeignKind> = (
  files: readonly Foreign<Kind>[],
  flags: ImportFlags,
) => Promise<ImportDocument>;

const MAKE: { readonly [Kind in ForeignKind]: MakeDocument<Kind> } = {
  async machine(files) {
    const { imported } = await import('../../studies/import/import.ts');
    return imported(files).document;
  },
  async fleet(files, { host }) {
    const { importFleet } = await import('../../studies/import/import-fleet.ts');
    return importFleet(onlyOne(files, 'a fleet'), host);
  },
  async move(files, { as, to, move: which, set = [] }) {
    const { importMove } = await import('../../studies/import/import-move.ts');
    const { givenOf } = await import('../../studies/import/moves.ts');
    return importMove(onlyOne(files, 'a move'), { as, which, given: set.map(givenOf) }, to ?? 'scenario');
  },
  async driver(files, { vf }) {
    const { traceOf } = await import('../../studies/driver/read-driver.ts');
    const { importDriver } = await import('../../studies/driver/import-driver.ts');
    return importDriver(traceOf(files), vf);
  },
  async results([first]) {
    throw new UserError(
      'input',
      `${first!.file}: has results (${first!.format}), of which no document is made here`,
      `stopcopy history record ${first!.file} keeps them.`,
    );
  },
};

function onlyOne<Kind extends ForeignKind>(files: readonly Foreign<Kind>[], what: string): Foreign<Kind> {
  if (files.length === 1) return files[0]!;
  throw new UserError(
    'usage',
    `${files.length} files are given, and ${files[0]!.file} is of ${what}`,
    `Give one file of ${what}.`,
  );
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
