/**
 * Boards written from the reference, as lspci prints them to root, to others, and as a tree: their groups, and what is said to
 * be taken where capabilities are not shown.
 */
import { describe, expect, test } from 'vitest';

import { readTextOf } from '../../../bench/import/readers.ts';
import { imported } from '../../../bench/studies/import/import.ts';
import { examineImport } from '../../../bench/studies/isolation/examine.ts';
import { groupsOf } from '../../../sim/pci/groups.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';
import { groupNames } from '../../sim/pci/rig.ts';
import { groupsOfBoard, lspciOf, lspciTreeOf } from './board-text.ts';
import { WRITTEN_BOARDS, type WrittenBoard } from './written-boards.ts';

const read = (text: string) => imported([readTextOf('machine', text, 'lspci.txt')]);

/** Groups by the kernel's rule, in one form. */
function built(board: WrittenBoard, text: string, kernel?: string): readonly string[] {
  const { commandLine } = board;
  const raw = { ...(read(text).plain as object), ...(kernel && { kernel }), ...(commandLine && { commandLine }) };
  const topology = buildTopology(readTopology(raw, board.name).document, board.name);
  return groupNames(topology, groupsOf(topology))
    .map((members) => members.toSorted().join(' '))
    .toSorted();
}

describe.each(WRITTEN_BOARDS)('$name', (board) => {
  const groups = groupsOfBoard(board);
  const numbers = new Map(groups.flatMap((group, number) => group.split(' ').map((each) => [each, number] as const)));

  test.each(['6.12', '7.3'])('has its groups from what root is shown, in %s', (kernel) => {
    expect(built(board, lspciOf(board, { root: true }), kernel)).toEqual(groups);
  });

  test('has its groups from what others are shown, and says what was taken', () => {
    const { report } = examineImport(read(lspciOf(board, { root: false, groups: numbers })));
    expect(report.kernelGroups).toEqual({
      compared: groups.length,
      same: groups.length,
      differences: [],
      notCompared: [],
    });
    expect(report.imported.filter(({ kind, text }) => kind === 'asked' && text.includes('capabilities'))).toHaveLength(
      1,
    );
  });

  test.each([
    ['lspci -vvv without root and groups', () => lspciOf(board, { root: false })],
    ['lspci -tv', () => lspciTreeOf(board)],
  ])('has no group that is smaller in %s, and says what was taken', (_, text) => {
    const found = built({ ...board, commandLine: '' }, text());
    for (const group of groups) {
      const members = group.split(' ');
      expect(found.filter((each) => members.every((member) => each.split(' ').includes(member)))).toHaveLength(1);
    }
    const { findings } = read(text()).document;
    expect(findings.filter((each) => each.kind === 'warning')).toEqual([]);
    const asked = findings.filter(({ kind }) => kind === 'asked').map((each) => each.text);
    expect(asked.some((each) => /no port has ACS/.test(each))).toBe(true);
    expect(asked.some((each) => /no IOMMU group is shown/.test(each))).toBe(true);
  });
});

test('groups say which domain each of two VMD controllers has, else their order; the finding says by which', () => {
  const board = WRITTEN_BOARDS.find(({ name }) => name.includes('VMD'))!;
  const numbers = new Map(
    groupsOfBoard(board).flatMap((group, number) => group.split(' ').map((each) => [each, number] as const)),
  );
  const said = (text: string): string =>
    read(text)
      .document.findings.filter(({ kind }) => kind === 'inferred')
      .map((each) => each.text)
      .join();
  expect(said(lspciOf(board, { root: true, groups: numbers }))).toMatch(/10001 is made by 0000:85:05\.5: .*group/);
  expect(said(lspciOf(board, { root: true }))).toMatch(/10001 is made by 0000:85:05\.5: .*order/);
  const lone = lspciOf({ ...board, functions: board.functions.replace(/^.*85:05.5.*$/m, '') }, { root: true });
  expect(read(lone).document.findings.some(({ kind, text }) => kind === 'asked' && text.includes('10000'))).toBe(true);
});

describe('where lspci prints no groups, control words of ports say whether an IOMMU driver runs', () => {
  const port = (at: string, acs: string, id = '19e5:a120') =>
    `${at} rp ${id} 1${at.slice(4, 5)}-1${at.slice(4, 5)} ${acs}`;
  const said = (...ports: readonly string[]) => {
    const functions = ports.join('\n');
    const { plain, document } = read(lspciOf({ name: 'ports', functions, together: [] }, { root: true }));
    const finding = document.findings.find(({ text }) => text.includes('no IOMMU group'))!;
    return [(plain as { iommu?: { streams: string } }).iommu?.streams, finding.kind];
  };

  test.each([
    ['off at all', ['off', 'off'], ['bypass', 'inferred']],
    ['on at all', ['F', 'noCR'], [undefined, 'inferred']],
    ['not the same at all', ['F', 'off'], [undefined, 'asked']],
    ['of one port only', ['off'], [undefined, 'asked']],
    ['of none', ['', ''], [undefined, 'asked']],
  ])('bits are %s', (_, acs, expected) => {
    expect(said(...acs.map((each, i) => port(`00:0${i + 1}.0`, each)))).toEqual(expected);
  });

  test('words of Intel ports do not count, which lspci may read at another place', () => {
    expect(said(port('00:01.0', 'off', '8086:a110'), port('00:02.0', 'off', '8086:a111'))).toEqual([
      undefined,
      'asked',
    ]);
  });
});
