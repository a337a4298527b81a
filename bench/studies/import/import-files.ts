/**
 * Files of other tools, whatever they are of, as the document that follows from them.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { ImportDocument } from '../../documents/import/document.ts';
import type { Foreign, ForeignFile, ForeignKind } from '../../import/readers.ts';
import type { MoveDocument } from './move-documents.ts';

/** What is said about the files. */
export interface ImportWords {
  /** Name of their format; default: it is recognised. */
  readonly as?: string;
  /** What a move becomes; default: a scenario. */
  readonly to?: MoveDocument;
  /** The host of a fleet whose VMs are asked about. */
  readonly host?: string;
  /** The VF of a trace, by its address. */
  readonly vf?: string;
  /** Which move of a file, from 1; default: the last. */
  readonly move?: number;
  /** Fields that a file of a move does not say, each as `FIELD=VALUE`. */
  readonly set?: readonly string[];
}

/** Options that are for files of one kind. */
const ONLY_OF: readonly (readonly [flag: 'to' | 'move' | 'set' | 'host' | 'vf', kind: ForeignKind, what: string])[] = [
  ['to', 'move', 'a move'],
  ['move', 'move', 'a move'],
  ['set', 'move', 'a move'],
  ['host', 'fleet', 'a fleet'],
  ['vf', 'driver', 'a driver'],
];

/**
 * The document that follows from files, by what they are of.
 *
 * @throws UserError for a file in no known format, and for files that are not of one thing
 */
export async function importedDocument(paths: readonly string[], flags: ImportWords): Promise<ImportDocument> {
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
  flags: ImportWords,
) => Promise<ImportDocument>;

const MAKE: { readonly [Kind in ForeignKind]: MakeDocument<Kind> } = {
  async machine(files) {
    const { imported } = await import('./import.ts');
    return imported(files).document;
  },
  async fleet(files, { host }) {
    const { importFleet } = await import('./import-fleet.ts');
    return importFleet(files, { hosts: host }).document;
  },
  async move(files, { as, to, move: which, set = [] }) {
    const { importMove } = await import('./import-move.ts');
    const { givenOf } = await import('./moves.ts');
    return importMove(onlyOne(files, 'a move'), { as, which, given: set.map(givenOf) }, to ?? 'scenario');
  },
  async driver(files, { vf }) {
    const { traceOf } = await import('../driver/read-driver.ts');
    const { importDriver } = await import('../driver/import-driver.ts');
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
