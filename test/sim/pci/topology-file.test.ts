import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { UserError } from '../../../sim/base/user-error.ts';
import { ACS, parseAcsBits } from '../../../sim/pci/acs.ts';
import { formatAddress, formatBytes, parseAddress, parseBytes } from '../../../sim/pci/address.ts';
import { formatId, parseId } from '../../../sim/pci/pci-id.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import { topologyVariants } from './rig.ts';
import { stating } from '../../stating.ts';

const T01 = join(import.meta.dirname, '../../../sim/pci/topologies/t01-integrated.yaml');

function example(): unknown {
  return parse(readFileSync(T01, 'utf8'));
}

/** What reading the example says when some fields are set to other values. */
function complaint(changes: Readonly<Record<string, unknown>>): string {
  const raw = example() as { expect: unknown };
  raw.expect = [{ with: changes }];
  try {
    topologyVariants(raw, 'x.yaml');
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return '';
}

describe('a topology document', () => {
  test('of few lines is complete, and what was filled in is listed', () => {
    const { document, defaults } = readTopology(
      { format: 'stopcopy-topology/1', tree: [{ kind: 'device', functions: [{ at: '03:00.0' }] }] },
      'small.yaml',
    );
    expect(document.rootComplex).toEqual({ p2p: 'untranslated' });
    expect(defaults).toEqual([
      { path: 'rootComplex.p2p', value: 'untranslated' },
      { path: 'iommu.streams', value: 'translate' },
      { path: 'iommu.reflectsToMmio', value: true },
      { path: 'iommu.backend', value: 'type1' },
      { path: 'hostPageSize', value: 4096 },
      { path: 'turnaround', value: 'loopback' },
      { path: 'kernel', value: '7.3' },
      { path: 'tree[0].internalRouting', value: 'loop-any' },
      { path: 'tree[0].functions[0].kind', value: 'other' },
    ]);
  });

  test.each([
    ['tree[0].kind', 'card', 'tree[0].kind … "card" … root-port, switch, downstream-port'],
    ['tree[0].functions[0].at', '3:0.0', 'tree[0].functions[0].at … "3:0.0" … lspci'],
    ['tree[0].functions[0].acs', { can: 'SV QQ' }, 'acs.can … "SV QQ" … SV TB RR CR UF EC DT'],
    ['tree[0].functions[0].acs', { can: 0x80 }, 'acs.can … 128 … 127'],
    ['tree[0].functions[0].sriov.bars[0].size', '64 kB', 'sriov.bars[0].size … unit … 64KiB'],
    ['tree[0].functions[0].sriov.each', { 0: {} }, 'sriov.each.0 … VF … 1'],
    ['tree[0].speed', 16, "tree[0] … 'speed'"],
    ['tree[0].functions[0].id', 'a250', 'functions[0].id … "a250" … vendor:device … hexadecimal'],
    ['tree[0].functions[0].id', '19e5:a250 (rev 21)', 'such as 19e5:a250 rev 21'],
    ['hostPageSize', '8KiB', 'hostPageSize … "8KiB" … 4KiB … 16KiB … 64KiB'],
    ['format', 'stopcopy-topology/2', 'format … "stopcopy-topology/2" … "stopcopy-topology/1"'],
    ['iommu.streams', 'identity', 'iommu.streams … "identity" … "translate" … "bypass" … "abort"'],
  ])('with %s set to %j is refused', (path, value, sentence) => {
    expect(complaint({ [path]: value })).toMatch(stating(sentence));
  });

  test('that contains itself is refused', () => {
    const raw = parse('format: stopcopy-topology/1\ntree: &t\n  - kind: switch\n    below: *t\n') as unknown;
    expect(() => readTopology(raw, 'loop.yaml')).toThrow('more than 32 levels');
  });

  test('has a variant for each entry of its expectations', () => {
    const raw = example() as { expect: unknown };
    raw.expect = [{ name: 'a' }, { name: 'b', with: { 'tree[0].internalRouting': null, turnaround: 'ur' } }];
    const [a, b] = topologyVariants(raw, 'x.yaml');
    expect(a!.document.tree[0]).toMatchObject({ internalRouting: 'upstream' });
    expect(b!.document).toMatchObject({ turnaround: 'ur', tree: [{ internalRouting: 'loop-any' }] });
  });
});

test('bits are read as names and as lspci writes them', () => {
  expect(parseAcsBits('SV RR')).toBe(ACS.SV | ACS.RR);
  expect(parseAcsBits('ACSCap: SrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd- EgressCtrl- DirectTrans+')).toBe(
    ACS.SV | ACS.TB | ACS.RR | ACS.CR | ACS.DT,
  );
  expect(parseAcsBits('')).toBe(0);
  expect(parseAcsBits('SrcValid')).toBeUndefined();
  expect(parseAcsBits('toString+')).toBeUndefined();
});

test('IDs come back as they were written', () => {
  const texts = [
    '19e5:a250',
    '19e5:a250 rev 21',
    '9005:0285 subsystem 9005:02bb',
    '0014:7a09 rev 00 subsystem 0014:0000',
  ];
  for (const text of texts) expect(formatId(parseId(text))).toBe(text);
  expect(parseId('19E5:A250  rev  2F')).toEqual({
    vendor: 0x19e5,
    device: 0xa250,
    revision: 0x2f,
    subsystem: undefined,
  });
  expect(parseId('9005:0285 subsystem 9005:02bb').subsystem).toEqual({ vendor: 0x9005, device: 0x02bb });
});

test('addresses and sizes come back as they were written', () => {
  for (const text of ['0000:75:00.1', '00c1:ff:1f.7', 'ffff:00:00.0'])
    expect(formatAddress(parseAddress(text))).toBe(text);
  expect(parseAddress('75:00.1')).toBe(0x7501);
  expect([parseBytes('64KiB'), parseBytes('0x10'), parseBytes('4 mib'), parseBytes('9B')]).toEqual([
    65_536, 16, 4_194_304, 9,
  ]);
  expect([formatBytes(65_536), formatBytes(1536), formatBytes(1023), formatBytes(0)]).toEqual([
    '64KiB',
    '1536B',
    '1023B',
    '0B',
  ]);
});
