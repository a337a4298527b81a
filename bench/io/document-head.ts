/**
 * How documents of `--json` begin that no command reads again.
 */
import { PRINTED_FORMATS, type PrintedDocument, type PrintedFormat } from '../../sim/base/formats.ts';
import { packageVersion } from './package-root.ts';

export interface DocumentHead extends PrintedDocument {
  /** Version of stopcopy that wrote it. */
  readonly stopcopy: string;
}

/** A document of which only its schema says what else it has. */
export type HeadedDocument = DocumentHead & Readonly<Record<string, unknown>>;

export function documentHead(format: PrintedFormat): DocumentHead {
  return { format, version: PRINTED_FORMATS[format].version, stopcopy: packageVersion() };
}

/** A short document. */
export function headed<T extends object>(format: PrintedFormat, fields: T): DocumentHead & T {
  return { ...documentHead(format), ...fields };
}
