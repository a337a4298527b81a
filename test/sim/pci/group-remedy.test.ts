/**
 * What to change so that VMs can open what they have: each remedy is applied, and the server is asked again.
 */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../sim/base/random.ts';
import { ACS_REQUIRED } from '../../../sim/pci/acs.ts';
import { segmentOf } from '../../../sim/pci/address.ts';
import { domainsOf } from '../../../sim/pci/domain.ts';
import { GROUP_REMEDIES, groupRemedies, type GroupRemedies, type GroupRemedy } from '../../../sim/pci/group-remedy.ts';
import { groupsOf } from '../../../sim/pci/groups.ts';
import { openingsOf } from '../../../sim/pci/openings.ts';
import { type Change, withChanges } from '../../../sim/pci/setting.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { HOST_TENANT, type Topology } from '../../../sim/pci/topology.ts';
import type { NodeDocument, TopologyDocument } from '../../../sim/pci/topology-file.ts';
import { effort } from '../../effort.ts';
import { machineFrom, machineTape } from '../../oracles/random-machine.ts';
import { randomTape, topologyFrom } from './random-topology.ts';
import { example } from './rig.ts';

type Applied = Pick<GroupRemedy, 'bits' | 'unbound' | 'together'>;

function remediesOf(topology: Topology): readonly GroupRemedies[] {
  const groups = groupsOf(topology);
  return groupRemedies(topology, groups, openingsOf(topology, groups));
}

/** The same server with a remedy applied. */
function applied(topology: Topology, { bits, unbound, together }: Applied): Topology {
  const changed = withChanges(topology, bits);
  const functionTenant = changed.functionTenant.slice();
  for (const [first, ...others] of together) for (const fn of others) functionTenant[fn] = functionTenant[first!]!;
  const functions = changed.functions.map((fn) => (unbound.includes(fn.index) ? { ...fn, hostDriver: false } : fn));
  const asked = { ...changed, functionTenant, functions };
  return { ...asked, domains: domainsOf(asked) };
}

/** Functions of a group, as it was, that their VMs still cannot open. */
function stillClosed(topology: Topology, group: number, remedy: Applied): readonly number[] {
  const { groupOf } = groupsOf(topology);
  const asked = applied(topology, remedy);
  return openingsOf(asked, groupsOf(asked)).flatMap(({ fn, ok }) => (!ok && groupOf[fn] === group ? [fn] : []));
}

/** The remedy without each of its changes. */
function lesser({ bits, unbound, together }: Applied): readonly Applied[] {
  const placeOf = ({ setting }: Change): string => `${setting.of} ${setting.place}`;
  const places = [...new Set(bits.map(placeOf))];
  return [
    ...places.map((place) => ({ bits: bits.filter((bit) => placeOf(bit) !== place), unbound, together })),
    ...unbound.map((fn) => ({ bits, unbound: unbound.filter((each) => each !== fn), together })),
    ...together.map((set) => ({ bits, unbound, together: together.filter((each) => each !== set) })),
  ];
}

/** Everything that anybody may change, all over the server. */
function everything(topology: Topology): Applied {
  const bits: Change[] = [];
  const add = (of: 'port-acs' | 'function-acs', place: number, can: number): void => {
    for (const detail of [1, 4, 8, 16])
      if ((can & ACS_REQUIRED & detail) !== 0) bits.push({ setting: { of, place, detail }, on: true });
  };
  for (const { index, document } of topology.nodes)
    if (document.kind !== 'device' && document.kind !== 'pci-bridge') add('port-acs', index, document.acs?.can ?? 0);
  for (const { index, pf, document } of topology.functions)
    if (pf === undefined) add('function-acs', index, document.acs?.can ?? 0);
  const controllers = new Set(Object.values(topology.document.vmd));
  const unbound = topology.functions.flatMap(({ index, document, address }) =>
    document.sriov === undefined && !controllers.has(address) ? [index] : [],
  );
  const given = topology.functions.flatMap(({ index }) =>
    topology.functionTenant[index] === HOST_TENANT ? [] : [index],
  );
  return { bits, unbound, together: [given] };
}

/** The same machine with some of its functions, such as NICs and GPUs, given to VMs. */
function withGuests(document: TopologyDocument, random: Random): TopologyDocument {
  const given = (node: NodeDocument): NodeDocument => {
    if (node.kind !== 'device') return { ...node, below: node.below.map(given) };
    return {
      ...node,
      functions: node.functions.map((fn) => {
        // Functions of a VMD controller's domain are nobody's to give.
        const canBeGiven = fn.sriov === undefined && segmentOf(fn.at) < 0x1_00_00;
        return canBeGiven && random.below(3) === 0 ? { ...fn, tenant: `guest${random.below(3)}`, driver: false } : fn;
      }),
    };
  };
  return { ...document, tree: document.tree.map(given) };
}

const RUNS = effort(60, 250, 5_000);

test('on random servers each remedy helps, none of its changes can be left out, and where there is none nothing helps', () => {
  const random = new Random(23);
  const seen = new Map<string, number>();
  const makers: readonly (() => TopologyDocument)[] = [
    () => topologyFrom(randomTape(random)),
    () => machineFrom(machineTape(random)),
    () => withGuests(machineFrom(machineTape(random)), random),
  ];
  for (let i = 0; i < RUNS; i++) {
    const topology = buildTopology(makers[i % makers.length]!(), 'random');
    for (const { group, closed, remedies, because } of remediesOf(topology)) {
      expect(closed).not.toEqual([]);
      expect(because === '').toBe(remedies.length > 0);
      const isHopeless = stillClosed(topology, group, everything(topology)).length > 0;
      expect(remedies.length > 0 || isHopeless).toBe(true);
      for (const remedy of remedies) {
        expect(stillClosed(topology, group, remedy)).toEqual([]);
        for (const less of lesser(remedy)) expect(stillClosed(topology, group, less)).not.toEqual([]);
      }
      for (const kinds of remedies.length === 0 ? ['none'] : remedies.map((each) => each.kinds.join(' ')))
        seen.set(kinds, (seen.get(kinds) ?? 0) + 1);
    }
  }
  for (const kind of [...GROUP_REMEDIES, 'none']) expect([kind, seen.get(kind) ?? 0]).not.toEqual([kind, 0]);
});

/** A NIC or GPU of two functions below one root port, whose driver is the host's or a VM's. */
function cardBelow(acs: unknown, [first, second]: readonly [unknown, unknown]): Topology {
  return example('t27-shared-group', {
    'tree[0].acs': acs,
    'tree[0].below[0].functions': [
      { at: '01:00.0', bars: [], ...(first as object) },
      { at: '01:00.1', bars: [], ...(second as object) },
    ],
    opens: null,
  });
}

describe('groups of other devices', () => {
  test('a GPU whose audio function has a driver: it is unbound, or both go to the VM', () => {
    const [found] = remediesOf(cardBelow(null, [{ tenant: 'vm1' }, { driver: true }]));
    expect(found!.remedies.map(({ kinds, texts }) => [kinds, texts.length])).toEqual([[['drivers'], 1]]);
    expect(found!.remedies[0]!.texts[0]).toContain('0000:01:00.1');
  });

  test('a NIC of two functions for two VMs: one VM takes both; bits help where both functions have them', () => {
    const vms = [{ tenant: 'vm1' }, { tenant: 'vm2' }] as const;
    const [without] = remediesOf(cardBelow(null, vms));
    expect(without!.remedies.map(({ kinds }) => kinds)).toEqual([['one-vm']]);
    const off = { can: 'SV RR CR UF', on: '' };
    const [bits] = remediesOf(
      cardBelow(off, [
        { ...vms[0], acs: off },
        { ...vms[1], acs: off },
      ]),
    );
    expect(bits!.remedies.map(({ kinds }) => kinds)).toEqual([['acs'], ['one-vm']]);
    // The port as well as one of the functions; the other is then alone in its slot.
    expect(bits!.remedies[0]!.texts).toHaveLength(2);
  });
});

test('VFs below a port that merges them with their PF need its bits, and nothing helps where it has none', () => {
  const [off] = remediesOf(example('t09-forwarding-off', { 'tree[0].acs': { can: 'SV RR CR UF', on: 'SV RR CR' } }));
  expect(off!.remedies.map(({ kinds, texts }) => [kinds, texts])).toEqual([
    [['acs'], [expect.stringMatching(/UF of root port 0000:00:01\.0/)]],
  ]);
  const [none] = remediesOf(example('t11-root-port-without-acs'));
  expect(none!.remedies).toEqual([]);
  expect(none!.because).toContain('root port 0000:00:01.0');
});
