/**
 * Groups of a kernel that are not as its rules give them: the cause is found by trying, and is one that was put in.
 */
import { describe, expect, test } from 'vitest';

import { kernelGroupsReport } from '../../../bench/studies/isolation/kernel-groups.ts';
import { Random } from '../../../sim/base/random.ts';
import { formatAddress, parseAddress } from '../../../sim/pci/address.ts';
import { type GroupCause, groupCauses } from '../../../sim/pci/group-difference.ts';
import { groupsOf } from '../../../sim/pci/groups.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import type { NodeDocument, TopologyDocument } from '../../../sim/pci/topology-file.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import { effort } from '../../effort.ts';
import { machineFrom, machineTape } from '../../oracles/random-machine.ts';
import { example, groupNames } from './rig.ts';

/** Groups of one server as those that the kernel of another has built. */
function differences(topology: Topology, real: Topology) {
  const kernelGroups = groupNames(real, groupsOf(real)).map((members, group) => ({
    group,
    members: members.map(parseAddress),
  }));
  const document = { ...topology.document, kernelGroups };
  return kernelGroupsReport(isolationOf({ ...topology, document }))!.differences;
}

/** Causes of the first difference between what the rules give and the groups of another server. */
function causes(topology: Topology, real: Topology): readonly GroupCause[] {
  const [first] = differences(topology, real);
  const members = first!.kernel.map((group) => group.members.map(parseAddress));
  const elsewhere = new Set(groupNames(real, groupsOf(real)).flat().map(parseAddress));
  for (const address of members.flat()) elsewhere.delete(address);
  return groupCauses(topology, members, elsewhere);
}

const PORT = '0000:00:01.0';
const places = (found: readonly GroupCause[]): readonly string[] =>
  found.flatMap((cause) => ('address' in cause ? [`${cause.of} ${formatAddress(cause.address)}`] : [cause.of]));

describe('a cause that was put in is found', () => {
  const good = example('t08-card-under-root-port');

  test('bits that were lost since', () => {
    const lost = example('t08-card-under-root-port', { 'tree[0].acs.on': '' });
    expect(places(causes(lost, good))).toEqual(['bits-on', `isolated ${PORT}`]);
    expect(differences(lost, good)[0]!.why).toContain('reset');
  });

  test('a port that did not isolate then', () => {
    const was = example('t08-card-under-root-port', { 'tree[0].acs.on': 'SV' });
    expect(places(causes(good, was))).toEqual([`open ${PORT}`]);
  });

  test('an override that is not in the file, and a part known by an ID that is not', () => {
    const bare = example('t11-root-port-without-acs');
    const overridden = example('t11-root-port-without-acs', { commandLine: 'pcie_acs_override=downstream' });
    const found = causes(bare, overridden);
    expect(found[0]).toMatchObject({ of: 'override', options: 'downstream', lacksIds: true });
    expect(differences(bare, overridden)[0]!.why).toMatch(/pcie_acs_override=downstream.*lspci -nn/);
    const known = example('t11-root-port-without-acs', { 'tree[0].id': '8086:1d10' });
    expect(places(causes(bare, known))).toContain(`isolated ${PORT}`);
  });

  test('the kernel of the groups', () => {
    const name = 't29-functions-of-one-card';
    const variant = { 'tree[0].below': null };
    const idt = (kernel: string) =>
      example(name, {
        ...variant,
        kernel,
        tree: [
          {
            kind: 'root-port',
            at: '00:01.0',
            buses: '01-01',
            id: '111d:80b5',
            acs: { can: 'SV RR CR UF', on: 'RR CR UF' },
            below: [{ kind: 'device', functions: [{ at: '01:00.0' }, { at: '01:00.1', acs: { can: '', on: '' } }] }],
          },
        ],
      });
    expect(causes(idt('7.3'), idt('6.12'))[0]).toEqual({ of: 'kernel', kernel: '6.12' });
  });

  test('none where no one change gives the groups', () => {
    const [one] = differences(good, example('t08-card-under-root-port', { 'tree[0].acs': null, 'tree[1].acs': null }));
    expect(one!.why).toContain(PORT);
    const members = [['0000:00:01.0', '0000:00:02.0'].map(parseAddress)];
    expect(groupCauses(good, members, new Set())).toEqual([]);
  });
});

/** The same machine with the words of one port off. */
function withPortOff(document: TopologyDocument, random: Random): TopologyDocument | undefined {
  const ports: number[] = [];
  const visit = (node: NodeDocument): void => {
    if (node.kind === 'device') return;
    const isPort = node.kind === 'root-port' || node.kind === 'downstream-port';
    if (isPort && node.acs?.can !== undefined && node.acs.on !== 0) ports.push(node.at);
    for (const each of node.below) visit(each);
  };
  for (const node of document.tree) visit(node);
  if (ports.length === 0) return undefined;
  const chosen = ports[random.below(ports.length)];
  const off = (node: NodeDocument): NodeDocument => {
    if (node.kind === 'device') return node;
    const below = node.below.map(off);
    if (node.at !== chosen || !('acs' in node) || node.acs === undefined) return { ...node, below };
    return { ...node, below, acs: { ...node.acs, on: 0, override: undefined } };
  };
  return { ...document, tree: document.tree.map(off), commandLine: undefined };
}

const RUNS = effort(60, 300, 5_000);

test('on random machines a port whose words were off explains every difference', () => {
  const random = new Random(2026);
  let explained = 0;
  for (let i = 0; i < RUNS; i++) {
    const document = { ...machineFrom(machineTape(random)), commandLine: undefined };
    const changed = withPortOff(document, random);
    if (changed === undefined) continue;
    const topology = buildTopology(document, 'random');
    const real = buildTopology(changed, 'random');
    for (const { why } of [...differences(topology, real), ...differences(real, topology)]) {
      expect(why).toContain('its rules give these groups');
      explained += 1;
    }
  }
  expect(explained).toBeGreaterThan(RUNS / 20);
});
