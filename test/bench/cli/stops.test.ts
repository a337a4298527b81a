/**
 * Signals at random times of every stage of every command. In full (STOPCOPY_LONG=1) it also holds how much CPU time a command may
 * take until it has stopped.
 */
import { appendFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';
import { stagesOf, stopAt } from './stopped.ts';

/** Signals to each command and stage that come before its end. */
const TIMES = effort(0, 0, 20);
/** Some come after it. */
const TRIES = 3 * TIMES;
/** Signals in all, where there is no time for each. */
const DRAWN = effort(2, 3, 0);
const CPU_MS_MAX = 200;
const SHARE_MIN = 0.95;

test('a signal at any stage of any command stops it, and leaves nothing that is cut', async () => {
  const random = new Random(effort(1, Date.now() % 2 ** 32));
  const all = stagesOf();
  const cpuMs: number[] = [];
  const wrong: string[] = [];
  /** Whether the signal came before the end. */
  const stop = async ({ command, stage }: (typeof all)[number]): Promise<boolean> => {
    const stopped = await stopAt(command, stage, random);
    const name = `${command.words.join(' ')}, ${stage}`;
    wrong.push(...stopped.wrong.map((what) => `${name}: ${what}`));
    if (stopped.cpuMs !== null) cpuMs.push(stopped.cpuMs);
    const log = process.env['STOPCOPY_STOPS'];
    if (log !== undefined) appendFileSync(log, `${JSON.stringify({ name, ...stopped })}\n`);
    return stopped.cpuMs !== null;
  };
  for (let i = 0; i < DRAWN; i++) await stop(all[random.below(all.length)]!);
  for (const each of all) {
    let inTime = 0;
    for (let tried = 0; inTime < TIMES && tried < TRIES; tried++) if (await stop(each)) inTime += 1;
    if (inTime < TIMES) wrong.push(`${each.command.words.join(' ')}, ${each.stage}: ${inTime} signals came in time`);
  }
  expect(wrong).toEqual([]);
  const quick = cpuMs.filter((ms) => ms <= CPU_MS_MAX).length;
  expect(quick).toBeGreaterThanOrEqual(TIMES > 0 ? SHARE_MIN * cpuMs.length : 0);
}, 36_000_000);
