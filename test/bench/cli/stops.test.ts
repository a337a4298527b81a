/**
 * Signals at random times of every stage of every command. In full (STOPCOPY_LONG=1) it also holds how much CPU time a command may
 * take until it has stopped.
 */
import { appendFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';
import { stagesOf, stopAt } from './stopped.ts';

/** Signals to each command and stage. */
const TIMES = effort(0, 0, 20);
/** Signals in all, where there is no time for each. */
const DRAWN = effort(2, 5, 0);
const CPU_MS_MAX = 200;
const SHARE_MIN = 0.95;

test('a signal at any stage of any command stops it, and leaves nothing that is cut', async () => {
  const random = new Random(effort(1, Date.now() % 2 ** 32));
  const all = stagesOf();
  const drawn = [
    ...Array.from({ length: DRAWN }, () => all[random.below(all.length)]!),
    ...Array.from({ length: TIMES }, () => all).flat(),
  ];
  const cpuMs: number[] = [];
  const wrong: string[] = [];
  for (const { command, stage } of drawn) {
    const stopped = await stopAt(command, stage, random);
    const name = `${command.words.join(' ')}, ${stage}`;
    wrong.push(...stopped.wrong.map((what) => `${name}: ${what}`));
    if (stopped.cpuMs !== null) cpuMs.push(stopped.cpuMs);
    const log = process.env['STOPCOPY_STOPS'];
    if (log !== undefined) appendFileSync(log, `${JSON.stringify({ name, ...stopped })}\n`);
  }
  expect(wrong).toEqual([]);
  const quick = cpuMs.filter((ms) => ms <= CPU_MS_MAX).length;
  expect(quick).toBeGreaterThanOrEqual(TIMES > 0 ? SHARE_MIN * cpuMs.length : 0);
}, 36_000_000);
