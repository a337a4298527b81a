/**
 * Histories as of the newest version. Records have had one version only, so there is nothing to change yet.
 */
import { UserError } from '../../sim/base/user-error.ts';
import type { Upgrade } from '../documents/upgrade/document.ts';
import { parseHistory } from './store.ts';

/** Whether a text begins as a history does: with the checksum of its first record. */
export function isHistory(text: string): boolean {
  return /^[0-9a-f]{8} /.test(text);
}

/**
 * Upgrades the text of a history.
 *
 * @param file name of the file, used in messages
 * @throws UserError of kind `input` where a record cannot be read
 */
export function upgradedHistory(text: string, file: string): Upgrade {
  const [first] = parseHistory(Buffer.from(text, 'utf8'), file).damaged;
  if (first === undefined) return { title: 'a history', changes: [], text };
  throw new UserError(
    'input',
    `${file}: record ${first.line} ${first.why}`,
    `Take it away: \`stopcopy history prune --file ${file} --keep N --damaged\`.`,
  );
}
