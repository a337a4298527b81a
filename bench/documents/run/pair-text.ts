/**
 * Two runs for a terminal: how each ended, then the fields, figures and parts of the pause that differ.
 */
import { hasMoved } from '../../../sim/memory/outcome.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { KIND_MARK, legendOf } from '../../show/figure.ts';
import { formatValue, formatWithRange, signedPercent } from '../../show/format.ts';
import { wrap } from '../../show/wrap.ts';
import {
  type ComparedName,
  type FieldPair,
  type FigurePair,
  longestOf,
  type PartPair,
  type RunPairDocument,
} from './pair.ts';
import { type AnyRun, isPlayed, unplayedSentences } from './unplayed.ts';
import { endingSentences } from './words.ts';

const WIDTH = 100;
const WIDTH_MAX = 140;
/** What did not happen, or is not given. */
const NONE = '—';

const FIGURE_TITLES: Readonly<Record<ComparedName, string>> = {
  pause: 'pause',
  reported: 'downtime that the VMM reports',
  total: 'total time',
  memory: 'memory sent',
  wire: 'bytes on the wire',
  wrongTasks: 'wrong tasks',
  queuePauseMax: 'longest service gap of a queue',
};

const left = (head: string): BareColumn => ({ head, align: 'left' });
const right = (head: string): BareColumn => ({ head, align: 'right' });

/** @param names what the user calls A and B */
export function printRunPair(document: RunPairDocument, names: readonly [string, string], output: Output): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH_MAX);
  const say = (text: string): void => output.text(wrap(text, width));
  for (const sentence of pairSentences(document, names)) say(sentence);
  for (const { title, columns, rows } of pairTables(document)) {
    output.text(`\n${output.style('bold', title)}`);
    output.text(bareTable(columns, rows, { wide: output.wide }));
  }
  output.text('');
  say(partsSentence(document));
  if (document.figures.length > 0) output.text(`\n${legendOf(document.kinds)}`);
}

/** How each ended, and whether anything differs. */
export function pairSentences(
  { a, b, fields, equal }: RunPairDocument,
  names: readonly [string, string],
): readonly string[] {
  const sentences = [`A, ${names[0]}: ${memberSentences(a)}`, `B, ${names[1]}: ${memberSentences(b)}`];
  if (equal) sentences.push('Nothing differs: neither a field of the scenarios nor anything in what came of them.');
  else if (fields.length === 0) sentences.push('No field of the scenarios differs.');
  return sentences;
}

export interface PairTable {
  readonly title: string;
  readonly columns: readonly BareColumn[];
  readonly rows: readonly (readonly string[])[];
}

/** Fields, figures and parts of the pause of both, those that differ. */
export function pairTables(document: RunPairDocument): readonly PairTable[] {
  const { fields, figures, parts } = document;
  const tables: PairTable[] = [];
  if (fields.length > 0) {
    tables.push({
      title: 'Fields that differ',
      columns: [left('field'), left('A'), left('B')],
      rows: fields.map(fieldRow),
    });
  }
  if (figures.length > 0) {
    const columns = [left('figure'), right('A'), right('B'), right('B - A'), right('of A'), left('intervals')];
    tables.push({ title: figureTitle(document), columns, rows: [endRow(document), ...figures.map(figureRow)] });
  }
  const differ = parts.filter(({ differenceNs }) => isTime(differenceNs));
  if (differ.length > 0) {
    const columns = [left('part'), right('A [P]'), right('B [P]'), right('B - A [P]'), right('of A')];
    tables.push({ title: 'Parts of the pause that differ', columns, rows: differ.map(partRow) });
  }
  return tables;
}

function memberSentences(member: AnyRun): string {
  return isPlayed(member) ? endingSentences(member).join(' ') : unplayedSentences(member).join(' ');
}

function figureTitle({ a, b }: RunPairDocument): string {
  const several = [a, b].some((member) => isPlayed(member) && member.vms.length > 1);
  return several ? 'Figures, of the VM that was paused longest' : 'Figures';
}

function fieldRow({ path, a, b }: FieldPair): readonly string[] {
  const text = (value: FieldPair['a']): string => (value === null ? NONE : String(value));
  return [path, text(a), text(b)];
}

function endRow({ ended }: RunPairDocument): readonly string[] {
  const text = (ends: typeof ended.a): string => {
    const counted = Object.entries(ends);
    return counted.map(([end, count]) => (counted.length === 1 ? end : `${count} ${end}`)).join(', ');
  };
  return ['ended', text(ended.a), text(ended.b), '', '', ''];
}

function figureRow({ name, a, b, difference, relative, bandsOverlap }: FigurePair): readonly string[] {
  const figure = a ?? b;
  const mark = figure === null ? '' : ` [${KIND_MARK[figure.kind]}]`;
  const text = (each: FigurePair['a']): string => (each === null ? NONE : formatWithRange(each));
  return [
    `${FIGURE_TITLES[name]}${mark}`,
    text(a),
    text(b),
    difference === null ? NONE : signed(difference, figure?.unit ?? ''),
    relative === null ? NONE : signedPercent(relative),
    bandsOverlap === null ? NONE : bandsOverlap ? 'overlap' : 'apart',
  ];
}

function partRow({ title, aNs, bNs, differenceNs }: PartPair): readonly string[] {
  const text = (value: number | null): string => (value === null ? NONE : formatValue(value, 'ns'));
  const share = aNs === null || aNs === 0 ? NONE : signedPercent(differenceNs / aNs);
  return [title, text(aNs), text(bNs), signed(differenceNs, 'ns'), share];
}

/** Less is rounding: times are doubles that count from the start of the moves. */
const LEAST_NS = 0.1;

function isTime(ns: number): boolean {
  return Math.abs(ns) >= LEAST_NS;
}

function signed(difference: number, unit: string): string {
  const value = unit === 'ns' && !isTime(difference) ? 0 : difference;
  return `${value > 0 ? '+' : ''}${formatValue(value, unit)}`;
}

/** The parts that the table leaves out, or why there is no table. */
export function partsSentence({ a, b, parts }: RunPairDocument): string {
  if (!isPlayed(a) || !isPlayed(b)) {
    const who = isPlayed(a) ? 'B was' : isPlayed(b) ? 'A was' : 'A and B were';
    return `${who} not played, so no parts of a pause are compared.`;
  }
  const [ofA, ofB] = [longestOf(a), longestOf(b)];
  if (ofA.pauseNs === 0 || ofB.pauseNs === 0) {
    const who = ofA.pauseNs > 0 ? 'B has' : ofB.pauseNs > 0 ? 'A has' : 'A and B have';
    return `${who} no pause, so no parts of a pause are compared.`;
  }
  if (hasMoved(ofA.kind) !== hasMoved(ofB.kind)) {
    return 'One VM moved and the other did not, so the parts of their pauses are not compared.';
  }
  const same = parts.filter(({ differenceNs, aNs }) => !isTime(differenceNs) && (aNs ?? 0) > 0);
  if (same.length === 0) return 'No part of the pause is equal in both.';
  return `Parts of the pause that are equal in both: ${same.map(({ title }) => title).join('; ')}.`;
}
