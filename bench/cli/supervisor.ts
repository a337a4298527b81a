/**
 * The main thread of the program: it starts a command on a thread of its own and watches signals, so that they are seen however
 * long the command computes.
 *
 * The first signal ends the command: where it is, or, once it has results to keep, when it has kept them. What is being written
 * is written to its end. The second signal ends the process at once, as it would end a program that does not watch it.
 */
import type { Worker } from 'node:worker_threads';

import { keysOf } from '../../sim/base/keys.ts';
import { startWorker } from '../../workers/pools/worker-url.ts';
import { type ErrorReport, SIGNAL_EXITS, type SignalName } from '../io/exit-status.ts';
import { hasAnswered, newStopWords, takeTurn } from '../io/stop-words.ts';

/** What the thread of a command is given. */
export interface CommandInit {
  /** Words of the command line, after `stopcopy`. */
  readonly args: readonly string[];
  readonly words: Int32Array;
}

/** How often a command that is writing is asked again whether it may be ended. */
const WRITING_MS = 1;

/** Shows the cursor again, which a progress bar hides, and clears its row. */
const AFTER_BAR = '\u001B[?25h\r\u001B[K';

/**
 * Runs one command line.
 *
 * @param args the words after `stopcopy`
 * @returns the exit status
 */
export function supervise(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => new Supervisor(args, resolve));
}

class Supervisor {
  private readonly args: readonly string[];
  private readonly words = newStopWords();
  private readonly thread: Worker;
  private readonly ended: (status: number) => void;
  private first: SignalName | null = null;
  /** Whether the thread is not asked or heard any more. */
  private over = false;

  constructor(args: readonly string[], ended: (status: number) => void) {
    this.args = args;
    this.ended = ended;
    for (const name of keysOf(SIGNAL_EXITS)) process.on(name, () => this.onSignal(name));
    const init: CommandInit = { args, words: this.words };
    this.thread = startWorker(import.meta.url, './command-thread', init);
    this.thread.on('message', (status: number) => this.finish(status));
    this.thread.on('error', (error) => void this.fail(error));
    this.thread.on('exit', (status) => this.finish(status));
  }

  private finish(status: number): void {
    if (this.over) return;
    this.over = true;
    this.ended(status);
  }

  private onSignal(name: SignalName): void {
    if (this.first !== null) return endAtOnce(name);
    this.first = name;
    return this.stop(name);
  }

  private stop(name: SignalName): void {
    if (this.over) return;
    const state = takeTurn(this.words);
    if (state === 'writing') {
      setTimeout(() => this.stop(name), WRITING_MS);
    } else if (state === 'orderly') {
      process.stderr.write('stopcopy: stopping; once more ends at once\n');
      this.thread.postMessage(name);
    } else {
      this.over = true;
      void this.thread.terminate();
      if (process.stderr.isTTY) process.stderr.write(AFTER_BAR);
      void this.say(async () => (await import('./exit.ts')).interruptedReport(name));
    }
  }

  /** An error that nothing in the thread caught. */
  private async fail(error: unknown): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.say(async () => (await import('./exit.ts')).reportError(error));
  }

  /** Prints how the command ended, and its document unless one is there. */
  private async say(reportOf: () => Promise<ErrorReport>): Promise<void> {
    const report = await reportOf();
    const { Output } = await import('../io/output.ts');
    const json = this.args.includes('--json') && !hasAnswered(this.words);
    try {
      new Output(json).error(report);
    } finally {
      this.ended(report.exitCode);
    }
  }
}

function endAtOnce(name: SignalName): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
