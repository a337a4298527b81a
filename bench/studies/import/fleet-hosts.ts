/**
 * Hosts of a fleet in classes, for a question that empties some of them: those that are emptied, and how much room the others have.
 */
import { MIB } from '../../../sim/base/units.ts';
import type { FleetHost, FleetVm } from '../../import/fleet/facts.ts';
import { meets } from '../../import/fleet/labels.ts';
import type { VmClass } from './fleet-vms.ts';

/** Room is given in these: hosts that differ by less are alike. */
const ROOM_BYTES = 256 * MIB;

/** Hosts that are alike. */
export interface HostClass {
  /** Unique in its fleet. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly isEmptied: boolean;
  /** What is left of its memory; null: the list does not say how much it has. */
  readonly freeBytes: number | null;
  /** Devices that are left of those that VMs of the question have; null: the list names none. */
  readonly freeVfs: number | null;
  /** Why it takes none; null: it does. */
  readonly closed: string | null;
  readonly gigabitsPerSecond: number | null;
  /** VMs on each, by the name of their class. */
  readonly vms: Readonly<Record<string, number>>;
  /** Whether it meets what VMs of each class need, by its name. */
  readonly takes: ReadonlySet<string>;
}

/** VMs of a host, by its name; '' for those on a host that is not named. */
function byHost(vms: readonly FleetVm[]): ReadonlyMap<string, readonly FleetVm[]> {
  const hosts = new Map<string, FleetVm[]>();
  for (const vm of vms) {
    const own = hosts.get(vm.host ?? '');
    if (own === undefined) hosts.set(vm.host ?? '', [vm]);
    else own.push(vm);
  }
  return hosts;
}

/** The hosts with the most memory of VMs. */
export function fullestHosts(vms: readonly FleetVm[], count: number): readonly string[] {
  const memory = [...byHost(vms)].map(([host, own]) => ({
    host,
    bytes: own.reduce((sum, vm) => sum + (vm.memoryBytes ?? 0), 0),
  }));
  return memory
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, count)
    .map(({ host }) => host);
}

/**
 * Hosts in classes, those that are emptied first.
 *
 * @param vms that run @param classes of these VMs
 */
export function hostClassesOf(
  hosts: readonly FleetHost[],
  vms: readonly FleetVm[],
  classes: readonly VmClass[],
  emptied: readonly string[],
): readonly HostClass[] {
  const on = byHost(vms);
  const classOf = new Map(classes.flatMap(({ name, vms: own }) => own.map((vm) => [vm, name] as const)));
  const devices = devicesOf(hosts, classes);
  const groups = new Map<string, HostClass & { readonly hosts: string[] }>();
  const places = emptied.map((name) => hosts.find((each) => each.name === name)!);
  for (const host of [...places, ...hosts.filter(({ name }) => !emptied.includes(name))]) {
    const own = on.get(host.name) ?? [];
    const each = {
      isEmptied: emptied.includes(host.name),
      freeBytes: freeBytesOf(host, own),
      freeVfs: freeVfsOf(host, own, devices),
      closed: host.closed,
      gigabitsPerSecond: host.gigabitsPerSecond,
      vms: countsOf(own, classOf),
      takes: new Set(
        classes.filter(({ demands }) => demands.every((demand) => meets(host, demand))).map(({ name }) => name),
      ),
    };
    const key = JSON.stringify([each, [...each.takes]]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { name: '', hosts: [host.name], ...each });
    else known.hosts.push(host.name);
  }
  return [...groups.values()].map((each) => ({
    ...each,
    name: each.hosts.length === 1 ? each.hosts[0]! : `like ${each.hosts[0]!}`,
  }));
}

/** Devices of VMs that move, by names that hosts have too: a flavor may call them otherwise. */
function devicesOf(hosts: readonly FleetHost[], classes: readonly VmClass[]): ReadonlySet<string> {
  const moving = classes.filter((each) => each.pinned === null && each.devices.length > 0);
  const names = new Set(moving.flatMap(({ deviceNames }) => deviceNames));
  return new Set([...names].filter((name) => hosts.some(({ devices }) => Object.hasOwn(devices, name))));
}

function countsOf(vms: readonly FleetVm[], classOf: ReadonlyMap<FleetVm, string>): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const vm of vms) {
    const name = classOf.get(vm)!;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function freeBytesOf({ memoryBytes, usedMemoryBytes }: FleetHost, vms: readonly FleetVm[]): number | null {
  if (memoryBytes === null) return null;
  const used = usedMemoryBytes ?? vms.reduce((sum, vm) => sum + (vm.memoryBytes ?? 0), 0);
  return Math.max(0, Math.floor((memoryBytes - used) / ROOM_BYTES) * ROOM_BYTES);
}

function freeVfsOf({ devices }: FleetHost, vms: readonly FleetVm[], wanted: ReadonlySet<string>): number | null {
  if (wanted.size === 0) return null;
  const names = Object.keys(devices).filter((name) => wanted.has(name));
  const used = vms
    .flatMap(({ hostDevices, gpus }) => [...hostDevices, ...gpus])
    .filter((name) => names.includes(name)).length;
  return Math.max(0, names.reduce((sum, name) => sum + devices[name]!, 0) - used);
}
