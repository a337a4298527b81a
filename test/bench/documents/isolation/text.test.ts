import { expect, test } from 'vitest';

import type { TopologyReport } from '../../../../bench/documents/isolation/document.ts';
import { printTopology } from '../../../../bench/documents/isolation/text.ts';
import type { Policy } from '../../../../sim/pci/policy.ts';
import { captured } from '../../captured.ts';
import { fixtureDocument, fixtureTree } from '../../studies/isolation/fixture.ts';
import { stating } from '../../../stating.ts';

const [report] = fixtureDocument().topologies;

function printed(of: TopologyReport = report!, policy: Policy | null = null, tty = false): string {
  const { output, stdout } = captured(false, tty);
  printTopology(of, fixtureTree(), output, { policy });
  return stdout();
}

const text = printed();
const lines = text.split('\n');

test('the tree, with the way of the request in heavy lines and its hops numbered', () => {
  expect(text).toMatch(/^root complex with IOMMU +streams: translate$/m);
  expect(text).toMatch(/ {3}└─ 0000:02:00\.0 downstream port +no ACS +◄ 3/);
  expect(text).toMatch(/┣━ 0000:03:00\.1 VF 1 +of vm1 +◄ 4/);
  expect(text).toMatch(/┗━ 0000:03:00\.2 VF 2 +of vm2 +◄ 1/);
});

test('a row for each VF, in columns', () => {
  const head = lines.findIndex((line) => line.startsWith('VF  '));
  expect(lines[head]!.split(/ {2,}/)).toEqual([
    'VF',
    'tenant',
    'CPU',
    'own DMA',
    "others' DMA",
    'group',
    'upstream',
    'thread',
    'proof',
  ]);
  expect(lines[head + 2]!.split(/ {2,}/)).toEqual([
    '0000:03:00.1',
    'vm1',
    'no',
    'yes',
    'yes',
    '0, of 3',
    'load-clipped',
    'refuse',
    'refuse',
  ]);
});

test('the hops of one way of each kind, with what decided; the others are counted', () => {
  const at = lines.indexOf('How 0000:03:00.1 (vm1) gets to its own control area by DMA');
  expect(lines.slice(at + 1, at + 7)).toEqual([
    '  a write to 0x90008000, untranslated',
    "  at stake: the guest's own migration image",
    '  1  0000:03:00.1         sends it',
    '  2  device 0000:03:00.0  sends it out [internalRouting upstream]',
    '  3  0000:02:00.0         sends it back down, to its own side [UF off]',
    '  4  0000:03:00.1         takes it into its BAR2',
  ]);
  expect(lines.join('\n')).toMatch(stating('0000:03:00.2 (vm2)', 'control area', '0000:03:00.1 (vm1)', 'DMA'));
  expect(text).toMatch(stating('2 more', '--vf ADDRESS'));
  // All ways of one VF are listed.
  const one = printed({ ...report!, vfs: report!.vfs.slice(0, 1) });
  expect(one).not.toContain('more of the same kind');
});

test('groups, decisions that VFs share, what to change, what was taken as given', () => {
  expect(text).toContain('  0  downstream port 0000:02:00.0, 0000:03:00.1, 0000:03:00.2');
  expect(text).toMatch(stating('VFIO', 'not', 'vm2', '0000:03:00.2', 'vm1', 'group'));
  expect(text.replaceAll(/\s+/g, ' ')).toMatch(
    stating('upstream load-clipped Linux', 'no topology', 'clip of the BAR', '(0000:03:00.1'),
  );
  expect(text.match(/it is no integrated endpoint/g)).toHaveLength(1);
  expect(text).toMatch(stating('0000:03:00.1', '0000:03:00.2', 'on', 'UF', 'downstream port 0000:02:00.0'));
  expect(text).toMatch(stating('assumed', 'turnaround', 'loopback'));
});

test('of a policy that was asked for only its own column and reasons', () => {
  const asked = printed(report, 'thread');
  expect(asked).toMatch(/VF .* group +thread$/m);
  expect(asked).toContain('it is no integrated endpoint');
  expect(asked).not.toContain('Linux asks for no topology');
});

test('a terminal has colour, anything else has none; no line is longer than its width', () => {
  expect(text).not.toContain('\u001B');
  const marked = printed(report, null, true)
    .split('\n')
    .filter((line) => line.startsWith('\u001B[31m'));
  expect(marked.map((line) => /0000:\S+|device/.exec(line)?.[0])).toEqual([
    '0000:02:00.0',
    'device',
    '0000:03:00.1',
    '0000:03:00.2',
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
});

test('a topology where nothing arrives has no ways and nothing to change', () => {
  const vfs = report!.vfs.map((vf) => ({
    ...vf,
    dma: { self: 'no', other: 'no' } as const,
    possible: { self: 'no', other: 'no' } as const,
    paths: [],
    decisions: vf.decisions.map((decision) => ({ ...decision, remedy: null })),
  }));
  const closed = printed({ ...report!, vfs, assumed: [], openRemedies: [] });
  expect(closed).toMatch(stating('No DMA', 'guest', 'migration control area'));
  expect(closed).not.toMatch(/◄|━|How |What to change|Taken as given/);
});

test('many alike VFs are one row, and one that differs among them has its own', () => {
  const [vf] = report!.vfs;
  const vfs = Array.from({ length: 63 }, (_, i) => ({
    ...vf!,
    address: `0000:75:${String((i + 1) >> 3).padStart(2, '0')}.${(i + 1) & 7}`,
    tenant: `vm${i + 1}`,
    group: 100 + i,
    ...(i === 40 ? { dma: { ...vf!.dma, self: 'no' as const } } : {}),
  }));
  const of = (few: typeof vfs): readonly (readonly string[])[] => {
    const shown = printed({ ...report!, vfs: few }).split('\n');
    const head = shown.findIndex((line) => line.startsWith('VF  '));
    const rows = shown.slice(head + 2, shown.indexOf('', head)).map((line) => line.split(/ {2,}/).slice(0, 2));
    // Further lines of a cell have no other cells.
    return rows.filter((cells) => cells.length > 1 || !cells[0]!.startsWith('0000'));
  };
  expect(of(vfs)).toEqual([
    ['40 VFs:', '40 VMs'],
    ['0000:75:05.1', 'vm41'],
    ['22 VFs:', '22 VMs'],
  ]);
  expect(of(vfs.slice(0, 8))).toHaveLength(8);
});
