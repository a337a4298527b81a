/**
 * What a page shows of one document, and how a kind of document is added: a `section.ts` in bench/documents, and its line
 * in bench/documents/kinds.ts.
 */
import type { Markup } from './html.ts';

/** A word of the document, and what it means. */
export type Word = readonly [word: string, meaning: string];

export interface ReportSection {
  /** Title of a page that shows nothing else. */
  readonly title: string;
  /** Title of the section; undefined: the name of its file. */
  readonly heading: string | undefined;
  /** Version of the stopcopy that wrote the document. */
  readonly version: string;
  /** Everything below the heading. All ids in it begin with `id` and a hyphen; its own headings are of level 3. */
  body(id: string): Markup;
  /** Kinds of figures, and other words that the reader may not know. */
  readonly words: readonly Word[];
  /** Further rules for the style sheet. */
  readonly style: string;
  /** Embedded whole, and offered as a file. */
  readonly document: unknown;
}

export interface ReportKind {
  /**
   * @param document parsed, and of this format; nothing else is known of it
   * @param file for messages
   * @throws UserError of kind `input` that names the field which is wrong
   */
  read(document: unknown, file: string): ReportSection;
}
