/**
 * A measured move of a file, as a scenario.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { MoveFacts } from '../../import/move/facts.ts';
import { refuseCut } from '../../import/json-values.ts';
import { type Foreign, readForeignOf } from '../../import/readers.ts';
import { type Given, type MoveScenario, moveScenario } from './move-scenario.ts';

export interface ImportedMove {
  readonly file: string;
  /** Title of the format. */
  readonly format: string;
  readonly reading: Foreign<'move'>;
  readonly move: MoveFacts;
  readonly made: MoveScenario;
}

/**
 * One move of a file.
 *
 * @param which of several, from 1; default: the last one
 * @throws UserError of kind `input` for a file without a move; of kind `usage` for a move that it does not have
 */
function moveOf(reading: Foreign<'move'>, file: string, which?: number): MoveFacts {
  const { moves } = reading.facts;
  if (moves.length === 0) {
    refuseCut(file, reading.findings);
    throw new UserError('input', `${file}: has no move of a VM in it`, `It was read as ${reading.format}: --as says another format.`); // prettier-ignore
  }
  const move = which === undefined ? moves.at(-1) : moves[which - 1];
  if (move !== undefined) return move;
  throw new UserError('usage', `--move is ${which}, and ${file} has ${moves.length}`, `Give a number from 1 to ${moves.length}.`); // prettier-ignore
}

/** One move of a file as a scenario. @param which see {@link moveOf} */
export function importedMove(
  reading: Foreign<'move'>,
  { which, given = [] }: { readonly which?: number | undefined; readonly given?: readonly Given[] } = {},
): ImportedMove {
  const { file } = reading;
  const move = moveOf(reading, file, which);
  return { file, format: reading.format, reading, move, made: moveScenario(move, scenarioName(file), file, given) };
}

/** What of a file is wanted, and how it is read. */
export interface MoveWanted {
  readonly as?: string | undefined;
  /** From 1; default: the last. */
  readonly which?: number | undefined;
  readonly given?: readonly Given[];
}

/**
 * A move of a file, in whichever format of moves it is.
 *
 * @throws UserError of kind `input` for a file in no such format
 */
export function readMove(path: string, wanted: MoveWanted = {}): ImportedMove {
  return importedMove(readForeignOf('move', path, wanted.as), wanted);
}

/** A name for a scenario, of the name of a file. */
export function scenarioName(file: string): string {
  const base = file.replace(/^.*[/\\]/, '').toLowerCase();
  const name = base.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'move' : name.slice(0, 60);
}

/** `stream.gigabitsPerSecond=25` as a field and its value. @throws UserError of kind `usage` */
export function givenOf(text: string): Given {
  const [, path, word] = /^([A-Za-z][\w.]*)=(.+)$/.exec(text) ?? [];
  if (path === undefined || word === undefined) {
    throw new UserError('usage', `--set is '${text}', and FIELD=VALUE is needed`, 'Such as --set vcpus=16 or --set stream.gigabitsPerSecond=25.'); // prettier-ignore
  }
  if (/^-?\d+(?:\.\d+)?$/.test(word)) return { path, value: Number(word) };
  return { path, value: word === 'true' ? true : word === 'false' ? false : word };
}
