/**
 * A measured move, given to a command in the place of a scenario.
 */
import type { Scenario } from '../../../sim/scenario/document.ts';
import type { OwnPlatform } from '../../../sim/memory/platform-file.ts';
import type { DeviceProfile } from '../../../sim/memory/device-profile.ts';
import { readIfForeign } from '../../import/readers.ts';
import { type ImportedMove, importedMove } from './moves.ts';

/** A move, where the word is a file of one; undefined: it is another thing. */
export function importedOf(word: string): ImportedMove | undefined {
  const reading = readIfForeign('move', word);
  return reading === undefined ? undefined : importedMove(reading);
}

interface RunGiven {
  readonly seed?: number | undefined;
  readonly platform?: OwnPlatform | undefined;
}

interface MoveDocuments {
  readonly file: string;
  readonly scenario: Scenario;
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly platform?: OwnPlatform;
}

/** What a run takes of a move, as of a scenario that was read. */
export function documentsOf({ file, made }: ImportedMove, { seed, platform }: RunGiven): MoveDocuments {
  const scenario = seed === undefined ? made.scenario : { ...made.scenario, seed };
  return { file, scenario, profiles: made.profiles, ...(platform === undefined ? {} : { platform }) };
}
