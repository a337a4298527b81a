/**
 * Tables for the terminal: no frame, only a rule under the head, so that lines can be cut by scripts. A table fits a
 * line of {@link NARROW} characters: empty columns and those of detail are left out, words are wrapped, and what is left over follows
 * in a second table; `--wide` shows all in one.
 */
import Table from 'cli-table3';

import { wrap } from './wrap.ts';

/** Characters of a line that terminals, logs and mails show. */
export const NARROW = 100;
/** Between two columns. */
const GAP = 2;
/** A column of words is wrapped to no less than this. */
const WORDS_MIN = 24;

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  mid: '-',
  'mid-mid': '-',
  middle: '',
};

export interface BareColumn {
  /** May have several lines. */
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Set for a column that a narrow table may go without; the greatest is left out first. */
  readonly detail?: number;
}

interface Shape {
  /** All columns in one table, however wide. Default: no. */
  readonly wide?: boolean;
  /** Columns at the left that name a row; a second table repeats them. Default: 1. */
  readonly keys?: number;
}

type Rows = readonly (readonly string[])[];

export function bareTable(columns: readonly BareColumn[], rows: Rows, { wide = false, keys = 1 }: Shape = {}): string {
  if (wide) return render(columns, rows);
  const shown = withoutDetails(columns, rows);
  const left = columns.filter(({ detail = 0 }, index) => detail > 0 && !shown.includes(index));
  const wrapped = wrapWords(pick(columns, shown), pickAll(rows, shown));
  const tables = split(wrapped.columns, wrapped.rows, keys);
  const hint = left.length === 0 ? [] : [`--wide adds ${left.map(({ head }) => nameOf(head)).join(', ')}.`];
  return [...tables, ...hint].join('\n');
}

/** Places of the columns that are shown. */
function withoutDetails(columns: readonly BareColumn[], rows: Rows): readonly number[] {
  const widths = widthsOf(columns, rows);
  let shown = columns.map((_, index) => index);
  if (lineWidth(widths) > NARROW) shown = shown.filter((index) => rows.some((row) => row[index] !== ''));
  while (lineWidth(pick(widths, shown)) > NARROW) {
    const details = shown.map((index) => columns[index]!.detail ?? 0);
    const most = Math.max(...details);
    if (most <= 0) break;
    const dropped = details.lastIndexOf(most);
    shown = shown.filter((_, place) => place !== dropped);
  }
  return shown;
}

/** Wraps the widest column of words by as much as the table is too wide, if that makes it fit. */
function wrapWords(columns: readonly BareColumn[], rows: Rows): { columns: readonly BareColumn[]; rows: Rows } {
  const widths = widthsOf(columns, rows);
  const excess = lineWidth(widths) - NARROW;
  const words = columns.map(({ align }, index) =>
    align === 'left' && rows.some((row) => row[index]!.includes(' ')) ? widths[index]! : 0,
  );
  const widest = words.indexOf(Math.max(...words));
  const room = widths[widest]! - excess;
  if (excess <= 0 || words[widest] === 0 || room < WORDS_MIN) return { columns, rows };
  return {
    columns,
    rows: rows.map((row) => row.map((cell, index) => (index === widest ? wrap(cell, room) : cell))),
  };
}

/** As many tables as the columns need, each with the columns that name the rows. */
function split(columns: readonly BareColumn[], rows: Rows, keys: number): readonly string[] {
  const widths = widthsOf(columns, rows);
  const named = columns.map((_, index) => index).slice(0, keys);
  const tables: number[][] = [[...named]];
  for (const index of columns.keys()) {
    if (index < keys) continue;
    const last = tables.at(-1)!;
    if (last.length > keys && lineWidth(pick(widths, [...last, index])) > NARROW) tables.push([...named, index]);
    else last.push(index);
  }
  const texts = tables.map((places) => {
    const part = wrapWords(pick(columns, places), pickAll(rows, places));
    return render(part.columns, part.rows);
  });
  return texts.flatMap((text, index) => (index === 0 ? [text] : ['', text]));
}

function render(columns: readonly BareColumn[], rows: Rows): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align),
    // Empty styles: otherwise cli-table3 colours even what goes into a pipe.
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': GAP },
    chars: BARE,
  });
  for (const row of rows) table.push([...row]);
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  // The rule has characters between columns that rows do not have.
  const longest = Math.max(NARROW, lineWidth(widthsOf(columns, rows)));
  return lines.map((line) => (/^-+$/.test(line) ? line.slice(0, longest) : line)).join('\n');
}

function pick<T>(all: readonly T[], places: readonly number[]): readonly T[] {
  return places.map((place) => all[place]!);
}

function pickAll(rows: Rows, places: readonly number[]): Rows {
  return rows.map((row) => pick(row, places));
}

function widthsOf(columns: readonly BareColumn[], rows: Rows): readonly number[] {
  const width = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
  return columns.map(({ head }, index) => Math.max(width(head), ...rows.map((row) => width(row[index] ?? ''))));
}

/** Length of the longest row. */
function lineWidth(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width + GAP, -GAP);
}

/** A head as words: one line, without the mark of its kind. */
function nameOf(head: string): string {
  return head
    .replaceAll(/\[\w\]/g, '')
    .replaceAll(/-\n/g, '-')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
