/**
 * The topology that a command was given refuses the migration driver to the VF: nothing is wrong with the command line or
 * the file, and nothing can be measured.
 */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
