import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterAll, expect, test } from 'vitest';

import { Output } from '../../../bench/io/output.ts';
import {
  defaultTracePath,
  exitOf,
  printVerification,
  verifyPaths,
} from '../../../bench/studies/verification/verification.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { VerifyResult } from '../../../sim/trace/verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ['c-pass', 'a-fail', 'b-foreign']) writeFileSync(join(folder, `${name}.json`), name);
writeFileSync(join(folder, 'notes.txt'), 'not a trace');
const empty = join(folder, 'empty');
mkdirSync(empty);

const never = new AbortController().signal;

/** The words in a file decide. */
function verdict(text: string, fileName: string): VerifyResult {
  if (text.includes('foreign')) throw new UserError('input', `${fileName}: is not a trace`, 'Give a trace.');
  const passed = text.includes('pass');
  const outcome = { name: text, driver: 'd', passed, accessCount: 7 };
  return passed ? outcome : { ...outcome, difference: 'access 3\n  wanted 1' };
}

function printed(verification: Parameters<typeof printVerification>[0], quiet: boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY: false });
  const terminal = stream as unknown as NodeJS.WriteStream;
  printVerification(verification, new Output(false, terminal, terminal), quiet);
  return String(stream.read());
}

test('a folder: sorted lines, the difference indented, foreign files as errors, and a count', async () => {
  const verification = await verifyPaths([folder], verdict, never);
  expect(printed(verification, false)).toBe(
    [
      'FAIL a-fail d 7',
      '  access 3',
      '    wanted 1',
      `error ${join(folder, 'b-foreign.json')}: is not a trace`,
      '  Give a trace.',
      'pass c-pass d 7',
      '1 passed, 1 failed, 1 error',
      '',
    ].join('\n'),
  );
  expect(exitOf(verification)).toBe(1);
});

test('quiet leaves out what passed', async () => {
  const verification = await verifyPaths([join(folder, 'c-pass.json')], verdict, never);
  expect(printed(verification, true)).toBe('1 passed, 0 failed\n');
  expect(exitOf(verification)).toBe(0);
});

test('a file given twice is verified once', async () => {
  const path = join(folder, 'c-pass.json');
  expect(await verifyPaths([path, path], verdict, never)).toMatchObject({ passed: 1, failed: 0 });
});

test('a folder without traces is an error', async () => {
  const verification = await verifyPaths([empty], verdict, never);
  expect(printed(verification, false)).toContain(`error ${empty}: the folder holds no traces\n`);
  expect(exitOf(verification)).toBe(3);
});

test('an interruption keeps what was verified', async () => {
  const controller = new AbortController();
  const verification = await verifyPaths(
    [folder],
    (text, fileName) => {
      controller.abort();
      return verdict(text, fileName);
    },
    controller.signal,
  );
  expect(verification).toMatchObject({ interrupted: true, failed: 1, passed: 0 });
  expect(exitOf(verification)).toBe(130);
});

test('a bug of ours is not taken for a bad file', async () => {
  const broken = (): never => {
    throw new TypeError('oops');
  };
  await expect(verifyPaths([join(folder, 'c-pass.json')], broken, never)).rejects.toThrow('oops');
});

test('the traces of the package are where the default looks', () => {
  expect(defaultTracePath()).toMatch(/traces$/);
});
