/**
 * The public face: a function for every command, types that a user can compile, and a page that says the same.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { buildProgram } from '../../bench/cli/program.ts';
import { packageRoot } from '../../bench/io/package-root.ts';
import * as library from '../../bench/library/index.ts';
import { captured } from '../bench/captured.ts';
import { stopcopy } from '../bench/command.ts';
import { apiPage, BEGINS } from './api-page.ts';

const ROOT = packageRoot();
const ERRORS = ['Bug', 'StatusError', 'UserError'];

/** What of the library does what a command does. */
const DOES: Readonly<Record<string, readonly string[]>> = {
  bench: ['bench', 'benchSuites'],
  run: ['run', 'runPair'],
  can: ['can'],
  plan: ['plan', 'planSweep'],
  explain: ['explain'],
  converge: ['converge'],
  fit: ['fit'],
  send: ['send'],
  receive: ['receive'],
  validate: ['validate'],
  verify: ['verify'],
  check: ['check'],
  calibrate: ['calibrate'],
  isolation: ['isolation'],
  import: ['importFiles'],
  compare: ['compare', 'compareExact'],
  history: ['historySeries', 'recordHistory'],
  report: ['report'],
  // Runs a command line again.
  merge: [],
  upgrade: ['upgrade'],
  ui: ['uiPage'],
};

test('has functions for every command, and nothing else but errors', async () => {
  const { output } = captured(false);
  const program = await buildProgram({
    output,
    signal: new AbortController().signal,
    exit: () => {},
    args: [],
    again: async () => 0 as const,
  });
  const commands = program.commands.map((command) => command.name()).filter((name) => name !== 'stage-process');
  expect(Object.keys(DOES).toSorted()).toEqual(commands.toSorted());
  expect(Object.keys(library).toSorted()).toEqual([...Object.values(DOES).flat(), ...ERRORS].toSorted());
});

test.each([
  ['run idle-vf', () => library.run('idle-vf')],
  ['run idle-vf --seed 9', () => library.run('idle-vf', { seed: 9 })],
  ['isolation t12 --policy thread', () => library.isolation(['t12'], { policy: 'thread' })],
  [
    'can --vmm qemu@10.2 --device hisi_acc_vfio_pci',
    () => library.can({ vmm: 'qemu@10.2', device: ['hisi_acc_vfio_pci'] }),
  ],
])('returns what stopcopy %s --json prints', async (line, call) => {
  const { stdout } = await stopcopy(...line.split(' '), '--json');
  expect(JSON.parse(JSON.stringify(await call()))).toEqual(JSON.parse(stdout));
});

test('a mistake is a UserError, and nothing is printed', async () => {
  await expect(library.run('no-such')).rejects.toBeInstanceOf(library.UserError);
  await expect(library.report({ a: { format: 'other' } })).rejects.toBeInstanceOf(library.UserError);
});

test('docs/library.md is what the TSDoc says', () => {
  const files = ['questions', 'files', 'measurements', 'work-options'].map((name) => {
    const path = `bench/library/${name}.ts`;
    return [path, readFileSync(join(ROOT, path), 'utf8')] as const;
  });
  const path = join(ROOT, 'docs/library.md');
  const page = readFileSync(path, 'utf8');
  const made = `${page.split(BEGINS)[0]}${BEGINS}\n\n${apiPage(files)}`;
  const quotes = process.env['STOPCOPY_QUOTE'] === '1';
  if (quotes) writeFileSync(path, made);
  // Its formatter sets the columns of tables.
  const bare = (text: string): string => text.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '---');
  expect(bare(quotes ? made : page)).toBe(bare(made));
  for (const name of Object.values(DOES).flat()) expect(made).toContain(`\n### \`${name}\`\n`);
});

/** Wrong uses have to be errors: `tsc` refuses an expected error that is none. */
const CONSUMER = `
import { can, isolation, plan, planSweep, run, UserError, verify, type RunDocument, type PlanDocument } from 'stopcopy';
import { World } from 'stopcopy/sim';
import { RealWorld } from 'stopcopy/workers';
import { readHistory } from 'stopcopy/bench';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const document = await run('idle-vf', { seed: 1, onNote: (sentence) => sentence.length });
if ('figures' in document) {
  same<typeof document, RunDocument>(true);
  same<typeof document.figures.pause.value, number>(true);
  if (!(document.figures.pause.value > 0)) throw new Error('no pause');
}
same<Awaited<ReturnType<typeof plan>>, PlanDocument>(true);
same<Awaited<ReturnType<typeof verify>>['passed'], number>(true);
const hint: string | undefined = new UserError('input', 'x').hint;
if (hint !== undefined) throw new Error(hint);
if ((await isolation(['t12'], { policy: 'proof' })).topologies.length !== 1) throw new Error('no topology');

// @ts-expect-error a seed is a number
void (() => run('idle-vf', { seed: '1' }));
// @ts-expect-error there is no such policy
void (() => isolation(['t12'], { policy: 'trust' }));
// @ts-expect-error a sweep needs the place of its document
void (() => planSweep('link', {}, {}));
// @ts-expect-error one name is not a list
void (() => verify('traces'));
// @ts-expect-error a document is not changed
void (() => { (document as RunDocument).version = 1; });
if (![World, RealWorld, readHistory, can].every((each) => typeof each === 'function')) throw new Error('not there');
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-consumer-'));
  const place = join(folder, 'node_modules', 'stopcopy');
  mkdirSync(place, { recursive: true });
  const done = (command: string, ...words: readonly string[]): void => {
    const { status, stderr } = spawnSync(command, words, { cwd: ROOT, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  };
  done('npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  done('tar', '-xzf', join(folder, tarball!), '-C', place, '--strip-components', '1');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies))
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'main.ts'), CONSUMER);
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: false, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

test('a project compiles and runs, with all declarations checked and without the types of Node', () => {
  const compiled = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
  expect(compiled).toMatchObject({ status: 0, stdout: '' });
  const ran = spawnSync(process.execPath, ['main.js'], { cwd: folder, encoding: 'utf8' });
  expect(ran).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

/** Modules that a program loads, on all of its threads, without those of Node. */
function modulesOf(...words: readonly string[]): readonly string[] {
  const list = join(folder, 'loaded.txt');
  const hook = `import { appendFileSync } from 'node:fs';
    export const load = (url, context, next) => (appendFileSync(${JSON.stringify(list)}, url + '\\n'), next(url, context));`;
  const data = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(data(hook))});`;
  writeFileSync(list, '');
  const { status } = spawnSync(process.execPath, ['--import', data(register), ...words], { cwd: folder });
  expect(status).toBe(0);
  const urls = readFileSync(list, 'utf8').trim().split('\n');
  return urls.filter((url) => url.startsWith('file:') && !url.endsWith('/entry.js'));
}

test('stopcopy --help and import of the library load little', () => {
  // Each module costs about a millisecond; with these, help takes less than twice as long as Node that does nothing.
  const help = modulesOf(join('node_modules', 'stopcopy', 'dist', 'bench', 'main.js'), '--help');
  expect(help.length).toBeLessThanOrEqual(30);
  writeFileSync(join(folder, 'entry.js'), "import 'stopcopy';");
  const main = modulesOf('entry.js');
  expect(main.length).toBeLessThanOrEqual(20);
  const heavy = [...help, ...main].filter((url) =>
    /node_modules\/(?:zod|piscina|msgpackr|yaml|cli-progress)\//.test(url),
  );
  expect(heavy).toEqual([]);
  expect(main.some((url) => url.startsWith(pathToFileURL(folder).href))).toBe(true);
});
