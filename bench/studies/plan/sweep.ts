/**
 * A question asked for every cell of its grid, on a pool of threads. Finished cells are kept in a file beside the output,
 * one per line, so that a sweep that was interrupted goes on where it was.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { TraceHash } from '../../../sim/base/hash.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { PoolOutcome } from '../../../workers/pools/cell-tasks.ts';
import { CellPool } from '../../../workers/pools/cell-pool.ts';
import { writeFileAtomically } from '../../io/file-output.ts';
import type { Output } from '../../io/output.ts';
import { packageVersion } from '../../io/package-root.ts';
import { type SweepCell, type SweepDocument, sweepDocument } from '../../documents/plan/document.ts';
import type { AskedQuestion } from './read-question.ts';

export interface PlanSweepOptions {
  /** Where the document goes; finished cells are kept beside it. */
  readonly out: string;
  /** Default: as many as there are processors. */
  readonly threads?: number;
  /** Forgets cells of an earlier sweep. */
  readonly fresh?: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
}

interface KeptCell {
  readonly key: string;
  readonly outcome: PoolOutcome;
}

/** Beside the output, until all cells are finished. */
export function keptPath(out: string): string {
  return `${out}.cells`;
}

/** @throws Interrupted when the signal fires; the cells that were finished by then are kept */
export async function sweepPlan(asked: AskedQuestion, options: PlanSweepOptions): Promise<SweepDocument> {
  const { cells, files, file, question } = asked;
  const { out, output, signal, threads = availableParallelism() } = options;
  if (question.ask === 'room') {
    throw new UserError('input', `${file}: ask: room has no grid`, 'One question tells of all hosts.');
  }
  const kept = keptPath(out);
  // A place that cannot be written is known before the work and not after it.
  if (options.fresh === true || !existsSync(kept)) writeFileAtomically(kept, '', '--out');
  signal.throwIfAborted();
  const done = new Map<string, PoolOutcome>();
  for (const { key, outcome } of readKept(kept)) done.set(key, outcome);
  const keys = cells.map((cell) => keyOf(JSON.stringify(cell.question), asked));
  const open = cells.map((_, index) => index).filter((index) => !done.has(keys[index]!));
  if (open.length < cells.length)
    output.note(`${cells.length - open.length} of ${cells.length} cells were finished before`);
  const progress = output.progress();
  let finished = 0;
  const pool = new CellPool(Math.max(1, Math.min(threads, open.length)));
  const abandon = (): void => void pool.close();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    const runs = open.map(async (index) => {
      const outcome = await pool.cell({ question: cells[index]!.question, files, file });
      if (signal.aborted) return;
      done.set(keys[index]!, outcome);
      appendFileSync(kept, `${JSON.stringify({ key: keys[index]!, outcome })}\n`);
      finished += 1;
      progress.update(finished, open.length, wordsOf(cells[index]!.at));
    });
    await Promise.all(runs).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    signal.throwIfAborted();
  } finally {
    progress.stop();
    signal.removeEventListener('abort', abandon);
    await pool.close();
  }
  const document = sweepDocument(
    asked,
    cells.map(({ at }, index): SweepCell => ({ at, outcome: done.get(keys[index]!)! })),
  );
  writeFileAtomically(out, `${JSON.stringify(document, undefined, 2)}\n`, '--out');
  rmSync(kept, { force: true });
  return document;
}

function wordsOf(at: SweepCell['at']): string {
  return Object.entries(at)
    .map(([field, value]) => `${field} = ${value}`)
    .join(', ');
}

/** What an outcome depends on: the question, the documents that it names, and the program. */
function keyOf(question: string, { files }: AskedQuestion): string {
  const hash = new TraceHash();
  const texts = [packageVersion(), question, JSON.stringify([...files.profiles]), JSON.stringify([...files.presets])];
  for (const text of texts) for (let i = 0; i < text.length; i++) hash.add(text.charCodeAt(i));
  return hash.value;
}

/** Cells of an earlier run; the last line may be torn. */
function readKept(path: string): KeptCell[] {
  const found: KeptCell[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      const cell: unknown = JSON.parse(line);
      if (typeof cell === 'object' && cell !== null && 'key' in cell && 'outcome' in cell) found.push(cell as KeptCell);
    } catch {
      // Written when the run was ended: the cell is asked again.
    }
  }
  return found;
}
