/**
 * Files in, files out: measured moves, published tables, traces, output of other tools, results over time, pages.
 */
import type { CostFile } from '../../sim/device/cost-file.ts';
import type { GenerationId } from '../../sim/driver/generation.ts';
import type { HazardId } from '../../sim/driver/hazards.ts';
import type { PlatformFile } from '../../sim/memory/platform-file.ts';
import type { CheckedGeneration } from '../documents/check/document.ts';
import type { HistoryDocument } from '../documents/history/document.ts';
import type { HistoryRecord } from '../documents/history/record.ts';
import type { ImportDocument } from '../documents/import/document.ts';
import type { Upgrade } from '../documents/upgrade/document.ts';
import type { ValidationDocument } from '../documents/validation/document.ts';
import type { Verification } from '../documents/verification/document.ts';
import type { ImportWords } from '../studies/import/import-files.ts';
import type { BareUnits } from '../studies/upgrade/upgrade.ts';
import { quietIo } from './quiet.ts';
import type { WorkOptions } from './work-options.ts';

/** Options of {@link historySeries}. */
export interface HistoryOptions {
  /** A metric such as `zip-1-idle/saves`; default: all. */
  readonly metric?: string;
  /** The machine whose values are read; default: the only one. */
  readonly machine?: string;
  /** Smallest shift that matters, as a share: 0.02 is 2 %. */
  readonly smallestEffect?: number;
}

/** Options of {@link recordHistory}. */
export interface RecordOptions extends WorkOptions {
  /** The commit that the results are of; default: what git says of the current folder. */
  readonly commit?: string;
}

/**
 * Fits the parameters of a platform to measured moves: `stopcopy fit`.
 *
 * @param tables paths of tables of measured moves, with downtimes and totals in ms
 * @param name of the platform, small letters, digits and hyphens; default: that of the first table
 * @returns the platform as a file has it, for {@link run} and {@link plan}
 * @throws UserError for a table without a figure that a fit uses
 */
export async function fit(tables: readonly string[], name?: string): Promise<PlatformFile> {
  const { readMeasured } = await import('../studies/fit/measured-rows.ts');
  const { ownPlatformOf } = await import('../studies/fit/own-platform.ts');
  const read = readMeasured(tables);
  return ownPlatformOf(read, name ?? read[0]!.id);
}

/**
 * Predicts published measurements by the model: `stopcopy validate`.
 *
 * @param tables paths or names of tables; default: all that ship
 * @throws UserError for a file that is no such table
 */
export async function validate(tables: readonly string[] = []): Promise<ValidationDocument> {
  const { readTables } = await import('../studies/validation/published-table.ts');
  const { validate: validated } = await import('../studies/validation/validation.ts');
  const { validationDocument } = await import('../documents/validation/document.ts');
  return validationDocument(validated(readTables(tables), tables.length === 0));
}

/**
 * Replays recorded traces of a driver, access by access: `stopcopy verify`.
 *
 * @param paths traces, or folders of them; default: those of the package
 * @returns an outcome for each file: one that cannot be read is an outcome too
 */
export async function verify(paths: readonly string[] = [], { signal }: WorkOptions = {}): Promise<Verification> {
  const { generationsThatPass, verifyTrace } = await import('../../sim/trace/verify.ts');
  const { defaultTracePath, verifyPaths } = await import('../studies/verification/verification.ts');
  const targets = paths.length === 0 ? [defaultTracePath()] : paths;
  return verifyPaths(targets, { generationsThatPass, verifyTrace }, signal ?? new AbortController().signal);
}

/** Options of {@link check}. */
export interface CheckSearch extends WorkOptions {
  /** Name of a driver generation, or `all`; default: the newest. */
  readonly generation?: GenerationId | 'all';
  /** Bugs whose fixes are taken back, such as `R8`. */
  readonly unfix?: readonly HazardId[];
  /** Runs of the search, from 1 on; default: 4000. */
  readonly runs?: number;
  /** Where the random numbers begin; default: 1. */
  readonly seed?: number;
  /** Default: all processors. The result is the same. */
  readonly threads?: number;
}

/**
 * Searches generations of the migration driver for bugs of order: `stopcopy check`.
 *
 * @returns for each generation what was found, traced to its cause, with the shortest run
 * @throws UserError for a bug that no fact of a generation stands for
 */
export async function check(search: CheckSearch = {}): Promise<readonly CheckedGeneration[]> {
  const { check: checked } = await import('../studies/check/check.ts');
  const { CHECK_RUNS } = await import('../../sim/check/runs.ts');
  return checked({ ...search, runs: search.runs ?? CHECK_RUNS, seed: search.seed ?? 1 }, quietIo(search));
}

/**
 * Measures the costs of a device by traces of its driver: `stopcopy calibrate`.
 *
 * @param files traces of Linux or of stopcopy, with maps of addresses where a trace has none of its own
 * @param name of the table; default: that of the first file
 * @throws UserError for a trace without times, and for a file that is no trace
 */
export async function calibrate(files: readonly string[], name?: string): Promise<CostFile> {
  const { calibrateFiles } = await import('../studies/driver/calibrate-files.ts');
  return calibrateFiles(files, name).table;
}

/**
 * Makes a document of stopcopy from the output of other tools: `stopcopy import`.
 *
 * @param files outputs of lspci, QEMU, libvirt, inventories or driver traces, all of one thing
 * @throws UserError for a file in no known format
 */
export async function importFiles(files: readonly string[], words: ImportWords = {}): Promise<ImportDocument> {
  const { importedDocument } = await import('../studies/import/import-files.ts');
  return importedDocument(files, words);
}

/**
 * Brings a document to the newest version of its format: `stopcopy upgrade`.
 *
 * @param text of the file
 * @param file its name, used in messages
 * @param units units of numbers that stand without one in old versions
 * @throws UserError for a text that is no document of stopcopy, and for a number whose unit is not known
 */
export async function upgrade(text: string, file: string, units: BareUnits = {}): Promise<Upgrade> {
  const { isHistory, upgradedHistory } = await import('../history/upgrade.ts');
  if (isHistory(text)) return upgradedHistory(text, file);
  const { upgraded } = await import('../studies/upgrade/upgrade.ts');
  return upgraded(text, file, units);
}

/**
 * Makes one self-contained HTML page of results: `stopcopy report`.
 *
 * @param results documents that other functions returned, with the names that the page gives them
 * @throws UserError for a document of which there is no page
 */
export async function report(results: Readonly<Record<string, object>>): Promise<string> {
  const { parseSection } = await import('../documents/kinds.ts');
  const { sectionsPage } = await import('../show/page.ts');
  return sectionsPage(Object.entries(results).map(([name, result]) => parseSection(JSON.stringify(result), name)));
}

/**
 * Makes the page with sliders: `stopcopy ui --html`.
 *
 * @param scenario the scenario that it opens with, a path or a name; default: the one of the command
 * @throws UserError for a file that is no scenario
 */
export async function uiPage(scenario?: string): Promise<string> {
  const { uiData } = await import('../ui/data.ts');
  const { uiPage: pageOf } = await import('../ui/page.ts');
  const { uiProgram } = await import('../ui/program.ts');
  return pageOf(uiData(scenario), await uiProgram());
}

/**
 * Appends results to a history: `stopcopy history record`.
 *
 * @param history path of the history; it is made where it is missing
 * @param results paths of results of `stopcopy bench` or `compare`
 * @returns the records that were appended
 * @throws UserError for a file that is no result
 */
export async function recordHistory(
  history: string,
  results: readonly string[],
  { commit, signal, onNote }: RecordOptions = {},
): Promise<readonly HistoryRecord[]> {
  const { commitToRecord } = await import('../history/collect.ts');
  const { recordsOfFile } = await import('../history/result-record.ts');
  const { appendRecords } = await import('../history/store.ts');
  const of = await commitToRecord(commit, signal ?? new AbortController().signal);
  const files = results.map((path) => recordsOfFile(path, of, new Date(), {}));
  for (const warning of files.flatMap(({ warnings }) => warnings)) onNote?.(warning);
  const records = files.flatMap((file) => file.records);
  await appendRecords(history, records);
  return records;
}

/**
 * Reads a history as series with their change points: `stopcopy history show`.
 *
 * @param history path of the history
 * @throws UserError for a file that is no history, and for a metric or a machine that it does not have
 */
export async function historySeries(history: string, options: HistoryOptions = {}): Promise<HistoryDocument> {
  const { readHistory } = await import('../history/store.ts');
  const { chooseMachine, seriesOf } = await import('../history/series.ts');
  const { DEFAULT_CHANGE_POINTS } = await import('../history/change-points.ts');
  const { historyHead, toldSeries } = await import('../documents/history/document.ts');
  const { machinesOf } = await import('../documents/history/record.ts');
  const { records, damaged } = readHistory(history);
  const machine = chooseMachine(records, options.machine);
  const about = machinesOf(records).find((each) => each.machine === machine)?.about ?? '';
  const { smallestEffect = DEFAULT_CHANGE_POINTS.smallestEffect } = options;
  const series = seriesOf(records, machine, options.metric, { ...DEFAULT_CHANGE_POINTS, smallestEffect });
  return { ...historyHead(), machine, about, series: toldSeries(series, true), damaged };
}
