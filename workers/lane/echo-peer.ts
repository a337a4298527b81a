/**
 * An echo with its answering thread.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { createEcho, EchoAsker } from './echo.ts';
import { startWorker } from '../pools/worker-url.ts';

export class EchoPeer {
  readonly words: Int32Array;
  private readonly worker: Worker;

  private constructor(words: Int32Array, worker: Worker) {
    this.words = words;
    this.worker = worker;
  }

  /** @throws what kept the thread from starting */
  static async start(): Promise<EchoPeer> {
    const shared = createEcho();
    const worker = startWorker(import.meta.url, 'echo-thread', shared);
    // Not its being online: that comes before its code is loaded, and a question to one that has none would never be answered.
    await once(worker, 'message');
    return new EchoPeer(new Int32Array(shared), worker);
  }

  /** A way to ask; the answering side waits in that style from its next wait on. See {@link EchoAsker}. */
  asker(askSpins: number, answerSpins: number): EchoAsker {
    return new EchoAsker(this.words, askSpins, answerSpins);
  }

  async end(): Promise<void> {
    const gone = once(this.worker, 'exit');
    new EchoAsker(this.words, 0, 0).end();
    await gone;
  }
}
