import { describe, expect, test } from 'vitest';

import { complaint, example } from './rig.ts';
import { stating } from '../../stating.ts';

const PF = 'tree[0].functions[0]';
const DP = 'tree[0].below[0].below[0]';
const CARD = `${DP}.below[0].functions[0]`;

describe('what no server can be is refused, with the field and what to try', () => {
  test.each([
    [
      't01-integrated',
      { [`${PF}.sriov.offset`]: 0x100, [`${PF}.sriov.stride`]: 0x8000, [`${PF}.sriov.vfs`]: 3 },
      'leads to 0001:',
    ],
    ['t01-integrated', { [`${PF}.sriov.bars[0].at`]: '0x140010000' }, 'lies on top of tree[0].functions[0].bars[0]'],
    ['t01-integrated', { [`${PF}.sriov.bars[0].at`]: '0x140401000' }, '0x140401000 … multiple'],
    ['t01-integrated', { [`${PF}.bars[0].size`]: '3MiB' }, 'no power of two'],
    ['t01-integrated', { [`${PF}.sriov.bars`]: [] }, 'sriov.bars … BAR 2 … control area'],
    ['t01-integrated', { [`${PF}.sriov.vfs`]: 64 }, '64 … at most 63'],
    ['t01-integrated', { [`${PF}.sriov.each.3`]: { tenant: 'vm3' } }, 'sriov.each.3'],
    [
      't01-integrated',
      { [`${PF}.version`]: 'V3', [`${PF}.id`]: '19e5:a250 rev 21' },
      'functions[0].version … V3 … id … V2',
    ],
    ['t01-integrated', { [`${PF}.version`]: null }, 'functions[0].version … missing … zip'],
    ['t01-integrated', { [`${PF}.sriov.window`]: 'pf-bar' }, 'window … pf-bar … V3'],
    ['t01-integrated', { [`${PF}.tenant`]: 'vm9' }, 'driver … true … vm9'],
    ['t01-integrated', { [`${PF}.clip`]: 'all' }, 'functions[0].clip … physical function'],
    ['t01-integrated', { [`${PF}.acs`]: { can: 'RR', on: 'RR DT' } }, 'acs.on … DT … `can`'],
    ['t01-integrated', { tenants: { vm7: {} } }, 'tenants.vm7 … no function'],
    ['t01-integrated', { tenants: { host: {} } }, 'tenants.host'],
    ['t01-integrated', { opens: ['75:00.0'] }, 'opens[0] … 0000:75:00.0 … no VM'],
    ['t01-integrated', { opens: ['75:01.0'] }, '0000:75:01.0 … no function'],
    ['t23-windows-in-pf', { [`${PF}.bars[0].size`]: '1MiB' }, 'BAR 2 … PF … large enough'],
    ['t12-card-under-switch', { [`${CARD}.at`]: '04:00.0' }, '0000:04:00.0 … another bus'],
    ['t12-card-under-switch', { 'tree[0].below[0].below[1].buses': '04-05' }, 'buses … 02-04'],
    ['t12-card-under-switch', { [`${DP}.buses`]: '03-04' }, 'buses … overlap … 0000:02:00.0 … 03-04'],
    ['t12-card-under-switch', { [`${DP}.buses`]: '02-02' }, 'buses do not rise'],
    ['t12-card-under-switch', { [`${DP}.at`]: '02:01.0' }, '0000:02:01.0 … taken'],
    ['t12-card-under-switch', { [`${DP}.windows`]: ['80000000-800fffff'] }, 'outside … windows'],
    ['t12-card-under-switch', { [`${DP}.windows`]: ['2-1'] }, '0x2 … ends before'],
    [
      't12-card-under-switch',
      { 'tree[0].windows': ['0-1ffffffff'], [`${DP}.windows`]: ['0-2ffffffff'] },
      'not … window',
    ],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', egress: ['02:01.0'] } }, '`can` … EC'],
    [
      't12-card-under-switch',
      { [`${DP}.acs`]: { can: 'EC', on: 'EC', egress: ['01:00.0'] } },
      '0000:01:00.0 … sibling',
    ],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', wired: 'RR' } }, 'wired … RR … `can`'],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', wired: 'DT' } }, 'wired … EC … DT'],
    ['t12-card-under-switch', { [`${DP}.kind`]: 'root-port' }, 'root-port … switch'],
    ['t12-card-under-switch', { [`${CARD}.sriov.offset`]: 0x200 }, 'beyond … buses'],
    ['t21-pci-bridge', { 'tree[0].below[0].below[0].functions[0].sriov.all': { ats: {} } }, 'ATS … bridge'],
    ['server', { 'tree[0].functions[0].at': '05:01.0' }, 'bus … 0000:00:08.0'],
    ['server', { 'tree[1].functions[0].at': '75:00.3' }, 'slot … tree[0]'],
  ])('%s with %j', (name, changes, sentence) => {
    const said = complaint(name, changes);
    expect(said).toMatch(stating(sentence));
    expect(said).toMatch(/^\w[\w-]*: \S+ .+ \| .+[.`]$/);
  });
});

test('a control area is the upper half of the VF, or the window of its number in the PF', () => {
  const inVf = example('t01-integrated');
  expect(inVf.areas.map(({ start, end }) => [start, end])).toEqual([
    [0x140408000, 0x140410000],
    [0x140418000, 0x140420000],
  ]);
  const inPf = example('t23-windows-in-pf');
  expect(inPf.areas.map(({ start, end }) => [start - 0x140000000, end - start])).toEqual([
    [0x182000, 0x2000],
    [0x184000, 0x2000],
  ]);
});

test('a domain has what the VMM can map', () => {
  const lower = { start: 0x140400000, end: 0x140408000 };
  const whole = { start: 0x140400000, end: 0x140410000 };
  const all = 'tree[0].functions[0].sriov.all';
  expect(example('t01-integrated').domains[1]!.mapped).toEqual([lower]);
  expect(example('t01-integrated', { hostPageSize: '64KiB' }).domains[1]!.mapped).toEqual([]);
  expect(example('t01-integrated', { [all]: { clip: 'info' }, hostPageSize: '64KiB' }).domains[1]!.mapped).toEqual([
    whole,
  ]);
  expect(example('t01-integrated', { tenants: { vm1: { mapsBars: false } } }).domains[1]!.mapped).toEqual([]);
  // Only BAR 2 is clipped.
  const bars = [
    { bar: 0, at: 0x150000000, size: '64KiB' },
    { bar: 2, at: 0x140400000, size: '64KiB' },
  ];
  const two = example('t01-integrated', { 'tree[0].functions[0].sriov.bars': bars });
  expect(two.domains[1]!.mapped).toEqual([lower, { start: 0x150000000, end: 0x150010000 }]);
  // Nothing is hidden of a VF that cannot migrate.
  expect(example('t25-plain').domains[1]!.mapped).toEqual([whole]);
  expect(example('t23-windows-in-pf').domains[1]!.mapped).toEqual([whole]);
});

test('the revision in the id says which hardware it is', () => {
  const plainOf = (id: string): string | undefined => {
    const topology = example('t01-integrated', { [`${PF}.version`]: null, [`${PF}.id`]: id });
    return topology.functions.find(({ pf }) => pf !== undefined)!.plainBecause;
  };
  expect(plainOf('19e5:a250 rev 30')).toBeUndefined();
  expect(plainOf('19e5:a250 rev 21')).toMatch(stating('V2', 'cannot migrate', 'V3'));
  expect(complaint('t01-integrated', { [`${PF}.version`]: null, [`${PF}.id`]: '19e5:a250 rev 40' })).toContain(
    'version is missing',
  );
});
