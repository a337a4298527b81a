import { describe, expect, test } from 'vitest';

import { BitRows } from '../../../sim/pci/bit-rows.ts';
import { decideLoad, type Isolation, isolationOf } from '../../../sim/pci/isolation.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import type { AcsDocument, DeviceDocument, NodeDocument, TopologyDocument } from '../../../sim/pci/topology-file.ts';
import { example, tenantsReaching } from './rig.ts';
import { stating } from '../../stating.ts';

describe('a decision', () => {
  test('names what decides, and where', () => {
    const why = (name: string, vf: string, policy: 'thread' | 'proof' = 'proof'): string =>
      decideLoad(example(name), vf, policy).why;
    expect(why('t12-card-under-switch', '03:00.1')).toMatch(
      stating('its own control area', 'UF off at downstream port 0000:02:00.0'),
    );
    expect(why('t12-card-under-switch', '03:00.1', 'thread')).toMatch(stating('no integrated endpoint'));
    expect(why('t14-switch-redirect-off', '04:00.1')).toMatch(
      stating('vm1', '1 more VM', 'control area', 'RR off at downstream port 0000:02:00.0'),
    );
    expect(why('t04-bypass', '75:00.1')).toMatch(stating('IOMMU', 'any address', 'stream bypass at IOMMU'));
    expect(why('t05-crossbar', '75:00.1')).toMatch(stating('its own control area', 'internalRouting loop-self at zip'));
    expect(why('t03-clip-missing', '75:00.1')).toMatch(stating('its own control area', 'clip info at IOMMU'));
    expect(why('t25-plain', '75:00.1')).toMatch(stating('no driver', 'PF'));
    expect(decideLoad(example('t11-root-port-without-acs', { turnaround: 'ur' }), '01:00.1', 'proof').why).toMatch(
      stating('requester ID', '0000:02:00.0', 'SV off at root port 0000:00:01.0'),
    );
  });

  test('says what it leaves aside', () => {
    const { verdict, notes } = decideLoad(example('t26-sysfs'), 0x7501, 'proof');
    expect(verdict).toBe('load-clipped');
    expect(notes).toEqual([expect.stringMatching(stating('root', 'control area', 'sysfs'))]);
    expect(decideLoad(example('t01-integrated'), 0x7501, 'proof').notes).toEqual([]);
  });

  test('of Linux speaks of its own driver, which clips what it has to clip', () => {
    const all = 'tree[0].functions[0].sriov.all';
    for (const clip of ['none', 'info']) {
      expect(decideLoad(example('t01-integrated', { [all]: { clip } }), 0x7501, 'upstream').verdict).toBe('n/a');
      expect(decideLoad(example('t23-windows-in-pf', { [all]: { clip } }), 0x7501, 'upstream').verdict).toBe(
        'load-full',
      );
    }
  });

  test('is asked for by an address that is a VF', () => {
    const topology = example('t01-integrated');
    for (const [address, hint] of [
      ['75:00.0', 'VFs of this topology are 0000:75:00.1, 0000:75:00.2.'],
      ['76:00.1', 'VFs of this topology are 0000:75:00.1, 0000:75:00.2.'],
      ['vf1', 'Allowed is an address as lspci writes it, such as 0000:75:00.1 or 75:00.1.'],
    ] as const) {
      expect(() => decideLoad(topology, address, 'proof')).toThrow(
        expect.objectContaining({ kind: 'input', message: `t01-integrated: ${address} is no VF`, hint }) as Error,
      );
    }
  });
});

test('routes show each tenant that gets in, and what else arrives', () => {
  const isolation = isolationOf(example('t12-card-under-switch'));
  const { vf } = isolation.of('03:00.2');
  expect(tenantsReaching(isolation, vf)).toEqual(['vm1', 'vm2', 'vm3']);
  const routes = isolation.routes(vf).map(({ hazard, tenant, route }) => [hazard, tenant, route.by, route.place]);
  expect(routes).toEqual([
    ['self', 'vm2', 'UF off', 'downstream port 0000:02:00.0'],
    ['other', 'vm1', 'UF off', 'downstream port 0000:02:00.0'],
    ['other', 'vm3', 'RR off', 'downstream port 0000:02:01.0'],
    ['spoof', 'vm2', 'SV off', 'downstream port 0000:02:00.0'],
  ]);
  expect(isolation.routes(vf, 0)).toHaveLength(2);
});

test('a VF is reached by what else its VM has', () => {
  // The NIC of vm1 is behind the port that lets it turn around to the accelerator of vm1 and of no other.
  const topology = example('t14-switch-redirect-off', {
    'tree[0].below[0].below[1].below[0].functions[0].sriov.each.1.tenant': 'vm1',
    'tree[0].below[0].below[0].acs.on': 'SV RR CR UF',
  });
  const { self, other, decisions } = isolationOf(topology).of('03:00.1');
  expect([self, other, decisions.proof.why]).toEqual([
    'yes',
    'no',
    '0000:04:00.1 reaches the control area: RR off at downstream port 0000:02:01.0',
  ]);
});

/** Cards under switches, each VF a VM of its own. @param acs of the downstream ports */
function largeServer(switches: number, cards: number, vfs: number, acs?: AcsDocument): TopologyDocument {
  let bar = 2 ** 32;
  const card = (bus: number): DeviceDocument => {
    const at = bar;
    bar += 64 * 65_536;
    const sriov = {
      offset: 1,
      stride: 1,
      vfs,
      bars: [{ bar: 2, at, size: 65_536 }],
      window: 'vf-bar',
      all: { clip: 'all' },
      each: {},
    } as const;
    const pf = { at: bus * 0x100, kind: 'zip', version: 'V3', driver: true, bars: [], sriov } as const;
    return {
      kind: 'device',
      internalRouting: 'upstream',
      functions: [{ ...pf, bars: [], sriov: { ...sriov, bars: [...sriov.bars] } }],
    };
  };
  const tree = Array.from({ length: switches }, (_, s): NodeDocument => {
    const first = s * 0x100;
    const below = Array.from({ length: cards }, (__, i): NodeDocument => {
      const buses = { secondary: 3 + i, subordinate: 3 + i };
      return { kind: 'downstream-port', at: (first + 2) * 0x100 + i * 8, buses, acs, below: [card(first + 3 + i)] };
    });
    const last = 2 + cards;
    const inner: NodeDocument = {
      kind: 'switch',
      at: (first + 1) * 0x100,
      buses: { secondary: 2, subordinate: last },
      below,
    };
    const good = { can: 0x7f, on: 0x1d, wired: 0, egress: [] };
    const buses = { secondary: 1, subordinate: last };
    return { kind: 'root-port', at: first * 0x100, buses, acs: good, below: [inner] };
  });
  return {
    format: 'stopcopy-topology/1',
    title: '',
    rootComplex: { p2p: 'none' },
    iommu: { streams: 'translate', reflectsToMmio: false, backend: 'type1' },
    hostPageSize: 4096,
    turnaround: 'loopback',
    kernel: '7.3',
    vmd: {},
    tree,
    tenants: {},
    expect: [],
  };
}

test('five thousand functions are answered, each VF with the VMs that reach it', () => {
  const [switches, cards, vfs] = [3, 27, 62];
  const isolation = isolationOf(buildTopology(largeServer(switches, cards, vfs), 'large'));
  expect(isolation.topology.functions).toHaveLength(switches * cards * (vfs + 1));
  expect(new Set(isolation.vfs.map(({ self, other }) => `${self} ${other}`))).toEqual(new Set(['yes yes']));
  const [first] = isolation.vfs;
  // All cards below the same switch, and none of the others.
  expect(tenantsReaching(isolation, first!.vf)).toHaveLength(cards * vfs);
  expect(first!.decisions.proof.reasons.map(({ against }) => against)).toEqual(['self', 'other', 'spoof']);
});

describe('what answers take', () => {
  /** Ports of which every bit is there and off. */
  const OFF = { can: 0x7f, on: 0, wired: 0, egress: [] };
  /** To arrive once, and once more to be written down, for each of: itself, another VM, an ID that is not its own. */
  const WALKS = 6;

  function workOf(switches: number, cards: number, vfs: number): Isolation['work'] {
    const isolation = isolationOf(buildTopology(largeServer(switches, cards, vfs, OFF), 'large'));
    expect(isolation.work).toEqual({ walks: switches * cards * vfs * WALKS, trials: 0 });
    for (const { vf } of isolation.vfs) {
      // UF and SV at its own port, RR at all others.
      expect(isolation.remedy(vf, 'proof')).toMatchObject({ kind: 'changes', changes: { length: cards + 1 } });
      isolation.remedy(vf, 'thread');
    }
    return isolation.work;
  }

  test('grows with the cards, not with the VFs of each', () => {
    // One set for each size, the empty one too, and once for all VFs of a card.
    for (const vfs of [2, 63]) expect(workOf(1, 9, vfs).trials).toBe(9 * 11);
    expect(workOf(2, 9, 2).trials).toBe(2 * 9 * 11);
  });
});

test('rows of bits are sets', () => {
  const rows = new BitRows(3, 70);
  for (const member of [0, 31, 32, 69]) rows.add(1, member);
  rows.addAll(2, rows, 1);
  expect(rows.members(2)).toEqual([0, 31, 32, 69]);
  expect([rows.count(1), rows.firstOther(1, 0), rows.firstOther(1, 31), rows.firstOther(0, 5)]).toEqual([4, 31, 0, -1]);
  expect([rows.has(1, 69), rows.has(1, 68), rows.isEmpty(0), rows.isEmpty(1)]).toEqual([true, false, true, false]);
  expect([rows.hasBeyond(1, rows, 2), rows.hasBeyond(1, rows, 0)]).toEqual([false, true]);
});
