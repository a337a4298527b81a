/**
 * What every command does with a place that does not take its output: in programs, since that is where stdout is a file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { InputFile, OutputFile } from '../../../bench/cli/file-options.ts';
import { buildProgram } from '../../../bench/cli/program.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { captured } from '../captured.ts';
import { stopcopy } from '../command.ts';
import { fixtureResult } from '../fixture.ts';
import { OneProgram } from '../../one-program.ts';
import { STOPCOPY } from '../../program.ts';
import { stating } from '../../stating.ts';

const TRACE = join(packageRoot(), 'traces', 'plain-stop-copy.upstream-2026.json');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-outputs-'));
  writeFileSync(join(folder, 'result.json'), JSON.stringify(fixtureResult()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Something quick of each command that prints a result. */
const QUICK: Readonly<Record<string, readonly string[]>> = {
  '--help': ['--help'],
  '--version': ['--version'],
  bench: ['bench', '--suite', 'designs', '--quick'],
  run: ['run', 'idle-vf'],
  can: ['can', '--vmm', 'qemu@10.2', '--kernel', '6.12', '--device', 'mlx5_vfio_pci'],
  plan: ['plan', 'room', '--no-tornado'],
  verify: ['verify', TRACE],
  isolation: ['isolation', 't12'],
  validate: ['validate', 'multifd'],
  explain: ['explain', join(packageRoot(), 'bench/studies/import/examples/qemu-zip.qmp.jsonl')],
  fit: ['fit', join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml')],
  compare: ['compare', 'result.json', 'result.json'],
  report: ['report', 'result.json'],
  upgrade: ['upgrade', 'result.json'],
};

/** A program of its own in the folder, with stdout where a shell puts it. */
function shell(words: readonly string[], redirection: string) {
  const script = `"$@" ${redirection}`;
  return spawnSync('bash', ['-c', script, 'bash', process.execPath, ...STOPCOPY, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
}

describe('onto a full disk', () => {
  const DISK_FULL = /^stopcopy: cannot write to stdout: the disk is full\n {2}.*\n$/m;
  let program: OneProgram;
  beforeAll(async () => {
    program = await OneProgram.start({ cwd: folder, stdout: '/dev/full' });
  });
  afterAll(() => program.end());

  test.each(Object.entries(QUICK))('%s ends with 74 and one sentence', async (_, words) => {
    const { status, stderr } = await program.run(...words);
    expect(stderr).toMatch(DISK_FULL);
    expect(status).toBe(74);
  });

  test('the status is that of the program', () => {
    const { status, stderr } = shell(QUICK['can']!, '> /dev/full');
    expect(stderr).toMatch(DISK_FULL);
    expect(status).toBe(74);
  });
});

test('a reader that has seen enough changes neither the status nor the files', () => {
  const { status, stderr } = shell(['isolation', 't12', '--html', 'head.html'], '| head -1; exit "${PIPESTATUS[0]}"');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(readFileSync(join(folder, 'head.html'), 'utf8')).toContain('</html>');
});

/** An option of a command with a value that is a file, as `command option`. */
async function fileOptions(): Promise<readonly string[]> {
  const { output } = captured(false);
  const program = await buildProgram({
    output,
    signal: new AbortController().signal,
    exit: () => {},
    args: [],
    again: async () => 0 as const,
  });
  return program.commands.flatMap((command) =>
    command.options
      .filter((option) => option.flags.includes('<file>'))
      .map((option) => {
        const kind = option instanceof OutputFile ? 'writes' : option instanceof InputFile ? 'reads' : 'neither';
        return `${command.name()} ${option.long} ${kind}`;
      }),
  );
}

test('every option with a file says whether it is read or written', async () => {
  const options = await fileOptions();
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter((line) => line.endsWith('neither'))).toEqual([]);
});

/** Command lines with an output that is their input. */
const OVER_INPUT: readonly (readonly [words: readonly string[], input: string])[] = [
  [['run', 'in.yaml', '--html', 'in.yaml'], 'run'],
  [['run', 'in.yaml', '--timeline', './in.yaml'], 'run'],
  [['plan', 'in.yaml', '--html', 'in.yaml'], 'plan'],
  [['plan', 'in.yaml', '--csv', 'in.yaml'], 'plan'],
  [['plan', 'in.yaml', '--ics', 'in.yaml', '--start', '2026-12-05T22:00Z'], 'plan'],
  [['report', 'in.yaml', '--out', 'in.yaml'], 'report'],
  [['isolation', 'in.yaml', '--html', 'in.yaml'], 'isolation'],
  [['isolation', 'in.yaml', '--sarif', './in.yaml'], 'isolation'],
  [['isolation', 'in.yaml', '--junit', 'in.yaml'], 'isolation'],
  [['validate', 'in.yaml', '--html', 'in.yaml'], 'validate'],
  [['import', 'in.yaml', '--out', 'in.yaml'], 'import'],
  [['import', 'in.yaml', '--html', './in.yaml'], 'import'],
  [['explain', 'in.yaml', '--html', 'in.yaml'], 'explain'],
  [['converge', 'in.yaml', '--html', 'in.yaml'], 'converge'],
  [['calibrate', 'in.yaml', '--out', 'in.yaml'], 'calibrate'],
  [['fit', 'in.yaml', '--out', 'in.yaml'], 'fit'],
  [['fit', 'in.yaml', '--html', './in.yaml'], 'fit'],
  [['upgrade', 'in.yaml', '--out', 'in.yaml'], 'upgrade'],
  [['upgrade', 'in.yaml', '-o', './in.yaml'], 'upgrade'],
  [['ui', 'in.yaml', '--html', 'in.yaml'], 'ui'],
  [['compare', 'in.yaml', 'in.yaml', '--save', 'in.yaml'], 'compare'],
  [['compare', '--exact', '--baseline', 'in.yaml', '--html', 'in.yaml'], 'compare'],
  [['history', 'export', 'x', '--file', 'in.yaml', '--badge', 'in.yaml'], 'history'],
  [['bench', '--topology', 'in.yaml', '--html', 'in.yaml'], 'bench'],
];

/** Commands that write files and read none. */
const READS_NOTHING = new Set(['check']);

test('every command with an output is among those that are tried', async () => {
  const commands = (await fileOptions())
    .filter((line) => line.endsWith('writes'))
    .map((line) => line.split(' ', 1)[0]!)
    .filter((name) => !READS_NOTHING.has(name));
  expect([...new Set(commands)].toSorted()).toEqual([...new Set(OVER_INPUT.map(([, name]) => name))].toSorted());
});

test.each(OVER_INPUT)('stopcopy %j leaves its input as it is', async (words) => {
  const input = join(folder, 'in.yaml');
  writeFileSync(input, 'anything: 1\n');
  const placed = words.map((word) => (word.endsWith('in.yaml') ? word.replace(/in\.yaml$/, input) : word));
  const absolute = placed.map((word) => (word.startsWith('./') ? word.slice(2) : word));
  const { status, stderr } = await stopcopy(...absolute);
  expect(stderr).toMatch(stating('input'));
  expect(status).toBe(2);
  expect(readFileSync(input, 'utf8')).toBe('anything: 1\n');
});

test('a page in a folder that a typo names is refused before the work, and no folder is made', async () => {
  const { status, stderr } = await stopcopy('run', 'pf-63', '--html', join(folder, 'reslts', 'run.html'));
  expect({ status, said: stderr.split('\n')[0] }).toEqual({
    status: 2,
    said: expect.stringMatching(stating('no such folder')) as string,
  });
  expect(readdirSync(folder)).not.toContain('reslts');
});
