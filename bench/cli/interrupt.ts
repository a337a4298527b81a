/**
 * SIGINT, SIGTERM and SIGHUP. The first one asks: an abort signal fires, the running command stops, keeps and prints what it
 * has. The second one ends the process at once.
 */
import { EXIT, SIGNAL_EXITS, type SignalName } from '../io/exit-status.ts';
import { keysOf } from '../../sim/base/keys.ts';
import { Interrupted } from './exit.ts';

export interface InterruptWatch {
  readonly signal: AbortSignal;
  /** The signal that came first; null: none. */
  came(): SignalName | null;
  /** @param say called once, at the first signal, or now if it has come, to say that the command is stopping */
  announce(say: () => void): void;
  /** Gives the signals back to Node. */
  release(): void;
}

export function watchInterrupts(): InterruptWatch {
  const controller = new AbortController();
  let first: SignalName | null = null;
  let announced = (): void => {};
  const handle = (name: SignalName): void => {
    if (first !== null) process.exit(EXIT[SIGNAL_EXITS[name]]);
    first = name;
    announced();
    controller.abort(new Interrupted(name));
  };
  for (const name of keysOf(SIGNAL_EXITS)) process.on(name, handle);
  return {
    signal: controller.signal,
    came: () => first,
    announce(say): void {
      announced = say;
      if (first !== null) say();
    },
    release(): void {
      for (const name of keysOf(SIGNAL_EXITS)) process.off(name, handle);
    },
  };
}
