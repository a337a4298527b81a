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
  const told = TITLES.flatMap(([kind, title]) =>
    section(title, findings.filter((each) => each.kind === kind).map(findingText)),
  );
  return [
    ...section('Read', read),
    ...told,
    ...section('Not in the input', unknown),
    ...section('To be said', asks.map(askText)),
  ];
}

function section(title: string, sentences: readonly string[]): readonly string[] {
  return sentences.length === 0 ? [] : [`${title}:`, ...sentences.map((each) => `  ${each}`)];
}

function findingText({ file, line, text }: ImportFinding): string {
  return line === undefined ? text : `${file}:${line}: ${text}`;
}

function askText({ field, times, taken, apart, question, decides, ask }: ImportAsk): string {
  const where = times === 1 ? '' : ` (in ${times} places)`;
  return `${field}${where}: ${question}. Taken: ${String(taken)}; else ${String(apart)}. It decides ${decides}. Ask ${ask}.`;
}
