/**
 * Words that the main thread shares with the thread of a command (docs/shared-memory.md), so that a signal ends a command
 * wherever it is, but never within a write.
 *
 * Where there is no main thread to stop it, as in tests and in the library, a command has words of its own, which nothing else
 * writes.
 */

/** Indices of the words. */
export const STOP_WORD = { turn: 0, orderly: 1, answered: 2 } as const;

/** Values of `turn`: no thread, that of the command, or the main thread, which never gives it back. */
const TURN = { free: 0, held: 1, taken: 2 } as const;

/** @returns words of a command that begins */
export function newStopWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Object.keys(STOP_WORD).length * Int32Array.BYTES_PER_ELEMENT));
}

let words = newStopWords();
let depth = 0;

/** Names the words of this thread's command. Called once, before the command begins. */
export function useStopWords(given: Int32Array): void {
  words = given;
}

/**
 * Runs something that a signal may not cut in two: it begins whole or not at all, and then ends. It has to be short. May be
 * nested.
 */
export function withoutStop<T>(body: () => T): T {
  if (depth === 0) hold();
  depth += 1;
  try {
    return body();
  } finally {
    depth -= 1;
    if (depth === 0) Atomics.store(words, STOP_WORD.turn, TURN.free);
  }
}

/** Lets a signal end the command for a while within {@link withoutStop}: for waiting within what may be cut. */
export function stoppable(body: () => void): void {
  const within = depth > 0;
  if (within) Atomics.store(words, STOP_WORD.turn, TURN.free);
  body();
  if (within) hold();
}

/** Once the main thread has the turn, this thread stays here until it is ended. */
function hold(): void {
  while (Atomics.compareExchange(words, STOP_WORD.turn, TURN.free, TURN.held) !== TURN.free) {
    Atomics.wait(words, STOP_WORD.turn, TURN.taken);
  }
}

/**
 * From here on the command stops by itself when its abort signal fires, since it has results to keep, or others to notify. Any
 * other command is ended where it is.
 */
export function stopsItself(): void {
  withoutStop(() => Atomics.store(words, STOP_WORD.orderly, 1));
}

/** Notes that the one JSON document of stdout is written, or begun. */
export function noteAnswered(): void {
  Atomics.store(words, STOP_WORD.answered, 1);
}

/** For the main thread: what becomes of a command that is to stop. */
export type StopState = 'orderly' | 'writing' | 'taken';

/**
 * Takes the turn, unless the command stops by itself, or is within {@link withoutStop}.
 *
 * @param of words of the command's thread
 */
export function takeTurn(of: Int32Array): StopState {
  const before = Atomics.compareExchange(of, STOP_WORD.turn, TURN.free, TURN.taken);
  if (before === TURN.held) return 'writing';
  if (before === TURN.free && Atomics.load(of, STOP_WORD.orderly) === 1) {
    Atomics.store(of, STOP_WORD.turn, TURN.free);
    Atomics.notify(of, STOP_WORD.turn);
    return 'orderly';
  }
  return 'taken';
}

/** Whether the document of stdout is written, or begun. */
export function hasAnswered(of: Int32Array): boolean {
  return Atomics.load(of, STOP_WORD.answered) === 1;
}
