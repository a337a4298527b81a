/**
 * The topologies that come with the package, by name: `t12` or `t12-card-under-switch` for the file of that beginning.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';
import { packageRoot } from '../package-root.ts';

const ENDING = '.yaml';

export function shippedFolder(): string {
  return join(packageRoot(), 'sim', 'pci', 'topologies');
}

/** Names of the shipped files, in the order of the alphabet. */
export function shippedNames(): readonly string[] {
  return readdirSync(shippedFolder())
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .toSorted();
}

export interface TopologyPlace {
  readonly path: string;
  /** For messages and reports: the path as it was given, or the name of what comes with the package. */
  readonly name: string;
}

/**
 * The file that a word of the command line means: a path if there is one, otherwise a shipped file.
 *
 * @throws UserError of kind `input` when it is neither
 */
export function topologyPlace(word: string): TopologyPlace {
  const given = { path: word, name: word };
  if (/[/\\.]/.test(word) || isFile(word)) return given;
  const names = shippedNames();
  const wanted = word.toLowerCase();
  const name = names.find((each) => each === wanted) ?? names.find((each) => each.startsWith(`${wanted}-`));
  if (name !== undefined) return { path: join(shippedFolder(), `${name}${ENDING}`), name };
  // A folder: the reader says so.
  if (existsSync(word)) return given;
  throw new UserError(
    'input',
    `${word}: there is no such file, and no topology of that name comes with stopcopy`,
    `Give a YAML or JSON file, or one of ${names.join(', ')}.`,
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
