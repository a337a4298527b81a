/**
 * Readers of lists of VMs and hosts.
 */
import type { Reader } from '../reader.ts';
import type { FleetFile } from './facts.ts';
import { FLEET_CSV } from './csv.ts';
import { KUBEVIRT_VMIS } from './kubevirt.ts';
import { NOVA_FLEET } from './nova.ts';
import { PROXMOX_VMS } from './proxmox.ts';

export const FLEET_READERS: readonly Reader<FleetFile, 'fleet'>[] = [KUBEVIRT_VMIS, NOVA_FLEET, PROXMOX_VMS, FLEET_CSV];
