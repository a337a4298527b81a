/**
 * One fleet of several lists of it: servers and their flavors, VMs and nodes, hosts and what placement has of them.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import type { ManagerId } from '../../../sim/manager/vmms.ts';
import type { Finding } from '../reader.ts';
import { apartVms } from './apart.ts';
import { type FleetFile, type FleetFlavor, type FleetHost, fleetHost, type FleetVm } from './facts.ts';
import { PROXMOX_NODE } from './proxmox.ts';

export interface Fleet {
  readonly manager: ManagerId | null;
  readonly vms: readonly FleetVm[];
  /** Also those that only VMs name. */
  readonly hosts: readonly FleetHost[];
}

interface FleetSource {
  readonly file: string;
  readonly facts: FleetFile;
}

/** @throws UserError of kind `usage` for lists of different managers */
export function mergedFleet(files: readonly FleetSource[]): {
  readonly fleet: Fleet;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const manager = managerOf(files);
  const hosts = mergedHosts(files.flatMap(({ facts }) => facts.hosts));
  const flavors = files.flatMap(({ facts }) => facts.flavors);
  const nameOf = namesOfHosts(hosts);
  const vms = mergedVms(files, findings).map((vm) => {
    const sized = withFlavor(vm, flavors);
    return sized.host === null ? sized : { ...sized, host: nameOf(sized.host) };
  });
  const known = new Set(hosts.map(({ name }) => name));
  const others = [...new Set(vms.flatMap(({ host }) => (host === null || known.has(host) ? [] : [host])))];
  return {
    fleet: {
      manager,
      vms: apartVms(vms, files.flatMap(({ facts }) => facts.serverGroups), findings), // prettier-ignore
      hosts: [
        ...hosts,
        ...others.map((name) => fleetHost({ name, labels: manager === 'proxmox' ? { [PROXMOX_NODE]: name } : {} })),
      ],
    },
    findings,
  };
}

function managerOf(files: readonly FleetSource[]): ManagerId | null {
  const said = files.filter(({ facts }) => facts.manager !== null);
  const [first] = said;
  const other = said.find(({ facts }) => facts.manager !== first!.facts.manager);
  if (other !== undefined) {
    throw new UserError(
      'usage',
      `${first!.file} is of ${String(first!.facts.manager)}, and ${other.file} of ${String(other.facts.manager)}`,
      'Give lists of one fleet.',
    );
  }
  return first?.facts.manager ?? null;
}

function mergedHosts(all: readonly FleetHost[]): readonly FleetHost[] {
  const hosts = new Map<string, FleetHost>();
  const nameOf = inFull(all);
  for (const each of all) {
    const host = { ...each, name: nameOf(each.name) };
    const before = hosts.get(host.name);
    hosts.set(host.name, before === undefined ? host : bothHosts(before, host));
  }
  return [...hosts.values()];
}

/** A name without a domain as the only one that has it with one: services and hypervisors of Nova call hosts otherwise. */
function inFull(all: readonly FleetHost[]): (name: string) => string {
  const full = new Map<string, string | null>();
  for (const { name } of all) {
    const begin = name.split('.', 1)[0]!;
    if (begin !== name) full.set(begin, full.has(begin) && full.get(begin) !== name ? null : name);
  }
  return (name) => full.get(name) ?? name;
}

function bothHosts(a: FleetHost, b: FleetHost): FleetHost {
  return {
    name: a.name,
    cpus: a.cpus ?? b.cpus,
    memoryBytes: a.memoryBytes ?? b.memoryBytes,
    usedCpus: a.usedCpus ?? b.usedCpus,
    usedMemoryBytes: a.usedMemoryBytes ?? b.usedMemoryBytes,
    devices: { ...b.devices, ...a.devices },
    closed: a.closed ?? b.closed,
    taints: a.taints.length > 0 ? a.taints : b.taints,
    labels: { ...b.labels, ...a.labels },
    gigabitsPerSecond: a.gigabitsPerSecond ?? b.gigabitsPerSecond,
  };
}

/** The name of a host by what a VM calls it: in full, or up to the first dot where only one begins so. */
function namesOfHosts(hosts: readonly FleetHost[]): (name: string) => string {
  const full = new Set(hosts.map(({ name }) => name));
  const short = new Map<string, string | null>();
  for (const { name } of hosts) {
    const begin = name.split('.', 1)[0]!;
    short.set(begin, short.has(begin) ? null : name);
  }
  return (name) => (full.has(name) ? name : (short.get(name.split('.', 1)[0]!) ?? name));
}

function mergedVms(files: readonly FleetSource[], findings: Finding[]): readonly FleetVm[] {
  const all: FleetVm[] = [];
  const byId = new Map<string, number>();
  const byName = new Map<string, number>();
  let twice = 0;
  // Tables add to what managers list, whichever is given first.
  const listed = files.filter(({ facts }) => facts.manager !== null).flatMap(({ facts }) => facts.vms);
  const shorts = shortNames(listed);
  const tables = files.filter(({ facts }) => facts.manager === null).flatMap(({ facts }) => facts.vms);
  const isListed = listed.length > 0;
  for (const [index, vm] of [...listed, ...tables].entries()) {
    const isRow = isListed && index >= listed.length;
    const place = isRow
      ? (byName.get(vm.name) ?? byName.get(shorts.get(vm.name) ?? ''))
      : placeOf(vm, all, byId, byName);
    if (place !== undefined) {
      all[place] = bothVms(all[place]!, vm);
      continue;
    }
    if (byName.has(vm.name)) twice += 1;
    if (vm.id !== null) byId.set(vm.id, all.length);
    byName.set(vm.name, all.length);
    all.push(vm);
  }
  if (twice > 0)
    findings.push({
      kind: 'warning',
      text: `${twice} VMs have the name of another: they are counted as VMs of their own`,
    });
  return all;
}

/** Names without their namespaces, where only one VM is called so. */
function shortNames(vms: readonly FleetVm[]): ReadonlyMap<string, string> {
  const full = new Map<string, string | null>();
  for (const { name } of vms) {
    const short = name.slice(name.lastIndexOf('/') + 1);
    full.set(short, full.has(short) && full.get(short) !== name ? null : name);
  }
  return new Map([...full].flatMap(([short, name]) => (name === null ? [] : [[short, name] as const])));
}

/** Where the same VM is, by its ID, or by its name where one list has no IDs and the other says no host. */
function placeOf(
  { id, name, host }: FleetVm,
  all: readonly FleetVm[],
  byId: ReadonlyMap<string, number>,
  byName: ReadonlyMap<string, number>,
): number | undefined {
  if (id !== null) {
    const same = byId.get(id);
    if (same !== undefined) return same;
  }
  const place = byName.get(name);
  if (place === undefined) return undefined;
  const other = all[place]!;
  const isOther = (id !== null && other.id !== null) || (host !== null && other.host !== null);
  return isOther ? undefined : place;
}

function bothVms(a: FleetVm, b: FleetVm): FleetVm {
  return {
    // A rule has the ID alone.
    name: a.name === a.id ? b.name : a.name,
    id: a.id ?? b.id,
    host: a.host ?? b.host,
    vcpus: a.vcpus ?? b.vcpus,
    memoryBytes: a.memoryBytes ?? b.memoryBytes,
    flavor: a.flavor ?? b.flavor,
    hostDevices: a.hostDevices.length > 0 ? a.hostDevices : b.hostDevices,
    gpus: a.gpus.length > 0 ? a.gpus : b.gpus,
    migratable: a.migratable ?? b.migratable,
    reason: a.reason ?? b.reason,
    pins: [...new Set([...a.pins, ...b.pins])],
    needs: a.needs.length > 0 ? a.needs : b.needs,
    tolerations: a.tolerations.length > 0 ? a.tolerations : b.tolerations,
    namespace: a.namespace ?? b.namespace,
    labels: { ...b.labels, ...a.labels },
    apart: a.apart.length > 0 ? a.apart : b.apart,
    serverGroups: [...new Set([...a.serverGroups, ...b.serverGroups])],
    group: null,
    running: a.running || b.running,
    dirtyBytesPerSecond: a.dirtyBytesPerSecond ?? b.dirtyBytesPerSecond,
  };
}

function withFlavor(vm: FleetVm, flavors: readonly FleetFlavor[]): FleetVm {
  const flavor =
    vm.flavor === null ? undefined : flavors.find(({ name, id }) => name === vm.flavor || id === vm.flavor);
  if (flavor === undefined) return vm;
  return {
    ...vm,
    vcpus: vm.vcpus ?? flavor.vcpus,
    memoryBytes: vm.memoryBytes ?? flavor.memoryBytes,
    hostDevices: vm.hostDevices.length > 0 ? vm.hostDevices : flavor.hostDevices,
    pins: [...new Set([...vm.pins, ...flavor.pins])],
  };
}
