import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterAll, expect, test } from 'vitest';

import { Output } from '../../../bench/io/output.ts';
import { printVerification } from '../../../bench/documents/verification/text.ts';
import { defaultTracePath, exitOf, verifyPaths } from '../../../bench/studies/verification/verification.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { VerifyResult } from '../../../sim/trace/verify.ts';
import { stating } from '../../stating.ts';

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

const VERIFIER = {
  verifyTrace: verdict,
  generationsThatPass: (text: string) => (text.includes('a-') ? ['x', 'y'] : []),
};

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

function printed(
  verification: Parameters<typeof printVerification>[0],
  options: { quiet?: true; json?: true } = {},
): Printed {
  const [stdout, stderr] = [0, 1].map(() => Object.assign(new PassThrough(), { isTTY: false }));
  const terminal = (stream: unknown): NodeJS.WriteStream => stream as NodeJS.WriteStream;
  printVerification(
    verification,
    new Output(options.json === true, terminal(stdout), terminal(stderr)),
    options.quiet === true,
  );
  return { stdout: String(stdout!.read() ?? ''), stderr: String(stderr!.read() ?? '') };
}

test('a folder: sorted lines, the difference indented, where else it passes, errors on stderr, and a count', async () => {
  const verification = await verifyPaths([folder], VERIFIER, never);
  expect(printed(verification)).toEqual({
    stdout: [
      'FAIL a-fail d 7',
      '  access 3',
      '    wanted 1',
      '  passes in x, y',
      'pass c-pass d 7',
      '1 passed, 1 failed, 1 error',
      '',
    ].join('\n'),
    stderr: [`error ${join(folder, 'b-foreign.json')}: is not a trace`, '  Give a trace.', ''].join('\n'),
  });
  expect(exitOf(verification)).toBe('failed');
});

test('a trace that passes nowhere is said to', async () => {
  const nowhere = { ...VERIFIER, generationsThatPass: () => [] };
  const verification = await verifyPaths([join(folder, 'a-fail.json')], nowhere, never);
  expect(printed(verification).stdout).toMatch(stating('no other generation'));
});

test('the JSON document says what it is, and where else a trace passes; errors are on stderr as well', async () => {
  const verification = await verifyPaths([folder], VERIFIER, never);
  const { stdout, stderr } = printed(verification, { json: true });
  expect(JSON.parse(stdout)).toMatchObject({
    format: 'stopcopy-verification',
    version: 1,
    passed: 1,
    failed: 1,
    errors: 1,
    outcomes: [{ name: 'a-fail', passesIn: ['x', 'y'] }, { kind: 'error' }, { name: 'c-pass' }],
  });
  expect(stderr).toMatch(stating('b-foreign.json', 'not a trace'));
});

test('quiet leaves out what passed', async () => {
  const verification = await verifyPaths([join(folder, 'c-pass.json')], VERIFIER, never);
  expect(printed(verification, { quiet: true })).toEqual({ stdout: '1 passed, 0 failed\n', stderr: '' });
  expect(exitOf(verification)).toBe('fine');
});

test('a file given twice is verified once', async () => {
  const path = join(folder, 'c-pass.json');
  expect(await verifyPaths([path, path], VERIFIER, never)).toMatchObject({ passed: 1, failed: 0 });
});

test('a folder without traces is an error', async () => {
  const verification = await verifyPaths([empty], VERIFIER, never);
  expect(printed(verification).stderr).toMatch(stating(/^error /, empty, 'no traces'));
  expect(exitOf(verification)).toBe('badInput');
});

test('an interruption keeps what was verified', async () => {
  const controller = new AbortController();
  const verification = await verifyPaths(
    [folder],
    {
      ...VERIFIER,
      verifyTrace: (text, fileName) => {
        controller.abort();
        return verdict(text, fileName);
      },
    },
    controller.signal,
  );
  expect(verification).toMatchObject({ interrupted: true, failed: 1, passed: 0 });
  expect(exitOf(verification)).toBe('interrupted');
});

test('a bug of ours is not taken for a bad file', async () => {
  const verifyTrace = (): never => {
    throw new TypeError('oops');
  };
  const broken = { ...VERIFIER, verifyTrace };
  await expect(verifyPaths([join(folder, 'c-pass.json')], broken, never)).rejects.toThrow('oops');
});

test('the traces of the package are where the default reads', () => {
  expect(defaultTracePath()).toMatch(/traces$/);
});
