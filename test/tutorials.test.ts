/**
 * Does what the tutorials tell their readers to do, in order, and holds what they show against what is printed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import { doStep, stepsOf, stopcopyIn } from './page-examples.ts';

const ROOT = packageRoot();
/** Of a tutorial: each command with its exit status. */
type Statuses = readonly (readonly [command: string, status: number])[];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-tutorial-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function follow(name: string, tree: string): Statuses {
  return stepsOf(readFileSync(join(ROOT, 'docs', name), 'utf8')).flatMap((step) => {
    const status = doStep(step, folder, tree);
    return step.does === 'run' ? [[step.command, status ?? -1] as const] : [];
  });
}

test('docs/tutorial-driver.md, whose change is made in a copy of the sources', { timeout: 300_000 }, () => {
  for (const part of ['sim', 'workers', 'bench', 'traces', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  expect(follow('tutorial-driver.md', folder)).toEqual([
    ['verify traces/plain-stop-copy.upstream-2026.json', 0],
    ['run idle-vf', 0],
    ['bench --suite designs --driver linux-6.12.117 --queue-pairs 64', 0],
    ['verify traces/plain-stop-copy.upstream-2026.json', 1],
    ['compare --exact', 5],
  ]);
});

test('docs/tutorial-vmm.md', { timeout: 300_000 }, () => {
  expect(follow('tutorial-vmm.md', ROOT)).toEqual([
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

test('docs/tutorial-vmm.md says what send and receive say', { timeout: 300_000 }, async () => {
  const page = readFileSync(join(ROOT, 'docs', 'tutorial-vmm.md'), 'utf8');
  const blocks = Array.from(page.matchAll(/ with(?: the likes of)?\n\n```\n([\s\S]*?)^```/gm), ([, text = '']) =>
    withoutFigures(text),
  );
  const start = (task: string) => {
    const words = [task, '--socket', join(folder, 'move.sock'), '--idle-ms', '60000'];
    const child = spawn(process.execPath, [...stopcopyIn(ROOT), ...words], { cwd: folder, stdio: 'pipe' });
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

test('docs/tutorial-operator.md', { timeout: 300_000 }, () => {
  expect(follow('tutorial-operator.md', ROOT)).toEqual([
    ['isolation card.yaml --policy proof', 1],
    ['isolation card.yaml --policy proof', 0],
    ['plan vfs-per-vm --no-tornado', 0],
    ['plan empty-rack --no-tornado', 0],
    ['plan empty-rack --no-tornado --sweep limits=kubevirt,nova,vsphere', 0],
  ]);
});
