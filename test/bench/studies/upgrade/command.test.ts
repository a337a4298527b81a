/**
 * `stopcopy upgrade` as a command: what it prints where, which file it writes, and how it ends.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { recordLine } from '../../../../bench/history/store.ts';
import { stopcopyAt } from '../../command.ts';
import { historyRecord } from '../../history/records.ts';
import { stating } from '../../../stating.ts';

const OLD = `format: stopcopy-limits
version: 1 # of last year
id: mine
title: Mine
`;
const NEW = OLD.replace('version: 1', 'version: 2');
const BARE = '{ format: stopcopy-can, version: 1, vmm: qemu, downtimeLimit: 300 } # mine\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-upgrade-'));
  writeFileSync(join(folder, 'old.yaml'), OLD);
  writeFileSync(join(folder, 'bare.yaml'), BARE);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) => stopcopyAt(folder, 'upgrade', ...words);
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('the new text is on stdout, what was changed on stderr, and the file stays', async () => {
  expect(await run('old.yaml')).toEqual({ status: 0, stdout: NEW, stderr: 'old.yaml: version: 1 -> 2\n' });
  expect(read('old.yaml')).toBe(OLD);
});

test('--write replaces the file, with its mode and through a temporary file that is gone', async () => {
  chmodSync(join(folder, 'old.yaml'), 0o640);
  const { status, stdout, stderr } = await run('old.yaml', '--write');
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: '\nold.yaml\n',
    stderr: 'old.yaml: version: 1 -> 2\n',
  });
  expect(read('old.yaml')).toBe(NEW);
  expect(statSync(join(folder, 'old.yaml')).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder).toSorted()).toEqual(['bare.yaml', 'old.yaml']);
});

test('a file of the newest version says so, and --write leaves it untouched', async () => {
  writeFileSync(join(folder, 'new.yaml'), NEW);
  const before = statSync(join(folder, 'new.yaml'));
  expect(await run('new.yaml', '--write')).toEqual({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(stating('new.yaml', 'limits', 'nothing to change')),
  });
  const { ino, mtimeMs } = statSync(join(folder, 'new.yaml'));
  expect({ ino, mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs });
  expect(await run('new.yaml')).toMatchObject({ status: 0, stdout: NEW });
});

test.each(['-o', '--out'])('%s writes another file, to the last character', async (option) => {
  writeFileSync(join(folder, 'old.yaml'), OLD.trimEnd());
  expect(await run('old.yaml', option, 'made.yaml')).toMatchObject({ status: 0, stdout: '\nmade.yaml\n' });
  expect(read('made.yaml')).toBe(NEW.trimEnd());
  expect(read('old.yaml')).toBe(OLD.trimEnd());
});

test('--json is one document', async () => {
  const { status, stdout } = await run('bare.yaml', '--bare-times', 'ms', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    format: 'stopcopy-upgrade',
    version: 1,
    stopcopy: expect.any(String) as string,
    file: 'bare.yaml',
    changes: [
      { path: 'version', from: 1, to: 2 },
      { path: 'downtimeLimit', from: 300, to: '300ms' },
    ],
    text: BARE.replace('version: 1', 'version: 2').replace('300', '300ms'),
  });
});

describe('exit status 3, and no file is written', () => {
  test.each([
    ['bare.yaml', 'downtimeLimit … 300 … 300 ms … 300 ns'],
    ['missing.yaml', 'no such file'],
    ['none.yaml', 'no document'],
    ['damaged.ndjson', 'record 2 … checksum'],
  ])('%s', async (file, says) => {
    writeFileSync(join(folder, 'none.yaml'), 'anything: 1\n');
    const line = recordLine(historyRecord());
    writeFileSync(join(folder, 'damaged.ndjson'), line + line.replace('"dirty"', '"dirtx"'));
    const before = readdirSync(folder);
    for (const options of [[], ['--write'], ['-o', 'made.yaml']]) {
      const { status, stdout, stderr } = await run(file, ...options);
      expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
      expect(stderr).toMatch(stating(says));
    }
    expect(readdirSync(folder)).toEqual(before);
    expect(read('bare.yaml')).toBe(BARE);
  });
});

describe('exit status 2', () => {
  test.each([
    [['old.yaml', '-o', 'old.yaml'], 'old.yaml … input'],
    [['old.yaml', '--write', '-o', 'made.yaml'], '--write … --out'],
    [['old.yaml', '--bare-times', 'fortnights'], "--bare-times … 'fortnights' … ns, us"],
    [['old.yaml', '--bare-sizes', 'ms'], "--bare-sizes … 'ms' … B, kB"],
    [[], "missing required argument 'file'"],
  ])('%j', async (words, says) => {
    const { status, stderr } = await run(...words);
    expect(status).toBe(2);
    expect(stderr).toMatch(stating(says));
    expect(read('old.yaml')).toBe(OLD);
    expect(readdirSync(folder).toSorted()).toEqual(['bare.yaml', 'old.yaml']);
  });
});

test('a history has had one version of records', async () => {
  const text = recordLine(historyRecord()) + recordLine(historyRecord({ subject: 'another' }));
  writeFileSync(join(folder, 'history.ndjson'), text);
  expect(await run('history.ndjson')).toEqual({
    status: 0,
    stdout: text,
    stderr: expect.stringMatching(stating('history.ndjson', 'history', 'nothing to change')),
  });
});
