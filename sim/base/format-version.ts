/**
 * The field `version` of documents that users write. Apart from the table of formats, which everything loads.
 */
import { z } from 'zod';

import { INPUT_FORMATS, type InputFormatName } from './formats.ts';

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
