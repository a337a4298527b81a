/**
 * IOMMU groups as Linux builds them: who is kept together because Linux does not trust the way between. docs/isolation.md 7.
 *
 * Source: pci_device_group and its helpers in drivers/iommu/iommu.c, pci_for_each_dma_alias in drivers/pci/search.c,
 * Linux 6.12.117 and 7.3.4, where they are the same.
 */
import { busKey, type FunctionAddress, slotKey } from './address.ts';
import { translatesIds } from './alias-quirks.ts';
import { proposedGroupNumbers } from './groups-proposed.ts';
import { type LinuxFunction, linuxFunctionsOf } from './linux-functions.ts';
import { functionLabel, nodeLabel, type Topology } from './topology.ts';

/** `linux`: what 6.12 and 7.3 do. `proposed-2025`: what a series of 2025 would do, which was not merged. */
export const GROUP_RULES = ['linux', 'proposed-2025'] as const;
export type GroupRule = (typeof GROUP_RULES)[number];

export interface IommuGroup {
  readonly index: number;
  readonly functions: readonly number[];
  /** Ports, switches and bridges in it. */
  readonly bridges: readonly number[];
}

export interface IommuGroups {
  readonly rule: GroupRule;
  readonly groups: readonly IommuGroup[];
  /** By function. */
  readonly groupOf: Int32Array;
  /** Addresses of what Linux takes to isolate only because it was made to believe so. */
  readonly overridden: readonly FunctionAddress[];
}

/** Names of the members of a group: `root port 0000:00:01.0`, `0000:01:00.0`. */
export function groupMembers(topology: Topology, group: IommuGroup): readonly string[] {
  return [
    ...group.bridges.map((node) => nodeLabel(topology, node)),
    ...group.functions.map((fn) => functionLabel(topology, fn)),
  ];
}

/** The groups of a topology, numbered in the order in which Linux makes them. */
export function groupsOf(topology: Topology, rule: GroupRule = 'linux'): IommuGroups {
  const list = linuxFunctionsOf(topology);
  const numbers = rule === 'linux' ? linuxGroupNumbers(list) : proposedGroupNumbers(list);
  const count = numbers.reduce((most, number) => Math.max(most, number + 1), 0);
  const groups = Array.from({ length: count }, (_, index) => ({
    index,
    functions: [] as number[],
    bridges: [] as number[],
  }));
  const groupOf = new Int32Array(topology.functions.length);
  for (const [i, { fn, node }] of list.entries()) {
    const group = groups[numbers[i]!]!;
    if (fn < 0) group.bridges.push(node);
    else {
      group.functions.push(fn);
      groupOf[fn] = group.index;
    }
  }
  const overridden = list.filter((each) => each.overridden).map(({ address }) => address);
  return { rule, groups, groupOf, overridden };
}

/** The group of each function of a list, in the order in which Linux makes them; places in the list are those of its members. */
export function linuxGroupNumbers(list: readonly LinuxFunction[]): Int32Array {
  return new Grouper(list).numbers();
}

/** Groups that a rule has apart and Linux has together: of each the members, split as the rule splits them. */
export function splitGroups(
  topology: Topology,
  linux: IommuGroups,
  other: IommuGroups,
): readonly (readonly string[])[] {
  return linux.groups.flatMap(({ functions }) => {
    const parts = new Map<number, number[]>();
    for (const fn of functions) append(parts, other.groupOf[fn]!, fn);
    if (parts.size < 2) return [];
    return [[...parts.values()].map((part) => part.map((fn) => functionLabel(topology, fn)).join(', '))];
  });
}

const NONE = -1;

/** Ports that pass on requests under the ID of their sender. */
const TRANSPARENT: ReadonlySet<LinuxFunction['type']> = new Set(['root-port', 'upstream-port', 'downstream-port']);

/** Gives each function its group, once, in order; a group that was given is never opened again. */
class Grouper {
  private readonly list: readonly LinuxFunction[];
  private readonly groups: Int32Array;
  /** Whether a bridge and all above it isolate, by place in the list. */
  private readonly pathIsolates: Uint8Array;
  private readonly onBus = new Map<number, number[]>();
  private readonly inSlot = new Map<number, number[]>();
  /** Buses with a function that has aliases. */
  private readonly aliased = new Set<number>();
  /** Device and function numbers that one search has visited. */
  private readonly seen = new Set<number>();
  private count = 0;

  constructor(list: readonly LinuxFunction[]) {
    this.list = list;
    this.groups = new Int32Array(list.length).fill(NONE);
    this.pathIsolates = new Uint8Array(list.length);
    for (const [i, { address, bridge, isolates, aliases, dma }] of list.entries()) {
      const above = bridge < 0 ? 1 : this.pathIsolates[bridge]!;
      this.pathIsolates[i] = isolates ? above : 0;
      append(this.onBus, busKey(address), i);
      append(this.inSlot, slotKey(address), i);
      if (aliases.length > 0) this.aliased.add(busKey(address));
      if (dma !== i) this.aliased.add(busKey(list[dma]!.address));
    }
  }

  numbers(): Int32Array {
    for (let i = 0; i < this.list.length; i++) {
      const found = this.find(i);
      this.groups[i] = found === NONE ? this.count++ : found;
    }
    return this.groups;
  }

  private find(i: number): number {
    let base = this.list[i]!.dma;
    if (this.groups[base] !== NONE) return this.groups[base]!;
    // Whose ID the requests bear further up.
    for (let b = this.list[base]!.bridge; b >= 0; b = this.list[b]!.bridge) {
      const { id, type } = this.list[b]!;
      if (translatesIds(id)) break;
      if (TRANSPARENT.has(type)) continue;
      base = b;
      if (this.groups[b] !== NONE) return this.groups[b]!;
    }
    // Who gets at each other below the IOMMU.
    for (let b = this.list[base]!.bridge; b >= 0 && this.pathIsolates[b] === 0; b = this.list[b]!.bridge) {
      base = b;
      if (this.groups[b] !== NONE) return this.groups[b]!;
    }
    this.seen.clear();
    const aliased = this.ofAliases(base);
    return aliased === NONE ? this.ofSlot(base) : aliased;
  }

  private ofAliases(i: number): number {
    const { address } = this.list[i]!;
    const devfn = address % 0x100;
    if (this.seen.has(devfn)) return NONE;
    this.seen.add(devfn);
    if (this.groups[i] !== NONE) return this.groups[i]!;
    const bus = busKey(address);
    if (!this.aliased.has(bus)) return NONE;
    for (const other of this.onBus.get(bus)!) {
      if (other === i || !this.areAliases(i, other)) continue;
      const first = this.ofAliases(other);
      const found = first === NONE ? this.ofSlot(other) : first;
      if (found !== NONE) return found;
    }
    return NONE;
  }

  /** Functions of one slot that may reach each other. */
  private ofSlot(i: number): number {
    const { address, multifunction, isolates } = this.list[i]!;
    if (!multifunction || isolates) return NONE;
    for (const other of this.inSlot.get(slotKey(address))!) {
      if (other === i || this.list[other]!.isolates) continue;
      const found = this.ofAliases(other);
      if (found !== NONE) return found;
    }
    return NONE;
  }

  private areAliases(a: number, b: number): boolean {
    const one = this.list[a]!;
    const other = this.list[b]!;
    return (
      one.aliases.includes(other.address % 0x100) ||
      other.aliases.includes(one.address % 0x100) ||
      one.dma === b ||
      other.dma === a
    );
  }
}

function append(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
