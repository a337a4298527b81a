/**
 * What a client sees of a migration region: a file with positions, and the info that finds it.
 */
import { EFAULT, EINVAL } from '../abi/errno.ts';
import { REGION_FLAG, REGION_INFO_BYTES, REGION_OFFSET_SHIFT } from '../abi/region.ts';
import { REGION_FLAG_CAPS, V1_REGION_CAP, V1_REGION_INDEX, V1_REGION_TYPE } from '../abi/vfio-v1.ts';
import type { UserMemory } from '../driver/kernel.ts';

/** pread(), pwrite() and region info of one migration region. Results are bytes, 0 or a negative errno. */
export interface V1RegionFile {
  /** Register block and data, in bytes. */
  readonly bytes: number;
  read(offset: number, length: number, user: UserMemory): number;
  write(offset: number, length: number, user: UserMemory): number;
}

/**
 * VFIO_DEVICE_GET_REGION_INFO for the migration region. A caller whose structure has no room for the capability gets the
 * size that it needs in argsz, and asks again.
 */
export function v1RegionInfo(region: V1RegionFile, user: UserMemory): number {
  const needed = REGION_INFO_BYTES + V1_REGION_CAP.bytes;
  const bytes = new Uint8Array(needed);
  const view = new DataView(bytes.buffer);
  if (user.copyFromUser(bytes, 0, 0, REGION_INFO_BYTES) !== 0) return -EFAULT;
  const argsz = view.getUint32(0, true);
  if (argsz < REGION_INFO_BYTES || view.getUint32(8, true) !== V1_REGION_INDEX) return -EINVAL;
  const room = argsz >= needed;
  view.setUint32(0, room ? argsz : needed, true);
  view.setUint32(4, REGION_FLAG.READ | REGION_FLAG.WRITE | REGION_FLAG_CAPS, true);
  view.setUint32(12, room ? REGION_INFO_BYTES : 0, true);
  view.setBigUint64(16, BigInt(region.bytes), true);
  view.setBigUint64(24, BigInt(V1_REGION_INDEX) << BigInt(REGION_OFFSET_SHIFT), true);
  view.setUint16(REGION_INFO_BYTES, V1_REGION_CAP.id, true);
  view.setUint16(REGION_INFO_BYTES + 2, V1_REGION_CAP.version, true);
  view.setUint32(REGION_INFO_BYTES + 8, V1_REGION_TYPE.type, true);
  view.setUint32(REGION_INFO_BYTES + 12, V1_REGION_TYPE.subtype, true);
  return user.copyToUser(0, bytes, 0, room ? needed : REGION_INFO_BYTES) === 0 ? 0 : -EFAULT;
}
