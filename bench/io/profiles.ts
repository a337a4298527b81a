/**
 * Device profiles: those that ship with stopcopy, by their ids, and files of the user's own.
 */
import { type DeviceProfile, deviceProfileSchema } from '../../sim/memory/device-profile.ts';
import { readInputFile } from './input-file.ts';
import { ShippedFiles } from './shipped-files.ts';

const PROFILES = new ShippedFiles('sim/memory/profiles', 'device profile');

/** Ids of the profiles that ship with stopcopy. */
export function shippedProfiles(): readonly string[] {
  return PROFILES.names();
}

/**
 * A profile by its id, or by the path of a file.
 *
 * @throws UserError of kind `input` when there is neither, or the file is no profile
 */
export function readProfile(nameOrPath: string): DeviceProfile {
  return readInputFile(PROFILES.place(nameOrPath).path, deviceProfileSchema);
}
