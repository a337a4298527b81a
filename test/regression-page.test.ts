/**
 * What docs/regression.md and docs/ci say is done here: their commands are run.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { packageRoot } from '../bench/io/package-root.ts';
import { type Ended, stopcopyAt } from './bench/command.ts';
import { machineFacts } from '../bench/measure/machine.ts';
import { fixtureCell, fixtureResult } from './bench/fixture.ts';
import { STOPCOPY } from './program.ts';
import { stating } from './stating.ts';

const ROOT = packageRoot();
let folder: string;

/** A build that is quick to ask: what a comparison wants of one, and nothing more. It has nothing to count instructions of. */
const TINY_BUILD = `
const [, , , , task] = process.argv;
const protocol = 2;
const value = () => 1000 * (SLOWNESS + 0.002 * Math.random());
if (task === 'turns') {
  process.on('message', () => process.send({ ns: value() }));
  process.send({ protocol, callNs: 5e7, operations: 1 });
} else {
  console.log(JSON.stringify(
    task === 'list' ? { protocol, stages: [{ name: 'frame-write', version: 1, kind: 'single' }] }
    : { protocol, metrics: [{ name: 'arc/x/accesses', value: ACCESSES }] }));
}
`;

function tinyBuild(place: string, slowness: number, accesses: number): string {
  const root = join(folder, place);
  mkdirSync(join(root, 'dist', 'bench'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"stopcopy","type":"module"}');
  const text = TINY_BUILD.replace('SLOWNESS', String(slowness)).replace('ACCESSES', String(accesses));
  writeFileSync(join(root, 'dist', 'bench', 'main.js'), text);
  return root;
}

/** A command line in a folder. */
const stopcopy = (words: readonly string[], cwd = folder): Promise<Ended> => stopcopyAt(cwd, ...words);

function git(cwd: string, ...words: readonly string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
  const { status, stdout, stderr } = spawnSync('git', [...who, ...words], { cwd, encoding: 'utf8' });
  expect(stderr + String(status)).toMatch(/0$/);
  return stdout.trim();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-regression-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('compare', () => {
  test('two folders: equal ones are the same, exit 0', async () => {
    const [a, b] = [tinyBuild('a', 1, 12), tinyBuild('b', 1, 12)];
    const { status, stdout } = await stopcopy(['compare', a, b, '--no-counted']);
    expect(stdout).toContain('2 same.');
    expect(status).toBe(0);
  });

  test('a slower one with one access more: exit 5, Markdown with its marker, and the document saved', async () => {
    const [a, b] = [tinyBuild('c', 1, 12), tinyBuild('d', 1.1, 13)];
    const { status, stdout } = await stopcopy([
      'compare',
      a,
      b,
      '--no-counted',
      '--markdown',
      '--save',
      'comparison.json',
    ]);
    expect(status).toBe(5);
    expect(stdout.startsWith('<!-- stopcopy-compare -->\n### stopcopy: regression')).toBe(true);
    const document = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as {
      readonly results: readonly unknown[];
    };
    expect(document.results).toMatchObject([
      { name: 'arc/x/accesses', verdict: 'worse', base: 12, candidate: 13 },
      { name: 'frame-write', verdict: 'worse', pairs: 12 },
    ]);
  });

  test('two revisions of a repository are built in worktrees, which are gone afterwards', async () => {
    const repository = tinyBuild('repository', 1, 12);
    const main = join(repository, 'dist', 'bench', 'main.js');
    const source = readFileSync(main, 'utf8');
    // What this repository builds is a copy of one file.
    mkdirSync(join(repository, 'scripts'));
    writeFileSync(
      join(repository, 'scripts', 'build.mjs'),
      "import { cpSync } from 'node:fs';\ncpSync('main.mjs', 'dist/bench/main.js');\n",
    );
    cpSync(join(ROOT, 'package-lock.json'), join(repository, 'package-lock.json'));
    rmSync(join(repository, 'dist'), { recursive: true });
    for (const text of [source, source.replace('value: 12', 'value: 14')]) {
      writeFileSync(join(repository, 'main.mjs'), text);
      if (!existsSync(join(repository, '.git'))) git(repository, 'init', '--quiet');
      git(repository, 'add', '.');
      git(repository, 'commit', '--quiet', '-m', 'a change');
    }
    const { status, stdout, stderr } = await stopcopy(['compare', 'HEAD~1', 'HEAD', '--exact', '--json'], repository);
    expect(stderr).toContain('HEAD~1: building');
    expect(status).toBe(5);
    expect((JSON.parse(stdout) as { results: unknown }).results).toMatchObject([
      { base: 12, candidate: 14, verdict: 'worse' },
    ]);
    expect(git(repository, 'worktree', 'list').split('\n')).toHaveLength(1);
  });

  test.each([
    [['compare'], 'two … missing'],
    [['compare', 'nothing-here', '.'], 'nothing-here … file … folder … revision'],
    [['compare', '.', '.'], 'folder … without … stopcopy'],
    [['compare', 'a', 'r.json'], 'r.json … file … not'],
    [['compare', 'a', 'b', '--accept', 'x'], '--accept … two'],
    [['compare', 'a', 'b', '--effect', '2'], "--effect … '2'"],
  ])('%j is refused with a sentence and exit 2', async (words, says) => {
    tinyBuild('a', 1, 12);
    writeFileSync(join(folder, 'r.json'), JSON.stringify(fixtureResult()));
    const { status, stderr } = await stopcopy(words);
    expect(stderr).toMatch(stating(says));
    expect(status).toBe(2);
  });

  test('two result files: exit 0 when nothing exact differs; a foreign, cut or edited one is refused with exit 3', async () => {
    const text = JSON.stringify(fixtureResult());
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return name;
    };
    const good = file('r.json', text);
    expect((await stopcopy(['compare', good, good])).status).toBe(0);
    for (const [name, content, says] of [
      ['foreign.json', '{"format":"other"}', 'foreign.json … not … stopcopy bench'],
      ['cut.json', text.slice(0, 500), 'cut.json … cut short'],
      ['edited.json', text.replace('"quick":false', '"quick":"no"'), 'quick … "no"'],
    ] as const) {
      const { status, stderr } = await stopcopy(['compare', good, file(name, content)]);
      expect(stderr).toMatch(stating(says));
      expect(status).toBe(3);
    }
  });
});

describe('history', () => {
  test('record, list, show, export, badge and prune', async () => {
    writeFileSync(join(folder, 'bench.json'), JSON.stringify(fixtureResult()));
    expect((await stopcopy(['history', 'record', 'bench.json', '--commit', 'c0ffee'])).status).toBe(0);
    // One record by the command, and the same line nineteen times over.
    const path = join(folder, 'stopcopy-history.ndjson');
    writeFileSync(path, readFileSync(path, 'utf8').repeat(20));
    expect((await stopcopy(['history', 'list'])).stdout).toContain('20 records');
    expect((await stopcopy(['history', 'show'])).stdout).toContain('0 change points in 0 metrics');
    expect((await stopcopy(['history', 'show', 'zip-1-idle/saves'])).stdout).toContain('newest');
    expect((await stopcopy(['history', 'export'])).stdout.split('\n')[0]).toBe(
      'machine,metric,kind,unit,time,commit,value',
    );
    expect((await stopcopy(['history', 'export', 'zip-1-idle/saves', '--badge', 'badge.json'])).status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'badge.json'), 'utf8'))).toMatchObject({
      schemaVersion: 1,
      color: 'blue',
    });
    expect((await stopcopy(['history', 'prune', '--keep', '5'])).stdout).toContain(
      '15 records and 0 damaged lines are gone',
    );
  });

  test('mistakes are sentences', async () => {
    expect((await stopcopy(['history', 'recrod'])).stderr).toMatch(
      stating('recrod', 'record, list, show, prune, export'),
    );
    expect((await stopcopy(['history', 'record'])).stderr).toMatch(stating('nothing'));
    expect((await stopcopy(['history', 'show', '--file', 'none'])).status).toBe(3);
  });
});

describe('docs/ci', () => {
  const workflow = readFileSync(join(ROOT, 'docs', 'ci', 'github-actions.yml'), 'utf8');

  test('the steps of the script run, and leave comment, document, page and badge', () => {
    const [a, b] = [tinyBuild('e', 1, 12), tinyBuild('f', 1.1, 12)];
    const out = join(folder, 'out');
    // `npx` would install; the build of the package does. What a run of bench writes is there already.
    const shim = join(folder, 'shim');
    const result = fixtureResult({ machine: machineFacts(), cells: [fixtureCell('zip', 1, 'idle')] });
    writeFileSync(join(folder, 'bench.json'), JSON.stringify(result));
    const real = [process.execPath, ...STOPCOPY].map((word) => `'${word}'`).join(' ');
    const bench = `cp ${join(folder, 'bench.json')} ${join(out, 'bench-1.json')}`;
    writeFileSync(shim, `#!/bin/bash\nif [ "$1" = bench ]; then ${bench}; else exec ${real} "$@"; fi\n`, {
      mode: 0o755,
    });
    const env = {
      ...process.env,
      STOPCOPY: shim,
      COMMIT: 'c0ffee',
      HISTORY: join(folder, 'ci.ndjson'),
    };
    const { status, stderr } = spawnSync('bash', [join(ROOT, 'docs', 'ci', 'track.sh'), a, b, out], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    });
    expect(stderr).not.toContain('stopcopy:');
    expect(status).toBe(5);
    expect(readFileSync(join(out, 'comment.md'), 'utf8')).toContain('**worse**');
    for (const name of ['comparison.json', 'badge.json', 'exact.md', 'bench.txt'])
      expect(existsSync(join(out, name))).toBe(true);
  });

  test('the workflow is YAML, calls that script, and looks for the marker that a comment begins with', async () => {
    const { jobs } = parse(workflow) as {
      readonly jobs: { readonly compare: { readonly steps: readonly { readonly run?: string }[] } };
    };
    const runs = jobs.compare.steps.flatMap(({ run }) => run ?? []);
    expect(runs.some((run) => run.includes('bash docs/ci/track.sh "$BASE" "$GITHUB_SHA" out'))).toBe(true);
    expect(runs.some((run) => run.includes('startswith("<!-- stopcopy-compare -->")'))).toBe(true);
    for (const run of runs)
      expect(spawnSync('bash', ['-n'], { input: run.replaceAll(/\$\{\{.*?\}\}/g, 'x') }).status).toBe(0);
  });
});
