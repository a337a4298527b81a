/**
 * VMs and hosts of a fleet, as a manager lists them.
 */
import type { ManagerId } from '../../../sim/manager/vmms.ts';

export interface FleetVm {
  readonly name: string;
  /** What other lists of the same manager call it; null: its name. */
  readonly id: string | null;
  /** Null: it is on none, or the list does not say it. */
  readonly host: string | null;
  readonly vcpus: number | null;
  readonly memoryBytes: number | null;
  /** What says its size, where another list has that; null: the list itself. */
  readonly flavor: string | null;
  /** Names of resources or models, as the list has them. */
  readonly hostDevices: readonly string[];
  readonly gpus: readonly string[];
  /** What the manager says; null: nothing. */
  readonly migratable: boolean | null;
  /** Why not, in the manager's words. */
  readonly reason: string | null;
  /** What of it keeps it where it is, where the manager does not say so itself. */
  readonly pins: readonly string[];
  /** What the labels of a host must be for it: all of these, each by one of its alternatives. */
  readonly needs: readonly LabelAlternatives[];
  /** Taints of hosts that do not keep it off. */
  readonly tolerations: readonly Toleration[];
  readonly namespace: string | null;
  /** Its own labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** VMs that it must not share a host with. */
  readonly apart: readonly ApartTerm[];
  /** IDs of the server groups that it says it is in. */
  readonly serverGroups: readonly string[];
  /** Of the VMs with the same no two share a host; null: it may share its host with any. Known once all lists are. */
  readonly group: string | null;
  readonly running: boolean;
  /** Null: no list says it. */
  readonly dirtyBytesPerSecond: number | null;
}

/** Terms one of which must hold; of a term each need must. */
export type LabelAlternatives = readonly (readonly LabelNeed[])[];

export const LABEL_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const;

/** A demand on one label, as Kubernetes means it. */
export interface LabelNeed {
  readonly label: string;
  readonly operator: (typeof LABEL_OPERATORS)[number];
  readonly values: readonly string[];
}

export interface Toleration {
  /** Null: every key. */
  readonly key: string | null;
  /** Null: every value. */
  readonly value: string | null;
  /** Null: every effect. */
  readonly effect: string | null;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** VMs that one must be apart from. */
export interface ApartTerm {
  /** Label of hosts that divides them: no two share a host where it is the name of the host. */
  readonly topology: string;
  /** What their labels must be; null: that cannot be read, and may be any. */
  readonly needs: readonly LabelNeed[] | null;
  /** Null: all, or not known which. */
  readonly namespaces: readonly string[] | null;
}

/** A server group of Nova. */
export interface ServerGroup {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  /** IDs of its servers. */
  readonly members: readonly string[];
}

export interface FleetHost {
  readonly name: string;
  /** What VMs may use of it; null: the list does not say it. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** What is used of these, where the list itself says so; null: the sum of its VMs. */
  readonly usedCpus: number | null;
  readonly usedMemoryBytes: number | null;
  /** Devices that it can give to VMs, by the name of the resource, those in use included. */
  readonly devices: Readonly<Record<string, number>>;
  /** Why it takes no VMs; null: it does. */
  readonly closed: string | null;
  /** Those that keep VMs off which do not tolerate them. */
  readonly taints: readonly Taint[];
  /** None: no list says them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly gigabitsPerSecond: number | null;
}

/** The size that VMs of its name have. */
export interface FleetFlavor {
  readonly name: string;
  readonly id: string | null;
  readonly vcpus: number | null;
  readonly memoryBytes: number | null;
  readonly hostDevices: readonly string[];
  readonly pins: readonly string[];
}

export interface FleetFile {
  /** Null: the list does not say whose it is. */
  readonly manager: ManagerId | null;
  readonly vms: readonly FleetVm[];
  readonly hosts: readonly FleetHost[];
  readonly flavors: readonly FleetFlavor[];
  readonly serverGroups: readonly ServerGroup[];
  /** What the file says in its own terms. */
  readonly said: Readonly<Record<string, unknown>>;
}

const NO_VM = {
  id: null,
  host: null,
  vcpus: null,
  memoryBytes: null,
  flavor: null,
  hostDevices: [],
  gpus: [],
  migratable: null,
  reason: null,
  pins: [],
  needs: [],
  tolerations: [],
  namespace: null,
  labels: {},
  apart: [],
  serverGroups: [],
  group: null,
  running: true,
  dirtyBytesPerSecond: null,
} as const;

/** A VM of which little is known. */
export function fleetVm(known: Partial<FleetVm> & Pick<FleetVm, 'name'>): FleetVm {
  return { ...NO_VM, ...known };
}

const NO_HOST = {
  cpus: null,
  memoryBytes: null,
  usedCpus: null,
  usedMemoryBytes: null,
  devices: {},
  closed: null,
  taints: [],
  labels: {},
  gigabitsPerSecond: null,
} as const;

/** A host of which little is known. */
export function fleetHost(known: Partial<FleetHost> & Pick<FleetHost, 'name'>): FleetHost {
  return { ...NO_HOST, ...known };
}
