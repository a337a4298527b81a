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
    ['t01-integrated', { [`${PF}.sriov.bars[0].at`]: '0x140401000' }, 'which is no multiple of that'],
    ['t01-integrated', { [`${PF}.bars[0].size`]: '3MiB' }, 'no power of two'],
    ['t01-integrated', { [`${PF}.sriov.bars`]: [] }, 'sriov.bars lacks BAR 2, which holds the control area'],
    ['t01-integrated', { [`${PF}.sriov.vfs`]: 64 }, 'is 64, an accelerator has at most 63'],
    ['t01-integrated', { [`${PF}.sriov.each.3`]: { tenant: 'vm3' } }, 'each.3 speaks of a VF that is not there'],
    [
      't01-integrated',
      { [`${PF}.version`]: 'V3', [`${PF}.id`]: '19e5:a250 rev 21' },
      'functions[0].version is V3, and the revision in id says V2',
    ],
    ['t01-integrated', { [`${PF}.version`]: null }, 'functions[0].version is missing, and zip is an accelerator'],
    ['t01-integrated', { [`${PF}.sriov.window`]: 'pf-bar' }, 'window is pf-bar on hardware V3'],
    ['t01-integrated', { [`${PF}.tenant`]: 'vm9' }, 'driver is true while the function is given to vm9'],
    ['t01-integrated', { [`${PF}.clip`]: 'all' }, 'clip stands at a physical function'],
    ['t01-integrated', { [`${PF}.acs`]: { can: 'RR', on: 'RR DT' } }, 'acs.on has DT, which `can` does not offer'],
    ['t01-integrated', { tenants: { vm7: {} } }, 'tenants.vm7 is given no function'],
    ['t01-integrated', { tenants: { host: {} } }, 'tenants.host is the host'],
    ['t01-integrated', { opens: ['75:00.0'] }, 'opens[0] 0000:75:00.0 is the function of no VM'],
    ['t01-integrated', { opens: ['75:01.0'] }, 'is no function of this topology'],
    ['t23-windows-in-pf', { [`${PF}.bars[0].size`]: '1MiB' }, 'no BAR 2 of the PF is large enough'],
    ['t12-card-under-switch', { [`${CARD}.at`]: '04:00.0' }, 'is 0000:04:00.0, on another bus'],
    [
      't12-card-under-switch',
      { 'tree[0].below[0].below[1].buses': '04-05' },
      'buses leave the range of the bridge above, 02-04',
    ],
    ['t12-card-under-switch', { [`${DP}.buses`]: '03-04' }, 'buses overlap those of 0000:02:00.0, 03-04'],
    ['t12-card-under-switch', { [`${DP}.buses`]: '02-02' }, 'buses do not rise'],
    ['t12-card-under-switch', { [`${DP}.at`]: '02:01.0' }, 'is or leads to 0000:02:01.0, which is taken'],
    ['t12-card-under-switch', { [`${DP}.windows`]: ['80000000-800fffff'] }, 'outside the windows of the bridge above'],
    ['t12-card-under-switch', { [`${DP}.windows`]: ['2-1'] }, 'begins at 0x2 and ends before that'],
    [
      't12-card-under-switch',
      { 'tree[0].windows': ['0-1ffffffff'], [`${DP}.windows`]: ['0-2ffffffff'] },
      'is not inside a window',
    ],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', egress: ['02:01.0'] } }, '`can` does not offer EC'],
    [
      't12-card-under-switch',
      { [`${DP}.acs`]: { can: 'EC', on: 'EC', egress: ['01:00.0'] } },
      '0000:01:00.0 is no sibling',
    ],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', wired: 'RR' } }, 'wired has RR, which `can` offers'],
    ['t12-card-under-switch', { [`${DP}.acs`]: { can: 'RR', wired: 'DT' } }, 'wired has EC or DT'],
    ['t12-card-under-switch', { [`${DP}.kind`]: 'root-port' }, 'is root-port, below a switch'],
    ['t12-card-under-switch', { [`${CARD}.sriov.offset`]: 0x200 }, 'beyond the buses of the bridge above'],
    [
      't21-pci-bridge',
      { 'tree[0].below[0].below[0].functions[0].sriov.all': { ats: {} } },
      'ATS enabled behind a bridge',
    ],
    ['server', { 'tree[0].functions[0].at': '05:01.0' }, 'on a bus behind 0000:00:08.0'],
    ['server', { 'tree[1].functions[0].at': '75:00.3' }, 'is in the slot of tree[0]'],
  ])('%s with %j', (name, changes, sentence) => {
    const said = complaint(name, changes);
    expect(said).toContain(sentence);
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
  // Of a VF that cannot migrate nothing is hidden.
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
