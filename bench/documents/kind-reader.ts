/**
 * How kinds read their documents: the version first, then every field that the page shows.
 */
import type { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { ReportKind, ReportSection } from '../show/section.ts';
import { type DocumentFormat, DOCUMENTS } from './formats.ts';

export interface KindFacts<T> {
  readonly format: DocumentFormat;
  /** Fields that it does not name are let through. */
  readonly schema: z.ZodType<T>;
  readonly section: (document: T) => ReportSection;
  /** A document of the version before, as one of this version; left out: it is not read. */
  readonly fromPrevious?: (document: Readonly<Record<string, unknown>>) => unknown;
}

export function reportKind<T>({ format, schema, section, fromPrevious }: KindFacts<T>): ReportKind {
  const { version, command } = DOCUMENTS[format];
  return {
    read(document, file): ReportSection {
      const seen = typeof document === 'object' && document !== null && 'version' in document ? document.version : null;
      if (fromPrevious !== undefined && seen === version - 1) {
        const newer = fromPrevious(document as Readonly<Record<string, unknown>>);
        return section(parseDocument(schema, newer, file));
      }
      if (seen !== version) {
        throw new UserError(
          'input',
          `${file}: has format version ${JSON.stringify(seen)}, this stopcopy reads version ${version} of ${format}`,
          `Read it with the stopcopy that wrote it, or make it again with \`${command}\`.`,
        );
      }
      return section(parseDocument(schema, document, file));
    },
  };
}
