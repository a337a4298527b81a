/**
 * The topology that a command was given refuses the migration driver to the VF: nothing is wrong with the command line or
 * the file, and nothing can be measured.
 */
import { StatusError } from '../../../sim/base/status-error.ts';

export class MigrationRefused extends StatusError {
  override readonly name = 'MigrationRefused';

  constructor(message: string, hint: string) {
    super('failed', message, hint);
  }
}
