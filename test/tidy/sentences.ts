/**
 * Sentences that a test expects to the letter. A test that asks for facts (`stating` of test/stating.ts) leaves a sentence free to
 * be said better; how many each file still expects may only fall: `sentence-ceilings.json` has the counts.
 */
import { isNode, lineOf, nameOf, type Node, parse, walk } from './syntax.ts';

const MATCHERS: ReadonlySet<string> = new Set([
  'toBe',
  'toEqual',
  'toStrictEqual',
  'toContain',
  'toMatch',
  'toMatchObject',
  'toThrow',
  'stringContaining',
  'stringMatching',
]);

/** A sentence has so many words in a row at least, with nothing between them but commas. */
const WORDS_LEAST = 6;
const IN_A_ROW = new RegExp(String.raw`(?:\b[a-z’]+,?\s+){${WORDS_LEAST - 1}}[a-z’]+\b`, 'i');

export interface AssertedSentence {
  readonly line: number;
  readonly text: string;
}

/** What an expectation compares with, in the file of a test. */
export function assertedSentences(path: string, source: string): readonly AssertedSentence[] {
  const found: AssertedSentence[] = [];
  walk(parse(path, source), (node) => {
    if (node.type !== 'CallExpression' || !MATCHERS.has(calledName(node))) return;
    for (const argument of node['arguments'] as readonly Node[]) found.push(...sentencesBelow(argument, source));
  });
  // A matcher in the argument of another is met twice.
  return found.filter(
    (each, at) => found.findIndex(({ line, text }) => line === each.line && text === each.text) === at,
  );
}

function calledName({ callee }: Node): string {
  return isNode(callee) && callee.type === 'MemberExpression' ? (nameOf(callee['property']) ?? '') : '';
}

function sentencesBelow(argument: Node, source: string): readonly AssertedSentence[] {
  const found: AssertedSentence[] = [];
  walk(argument, (node) => {
    // Facts, and what is only given to a function.
    if (node.type === 'CallExpression' && !MATCHERS.has(calledName(node))) return false;
    const text = textOf(node);
    if (text !== undefined && IN_A_ROW.test(text)) found.push({ line: lineOf(source, node.start), text });
    return true;
  });
  return found;
}

/** Words of a string, of the fixed parts of a template, or of a pattern. */
function textOf(node: Node): string | undefined {
  if (node.type === 'TemplateElement') return (node['value'] as { readonly cooked: string }).cooked;
  if (node.type !== 'Literal') return undefined;
  const { value, regex } = node;
  if (typeof value === 'string') return value;
  return regex === undefined || regex === null ? undefined : (regex as { readonly pattern: string }).pattern;
}

export type SentenceCounts = Readonly<Record<string, number>>;

/** How many sentences each test file expects, without those that expect none. */
export function sentenceCounts(sources: ReadonlyMap<string, string>): SentenceCounts {
  const counts: Record<string, number> = {};
  for (const [path, source] of sources) {
    if (!path.endsWith('.test.ts')) continue;
    const { length } = assertedSentences(path, source);
    if (length > 0) counts[path] = length;
  }
  return counts;
}

/** One sentence for each file with another number than its ceiling. */
export function sentenceFindings(counts: SentenceCounts, ceilings: SentenceCounts): readonly string[] {
  return [...new Set([...Object.keys(counts), ...Object.keys(ceilings)])].flatMap((path) => {
    const [count, ceiling] = [counts[path] ?? 0, ceilings[path] ?? 0];
    if (count === ceiling) return [];
    const hint =
      count < ceiling
        ? 'lower it in test/tidy/sentence-ceilings.json'
        : 'ask for its facts by stating of test/stating.ts';
    return [`${path} expects ${count} whole sentences, the ceiling is ${ceiling}: ${hint}`];
  });
}
