/**
 * `stopcopy fit` as a command, and a platform by its name in `run` and `plan`.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { packageRoot } from '../../../../bench/io/package-root.ts';
import type { RunDocument } from '../../../../bench/documents/run/document.ts';
import { type PlatformFile, platformSchema } from '../../../../sim/memory/platform-file.ts';
import { stopcopyAt } from '../../command.ts';
import { stating } from '../../../stating.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-fit-'));
  cpSync(join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml'), join(folder, 'lab.yaml'));
  mkdirSync(join(folder, 'platforms'));
  writeFileSync(
    join(folder, 'platforms', 'slow.yaml'),
    'format: stopcopy-platform\nversion: 1\nid: slow\nparameters:\n' +
      '  - { name: platformLoadNs, value: 500e6, low: 400e6, high: 600e6 }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) => stopcopyAt(folder, ...words);
const table = (change: (text: string) => string): void => {
  writeFileSync(join(folder, 'other.yaml'), change(readFileSync(join(folder, 'lab.yaml'), 'utf8')));
};

test('prints parameters, errors and what to measure next, and writes the platform that it prints with --json', async () => {
  const { status, stdout } = await run('fit', 'lab.yaml', '--name', 'lab-a', '--out', 'platforms/lab-a.yaml');
  expect(status).toBe(0);
  for (const words of [
    'lab-a\n3 measured moves of lab.yaml; all on cpu ice-lake, QEMU 9.2.',
    'zstd',
    'left out',
    'nothing more',
  ]) {
    expect(stdout).toContain(words);
  }
  const printed = JSON.parse((await run('fit', 'lab.yaml', '--name', 'lab-a', '--json')).stdout) as PlatformFile;
  expect(parse(readFileSync(join(folder, 'platforms/lab-a.yaml'), 'utf8'))).toEqual(printed);
  expect(platformSchema.parse(printed)).toEqual(printed);
  for (const { low, value, high } of printed.parameters) {
    expect(low).toBeLessThanOrEqual(value);
    expect(value).toBeLessThanOrEqual(high);
  }
});

const pauseMs = async (
  ...words: readonly string[]
): Promise<{ platform: string | undefined; value: number; high: number }> => {
  const { platform, figures } = JSON.parse((await run('run', 'idle-vf', ...words, '--json')).stdout) as RunDocument;
  const { value, high = Number.NaN } = figures.pause;
  return { platform, value: value / 1e6, high: high / 1e6 };
};

test('run takes a platform by its name: its values and ranges stand in place of the shipped ones', async () => {
  const [shipped, slow] = [await pauseMs(), await pauseMs('--platform', 'slow')];
  expect(shipped.platform).toBeUndefined();
  expect(slow.platform).toBe('slow');
  // 481 ms more on a core of the reference class; up to 1.7 times as much on a core that the scenario does not name.
  expect(slow.value - shipped.value).toBeGreaterThan(450);
  expect(slow.value - shipped.value).toBeLessThan(850);
  expect(slow.high - slow.value).toBeGreaterThan(50);
  expect(await pauseMs('--platform', 'platforms/slow.yaml')).toEqual(slow);
  expect((await run('run', 'idle-vf', '--platform', 'slow')).stdout).toMatch(stating('platform', 'slow'));
});

test('the cores of a platform are those of scenarios that name none', async () => {
  const named = readFileSync(join(folder, 'platforms', 'slow.yaml'), 'utf8').replace(
    'id: slow',
    'id: slow\ncpu: sapphire-rapids',
  );
  writeFileSync(join(folder, 'named.yaml'), named);
  const [shipped, slow] = [await pauseMs(), await pauseMs('--platform', 'named.yaml')];
  expect(slow.value - shipped.value).toBeLessThan(500);
});

test('plan takes one as well, and names it', async () => {
  const { stdout } = await run('plan', 'room', '--no-tornado', '--platform', 'slow', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ format: 'stopcopy-plan', platform: 'slow' });
  expect((await run('plan', 'room', '--no-tornado', '--platform', 'slow')).stdout).toMatch(stating('platform', 'slow'));
});

test('says what is wrong, where, and what is allowed', async () => {
  const sentence = async (...words: readonly string[]) => {
    const { status, stderr } = await run(...words);
    return `${status} ${stderr.split('\n', 1)[0]}`;
  };
  table((text) => text.replace('vm-move', 'sec-throughput'));
  expect(await sentence('fit', 'other.yaml')).toMatch(
    stating(/^3 /, 'other.yaml', 'experiment', 'sec-throughput', 'vm-move'),
  );
  table((text) => text.replace('{ totalMs: 4930, downtimeMs: 47 }', '{ cpuPercent: 90 }'));
  expect(await sentence('fit', 'other.yaml')).toMatch(
    stating(/^3 /, 'other.yaml', 'rows[1].published', 'downtimeMs, totalMs'),
  );
  table((text) => text.replace('channels: 2', 'channels: 0'));
  expect(await sentence('fit', 'other.yaml')).toMatch(stating(/^3 /, 'other.yaml', 'rows[0].inputs', 'channels', 0, 1));
  table((text) => text.replace('rows:', 'taken: [links]\nrows:'));
  expect(await sentence('fit', 'other.yaml')).toMatch(
    stating(/^3 /, 'other.yaml', 'rows[0].inputs', 'taken[0]', 'links'),
  );
  expect(await sentence('fit', 'lab.yaml', 'lab.yaml')).toMatch(stating(/^3 /, 'lab.yaml', 'id', 'small-lab'));
  expect(await sentence('fit', 'lab.yaml', '--name', 'Lab A')).toMatch(
    stating(/^2 /, '--name', 'Lab A', 'small letters', 'digits', 'hyphens'),
  );
  expect(await sentence('run', 'idle-vf', '--platform', 'none')).toMatch(
    stating(/^3 /, '--platform', 'none', 'platforms/none.yaml'),
  );
});
