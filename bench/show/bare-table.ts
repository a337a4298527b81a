/**
 * Tables for the terminal: no frame, only a rule under the head, so that a row fits on a line and lines can be cut by
 * scripts.
 */
import Table from 'cli-table3';

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
}

export function bareTable(columns: readonly BareColumn[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align),
    // Empty styles: otherwise cli-table3 colours even what goes into a pipe.
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: BARE,
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
