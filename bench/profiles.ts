/**
 * Device profiles: those that ship with stopcopy, by their ids, and files of the user's own.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { UserError } from '../sim/base/user-error.ts';
import { type DeviceProfile, deviceProfileSchema } from '../sim/vmm/device-profile.ts';
import { readInputFile } from './cli/input-file.ts';

const FOLDER = new URL('../sim/vmm/profiles/', import.meta.url);
const EXTENSION = '.yaml';

/** Ids of the profiles that ship with stopcopy. */
export function shippedProfiles(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .toSorted();
}

/**
 * A profile by its id, or by the path of a file.
 *
 * @throws UserError of kind `input` when there is neither, or the file is no profile
 */
export function readProfile(nameOrPath: string): DeviceProfile {
  const shipped = shippedProfiles();
  if (shipped.includes(nameOrPath)) {
    return readInputFile(fileURLToPath(new URL(`${nameOrPath}${EXTENSION}`, FOLDER)), deviceProfileSchema);
  }
  if (existsSync(nameOrPath)) return readInputFile(nameOrPath, deviceProfileSchema);
  throw new UserError(
    'input',
    `device profile '${nameOrPath}': there is no such profile and no such file`,
    `Shipped with stopcopy are ${shipped.join(', ')}.`,
  );
}
