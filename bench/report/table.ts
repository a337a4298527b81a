/**
 * A result as a table for the terminal, with a legend of the kinds of figures.
 */
import Table from 'cli-table3';

import { formatFigure } from '../format.ts';
import { type BenchResult, type Cell, FIGURE_KINDS, type Figure, type FigureKind } from '../result.ts';

interface Column {
  readonly title: string;
  readonly unitLine: string;
  readonly value: (cell: Cell) => Figure | undefined;
}

const COLUMNS: readonly Column[] = [
  { title: 'state', unitLine: '', value: (cell) => cell.stateBytes },
  { title: 'saves', unitLine: '', value: (cell) => cell.savesPerSecond },
  { title: 'saved', unitLine: '', value: (cell) => cell.saveBytesPerSecond },
  { title: 'restores', unitLine: '', value: (cell) => cell.restoresPerSecond },
  { title: 'restored', unitLine: '', value: (cell) => cell.restoreBytesPerSecond },
  { title: 'handshake', unitLine: 'p50', value: (cell) => cell.handshakeNs?.p50 },
  { title: 'handshake', unitLine: '/ floor', value: (cell) => cell.handshakeNs?.ratioToFloor },
  { title: 'downtime', unitLine: 'p50', value: (cell) => cell.wallDowntimeNs?.p50 },
  { title: 'downtime', unitLine: 'p99', value: (cell) => cell.wallDowntimeNs?.p99 },
  { title: 'downtime', unitLine: 'model', value: (cell) => cell.modelledDowntimeNs?.point },
  { title: 'pause', unitLine: 'p99', value: (cell) => cell.guestPauseNs?.p99 },
  { title: 'lost', unitLine: '', value: (cell) => cell.lostTasks },
];

/** One letter per kind, under the title of each column. */
const KIND_MARK: Readonly<Record<FigureKind, string>> = { exact: 'E', measured: 'M', ratio: 'R', modelled: 'P' };

/** A row per cell. Columns in which no cell has a figure are left out. */
export function resultTable(result: BenchResult): string {
  const columns = COLUMNS.flatMap((column) => {
    const kind = result.cells.flatMap((cell) => column.value(cell) ?? [])[0]?.kind;
    return kind === undefined ? [] : [{ ...column, mark: KIND_MARK[kind] }];
  });
  const table = new Table({
    head: [
      'device',
      'queue\npairs',
      'load',
      ...columns.map(({ title, unitLine, mark }) => `${title}\n${unitLine === '' ? '' : `${unitLine} `}[${mark}]`),
    ],
    colAligns: ['left', 'right', 'left', ...columns.map(() => 'right' as const)],
    // Empty styles: otherwise cli-table3 colours even what goes into a pipe.
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: BARE,
  });
  for (const cell of result.cells) {
    const { accelerator, queuePairs, load } = cell;
    table.push([accelerator, String(queuePairs), load, ...columns.map(({ value }) => numberOf(value(cell)))]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Counts go without their unit, which the title says. */
function numberOf(figure: Figure | undefined): string {
  return figure?.unit === 'tasks' ? String(figure.value) : formatFigure(figure);
}

/** No frame: only a rule under the head, so that a row fits on a line and lines can be cut by scripts. */
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

export function legend(): string {
  const kinds = Object.keys(KIND_MARK) as FigureKind[];
  return kinds.map((kind) => `[${KIND_MARK[kind]}] ${kind}: ${FIGURE_KINDS[kind]}`).join('\n');
}
