/**
 * A command on its own thread: the main thread says when to stop, and is sent the exit status.
 */
import type { MessagePort } from 'node:worker_threads';

import type { SignalName } from '../io/exit-status.ts';
import { useStopWords } from '../io/stop-words.ts';
import { Interrupts } from './interrupt.ts';
import type { CommandInit } from './supervisor.ts';

export async function runCommandThread({ args, words }: CommandInit, main: MessagePort): Promise<void> {
  useStopWords(words);
  const interrupts = new Interrupts();
  main.on('message', (name: SignalName) => interrupts.stop(name));
  const { runCommandLine } = await import('./program.ts');
  main.postMessage(await runCommandLine(args, { interrupts }));
}
