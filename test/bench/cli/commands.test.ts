/**
 * What the command line says, where, and with which exit status; and that a program of its own does so too.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { packageRoot, packageVersion } from '../../../bench/io/package-root.ts';
import { runStopcopy, STOPCOPY } from '../../program.ts';
import { stopcopy } from '../command.ts';
import { fixtureResult } from '../fixture.ts';
import { stating } from '../../stating.ts';

const ROOT = packageRoot();
const TRACE = join(ROOT, 'traces', 'plain-stop-copy.upstream-2026.json');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a wrong command line exits with 2 and a sentence', () => {
  const cases: readonly (readonly [args: readonly string[], says: readonly string[]])[] = [
    [[], ['a command is missing', 'Give one of bench, run,']],
    [['bensh'], ["unknown command 'bensh'", 'Did you mean bench?']],
    [
      ['bench', '--qick'],
      ["unknown option '--qick'", 'Did you mean --quick?', 'stopcopy bench --help'],
    ],
    [
      ['bench', '--seed', '-4'],
      ["--seed is '-4'", 'whole number from 0 to 4294967295'],
    ],
    [['bench', '--seed', '1e3'], ["--seed is '1e3'"]],
    [
      ['bench', '--seed'],
      ["'--seed <n>'", 'argument missing'],
    ],
    [
      ['bench', '--accelerator', 'sec,rsa'],
      ["--accelerator has 'rsa'", 'sec, hpre, zip'],
    ],
    [
      ['bench', '--queue-pairs', '1,,4'],
      ["--queue-pairs is '1,,4'", 'divided by commas'],
    ],
    [
      ['bench', '--queue-pairs', '0'],
      ["--queue-pairs is '0'", 'from 1 to 1024'],
    ],
    [
      ['bench', '--load', 'full'],
      ["--load has 'full'", 'idle, half, saturated'],
    ],
    [
      ['bench', '--driver', 'mine'],
      ["--driver has 'mine'", 'upstream-2026'],
    ],
    [
      ['bench', '--suite', 'all'],
      ["--suite has 'all'", 'throughput, handshake, virtual, downtime'],
    ],
    [['bench', 'extra'], ['too many arguments']],
    [['report'], ["missing required argument 'result'"]],
    [['isolation'], ['topology … missing', 'file … t12 … --host']],
    [
      ['isolation', 't01', '--policy', 'trust'],
      ["--policy has 'trust'", 'upstream, thread, on-die, proof'],
    ],
    [
      ['isolation', 't01', '--vf', '75:0.1'],
      ["--vf is '75:0.1'", '0000:75:00.1'],
    ],
    [
      ['isolation', 't01', '--vf', '75:00.7'],
      ['--vf … 0000:75:00.7 … no VF … t01-integrated', '0000:75:00.1, 0000:75:00.2'],
    ],
    [
      ['bench', '--topology', 't01'],
      ['--topology … policy', 'upstream, thread, on-die, proof'],
    ],
    [
      ['bench', '--policy', 'proof'],
      ['--policy … no topology', '--topology'],
    ],
    [
      ['bench', '--vf', '75:00.1'],
      ['--vf … no topology', '--topology'],
    ],
  ];
  test.each(cases)('%j', async (args, says) => {
    const { status, stdout, stderr } = await stopcopy(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const words of says) expect(stderr).toMatch(stating(words));
    expect(stderr).toMatch(/^stopcopy: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });
});

test.runIf(process.platform === 'linux')('a place where no folder can be made is said at once', async () => {
  const { status, stderr } = await stopcopy('bench', '--quick', '--out', '/proc/stopcopy/results');
  expect(status).toBe(2);
  expect(stderr).toContain('/proc/stopcopy/results');
});

test('more queue pairs than the device has are refused before anything is measured', async () => {
  const out = join(file('plain', ''), '..', 'many');
  const { status, stderr } = await stopcopy('bench', '--accelerator', 'sec', '--queue-pairs', '1000', '--out', out);
  expect(status).toBe(2);
  expect(stderr).toContain('768');
});

test('a folder that cannot be written is reported before anything is measured', async () => {
  const { status, stderr } = await stopcopy('bench', '--quick', '--out', join(file('plain-file', ''), 'below'));
  expect(status).toBe(2);
  expect(stderr).toMatch(stating('plain-file/below', 'file', 'folder'));
  expect(stderr).toContain('--out');
});

test('the help of each command has examples, says a default once, and fits 100 columns', async () => {
  const program = await stopcopy('--help');
  expect(program.status).toBe(0);
  expect(program.stdout).toMatch(/130 {2}interrupted/);
  const commands = [...program.stdout.matchAll(/^ {2}([a-z]+) {3,}/gm)].map(([, name]) => name!);
  expect(commands).toContain('history');
  for (const command of ['', ...commands]) {
    const { status, stdout, stderr } = await stopcopy(...(command === '' ? [] : [command]), '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Examples:[^]*\n  stopcopy ${command}`));
    expect(stdout.split('\n').filter(({ length }) => length > 100)).toEqual([]);
    expect(stdout).not.toMatch(/default: [^\n(]*\(default:/);
  }
});

test('--version is the version of the package', async () => {
  expect(await stopcopy('--version')).toEqual({ status: 0, stdout: `${packageVersion()}\n`, stderr: '' });
});

test('a usage error with --json is one JSON document on stdout', async () => {
  const { status, stdout } = await stopcopy('bench', '--json', '--seed', 'x');
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ format: 'stopcopy-error', error: { kind: 'usage', exitCode: 2 } });
});

describe('report', () => {
  test('two results of the sweep are compared, without a difference where nothing is decided', async () => {
    const [one, two] = [join(folder, 'one.json'), join(folder, 'two.json')];
    const result = fixtureResult();
    writeFileSync(one, JSON.stringify(result));
    writeFileSync(two, JSON.stringify({ ...result, seed: result.seed + 1 }));
    expect((await stopcopy('report', one, two, '--out', join(folder, 'pair.html'))).status).toBe(0);
    const page = readFileSync(join(folder, 'pair.html'), 'utf8');
    const section = /<section id="r0".*?<script/s.exec(page)?.[0] ?? '';
    expect(section).toMatch(stating('runs differ in seed'));
    expect(section).toContain('cannot tell');
    expect(section).not.toMatch(/[+-]\d+(?:\.\d+)? %/);
  });

  test('writes a page next to the result', async () => {
    const path = file('one.json', JSON.stringify(fixtureResult()));
    const page = join(folder, 'one.html');
    expect(await stopcopy('report', path)).toEqual({ status: 0, stdout: `${page}\n`, stderr: '' });
    expect(readFileSync(page, 'utf8')).toContain('<!doctype html>');
  });

  test('with --json prints one document and nothing else', async () => {
    const path = file('two.json', JSON.stringify(fixtureResult()));
    const { status, stdout } = await stopcopy('report', path, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'stopcopy-page', html: join(folder, 'two.html') });
  });

  test('refuses a damaged result with the field, and exits with 3', async () => {
    const path = file('bad.json', JSON.stringify({ ...fixtureResult(), quick: 'yes' }));
    const { status, stderr } = await stopcopy('report', path);
    expect(status).toBe(3);
    expect(stderr).toMatch(stating(path, 'quick', 'yes', 'boolean'));
  });

  test('a result that is not there exits with 3', async () => {
    const { status, stderr } = await stopcopy('report', join(folder, 'nowhere.json'));
    expect(status).toBe(3);
    expect(stderr).toMatch(stating('nowhere.json', 'no such file'));
  });
});

describe('verify', () => {
  test('passes a genuine trace', async () => {
    const { status, stdout } = await stopcopy('verify', TRACE);
    expect(stdout).toMatch(/^pass plain-stop-copy upstream-2026 \d+\n1 passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  test('with --json prints one document', async () => {
    const { status, stdout, stderr } = await stopcopy('verify', TRACE, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ format: 'stopcopy-verification', passed: 1, failed: 0, errors: 0 });
  });

  test('a foreign file is an error of its own, and the others still run', async () => {
    const foreign = file('foreign.json', '{"hello": 1}');
    const { status, stdout, stderr } = await stopcopy('verify', foreign, TRACE, join(folder, 'absent'));
    expect(status).toBe(3);
    expect(stderr).toContain(`error ${foreign}: `);
    expect(stderr).toMatch(stating('absent', 'no such'));
    expect(stdout).not.toContain('error ');
    expect(stdout).toMatch(/\n1 passed, 0 failed, 2 errors\n$/);
  });

  test('prints what differs between two generations, as text and as a document', async () => {
    const { status, stdout } = await stopcopy('verify', '--between', 'linux-6.2', 'linux-6.8');
    expect(status).toBe(0);
    expect(stdout).toContain('changed in 6.8\n');
    expect(stdout).toMatch(/\nfixed\n {2}R5 +reads and writes begin .*\n\nintroduced: nothing\n$/);
    const json = await stopcopy('verify', '--between', 'linux-6.8', 'linux-6.2', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      format: 'stopcopy-generations',
      from: 'linux-6.8',
      to: 'linux-6.2',
      facts: [{ fact: 'filesKeepPosition', changedIn: ['6.8'] }],
      fixed: [],
      introduced: [{ id: 'R5' }],
    });
  });

  test.each([
    [['linux-6.2'], 'expected two driver generations, found 1'],
    [['linux-6.2', 'linux-6.8', 'linux-6.16'], 'expected two driver generations, found 3'],
    [['linux-6.2', 'linux-6.9'], '"linux-6.9" is no driver generation'],
  ])('compares %j with nothing', async (names, message) => {
    const { status, stderr } = await stopcopy('verify', '--between', ...names);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('linux-6.18.y, upstream-2026');
  });
});

describe('a program of its own', () => {
  test('ends with the exit status, and with its words on either stream', () => {
    const passed = runStopcopy(['verify', TRACE]);
    expect([passed.status, passed.stderr]).toEqual([0, '']);
    expect(passed.stdout).toMatch(/\n1 passed, 0 failed\n$/);
    const refused = runStopcopy(['bench', '--seed', '-4']);
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain("--seed is '-4'");
    expect(runStopcopy(['--version'])).toEqual({ status: 0, stdout: `${packageVersion()}\n`, stderr: '' });
  });

  test('puts no escape sequences into a pipe, and none with NO_COLOR', () => {
    for (const env of [{}, { NO_COLOR: '1' }]) {
      const { stdout, stderr } = runStopcopy(['verify', TRACE, join(folder, 'absent')], { env });
      expect(stdout + stderr).not.toContain('\u001B');
    }
  });

  test('takes a reader that closes early for no error', async () => {
    const child = spawn(process.execPath, [...STOPCOPY, 'verify'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.destroy();
    await new Promise((resolve) => child.on('exit', resolve));
    expect(stderr).toBe('');
  });
});
