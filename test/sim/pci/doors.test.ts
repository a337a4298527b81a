/**
 * Doors into the BAR of a VF: the facts of each kernel and backend, as docs/isolation.md 13 has them, and the two that decide who
 * reaches what.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { DOOR_STATE_TITLES } from '../../../bench/documents/isolation/document.ts';
import { KERNELS } from '../../../sim/pci/acs-quirks.ts';
import { BACKENDS, type Backend, doorsOf } from '../../../sim/pci/doors.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import { example } from './rig.ts';

const HOSTS = KERNELS.flatMap((kernel) => BACKENDS.map((backend) => ({ kernel, backend, clip: 'all' as const })));

function stateOf(door: string, backend: Backend, kernel: (typeof KERNELS)[number] = '7.3'): string {
  return doorsOf({ kernel, backend, clip: 'all' }).find((each) => each.door === door)!.state;
}

test('docs/isolation.md has each door with what every host makes of it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/isolation.md'), 'utf8');
  const rows = Array.from(page.matchAll(/^\|(.*)\|$/gm), ([, row = '']) => row.split('|').map((cell) => cell.trim()));
  const first = rows.findIndex(([head]) => head === 'door');
  const told = rows.slice(first + 2, first + 2 + doorsOf(HOSTS[0]!).length);
  const answers = HOSTS.map(doorsOf);
  const expected = answers[0]!.map(({ door, by, source }, i) => {
    const states = answers.map((doors) => DOOR_STATE_TITLES[doors[i]!.state]);
    const whys = [...new Set(answers.map((doors) => doors[i]!.why))];
    return [door, by, ...states, whys.join('; '), source].map((cell) => cell.replaceAll('_', '\\_'));
  });
  expect(told.map((row) => row.map((cell) => cell.replaceAll(/(?<!\\)_/g, '\\_')))).toEqual(expected);
});

describe('facts of the reference', () => {
  test('no host of either kernel exports a BAR of the driver, and only 7.3 could with another', () => {
    for (const { kernel, backend } of HOSTS)
      expect(stateOf('dma-buf export of the BAR', backend, kernel)).toBe('closed');
    const why = (kernel: '6.12' | '7.3') =>
      doorsOf({ kernel, backend: 'iommufd', clip: 'all' }).find(({ door }) => door.startsWith('dma-buf'))!.why;
    expect(why('6.12')).toContain('6.19');
    expect(why('7.3')).toContain('EOPNOTSUPP');
  });

  test('MMIO gets into a domain by type1 only', () => {
    expect(stateOf('type1 mapping of an mmapped BAR', 'type1')).toBe('modelled');
    for (const door of ['type1 mapping of an mmapped BAR', 'iommufd mapping of MMIO'])
      expect(stateOf(door, 'iommufd')).toBe('closed');
  });

  test('what the driver does not stop is open', () => {
    const open = (clip: 'none' | 'info' | 'all') =>
      doorsOf({ kernel: '7.3', backend: 'type1', clip }).flatMap(({ door, state }) => (state === 'open' ? [door] : []));
    expect(open('none')).toEqual(['region info', 'read and write', 'mmap']);
    expect(open('info')).toEqual(['read and write', 'mmap']);
    expect(open('all')).toEqual([]);
  });
});

test('with iommufd no BAR of the driver is in a domain, unless the file says so', () => {
  const open = { 'tree[0].functions[0].sriov.all': { clip: 'none' } };
  const reached = (changes: Readonly<Record<string, unknown>>) =>
    isolationOf(example('t02-integrated-reflecting', { ...open, ...changes })).vfs[0]!.self;
  expect(reached({})).toBe('yes');
  expect(reached({ 'iommu.backend': 'iommufd' })).toBe('no');
  expect(reached({ 'iommu.backend': 'iommufd', tenants: { vm1: { mapsBars: true } } })).toBe('yes');
});
