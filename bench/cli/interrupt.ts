/**
 * SIGINT and SIGTERM. The first one asks: an abort signal fires, the running command stops, keeps and prints what it
 * has. The second one ends the process at once.
 */
import { EXIT } from '../io/exit-status.ts';
import { Interrupted } from './exit.ts';

export interface InterruptWatch {
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** @param onFirst called once, at the first signal, to say that the command is stopping */
export function watchInterrupts(onFirst: () => void): InterruptWatch {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    onFirst();
    controller.abort(new Interrupted());
  };
  for (const name of SIGNALS) process.on(name, handle);
  return {
    signal: controller.signal,
    release(): void {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}
