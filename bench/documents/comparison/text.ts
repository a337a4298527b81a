/**
 * A comparison for a person: a table and a sentence; or Markdown for a pull request.
 */
import { countOf } from '../../../sim/base/units.ts';
import type { Output } from '../../io/output.ts';
import { formatValue, percent } from '../../show/format.ts';
import { wrap } from '../../show/wrap.ts';
import { crowdingSentence } from '../bench/crowding.ts';
import { bareTable } from '../../show/bare-table.ts';
import {
  type ComparisonDocument,
  type MetricResult,
  type SideReport,
  type ComparisonVerdict,
  COMPARISON_VERDICTS,
  SPEED,
  UNDECIDED,
} from './document.ts';
import { keysOf } from '../../../sim/base/keys.ts';

/** By this line a comment is found again and replaced. */
export const COMMENT_MARKER = '<!-- stopcopy-compare -->';

/** A comment has room for about so many rows; the document has all. */
const MARKDOWN_ROWS_MAX = 50;
const TEXT_ROWS_MAX = 40;

/** Bad news first. */
const ORDER: readonly ComparisonVerdict[] = [
  'failed',
  'worse',
  'changed',
  'gone',
  'new',
  'better',
  'cannot tell',
  'same',
];

export function printComparison(document: ComparisonDocument, markdown: boolean, output: Output): void {
  output.text(markdown ? comparisonMarkdown(document) : comparisonText(document, output.wide));
}

export function comparisonText(document: ComparisonDocument, wide = false): string {
  const { base, candidate } = document;
  const { rows, untold } = listedResults(document);
  const crowded = crowdingSentence(document.crowded);
  const warning = crowded === null ? [] : [wrap(crowded, 100), ''];
  const lines = [...warning, `base       ${sideWords(base)}`, `candidate  ${sideWords(candidate)}`, ''];
  const speed = speedSentence(document);
  if (speed !== null) lines.push(speed, '');
  if (rows.length > 0) {
    lines.push(
      bareTable(
        [
          { head: 'metric', align: 'left' },
          { head: 'kind', align: 'left', detail: 2 },
          { head: 'base', align: 'right' },
          { head: 'candidate', align: 'right' },
          { head: 'change', align: 'right' },
          { head: 'interval', align: 'left' },
          { head: 'verdict', align: 'left' },
        ],
        rows.slice(0, TEXT_ROWS_MAX).map(cells),
        { wide },
      ),
    );
    if (rows.length > TEXT_ROWS_MAX) lines.push(`… and ${rows.length - TEXT_ROWS_MAX} more; --json has all`);
    lines.push('');
  }
  lines.push(...untold, summaryLine(document));
  return lines.join('\n');
}

export function comparisonMarkdown(document: ComparisonDocument): string {
  const { base, candidate, regression, settings, machine } = document;
  const { rows, untold } = listedResults(document);
  const speed = speedSentence(document);
  const crowded = crowdingSentence(document.crowded);
  const lines = [
    COMMENT_MARKER,
    `### stopcopy: ${regression ? 'regression' : 'no regression'}`,
    '',
    ...(crowded === null ? [] : [crowded, '']),
    ...(speed === null ? [] : [speed, '']),
    ...untold,
    summaryLine(document),
    '',
    `base ${markdownSide(base)}, candidate ${markdownSide(candidate)}`,
  ];
  if (rows.length > 0) {
    lines.push(
      '',
      '| metric | kind | base | candidate | change | interval | verdict |',
      '|---|---|--:|--:|--:|---|---|',
    );
    for (const row of rows.slice(0, MARKDOWN_ROWS_MAX)) {
      const [name = '', ...rest] = cells(row).map(escapeCell);
      const verdict = rest.pop() ?? '';
      lines.push(`| \`${name}\` | ${rest.join(' | ')} | ${row.fails ? `**${verdict}**` : verdict} |`);
    }
    if (rows.length > MARKDOWN_ROWS_MAX) lines.push('', `… and ${rows.length - MARKDOWN_ROWS_MAX} more.`);
  }
  if (settings !== undefined && machine !== undefined) {
    lines.push(
      '',
      `<sub>${settings.pairs} ${settings.pairs === 1 ? 'pair' : 'pairs'} of fresh processes, interleaved, ${Math.round(settings.seconds)} s; smallest effect that ` +
        `matters ${percent(settings.smallestEffect)}; chance of a false alarm ${percent(settings.alpha)} in all; ` +
        `${machine.cores} × ${escapeCell(machine.cpu)}, Node ${machine.node}</sub>`,
    );
  }
  return lines.join('\n');
}

/** Rows that are undecided for one reason are a sentence where they are many. */
const UNTOLD_ROWS_MAX = 5;

function listedResults(document: ComparisonDocument): {
  readonly rows: readonly MetricResult[];
  readonly untold: readonly string[];
} {
  const rows = sortedResults(document);
  const counts = new Map<string, number>();
  for (const { verdict, why } of rows) {
    if (verdict === UNDECIDED && why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  const many = [...counts].filter(([, count]) => count > UNTOLD_ROWS_MAX);
  return {
    rows: rows.filter(({ verdict, why }) => verdict !== UNDECIDED || !many.some(([text]) => text === why)),
    untold: many.map(([why, count]) => `Of ${countOf(count, 'figure')} nothing is decided: ${why}.`),
  };
}

/** What several files of each side come to; null: there are none. */
function speedSentence({ results }: ComparisonDocument): string | null {
  const row = results.find(({ name }) => name === SPEED);
  if (row === undefined) return null;
  const { verdict, effect, low, high, why } = row;
  if (effect === undefined || low === undefined || high === undefined)
    return `Undecided which is faster: ${why ?? ''}.`;
  const times = `${(1 + effect).toFixed(2)} times as fast as base, ± ${((high - low) / 2).toFixed(2)}`;
  if (verdict === UNDECIDED) return `Undecided which is faster: candidate is ${times}.`;
  return verdict === 'same' ? `Both are as fast: candidate is ${times}.` : `Candidate is ${times}.`;
}

function sortedResults({ results }: ComparisonDocument): readonly MetricResult[] {
  return badNewsFirst(results);
}

/** In the order of their verdicts. */
export function badNewsFirst<R extends { readonly verdict: ComparisonVerdict }>(results: readonly R[]): readonly R[] {
  return results.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}

function sideWords({ word, kind, revision }: SideReport): string {
  const commit = revision === null || word.startsWith(revision.slice(0, 7)) ? '' : `, ${revision.slice(0, 12)}`;
  return `${word} (${kind}${commit})`;
}

function markdownSide({ word, revision }: SideReport): string {
  return revision === null ? `\`${escapeCell(word)}\`` : `\`${escapeCell(word)}\` (${revision.slice(0, 12)})`;
}

function cells(result: MetricResult): readonly string[] {
  const { name, kind, unit, base, candidate, effect, low, high, verdict, morePairs, moreSeconds, why } = result;
  const value = (of: number | string | undefined): string =>
    of === undefined ? '' : typeof of === 'string' ? of : valueWords(of, unit);
  const more = morePairs === undefined ? '' : morePairsWords(morePairs, moreSeconds);
  return [
    name,
    kind,
    value(base),
    value(candidate),
    effect === undefined ? '' : signed(effect),
    low === undefined || high === undefined ? '' : `${signed(low)} to ${signed(high)}`,
    `${verdict}${more}${why === undefined ? '' : `: ${why}`}`,
  ];
}

/** What a metric came to, in a sentence. */
export function resultSentence(result: MetricResult): string {
  const [name, , base, candidate, change, interval, verdict] = cells(result);
  const values = base === '' && candidate === '' ? '' : `: ${base} -> ${candidate}`;
  const effect = change === '' ? '' : `, ${change}${interval === '' ? '' : ` (${interval})`}`;
  return `${name}${values}${effect}: ${verdict}`;
}

/** Instructions are printed to the last one: equal builds differ by some millionths. */
function valueWords(value: number, unit: string): string {
  if (unit === '') return String(value);
  return unit === 'instructions' ? value.toLocaleString('en-US') : formatValue(value, unit);
}

/** Beyond some hundreds the estimate says no more than that another machine is needed. */
function morePairsWords(pairs: number, seconds: number | undefined): string {
  if (pairs > 500) return ', hundreds of pairs more would';
  const time = seconds === undefined ? '' : `, ${Math.max(1, Math.round(seconds))} s`;
  return `, about ${pairs} more ${pairs === 1 ? 'pair' : 'pairs'} would${time}`;
}

function summaryLine({ counts, regression, interrupted, results }: ComparisonDocument): string {
  const parts = keysOf(COMPARISON_VERDICTS)
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${verdict}`);
  const failing = results.filter(({ fails }) => fails).length;
  const end = regression ? `; ${failing} ${failing === 1 ? 'makes' : 'make'} it a regression` : '';
  const until = interrupted === true ? ' Interrupted: that is what the pairs until then say.' : '';
  return `${parts.length === 0 ? 'nothing to compare' : parts.join(', ')}${end}.${until}`;
}

function signed(share: number): string {
  const text = (100 * share).toFixed(Math.abs(share) < 0.1 ? 2 : 1).replace(/^-(?=[0.]+$)/, '');
  return `${text.startsWith('-') ? '' : '+'}${text} %`;
}

function escapeCell(text: string): string {
  return text.replaceAll(/[|`\r\n<>]/g, (character) => (character === '|' ? '\\|' : character === '\n' ? ' ' : ''));
}
