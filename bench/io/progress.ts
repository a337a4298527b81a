/**
 * Progress on stderr: a bar on a terminal, plain lines elsewhere, with the time left.
 */
import { createRequire } from 'node:module';

import type CliProgress from 'cli-progress';

import { MS_PER_S } from '../../sim/base/units.ts';
import type { TextStream } from './standard-stream.ts';

export interface Progress {
  update(done: number, total: number, label: string): void;
  /** Takes the bar away; nothing is printed after it. */
  stop(): void;
}

/** Plain lines are for logs: one every couple of seconds is enough. */
const LINE_EVERY_MS = 2000;

type Clock = () => number;

export function openProgress(stream: TextStream, now: Clock = () => performance.now()): Progress {
  return stream.isTTY ? barProgress(stream, now) : lineProgress((line) => stream.write(`${line}\n`), now);
}

function barProgress(stream: NodeJS.WriteStream, now: Clock): Progress {
  // Only a terminal needs it.
  const cliProgress = createRequire(import.meta.url)('cli-progress') as typeof CliProgress;
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: '{bar} {value}/{total} {left} {label}',
      barCompleteChar: '#',
      barIncompleteChar: '-',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      // The command line has its own signal handlers.
      gracefulExit: false,
    },
    cliProgress.Presets.legacy,
  );
  const startedMs = now();
  let running = false;
  return {
    update(done, total, label): void {
      const payload = { left: timeLeft(now() - startedMs, done, total), label };
      if (running) {
        bar.setTotal(total);
        bar.update(done, payload);
      } else {
        bar.start(total, done, payload);
        running = true;
      }
    },
    stop(): void {
      if (running) bar.stop();
      running = false;
    },
  };
}

export function lineProgress(write: (line: string) => void, now: Clock): Progress {
  const startedMs = now();
  let nextMs = startedMs;
  return {
    update(done, total, label): void {
      const ms = now();
      if (ms < nextMs) return;
      nextMs = ms + LINE_EVERY_MS;
      const left = timeLeft(ms - startedMs, done, total);
      write(`${done}/${total}${left === '' ? '' : `, ${left}`}: ${label}`);
    },
    stop(): void {},
  };
}

/** "about 2 min left", from the time that the finished part took; empty while nothing is finished. */
export function timeLeft(elapsedMs: number, done: number, total: number): string {
  if (done <= 0 || done >= total) return '';
  const seconds = Math.ceil(((elapsedMs / done) * (total - done)) / MS_PER_S);
  return seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;
}
