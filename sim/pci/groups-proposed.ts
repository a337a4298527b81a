/**
 * IOMMU groups as a series of 2025 would build them, which no kernel does: a what-if. docs/isolation.md 7.
 *
 * Source: Gunthorpe, "Fix incorrect iommu_groups with PCIe ACS" v3, linux-pci 2025-09-05,
 * <0-v3-8827cc7fc4e0+23f-pcie_switch_groups_jgg@nvidia.com>. Its use of the newer ACS bits is left out, and bridges to
 * conventional PCI are taken to have no memory BAR.
 */
import { busKey, slotKey } from './address.ts';
import { translatesIds } from './alias-quirks.ts';
import type { LinuxFunction } from './linux-functions.ts';

const NONE = -1;

/** How the functions of one bus are kept together. */
type BusKind = 'isolated' | 'whole bus' | 'with the bridge';

/** Group numbers, by place in the list. */
export function proposedGroupNumbers(list: readonly LinuxFunction[]): Int32Array {
  return new ProposedGrouper(list).numbers();
}

class ProposedGrouper {
  private readonly list: readonly LinuxFunction[];
  private readonly groups: Int32Array;
  /** Groups that take in all that is below a member. */
  private readonly spread = new Set<number>();
  private readonly ofBus = new Map<number, number>();
  private readonly members = new Map<number, number[]>();
  private count = 0;

  constructor(list: readonly LinuxFunction[]) {
    this.list = list;
    this.groups = new Int32Array(list.length).fill(NONE);
    for (const [i, { bridge, address, isVf }] of list.entries()) {
      if (isVf) continue;
      const key = bridge < 0 ? -1 - busKey(address) : bridge;
      this.members.set(key, [...(this.members.get(key) ?? []), i]);
    }
  }

  numbers(): Int32Array {
    for (let i = 0; i < this.list.length; i++) this.groups[i] = this.find(i);
    return this.groups;
  }

  private find(i: number): number {
    const { bridge, dma, id } = this.list[i]!;
    if (dma !== i) return this.groups[dma]!;
    if (translatesIds(id)) return this.fresh();
    if (bridge >= 0 && this.spread.has(this.groups[bridge]!)) return this.groups[bridge]!;
    const kind = bridge < 0 ? 'isolated' : this.kindBelow(bridge);
    if (kind === 'isolated') return this.inSlot(i);
    const group = kind === 'whole bus' ? (this.ofBus.get(bridge) ?? this.fresh()) : this.groups[bridge]!;
    this.ofBus.set(bridge, group);
    this.spread.add(group);
    return group;
  }

  private kindBelow(bridge: number): BusKind {
    const { type, hasAcs, isolates } = this.list[bridge]!;
    if (type === 'root-port') return hasAcs && !isolates ? 'with the bridge' : 'isolated';
    if (type === 'downstream-port') return 'isolated';
    if (type === 'pcie-to-pci-bridge') return 'whole bus';
    if (type !== 'upstream-port') return 'with the bridge';
    const members = this.members.get(bridge)!.map((i) => this.list[i]!);
    if (members.some((each) => each.type !== 'downstream-port')) return 'with the bridge';
    return members.every((each) => each.isolates) ? 'isolated' : 'whole bus';
  }

  /** Functions of a slot are one group where an alias joins them, or where one has the capability and does not isolate. */
  private inSlot(i: number): number {
    const { address, isVf, bridge } = this.list[i]!;
    if (isVf) return this.fresh();
    const bus = this.members.get(bridge < 0 ? -1 - busKey(address) : bridge)!;
    const slot = bus.filter((other) => slotKey(this.list[other]!.address) === slotKey(address));
    const fails = slot.length > 1 && slot.some((other) => this.list[other]!.hasAcs && !this.list[other]!.isolates);
    const joined = fails ? slot : bus.filter((other) => other === i || this.areAliases(i, other));
    if (joined.length < 2) return this.fresh();
    const known = joined.find((other) => this.groups[other] !== NONE);
    const group = known === undefined ? this.fresh() : this.groups[known]!;
    this.spread.add(group);
    return group;
  }

  private areAliases(a: number, b: number): boolean {
    const one = this.list[a]!;
    const other = this.list[b]!;
    return one.aliases.includes(other.address % 0x100) || other.aliases.includes(one.address % 0x100);
  }

  private fresh(): number {
    this.count += 1;
    return this.count - 1;
  }
}
