/**
 * What a VMM asks of a VF's VFIO device to migrate it. A {@link VfioDevice} is one; so is whatever counts or changes the
 * calls to one.
 */
import type { VfioDevice } from './vfio-device.ts';

export type MigratableDevice = Pick<
  VfioDevice,
  | 'driver'
  | 'migrationBlocker'
  | 'migrationFlags'
  | 'newFile'
  | 'getState'
  | 'setState'
  | 'readFile'
  | 'writeFile'
  | 'closeFile'
  | 'reset'
>;
