/**
 * The PCIe tree of a topology as nodes to be drawn: root complex, ports, devices, functions, VFs.
 */
import { ACS, formatAcsBits } from '../../../sim/pci/acs.ts';
import { formatAddress, type FunctionAddress } from '../../../sim/pci/address.ts';
import { formatId, type PciId } from '../../../sim/pci/pci-id.ts';
import { HOST } from '../../../sim/pci/topology-file.ts';
import type {
  AcsDocument,
  DeviceDocument,
  NodeDocument,
  PhysicalFunctionDocument,
  SriovDocument,
  TopologyDocument,
} from '../../../sim/pci/topology-file.ts';

export interface TreeNode {
  /** Unique in its tree: an address, or words for what has none. */
  readonly key: string;
  /** What it is, with its address in front. */
  readonly label: string;
  /** What is set there. */
  readonly notes: string;
  readonly children: readonly TreeNode[];
  /** Addresses of the functions that the node stands for, where they are several. */
  readonly members?: readonly string[] | undefined;
}

export const ROOT_KEY = 'root complex';

/** So many VFs in a row, of which nothing particular is to be shown, become one node. */
const ALIKE_MIN = 3;

/** @param keep keys of VFs that are to be shown by themselves */
export function treeOf(document: TopologyDocument, keep: ReadonlySet<string>): TreeNode {
  const { iommu, rootComplex, tree } = document;
  const reflects = iommu.reflectsToMmio ? 'may lead to BARs' : 'never leads to BARs';
  return {
    key: ROOT_KEY,
    label: 'root complex with IOMMU',
    notes: `streams: ${iommu.streams}; ${reflects}; between ports: ${rootComplex.p2p}`,
    children: tree.map((node) => nodeOf(node, document, keep)),
  };
}

const PORT_NAMES = { 'root-port': 'root port', 'downstream-port': 'downstream port' } as const;

function nodeOf(node: NodeDocument, document: TopologyDocument, keep: ReadonlySet<string>): TreeNode {
  if (node.kind === 'device') return deviceOf(node, document, keep);
  const key = formatAddress(node.at);
  const children = node.below.map((below) => nodeOf(below, document, keep));
  const notes = idNotes(node.id);
  if (node.kind === 'switch' && node.acs !== undefined) notes.push(acsNote(node.acs));
  if (node.kind === 'switch') return { key, label: `${key} switch, upstream port`, notes: notes.join('; '), children };
  notes.push(node.kind === 'pci-bridge' ? 'no ACS' : acsNote(node.acs));
  if (node.kind === 'pci-bridge') return { key, label: `${key} bridge to PCI`, notes: notes.join('; '), children };
  if ((node.turnaround ?? document.turnaround) === 'ur') notes.push('turns nothing around');
  if (node.externalFacing) notes.push('external');
  if (node.slot === false) notes.push('no slot');
  return { key, label: `${key} ${PORT_NAMES[node.kind]}`, notes: notes.join('; '), children };
}

function idNotes(id: PciId | undefined): string[] {
  return id === undefined ? [] : [formatId(id)];
}

/** What is on, and what is there and off. */
function acsNote(acs: AcsDocument | undefined): string {
  const believed = acs?.override === undefined ? '' : `, Linux made to believe: ${formatAcsBits(acs.override)}`;
  if (acs === undefined || (acs.can === undefined && acs.wired === 0)) return `no ACS${believed}`;
  const effective = acs.on | acs.wired;
  const off = (acs.can ?? 0) & ~effective;
  const offText = off === 0 ? '' : `, off: ${formatAcsBits(off)}`;
  const egress = (effective & ACS.EC) === 0 ? '' : `, egress to ${acs.egress.map(formatAddress).join(' ') || 'none'}`;
  return `ACS on: ${formatAcsBits(effective)}${offText}${egress}${believed}`;
}

const ROUTING_NOTES = {
  upstream: 'sends everything upstream',
  'loop-self': 'loops requests for its own function',
  'loop-any': 'loops requests for its own functions',
} as const;

/** `device 0000:75:00.0`: a device has no address but those of its functions. */
export function deviceKey({ functions }: DeviceDocument): string {
  return `device ${formatAddress(functions[0]!.at)}`;
}

function deviceOf(device: DeviceDocument, document: TopologyDocument, keep: ReadonlySet<string>): TreeNode {
  return {
    key: deviceKey(device),
    label: device.name === undefined ? 'device' : `device "${device.name}"`,
    notes: ROUTING_NOTES[device.internalRouting],
    children: device.functions.map((fn) => functionOf(fn, document, keep)),
  };
}

function functionOf(fn: PhysicalFunctionDocument, document: TopologyDocument, keep: ReadonlySet<string>): TreeNode {
  const key = formatAddress(fn.at);
  const kind = fn.kind === 'other' ? '' : `, ${fn.kind}${fn.version === undefined ? '' : ` ${fn.version}`}`;
  const notes = idNotes(fn.id);
  if (fn.tenant !== undefined) notes.push(`of ${fn.tenant}`);
  if (fn.driver === false) notes.push('no driver');
  if (fn.acs !== undefined) notes.push(acsNote(fn.acs));
  if (fn.stream !== undefined) notes.push(`stream: ${fn.stream}`);
  if (fn.ats !== undefined) notes.push(fn.ats.enabled ? 'ATS' : 'ATS off');
  if (fn.sriov?.window === 'pf-bar') notes.push('holds the control windows of its VFs');
  const role = fn.sriov === undefined ? 'function' : 'PF';
  return {
    key,
    label: `${key} ${role}${kind}`,
    notes: notes.join('; '),
    children: fn.sriov === undefined ? [] : vfsOf(fn.at, fn.sriov, document, keep),
  };
}

interface Vf {
  readonly key: string;
  readonly number: number;
  readonly notes: string;
}

function vfsOf(
  pf: FunctionAddress,
  sriov: SriovDocument,
  document: TopologyDocument,
  keep: ReadonlySet<string>,
): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  let alike: Vf[] = [];
  const flush = (): void => {
    if (alike.length < ALIKE_MIN) nodes.push(...alike.map(vfNode));
    else nodes.push(alikeNode(alike));
    alike = [];
  };
  for (let number = 1; number <= sriov.vfs; number++) {
    const key = formatAddress(pf + sriov.offset + (number - 1) * sriov.stride);
    const vf = { key, number, notes: vfNotes(sriov, number, key, document) };
    if (keep.has(key)) {
      flush();
      nodes.push(vfNode(vf));
      continue;
    }
    if (alike[0] !== undefined && alike[0].notes !== vf.notes) flush();
    alike.push(vf);
  }
  flush();
  return nodes;
}

function vfNotes(sriov: SriovDocument, number: number, key: string, document: TopologyDocument): string {
  const own = sriov.each[String(number)] ?? {};
  const { tenant, stream, ats, clip } = { ...sriov.all, ...own };
  const notes = [tenantNote(tenant === `vm-${key}` ? undefined : tenant)];
  if (sriov.window === 'vf-bar' && clip !== undefined && clip !== 'all') notes.push(`clip: ${clip}`);
  if (stream !== undefined && stream !== document.iommu.streams) notes.push(`stream: ${stream}`);
  if (ats !== undefined) notes.push(ats.enabled ? 'ATS' : 'ATS off');
  return notes.join('; ');
}

/** A VF without particulars has a VM of its own. */
function tenantNote(tenant: string | undefined): string {
  if (tenant === undefined) return 'of a VM of its own';
  return tenant === HOST ? 'of the host' : `of ${tenant}`;
}

function vfNode({ key, number, notes }: Vf): TreeNode {
  return { key, label: `${key} VF ${number}`, notes, children: [] };
}

function alikeNode(alike: readonly Vf[]): TreeNode {
  const first = alike[0]!;
  const last = alike.at(-1)!;
  return {
    key: `${first.key} to ${last.key}`,
    label: `${first.key} to ${last.key}  VF ${first.number} to ${last.number}`,
    notes: first.notes,
    children: [],
    members: alike.map(({ key }) => key),
  };
}

/** The nodes from the top to one, or undefined when the tree has no such key. */
export function lineTo(tree: TreeNode, key: string): readonly TreeNode[] | undefined {
  if (tree.key === key) return [tree];
  for (const child of tree.children) {
    const line = lineTo(child, key);
    if (line !== undefined) return [tree, ...line];
  }
  return undefined;
}

/** What of a tree a request passed: nodes, and edges by the key of their lower end. */
export interface Trail {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
  /** Edges that it passed upwards, and those that it passed downwards. */
  readonly up: ReadonlySet<string>;
  readonly down: ReadonlySet<string>;
  /** For each node where something happened, the numbers of the hops, from 1. */
  readonly hops: ReadonlyMap<string, readonly number[]>;
}

export const NO_TRAIL: Trail = {
  nodes: new Set(),
  edges: new Set(),
  up: new Set(),
  down: new Set(),
  hops: new Map(),
};

/** Where hops happen that the root complex is drawn with. */
export const IOMMU_PLACE = 'IOMMU';

/** @param stations keys of the hops, in order; those that the tree does not have are left out */
export function trailOf(tree: TreeNode, stations: readonly string[]): Trail {
  const nodes = new Set<string>();
  const up = new Set<string>();
  const down = new Set<string>();
  const hops = new Map<string, number[]>();
  let before: readonly TreeNode[] | undefined;
  stations.forEach((station, index) => {
    const key = station === IOMMU_PLACE ? ROOT_KEY : station;
    const line = lineTo(tree, key);
    if (line === undefined) return;
    hops.set(key, [...(hops.get(key) ?? []), index + 1]);
    nodes.add(key);
    if (before !== undefined) {
      let shared = 0;
      while (before[shared] !== undefined && before[shared] === line[shared]) shared += 1;
      for (const { key: passed } of before.slice(shared)) up.add(passed);
      for (const { key: passed } of line.slice(shared)) down.add(passed);
      // Where the way up becomes the way down.
      nodes.add(line[shared - 1]!.key);
    }
    before = line;
  });
  const edges = new Set([...up, ...down]);
  return { nodes: new Set([...nodes, ...edges]), edges, up, down, hops };
}
