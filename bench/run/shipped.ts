/**
 * The scenarios that come with the package, by name.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';
import { packageRoot } from '../package-root.ts';

const ENDING = '.yaml';

function shippedFolder(): string {
  return join(packageRoot(), 'sim', 'scenario', 'scenarios');
}

/** Names of the shipped scenarios, in the order of the alphabet. */
export function shippedScenarios(): readonly string[] {
  return readdirSync(shippedFolder())
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .toSorted();
}

/**
 * The file that a word of the command line means: a path if there is one, otherwise a shipped scenario.
 *
 * @throws UserError of kind `input` when it is neither
 */
export function scenarioPath(word: string): string {
  if (existsSync(word) || /[/\\.]/.test(word)) return word;
  const names = shippedScenarios();
  if (names.includes(word)) return join(shippedFolder(), `${word}${ENDING}`);
  throw new UserError(
    'input',
    `${word}: there is no such file, and no scenario of that name comes with stopcopy`,
    `Give a YAML or JSON file, or one of ${names.join(', ')}.`,
  );
}
