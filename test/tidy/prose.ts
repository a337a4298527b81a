/**
 * What readers of the project read: pages, comments, and the sentences in strings, each with its place.
 */
import { commentsOf, type Node, walk } from './syntax.ts';

export interface Prose {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

const SEVERAL_WORDS = /\S\s+\S/;

/** A field, an option or a file set as code: a name, which is not prose. */
const CODE_NAME = /`[\w.$-]+`/g;

/** Lines of a page; tables, examples and outputs are read as well. */
export function proseOfPage(path: string, text: string): readonly Prose[] {
  return text.split('\n').map((line, index) => ({ path, line: index + 1, text: line.replaceAll(CODE_NAME, '``') }));
}

/** Comments and values of several words in a YAML file. */
export function proseOfYaml(path: string, text: string): readonly Prose[] {
  return proseOfPage(path, text).flatMap((each) => {
    const words = each.text.replace(/^\s*(?:- )?[\w.-]+:\s*/, '').trim();
    return /\s/.test(words) ? [{ ...each, text: words }] : [];
  });
}

/** Comments, and strings of several words: a single one is a name. */
export function proseOfCode(path: string, text: string, program: Node): readonly Prose[] {
  const found: Prose[] = [];
  const starts = lineStarts(text);
  const add = (part: string, start: number): void => {
    const first = lineAt(starts, start);
    part
      .split('\n')
      .forEach((line, index) => found.push({ path, line: first + index, text: line.replaceAll(CODE_NAME, '``') }));
  };
  for (const { start, value } of commentsOf(path, text)) add(value, start);
  walk(program, (node) => {
    if (node.type === 'ImportDeclaration') return false;
    if (node.type === 'TemplateLiteral') {
      // A part between two values may be a single word of a sentence.
      const parts = node['quasis'] as readonly Node[];
      if (SEVERAL_WORDS.test(parts.map(rawOf).join('``'))) for (const part of parts) add(rawOf(part), part.start);
    }
    const words = node.type === 'Literal' ? node['value'] : undefined;
    if (typeof words === 'string' && SEVERAL_WORDS.test(words)) add(words, node.start);
    return true;
  });
  return found;
}

function rawOf(element: Node): string {
  return (element['value'] as { readonly raw: string }).raw;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], index: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= index) low = middle;
    else high = middle;
  }
  return low + 1;
}
