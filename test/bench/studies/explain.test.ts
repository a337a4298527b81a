/**
 * Explanations of measured pauses: parts add up, measured parts stand next to those of the model that they cover.
 */
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { explainTables, UNEXPLAINED } from '../../../bench/documents/explain/text.ts';
import { Output } from '../../../bench/io/output.ts';
import { explained } from '../../../bench/studies/explain/explain.ts';
import { measuredParts } from '../../../bench/studies/explain/parts.ts';
import { readMove } from '../../../bench/studies/import/moves.ts';
import { PAUSE_PARTS } from '../../../sim/base/pause-parts.ts';
import { formatNs } from '../../../sim/base/units.ts';
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

test('a move that still runs: what the VMM expects and what is left to send, and what total and downtime will be', async () => {
  const { document, run } = await explain('qemu-11.1-active.query-migrate.json');
  expect(document.figures.map(({ measuredNs }) => measuredNs)).toEqual([null, null, null]);
  // 767457328 bytes left less 453894144 of memory, at 8692 Mbit/s; 40 bytes of devices were sent.
  const said = document.sentences.join(' ');
  expect(said).toMatch(stating('no total', 'no downtime', '7.90 s', '101 ms', '454 MB', '314 MB', '706 ms'));
  expect(document.assumed.find(({ field }) => field === 'devices')!.value).toContain(
    `${767_457_328 - 453_894_144 + 40}B`,
  );
  expect(run.vms[0]!.totalNs).toBeGreaterThan(7.9e9);
  // One answer in the second iteration does not say when that began.
  expect(document.iterations).toEqual([]);
  expect(document.next[0]).toContain('the end of the move');
});

test('what no part accounts for of a measured downtime is a row of its own', async () => {
  const { document } = await explain('qemu-9.2.info-migrate.txt');
  const { unexplained, parts } = document;
  const explainedNs = parts.reduce((sum, { measuredNs, modelled }) => sum + (measuredNs ?? modelled.value), 0);
  expect(Math.round((unexplained!.ns + explainedNs) / 1e6)).toBe(970);
  expect(unexplained!.share).toBeCloseTo(unexplained!.ns / 970e6, 9);
  expect(document.sentences.join(' ')).toMatch(stating('no part accounts for', 'trace'));
  const row = explainTables(document).flatMap(({ rows }) => rows.filter(([title]) => title === UNEXPLAINED));
  expect(row.map(([, ms]) => ms)).toEqual([formatNs(unexplained!.ns)]);
});

test('the bytes of the pause are a measured part where nothing else was measured', () => {
  const { move } = readMove(join(SAMPLES, 'qemu-10.2-vfio.qmp.jsonl'));
  const [part] = measuredParts(move);
  // 110738232 bytes at 8692 Mbit/s.
  expect(part!.name).toBe('memory');
  expect(part!.ms).toBeCloseTo(110_738_232 / (8692e6 / 8 / 1000), 6);
});
