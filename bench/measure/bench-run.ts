/**
 * One run of the benchmark: prepares the folder, sweeps with progress, writes and prints the result. An interrupted run
 * keeps the cells that were finished.
 */
import { join } from 'node:path';

import type { CommandIo } from '../io/command-io.ts';
import { prepareFolder, writeNewFile } from '../io/file-output.ts';
import type { Output } from '../io/output.ts';
import { stopsItself } from '../io/stop-words.ts';
import { machineFacts } from './machine.ts';
import { crowdingBetween, type MachineReading, type PingPongs, readMachine } from './machine-use.ts';
import { packageVersion } from '../io/package-root.ts';
import { crowdingSentence } from '../documents/bench/crowding.ts';
import { summaryOf } from '../documents/bench/summary.ts';
import { formatWithRange } from '../show/format.ts';
import { legend } from '../show/figure.ts';
import { resultTable } from '../documents/bench/table.ts';
import type { Figure } from '../show/figure.ts';
import {
  type BenchResult,
  type Cell,
  type CostParameter,
  type Floors,
  RESULT_FORMAT,
  RESULT_VERSION,
} from '../documents/bench/result.ts';
import type { RunSweep, SweepOptions } from './suites/sweep-types.ts';
import { wrap } from '../show/wrap.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

export interface BenchTarget {
  /** Folder for the files. */
  readonly out: string;
  /** Whether a page is written next to the document, or the file that it goes to. */
  readonly html: boolean | string;
}

/**
 * @param loadSweep called once the folder is known to take files
 * @param read of how crowded the machine is
 * @returns whether the run was interrupted
 */
export async function runBench(
  options: SweepOptions,
  target: BenchTarget,
  context: CommandIo,
  loadSweep: () => Promise<RunSweep>,
  read: () => MachineReading = readMachine,
): Promise<boolean> {
  const { output, signal } = context;
  prepareFolder(target.out, '--out');
  const started = new Date();
  const startedMs = performance.now();
  const machine = machineFacts();
  const before = read();
  const runSweep = await loadSweep();

  const cells: Cell[] = [];
  const progress = output.progress();
  const onProgress = (done: number, total: number, label: string): void => progress.update(done, total, label);
  // Known piece by piece, so that a run that ends with an error keeps them too.
  const known: Known = { floors: null, costs: [], bestPingPongNs: 0 };
  const resultOf = (interrupted: boolean): BenchResult => ({
    format: RESULT_FORMAT,
    version: RESULT_VERSION,
    stopcopy: packageVersion(),
    startedAt: started.toISOString(),
    durationSeconds: Math.round(performance.now() - startedMs) / MS_PER_S,
    seed: options.seed,
    quick: options.quick,
    interrupted,
    crowded: [...crowdingBetween(before, read(), pingPongsOf(known))],
    suites: [...options.suites],
    driver: options.driver,
    inFlight: options.inFlight,
    machine,
    floors: known.floors,
    costs: [...known.costs],
    cells,
  });
  try {
    const onCell = (cell: Cell): void => {
      cells.push(cell);
      stopsItself();
    };
    const onFloors = (floors: Floors, costs: readonly CostParameter[], bestPingPongNs: number): void =>
      void Object.assign(known, { floors, costs, bestPingPongNs });
    await runSweep(options, { onCell, onFloors, onProgress, signal });
  } catch (error) {
    progress.stop();
    // An abort that came up through the sweep is the user's wish; of anything else, what was measured is kept.
    if (!signal.aborted) {
      if (cells.length > 0) for (const file of await writeResult(resultOf(true), target, signal)) output.note(file);
      throw error;
    }
  }
  progress.stop();
  const result = resultOf(signal.aborted);
  const files = await writeResult(result, target, signal);
  printResult(result, files, output);
  return result.interrupted;
}

/** What a sweep has found out before its cells. */
interface Known {
  floors: Floors | null;
  costs: readonly CostParameter[];
  bestPingPongNs: number;
}

function pingPongsOf({ floors, bestPingPongNs }: Known): PingPongs | null {
  return floors === null ? null : { p50Ns: floors.pingPongNs.p50.value, bestNs: bestPingPongNs };
}

/** @returns the paths that were written */
async function writeResult(
  result: BenchResult,
  { out, html }: BenchTarget,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const stem = join(out, `bench-${result.startedAt.replace(/[-:]|\.\d+/g, '')}`);
  const json = writeNumbered(stem, `${jsonText(result)}\n`);
  // A page takes long, and can be made later.
  if (!html || result.interrupted) return [json];
  // The charts are large; they are loaded after the measuring, not before it.
  const { benchSection } = await import('../documents/bench/section.ts');
  const { writePage } = await import('../show/write-page.ts');
  if (signal.aborted) return [json];
  const page = html === true ? json.replace(/json$/, 'html') : html;
  writePage(page, [{ name: json, section: benchSection(result) }], html === true ? '--out' : '--html');
  return [json, page];
}

/** Another run in the same folder may have begun in the same second: then the name has a number. @returns the path */
function writeNumbered(stem: string, text: string): string {
  for (let number = 1; ; number++) {
    const path = `${number === 1 ? stem : `${stem}-${number}`}.json`;
    if (writeNewFile(path, text, '--out')) return path;
  }
}

export function printResult(result: BenchResult, files: readonly string[], output: Output): void {
  output.document(result);
  const crowded = crowdingSentence(result.crowded);
  if (crowded !== null) output.text(`${output.style('yellow', wrap(crowded, columnsOf(output)))}\n`);
  if (result.cells.length > 0) {
    output.text(resultTable(result, output.wide));
    output.text('');
    output.text(output.style('dim', legend()));
    output.text('');
  }
  const floors = floorLines(result);
  if (floors.length > 0) {
    output.text('Floors and speeds of this run [M], and their ratios [R]:');
    for (const line of floors) output.text(`  ${line}`);
    output.text('');
  }
  output.text(wrap(summaryOf(result), columnsOf(output)));
  output.text('');
  // With --json the paths still belong to the user, but not on stdout.
  for (const file of files) {
    if (output.json) output.note(file);
    else output.text(file);
  }
}

function columnsOf(output: Output): number {
  return Math.min(output.columns ?? 100, 120);
}

/** JSON with one field per line, and the numbers of an array on one line: there are thousands of samples. */
function jsonText(result: BenchResult): string {
  return JSON.stringify(result, undefined, 2).replaceAll(/\[\s+[-\d][^[\]{}"]*\]/g, (array) =>
    array.replaceAll(/\s+/g, ' '),
  );
}

/** What the ratios are divided by, and how fast the virtual world is. */
function floorLines({ floors }: BenchResult): readonly string[] {
  if (floors === null) return [];
  const lines: readonly (readonly [string, Figure])[] = [
    ['bare ping-pong of two threads, p50', floors.pingPongNs.p50],
    ['bare copy between shared buffers', floors.copyBytesPerSecond],
    ...floors.more.map(({ name, value }) => [name, value] as const),
  ];
  return lines.map(([name, figure]) => `${formatWithRange(figure)}  ${name}`);
}
