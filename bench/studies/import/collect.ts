/**
 * Scripts that collect what stopcopy needs of a machine, a move or a driver: printed for users, or run on this machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { UserError } from '../../../sim/base/user-error.ts';
import { readTextOf } from '../../import/readers.ts';
import { packageRoot } from '../../io/package-root.ts';
import { runProgram } from '../../io/run-program.ts';
import { type Imported, imported } from './import.ts';

/** What there is a script for, by the word of `--collect`. */
export const COLLECTORS = {
  machine: 'bench/import/machine/collect.sh',
  move: 'bench/import/move/collect.sh',
  driver: 'bench/import/driver/collect.sh',
} as const;

/** The name of this machine's collection, used in messages. */
const THIS_HOST = 'this machine';

/** Text of the script. */
export function collector(what: keyof typeof COLLECTORS): string {
  return readFileSync(join(packageRoot(), COLLECTORS[what]), 'utf8');
}

/**
 * The topology of the machine that stopcopy runs on.
 *
 * @param signal ends the collection
 * @throws UserError of kind `input` where /sys has no PCI, or does not let read what is needed
 */
export async function thisMachine(signal: AbortSignal): Promise<Imported> {
  const path = join(packageRoot(), COLLECTORS.machine);
  const { code, stdout, stderr } = await runProgram('sh', [path], { cwd: packageRoot(), signal });
  if (code !== 0) {
    const why = stderr.trim().split('\n').at(-1) ?? '';
    throw new UserError(
      'input',
      `${THIS_HOST}: could not be read: ${why}`,
      'Collect on a Linux host with PCI: stopcopy import --collect machine prints the script.',
    );
  }
  return imported([readTextOf('machine', stdout, THIS_HOST, 'sysfs')]);
}
