/**
 * What is kept of a file is bounded, whatever its size, and what is not kept is named.
 */
import { expect, test } from 'vitest';

import { addFindings, type Finding, Room } from '../../../bench/import/reader.ts';
import { readTextOf } from '../../../bench/import/readers.ts';

const poll = (n: number, syncs: number, mbps: number): string =>
  JSON.stringify({ return: { status: 'active', 'total-time': n, ram: { normal: n, 'page-size': 4096, 'dirty-sync-count': syncs, mbps } } }); // prettier-ignore

test('answers that say no more than those around them are not kept, and none is lost of what they say together', () => {
  const all = Array.from({ length: 21_000 }, (_, n) => poll(n + 1, 1 + Math.floor(n / 7000), n === 20_500 ? 950 : 900));
  const { facts } = readTextOf('move', all.join('\n'), 'x');
  expect(facts.said).toMatchObject({ polls: 21_000, normalPages: 21_000, totalMs: 21_000, dirtySyncCount: 3 });
  const [move] = facts.moves;
  expect(move!.figures.sendingBytesPerSecond?.value).toBe((950 * 1e6) / 8);
  expect(move!.iterations.map(({ startMs }) => startMs)).toEqual([0, 7001, 14_001]);
});

test('findings of one kind are summed up, those of others stay', () => {
  const findings: Finding[] = [];
  for (let line = 1; line <= 5000; line++) addFindings(findings, { kind: 'warning', line, text: 'damaged' });
  addFindings(findings, { kind: 'read', text: 'all' });
  expect(findings.map(({ kind }) => kind).filter((kind) => kind === 'read')).toHaveLength(1);
  expect(findings).toHaveLength(1002);
  expect(findings[1000]).toMatchObject({ line: 1001, kind: 'warning' });
});

test('what there is no room for is named with its line', () => {
  const room = new Room(2, 'moves');
  expect([room.take(5), room.take(6), room.take(9), room.take(10)]).toEqual([true, true, false, false]);
  const findings: Finding[] = [];
  room.note(findings);
  expect(findings).toMatchObject([{ kind: 'warning', line: 9 }]);
});

test('more rows or functions than a fleet or a machine has are refused with the line', () => {
  const rows = Array.from({ length: 100_001 }, (_, i) => `v${i},h,1,1`);
  expect(() => readTextOf('fleet', `name,host,vcpus,memoryGiB\n${rows.join('\n')}\n`, 'x')).toThrow('line 100002');
});
