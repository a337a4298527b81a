import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { builtModule } from '../../built.ts';
import { checkOutputFile, prepareFolder, writeFileAtomically, writeNewFile } from '../../../bench/io/file-output.ts';
import { readInputText } from '../../../bench/io/input-file.ts';
import { forgetInputs } from '../../../bench/io/read-files.ts';
import { StatusError } from '../../../sim/base/status-error.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { stating } from '../../stating.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-output-'));
});
afterEach(() => {
  forgetInputs();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

function thrown(body: () => void): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a file that is written', () => {
  test('is there whole, keeps the mode of the one before, and leaves nothing next to it', () => {
    writeFileSync(at('a.json'), 'old', { mode: 0o640 });
    writeFileAtomically(at('a.json'), 'new', '--html');
    writeFileAtomically(at('b.json'), 'other', '--html');
    expect(readdirSync(folder).toSorted()).toEqual(['a.json', 'b.json']);
    expect(readFileSync(at('a.json'), 'utf8')).toBe('new');
    expect(statSync(at('a.json')).mode & 0o777).toBe(0o640);
  });

  test('through a link replaces what the link leads to', () => {
    writeFileSync(at('real'), 'old');
    symlinkSync('real', at('link'));
    writeFileAtomically(at('link'), 'new', '--html');
    expect(readFileSync(at('real'), 'utf8')).toBe('new');
    expect(readdirSync(folder).toSorted()).toEqual(['link', 'real']);
  });

  test('that a full device does not take is an error of status 74, and the device stays', () => {
    const error = thrown(() => writeFileAtomically('/dev/full', 'text', '--html'));
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ status: 'outputFailed', message: 'cannot write /dev/full: the disk is full' });
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
  });

  test('never takes the place of a file that was read', () => {
    writeFileSync(at('in.yaml'), 'a: 1');
    readInputText(at('in.yaml'));
    symlinkSync('in.yaml', at('other-name'));
    for (const name of ['in.yaml', 'other-name']) {
      expect(thrown(() => writeFileAtomically(at(name), 'page', '--html'))).toBeInstanceOf(UserError);
    }
    expect(readFileSync(at('in.yaml'), 'utf8')).toBe('a: 1');
  });

  test('that must be new leaves one that is there as it is', () => {
    expect(writeNewFile(at('a'), 'first', '--out')).toBe(true);
    expect(writeNewFile(at('a'), 'second', '--out')).toBe(false);
    expect(readFileSync(at('a'), 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('before the work', () => {
  test.each([
    ['a folder that is not there', 'typo/x.html', 'no such folder'],
    ['a folder of that name', 'sub', 'folder'],
    ['a part of the path that is a file', 'in.yaml/x.html', 'part … file'],
    ['the input', 'in.yaml', 'input'],
    ['a link to the input', 'link', 'input'],
  ])('%s is refused, and nothing is made', (_, name, says) => {
    writeFileSync(at('in.yaml'), 'a: 1');
    mkdirSync(at('sub'));
    symlinkSync('in.yaml', at('link'));
    const before = readdirSync(folder);
    const error = thrown(() => checkOutputFile(at(name), '--html', [at('in.yaml')]));
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringMatching(stating(says)) as string });
    expect(readdirSync(folder)).toEqual(before);
  });

  test('a place that takes the file is not touched', () => {
    checkOutputFile(at('x.html'), '--html', []);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that --out names is made, with those above it', () => {
    prepareFolder(at('a/b'), '--out');
    expect(existsSync(at('a/b'))).toBe(true);
    expect(readdirSync(at('a/b'))).toEqual([]);
  });

  // The superuser may write everywhere.
  test.skipIf(process.getuid?.() === 0)('a folder that may not be written to is an error of status 74', () => {
    mkdirSync(at('shut'));
    chmodSync(at('shut'), 0o500);
    expect(thrown(() => checkOutputFile(at('shut/x'), '--html', []))).toMatchObject({ status: 'outputFailed' });
  });
});

test('a limit on the size of files leaves no part of one', () => {
  const module = builtModule('bench/io/file-output');
  const code = `
    process.on('SIGXFSZ', () => {});
    const { writeFileAtomically } = await import(${JSON.stringify(module)});
    try { writeFileAtomically(${JSON.stringify(at('big'))}, 'x'.repeat(100_000), '--out'); } catch (error) { console.log(error.message); }`;
  const script = `ulimit -f 8; exec "${process.execPath}" --input-type=module -e '${code.replaceAll("'", `'\\''`)}'`;
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stdout).toMatch(stating('larger', 'limit'));
  expect(readdirSync(folder)).toEqual([]);
});
