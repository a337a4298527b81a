/**
 * Writes all bytes to a file descriptor, or throws. Node's streams for files take the first part of what a nearly full disk
 * has room for as the whole, and report nothing.
 */
import { writeSync } from 'node:fs';

import { stoppable } from './stop-words.ts';
import { errorCode } from './write-errors.ts';

/** How long a reader that cannot keep up is waited for, until it is asked again. */
const RETRY_MS = 2;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** @throws the error of the system, with its code */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      // A pipe that does not block, and is full.
      if (errorCode(error) !== 'EAGAIN') throw error;
      stoppable(() => void Atomics.wait(NEVER, 0, 0, RETRY_MS));
    }
  }
}
