/**
 * The topologies that come with the package, by name: `t12` or `t12-card-under-switch` for the file of that beginning.
 */
import { existsSync, readdirSync } from 'node:fs';
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

/**
 * The file that a word of the command line means: a path if there is one, otherwise a shipped file.
 *
 * @throws UserError of kind `input` when it is neither
 */
export function topologyPath(word: string): string {
  if (existsSync(word) || /[/\\.]/.test(word)) return word;
  const names = shippedNames();
  const wanted = word.toLowerCase();
  const found = names.find((name) => name === wanted) ?? names.find((name) => name.startsWith(`${wanted}-`));
  if (found !== undefined) return join(shippedFolder(), `${found}${ENDING}`);
  throw new UserError(
    'input',
    `${word}: there is no such file, and no topology of that name comes with stopcopy`,
    `Give a YAML or JSON file, or one of ${names.join(', ')}.`,
  );
}
