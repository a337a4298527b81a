/**
 * The isolation document: what `stopcopy isolation --json` prints and the page shows. Version 4; docs/isolation-report.md
 * explains each field.
 */
import type { Backend, DoorAnswer, DoorState } from '../../../sim/pci/doors.ts';
import type { GroupRemedyKind } from '../../../sim/pci/group-remedy.ts';
import type { Kernel } from '../../../sim/pci/acs-quirks.ts';
import type { GroupRule } from '../../../sim/pci/groups.ts';
import type { Hazard, LoadVerdict, Policy, Reach } from '../../../sim/pci/policy.ts';
import type { BarReach, BarVariantName } from '../../../sim/vfio/bar-reach.ts';
import type { ImportFinding } from '../import/document.ts';
import type { TreeNode } from './tree.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const ISOLATION_FORMAT = 'stopcopy-isolation' satisfies DocumentFormat;
export const ISOLATION_VERSION = DOCUMENTS[ISOLATION_FORMAT].version;

/** What is asked of a topology before the migration driver attaches itself to a VF. */
export const POLICY_MEANINGS = {
  upstream: 'what Linux does: the topology is not examined',
  thread: 'only integrated endpoints, as the discussion of 2021 ended, and no way in',
  'on-die': 'also devices below root ports of the processor that lead to no slot, and no way in',
  proof: 'wherever no way into the control area is found',
} as const satisfies Record<Policy, string>;

export const VERDICT_MEANINGS = {
  'load-clipped': 'migration is offered, and the guest sees half of the BAR',
  'load-full': 'migration is offered, and the guest sees the whole BAR',
  refuse: 'the migration driver does not load; the VF can be assigned, and not migrated',
  plain: 'the device could not migrate anyway; the VF can be assigned',
  'n/a': 'the policy says nothing about such a driver',
} as const satisfies Record<LoadVerdict, string>;

export interface HopReport {
  /** An address, or `root complex` or `IOMMU`. */
  readonly at: string;
  /** What happened there. */
  readonly did: string;
  /** The bit or setting that decided it; null where there was nothing to decide. */
  readonly because: string | null;
}

/** What a request that arrives can damage, from the least to the most. */
export const STAKES = {
  'own-image': "the guest's own migration image",
  'other-image': 'the migration image of another VM',
  'other-memory': 'what another tenant has behind the IOMMU',
  'host-memory': 'all memory of the host',
} as const;
type Stake = keyof typeof STAKES;

/** A request that arrives where it should not. */
export interface PathReport {
  /** `self`, `other`: in the VF's control area. `spoof`: in another's domain. `unchecked`: anywhere in memory. */
  readonly hazard: Hazard;
  /** Whether only what root mapped makes it possible. */
  readonly privileged: boolean;
  /** Whether VFIO lets the VMs open the functions that it takes; else the fabric would carry it, and nobody can send it. */
  readonly possible: boolean;
  readonly stake: Stake;
  /** The function that sends it, and the VM that has that function. */
  readonly from: string;
  readonly fromTenant: string;
  /** The VF whose control area it is (the area itself may be in its PF's BAR), or the function that it spoofs. */
  readonly to: string | null;
  readonly toTenant: string | null;
  /** What kind of request, in words. */
  readonly request: string;
  readonly hops: readonly HopReport[];
}

/** What would make a policy accept a VF that it refuses. */
export interface RemedyReport {
  /** `changes`: a smallest set. `impossible`: no setting helps. `unknown`: the search was given up. */
  readonly kind: 'changes' | 'impossible' | 'unknown';
  readonly changes: readonly string[];
  /** What stands in the way, in words; null with `changes`. */
  readonly why: string | null;
}

export interface DecisionReport {
  readonly policy: Policy;
  readonly verdict: LoadVerdict;
  readonly why: string;
  /** All that speaks against it; empty unless refused. */
  readonly reasons: readonly string[];
  /** Whether it holds only as long as the clip of the BAR is complete. */
  readonly dependsOnClip: boolean;
  /** What was left aside. */
  readonly notes: readonly string[];
  /** Null unless refused. */
  readonly remedy: RemedyReport | null;
}

export interface CpuReport {
  readonly variant: BarVariantName;
  /** Whether they get to a control area. */
  readonly reachesControl: boolean;
  readonly reach: BarReach;
}

export interface VfIsolation {
  readonly address: string;
  /** The VM that has it, or `host`. */
  readonly tenant: string;
  /** Whether no port is between it and the root complex. */
  readonly integrated: boolean;
  /** Number of its IOMMU group in `groups`. */
  readonly group: number;
  /** What keeps CPUs out of BAR2, and how far they get; null for the VF of a device that is no accelerator. */
  readonly cpu: CpuReport | null;
  /** Whether requests of the VF's own VM reach its control area, and whether those of other VMs do. */
  readonly dma: { readonly self: Reach; readonly other: Reach };
  /** The same where only functions that their VMs can open send; `n/a` for a VF that its VM cannot open. */
  readonly possible: { readonly self: Reach; readonly other: Reach };
  /** Requests that arrive: the first that was found of the own VM, and of each other. */
  readonly paths: readonly PathReport[];
  readonly decisions: readonly DecisionReport[];
  /** Whether VFIO lets its VM open it, and why not. */
  readonly opens: { readonly ok: boolean; readonly why: string | null };
}

interface GroupReport {
  readonly number: number;
  /** Ports and bridges by kind and address, functions by address. */
  readonly members: readonly string[];
}

/** VFs that a policy refuses on what was taken, and for which it would load if unknown fields had these values. */
export interface LoadsIf {
  readonly policy: Policy;
  readonly vfs: readonly string[];
  /** All of them; none can be left out. */
  readonly conditions: readonly {
    readonly field: string;
    /** Of which devices; empty for a field that stands once. */
    readonly of: string;
    readonly value: string | boolean;
    /** Nodes of the topology. */
    readonly places: number;
    readonly question: string;
    /** The source of an answer. */
    readonly ask: string;
  }[];
}

interface NamedGroup {
  readonly group: number;
  readonly members: readonly string[];
}

/** Groups of the kernel, and the groups of its rules that have members of them. */
export interface GroupDifference {
  readonly kernel: readonly NamedGroup[];
  readonly rules: readonly NamedGroup[];
  readonly why: string;
}

export interface KernelGroupsReport {
  /** Groups of the kernel that have members in the topology. */
  readonly compared: number;
  readonly same: number;
  readonly differences: readonly GroupDifference[];
  /** Members that the topology does not have. */
  readonly notCompared: readonly string[];
}

/** What to change so that VMs can open what they have of a group. */
interface OpenRemedies {
  readonly group: number;
  /** Functions of any kind that their VMs cannot open. */
  readonly closed: readonly string[];
  /** Why not, of the first of them. */
  readonly why: string;
  /** Each is enough by itself, and none of its changes can be left out. */
  readonly remedies: readonly { readonly kinds: readonly GroupRemedyKind[]; readonly changes: readonly string[] }[];
  /** Why there is no remedy; null where there is one. */
  readonly whyNone: string | null;
}

export interface TopologyReport {
  /** As the user gave it. */
  readonly file: string;
  readonly title: string;
  readonly hostPageBytes: number;
  readonly vfs: readonly VfIsolation[];
  /** VFs that the host keeps. */
  readonly hostVfs: number;
  readonly groups: readonly GroupReport[];
  /** The kernel whose groups they are, and the rule by which they were built. */
  readonly kernel: Kernel;
  readonly rule: GroupRule;
  /** Addresses of what Linux takes to isolate only because it was made to believe so. */
  readonly overridden: readonly string[];
  /** Groups of Linux that another rule would split: of each the parts, addresses with commas between them. */
  readonly splits: readonly (readonly string[])[];
  /** Whether groups have the numbers that the kernel gave them; else their places. */
  readonly numbersOfKernel: boolean;
  /** Why the machine is not known whole, a sentence without its end; null: it is. No policy passes then. */
  readonly gap: string | null;
  /** The tree as it is drawn; VFs in a row without findings of their own are one node. */
  readonly tree: TreeNode;
  /** What the file leaves out, and what was taken instead. */
  readonly assumed: readonly { readonly path: string; readonly value: unknown }[];
  /** What was inferred or left out where the topology was made of another tool's output. */
  readonly imported: readonly ImportFinding[];
  readonly loadsIf: readonly LoadsIf[];
  readonly openRemedies: readonly OpenRemedies[];
  /** How VMMs hand functions to VFIO. */
  readonly backend: Backend;
  /** Doors into the BAR of the accelerators' VFs; empty where none is asked about. */
  readonly doors: readonly DoorAnswer[];
  /** Null where the topology does not have the kernel's own groups. */
  readonly kernelGroups: KernelGroupsReport | null;
}

/** States of doors, in the order in which they are printed. */
export const DOOR_STATE_TITLES = {
  open: 'open',
  clipped: 'stops at the half',
  modelled: 'counted above',
  closed: 'closed',
  harmless: 'cannot matter',
} as const satisfies Record<DoorState, string>;

export interface IsolationDocument {
  readonly format: typeof ISOLATION_FORMAT;
  readonly version: typeof ISOLATION_VERSION;
  readonly stopcopy: string;
  /** The policy that was asked for, or null. */
  readonly policy: Policy | null;
  readonly topologies: readonly TopologyReport[];
}
