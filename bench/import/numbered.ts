/**
 * Lines with their numbers.
 */

/** A line with its place, from 1. */
export interface NumberedLine {
  readonly text: string;
  readonly line: number;
}

/** Lines with the first that is not blank, which is not read before it is asked for. */
export function withFirst(given: Iterable<string>): { readonly first: string; readonly lines: Iterable<string> } {
  const iterator = given[Symbol.iterator]();
  const held: string[] = [];
  let first = '';
  while (first === '') {
    const { done, value } = iterator.next();
    if (done === true) break;
    held.push(value);
    first = value.trim() === '' ? '' : value;
  }
  const rest = { [Symbol.iterator]: () => iterator };
  return {
    first,
    lines: {
      *[Symbol.iterator]() {
        yield* held;
        yield* rest;
      },
    },
  };
}

export function* numbered(lines: Iterable<string>): Generator<NumberedLine> {
  let line = 0;
  for (const text of lines) {
    line += 1;
    yield { text, line };
  }
}
