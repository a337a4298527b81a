/**
 * stdout and stderr of the process, from whatever thread: Node gives those of its main thread only, and writes to the others by
 * messages, which a process that ends does not wait for.
 */
import { constants, fstatSync, openSync } from 'node:fs';
import { isatty, WriteStream } from 'node:tty';

import { writeAll } from './write-all.ts';

/** What is written to a file, a pipe or a socket. */
interface PlainStream {
  readonly isTTY: false;
  readonly fd: number;
  /** Writes all of it, or as much as the place takes: for remarks, which may have no reader any more. */
  write(text: string): void;
}

/** A terminal, or something plain. */
export type TextStream = NodeJS.WriteStream | PlainStream;

/** @param fd 1 for stdout, 2 for stderr */
export function standardStream(fd: 1 | 2): TextStream {
  return isatty(fd) ? new WriteStream(fd) : plainStream(unblocked(fd));
}

function plainStream(fd: number): PlainStream {
  return {
    isTTY: false,
    fd,
    write(text): void {
      try {
        writeAll(fd, Buffer.from(text, 'utf8'));
      } catch {
        // A full disk or a reader that is gone: the work is worth more than the remark.
      }
    },
  };
}

/**
 * A pipe is opened again for writing without blocking: in a call that waits for a reader nothing can stop a thread. Its
 * reader, and who else has the pipe, notice nothing.
 */
function unblocked(fd: number): number {
  try {
    if (!fstatSync(fd).isFIFO()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No such place on this system, or a pipe without a reader: the first write finds out.
    return fd;
  }
}
