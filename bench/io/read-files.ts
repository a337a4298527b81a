/**
 * Which files this process has read as inputs.
 */
import { type Stats, statSync } from 'node:fs';

/** Files that this process has read, by device and inode: no output may take their place. */
const READ = new Set<string>();

/** What was read until now belongs to another command line. */
export function forgetInputs(): void {
  READ.clear();
}

/** Notes a file that is read. */
export function noteRead({ dev, ino }: Stats): void {
  READ.add(`${dev}:${ino}`);
}

/** @returns whether this process has read that file as an input */
export function wasRead(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && READ.has(`${found.dev}:${found.ino}`);
}
