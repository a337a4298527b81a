/**
 * The figures of the page: each with its charts, its legend, its source, and its table.
 */
import { LEAF_PARTS, WALL_TRANSFER_PARTS, type WallPart } from '../../../sim/base/pause-parts.ts';
import { formatFigure, formatValue, formatWithRange } from '../../show/format.ts';
import type { Figure } from '../../show/figure.ts';
import { type BenchResult, type Cell, type NamedFigure } from './result.ts';
import {
  decades,
  type DowntimePoint,
  downtimeChart,
  MODELLED_COLOUR,
  P50_COLOUR,
  P99_COLOUR,
  partsChart,
  seriesColour,
  throughputChart,
  type ThroughputSeries,
} from '../../show/charts.ts';
import type { Markup } from '../../show/html.ts';
import { type Plot, plotMarkup } from '../../show/plot.ts';
import { isKeyOf } from '../../../sim/base/keys.ts';
import { LOAD_NAMES } from '../../../sim/workload/load.ts';

/** @param id prefix that makes the ids of this result unique on its page */
export function plotsOf(result: BenchResult, id: string): readonly Markup[] {
  const plots = [
    downtimePlot(result, id),
    throughputPlot(result, id),
    bothPartsPlot(result, `${id}-parts`),
    transferPlot(result, `${id}-transfer`),
  ];
  return plots.filter((plot) => plot !== undefined).map(plotMarkup);
}

/** Accelerator, queue pairs and load of a cell, as the first columns of each table. */
const CELL_HEAD = ['device', 'queue pairs', 'load'];

function cellColumns({ accelerator, queuePairs, load }: Cell): readonly string[] {
  return [accelerator, String(queuePairs), load];
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function downtimePlot(result: BenchResult, id: string): Plot | undefined {
  const cells = result.cells.filter(
    (cell) => cell.wallDowntimeNs !== undefined || cell.modelledDowntimeNs !== undefined,
  );
  if (cells.length === 0) return undefined;
  const points = new Map(cells.map((cell) => [cell, downtimePoint(cell)]));
  const axis = decades(
    [...points.values()].flatMap(({ p50Ns, p99Ns, modelled }) =>
      [p50Ns, p99Ns, modelled?.low, modelled?.high].filter((value) => value !== undefined),
    ),
  );
  const panels = [...groupBy(cells, ({ accelerator, queuePairs }) => `${accelerator}, ${pairs(queuePairs)}`)].map(
    ([title, group]) => ({
      title,
      svg: downtimeChart(
        LOAD_NAMES.flatMap((load) => group.filter((cell) => cell.load === load).map((cell) => points.get(cell)!)),
        axis,
      ),
    }),
  );
  return {
    id: `${id}-downtime`,
    title: 'Downtime against load',
    source:
      'measured: wall time on this machine, worker threads in place of hardware. modelled: virtual time on hardware; ' +
      'the band follows from the ranges of the cost parameters below. The axis is logarithmic and the same in all panels.',
    wide: false,
    legend: [
      { text: 'wall p50 (measured)', colour: P50_COLOUR, look: 'round' },
      { text: 'wall p99 (measured)', colour: P99_COLOUR, look: 'hollow' },
      { text: 'on hardware: point and band (modelled)', colour: MODELLED_COLOUR, look: 'faint' },
    ],
    panels,
    table: {
      caption: 'Downtime: median with interquartile range, 99th percentile, modelled value with its band',
      head: [...CELL_HEAD, 'wall p50', 'wall p99', 'modelled', 'guest pause p50', 'p99', 'max', 'lost tasks'],
      textColumns: [2],
      rows: cells.map((cell) => [
        ...cellColumns(cell),
        formatWithRange(cell.wallDowntimeNs?.p50),
        formatFigure(cell.wallDowntimeNs?.p99),
        formatWithRange(cell.modelledDowntimeNs?.point),
        formatFigure(cell.guestPauseNs?.p50),
        formatFigure(cell.guestPauseNs?.p99),
        formatFigure(cell.guestPauseNs?.max),
        formatFigure(cell.lostTasks),
      ]),
    },
  };
}

function downtimePoint({ load, wallDowntimeNs, modelledDowntimeNs }: Cell): DowntimePoint {
  const point = modelledDowntimeNs?.point;
  return {
    load,
    p50Ns: wallDowntimeNs?.p50.value,
    p99Ns: wallDowntimeNs?.p99.value,
    modelled: point === undefined ? undefined : { value: point.value, ...rangeOf(point) },
  };
}

function rangeOf({ value, low, high }: Figure): { readonly low: number; readonly high: number } {
  return { low: low ?? value, high: high ?? value };
}

function throughputPlot(result: BenchResult, id: string): Plot | undefined {
  const cells = result.cells.filter(
    (cell) => cell.saveBytesPerSecond !== undefined || cell.savesPerSecond !== undefined,
  );
  if (cells.length === 0) return undefined;
  const accelerators = [...groupBy(cells, ({ accelerator }) => accelerator)];
  const seriesOf = (direction: 'save' | 'restore', figureOf: (cell: Cell) => Figure | undefined): ThroughputSeries[] =>
    accelerators.map(([name, group], index) => ({
      name: `${name} ${direction}`,
      colour: seriesColour(index),
      hollow: direction === 'restore',
      points: group.flatMap((cell) => {
        const figure = figureOf(cell);
        return figure === undefined
          ? []
          : [{ stateBytes: cell.stateBytes.value, value: figure.value, ...rangeOf(figure) }];
      }),
    }));
  const bytes = [
    ...seriesOf('save', (cell) => cell.saveBytesPerSecond),
    ...seriesOf('restore', (cell) => cell.restoreBytesPerSecond),
  ];
  const images = [
    ...seriesOf('save', (cell) => cell.savesPerSecond),
    ...seriesOf('restore', (cell) => cell.restoresPerSecond),
  ];
  const floor = result.floors?.copyBytesPerSecond.value;
  return {
    id: `${id}-throughput`,
    title: 'Save and restore throughput against state size',
    source:
      'measured: wall time on this machine; bars are interquartile ranges. State size is exact; points ' +
      'of one size are drawn next to each other. ' +
      `${floor === undefined ? '' : 'The dashed line is a plain memory copy, measured in the same run. '}Both axes are logarithmic.`,
    wide: true,
    legend: bytes.map(({ name, colour, hollow }) => ({ text: name, colour, look: hollow ? 'hollow' : 'round' })),
    panels: [
      { title: 'Bytes per second', svg: throughputChart(bytes, 'B/s', floor) },
      { title: 'Images per second', svg: throughputChart(images, '/s') },
    ],
    table: {
      caption: 'Throughput: median with interquartile range',
      head: [...CELL_HEAD, 'state', 'saves', 'saved', 'restores', 'restored', 'handshake p50', 'p99', 'p50 / floor'],
      textColumns: [2],
      rows: cells.map((cell) => [
        ...cellColumns(cell),
        formatFigure(cell.stateBytes),
        formatWithRange(cell.savesPerSecond),
        formatWithRange(cell.saveBytesPerSecond),
        formatWithRange(cell.restoresPerSecond),
        formatWithRange(cell.restoreBytesPerSecond),
        formatFigure(cell.handshakeNs?.p50),
        formatFigure(cell.handshakeNs?.p99),
        formatFigure(cell.handshakeNs?.ratioToFloor),
      ]),
    },
  };
}

/** What becomes a bar: a cell, in the measured or in the modelled world. */
interface PartsRow {
  readonly cell: Cell;
  /** For a cell with more than one bar. */
  readonly world?: string;
  readonly parts: ReadonlyMap<string, number>;
}

/** Parts of the downtime by the definitions of the model, each measured bar above the modelled one of its cell. */
function bothPartsPlot(result: BenchResult, id: string): Plot | undefined {
  const rows = result.cells.flatMap((cell): PartsRow[] => [
    {
      cell,
      world: 'measured',
      parts: wallParts(cell, (name) => (WALL_TRANSFER_PARTS.includes(name) ? 'transfer' : name)),
    },
    { cell, world: 'modelled', parts: sums(cell.modelledDowntimeNs?.parts ?? []) },
  ]);
  return partsPlot(rows, {
    id,
    title: 'Parts of the downtime, measured and modelled',
    source:
      'measured: median wall time of each part on this machine; the medians need not add up to the median downtime. ' +
      'modelled: virtual time on hardware, from the cost parameters below, at the point value of each. ' +
      'Both by the same definitions: a transfer is all from the saved image to bytes in place. Measured stands above modelled',
  });
}

/** What the measured transfer is made of. */
function transferPlot(result: BenchResult, id: string): Plot | undefined {
  const rows = result.cells.map((cell): PartsRow => ({
    cell,
    parts: wallParts(cell, (name) => (WALL_TRANSFER_PARTS.includes(name) ? name : null)),
  }));
  return partsPlot(rows, {
    id,
    title: 'What the measured transfer is made of',
    source: 'measured: median wall time of each part on this machine',
  });
}

/** @param nameOf under which a part counts; null: it does not */
function wallParts({ wallDowntimeNs }: Cell, nameOf: (part: WallPart) => string | null): ReadonlyMap<string, number> {
  const named = (wallDowntimeNs?.parts ?? []).flatMap(({ name, p50 }): NamedFigure[] => {
    const counted = nameOf(name as WallPart);
    return counted === null ? [] : [{ name: counted, value: p50 }];
  });
  return sums(named);
}

function sums(parts: readonly NamedFigure[]): ReadonlyMap<string, number> {
  const summed = new Map<string, number>();
  for (const { name, value } of parts) summed.set(name, (summed.get(name) ?? 0) + value.value);
  return summed;
}

function partsPlot(
  all: readonly PartsRow[],
  { id, title, source }: { readonly id: string; readonly title: string; readonly source: string },
): Plot | undefined {
  const rows = all.filter(({ parts }) => parts.size > 0);
  if (rows.length === 0) return undefined;
  const names = [...new Set(rows.flatMap(({ parts }) => [...parts.keys()]))];
  const nsOf = ({ parts }: PartsRow): readonly number[] => names.map((name) => parts.get(name) ?? 0);
  const longest = Math.max(...rows.map((row) => nsOf(row).reduce((sum, ns) => sum + ns, 0)));
  const axisNsMax = roundUp(longest);
  const labelOf = ({ cell, world }: PartsRow): string =>
    world === undefined || world === 'measured' ? `${cell.queuePairs} qp, ${cell.load}` : world;
  const panels = [...groupBy(rows, ({ cell }) => cell.accelerator)].map(([accelerator, group]) => ({
    title: accelerator,
    svg: partsChart(
      names.length,
      group.map((row) => ({ label: labelOf(row), ns: nsOf(row) })),
      axisNsMax,
    ),
  }));
  const worlds = rows.some(({ world }) => world !== undefined);
  return {
    id,
    title,
    source: `${source}. qp: queue pairs. The axis is the same in all panels.`,
    wide: true,
    legend: names.map((name, index) => ({ text: partWords(name), colour: seriesColour(index) })),
    panels,
    table: {
      caption: title,
      head: [...CELL_HEAD, ...(worlds ? ['world'] : []), ...names.map(partWords)],
      textColumns: worlds ? [2, 3] : [2],
      rows: rows.map((row) => [
        ...cellColumns(row.cell),
        ...(worlds ? [row.world ?? ''] : []),
        ...nsOf(row).map((ns) => formatValue(ns, 'ns')),
      ]),
    },
  };
}

/** A part as its readers call it: documents have the name. */
function partWords(name: string): string {
  return isKeyOf(LEAF_PARTS, name) ? LEAF_PARTS[name].title : name;
}

/** The next round number: at most a quarter of an axis stays empty. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8].find((step) => step * power >= value) ?? 10) * power;
}

function pairs(count: number): string {
  return `${count} queue ${count === 1 ? 'pair' : 'pairs'}`;
}
