import { describe, expect, test } from 'vitest';

import { ACS, ACS_BITS } from '../../../sim/pci/acs.ts';
import { Random } from '../../../sim/base/random.ts';
import { bruteForce } from '../../oracles/brute-force.ts';
import { isolationOf } from '../../../sim/pci/isolation.ts';
import { remedyFor } from '../../../sim/pci/remedy.ts';
import { type Change, remedyOf, type Setting, withChanges } from '../../../sim/pci/setting.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { isPort, type Topology } from '../../../sim/pci/topology.ts';
import { at, example } from './rig.ts';
import { randomTape, topologyFrom } from './random-topology.ts';
import { effort } from '../../effort.ts';

function texts(topology: Topology, address: number, policy: 'thread' | 'proof' | 'upstream' = 'proof'): unknown {
  const remedy = isolationOf(topology).remedy(at(topology, address), policy);
  return remedy.kind === 'changes' ? remedy.texts.toSorted() : remedy;
}

describe('what would have to change', () => {
  test('is nothing where the driver loads', () => {
    expect(texts(example('t01-integrated'), 0x7501, 'thread')).toEqual({ kind: 'none-needed' });
    expect(texts(example('t12-card-under-switch'), 0x0301, 'upstream')).toEqual({ kind: 'none-needed' });
    expect(texts(example('t25-plain'), 0x7501)).toEqual({ kind: 'none-needed' });
  });

  test('is one bit of one port, or one on each', () => {
    expect(texts(example('t09-forwarding-off'), 0x0101)).toEqual(['switch on UF of root port 0000:00:01.0']);
    expect(texts(example('t15-upper-switch'), 0x0501)).toEqual(['switch on UF of downstream port 0000:02:00.0']);
    // The sibling's port lets it across to this one; the own one lets this one across, which is the sibling's concern.
    expect(texts(example('t14-switch-redirect-off'), 0x0401)).toEqual(['switch on RR of downstream port 0000:02:00.0']);
    expect(texts(example('t17-egress-vector'), 0x0401)).toHaveLength(1);
  });

  test('is the clip, the stream, or one of the ways to stop translated requests', () => {
    expect(texts(example('t03-clip-missing'), 0x7501)).toEqual([
      'stop info, access and mmap of VF 0000:75:00.1 at the half of its BAR',
    ]);
    // Both ports: the sibling's sends straight across, and the own one lets its VF choose any address.
    expect(texts(example('t18-translated-requests'), 0x0401)).toHaveLength(2);
    // Each VF's own stream; the other VM's would still reach this one's area.
    expect(texts(example('t04-bypass'), 0x7501)).toEqual([
      'let the IOMMU translate for function 0000:75:00.1',
      'let the IOMMU translate for function 0000:75:00.2',
    ]);
  });

  test('is nothing that could be set', () => {
    expect(texts(example('t12-card-under-switch'), 0x0301, 'thread')).toEqual({
      kind: 'impossible',
      because: 'no setting makes a plug-in card an integrated endpoint',
    });
    for (const [name, address] of [
      ['t12-card-under-switch', 0x0301],
      ['t05-crossbar', 0x7501],
      ['t21-pci-bridge', 0x0201],
      ['t11-root-port-without-acs', 0x0101],
    ] as const) {
      expect(texts(example(name), address)).toMatchObject({
        kind: 'impossible',
        because: expect.stringMatching(/reaches its own/) as string,
      });
    }
  });

  test('may take too long to find', () => {
    const topology = example('t04-bypass');
    // Two streams are in bypass, and neither has to do with the other.
    expect(remedyFor(topology, at(topology, 0x7501), 'proof', 2)).toEqual({ kind: 'unknown', atLeast: 2 });
  });
});

/** Everything that can be changed, tried or not. */
function allChanges(topology: Topology): readonly Change[] {
  const settings: Setting[] = [];
  for (const { index } of topology.nodes) {
    if (!isPort(topology, index)) continue;
    for (const bit of ACS_BITS) settings.push({ of: 'port-acs', place: index, detail: ACS[bit] });
    for (const other of topology.nodes) {
      const siblings = topology.nodeParent[other.index] === topology.nodeParent[index] && isPort(topology, other.index);
      if (siblings && other.index !== index) settings.push({ of: 'egress', place: index, detail: other.index });
    }
  }
  for (const { index, pf } of topology.functions) {
    if (pf === undefined)
      for (const bit of ACS_BITS) settings.push({ of: 'function-acs', place: index, detail: ACS[bit] });
    for (const of of ['stream', 'ats', 'clip'] as const) settings.push({ of, place: index, detail: 0 });
  }
  return settings.flatMap((setting) => remedyOf(topology, setting) ?? []);
}

function isAccepted(topology: Topology, vf: number): boolean {
  const { reached, spoofs, unchecked } = bruteForce(topology);
  return reached.isEmpty(topology.areaOf[vf]!) && spoofs[vf] === 0 && unchecked[vf] === 0;
}

/** What is wrong with the remedy of a VF: it does not help, or a smaller set does. The size, when nothing is. */
function checked(topology: Topology, vf: number): number | string {
  const remedy = remedyFor(topology, vf, 'proof', 300);
  if (remedy.kind === 'unknown') return 'unknown';
  const changes = remedy.kind === 'changes' ? remedy.changes : [];
  const size = remedy.kind === 'impossible' ? Infinity : changes.length;
  if (size < Infinity && !isAccepted(withChanges(topology, changes), vf)) return 'does not help';
  const all = allChanges(topology);
  const sets = [[], ...all.map((change) => [change]), ...all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b]))];
  const better = sets.find((set) => set.length < size && isAccepted(withChanges(topology, set), vf));
  return better === undefined ? size : `${size} changes, and ${JSON.stringify(better)} are enough`;
}

const TOPOLOGIES = effort(75, 200, 10_000);

test('a smallest set is what trying all sets of up to two finds, too', () => {
  const random = new Random(5);
  const seen = new Map<number | string, number>();
  for (let i = 0; i < TOPOLOGIES; i++) {
    const topology = buildTopology(topologyFrom(randomTape(random)), 'random');
    // The last VF of a PF may have what was found for the first.
    const area = topology.areas.at((i % 2) - 1);
    if (area === undefined || topology.functions.length > 14 || topology.nodes.length > 10) continue;
    const result = checked(topology, area.vf);
    seen.set(result, (seen.get(result) ?? 0) + 1);
  }
  const bad = [...seen.keys()].filter((key) => typeof key === 'string' && key !== 'unknown');
  expect(bad).toEqual([]);
  for (const size of [0, 1, 2, Infinity]) expect(seen.get(size)).toBeGreaterThan(TOPOLOGIES / 200);
});
