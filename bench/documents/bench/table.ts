/**
 * A bench result as a table for the terminal.
 */
import { bareTable } from '../../show/bare-table.ts';
import { type Figure, KIND_MARK } from '../../show/figure.ts';
import { formatFigure } from '../../show/format.ts';
import type { BenchResult, Cell } from './result.ts';

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

/** A row per cell. Columns in which no cell has a figure are left out. */
export function resultTable(result: BenchResult): string {
  const columns = COLUMNS.flatMap((column) => {
    const kind = result.cells.flatMap((cell) => column.value(cell) ?? [])[0]?.kind;
    return kind === undefined ? [] : [{ ...column, mark: KIND_MARK[kind] }];
  });
  const head = [
    { head: 'device', align: 'left' },
    { head: 'queue\npairs', align: 'right' },
    { head: 'load', align: 'left' },
    ...columns.map(({ title, unitLine, mark }) => ({
      head: `${title}\n${unitLine === '' ? '' : `${unitLine} `}[${mark}]`,
      align: 'right' as const,
    })),
  ] as const;
  return bareTable(
    head,
    result.cells.map((cell) => {
      const { accelerator, queuePairs, load } = cell;
      return [accelerator, String(queuePairs), load, ...columns.map(({ value }) => numberOf(value(cell)))];
    }),
  );
}

/** Counts go without their unit, which the title says. */
function numberOf(figure: Figure | undefined): string {
  return figure?.unit === 'tasks' ? String(figure.value) : formatFigure(figure);
}
