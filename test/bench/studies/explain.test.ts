/**
 * Explanations of measured pauses: parts add up, measured parts stand next to those of the model that they cover.
 */
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { Output } from '../../../bench/io/output.ts';
import { explained } from '../../../bench/studies/explain/explain.ts';
import { measuredParts } from '../../../bench/studies/explain/parts.ts';
import { readMove } from '../../../bench/studies/import/moves.ts';
import { PAUSE_PARTS } from '../../../sim/base/pause-parts.ts';
import { stating } from '../../stating.ts';

const SAMPLES = join(import.meta.dirname, '..', 'import', 'samples');

function explain(name: string) {
  return explained(readMove(join(SAMPLES, name)), new Output(true), new AbortController().signal);
}

describe('a trace of QEMU', () => {
  test('its parts are those of the checkpoints, and add up to the downtime', async () => {
    const { document } = await explain('qemu-11.1-hisi.trace.log');
    const measured = document.parts.flatMap(({ measuredAs, measuredNs }) => (measuredAs === null ? [] : [[measuredAs, measuredNs! / 1e3]])); // prettier-ignore
    // By hand, from the times of the sample: 8.105600 starts, 8.119100 is stopped, 8.372110, 8.381000, 8.394400; one arc.
    expect(measured).toEqual([
      ['stopping vCPUs', 13_500 - 12_260],
      ['stopping devices', 12_260],
      ['memory', 251_840],
      ['devices saved', 812],
      ['vCPUs and platform saved', 8890],
      ['waiting for the destination', 13_400],
    ]);
    expect(document.sentences.join(' ')).toContain('memory');
    expect(document.parts.filter(({ isDevice }) => isDevice).map(({ parts }) => parts[0])).toEqual(['deviceStop', 'deviceState']); // prettier-ignore
  });
});

test.each(['qemu-10.2-vfio.qmp.jsonl', 'cloud-hypervisor-53-source.log', 'libvirt-11.domjobinfo-rawstats.txt'])(
  '%s: each part of the model is in one row, and their times add up to its pause',
  async (name) => {
    const { document, run } = await explain(name);
    const vm = run.vms[run.longest - 1]!;
    const names = document.parts.flatMap(({ parts }) => parts);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((part) => !(PAUSE_PARTS as readonly string[]).includes(part))).toEqual([]);
    expect(document.parts.reduce((sum, { modelled }) => sum + modelled.value, 0)).toBeCloseTo(vm.pauseNs, 0);
    for (const { modelled } of document.parts) {
      expect(modelled.low).toBeLessThanOrEqual(modelled.value);
      expect(modelled.high).toBeGreaterThanOrEqual(modelled.value);
    }
  },
);

test('changes that are named shorten the pause, and none is named twice', async () => {
  const { document } = await explain('qemu-10.2-vfio.qmp.jsonl');
  expect(document.shorter.length).toBeGreaterThan(0);
  for (const { by } of document.shorter) expect(by).toBeLessThan(0);
  expect(new Set(document.shorter.map(({ change }) => change)).size).toBe(document.shorter.length);
});

test('a move that is not over has no measured downtime', async () => {
  const { document } = await explain('qemu-11.1-active.query-migrate.json');
  expect(document.figures.map(({ measuredNs }) => measuredNs)).toEqual([null, null, null]);
  expect(document.sentences[0]).toMatch(stating('no downtime', 'not over'));
  expect(document.next[0]).toContain('the end of the move');
});

test('the bytes of the pause are a measured part where nothing else was measured', () => {
  const { move } = readMove(join(SAMPLES, 'qemu-10.2-vfio.qmp.jsonl'));
  const [part] = measuredParts(move);
  // 110738232 bytes at 8692 Mbit/s.
  expect(part!.name).toBe('memory');
  expect(part!.ms).toBeCloseTo(110_738_232 / (8692e6 / 8 / 1000), 6);
});
