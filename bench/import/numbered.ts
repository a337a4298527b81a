/**
 * Lines with their numbers.
 */

/** A line with its place, from 1. */
export interface NumberedLine {
  readonly text: string;
  readonly line: number;
}

export function* numbered(lines: Iterable<string>): Generator<NumberedLine> {
  let line = 0;
  for (const text of lines) {
    line += 1;
    yield { text, line };
  }
}
