/**
 * Readers of moves.
 */
import type { Reader } from '../reader.ts';
import { CLOUD_HYPERVISOR_EVENTS, CLOUD_HYPERVISOR_LOG } from './cloud-hypervisor.ts';
import { DOMJOBINFO } from './domjobinfo.ts';
import type { MoveFile } from './facts.ts';
import { GUESTPERF } from './guestperf.ts';
import { INFO_MIGRATE } from './info-migrate.ts';
import { KUBEVIRT_METRICS } from './kubevirt-metrics.ts';
import { KUBEVIRT_VMIM } from './kubevirt-vmim.ts';
import { NOVA_COMPUTE_LOG, NOVA_MIGRATION } from './nova.ts';
import { PROXMOX } from './proxmox.ts';
import { QEMU_TRACE } from './qemu-trace.ts';
import { QMP } from './qmp.ts';
import { VIRT_LAUNCHER } from './virt-launcher.ts';

export const MOVE_READERS: readonly Reader<MoveFile, 'move'>[] = [
  QMP,
  INFO_MIGRATE,
  QEMU_TRACE,
  GUESTPERF,
  DOMJOBINFO,
  CLOUD_HYPERVISOR_LOG,
  CLOUD_HYPERVISOR_EVENTS,
  KUBEVIRT_VMIM,
  KUBEVIRT_METRICS,
  VIRT_LAUNCHER,
  NOVA_MIGRATION,
  NOVA_COMPUTE_LOG,
  PROXMOX,
];
