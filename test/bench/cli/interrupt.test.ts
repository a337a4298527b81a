import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { packageRoot } from '../../../bench/io/package-root.ts';
import { hasAnswered, newStopWords, STOP_WORD, takeTurn } from '../../../bench/io/stop-words.ts';
import { STOPCOPY } from '../../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-interrupt-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a command that computes is ended where it is, and says so', async () => {
  // A question that keeps its thread busy for seconds.
  const child = spawn(process.execPath, [...STOPCOPY, 'plan', 'empty-region', '--json'], { stdio: 'pipe' });
  const parts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (parts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    parts.stderr += text;
    // Progress: the work has begun.
    if (/^\d+\/\d+/.test(text)) child.kill('SIGTERM');
  });
  expect(await once(child, 'close')).toEqual([143, null]);
  expect(parts.stderr).toMatch(/stopcopy: interrupted\n$/);
  expect(JSON.parse(parts.stdout)).toMatchObject({ error: { exitCode: 143, message: 'interrupted' } });
});

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s lets a command that has others to notify end by itself, with %i', async (name, status) => {
  const socket = join(folder, 'a.sock');
  const child = spawn(process.execPath, [...STOPCOPY, 'receive', '--socket', socket], { stdio: 'pipe' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('listening')) child.kill(name);
  });
  expect(await once(child, 'close')).toEqual([status, null]);
  expect(said).toContain('stopcopy: stopping; once more ends at once\n');
  expect(existsSync(socket)).toBe(false);
});

/** Loaded into the program: its server never closes. */
const NEVER_CLOSES = "data:text/javascript,import http from 'node:http'; http.Server.prototype.close = () => {};";

test('the second signal ends the process at once, by that signal', async () => {
  const env = { ...process.env, NODE_OPTIONS: `--import=${encodeURI(NEVER_CLOSES)}` };
  const child = spawn(process.execPath, [...STOPCOPY, 'ui'], { stdio: 'pipe', env });
  child.stdout.once('data', () => child.kill('SIGINT'));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('stopping')) child.kill('SIGTERM');
  });
  expect(await once(child, 'close')).toEqual([null, 'SIGTERM']);
});

/** Loaded into the program: it is sent a signal when a pipe takes nothing more. */
const SIGNAL_WHEN_FULL = `data:text/javascript,
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const real = fs.writeSync;
let sent = false;
fs.writeSync = (...words) => {
  try {
    return real(...words);
  } catch (error) {
    if (error.code === 'EAGAIN' && !sent) process.kill(process.pid, 'SIGTERM');
    sent = true;
    throw error;
  }
};
syncBuiltinESMExports();`;

test('a command whose reader does not read is stopped by the first signal', () => {
  const file = join(folder, 'large.yaml');
  const scenario = readFileSync(join(packageRoot(), 'sim/scenario/scenarios/zip-64.yaml'), 'utf8');
  // More than a pipe holds.
  writeFileSync(file, `${scenario}${'# '.padEnd(99, 'x').concat('\n').repeat(2000)}`);
  const env = { ...process.env, NODE_OPTIONS: `--import=${encodeURI(SIGNAL_WHEN_FULL)}` };
  const script = '"$@" > >(exec sleep 20 > /dev/null 2>&1)';
  const words = [process.execPath, ...STOPCOPY, 'upgrade', file];
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8', env });
  expect(stderr).toContain('stopcopy: interrupted');
  expect(status).toBe(143);
});

test('the turn goes to the main thread when it is free, and not while the command writes', () => {
  const words = newStopWords();
  expect(hasAnswered(words)).toBe(false);
  words[STOP_WORD.turn] = 1;
  expect(takeTurn(words)).toBe('writing');
  words[STOP_WORD.turn] = 0;
  words[STOP_WORD.orderly] = 1;
  expect(takeTurn(words)).toBe('orderly');
  expect(words[STOP_WORD.turn]).toBe(0);
  words[STOP_WORD.orderly] = 0;
  expect(takeTurn(words)).toBe('taken');
  expect(words[STOP_WORD.turn]).toBe(2);
});
