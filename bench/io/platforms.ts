/**
 * Platforms of users, by name or path.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { type OwnPlatform, ownPlatform, platformSchema } from '../../sim/memory/platform-file.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { readInputFile } from './input-file.ts';

/** Where a name is looked up, in the current folder. */
const FOLDER = 'platforms';

/**
 * A platform, by its path or by the name of a file in the folder `platforms`.
 *
 * @param word undefined: none
 * @throws UserError of kind `input` when there is neither, or the file is no platform
 */
export function readOwnPlatform(word: string | undefined): OwnPlatform | undefined {
  return word === undefined ? undefined : ownPlatform(readInputFile(pathOf(word), platformSchema));
}

function pathOf(word: string): string {
  if (/[/\\.]/.test(word) || existsSync(word)) return word;
  const path = join(FOLDER, `${word}.yaml`);
  if (existsSync(path)) return path;
  throw new UserError(
    'input',
    `--platform ${word}: there is no such file, and no ${path}`,
    `Write it with \`stopcopy fit FILE --name ${word} --out ${path}\`, or give the path of a platform.`,
  );
}
