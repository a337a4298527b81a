import { describe, expect, test } from 'vitest';

import { IOVA_BASE, MEMORY_ADDRESS, type Topology } from '../../../sim/pci/topology.ts';
import { type AddressType, AT, WALK_END, type RoutedPath, Walker } from '../../../sim/pci/walk.ts';
import { at, example } from './rig.ts';

/** Where a request of one function for the control area of another ends, and the places and reasons on its way. */
function walk(topology: Topology, from: number, to: number, type: AddressType = AT.untranslated): readonly string[] {
  const area = topology.areas[topology.areaOf[at(topology, to)]!]!;
  return go(topology, from, from, type, area.start);
}

function go(topology: Topology, from: number, claimed: number, type: AddressType, address: number): readonly string[] {
  const walker = new Walker(topology);
  const trace: RoutedPath = { hops: [], settings: [] };
  const end = walker.walk(at(topology, from), at(topology, claimed), type, address, trace);
  const plain = walker.walk(at(topology, from), at(topology, claimed), type, address);
  expect(plain).toBe(end);
  const name = Object.entries(WALK_END).find(([, value]) => value === end)![0];
  return [...trace.hops.map(({ place, by }) => `${place}: ${by}`), name];
}

const DP0 = 'tree[0].below[0].below[0]';

describe('a request for a control area', () => {
  test('of an integrated endpoint faults in the SMMU', () => {
    expect(walk(example('t01-integrated'), 0x7501, 0x7501)).toEqual([
      'zip: internalRouting upstream',
      'IOMMU: stream translate',
      'stopped',
    ]);
  });

  test('is turned around by the first port without UF, and no port above sees it', () => {
    expect(walk(example('t12-card-under-switch'), 0x0301, 0x0301)).toEqual([
      'card 03: internalRouting upstream',
      'downstream port 0000:02:00.0: UF off',
      'card 03: ',
      'bar',
    ]);
    expect(walk(example('t15-upper-switch'), 0x0501, 0x0501)).toEqual([
      'card 05: internalRouting upstream',
      'downstream port 0000:04:00.0: UF',
      'downstream port 0000:02:00.0: UF off',
      'card 05: ',
      'bar',
    ]);
  });

  test('of a sibling goes across, up or nowhere by RR and EC', () => {
    const way = (acs: unknown): readonly string[] =>
      walk(example('t12-card-under-switch', { [`${DP0}.acs`]: acs }), 0x0301, 0x0401);
    expect(way({ can: 'RR EC', on: '' })).toEqual(['downstream port 0000:02:00.0: RR off', 'card 04: ', 'bar']);
    const up = ['root port 0000:00:01.0: UF', 'IOMMU: stream translate', 'stopped'];
    expect(way({ can: 'RR EC', on: 'RR' })).toEqual(['downstream port 0000:02:00.0: RR', ...up]);
    const egress = ['02:01.0'];
    expect(way({ can: 'RR EC', on: 'EC' })).toEqual([
      'downstream port 0000:02:00.0: EC with a clear bit',
      'card 04: ',
      'bar',
    ]);
    expect(way({ can: 'RR EC', on: 'EC', egress })).toEqual(['downstream port 0000:02:00.0: EC', 'stopped']);
    expect(way({ can: 'RR EC', on: 'EC RR' })).toEqual([
      'downstream port 0000:02:00.0: EC with a clear bit',
      'card 04: ',
      'bar',
    ]);
    expect(way({ can: 'RR EC', on: 'EC RR', egress })).toEqual(['downstream port 0000:02:00.0: EC and RR', ...up]);
  });

  test('that calls itself translated is let pass by DT, blocked by TB, and not sent without ATS', () => {
    const own = (changes: Readonly<Record<string, unknown>>): readonly string[] =>
      walk(example('t18-translated-requests', changes), 0x0301, 0x0301, AT.translated).slice(-3);
    expect(own({})).toEqual(['downstream port 0000:02:00.0: DT', 'card 03: ', 'bar']);
    const on = `${DP0}.acs.on`;
    expect(own({ [on]: 'UF DT TB' }).slice(-2)).toEqual(['downstream port 0000:02:00.0: TB', 'stopped']);
    const ats = `${DP0}.below[0].functions[0].sriov.all.ats.enabled`;
    expect(own({ [ats]: false })).toEqual(['card 03: ATS off', 'stopped']);
    // Without DT it comes to the IOMMU, which believes it; whether that is of use is another matter.
    expect(own({ [on]: 'UF RR' })).toEqual(['IOMMU: ATS on', 'root complex: reflectsToMmio false', 'stopped']);
  });

  test('between root ports goes as the root complex says', () => {
    const last = (p2p: string, reflects: boolean): readonly string[] => {
      const changes = {
        'tree[1].acs': null,
        'rootComplex.p2p': p2p,
        'iommu.reflectsToMmio': reflects,
        'iommu.streams': 'bypass',
      };
      const topology = example('t07-functions-redirect', changes);
      return walk(topology, 0x0104, 0x0204).slice(1);
    };
    expect(last('none', true)).toEqual(['root complex: p2p none', 'stopped']);
    expect(last('untranslated', false)).toEqual(['root complex: p2p untranslated', 'card 02: ', 'bar']);
    expect(last('translated', false)).toEqual([
      'root complex: p2p translated',
      'IOMMU: stream bypass',
      'root complex: reflectsToMmio false',
      'stopped',
    ]);
    expect(last('translated', true).at(-1)).toBe('bar');
  });

  test('by an address of the domain arrives only where the IOMMU may translate to addresses of BARs', () => {
    const way = (reflects: boolean): readonly string[] => {
      const topology = example('t03-clip-missing', { 'iommu.reflectsToMmio': reflects });
      return go(topology, 0x7501, 0x7501, AT.untranslated, IOVA_BASE + topology.areas[0]!.start);
    };
    expect(way(true)).toEqual(['IOMMU: clip info', 'root complex: reflectsToMmio', 'zip: ', 'bar']);
    expect(way(false)).toEqual(['IOMMU: clip info', 'root complex: reflectsToMmio false', 'stopped']);
  });
});

describe('a request under the ID of another', () => {
  const claims = (from: number, claimed: number, topology: Topology): readonly string[] =>
    go(topology, from, claimed, AT.untranslated, MEMORY_ADDRESS);

  test('stops at the first port with SV that has no such bus', () => {
    const topology = example('t16-all-on');
    expect(claims(0x0501, 0x0601, topology)).toEqual(['downstream port 0000:04:00.0: SV', 'stopped']);
    // SV sees no difference between functions of one card, which is one bus; the device is trusted to know its functions.
    expect(claims(0x0501, 0x0502, topology).at(-2)).toBe('IOMMU: stream translate');
  });

  test('passes where SV is off, and is stopped by the next that has it and not that bus', () => {
    const off = { 'tree[0].below[0].below[0].below[0].below[0].acs.on': 'RR UF' };
    expect(claims(0x0501, 0x0601, example('t16-all-on', off)).slice(0, 2)).toEqual([
      'downstream port 0000:04:00.0: SV off',
      'downstream port 0000:04:00.0: ',
    ]);
    expect(claims(0x0501, 0x0601, example('t16-all-on', off)).at(-2)).toBe('IOMMU: stream translate');
  });
});

test('a stream in bypass takes a request to any memory, one that aborts to none', () => {
  const ends = (mode: string): readonly string[] =>
    go(example('t01-integrated', { 'iommu.streams': mode }), 0x7501, 0x7501, AT.untranslated, MEMORY_ADDRESS);
  expect(ends('bypass')).toEqual(['IOMMU: stream bypass', 'root complex: ', 'memory']);
  expect(ends('abort')).toEqual(['IOMMU: stream abort', 'stopped']);
  expect(ends('translate')).toEqual(['IOMMU: stream translate', 'stopped']);
});
