/**
 * A result of a command, as a record of the history.
 */
import { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { parseJsonText } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { type Foreign, formatsText, readForeignOf, readIfForeign } from '../import/readers.ts';
import { readInputText } from '../io/input-file.ts';
import { COMPARISON_FORMAT, COMPARISON_VERSION } from '../documents/comparison/document.ts';
import type { Figure } from '../show/figure.ts';
import { type BenchResult, parseBenchResult } from '../documents/bench/result.ts';
import {
  groupMetrics,
  type HistoryRecord,
  machineClass,
  type NamedValue,
  RECORD_VERSION,
} from '../documents/history/record.ts';

export interface Commit {
  readonly commit: string;
  readonly subject: string;
  readonly dirty: boolean;
}

/** Figures that are not modelled, by `cell/figure`. */
function figuresOf(result: BenchResult): readonly NamedValue[] {
  const list: NamedValue[] = [];
  const add = (name: string, figure: Figure | undefined): void => {
    if (figure === undefined || figure.kind === 'modelled') return;
    const { kind, unit, value } = figure;
    list.push({ name, kind, unit, value });
  };
  if (result.floors !== null) {
    add('floor/ping-pong', result.floors.pingPongNs.p50);
    add('floor/copy', result.floors.copyBytesPerSecond);
  }
  for (const cell of result.cells) {
    add(`${cell.id}/stateBytes`, cell.stateBytes);
    add(`${cell.id}/lostTasks`, cell.lostTasks);
    add(`${cell.id}/saves`, cell.savesPerSecond);
    add(`${cell.id}/restores`, cell.restoresPerSecond);
    add(`${cell.id}/handshake`, cell.handshakeNs?.p50);
    add(`${cell.id}/handshake to floor`, cell.handshakeNs?.ratioToFloor);
    add(`${cell.id}/downtime`, cell.wallDowntimeNs?.p50);
    add(`${cell.id}/pause`, cell.guestPauseNs?.p50);
  }
  return list;
}

const comparison = z.object({
  format: z.literal(COMPARISON_FORMAT),
  version: z.literal(COMPARISON_VERSION),
  machine: z
    .object({ cpu: z.string(), cores: z.number(), os: z.string(), arch: z.string(), node: z.string() })
    .optional(),
  results: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      unit: z.string(),
      candidate: z.union([z.number(), z.string()]).optional(),
    }),
  ),
});

/** Class of machine of results whose tracker does not say where they were measured. */
const OTHER_MACHINE = 'imported';

/** What the user says of results of another tracker. */
interface ForeignWords {
  /** Their class of machine; default: `imported`. */
  readonly machine?: string | undefined;
  /** Their format; default: recognised. */
  readonly as?: string | undefined;
}

interface FileRecords {
  readonly records: readonly HistoryRecord[];
  /** Sentences about what was read. */
  readonly warnings: readonly string[];
}

/**
 * A document of `bench` or of `compare`, or results of another tracker, as records.
 *
 * @param commit of what does not name its own
 */
export function recordsOfFile(
  path: string,
  commit: Commit,
  now: Date,
  { machine, as }: ForeignWords = {},
): FileRecords {
  const foreign = as === undefined ? readIfForeign('results', path) : readForeignOf('results', path, as);
  if (foreign === undefined) return { records: [ownRecord(path, commit, now)], warnings: [] };
  return recordsOfForeign(foreign, commit, now, machine);
}

/** Results of another tracker as records: one for each commit that it names. */
export function recordsOfForeign(
  { format, facts, findings }: Foreign<'results'>,
  commit: Commit,
  now: Date,
  machine?: string,
): FileRecords {
  const records = facts.runs.map((run): HistoryRecord => {
    const own = run.commit === undefined ? commit : { commit: run.commit, subject: run.subject ?? '', dirty: false };
    return {
      v: RECORD_VERSION,
      time: run.time ?? now.toISOString(),
      ...own,
      machine: machine ?? OTHER_MACHINE,
      about: machine ?? `read from ${format}`,
      metrics: groupMetrics(
        run.series.map(({ name, unit, value }) => ({
          name,
          kind: 'measured',
          unit: unit === '' ? 'value' : unit,
          value,
        })),
      ),
    };
  });
  const warnings = findings.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  return { records, warnings };
}

/** @throws UserError of kind `input` for what is neither a document of stopcopy nor of another tracker */
function ownRecord(path: string, commit: Commit, now: Date): HistoryRecord {
  const text = readInputText(path);
  if (/^\s*\{/.test(text)) return recordOfText(text, path, commit, now);
  throw new UserError(
    'input',
    `${path}: is in no format of results that is recognised`,
    `Give a document of bench or compare (--json), or say with --as which it is, ${formatsText(['results'])}.`,
  );
}

/** The record of a document of `bench` or of `compare`; of a comparison the candidate is recorded. */
export function recordOfText(text: string, path: string, commit: Commit, now: Date): HistoryRecord {
  if (!text.slice(0, 200).includes(COMPARISON_FORMAT)) {
    const result = parseBenchResult(text, path);
    const { id, about } = machineClass(result.machine);
    return {
      v: RECORD_VERSION,
      time: result.startedAt,
      ...commit,
      machine: id,
      about,
      metrics: groupMetrics(figuresOf(result)),
    };
  }
  const { machine, results } = parseDocument(
    comparison,
    parseJsonText(text, path, 'a result', 'Give a document of bench or compare.'),
    path,
  );
  if (machine === undefined) throw new UserError('input', `${path}: nothing was measured in this comparison`);
  const { id, about } = machineClass({ ...machine, memoryBytes: 0, kernel: '', v8: '', loadAverage: [] });
  const list = results.flatMap(({ name, kind, unit, candidate }): readonly NamedValue[] =>
    typeof candidate === 'number' && (kind === 'measured' || kind === 'ratio' || kind === 'counted')
      ? [{ name, kind, unit, value: candidate }]
      : [],
  );
  return { v: RECORD_VERSION, time: now.toISOString(), ...commit, machine: id, about, metrics: groupMetrics(list) };
}
