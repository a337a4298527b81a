import { describe, expect, test } from 'vitest';

import { parseAddress } from '../../../sim/pci/address.ts';
import { groupMembers, groupsOf } from '../../../sim/pci/groups.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import { at, example } from './rig.ts';

/** Members of the group of a function. */
function groupOf(topology: Topology, address: string): readonly string[] {
  const { groups, groupOf: numbers } = groupsOf(topology);
  return groupMembers(topology, groups[numbers[at(topology, parseAddress(address))]!]!);
}

describe('the group of a VF', () => {
  test('is its own where all ports have all bits, even if functions are joined inside', () => {
    expect(groupOf(example('t16-all-on'), '05:00.1')).toEqual(['0000:05:00.1']);
    expect(groupOf(example('t05-crossbar'), '75:00.1')).toEqual(['0000:75:00.1']);
    expect(groupOf(example('t06-functions-without-acs'), '75:00.4')).toEqual(['0000:75:00.4']);
    expect(groupOf(example('t06-functions-without-acs'), '75:00.0')).toEqual(['0000:75:00.0', '0000:75:00.1']);
  });

  test('is that of the topmost port up to which not all passes', () => {
    const card3 = ['0000:03:00.0', '0000:03:00.1', '0000:03:00.2'];
    // Linux looks up from each port: siblings that reach each other straight are groups of their own all the same.
    expect(groupOf(example('t12-card-under-switch'), '03:00.1')).toEqual(['downstream port 0000:02:00.0', ...card3]);
    const upper = groupOf(example('t15-upper-switch'), '05:00.1');
    expect(upper.slice(0, 4)).toEqual([
      'downstream port 0000:02:00.0',
      'switch 0000:03:00.0',
      'downstream port 0000:04:00.0',
      'downstream port 0000:04:01.0',
    ]);
    expect(upper).toHaveLength(4 + 5);
  });

  test('takes a bit that the capability lacks for wired on, and no capability for none', () => {
    expect(groupOf(example('t10-forwarding-missing'), '01:00.1')).toEqual(['0000:01:00.1']);
    expect(groupOf(example('t11-root-port-without-acs'), '01:00.1')).toHaveLength(4);
    const without = example('t08-card-under-root-port', { 'tree[0].acs': { can: '' } });
    expect(groupOf(without, '01:00.1')).toEqual(['0000:01:00.1']);
  });

  test('behind a bridge to conventional PCI is the bridge’s', () => {
    expect(groupOf(example('t21-pci-bridge'), '02:00.2')[0]).toBe('PCI bridge 0000:01:00.0');
  });

  test('of ports in one slot without ACS is shared', () => {
    const apart = example('t11-root-port-without-acs', { 'tree[1].acs': null });
    expect(groupOf(apart, '01:00.1')).not.toContain('root port 0000:00:02.0');
    const together = example('t11-root-port-without-acs', { 'tree[1].acs': null, 'tree[1].at': '00:01.1' });
    expect(groupOf(together, '01:00.1')).toContain('root port 0000:00:01.1');
  });
});

test('a group goes to one VM, and to none while a driver of the host holds a member', () => {
  const because = (changes: Readonly<Record<string, unknown>>): readonly string[] =>
    isolationOf(example('t27-shared-group', changes)).openings.map((opening) => opening.because);
  expect(because({})).toEqual(['', 'vm1 has opened the group already']);
  expect(because({ opens: ['01:00.2', '01:00.1'] })).toEqual(['', 'vm2 has opened the group already']);
  const driver = 'a driver of the host is bound to 0000:01:00.0 of the same group';
  expect(because({ 'tree[0].below[0].functions[0].driver': true })).toEqual([driver, driver]);
});
