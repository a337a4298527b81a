/**
 * The bench result document: what `stopcopy bench` writes and `stopcopy report` reads. Version 3.
 *
 * Every number is a {@link Figure} that says which kind it is. Units stand in the names and in the figures. Figures that
 * belong to a suite which was not run are left out; a failed measurement is never a zero.
 */

import { z } from 'zod';

import { foreignDocument, RESULT_READERS } from '../../../sim/base/formats.ts';
import { parseJsonText } from '../../../sim/base/json-text.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { readInputText } from '../../io/input-file.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { strictFigureSchema } from '../../show/figure.ts';
import { crowdingSchema } from './crowding.ts';
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { IN_FLIGHT_MODES } from '../../../sim/abi/in-flight.ts';
import { COST_ORIGINS } from '../../../sim/device/costs.ts';
import { LOAD_NAMES } from '../../../sim/workload/load.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const RESULT_FORMAT = 'stopcopy-bench' satisfies DocumentFormat;
export const RESULT_VERSION = DOCUMENTS[RESULT_FORMAT].version;
/** Read as well: 1 lacks the pause mode, and neither has whether the machine was crowded. */
const PREVIOUS_VERSIONS: readonly unknown[] = [1, 2];

const name = z.string().min(1);
const count = z.int().min(0);

const positiveFigure = strictFigureSchema
  .refine((f) => f.value >= 0, { message: 'this figure is never negative' })
  .describe('A figure that is never negative.');

const quantiles = z.strictObject({ p50: positiveFigure, p99: positiveFigure });

const namedFigure = z.strictObject({ name, value: positiveFigure });

const cell = z.strictObject({
  id: name,
  accelerator: z.enum(ACCELERATOR_KINDS),
  queuePairs: z.int().min(1),
  load: z.enum(LOAD_NAMES),
  stateBytes: positiveFigure,
  savesPerSecond: positiveFigure.optional(),
  saveBytesPerSecond: positiveFigure.optional(),
  restoresPerSecond: positiveFigure.optional(),
  restoreBytesPerSecond: positiveFigure.optional(),
  handshakeNs: z
    .strictObject({
      p50: positiveFigure,
      p99: positiveFigure,
      ratioToFloor: positiveFigure,
      /** Bare ping-pong of the same two threads, measured in turn with the handshakes: what the ratio is to. */
      floor: positiveFigure.optional(),
    })
    .optional(),
  wallDowntimeNs: z
    .strictObject({
      p50: positiveFigure,
      p99: positiveFigure,
      parts: z.array(z.strictObject({ name, p50: positiveFigure })),
      samplesNs: z.array(z.number().min(0)),
    })
    .optional(),
  modelledDowntimeNs: z.strictObject({ point: positiveFigure, parts: z.array(namedFigure) }).optional(),
  guestPauseNs: z.strictObject({ p50: positiveFigure, p99: positiveFigure, max: positiveFigure }).optional(),
  lostTasks: positiveFigure.optional(),
  tasks: z.strictObject({ accepted: count, completed: count }).optional(),
});

export const machine = z.strictObject({
  cpu: z.string(),
  cores: z.int().min(1),
  memoryBytes: count,
  os: name,
  kernel: name,
  arch: name,
  node: name,
  v8: name,
  /** Load averages over 1, 5 and 15 minutes at the start of the run. */
  loadAverage: z.array(z.number()),
});

const floors = z.strictObject({
  /** One spinning handshake between two threads that do nothing else. */
  pingPongNs: quantiles,
  copyBytesPerSecond: positiveFigure,
  /** Further floors of the same run. */
  more: z.array(namedFigure),
});

export const costParameter = z.strictObject({
  name,
  value: z.number(),
  unit: name,
  from: z.enum(COST_ORIGINS),
  why: z.string(),
  low: z.number().optional(),
  high: z.number().optional(),
});

export const benchResultSchema = z
  .strictObject({
    format: z.literal(RESULT_FORMAT),
    version: z.literal(RESULT_VERSION),
    stopcopy: name,
    startedAt: z.iso.datetime(),
    durationSeconds: z.number().min(0),
    seed: count,
    quick: z.boolean(),
    interrupted: z.boolean(),
    /** By what the machine was seen to be crowded; empty: nothing was seen. Absent in documents of earlier versions. */
    crowded: z.array(crowdingSchema).optional(),
    suites: z.array(name),
    /** Driver generation. */
    driver: name,
    /** What a pause did with tasks in service; a document of version 1 may lack it. */
    inFlight: z.enum([...IN_FLIGHT_MODES, 'unknown']),
    machine,
    /** Null when the run ended before the floors were measured. */
    floors: floors.nullable(),
    /** The parameters of the modelled figures. */
    costs: z.array(costParameter),
    cells: z.array(cell),
  })
  .superRefine((document, context) => {
    const seen = new Set<string>();
    document.cells.forEach(({ id }, index) => {
      if (seen.has(id)) {
        context.addIssue({ code: 'custom', path: ['cells', index, 'id'], message: 'this id is used twice' });
      }
      seen.add(id);
    });
  });

const BENCH_TITLE = RESULT_READERS['stopcopy-bench'].title;
const BENCH_HINT = 'Give a .json file that `stopcopy bench` wrote.';

export type Quantiles = z.infer<typeof quantiles>;
export type NamedFigure = z.infer<typeof namedFigure>;
export type Cell = z.infer<typeof cell>;
export type Machine = z.infer<typeof machine>;
export type Floors = z.infer<typeof floors>;
export type CostParameter = z.infer<typeof costParameter>;
export type BenchResult = z.infer<typeof benchResultSchema>;

/** @throws UserError naming the file and the field when it is not a whole result document of this version or the one before */
export function readBenchResult(path: string): BenchResult {
  return parseBenchResult(readInputText(path), path);
}

export function parseBenchResult(text: string, file: string): BenchResult {
  return benchResultOf(parseJsonText(text, file, BENCH_TITLE, BENCH_HINT), file);
}

/** @throws UserError naming the file and the field */
export function benchResultOf(document: unknown, file: string): BenchResult {
  const { format, version } = headOf(document);
  if (format !== RESULT_FORMAT) {
    const foreign = foreignDocument(format, BENCH_TITLE);
    if (foreign !== undefined) throw new UserError('input', `${file}: ${foreign.sentence}`, foreign.hint);
    throw new UserError(
      'input',
      `${file}: is not a result of stopcopy bench: its field 'format' is ${quote(format)}, allowed is "${RESULT_FORMAT}"`,
      BENCH_HINT,
    );
  }
  if (PREVIOUS_VERSIONS.includes(version)) return parseDocument(benchResultSchema, upgraded(document as object), file);
  if (version !== RESULT_VERSION) {
    throw new UserError(
      'input',
      `${file}: has format version ${quote(version)}, this stopcopy reads versions ${PREVIOUS_VERSIONS.join(', ')} and ${RESULT_VERSION}`,
      'Read it with the stopcopy that wrote it, or measure again with `stopcopy bench`.',
    );
  }
  return parseDocument(benchResultSchema, document, file);
}

/** What a document of version 1 may lack. Samples, which it may lack as well, are optional in all versions. */
export const ADDED_FIELDS = { inFlight: 'unknown' } as const;

/** A document of an earlier version as one of the newest. */
function upgraded(document: object): object {
  return { ...ADDED_FIELDS, ...document, version: RESULT_VERSION };
}

function headOf(document: unknown): { format: unknown; version: unknown } {
  if (typeof document !== 'object' || document === null) return { format: undefined, version: undefined };
  const { format, version } = document as { format?: unknown; version?: unknown };
  return { format, version };
}

function quote(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60);
}
