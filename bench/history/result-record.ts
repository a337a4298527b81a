/**
 * A result of a command, as a record of the history.
 */
import { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { parseJsonText } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
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

/** A document of `bench` or of `compare`, as a record; of a comparison the candidate is recorded. */
export function recordOfFile(path: string, commit: Commit, now: Date): HistoryRecord {
  return recordOfText(readInputText(path), path, commit, now);
}

/** The same for a text that was read. */
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
