/**
 * The policies that `stopcopy converge` plays: which manager watches a move, by which rules, and how its guest is slowed.
 *
 * Sources are named by file and commit; docs/pause.md and docs/converge.md have the rules.
 */
import { keysOf } from '../base/keys.ts';
import type { ConvergenceRules, KubevirtGates } from '../memory/convergence.ts';
import { KUBEVIRT_GATES } from '../memory/kubevirt-manager.ts';
import { type ManagerName, MANAGERS, timeoutFor } from '../memory/manager.ts';
import { managerOf } from '../memory/managers.ts';
import type { PrecopyRules } from '../memory/precopy.ts';
import { AUTO_CONVERGE, DIRTY_LIMIT, type Throttling } from '../memory/throttle.ts';
import { VMMS, type VmmName } from '../memory/vmms.ts';
import { novaSteps } from '../scenario/document.ts';
import type { Guest } from './guest.ts';

/** Fields of a policy that a question may set, in the units of the model. */
export interface PolicySettings {
  readonly downtimeLimitNs?: number;
  /** Time that a move may take. */
  readonly timeoutNs?: number;
  readonly whenOut?: 'cancel' | 'stop';
  /** Stall detection and downtime tuning: the highest limit. */
  readonly maxDowntimeNs?: number;
  /** Dirty limit: what each vCPU may write, in MiB per second. */
  readonly quotaMib?: number;
  /** Post-copy begins after so many iterations. */
  readonly iterations?: number;
}

type PolicySetting = keyof PolicySettings;

/** What a policy does to the move of one guest. */
export interface PlayedPolicy extends Omit<PrecopyRules, 'windowPhase'> {
  /** Whether the destination makes room for device state before the stop. */
  readonly switchoverAck: boolean;
  /** Whether pages that are asked for in post-copy have a channel of their own. */
  readonly preempts: boolean;
}

interface PolicyFacts {
  readonly title: string;
  readonly vmm: VmmName;
  readonly manager: ManagerName;
  readonly throttles: Throttling['kind'] | null;
  readonly switchoverAck: boolean;
  /** Where time is out, or the last iteration over, post-copy begins; with or without `postcopy-preempt`. */
  readonly postCopy?: { readonly preempts: boolean };
  /** What a question may set of it. */
  readonly reads: readonly PolicySetting[];
  /** Stall detection or downtime tuning. */
  readonly gate?: 'stallDetection' | 'downtimeTuning';
  /** Where its rules were read, and when. */
  readonly source: string;
  readonly date: string;
}

const QEMU_RULES = {
  vmm: 'qemu',
  manager: 'user',
  throttles: null,
  switchoverAck: false,
  reads: ['downtimeLimitNs', 'timeoutNs', 'whenOut'],
  source: 'QEMU 10.2.2, migration/migration.c and ram.c',
  date: '2026-11-30',
} as const satisfies Omit<PolicyFacts, 'title'>;

const KUBEVIRT_RULES = {
  vmm: 'qemu',
  manager: 'kubevirt',
  throttles: null,
  switchoverAck: true,
  reads: ['downtimeLimitNs', 'timeoutNs', 'whenOut'],
  source: 'kubevirt d923fdb815, pkg/virt-launcher/virtwrap/live-migration-source.go',
  date: '2026-08-22',
} as const satisfies Omit<PolicyFacts, 'title'>;

export const POLICIES = {
  qemu: { ...QEMU_RULES, title: 'QEMU as it ships: one limit, no time-out' },
  'qemu-auto-converge': {
    ...QEMU_RULES,
    title: 'QEMU with auto-converge',
    throttles: 'auto-converge',
    source: 'QEMU 10.2.2, migration/ram.c and cpu-throttle.c',
  },
  'qemu-dirty-limit': {
    ...QEMU_RULES,
    title: 'QEMU with dirty-limit (8.1 on, KVM with a dirty ring)',
    throttles: 'dirty-limit',
    reads: [...QEMU_RULES.reads, 'quotaMib'],
    source: 'QEMU 10.2.2, migration/ram.c and system/dirtylimit.c',
  },
  'qemu-post-copy': {
    ...QEMU_RULES,
    title: 'QEMU with post-copy after the first iteration',
    postCopy: { preempts: false },
    reads: ['downtimeLimitNs', 'timeoutNs', 'iterations'],
  },
  'qemu-switchover-ack': {
    ...QEMU_RULES,
    title: 'QEMU with switchover-ack (8.1 on, with a return path)',
    switchoverAck: true,
  },
  'cloud-hypervisor': {
    ...QEMU_RULES,
    title: 'Cloud Hypervisor',
    vmm: 'cloud-hypervisor',
    manager: 'vmm',
    source: 'cloud-hypervisor ae44c2971, vmm/src/lib.rs',
    date: '2026-08-22',
  },
  libvirt: {
    ...QEMU_RULES,
    title: 'libvirt: QEMU with return path and switchover-ack; virsh --timeout where one is given',
    switchoverAck: true,
    source: 'libvirt 11.3.0, src/qemu/qemu_migration_params.c; tools/virsh-domain.c',
  },
  nova: {
    ...QEMU_RULES,
    title: 'OpenStack Nova: the limit in ten steps up to 500 ms',
    manager: 'nova',
    switchoverAck: true,
    reads: ['timeoutNs', 'whenOut'],
    source: 'nova 00a030403f, nova/virt/libvirt/driver.py and nova/conf/libvirt.py',
    date: '2026-08-21',
  },
  'nova-post-copy': {
    ...QEMU_RULES,
    title: 'OpenStack Nova with live_migration_permit_post_copy and force_complete',
    manager: 'nova',
    switchoverAck: true,
    postCopy: { preempts: true },
    reads: ['timeoutNs'],
    source: 'nova 00a030403f, nova/virt/libvirt/driver.py and nova/conf/libvirt.py',
    date: '2026-08-21',
  },
  kubevirt: { ...KUBEVIRT_RULES, title: 'KubeVirt 1.9 without feature gates' },
  'kubevirt-post-copy': {
    ...KUBEVIRT_RULES,
    title: 'KubeVirt 1.9 with allowPostCopy',
    postCopy: { preempts: true },
    reads: ['downtimeLimitNs', 'timeoutNs'],
  },
  'kubevirt-stall-detection': {
    ...KUBEVIRT_RULES,
    title: 'KubeVirt 1.9 with MigrationStallDetection',
    reads: ['timeoutNs', 'whenOut', 'maxDowntimeNs'],
    gate: 'stallDetection',
    source: 'kubevirt d923fdb815, pkg/virt-launcher/virtwrap/stall-detector.go',
  },
  'kubevirt-stall-post-copy': {
    ...KUBEVIRT_RULES,
    title: 'KubeVirt 1.9 with MigrationStallDetection and allowPostCopy',
    postCopy: { preempts: true },
    reads: ['timeoutNs', 'maxDowntimeNs'],
    gate: 'stallDetection',
    source: 'kubevirt d923fdb815, pkg/virt-launcher/virtwrap/stall-detector.go',
  },
  'kubevirt-downtime-tuning': {
    ...KUBEVIRT_RULES,
    title: 'KubeVirt 1.9 with MigrationDowntimeTuning',
    reads: ['timeoutNs', 'whenOut', 'maxDowntimeNs'],
    gate: 'downtimeTuning',
  },
  proxmox: {
    ...QEMU_RULES,
    title: 'Proxmox VE: auto-converge, and a limit that doubles',
    manager: 'proxmox',
    throttles: 'auto-converge',
    source: 'qemu-server 096a1ac22, src/PVE/QemuMigrate.pm',
    date: '2026-11-30',
  },
} as const satisfies Readonly<Record<string, PolicyFacts>>;

export type PolicyName = keyof typeof POLICIES;
export const POLICY_NAMES = keysOf(POLICIES);

/** What a policy that comes with stopcopy does to the move of a guest. */
export function playedPolicy(name: PolicyName, settings: PolicySettings, guest: Guest): PlayedPolicy {
  const facts: PolicyFacts = POLICIES[name];
  const { vmm, manager, switchoverAck, gate, postCopy } = facts;
  const { timeoutNsPerUnit, progressTimeoutNs } = MANAGERS[manager].defaults;
  const given = gate === undefined ? undefined : gatesOf(gate, settings);
  const ownTimeoutNs = Number.isFinite(timeoutNsPerUnit)
    ? timeoutFor(manager, timeoutNsPerUnit, guest.memoryBytes)
    : VMMS[vmm].timeoutNs;
  const downtimeLimitNs = settings.downtimeLimitNs ?? firstLimitNs(manager, given);
  const rules: ConvergenceRules = {
    downtimeLimitNs,
    limitSteps: MANAGERS[manager].sets.novaSteps ? novaSteps(guest.memoryBytes) : [],
    timeoutNs: settings.timeoutNs ?? ownTimeoutNs,
    progressTimeoutNs,
    roundsMax: postCopy === undefined ? Number.POSITIVE_INFINITY : iterationsOf(facts, settings),
    whenOut: settings.whenOut ?? 'cancel',
    hasVfio: false,
    ...(given === undefined ? {} : { gates: given }),
    ...(postCopy === undefined ? {} : { postCopy: 'whenOut' }),
  };
  const throttling = throttlingOf(facts.throttles, settings, guest);
  const preempts = postCopy?.preempts ?? false;
  return { vmm, manager: managerOf(manager, rules), throttling, downtimeLimitNs, switchoverAck, preempts };
}

/** Iterations after which post-copy begins: one, where nothing else is said and no time. */
function iterationsOf({ reads }: PolicyFacts, { iterations, timeoutNs }: PolicySettings): number {
  if (!reads.includes('iterations')) return Number.POSITIVE_INFINITY;
  return iterations ?? (timeoutNs === undefined ? 1 : Number.POSITIVE_INFINITY);
}

/** Whether a policy may begin post-copy, which QEMU refuses to VMs with VFIO devices. */
export function beginsPostCopy(name: PolicyName): boolean {
  const facts: PolicyFacts = POLICIES[name];
  return facts.postCopy !== undefined;
}

function gatesOf(gate: 'stallDetection' | 'downtimeTuning', settings: PolicySettings): KubevirtGates {
  const maxDowntimeNs = settings.maxDowntimeNs ?? KUBEVIRT_GATES.maxDowntimeNs;
  return { stallDetection: gate === 'stallDetection', downtimeTuning: gate === 'downtimeTuning', maxDowntimeNs };
}

function firstLimitNs(manager: ManagerName, gates: KubevirtGates | undefined): number {
  if (gates?.stallDetection === true) return Math.min(gates.maxDowntimeNs, KUBEVIRT_GATES.stall.firstLimitNs);
  return MANAGERS[manager].sets.downtimeLimitNs;
}

/** @param kind null: the guest is not slowed */
export function throttlingOf(
  kind: Throttling['kind'] | null,
  { quotaMib = DIRTY_LIMIT.quotaMib }: PolicySettings,
  { writers }: Guest,
): Throttling | null {
  if (kind === null) return null;
  if (kind === 'auto-converge') return { kind, forcedSyncNs: AUTO_CONVERGE.forcedSyncNs };
  return { kind, quotaMib, ringMib: DIRTY_LIMIT.ringMib, writers };
}
