/**
 * Does what the tutorials have their readers do, in order, and holds what they show against what is printed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import { type Ended, stopcopyAt } from './bench/command.ts';
import { doStep, stepsOf } from './page-examples.ts';
import { OneProgram } from './one-program.ts';
import { runStopcopy, STOPCOPY } from './program.ts';

const ROOT = packageRoot();
const PROJECT_FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json'];
/** Commands of a tutorial, each with its exit status. */
type Statuses = readonly (readonly [command: string, status: number | null])[];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-tutorial-'));
  // What stands in place of a reader's own files.
  cpSync(join(ROOT, 'bench/studies/import/examples'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Does the steps of a tutorial.
 *
 * @param run runs a command line in the folder
 * @param changed is called after a change of files
 */
async function follow(
  name: string,
  run: (words: readonly string[]) => Ended | Promise<Ended>,
  changed: (diff: string) => Promise<void> = async () => {},
): Promise<Statuses> {
  const statuses: [string, number | null][] = [];
  for (const step of stepsOf(readFileSync(join(ROOT, 'docs', name), 'utf8'))) {
    const status = await doStep(step, folder, run);
    if (step.does === 'run') statuses.push([step.command, status]);
    if (step.does === 'patch') await changed(step.diff);
  }
  return statuses;
}

const inThisProcess = (words: readonly string[]): Promise<Ended> => stopcopyAt(folder, ...words);

/** Compiles the files that a change is of into the build, and what they import: what it does to others is for `npm run build`. */
function compileChanged(diff: string): void {
  const files = Array.from(diff.matchAll(/^\+\+\+ b\/(.+)$/gm), ([, file = '']) => file);
  expect(files).not.toEqual([]);
  writeFileSync(
    join(folder, 'tsconfig.changed.json'),
    JSON.stringify({ extends: './tsconfig.json', files, include: [] }),
  );
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const ended = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.changed.json'], { cwd: folder, encoding: 'utf8' });
  expect(ended).toMatchObject({ status: 0, stdout: '', stderr: '' });
}

test('docs/tutorial-driver.md, whose change is made and compiled in a copy of the checkout', async () => {
  for (const part of ['sim', 'workers', 'bench', 'dist', 'traces', ...PROJECT_FILES])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  // Until the change, the copy is what runs here.
  let program: OneProgram | undefined;
  const run = async (words: readonly string[]): Promise<Ended> => {
    // A cost table holds for the whole process.
    if (words.includes('--costs')) return runStopcopy(words, { cwd: folder });
    return (await program?.run(...words)) ?? inThisProcess(words);
  };
  const changed = async (diff: string): Promise<void> => {
    compileChanged(diff);
    program = await OneProgram.start({ cwd: folder, build: folder });
  };
  try {
    expect(await follow('tutorial-driver.md', run, changed)).toEqual([
      ['verify driver.trace-cmd.txt driver.vmallocinfo.txt', 1],
      ['calibrate driver.trace-cmd.txt driver.vmallocinfo.txt --out costs.yaml', 0],
      ['run idle-vf --costs costs.yaml', 0],
      ['verify traces/plain-stop-copy.upstream-2026.json', 0],
      ['run idle-vf', 0],
      ['bench --suite designs --driver linux-6.12.117 --queue-pairs 64', 0],
      ['verify traces/plain-stop-copy.upstream-2026.json', 1],
      ['compare --exact', 5],
    ]);
  } finally {
    program?.end();
  }
});

test('docs/tutorial-vmm.md', async () => {
  expect(await follow('tutorial-vmm.md', inThisProcess)).toEqual([
    ['explain qemu-zip.qmp.jsonl', 0],
    ['import qemu-zip.qmp.jsonl --set vcpus=16 --out moved.yaml', 0],
    ['run moved.yaml', 0],
    ['run mine.yaml', 0],
    ['run mine.yaml', 0],
    ['run mine.yaml', 0],
    ['run link-fails', 0],
  ]);
});

/** Figures of a move between processes are those of one machine; the words around them are not. */
function withoutFigures(text: string): string {
  return text
    .trim()
    .replaceAll(/\S+\.sock/g, 'SOCKET')
    .replaceAll(/\d[\d.]*(?: (?:[nµm]?s|[kMG]?B)\b)?/g, 'N');
}

test('docs/tutorial-vmm.md says what send and receive say', async () => {
  const page = readFileSync(join(ROOT, 'docs', 'tutorial-vmm.md'), 'utf8');
  const blocks = Array.from(page.matchAll(/ with(?: the likes of)?\n\n```\n([\s\S]*?)^```/gm), ([, text = '']) =>
    withoutFigures(text),
  );
  const start = (task: string) => {
    const words = [task, '--socket', join(folder, 'move.sock'), '--idle-ms', '60000'];
    const child = spawn(process.execPath, [...STOPCOPY, ...words], { cwd: folder, stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    return { child, ended: once(child, 'close').then(([status]) => ({ status: Number(status), stdout })) };
  };
  const receive = start('receive');
  try {
    // It says where it listens before anybody may connect.
    for (let said = ''; !said.includes('listening at');) said += String(await once(receive.child.stderr, 'data'));
    const sent = await start('send').ended;
    const received = await receive.ended;
    expect([sent.status, received.status]).toEqual([0, 0]);
    expect(blocks).toEqual([withoutFigures(sent.stdout), withoutFigures(received.stdout)]);
  } finally {
    receive.child.kill('SIGKILL');
  }
});

test('docs/tutorial-operator.md', async () => {
  expect(await follow('tutorial-operator.md', inThisProcess)).toEqual([
    ['plan --fleet kubevirt-fleet.json --host worker-2 --no-tornado', 0],
    ['plan vfs-per-vm --no-tornado', 0],
    ['plan empty-rack --no-tornado', 0],
    ['plan empty-rack --no-tornado --sweep limits=kubevirt,nova,vsphere', 0],
  ]);
});

test('docs/tutorial-reviewer.md', async () => {
  expect(await follow('tutorial-reviewer.md', inThisProcess)).toEqual([
    ['isolation server.lspci.txt --policy proof', 1],
    ['isolation server.lspci.txt --policy proof', 0],
  ]);
});
