/**
 * Shards of a job, merged, are byte for byte what one machine gives, and whatever is missing, torn, foreign or contradicting is named.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parse } from 'yaml';

import { packageRoot } from '../../../../bench/io/package-root.ts';
import { stopcopy } from '../../command.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-shards-'));
const before = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** Jobs, by the command line that runs them whole; of a sweep two cells. */
const JOBS = {
  plan: 'plan converge-nova --sweep vm.stream.channels=1,2 --no-tornado --threads 1 --out sweep.json --html page.html',
  converge: 'converge --seeds 4 --draws 1 --class idle,stationary --policy qemu --threads 1 --html page.html',
} as const;

/** Into how many shards each is divided: a sweep starts a pool for each. */
const OF = { plan: [2], converge: [2, 5] } as const;

const shardFile = (name: keyof typeof JOBS, index: number, of: number): string => `${name}-${index}-${of}`;

/** Runs one shard. */
async function runShard(name: keyof typeof JOBS, index: number, of: number): Promise<string> {
  const file = shardFile(name, index, of);
  const { status } = await stopcopy(...JOBS[name].split(' '), '--shard', `${index}/${of}`, '--shard-out', file);
  expect(status).toBe(0);
  return file;
}

async function ended(...words: string[]): Promise<{ readonly status: number | null; readonly said: string }> {
  const { status, stdout, stderr } = await stopcopy(...words);
  return { status, said: stdout + stderr };
}

describe.each(['plan', 'converge'] as const)('%s', (name) => {
  test('in some shards, also more than cells: output, page and exit status are those of one machine', async () => {
    const whole = await stopcopy(...JOBS[name].split(' '));
    const page = readFileSync('page.html', 'utf8');
    for (const of of OF[name]) {
      const files: string[] = [];
      for (let index = of; index >= 1; index--) files.push(await runShard(name, index, of));
      rmSync('page.html', { force: true });
      const merged = await stopcopy('merge', ...files, files[0]!);
      expect([merged.status, merged.stdout]).toEqual([whole.status, whole.stdout]);
      expect(readFileSync('page.html', 'utf8')).toBe(page);
    }
  });

  test('each cell is in one shard', async () => {
    const keys = (file: string): string[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .slice(1, -1)
        .map((line) => (JSON.parse(line) as { key: string }).key);
    const all = (of: number): string[] =>
      Array.from({ length: of }, (_, index) => keys(shardFile(name, index + 1, of))).flat();
    expect(all(2)).toHaveLength({ plan: 2, converge: 4 }[name]);
    for (const of of OF[name]) expect(all(of).toSorted()).toEqual(all(2).toSorted());
    expect(new Set(all(2)).size).toBe(all(2).length);
  });
});

test('missing cells are named with the shards that have them', async () => {
  const { status, said } = await ended('merge', shardFile('plan', 1, 2));
  expect([status, said]).toEqual([3, expect.stringMatching(/1 of 2 cells are missing, .* 2\n.*shard 2\/2/)]);
});

const changed = (name: string, change: (text: string) => string): string => {
  writeFileSync(name, change(readFileSync(shardFile('plan', 1, 2), 'utf8')));
  return name;
};

test.each<readonly [what: string, files: () => readonly string[], said: RegExp]>([
  [
    'of another command',
    () => [shardFile('plan', 1, 2), shardFile('converge', 2, 2)],
    /converge-2-2: .*command is converge/,
  ],
  [
    'cut in a line',
    () => [changed('cut', (text) => text.slice(0, -20))],
    /cut: has 0 of its 1 results.*\n.*shard 1\/2/,
  ],
  [
    'cut after a line',
    () => [changed('cut', (text) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1))],
    /has 0 of its 1/,
  ],
  ['something else', () => [join(packageRoot(), 'package.json')], /package\.json: is no shard/],
  [
    'of a command that has no shards',
    () => [changed('other', (text) => text.replace('["plan"', '["send"'))],
    /is no shard/,
  ],
  [
    'of another release',
    () => [shardFile('plan', 1, 2), changed('old', (text) => text.replace(/"stopcopy":"[^"]+"/, '"stopcopy":"0.0.1"'))],
    /old: .*the release is 0\.0\.1/,
  ],
  [
    'one that contradicts another',
    () => [
      shardFile('plan', 1, 2),
      changed('liar', (text) =>
        text.replace(/"feasible":(true|false)/, (_, was) => `"feasible":${String(was === 'false')}`),
      ),
    ],
    /liar: cell [0-9a-f]{64} has two results/,
  ],
  [
    'of a question that has changed since',
    () => [changed('since', (text) => text.replaceAll('channels=1,2', 'channels=1,3'))],
    /since: is not of the cells that/,
  ],
])('a file %s is refused', async (_, files, said) => {
  expect(await ended('merge', ...files())).toEqual({ status: 3, said: expect.stringMatching(said) });
});

test.each([
  ['plan room --shard 1/2', /sweep/],
  ['converge --shard 3/2', /--shard is '3\/2'/],
  ['converge --shard 0/2', /--shard is '0\/2'/],
  ['converge --shard-out x', /without --shard/],
])('%s is a wrong command line', async (line, said) => {
  expect(await ended(...line.split(' '))).toEqual({ status: 2, said: expect.stringMatching(said) });
});

describe('docs/ci', () => {
  const ci = (name: string): string => readFileSync(join(packageRoot(), 'docs', 'ci', name), 'utf8');
  const JOB = 'converge --seeds 2 --draws 0 --class idle,stationary --policy qemu --threads 1';
  // What the shell makes of a step is noted, and run in this process.
  writeFileSync(join(folder, 'npx'), '#!/bin/sh\nfor word in "$@"; do echo "$word"; done > words\n', { mode: 0o755 });

  const github = parse(ci('shards-github.yml')) as {
    readonly jobs: Readonly<Record<'shard' | 'merge', { readonly steps: readonly { readonly run?: string }[] }>>;
  };
  const ofGithub = (job: 'shard' | 'merge'): string =>
    github.jobs[job].steps.map(({ run }) => run ?? '').find((run) => run.startsWith('npx'))!;
  const kubernetes = parse(ci('shards-kubernetes.yaml')) as {
    readonly spec: {
      readonly completions: number;
      readonly template: { readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] } };
    };
  };
  const pod = kubernetes.spec.template.spec.containers[0]!.command.at(-1)!;

  test.each<
    readonly [engine: string, step: (index: number) => string, env: (index: number) => Readonly<Record<string, string>>]
  >([
    [
      'GitHub Actions',
      (index) => ofGithub('shard').replaceAll(/\$\{\{ *matrix\.shard *\}\}/g, String(index)),
      () => ({}),
    ],
    [
      'Slurm',
      () => ci('shards-slurm.sh'),
      (index) => ({ SLURM_ARRAY_TASK_ID: String(index), SLURM_ARRAY_TASK_COUNT: '4', SLURM_CPUS_PER_TASK: '1' }),
    ],
    [
      'Kubernetes',
      () => pod,
      (index) => ({
        JOB_COMPLETION_INDEX: String(index - 1),
        SHARDS: String(kubernetes.spec.completions),
        FOLDER: 'shards',
      }),
    ],
  ])('%s: its steps write shards that merge', async (_, step, env) => {
    rmSync('shards', { recursive: true, force: true });
    mkdirSync('shards');
    const run = async (script: string, more: Readonly<Record<string, string>> = {}) => {
      const path = { PATH: `${folder}:${process.env['PATH']!}` };
      expect(spawnSync('bash', ['-c', script], { env: { ...process.env, ...path, JOB, ...more } }).status).toBe(0);
      const [program, ...words] = readFileSync('words', 'utf8').trimEnd().split('\n');
      expect(program).toBe('stopcopy');
      return stopcopy(...words);
    };
    for (let index = 1; index <= 4; index++) expect(await run(step(index), env(index))).toMatchObject({ status: 0 });
    expect(await run(ofGithub('merge'))).toMatchObject({
      status: 0,
      stdout: (await stopcopy(...JOB.split(' '), '--json')).stdout,
    });
  });
});
