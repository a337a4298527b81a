/**
 * What `stopcopy import --json` prints: what was read, the document that was made of it, and what remains to be said. Version 1;
 * docs/import.md.
 */
import { z } from 'zod';

import type { DocumentHead } from '../../io/document-head.ts';

export const importFindingSchema = z.looseObject({
  file: z.string(),
  kind: z.enum(['read', 'inferred', 'asked', 'unused', 'warning']),
  text: z.string(),
  /** From 1. */
  line: z.int().min(1).optional(),
});

export interface ImportFinding {
  readonly file: string;
  readonly kind: 'read' | 'inferred' | 'asked' | 'unused' | 'warning';
  readonly text: string;
  /** From 1. */
  readonly line?: number | undefined;
}

/** What no tool shows. */
export interface ImportAsk {
  /** Field of the document, without the place of its node. */
  readonly field: string;
  /** In how many places. */
  readonly times: number;
  /** The value that is taken. */
  readonly taken: string | boolean;
  /** The value under which more is kept apart. */
  readonly apart: string | boolean;
  readonly question: string;
  readonly decides: string;
  /** The source of an answer. */
  readonly ask: string;
}

interface ImportInput {
  readonly file: string;
  /** The reader, as `--as` names it. */
  readonly reader: string;
  /** The command line that prints such a text. */
  readonly format: string;
  readonly unknown: readonly string[];
}

export interface ImportDocument extends DocumentHead {
  /** With all facts that were read. */
  readonly inputs: readonly (ImportInput & Readonly<Record<string, unknown>>)[];
  readonly result: { readonly format: string; readonly text: string };
  readonly findings: readonly ImportFinding[];
  readonly asks: readonly ImportAsk[];
}
