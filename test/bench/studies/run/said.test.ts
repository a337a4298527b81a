/**
 * What `stopcopy run` prints against its document and its exit status, read from the text by a reader that knows no renderer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunDocument } from '../../../../bench/documents/run/document.ts';
import { printRun } from '../../../../bench/documents/run/text.ts';
import { ACT_REASONS } from '../../../../sim/memory/manager.ts';
import { BLOCKERS } from '../../../../sim/memory/precopy-end.ts';
import { captured } from '../../captured.ts';
import { stopcopy } from '../../command.ts';
import { causeFaults, runContradictions, sentencesOf } from './run-reader.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-said-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VM = {
  format: 'stopcopy-scenario',
  version: 2,
  name: 'said',
  description: 'a VM with a VF',
  vcpus: 2,
  memory: { size: '1GiB' },
  stream: { gigabitsPerSecond: 10 },
};
const MOVED = {
  ...VM,
  assume: { dirtyTracking: true },
  devices: [{ profile: 'acc-zip', queues: 2, load: 'half', engine: { cores: 2, taskTime: '100us' } }],
};
const GIVEN_UP = { ...VM, convergence: { timeout: '100ms' } };

test('the reader finds what is planted', async () => {
  const path = join(folder, 'read.json');
  writeFileSync(path, JSON.stringify(MOVED));
  const { stdout, status } = await stopcopy('run', path);
  const document = JSON.parse((await stopcopy('run', path, '--json')).stdout) as RunDocument;
  expect(runContradictions(stdout, document, status)).toEqual([]);
  const vms = document.vms;
  const planted: readonly (readonly [what: string, document: RunDocument, status: number])[] = [
    ['an end', { ...document, vms: vms.map((vm) => ({ ...vm, kind: vm.kind === 'failed' ? 'moved' : 'failed' })) }, 0],
    ['a pause', { ...document, vms: vms.map((vm) => ({ ...vm, pauseNs: vm.pauseNs * 1.5 + 1 })) }, 0],
    [
      'a lost task',
      { ...document, figures: { ...document.figures, wrongTasks: { ...document.figures.wrongTasks, value: 3 } } },
      0,
    ],
    ['a status', document, 1],
    ['a status of another kind', document, 4],
  ];
  const unseen = planted.filter(([, changed, code]) => runContradictions(stdout, changed, code).length === 0);
  expect(unseen.map(([what]) => what)).toEqual([]);
});

describe('tasks that a bug of the driver loses', () => {
  const device = (driver: string) => ({ devices: [{ ...MOVED.devices[0], load: 'saturated', driver }] });

  /** What is printed of a move between drivers of one generation, and its document. */
  async function moved(vmm: string, driver: string) {
    const path = join(folder, 'bug.json');
    writeFileSync(path, JSON.stringify({ ...MOVED, vmm, ...device(driver) }));
    const { stdout, status } = await stopcopy('run', path);
    const json = await stopcopy('run', path, '--json');
    return { said: sentencesOf(stdout), status, document: JSON.parse(json.stdout) as RunDocument };
  }

  test('are said to be lost by R5 where an image goes in two pieces', async () => {
    const { said, status, document } = await moved('qemu', 'linux-6.2');
    expect(status).toBe(1);
    expect(document.vms[0]!.vfs[0]!.hazards).toEqual(['R5']);
    expect(said).toMatch(
      /tasks were lost or completed wrongly \[E\]; R5 struck a VF: reads and writes begin at the start/,
    );
    expect(said).toContain('until Linux 6.8');
  });

  test.each([
    ['qemu', 'linux-6.8'],
    ['qemu', 'linux-6.1'],
    ['cloud-hypervisor', 'linux-6.2'],
  ])('%s with %s: the image goes in one piece, or is put where it belongs', async (vmm, driver) => {
    const { said, status, document } = await moved(vmm, driver);
    expect(document.vms[0]!.vfs[0]!.hazards).toEqual([]);
    expect(said).not.toContain('R5');
    expect(status).toBe(document.figures.wrongTasks.value > 0 ? 1 : 0);
  });
});

test('a planted cause is the only one that is named', async () => {
  const path = join(folder, 'planted.json');
  writeFileSync(path, JSON.stringify(GIVEN_UP));
  const document = JSON.parse((await stopcopy('run', path, '--json')).stdout) as RunDocument;
  const [vm] = document.vms;
  let planted = 0;
  for (const kind of ['cancelled', 'forced'] as const) {
    for (const reason of ACT_REASONS) {
      for (const blocker of BLOCKERS) {
        const cause = {
          reason,
          manager: 'user',
          blocker,
          timeoutNs: 5e9,
          progressTimeoutNs: 4e9,
          usedNs: 5e9,
          limitNs: 3e8,
          fitsBytes: 1e6,
          deviceBytes: 2e6,
          leftBytes: 3e6,
          carriedBytesPerSecond: 1e9,
          dirtiedBytesPerSecond: 2e9,
          limitThatWouldDoNs: 9e8,
        } as const;
        const changed = { ...document, vms: [{ ...vm!, kind, at: null, errno: null, cause }] };
        const { output, stdout } = captured(false);
        printRun(changed, output);
        const faults = causeFaults(sentencesOf(stdout()), changed.vms);
        expect({ kind, reason, blocker, faults }).toEqual({ kind, reason, blocker, faults: [] });
        planted += 1;
      }
    }
  }
  expect(planted).toBe(2 * ACT_REASONS.length * BLOCKERS.length);
});
