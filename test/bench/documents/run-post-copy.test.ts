import { expect, test } from 'vitest';

import { runDocument } from '../../../bench/documents/run/document.ts';
import { runSchema } from '../../../bench/documents/run/schema.ts';
import { runSentences } from '../../../bench/documents/run/words.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { type Changes, plan } from '../../sim/scenario/rig.ts';

function document(changes: Changes) {
  const given = plan({ devices: [], assume: undefined, ...changes });
  const [point, short, long] = (['point', 'short', 'long'] as const).map((end) => runScenario(given, end));
  return runDocument({ plan: given, point: point!, short: short!, long: long!, latencies: [] });
}

const WILD = { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond: 2e6, workingSet: '2GiB' } };

test('a run by post-copy says what came after the switchover, when the last of it did, and what a missing page takes', () => {
  const made = document({
    vmmVersion: '10.2',
    memory: WILD,
    qemu: { postCopy: true },
    convergence: { timeout: '30s', whenOut: 'stop' },
  });
  const { pagesArrive, pause } = made.figures;
  const [vm] = made.vms;
  expect(pagesArrive!.value).toBe(vm!.postCopy!.arrivesNs);
  expect(pagesArrive!.low! <= pagesArrive!.value && pagesArrive!.value <= pagesArrive!.high!).toBe(true);
  expect(pause.high).toBeLessThan(1e9);
  const said = runSentences(made).join(' ');
  expect(said).toMatch(/^The VM moved, by post-copy: the user allows it 30\.0 s; the guest dirties /);
  expect(said).toMatch(
    /1\.\d\d GB came by post-copy, after the switchover: the last page \d+ ms .* later\. Until then a page/,
  );
  expect(runSchema.parse(structuredClone(made))).toMatchObject({ vms: [{ postCopy: vm!.postCopy }] });
});

test('where nothing was sent before the switchover, no rate is claimed of it', () => {
  const made = document({
    vmm: 'cloud-hypervisor',
    vmmVersion: 'main',
    cloudHypervisor: { memoryMode: 'postcopy' },
  });
  const said = runSentences(made).join(' ');
  expect(said).toMatch(/The VM moved\. .* No memory was sent before the switchover, which took /);
  expect(said).not.toContain('limited by');
  expect(said).toContain('1.07 GB came by post-copy');
});

test('a run without post-copy has neither the figure nor the sentence', () => {
  const made = document({});
  expect(made.figures).not.toHaveProperty('pagesArrive');
  expect(made.vms[0]).not.toHaveProperty('postCopy');
  expect(runSentences(made).join(' ')).not.toContain('post-copy');
});
