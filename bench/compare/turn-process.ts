/**
 * A process of a build that stands ready with one single-threaded stage and works on request, a slice at a time. Two of
 * them take turns of some milliseconds: what slows the machine down for longer slows both.
 */
import { type ChildProcess, spawn } from 'node:child_process';

import { z } from 'zod';

import { STAGE_PROTOCOL } from '../measure/metrics/stage-process.ts';
import { StageFailed } from './stage-failed.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

/** No other threads, and what is compiled when depends on nothing but the calls: processes are more alike that way. */
const TURN_FLAGS = ['--predictable', '--single-threaded'] as const;

/** Longer than any start or turn takes on a slow machine. */
const ANSWER_LIMIT_MS = 300_000;

const readySchema = z.object({
  protocol: z.literal(STAGE_PROTOCOL),
  /** Time of a call, in ns, as it was in the last calls before. */
  callNs: z.number().positive(),
  operations: z.number().positive(),
  floor: z.object({ name: z.string(), limit: z.number() }).optional(),
});

const turnSchema = z.object({
  /** Time of one call of the stage, and of its floor. */
  ns: z.number().positive(),
  floorNs: z.number().positive().optional(),
});

export type TurnReady = z.infer<typeof readySchema>;
export type TurnTimes = z.infer<typeof turnSchema>;

export interface TurnStage {
  /** Resolves when the stage is warm. */
  ready(): Promise<TurnReady>;
  turn(calls: number): Promise<TurnTimes>;
  end(): void;
}

export interface TurnProcessOptions {
  readonly root: string;
  /** Words that make the process one of a stage, after the program's. */
  readonly words: readonly string[];
  /** Core to which it is held; undefined: none. */
  readonly core: number | undefined;
  readonly signal: AbortSignal;
}

export class TurnProcess implements TurnStage {
  private readonly child: ChildProcess;
  private readonly signal: AbortSignal;
  private readonly stop: () => void;
  private readonly answers: unknown[] = [];
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  constructor({ root, words, core, signal }: TurnProcessOptions) {
    signal.throwIfAborted();
    const all = [process.execPath, ...TURN_FLAGS, ...words];
    const [program = '', ...rest] = core === undefined ? all : ['taskset', '-c', String(core), ...all];
    // What the user set for his own Node must not change what is measured.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.child = spawn(program, rest, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let stderr = '';
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.child.on('message', (message) => {
      this.answers.push(message);
      this.wake?.();
    });
    this.child.on('error', (error) => this.fail(error));
    this.child.on('close', (code) => {
      const said = stderr.trim().split('\n', 1)[0] ?? '';
      this.fail(new StageFailed(said === '' ? `ended with ${code ?? 'a signal'}` : said.replace(/^stopcopy: /, '')));
    });
    this.signal = signal;
    this.stop = () => void this.child.kill('SIGKILL');
    signal.addEventListener('abort', this.stop, { once: true });
  }

  async ready(): Promise<TurnReady> {
    return parse(readySchema, await this.answer());
  }

  async turn(calls: number): Promise<TurnTimes> {
    // A send to a process that has gone fails by itself; its end gives the reason.
    this.child.send(calls, () => {});
    return parse(turnSchema, await this.answer());
  }

  end(): void {
    this.signal.removeEventListener('abort', this.stop);
    this.child.kill('SIGKILL');
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  private async answer(): Promise<unknown> {
    const timer = setTimeout(
      () => this.fail(new StageFailed(`was silent for ${ANSWER_LIMIT_MS / MS_PER_S} s`)),
      ANSWER_LIMIT_MS,
    );
    try {
      while (this.answers.length === 0) {
        this.signal.throwIfAborted();
        if (this.failure !== undefined) throw this.failure;
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      return this.answers.shift();
    } finally {
      clearTimeout(timer);
    }
  }
}

function parse<T extends z.ZodType>(schema: T, message: unknown): z.output<T> {
  const parsed = schema.safeParse(message);
  if (!parsed.success) throw new StageFailed('printed something that is no measurement');
  return parsed.data;
}
