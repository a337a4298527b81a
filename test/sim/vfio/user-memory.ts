/** Structures in user memory, as the calls of VFIO take them. */
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';

export const GET = 1 << 16;
export const SET = 1 << 17;
export const PROBE = 1 << 18;

/** `struct vfio_device_feature`: argsz, flags, then words of data. */
export function featureStruct(flags: number, argsz = 16, ...data: readonly number[]): UserBuffer {
  const user = new UserBuffer(new Uint8Array(Math.max(argsz, 16)));
  const view = new DataView(user.bytes.buffer);
  view.setUint32(0, argsz, true);
  view.setUint32(4, flags, true);
  for (const [i, word] of data.entries()) view.setUint32(8 + 4 * i, word, true);
  return user;
}

/** `struct vfio_region_info`. */
export function regionStruct(index: number, argsz = 32): UserBuffer {
  const user = new UserBuffer(new Uint8Array(32));
  const view = new DataView(user.bytes.buffer);
  view.setUint32(0, argsz, true);
  view.setUint32(8, index, true);
  return user;
}

export function word32(user: UserBuffer, offset: number): number {
  return new DataView(user.bytes.buffer).getUint32(offset, true);
}

export function word64(user: UserBuffer, offset: number): bigint {
  return new DataView(user.bytes.buffer).getBigUint64(offset, true);
}
