/**
 * A question asked for every cell of its grid, on a pool of threads. Finished cells are kept in a file next to the output,
 * one per line, so that an interrupted sweep continues where it was.
 */
import { countOf } from '../../../sim/base/units.ts';
import { appendFileSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { UserError } from '../../../sim/base/user-error.ts';
import { pointText } from '../../../workers/pools/grid.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { type CellResult, Contradiction, JobResults, resultLine } from '../../../workers/pools/job-results.ts';
import { CellsFailed } from '../../../workers/pools/job-runner.ts';
import { PLAN_ANSWER, type SweepValue } from '../../../workers/pools/plan-answer.ts';
import { PoolRunner } from '../../../workers/pools/pool-runner.ts';
import { unwritable, writeFileAtomically } from '../../io/file-output.ts';
import { releaseLock, takeLock } from '../../io/lock.ts';
import type { Output } from '../../io/output.ts';
import { packageVersion } from '../../io/package-root.ts';
import { stopsItself, withoutStop } from '../../io/stop-words.ts';
import { type SweepDocument, sweepDocument, type SweepOutcome } from '../../documents/plan/document.ts';
import { type Place, placedRunner, ShardDone } from '../shards/placed-runner.ts';
import { type AskedQuestion, questionsOf } from './read-question.ts';

export interface PlanSweepOptions {
  /** Where the document goes; finished cells are kept next to it. */
  readonly out: string;
  /** Default: as many as there are processors. */
  readonly threads?: number;
  /** Forgets cells of an earlier sweep. */
  readonly fresh?: boolean;
  /** Where cells are run; default: all of them here. */
  readonly place?: Place;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Next to the output, until all cells are finished. */
export function keptPath(out: string): string {
  return `${out}.cells`;
}

/**
 * @throws Interrupted when the signal fires; the cells that were finished by then are kept
 * @throws CellsFailed when cells failed; the others are kept
 */
export async function sweepPlan(asked: AskedQuestion, options: PlanSweepOptions): Promise<SweepDocument> {
  const { file, question } = asked;
  const { out } = options;
  if (question.ask === 'room') {
    throw new UserError('input', `${file}: ask: room has no grid`, 'One answer covers all hosts.');
  }
  stopsItself();
  takeLock(out, '--out');
  try {
    return await sweepLocked(asked, options);
  } finally {
    // Nothing is kept where no cell was finished.
    if (statSync(keptPath(out), { throwIfNoEntry: false })?.size === 0) rmSync(keptPath(out));
    releaseLock(out);
  }
}

async function sweepLocked(asked: AskedQuestion, options: PlanSweepOptions): Promise<SweepDocument> {
  const { cells } = asked;
  const { out, output, signal, threads = availableParallelism() } = options;
  const kept = keptPath(out);
  // A place that cannot be written is known before the work and not after it.
  if (options.fresh === true || !existsSync(kept)) writeFileAtomically(kept, '', '--out');
  signal.throwIfAborted();
  const set = sweepSet(asked);
  const results = readKept(kept);
  const open = set.cells.filter(({ key }) => !results.has(key)).length;
  if (open < cells.length) output.note(`finished before: ${cells.length - open} of ${countOf(cells.length, 'cell')}`);
  const progress = output.progress();
  const runner = placedRunner(new PoolRunner({ threads }), options.place);
  let found: readonly CellResult<SweepValue>[];
  try {
    found = await runner.run(set, {
      results,
      signal,
      onCell: ({ key, result, index, done, total }) => {
        keep(kept, resultLine(key, result));
        progress.update(done, total, pointText(cells[index]!.at));
      },
    });
  } catch (error) {
    progress.stop();
    if (error instanceof ShardDone) rmSync(kept, { force: true });
    if (error instanceof CellsFailed) noteFailed(error, asked, output);
    if (signal.aborted && results.size > 0) {
      output.note(
        `kept in ${kept}: ${results.size} of ${countOf(cells.length, 'cell')}; the same command resumes with them`,
      );
    }
    throw error;
  } finally {
    progress.stop();
    await runner.close();
  }
  const swept = cells.map(({ at }, index) => ({ at, outcome: outcomeOf(found[index]!) }));
  const document = sweepDocument(asked, questionsOf(asked), swept);
  writeFileAtomically(out, `${JSON.stringify(document, undefined, 2)}\n`, '--out');
  rmSync(kept, { force: true });
  return document;
}

function keep(kept: string, line: string): void {
  try {
    withoutStop(() => appendFileSync(kept, line));
  } catch (error) {
    throw unwritable(kept, '--out', error);
  }
}

function sweepSet({ cells, file, files }: AskedQuestion) {
  const question = {
    file,
    profiles: Object.fromEntries(files.profiles),
    presets: Object.fromEntries(files.presets),
    ...(files.platform === undefined ? {} : { platform: files.platform }),
  };
  const asked = cells.map((cell) => cell.question);
  return jobSet(PLAN_ANSWER, { question, data: dataVersion(packageVersion()) }, asked);
}

function outcomeOf(result: CellResult<SweepValue>): SweepOutcome {
  return result.kind === 'done' ? { kind: 'answered', ...result.value } : { kind: 'refused', why: result.message };
}

/** Each can be asked alone. */
function noteFailed(error: CellsFailed, { cells }: AskedQuestion, output: Output): void {
  for (const { index, cause } of error.cells) {
    output.note(`the cell with ${pointText(cells[index]!.at)} failed: ${cause.message}`);
  }
}

/** Cells of an earlier run; the last line may be torn. */
function readKept(path: string): JobResults<SweepValue> {
  const results = new JobResults<SweepValue>();
  try {
    results.addLines(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    throw new UserError('input', `${path}: ${error.message}`, 'Sweep with --fresh: all cells are asked again.');
  }
  return results;
}
