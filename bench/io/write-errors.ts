/**
 * Why a place does not take what is written, in words, and whose fault it is: a wrong path is one of the command line, a full
 * disk is not.
 */

interface WriteError {
  readonly reason: string;
  /** `path`: another path on the command line mends it; `place`: the path may be right. */
  readonly mistake: 'path' | 'place';
}

const WRITE_ERRORS: Readonly<Record<string, WriteError>> = {
  ENOENT: { reason: 'there is no such folder', mistake: 'path' },
  ENOTDIR: { reason: 'a part of the path is a file, not a folder', mistake: 'path' },
  EEXIST: { reason: 'a part of the path is a file, not a folder', mistake: 'path' },
  EISDIR: { reason: 'there is a folder of that name', mistake: 'path' },
  ENAMETOOLONG: { reason: 'the name is too long', mistake: 'path' },
  ELOOP: { reason: 'its links lead in a circle', mistake: 'path' },
  EACCES: { reason: 'permission denied', mistake: 'place' },
  EPERM: { reason: 'permission denied', mistake: 'place' },
  EROFS: { reason: 'the file system is read-only', mistake: 'place' },
  ENOSPC: { reason: 'the disk is full', mistake: 'place' },
  EDQUOT: { reason: 'the disk quota is used up', mistake: 'place' },
  EFBIG: { reason: 'the file would be larger than the limit of the shell or the file system', mistake: 'place' },
  EIO: { reason: 'the disk reports an error', mistake: 'place' },
  EPIPE: { reason: 'nobody reads from the pipe any more', mistake: 'place' },
  ENXIO: { reason: 'there is no such device', mistake: 'place' },
};

/** @returns code of a system error, such as ENOSPC; empty for any other error */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** @returns what to say of an error in writing */
export function unwritableReason(error: unknown): string {
  return WRITE_ERRORS[errorCode(error)]?.reason ?? (error instanceof Error ? error.message : String(error));
}

/** @returns whether the path is wrong, or the place it leads to does not take the file */
export function mistakeOf(error: unknown): 'path' | 'place' {
  return WRITE_ERRORS[errorCode(error)]?.mistake ?? 'place';
}
