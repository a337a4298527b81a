/**
 * Options that name a file: read, or written. Places of files that are written are checked before the work begins.
 */
import { type Command, Option } from 'commander';

import { UserError } from '../../sim/base/user-error.ts';
import { checkOutputFile } from '../io/file-output.ts';

/** An option whose value is a file that the command writes. */
export class OutputFile extends Option {}

/** An option whose value is a file that the command reads. */
export class InputFile extends Option {}

/**
 * Refuses what could not be written after the work, or would take the place of what the command reads.
 *
 * @throws UserError of kind `usage`; StatusError `outputFailed` for a place that takes no files
 */
export function checkOutputs(command: Command): void {
  const valuesOf = (option: Option): readonly string[] =>
    [command.getOptionValue(option.attributeName()) as unknown].flat().filter((value) => typeof value === 'string');
  const inputs = command.args.filter((word) => !word.startsWith('-'));
  for (const option of command.options) {
    if (option instanceof InputFile) inputs.push(...valuesOf(option));
  }
  const seen = new Map<string, string>();
  for (const option of command.options) {
    const path = option instanceof OutputFile ? valuesOf(option)[0] : undefined;
    if (path === undefined) continue;
    const name = option.long ?? option.flags;
    const other = seen.get(path);
    if (other !== undefined) {
      throw new UserError('usage', `${name} and ${other} are both ${path}`, 'Give each a file of its own.');
    }
    seen.set(path, name);
    checkOutputFile(path, name, inputs);
  }
}
