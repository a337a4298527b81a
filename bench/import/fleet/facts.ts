/**
 * VMs and hosts of a fleet, as a manager lists them.
 */
import type { ManagerId } from '../../../sim/manager/vmms.ts';

export interface FleetVm {
  readonly name: string;
  /** Null: it is on none, or the list does not say it. */
  readonly host: string | null;
  readonly vcpus: number | null;
  readonly memoryBytes: number | null;
  /** Names of resources or models, as the list has them. */
  readonly hostDevices: readonly string[];
  readonly gpus: readonly string[];
  /** What the manager says; null: nothing. */
  readonly migratable: boolean | null;
  /** Why not, in the manager's words. */
  readonly reason: string | null;
  readonly running: boolean;
}

export interface FleetHost {
  readonly name: string;
  /** What VMs may use of it; null: the list does not say it. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
}

export interface FleetFile {
  readonly manager: ManagerId;
  readonly vms: readonly FleetVm[];
  readonly hosts: readonly FleetHost[];
  /** What the file says in its own terms. */
  readonly said: Readonly<Record<string, unknown>>;
}
