/**
 * An import for a reader at a terminal: what was read, what was inferred and from which line, what remains to be said, and what
 * could not be used.
 */
import type { ImportAsk, ImportDocument, ImportFinding } from './document.ts';

const TITLES: readonly (readonly [kind: ImportFinding['kind'], title: string])[] = [
  ['read', 'Read'],
  ['inferred', 'Inferred'],
  ['warning', 'Does not fit'],
  ['unused', 'Not used'],
  ['asked', 'Not shown'],
];

/** Sentences of an import, under their titles. */
export function importText({ inputs, findings, asks }: ImportDocument): readonly string[] {
  const read = inputs.map(({ file, format, producer, deviceCount }) => {
    const by = typeof producer === 'string' && producer !== format ? `, by ${producer}` : '';
    return `${file}: ${format}${by}${typeof deviceCount === 'number' ? `; ${deviceCount} functions` : ''}`;
  });
  const unknown = inputs.flatMap(({ file, unknown: lacks }) => lacks.map((each) => `${file} does not say ${each}`));
  const findingSections = TITLES.flatMap(([kind, title]) => {
    const found = findings.filter((each) => each.kind === kind).map(findingText);
    return section(title, kind === 'read' ? [...read, ...found] : found);
  });
  return [...findingSections, ...section('Not in the input', unknown), ...section('Missing', asks.map(askText))];
}

function section(title: string, sentences: readonly string[]): readonly string[] {
  return sentences.length === 0 ? [] : [`${title}:`, ...sentences.map((each) => `  ${each}`)];
}

function findingText({ file, line, text }: ImportFinding): string {
  return line === undefined ? text : `${file}:${line}: ${text}`;
}

function askText({ field, times, taken, apart, question, decides, ask }: ImportAsk): string {
  const where = times === 1 ? '' : ` (in ${times} places)`;
  const other = /^what it (?:is|was)$/.test(String(apart)) ? '' : `, otherwise ${String(apart)}`;
  return `${field}${where}: ${question}. Assumed: ${String(taken)}${other}. It decides ${decides}. Answer: ${ask}.`;
}
