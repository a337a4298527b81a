/**
 * The documents that users write, by what their field `format` says.
 */
import { z } from 'zod';

interface InputFormat {
  /** Name with its article, used in messages. */
  readonly title: string;
  /** Versions that are read, the newest last. */
  readonly versions: readonly number[];
  /** The command that reads such a file. */
  readonly command: string;
}

/** Version 2 refuses sizes and times without a unit; so do version 1 files now, which are otherwise read as before. */
export const INPUT_FORMATS = {
  'stopcopy-scenario': { title: 'a scenario', versions: [1, 2], command: 'stopcopy run' },
  'stopcopy-question': { title: 'a question', versions: [1, 2], command: 'stopcopy plan' },
  'stopcopy-can': { title: 'a question of stopcopy can', versions: [1, 2], command: 'stopcopy can' },
  'stopcopy-limits': { title: 'a preset of limits', versions: [1, 2], command: 'stopcopy plan, named by a question' },
  'stopcopy-device-profile': {
    title: 'a device profile',
    versions: [1],
    command: 'stopcopy run, named by a scenario',
  },
  'stopcopy-topology/1': { title: 'a topology', versions: [], command: 'stopcopy isolation' },
} as const satisfies Readonly<Record<string, InputFormat>>;

export type InputFormatName = keyof typeof INPUT_FORMATS;

/** The field `version` of a document, whichever is read; a document that was read is of the newest. */
export function formatVersion(format: InputFormatName) {
  const versions: readonly number[] = INPUT_FORMATS[format].versions;
  const newest = versions.at(-1)!;
  return z
    .literal(versions, {
      error: ({ input }) =>
        typeof input === 'number' && input > newest
          ? `allowed is up to ${newest}: the file is for a newer stopcopy`
          : undefined,
    })
    .transform(() => newest);
}

/** What a document with that `format` is and which command takes it; undefined for a word that is no format of a user's file. */
export function inputFormat(format: unknown): InputFormat | undefined {
  if (typeof format !== 'string' || !Object.hasOwn(INPUT_FORMATS, format)) return undefined;
  return INPUT_FORMATS[format as InputFormatName];
}
