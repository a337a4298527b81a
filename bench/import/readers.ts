/**
 * All readers of foreign formats, and which of them a text is for.
 */
import { keysOf } from '../../sim/base/keys.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { DriverFile } from './driver/facts.ts';
import { DRIVER_READERS } from './driver/readers.ts';
import type { FleetFile } from './fleet/facts.ts';
import { FLEET_READERS } from './fleet/readers.ts';
import { isRegularFile, sourceOfFile, sourceOfText, type TextSource } from './lines.ts';
import type { MachineFacts } from './machine/facts.ts';
import { MACHINE_READERS } from './machine/readers.ts';
import type { MoveFile } from './move/facts.ts';
import { MOVE_READERS } from './move/readers.ts';
import type { Reader, Reading } from './reader.ts';
import type { ResultFacts } from './results/facts.ts';
import { RESULT_READERS } from './results/readers.ts';

/** What readers of each kind find. */
interface FactsOf {
  readonly machine: MachineFacts;
  readonly move: MoveFile;
  readonly fleet: FleetFile;
  readonly driver: DriverFile;
  readonly results: ResultFacts;
}

export type ForeignKind = keyof FactsOf;

type ReadersOf = { readonly [Kind in ForeignKind]: readonly Reader<FactsOf[Kind], Kind>[] };
type ReaderOf<Kind extends ForeignKind> = ReadersOf[Kind][number];

const READERS: ReadersOf = {
  machine: MACHINE_READERS,
  move: MOVE_READERS,
  fleet: FLEET_READERS,
  driver: DRIVER_READERS,
  results: RESULT_READERS,
};

/** Words for each kind, and the commands that take its files. */
const KINDS: Readonly<Record<ForeignKind, { readonly title: string; readonly commands: string }>> = {
  machine: { title: 'a machine', commands: 'stopcopy isolation and stopcopy import' },
  move: { title: 'a move', commands: 'stopcopy explain, stopcopy run and stopcopy import' },
  fleet: { title: 'a fleet', commands: 'stopcopy plan --fleet and stopcopy import' },
  driver: { title: 'a driver', commands: 'stopcopy import and stopcopy verify' },
  results: { title: 'results', commands: 'stopcopy history record' },
};

const ALL_KINDS = keysOf(KINDS);

/** A reader that is less sure is none for the text. */
const SURE_MIN = 0.5;
/** Two that are closer than this are both named. */
const CLOSE = 0.03;

/** Documents of stopcopy say what they are, in YAML after comments. */
const OWN = /^(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:\{[ \t]*\n?[ \t]*)?["']?format["']?\s*:\s*["']?(stopcopy-[a-z-]+)/;

/** What was read, and by which reader. */
export interface Foreign<Kind extends ForeignKind> extends Reading<FactsOf[Kind]> {
  readonly kind: Kind;
  readonly file: string;
  /** Word of `--as`. */
  readonly reader: string;
}

/** A file of any kind. */
export type ForeignFile = { readonly [Kind in ForeignKind]: Foreign<Kind> }[ForeignKind];

/** Words of `--as`, of some kinds. */
export function formatNames(kinds: readonly ForeignKind[] = ALL_KINDS): readonly string[] {
  return kinds.flatMap((kind) => READERS[kind].map(({ id }) => id));
}

/** The same in a sentence, with what they are of. */
export function formatsText(kinds: readonly ForeignKind[] = ALL_KINDS): string {
  return kinds.map((kind) => `of ${KINDS[kind].title}: ${formatNames([kind]).join(', ')}`).join('; ');
}

/**
 * The reader that a text is for, of these kinds.
 *
 * @returns undefined when none knows it
 * @throws UserError of kind `input` when two are as sure
 */
function recognise<Kind extends ForeignKind>(
  { head, file }: TextSource,
  kinds: readonly Kind[],
): ReaderOf<Kind> | undefined {
  if (OWN.test(head)) return undefined;
  const sure = kinds
    .flatMap((kind) => READERS[kind].map((reader) => ({ reader, sure: reader.sniff(head) })))
    .filter(({ sure: how }) => how >= SURE_MIN)
    .toSorted((a, b) => b.sure - a.sure);
  const [best, second] = sure;
  if (best !== undefined && second !== undefined && best.sure - second.sure < CLOSE) {
    const names = sure.filter((each) => best.sure - each.sure < CLOSE).map(({ reader }) => reader.id);
    throw new UserError(
      'input',
      `${file}: looks like ${names.join(' and ')}`,
      `Say --as with one of ${names.join(', ')}, or split the file.`,
    );
  }
  return best?.reader;
}

/** What a text is of, where a reader knows it for certain. */
export function kindOf({ head }: TextSource): ForeignKind | undefined {
  const sure = ALL_KINDS.flatMap((kind) => READERS[kind].map((reader) => ({ kind, sure: reader.sniff(head) })));
  const [best] = sure.toSorted((a, b) => b.sure - a.sure);
  return best !== undefined && best.sure >= SURE_MIN ? best.kind : undefined;
}

/** The reader of `--as`. @throws UserError of kind `usage` */
function readerNamed<Kind extends ForeignKind>(id: string, kinds: readonly Kind[]): ReaderOf<Kind> {
  const reader = kinds.flatMap((kind): readonly ReaderOf<Kind>[] => READERS[kind]).find((each) => each.id === id);
  if (reader !== undefined) return reader;
  const what = formatNames().includes(id) ? 'not taken here' : 'no format';
  throw new UserError('usage', `--as is '${id}', which is ${what}`, `Allowed are, ${formatsText(kinds)}.`);
}

function readBy<Kind extends ForeignKind>(reader: ReaderOf<Kind>, source: TextSource): Foreign<Kind> {
  const reading = reader.read(source.lines(), source.file);
  return { ...reading, kind: reader.kind, file: source.file, reader: reader.id };
}

/**
 * Reads a text of a foreign format, of any of some kinds.
 *
 * @param as format, when the user says it; else the text is recognised
 * @throws UserError of kind `input` for a text that no reader knows, or that is damaged beyond reading
 */
function readSource<Kind extends ForeignKind>(source: TextSource, kinds: readonly Kind[], as?: string): Foreign<Kind> {
  const known = as === undefined ? readIfKnown(source, kinds) : readBy(readerNamed(as, kinds), source);
  if (known !== undefined) return known;
  const what = kinds.length === 1 ? `no format of ${KINDS[kinds[0]!].title}` : 'no format';
  const [, own] = OWN.exec(source.head) ?? [];
  if (own !== undefined) {
    throw new UserError(
      'input',
      `${source.file}: is a document of stopcopy (${own})`,
      'Give it to the command that reads it, or the output of another tool here.',
    );
  }
  const lines = kinds.map((kind) => `${formatsText([kind])}.`);
  const hint = ['Say with --as FORMAT which it is; docs/import.md describes them:', ...lines].join('\n    ');
  throw new UserError('input', `${source.file}: is in ${what} that is recognised`, hint);
}

/** Undefined: no reader knows it. @throws UserError of kind `input` for what is of another kind */
function readIfKnown<Kind extends ForeignKind>(source: TextSource, kinds: readonly Kind[]): Foreign<Kind> | undefined {
  const reader = recognise(source, kinds);
  if (reader !== undefined) return readBy(reader, source);
  const other = recognise(source, ALL_KINDS);
  if (other === undefined) return undefined;
  const { title, commands } = KINDS[other.kind];
  throw new UserError(
    'input',
    `${source.file}: is of ${title} (${other.title}), which is not asked for here`,
    `Give it to ${commands}.`,
  );
}

/** What a file is of; undefined: it is no file of another tool that is recognised. */
export function kindOfFile(path: string): ForeignKind | undefined {
  return isRegularFile(path) ? recognise(sourceOfFile(path), ALL_KINDS)?.kind : undefined;
}

/** See {@link readSource}; the file may be of any kind. */
export function readForeign(path: string, as?: string): ForeignFile {
  return readSource(sourceOfFile(path), ALL_KINDS, as) as ForeignFile;
}

/** The same of files of one kind. */
export function readForeignOf<Kind extends ForeignKind>(kind: Kind, path: string, as?: string): Foreign<Kind> {
  return readSource(sourceOfFile(path), [kind], as);
}

/** The same of a text. @param file name of it, used in messages */
export function readTextOf<Kind extends ForeignKind>(
  kind: Kind,
  text: string,
  file: string,
  as?: string,
): Foreign<Kind> {
  return readSource(sourceOfText(text, file), [kind], as);
}

/**
 * The same of a file that may be a document of stopcopy.
 *
 * @returns undefined when it is one, or no reader knows it
 * @throws UserError of kind `input` for a file of another kind, or one that is no text
 */
export function readIfForeign<Kind extends ForeignKind>(kind: Kind, path: string): Foreign<Kind> | undefined {
  return isRegularFile(path) ? readIfKnown(sourceOfFile(path), [kind]) : undefined;
}
