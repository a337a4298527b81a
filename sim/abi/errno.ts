/**
 * Linux error numbers that the driver, the VFIO core in front of it and the data files can give.
 *
 * Source: include/uapi/asm-generic/errno-base.h and errno.h.
 */
import { bug } from '../base/bug.ts';

export const ENOENT = 2;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EBUSY = 16;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const ESPIPE = 29;
export const ENOMSG = 42;
export const ETIMEDOUT = 110;

const NAMES: ReadonlyMap<number, string> = new Map([
  [ENOENT, 'ENOENT'],
  [EIO, 'EIO'],
  [EBADF, 'EBADF'],
  [EAGAIN, 'EAGAIN'],
  [ENOMEM, 'ENOMEM'],
  [EFAULT, 'EFAULT'],
  [EBUSY, 'EBUSY'],
  [ENODEV, 'ENODEV'],
  [EINVAL, 'EINVAL'],
  [ENFILE, 'ENFILE'],
  [EMFILE, 'EMFILE'],
  [ENOTTY, 'ENOTTY'],
  [ESPIPE, 'ESPIPE'],
  [ENOMSG, 'ENOMSG'],
  [ETIMEDOUT, 'ETIMEDOUT'],
]);

/** The name of an error number given as the kernel returns it (negative) or as user space sees it (positive). */
export function errnoName(value: number): string {
  return NAMES.get(Math.abs(value)) ?? `errno ${Math.abs(value)}`;
}

/** The names of all of them. */
export const ERRNO_NAMES: readonly string[] = [...NAMES.values()];

/** The number of a name, positive. */
export function errnoNumber(name: string): number {
  for (const [value, known] of NAMES) if (known === name) return value;
  return bug('ERRNO', name);
}
