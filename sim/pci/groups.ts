/**
 * IOMMU groups as Linux builds them, and who may open what. docs/isolation.md 7.
 *
 * Source: pci_device_group and its helpers in drivers/iommu/iommu.c, pci_acs_enabled in drivers/pci/pci.c, Linux 6.12.
 * Quirks of single vendors are left out.
 */
import { ACS_REQUIRED } from './acs.ts';
import { formatAddress } from './address.ts';
import { functionLabel, HOST_TENANT, NODE, nodeLabel, type Topology } from './topology.ts';

interface IommuGroup {
  readonly index: number;
  readonly functions: readonly number[];
  /** Ports, switches and bridges in it. */
  readonly bridges: readonly number[];
}

/** What becomes of a VM's opening a function through VFIO. */
export interface Opening {
  readonly fn: number;
  readonly ok: boolean;
  /** Why not, in a sentence; empty when it is fine. */
  readonly because: string;
}

export interface IommuGroups {
  readonly groups: readonly IommuGroup[];
  /** By function. */
  readonly groupOf: Int32Array;
  /** In the order of the document's `opens`. */
  readonly openings: readonly Opening[];
}

/** The groups, with their members for people: `root port 0000:00:01.0`, `0000:01:00.0`. */
export function groupMembers(topology: Topology, group: IommuGroup): readonly string[] {
  return [
    ...group.bridges.map((node) => nodeLabel(topology, node)),
    ...group.functions.map((fn) => functionLabel(topology, fn)),
  ];
}

export function groupsOf(topology: Topology): IommuGroups {
  const { nodes, functions, nodeParent, nodeKind } = topology;
  const numbers = new GroupNumbers();
  const ofNode = new Int32Array(nodes.length).fill(-1);
  const ofFunction = new Int32Array(functions.length).fill(-1);
  const passes = pathsThatPass(topology);
  const isApart = (node: number): boolean => nodeParent[node]! < 0 || passes[nodeParent[node]!] === 1;
  const crowded = crowdedSlots(topology);

  for (const { index, document } of nodes) {
    if (document.kind === 'device') continue;
    if (!isApart(index)) ofNode[index] = ofNode[nodeParent[index]!]!;
    else {
      const slot = Math.floor(document.at / 8);
      const alone = nodeKind[index] === NODE.switch || hasRequired(topology, index) || !crowded.has(slot);
      ofNode[index] = alone ? numbers.fresh() : numbers.ofSlot(slot);
    }
  }
  for (const { index, address, pf, document, node } of functions) {
    if (!isApart(node)) {
      ofFunction[index] = ofNode[nodeParent[node]!]!;
      continue;
    }
    // A VF is never marked multi-function, so nothing is asked of its own device.
    const multi = pf === undefined && physicalCount(topology, node) > 1;
    const can = document.acs?.can;
    const isolated = can !== undefined && ((topology.functionAcs[index]! | ~can) & ACS_REQUIRED) === ACS_REQUIRED;
    ofFunction[index] = multi && !isolated ? numbers.ofSlot(Math.floor(address / 8)) : numbers.fresh();
  }

  const groups = Array.from({ length: numbers.count }, (_, index) => ({
    index,
    functions: [] as number[],
    bridges: [] as number[],
  }));
  for (const [node, group] of ofNode.entries()) if (group >= 0) groups[group]!.bridges.push(node);
  for (const [fn, group] of ofFunction.entries()) groups[group]!.functions.push(fn);
  return { groups, groupOf: ofFunction, openings: openingsOf(topology, groups, ofFunction) };
}

class GroupNumbers {
  count = 0;
  private readonly bySlot = new Map<number, number>();

  fresh(): number {
    this.count += 1;
    return this.count - 1;
  }

  /** Functions of one slot that cannot be kept apart share a group. */
  ofSlot(slot: number): number {
    const known = this.bySlot.get(slot) ?? this.fresh();
    this.bySlot.set(slot, known);
    return known;
  }
}

/** 1 for each bridge from which everything up to the root passes. */
function pathsThatPass(topology: Topology): Uint8Array {
  const { nodes, nodeParent } = topology;
  const passes = new Uint8Array(nodes.length);
  for (const { index, document } of nodes) {
    if (document.kind === 'device' || document.kind === 'pci-bridge') continue;
    // An upstream port of one function is not asked; ports with links are.
    if (document.kind !== 'switch' && !hasRequired(topology, index)) continue;
    const parent = nodeParent[index]!;
    if (parent < 0 || passes[parent] === 1) passes[index] = 1;
  }
  return passes;
}

/** Linux takes a bit that the capability lacks for wired on. */
function hasRequired(topology: Topology, port: number): boolean {
  const { document } = topology.nodes[port]!;
  if (document.kind !== 'root-port' && document.kind !== 'downstream-port') return false;
  if (document.acs === undefined) return false;
  return ((topology.portAcs[port]! | ~document.acs.can) & ACS_REQUIRED) === ACS_REQUIRED;
}

/** Slots with several ports, which Linux marks multi-function. */
function crowdedSlots({ nodes }: Topology): ReadonlySet<number> {
  const seen = new Set<number>();
  const crowded = new Set<number>();
  for (const { document } of nodes) {
    if (document.kind === 'device') continue;
    const slot = Math.floor(document.at / 8);
    if (seen.has(slot)) crowded.add(slot);
    seen.add(slot);
  }
  return crowded;
}

function physicalCount(topology: Topology, node: number): number {
  const { document } = topology.nodes[node]!;
  return document.kind === 'device' ? document.functions.length : 1;
}

/** VFIO gives out a group to one user, and only when no driver of the host holds a member. */
function openingsOf(topology: Topology, groups: readonly IommuGroup[], groupOf: Int32Array): readonly Opening[] {
  const { functions, functionTenant, tenants } = topology;
  const driven = groups.map((group) => group.functions.find((fn) => functions[fn]!.hostDriver));
  const users = new Int32Array(groups.length).fill(HOST_TENANT);
  return topology.opens.map((fn) => {
    const group = groupOf[fn]!;
    const member = driven[group];
    if (member !== undefined) {
      const because = `a driver of the host is bound to ${formatAddress(functions[member]!.address)} of the same group`;
      return { fn, ok: false, because };
    }
    const tenant = functionTenant[fn]!;
    if (users[group] !== HOST_TENANT && users[group] !== tenant) {
      return { fn, ok: false, because: `${tenants[users[group]!]} has opened the group already` };
    }
    users[group] = tenant;
    return { fn, ok: true, because: '' };
  });
}
