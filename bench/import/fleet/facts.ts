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
  /** Labels that a host must have to take it. */
  readonly needs: readonly LabelNeed[];
  readonly running: boolean;
  /** Null: no list says it. */
  readonly dirtyBytesPerSecond: number | null;
}

/** A demand on the labels of a host. */
export interface LabelNeed {
  readonly label: string;
  /** One of these; null: any value. */
  readonly values: readonly string[] | null;
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
  labels: {},
  gigabitsPerSecond: null,
} as const;

/** A host of which little is known. */
export function fleetHost(known: Partial<FleetHost> & Pick<FleetHost, 'name'>): FleetHost {
  return { ...NO_HOST, ...known };
}
