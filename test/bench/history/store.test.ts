import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { withLock } from '../../../bench/io/lock.ts';
import { appendRecords, pruneHistory, readHistory, recordLine } from '../../../bench/history/store.ts';
import { builtModule } from '../../built.ts';
import { historyRecord, recordsOf } from './records.ts';
import { stating } from '../../stating.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-history-'));
let path: string;
let serial = 0;
beforeEach(() => {
  path = join(folder, `${serial++}.ndjson`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Words for a process that appends so many records. */
function writer(name: string, records: number): string[] {
  const child = fileURLToPath(new URL('./writer-child.mjs', import.meta.url));
  return [child, builtModule('bench/history/store'), path, JSON.stringify(historyRecord()), name, String(records)];
}

function commits(): string[] {
  return readHistory(path).records.map(({ commit }) => commit);
}

test('what is appended is read back, in order', async () => {
  const records = recordsOf([1, 2, 3]);
  await appendRecords(path, records.slice(0, 2));
  await appendRecords(path, records.slice(2));
  expect(readHistory(path)).toEqual({ records, damaged: [] });
  expect(readdirSync(folder).filter((name) => name.includes('.lock'))).toEqual([]);
});

describe('a crash during a write', () => {
  test('costs that record only, wherever it was cut, and the next append works', async () => {
    const whole = recordLine(historyRecord({ commit: 'lost' }));
    for (let cut = 1; cut < whole.length; cut += 7) {
      writeFileSync(path, recordLine(historyRecord({ commit: 'before' })) + whole.slice(0, cut));
      await appendRecords(path, [historyRecord({ commit: 'after' })]);
      const { records, damaged } = readHistory(path);
      expect(records.map(({ commit }) => commit)).toEqual(['before', 'after']);
      expect(damaged.map(({ line }) => line)).toEqual([2]);
    }
  });

  test('before the end of the line only costs nothing', async () => {
    writeFileSync(path, recordLine(historyRecord({ commit: 'whole' })).trimEnd());
    await appendRecords(path, [historyRecord({ commit: 'after' })]);
    expect(commits()).toEqual(['whole', 'after']);
  });

  test('by a process that is killed while it writes leaves a history that is read and continued', async () => {
    const child = spawn(process.execPath, writer('killed', 100_000), { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    while (!existsSync(path) || readFileSync(path).length < 2000)
      await new Promise((proceed) => setTimeout(proceed, 5));
    child.kill('SIGKILL');
    await ended;
    const before = readHistory(path);
    expect(before.damaged.length).toBeLessThan(2);
    await appendRecords(path, [historyRecord({ commit: 'after' })]);
    expect(commits()).toEqual([...before.records.map(({ commit }) => commit), 'after']);
    expect(before.records.map(({ commit }) => commit)).toEqual(before.records.map((_, index) => `killed-${index}`));
  });
});

describe('a damaged record', () => {
  const flip = (line: string): string => line.replace('frame-write', 'frame-wrote');
  test.each([
    ['one byte changed', flip, /fit.*checksum/],
    ['its checksum gone', (line: string) => line.slice(9), /begin.*checksum/],
    ['zeros, as after a power cut', (line: string) => `${'\0'.repeat(line.length - 1)}\n`, /begin.*checksum/],
  ])('%s: is reported and skipped, all others are there', async (_, damage, why) => {
    const lines = recordsOf([1, 2, 3]).map(recordLine);
    writeFileSync(path, [lines[0], damage(lines[1]!), lines[2]].join(''));
    const { records, damaged } = readHistory(path);
    expect(records.map(({ commit }) => commit)).toEqual(['commit-0', 'commit-2']);
    expect(damaged).toEqual([{ line: 2, why: expect.stringMatching(why) as string }]);
  });

  test('of a later version is named by its version', () => {
    const later = { ...historyRecord(), v: 2 } as unknown as ReturnType<typeof historyRecord>;
    writeFileSync(path, recordLine(historyRecord()) + recordLine(later));
    expect(readHistory(path).damaged).toEqual([
      { line: 2, why: expect.stringMatching(stating('version 2', 1)) as string },
    ]);
  });

  test('a file of something else is refused, and so is none', () => {
    writeFileSync(path, '{"some":"thing"}\n');
    expect(() => readHistory(path)).toThrow(stating('no history', 'line 1', 'checksum'));
    expect(() => readHistory(`${path}.none`)).toThrow(stating('no such'));
  });
});

test('several writers at once lose nothing', async () => {
  const names = ['a', 'b', 'c'];
  const ends = names.map(
    (name) =>
      new Promise<number | null>((resolve) =>
        spawn(process.execPath, writer(name, 40), { stdio: 'inherit' }).on('close', resolve),
      ),
  );
  expect(await Promise.all(ends)).toEqual([0, 0, 0]);
  const { records, damaged } = readHistory(path);
  expect(damaged).toEqual([]);
  for (const name of names) {
    const own = records.map(({ commit }) => commit).filter((commit) => commit.startsWith(name));
    expect(own).toEqual(Array.from({ length: 40 }, (_, index) => `${name}-${index}`));
  }
});

describe('the lock', () => {
  const lock = () => `${path}.lock`;

  test('of a process that died is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    symlinkSync(`stopcopy-${pid}@${hostname()}`, lock());
    await appendRecords(path, [historyRecord()]);
    expect(readHistory(path).records).toHaveLength(1);
    expect(existsSync(lock())).toBe(false);
  });

  test('of a process that lives is waited for, and then reported', async () => {
    symlinkSync(`stopcopy-${process.pid}@${hostname()}`, lock());
    await expect(withLock(path, '--file', () => 1, 60)).rejects.toThrow('another process has had');
    rmSync(lock());
    expect(await withLock(path, '--file', () => 1, 60)).toBe(1);
  });

  test('of another machine is left alone while it is young', async () => {
    symlinkSync('stopcopy-1@elsewhere', lock());
    await expect(withLock(path, '--file', () => 1, 60)).rejects.toThrow('another process has had');
    rmSync(lock());
  });
});

describe('pruning', () => {
  test('keeps what is chosen and every damaged line, unless those are to go', async () => {
    await appendRecords(path, recordsOf([1, 2, 3]));
    appendFileSync(path, 'rubbish\n');
    await appendRecords(path, recordsOf([4], { commit: 'last' }));
    const newest = (all: readonly ReturnType<typeof historyRecord>[]) => new Set(all.slice(-2));
    expect(await pruneHistory(path, newest, false)).toEqual({ records: 2, damaged: 0 });
    expect(commits()).toEqual(['commit-2', 'last']);
    expect(readHistory(path).damaged).toHaveLength(1);
    expect(await pruneHistory(path, (all) => new Set(all), true)).toEqual({ records: 0, damaged: 1 });
    expect(readHistory(path).damaged).toEqual([]);
  });

  test('a history cut short halfway keeps what is whole', async () => {
    await appendRecords(path, recordsOf([1, 2, 3]));
    truncateSync(path, readFileSync(path).length - 5);
    expect(commits()).toEqual(['commit-0', 'commit-1']);
  });
});
