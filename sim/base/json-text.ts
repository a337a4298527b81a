/**
 * JSON that a user gives: parsed, or refused in words of its own.
 */
import { foreignDocument } from './formats.ts';
import { UserError } from './user-error.ts';

/**
 * @param what name of the file, used in messages
 * @param needed what is read here, with its article: `a trace`
 * @param hint what to try
 * @throws UserError of kind `input` for a text that is no JSON
 */
export function parseJsonText(text: string, what: string, needed: string, hint: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (text.trim() === '') throw new UserError('input', `${what}: is empty, not JSON`, hint);
    const [, format] = /^format: *['"]?([^\s'"]+)/m.exec(text) ?? [];
    const foreign = foreignDocument(format, needed);
    if (foreign !== undefined) throw new UserError('input', `${what}: ${foreign.sentence}`, foreign.hint);
    if (/^(?:<<<<<<<|>>>>>>>) /m.test(text)) {
      throw new UserError('input', `${what}: is not JSON: it is half merged, with marks of conflicts`, hint);
    }
    throw new UserError('input', `${what}: is not JSON${placeOf(error, text)}; it may be cut short`, hint);
  }
  // What walks through a document, and be it to print it, would leave the stack.
  if (isDeeper(value, LEVELS_MAX)) {
    throw new UserError('input', `${what}: is nested more than ${LEVELS_MAX} deep`, 'No document of stopcopy is.');
  }
  return value;
}

/** Levels of lists and objects in a document that is read. */
export const LEVELS_MAX = 200;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

/** Where the engine says that the text goes wrong, which it does not always. */
function placeOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const [, position] = /\bposition (\d+)/.exec(message) ?? [];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` at line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
