/**
 * Real boards as lspci prints them to a user without rights: no capabilities, and the groups that their kernels built.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { readTextOf } from '../../../bench/import/readers.ts';
import { examineImport } from '../../../bench/studies/isolation/examine.ts';
import { imported } from '../../../bench/studies/import/import.ts';
import { formatAddress } from '../../../sim/pci/address.ts';
import { buildTopology } from '../../../sim/pci/topology-build.ts';
import { readTopology } from '../../../sim/pci/topology-file.ts';

const FOLDER = join(import.meta.dirname, '../../sim/pci/boards');
const BOARDS = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []));
const WORDS =
  '\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx+\n' +
  '\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-\n';
const DENIED = '\tCapabilities: <access denied>\n';

function printedToUsers(name: string): { readonly text: string; readonly groups: number } {
  const document = readTopology(parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')), name).document;
  const { nodes, functions } = buildTopology(document, name);
  const groups = JSON.parse(readFileSync(join(FOLDER, `${name}.groups.json`), 'utf8')) as { groups: string[][] };
  const groupOf = new Map(groups.groups.flatMap((members, group) => members.map((each) => [each, group] as const)));
  const head = (at: number, what: string): string => {
    const group = groupOf.get(formatAddress(at));
    return `${formatAddress(at)} ${what}: Someone Something\n${WORDS}${group === undefined ? '' : `\tIOMMU group: ${group}\n`}`;
  };
  const bus = (value: number): string => value.toString(16).padStart(2, '0');
  const printed: [number, string][] = functions.map(({ address, node }) => {
    const isRoot = nodes.some((each) => each.index === node && /^tree\[\d+\]$/.test(each.path));
    return [address, head(address, isRoot ? 'Host bridge' : 'Ethernet controller') + DENIED];
  });
  for (const { document: node } of nodes) {
    if (node.kind === 'device') continue;
    const { secondary, subordinate } = node.buses;
    const buses = `secondary=${bus(secondary)}, subordinate=${bus(subordinate)}, sec-latency=0`;
    const primary = `\tBus: primary=${bus(Math.floor(node.at / 0x100) % 0x100)}, ${buses}\n`;
    printed.push([node.at, head(node.at, 'PCI bridge') + primary + DENIED]);
  }
  printed.sort(([a], [b]) => a - b);
  return { text: printed.map(([, text]) => text).join('\n'), groups: groups.groups.length };
}

test.each(BOARDS)('%s has the groups that its kernel built, and says what it took', (name) => {
  const { text, groups } = printedToUsers(name);
  const { report } = examineImport(imported([readTextOf('machine', text, 'lspci.txt')]));
  expect(report.kernelGroups).toEqual({ compared: groups, same: groups, differences: [], notCompared: [] });
  expect(report.imported.filter(({ text: said }) => said.includes('pcie_acs_override'))).toHaveLength(1);
});
