/**
 * A bench result as a table for the terminal.
 */
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { type Figure, KIND_MARK } from '../../show/figure.ts';
import { formatFigure } from '../../show/format.ts';
import type { BenchResult, Cell } from './result.ts';

interface Column {
  readonly title: string;
  readonly unitLine: string;
  readonly value: (cell: Cell) => Figure | undefined;
  /** See {@link BareColumn}. */
  readonly detail?: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'state', unitLine: '', value: (cell) => cell.stateBytes },
  { title: 'saves', unitLine: '', value: (cell) => cell.savesPerSecond },
  { title: 'saved', unitLine: '', value: (cell) => cell.saveBytesPerSecond, detail: 6 },
  { title: 'restores', unitLine: '', value: (cell) => cell.restoresPerSecond },
  { title: 'restored', unitLine: '', value: (cell) => cell.restoreBytesPerSecond, detail: 5 },
  { title: 'handshake', unitLine: 'p50', value: (cell) => cell.handshakeNs?.p50, detail: 4 },
  { title: 'handshake', unitLine: '/ floor', value: (cell) => cell.handshakeNs?.ratioToFloor, detail: 2 },
  { title: 'downtime', unitLine: 'p50', value: (cell) => cell.wallDowntimeNs?.p50 },
  { title: 'downtime', unitLine: 'p99', value: (cell) => cell.wallDowntimeNs?.p99, detail: 1 },
  { title: 'model', unitLine: '', value: (cell) => cell.modelledDowntimeNs?.point },
  { title: 'pause', unitLine: 'p99', value: (cell) => cell.guestPauseNs?.p99, detail: 3 },
  { title: 'lost', unitLine: '', value: (cell) => cell.lostTasks },
];

/** A row per cell. Columns in which no cell has a figure are left out. */
export function resultTable(result: BenchResult, wide = false): string {
  const columns = COLUMNS.flatMap((column) => {
    const kind = result.cells.flatMap((cell) => column.value(cell) ?? [])[0]?.kind;
    return kind === undefined ? [] : [{ ...column, mark: KIND_MARK[kind] }];
  });
  const head: readonly BareColumn[] = [
    { head: 'device', align: 'left' },
    { head: 'queue\npairs', align: 'right' },
    { head: 'load', align: 'left' },
    ...columns.map(({ title, unitLine, mark, detail = 0 }) => ({
      head: `${title}\n${unitLine === '' ? '' : `${unitLine} `}[${mark}]`,
      align: 'right' as const,
      detail,
    })),
  ];
  return bareTable(
    head,
    result.cells.map((cell) => {
      const { accelerator, queuePairs, load } = cell;
      return [accelerator, String(queuePairs), load, ...columns.map(({ value }) => numberOf(value(cell)))];
    }),
    { wide, keys: 3 },
  );
}

/** Counts go without their unit, which the title says. */
function numberOf(figure: Figure | undefined): string {
  return figure?.unit === 'tasks' ? String(figure.value) : formatFigure(figure);
}
