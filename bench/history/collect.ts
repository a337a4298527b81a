/**
 * What is recorded of a run: the documents that `bench` and `compare` write, and exact metrics of this build.
 */
import { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { parseJsonText } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { readInputText } from '../io/input-file.ts';
import { COMPARISON_FORMAT, COMPARISON_VERSION } from '../documents/comparison/document.ts';
import { commitOf, gitWord } from '../io/run-program.ts';
import { exactMetrics } from '../measure/metrics/exact.ts';
import type { Figure } from '../show/figure.ts';
import { type BenchResult, parseBenchResult } from '../documents/bench/result.ts';
import {
  EVERY_MACHINE,
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

/**
 * @param word of the command line; undefined: what is checked out here
 * @throws UserError when nobody says which commit it is
 */
export async function commitToRecord(word: string | undefined, signal: AbortSignal): Promise<Commit> {
  const here = process.cwd();
  const named = word ?? 'HEAD';
  const commit = await commitOf(named, here, signal);
  if (commit === null) {
    if (word !== undefined) return { commit: word, subject: '', dirty: false };
    throw new UserError('usage', 'there is no git commit here to record under', 'Name one with --commit.');
  }
  const subject = (await gitWord(['log', '-1', '--format=%s', commit], here, signal)) ?? '';
  const status =
    word === undefined ? await gitWord(['status', '--porcelain', '--untracked-files=no'], here, signal) : '';
  return { commit, subject, dirty: status !== '' };
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
  const text = readInputText(path);
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

/** Headlines among the exact metrics. All of them stand in the baseline, whose history the repository keeps. */
const HEADLINES =
  /^scenario\/[^/]+\/point\/(?:accesses|pauseNs|totalNs|wireBytes)$|^cell\/.*\/downtimeNs$|\/64\/stop-copy\/accesses$/;

export function exactRecord(commit: Commit, now: Date): HistoryRecord {
  const list = exactMetrics().flatMap(({ name, value }): readonly NamedValue[] =>
    typeof value === 'number' && HEADLINES.test(name) ? [{ name, kind: 'exact', unit: unitOf(name), value }] : [],
  );
  const about = 'exact: the same on every machine';
  return {
    v: RECORD_VERSION,
    time: now.toISOString(),
    ...commit,
    machine: EVERY_MACHINE,
    about,
    metrics: groupMetrics(list),
  };
}

function unitOf(name: string): string {
  if (name.endsWith('Ns')) return 'ns';
  return name.endsWith('Bytes') ? 'B' : 'accesses';
}
