/**
 * Readers of lists of VMs and hosts.
 */
import type { Reader } from '../reader.ts';
import type { FleetFile } from './facts.ts';
import { KUBEVIRT_VMIS } from './kubevirt.ts';
import { PROXMOX_VMS } from './proxmox.ts';

export const FLEET_READERS: readonly Reader<FleetFile, 'fleet'>[] = [KUBEVIRT_VMIS, PROXMOX_VMS];
