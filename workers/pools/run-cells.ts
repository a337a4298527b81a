/**
 * Cells run one after another on the thread that is asked; what goes wrong in one comes back as data, because the class of
 * an error does not survive the way between threads.
 */
import { Bug, bug } from '../../sim/base/bug.ts';
import { UserError } from '../../sim/base/user-error.ts';
import type { AnyJobKind, JobKind } from './job.ts';
import type { CellResult } from './job-results.ts';

/** An error that is nobody's input: which it was. */
export interface CellBug {
  readonly kind: 'bug';
  /** Code of a {@link Bug}; null for any other error. */
  readonly code: string | null;
  readonly seen: readonly string[];
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type CellOutcome<Value> = CellResult<Value> | CellBug;

/** Cells that go to a thread in one message. */
export interface Batch {
  readonly name: string;
  readonly version: number;
  readonly question: unknown;
  readonly cells: readonly unknown[];
  /** Whether these cells have lost a thread before. */
  readonly again: boolean;
}

export interface BatchOutcome {
  /** In the order of the batch. */
  readonly outcomes: readonly CellOutcome<unknown>[];
  /** Total of all cells. */
  readonly elapsedMs: number;
}

export function runCell<Question, Cell, Value>(
  kind: JobKind<Question, Cell, Value>,
  question: Question,
  cell: Cell,
): CellOutcome<Value> {
  try {
    return { kind: 'done', value: kind.run(question, cell) };
  } catch (error) {
    if (error instanceof UserError) {
      const { kind: errorKind, message, hint } = error;
      return { kind: 'refused', error: errorKind, message, ...(hint === undefined ? {} : { hint }) };
    }
    return cellBug(error);
  }
}

/** @returns the task of a pool's threads: it runs cells of these kinds */
export function batchRunner(kinds: readonly AnyJobKind[]): (batch: Batch) => BatchOutcome {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  return ({ name, version, question, cells, again }) => {
    const kind = (byName.get(name) ?? bug('JOB_KIND', name)) as JobKind<unknown, unknown, unknown>;
    if (kind.version !== version) bug('JOB_VERSION', name, kind.version, version);
    const beganMs = performance.now();
    const outcomes = cells.map((cell) => {
      const outcome = runCell(kind, question, cell);
      return again ? sendable(outcome) : outcome;
    });
    return { outcomes, elapsedMs: performance.now() - beganMs };
  };
}

/** A value that no message can carry ends the thread, without a reason given: what has lost a thread is tried before it is sent. */
function sendable(outcome: CellOutcome<unknown>): CellOutcome<unknown> {
  try {
    return structuredClone(outcome);
  } catch (error) {
    return cellBug(new Bug('NOT_PLAIN', [error instanceof Error ? error.message : error]));
  }
}

function cellBug(error: unknown): CellBug {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof Bug;
  return {
    kind: 'bug',
    code: known ? error.code : null,
    seen: known ? error.seen.map(String) : [],
    name,
    message,
    stack,
  };
}

/** The error again, of its class, with the stack of the thread where it was thrown. */
export function errorOf({ code, seen, name, message, stack }: CellBug): Error {
  const error = code === null ? Object.assign(new Error(message), { name }) : new Bug(code, seen);
  if (stack !== undefined) error.stack = stack;
  return error;
}
