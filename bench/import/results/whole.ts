import { MIB } from '../../../sim/base/units.ts';
import { UserError } from '../../../sim/base/user-error.ts';

/** A document of results that is longer is none. */
const CHARACTERS_MAX = 64 * MIB;

/** All lines as one text, for formats that are read as a whole. */
export function textOf(lines: Iterable<string>, file: string): string {
  const all: string[] = [];
  let characters = 0;
  for (const line of lines) {
    characters += line.length + 1;
    if (characters > CHARACTERS_MAX) {
      throw new UserError('input', `${file}: has more than ${CHARACTERS_MAX} characters`, 'Give results of fewer commits.');
    }
    all.push(line);
  }
  return all.join('\n');
}
