/**
 * What would have to change so that VMs can open what they were given: for each IOMMU group of which they cannot, the changes
 * of one kind that are enough, else of several kinds. docs/isolation.md 8.
 *
 * Bits that are switched on only ever split a group, so its members and the bridges above them are all that has to be
 * grouped again.
 */
import { keysOf } from '../base/keys.ts';
import { ACS_REQUIRED, formatAcsBits } from './acs.ts';
import { type IommuGroups, linuxGroupNumbers } from './groups.ts';
import { type LinuxFunction, linuxFunctionsOf, partOf } from './linux-functions.ts';
import type { Opening } from './openings.ts';
import type { Change } from './setting.ts';
import { functionLabel, HOST_TENANT, nodeLabel, type Topology } from './topology.ts';

/**
 * `acs`: bits of ports and functions, before groups are built. `drivers`: drivers of the host are unbound. `one-vm`: functions of a
 * group go to one VM.
 */
export const GROUP_REMEDIES = ['acs', 'drivers', 'one-vm'] as const;
export type GroupRemedyKind = (typeof GROUP_REMEDIES)[number];

/** Changes after which VMs can open what they have of a group; none of them can be left out. */
export interface GroupRemedy {
  /** One where that is enough. */
  readonly kinds: readonly GroupRemedyKind[];
  /** Bits to switch on. */
  readonly bits: readonly Change[];
  /** Functions of which the host's driver is unbound. */
  readonly unbound: readonly number[];
  /** Sets of functions, each for one VM. */
  readonly together: readonly (readonly number[])[];
  readonly texts: readonly string[];
}

export interface GroupRemedies {
  readonly group: number;
  /** Functions that their VMs cannot open. */
  readonly closed: readonly number[];
  readonly remedies: readonly GroupRemedy[];
  /** Why there is none; empty when there is one. */
  readonly because: string;
}

/** For every group of which a VM cannot open what it was given. */
export function groupRemedies(
  topology: Topology,
  groups: IommuGroups,
  openings: readonly Opening[],
): readonly GroupRemedies[] {
  const closed = new Map<number, number[]>();
  for (const { fn, ok } of openings) {
    if (ok) continue;
    const group = groups.groupOf[fn]!;
    closed.set(group, [...(closed.get(group) ?? []), fn]);
  }
  // The rule that is no kernel's has no settings to try.
  if (closed.size === 0 || groups.rule !== 'linux') return [];
  const list = linuxFunctionsOf(topology);
  const members = new Map([...closed.keys()].map((group): [number, number[]] => [group, []]));
  for (const [i, { fn, node }] of list.entries()) {
    if (fn >= 0) members.get(groups.groupOf[fn]!)?.push(i);
    else
      for (const group of closed.keys()) if (groups.groups[group]!.bridges.includes(node)) members.get(group)!.push(i);
  }
  return [...closed].map(([group, functions]) => {
    const { remedies, because } = new GroupSearch(topology, list, members.get(group)!).run();
    return { group, closed: functions, remedies, because };
  });
}

/** What is changed of a group's members, by their places among them. */
interface Changed {
  readonly acs: ReadonlySet<number>;
  readonly drivers: ReadonlySet<number>;
  /** Whether all functions of VMs in a group are one VM's. */
  readonly oneVm: boolean;
}

/** Kinds in the order in which they are tried: each alone, then pairs, then all. */
const COMBINATIONS: readonly (readonly GroupRemedyKind[])[] = [
  ['acs'],
  ['drivers'],
  ['one-vm'],
  ['acs', 'one-vm'],
  ['acs', 'drivers'],
  ['drivers', 'one-vm'],
  ['acs', 'drivers', 'one-vm'],
];

class GroupSearch {
  private readonly topology: Topology;
  /** Members of the group and the bridges above them, with places among themselves. */
  private readonly members: readonly LinuxFunction[];
  private readonly isMember: readonly boolean[];

  /** @param inGroup places in the list */
  constructor(topology: Topology, list: readonly LinuxFunction[], inGroup: readonly number[]) {
    this.topology = topology;
    const wanted = new Set<number>();
    for (const i of inGroup) {
      for (let at = i; at >= 0 && !wanted.has(at); at = list[at]!.bridge) wanted.add(at);
      for (let at = list[i]!.dma; at >= 0 && !wanted.has(at); at = list[at]!.bridge) wanted.add(at);
    }
    this.members = partOf(list, wanted);
    const members = new Set(inGroup.map((at) => list[at]!.address));
    this.isMember = this.members.map(({ address }) => members.has(address));
  }

  run(): Pick<GroupRemedies, 'remedies' | 'because'> {
    const remedies: GroupRemedy[] = [];
    for (const kinds of COMBINATIONS) {
      if (kinds.length > 1 && remedies.length > 0) break;
      const all = this.all(kinds);
      // What a kind cannot change at all is tried without it.
      if ((kinds.includes('acs') && all.acs.size === 0) || (kinds.includes('drivers') && all.drivers.size === 0))
        continue;
      if (this.opensAll(all)) remedies.push(this.worded(this.reduced(all)));
    }
    return { remedies, because: remedies.length === 0 ? this.obstacle() : '' };
  }

  /** All that changes of some kinds can do. */
  private all(kinds: readonly GroupRemedyKind[]): Changed {
    const places = [...this.members.keys()];
    return {
      acs: new Set(kinds.includes('acs') ? places.filter((i) => this.canSwitchOn(i)) : []),
      drivers: new Set(kinds.includes('drivers') ? places.filter((i) => this.canUnbind(i)) : []),
      oneVm: kinds.includes('one-vm'),
    };
  }

  private canSwitchOn(i: number): boolean {
    const { isolates, isolatesWhenOn, isVf } = this.members[i]!;
    return !isolates && isolatesWhenOn && !isVf;
  }

  private canUnbind(i: number): boolean {
    return this.holdsDriver(i) && this.neededFor(i) === undefined;
  }

  /** What goes away with the driver of a function. */
  private neededFor(i: number): string | undefined {
    const { fn, address } = this.members[i]!;
    const { functions, document } = this.topology;
    if (functions[fn]!.document.sriov !== undefined) return 'its VFs';
    const domain = keysOf(document.vmd).find((each) => document.vmd[each] === address);
    return domain === undefined ? undefined : `domain ${domain}`;
  }

  private holdsDriver(i: number): boolean {
    const { fn } = this.members[i]!;
    return fn >= 0 && this.topology.functions[fn]!.hostDriver;
  }

  /** Whether VMs can open all that they have of the group. */
  private opensAll({ acs, drivers, oneVm }: Changed): boolean {
    for (const members of this.split(acs)) {
      const tenants = this.tenantsOf(members);
      if (tenants.size === 0) continue;
      if (tenants.size > 1 && !oneVm) return false;
      if (members.some((i) => this.holdsDriver(i) && !drivers.has(i))) return false;
    }
    return true;
  }

  /** The groups that the members have once some isolate. */
  private split(acs: ReadonlySet<number>): readonly (readonly number[])[] {
    if (acs.size === 0) return [[...this.members.keys()].filter((i) => this.isMember[i])];
    const list = this.members.map((each, i) => (acs.has(i) ? { ...each, isolates: true } : each));
    const found = new Map<number, number[]>();
    for (const [i, number] of linuxGroupNumbers(list).entries()) {
      if (this.isMember[i] !== true) continue;
      const members = found.get(number);
      if (members === undefined) found.set(number, [i]);
      else members.push(i);
    }
    return [...found.values()];
  }

  private tenantsOf(members: readonly number[]): ReadonlySet<number> {
    const { functionTenant } = this.topology;
    const tenants = members.map((i) => (this.members[i]!.fn < 0 ? HOST_TENANT : functionTenant[this.members[i]!.fn]!));
    return new Set(tenants.filter((tenant) => tenant !== HOST_TENANT));
  }

  /** Without each change that is not needed. */
  private reduced(changed: Changed): Changed {
    let least = changed;
    for (const kind of ['drivers', 'acs'] as const) {
      for (const i of changed[kind]) {
        const fewer = { ...least, [kind]: new Set([...least[kind]].filter((each) => each !== i)) };
        if (this.opensAll(fewer)) least = fewer;
      }
    }
    const apart = { ...least, oneVm: false };
    return this.opensAll(apart) ? apart : least;
  }

  private worded(changed: Changed): GroupRemedy {
    const bits = [...changed.acs].flatMap((i) => this.changesAt(i));
    const unbound = [...changed.drivers].map((i) => this.members[i]!.fn);
    const together = changed.oneVm ? this.sharedBy(changed.acs) : [];
    const label = (fn: number): string => functionLabel(this.topology, fn);
    return {
      kinds: GROUP_REMEDIES.filter(
        (kind) => ({ acs: bits.length > 0, drivers: unbound.length > 0, 'one-vm': together.length > 0 })[kind],
      ),
      bits,
      unbound,
      together,
      texts: [
        ...[...changed.acs].map((i) => `switch on ${formatAcsBits(this.missing(i))} of ${this.labelOf(i)}`),
        ...unbound.map((fn) => `unbind the driver of the host from ${label(fn)}`),
        ...together.map((functions) => `give ${functions.map(label).join(', ')} to one VM`),
      ],
    };
  }

  /** Functions of several VMs in one group. */
  private sharedBy(acs: ReadonlySet<number>): readonly (readonly number[])[] {
    return this.split(acs).flatMap((members) => {
      if (this.tenantsOf(members).size < 2) return [];
      const functions = members.map((i) => this.members[i]!.fn);
      return [functions.filter((fn) => fn >= 0 && this.topology.functionTenant[fn] !== HOST_TENANT)];
    });
  }

  private changesAt(i: number): readonly Change[] {
    const { fn, node } = this.members[i]!;
    const missing = this.missing(i);
    return [0x01, 0x04, 0x08, 0x10]
      .filter((bit) => (missing & bit) !== 0)
      .map((detail) => ({
        setting: fn < 0 ? { of: 'port-acs', place: node, detail } : { of: 'function-acs', place: fn, detail },
        on: true,
      }));
  }

  /** Bits that Linux asks for, that the capability has and that are off. */
  private missing(i: number): number {
    const { fn, node } = this.members[i]!;
    const { portAcs, functionAcs, functions, nodes } = this.topology;
    if (fn >= 0) return (functions[fn]!.document.acs?.can ?? 0) & ~functionAcs[fn]! & ACS_REQUIRED;
    const { document } = nodes[node]!;
    const can = document.kind === 'device' || document.kind === 'pci-bridge' ? 0 : (document.acs?.can ?? 0);
    return can & ~portAcs[node]! & ACS_REQUIRED;
  }

  /** What keeps the group together, whatever is switched on. */
  private obstacle(): string {
    const all = this.all(GROUP_REMEDIES);
    const blocked = this.split(all.acs).find(
      (members) => this.tenantsOf(members).size > 0 && members.some((i) => this.holdsDriver(i) && !this.canUnbind(i)),
    )!;
    const holder = blocked.find((i) => this.holdsDriver(i) && !this.canUnbind(i))!;
    const kept = `without its driver ${this.labelOf(holder)} loses ${this.neededFor(holder)!}`;
    const without = blocked.filter((i) => !this.members[i]!.isolates && !all.acs.has(i)).map((i) => this.labelOf(i));
    if (without.length === 0) return `${kept}, and nothing else keeps the others apart from it`;
    const named = without.slice(0, LABELS_MAX).join(', ');
    const more = without.length > LABELS_MAX ? ` and ${without.length - LABELS_MAX} more` : '';
    return `${kept}, and ACS that would keep the others apart cannot be switched on at ${named}${more}`;
  }

  private labelOf(i: number): string {
    const { fn, node } = this.members[i]!;
    return fn < 0 ? nodeLabel(this.topology, node) : functionLabel(this.topology, fn);
  }
}

const LABELS_MAX = 3;
