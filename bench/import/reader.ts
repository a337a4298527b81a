/**
 * What a reader of a foreign format is: text in, facts with where they came from out.
 *
 * A reader never fills a hole. A value is said by the file, inferred from what it says, or left out; the study that
 * makes a document of the facts decides which default stands for it, and lists it.
 */

/** What the facts of a reader are about. */
type ReaderKind = 'machine' | 'move' | 'fleet' | 'driver' | 'results';

/** One sentence about an input. */
export interface Finding {
  /** `read`, `inferred`, `asked` (the user has to say it), `unused` (not understood), `warning` (does not fit). */
  readonly kind: 'read' | 'inferred' | 'asked' | 'unused' | 'warning';
  readonly text: string;
  /** Line of the file, from 1. */
  readonly line?: number;
}

export interface Reading<Facts> {
  /** The command line that prints such a text, such as `lspci -nn -vvv`, or the name of the format. */
  readonly format: string;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  /** What the format does not say and a document needs. */
  readonly unknown: readonly string[];
}

export interface Reader<Facts, Kind extends ReaderKind = ReaderKind> {
  /** The word of `--as`. */
  readonly id: string;
  readonly title: string;
  readonly kind: Kind;
  /** How sure it is that a text is of this format, 0 to 1, by its cleaned beginning of at most 64 KiB. */
  sniff(head: string): number;
  /**
   * @param lines one by one, cleaned; after the last line end comes an empty line, so that a file that was cut ends in
   *   another one
   * @param file name of the file, used in messages
   * @throws UserError of kind `input`, with the line
   */
  read(lines: Iterable<string>, file: string): Reading<Facts>;
}
