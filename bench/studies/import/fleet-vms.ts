/**
 * VMs of a fleet in classes: alike where there are few kinds, else the nearest in size; and what keeps a VM where it is.
 */
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { GIB } from '../../../sim/base/units.ts';
import { CLASSES_MAX } from '../../../sim/fleet/rooms.ts';
import type { FleetHost, FleetVm } from '../../import/fleet/facts.ts';
import { type HostDemand, meets, needsText, tolerates } from '../../import/fleet/labels.ts';

const PAGE_BYTES = 4096;
/** What stands for what no list says. */
export const ASSUMED = { vcpus: 2, memoryBytes: 4 * GIB, dirtyPagesPerSecond: 1000, linkGigabits: 10 } as const;

/** Devices of a VM by profile: those that are known. */
interface KnownDevices {
  readonly profile: string;
  readonly count: number;
}

/** VMs that are planned alike. */
export interface VmClass {
  /** Unique in its fleet. */
  readonly name: string;
  /** vCPUs and memory of the largest in it. */
  readonly vcpus: number;
  readonly memoryBytes: number;
  /** Memory of the smallest in it. */
  readonly memoryFromBytes: number;
  readonly devices: readonly KnownDevices[];
  /** Names of devices, as the list has them. */
  readonly deviceNames: readonly string[];
  /** Why it stays; null: it moves. */
  readonly pinned: string | null;
  /** What its VMs ask of a host: each of these. */
  readonly demands: readonly HostDemand[];
  /** Of which no two share a host; null: they may. */
  readonly group: string | null;
  readonly dirtyPagesPerSecond: number | null;
  /** What of its size no list says. */
  readonly unsaid: ReadonlySet<'vcpus' | 'memory'>;
  readonly vms: readonly FleetVm[];
}

/** An accelerator of which a profile comes with stopcopy, by the name of a resource, an alias or a mapping. */
function acceleratorOf(name: string): string | undefined {
  const kind = ACCELERATOR_KINDS.find((each) => new RegExp(`(?:^|[^a-z])${each}(?:[^a-z]|$)`, 'i').test(name));
  return kind === undefined ? undefined : `acc-${kind}`;
}

/** Why a VM stays where it is; null: nothing says so. */
function pinOf(vm: FleetVm, hosts: readonly FleetHost[]): string | null {
  const { migratable, reason, pins, hostDevices, gpus } = vm;
  if (migratable === false) return reason ?? 'its manager does not move it';
  if (pins.length > 0) return pins[0]!;
  const bound = boundBy(vm, hosts);
  if (bound !== null) return bound;
  const unknown = [...hostDevices, ...gpus].find((name) => acceleratorOf(name) === undefined);
  return unknown === undefined || migratable === true
    ? null
    : `${unknown}: whether its driver moves is not said, nor what state it has`;
}

/** A demand that no other host meets. */
function boundBy(vm: FleetVm, hosts: readonly FleetHost[]): string | null {
  if (vm.needs.length === 0 && hosts.every(({ taints }) => taints.length === 0)) return null;
  if (hosts.some((host) => host.name !== vm.host && meets(host, vm))) return null;
  if (vm.needs.length === 0) return 'taints of the other hosts: it tolerates those of none';
  const isSaid = hosts.some(({ labels }) => Object.keys(labels).length > 0);
  return `it needs ${needsText(vm.needs)}: ${isSaid ? 'no other host that it may use has that' : 'which hosts have it is not in the file'}`;
}

/** Hosts whose taints no VM of the list tolerates are closed. */
export function settledHosts(hosts: readonly FleetHost[], vms: readonly FleetVm[]): readonly FleetHost[] {
  return hosts.map((host) => {
    const { taints, closed } = host;
    if (taints.length === 0 || (closed === null && vms.some((vm) => tolerates(vm.tolerations, taints)))) return host;
    return { ...host, taints: [], closed: closed ?? `taint ${taints.map(({ key }) => key).join(', ')}` };
  });
}

/** Steps of an octave to which sizes are raised, the finest first; the last ones: one octave, and four. */
const STEPS = [Infinity, 8, 4, 2, 1, 0.25] as const;

/** Classes of VMs, the largest first: as fine as they are few enough. */
export function vmClassesOf(
  vms: readonly FleetVm[],
  hosts: readonly FleetHost[],
  most = CLASSES_MAX,
): readonly VmClass[] {
  const pinned = vms.map((vm) => ({ vm, pin: pinOf(vm, hosts) }));
  const tainted = hosts.filter(({ taints }) => taints.length > 0);
  const toleratedBy = ({ tolerations }: FleetVm): readonly boolean[] =>
    tainted.map(({ taints }) => tolerates(tolerations, taints));
  for (const step of STEPS) {
    const classes = grouped(pinned, hosts, (vm, pin) =>
      JSON.stringify([
        raised(vm.vcpus, step),
        raised(vm.memoryBytes, step),
        namesOf(vm),
        step === Infinity ? pin : pin !== null,
        vm.needs,
        toleratedBy(vm),
        vm.group,
        raised(vm.dirtyBytesPerSecond, step),
      ]),
    );
    if (classes.length <= most) return named(classes);
  }
  return named(coarsest(pinned, hosts, most));
}

/** What moves and what does not, with how many devices: VMs together ask for all that each of them does. */
function coarsest(pinned: readonly Pinned[], hosts: readonly FleetHost[], most: number): readonly Unnamed[] {
  const fewest = (all: readonly Pinned[], asks: boolean): readonly Unnamed[] =>
    grouped(all, hosts, (vm, pin) =>
      JSON.stringify([
        pin !== null,
        namesOf(vm).filter((name) => acceleratorOf(name) !== undefined),
        vm.group,
        asks ? [vm.needs, vm.tolerations] : null,
      ]),
    );
  let classes = fewest(pinned, true);
  for (const groups of [Infinity, 8, 4, 2, 1, 0]) {
    if (classes.length <= most) return classes;
    classes = fewest(groups === Infinity ? pinned : inFewGroups(pinned, groups), false);
  }
  return classes.slice(0, most);
}

/** Groups put together where no host has two of the same: no VM gets nearer to another so. VMs of those that are left stay. */
function inFewGroups(all: readonly Pinned[], most: number): readonly Pinned[] {
  const hostsOf = new Map<string, Set<string | null>>();
  for (const { vm } of all)
    if (vm.group !== null) hostsOf.set(vm.group, (hostsOf.get(vm.group) ?? new Set()).add(vm.host));
  const taken: { readonly name: string; readonly hosts: Set<string | null> }[] = [];
  const nameOf = new Map<string, string>();
  for (const [name, hosts] of hostsOf) {
    let place = taken.find((each) => [...hosts].every((host) => !each.hosts.has(host)));
    if (place === undefined && taken.length < most) taken.push((place = { name, hosts: new Set() }));
    if (place === undefined) continue;
    for (const host of hosts) place.hosts.add(host);
    nameOf.set(name, place.name);
  }
  return all.map(({ vm, pin }) => {
    if (vm.group === null) return { vm, pin };
    const group = nameOf.get(vm.group) ?? null;
    const isLeft = group === null;
    return { vm: { ...vm, group }, pin: pin ?? (isLeft ? 'more groups of anti-affinity than a question takes' : null) };
  });
}

function namesOf({ hostDevices, gpus }: FleetVm): readonly string[] {
  return [...hostDevices, ...gpus].toSorted();
}

function raised(value: number | null, step: number): number | null {
  if (value === null || value <= 0 || step === Infinity) return value;
  return Math.ceil(Math.log2(value) * step - 1e-9);
}

interface Pinned {
  readonly vm: FleetVm;
  readonly pin: string | null;
}

type Unnamed = Omit<VmClass, 'name'>;

function grouped(
  all: readonly Pinned[],
  hosts: readonly FleetHost[],
  keyOf: (vm: FleetVm, pin: string | null) => string,
): readonly Unnamed[] {
  const groups = new Map<string, Pinned[]>();
  for (const each of all) {
    const key = keyOf(each.vm, each.pin);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()]
    .map((group) => classOf(group, hosts))
    .toSorted((a, b) => b.vms.length - a.vms.length || b.memoryBytes - a.memoryBytes);
}

function classOf(group: readonly Pinned[], hosts: readonly FleetHost[]): Unnamed {
  const vms = group.map(({ vm }) => vm);
  const demands = [...new Map(vms.map(({ needs, tolerations }) => [JSON.stringify([needs, tolerations]), { needs, tolerations }])).values()]; // prettier-ignore
  const isNowhere = demands.length > 1 && !hosts.some((host) => demands.every((demand) => meets(host, demand)));
  const memory = vms.map(({ memoryBytes }) => pagesOf(memoryBytes ?? ASSUMED.memoryBytes));
  const rates = vms.flatMap(({ dirtyBytesPerSecond: rate }) => (rate === null ? [] : [rate]));
  const deviceNames = namesOf(vms[0]!);
  const counts = new Map<string, number>();
  for (const profile of deviceNames.flatMap((name) => acceleratorOf(name) ?? []))
    counts.set(profile, (counts.get(profile) ?? 0) + 1);
  return {
    vcpus: Math.max(1, ...vms.map(({ vcpus }) => vcpus ?? ASSUMED.vcpus)),
    memoryBytes: Math.max(...memory),
    memoryFromBytes: Math.min(...memory),
    devices: [...counts].map(([profile, count]) => ({ profile, count })),
    deviceNames,
    pinned:
      group.find(({ pin }) => pin !== null)?.pin ??
      (isNowhere ? 'more kinds of demands on hosts than a question takes, and no host meets all' : null),
    demands,
    group: vms[0]!.group,
    dirtyPagesPerSecond: rates.length === 0 ? null : Math.ceil(Math.max(...rates) / PAGE_BYTES),
    unsaid: new Set([
      ...(vms.some(({ vcpus }) => vcpus === null) ? ['vcpus' as const] : []),
      ...(vms.some(({ memoryBytes }) => memoryBytes === null) ? ['memory' as const] : []),
    ]),
    vms,
  };
}

function pagesOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / PAGE_BYTES)) * PAGE_BYTES;
}

/** Names that say the size: `16-vcpus-32g`, with a number where two are alike. */
function named(classes: readonly Unnamed[]): readonly VmClass[] {
  const seen = new Map<string, number>();
  return classes.map((each) => {
    const size =
      each.memoryBytes >= GIB
        ? `${Math.round(each.memoryBytes / GIB)}g`
        : `${Math.round(each.memoryBytes / (GIB / 1024))}m`;
    const base = `${each.vcpus}-vcpus-${size}${each.pinned === null ? '' : '-pinned'}`;
    const times = (seen.get(base) ?? 0) + 1;
    seen.set(base, times);
    return { name: times === 1 ? base : `${base}-${times}`, ...each };
  });
}
