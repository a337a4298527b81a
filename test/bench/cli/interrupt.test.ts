import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

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

test('a command whose reader does not read is stopped by the first signal', async () => {
  const child = spawn(process.execPath, [...STOPCOPY, 'validate', '--json'], { stdio: 'pipe' });
  // A document of more than a pipe holds; what is read of it here is not taken from the pipe any further.
  await once(child.stdout, 'readable');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([143, null]);
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
