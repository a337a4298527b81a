/**
 * What `npm pack` makes: it holds what help and pages name, and nothing else; with STOPCOPY_LONG=1 it is installed in an empty
 * folder, where the first example of every command is run with every version of Node that is supported.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { buildProgram } from '../bench/cli/program.ts';
import { packageRoot } from '../bench/io/package-root.ts';
import { captured } from './bench/captured.ts';
import { effort } from './effort.ts';

const ROOT = packageRoot();
const NODES = [20, 22, 24, 26];

function npm(cwd: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`npm ${words.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

let files: readonly string[];

beforeAll(() => {
  const [packed] = JSON.parse(npm(ROOT, 'pack', '--dry-run', '--json', '--ignore-scripts')) as [
    { readonly files: readonly { readonly path: string }[] },
  ];
  files = packed.files.map(({ path }) => path);
});

/** Help of the program and of all commands. */
async function helpTexts(): Promise<ReadonlyMap<string, string>> {
  const { output, stdout } = captured(false);
  const program = await buildProgram({
    output,
    signal: new AbortController().signal,
    exit: () => {},
    args: [],
    again: async () => 0 as const,
  });
  return new Map(
    [program, ...program.commands].map((command) => {
      command.outputHelp();
      return [command.name(), stdout()];
    }),
  );
}

/** Paths of the package that a text names, without patterns. */
function pathsIn(text: string): readonly string[] {
  const found = text.matchAll(/(?<![\w/.-])(?:bench|dist|docs|sim|traces|workers)\/[\w./-]*\w\/?(?![\w*<{/-])/g);
  // `FORMAT` stands for a name, and `.rst` are pages of other projects.
  return Array.from(found, ([path]) => path.replace(/\/$/, '')).filter((path) => !/\/[A-Z]{3}|\.rst$/.test(path));
}

test('holds every path that help and pages name', async () => {
  const pages = files
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]);
  const texts = new Map([...pages.map(([path = '', text = '']) => [path, text] as const), ...(await helpTexts())]);
  expect(texts.size).toBeGreaterThan(30);
  const known = new Set(
    files.flatMap((path) => path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))),
  );
  const named = [...texts].flatMap(([name, text]) => pathsIn(text).map((path) => ({ name, path })));
  expect(named.length).toBeGreaterThan(200);
  const unknown = named.filter(({ path }) => !known.has(path) && !known.has(path.replace(/\.js$/, '.ts')));
  expect(unknown).toEqual([]);
});

test('holds the data that commands read', () => {
  const folders = [
    'bench/baseline',
    'bench/studies/validation/tables',
    'dist/schemas',
    'sim/fleet/presets',
    'sim/fleet/questions',
  ];
  for (const folder of [...folders, 'sim/memory/profiles', 'sim/pci/topologies', 'sim/scenario/scenarios', 'traces']) {
    const there = readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
    expect(there.length).toBeGreaterThan(0);
    expect(files).toEqual(expect.arrayContaining(there));
  }
});

test('holds nothing that only tests and the build use', () => {
  const tops = new Set(files.map((path) => path.split('/', 1)[0] ?? ''));
  expect([...tops].toSorted()).toEqual(
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bench',
      'dist',
      'docs',
      'package.json',
      'sim',
      'traces',
      'workers',
    ].toSorted(),
  );
  expect(files.filter((path) => /\.test\.|\.map\.map$|tsconfig|vitest|\.tsbuildinfo/.test(path))).toEqual([]);
});

test('the manifest names files that are there', () => {
  const { bin, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly bin: Readonly<Record<string, string>>;
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };
  const named = [bin, ...Object.values(exports)].flatMap((each) =>
    typeof each === 'string' ? [each] : Object.values(each),
  );
  const fixed = named.filter((path) => !path.includes('*')).map((path) => path.replace('./', ''));
  expect(fixed.length).toBeGreaterThan(3);
  expect(files).toEqual(expect.arrayContaining(fixed));
});

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
        readonly steps: readonly { readonly run?: string }[];
      }
    >
  >;
}

test('both workflows try every version of Node that is supported, and run files that are there', () => {
  for (const name of ['ci.yml', 'release.yml']) {
    const { jobs } = parse(readFileSync(join(ROOT, '.github', 'workflows', name), 'utf8')) as Workflow;
    expect(jobs['gate']?.strategy?.matrix.node).toEqual(NODES);
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const named = runs.flatMap((run) => run.match(/(?:\.ci|docs|test)\/[\w./-]+/g) ?? []);
    expect(named).toContain('.ci/run');
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  }
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({
    engines: { node: expect.stringMatching(new RegExp(`^>=${NODES[0]}\\.`)) as string },
  });
});

/** Words after `stopcopy` of the first example of a help, and of the first line of README.md for the command. */
function firstExamples(name: string, help: string, readme: string): readonly string[] {
  const [, ofHelp] = /^Examples:\n {2}stopcopy (.+?) {2}/m.exec(help) ?? [];
  const [, ofReadme] = new RegExp(`npx stopcopy (${name}\\b[^\`\\n&;]*)`).exec(readme) ?? [];
  return [...new Set([ofHelp, ofReadme].flatMap((line) => (line === undefined ? [] : [line.trim()])))];
}

/** Runs a line in the folder, and ends what waits once it has said so. @returns the exit status */
async function runLine(folder: string, node: string, line: string): Promise<number | null> {
  const words = ['node_modules/stopcopy/dist/bench/main.js', ...line.split(' ')];
  const child = spawn(node, words, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (text: Buffer) => {
    if (text.toString().includes('http://127.0.0.1')) child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}

/** Path of a version of Node, from the package `node`. */
function nodeOf(version: number, folder: string): string {
  const words = ['--yes', '--package', `node@${version}`, 'node', '-p', 'process.execPath'];
  const path = spawnSync('npx', words, { cwd: folder, encoding: 'utf8' }).stdout.trim();
  expect(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout).toMatch(new RegExp(`^v${version}\\.`));
  return path;
}

const LONG = effort(false, false, true);

describe.runIf(LONG)('installed in an empty folder', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stopcopy-installed-'));
    npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', folder);
    const [tarball] = readdirSync(folder);
    npm(folder, 'install', `./${tarball!}`, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
    // What the examples have of their own.
    cpSync(join(folder, 'node_modules/stopcopy/sim/scenario/scenarios/zip-64.yaml'), join(folder, 'mine.yaml'));
    mkdirSync(join(folder, 'results'));
    const author = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@localhost'];
    for (const words of [
      ['init', '--quiet'],
      [...author, 'commit', '--quiet', '--allow-empty', '--message', 'first'],
    ]) {
      if (spawnSync('git', words, { cwd: folder }).status !== 0) throw new Error(`git ${words.join(' ')} failed`);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(NODES)('the first examples of every command work with Node %d', async (version) => {
    const node = nodeOf(version, folder);
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const helps = await helpTexts();
    const lines = [...helps].flatMap(([name, help]) => (name === 'stopcopy' ? [] : firstExamples(name, help, readme)));
    expect(lines.length).toBeGreaterThan(15);
    const failed: string[] = [];
    for (const line of lines) {
      let placed = line
        .replace('/tmp/', `${folder}/`)
        .replace(/RESULT.*/, 'results/bench.json')
        .replace('FILE', 'mine.yaml');
      const [name] = placed.split(' ');
      if (placed === 'bench' && version !== NODES[0]) placed = 'bench --quick';
      // A source needs a destination, which is tried with it.
      if (name === 'send' && !placed.includes('--help')) continue;
      const others = name === 'receive' ? [runLine(folder, node, placed.replace('receive', 'send'))] : [];
      const statuses = await Promise.all([runLine(folder, node, placed), ...others]);
      if (statuses.some((status) => status !== 0)) failed.push(`${line}: ${statuses.join(', ')}`);
      const measured = readdirSync(join(folder, 'results')).find((file) => /^bench-.*\.json$/.test(file));
      if (measured !== undefined && !existsSync(join(folder, 'results/bench.json')))
        cpSync(join(folder, 'results', measured), join(folder, 'results/bench.json'));
    }
    expect(failed).toEqual([]);
  });
});
