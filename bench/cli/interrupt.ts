/**
 * What a command sees of SIGINT, SIGTERM and SIGHUP, which the main thread watches (supervisor.ts).
 */
import type { SignalName } from '../io/exit-status.ts';
import { Interrupted } from './exit.ts';

export class Interrupts {
  readonly #controller = new AbortController();
  #came: SignalName | null = null;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that came; null: none. */
  get came(): SignalName | null {
    return this.#came;
  }

  /** Asks the command to stop. */
  stop(name: SignalName): void {
    this.#came ??= name;
    this.#controller.abort(new Interrupted(name));
  }
}
