/**
 * The isolation document: what `stopcopy isolation --json` prints and the page shows. Version 1; docs/isolation-report.md
 * explains each field.
 */
import type { BarReach, BarVariantName } from '../../sim/vfio/bar-reach.ts';

export const ISOLATION_FORMAT = 'stopcopy-isolation';
export const ISOLATION_VERSION = 1;

/** What is asked of a topology before the migration driver attaches itself to a VF. */
export const POLICIES = {
  upstream: 'what Linux does: no look at the topology',
  thread: 'only integrated endpoints, as the discussion of 2021 ended',
  proof: 'wherever no way into the control area is found',
} as const;

export type PolicyName = keyof typeof POLICIES;
export const POLICY_NAMES = Object.keys(POLICIES) as readonly PolicyName[];

export const VERDICT_MEANINGS = {
  'load-clipped': 'migration is offered, and the guest sees half of the BAR',
  'load-full': 'migration is offered, and the guest sees the whole BAR',
  refuse: 'the migration driver keeps away; the VF can be assigned, and not migrated',
  plain: 'the device could not migrate anyway; the VF can be assigned',
  'n/a': 'the question does not arise',
} as const;

export type VerdictName = keyof typeof VERDICT_MEANINGS;

/** `privileged`: only because root opened the way. */
export type Answer = 'no' | 'yes' | 'privileged' | 'n/a';

export interface HopReport {
  /** An address, or `root complex` or `IOMMU`. */
  readonly at: string;
  /** What happened there. */
  readonly did: string;
  /** The bit or setting that decided it; null where there was nothing to decide. */
  readonly because: string | null;
}

/** A request that arrives at the control area of a VF. */
export interface PathReport {
  /** The function that sends it, and the VM that has that function. */
  readonly from: string;
  readonly fromTenant: string;
  /** The VF whose control area it is; the area itself may be in its PF's BAR. */
  readonly to: string;
  readonly toTenant: string;
  /** Whether that VM is the VF's own or another. */
  readonly by: 'own' | 'other';
  /** What kind of request, in words. */
  readonly request: string;
  readonly hops: readonly HopReport[];
}

export interface DecisionReport {
  readonly policy: PolicyName;
  readonly verdict: VerdictName;
  readonly why: string;
  /** Whether it holds only as long as the clip of the BAR is complete. */
  readonly dependsOnClip: boolean;
}

export interface VfReport {
  readonly address: string;
  /** The VM that has it, or `host`. */
  readonly tenant: string;
  /** Number of its IOMMU group in `groups`. */
  readonly group: number;
  /** What keeps CPUs out, and how far they get. */
  readonly cpu: { readonly variant: BarVariantName; readonly reachesControl: boolean; readonly reach: BarReach };
  /** Whether requests of the VF's own VM reach its control area, and whether those of other VMs do. */
  readonly dma: { readonly self: Answer; readonly other: Answer };
  /** Those that arrive: the first that was found of the own VM, and of each other. */
  readonly paths: readonly PathReport[];
  readonly decisions: readonly DecisionReport[];
  /** What to change so that nothing arrives any more; empty when nothing does. */
  readonly remedies: readonly string[];
}

export interface GroupReport {
  readonly number: number;
  readonly members: readonly string[];
  /** Why it is not one function alone; null when it is. */
  readonly why: string | null;
}

export interface TopologyReport {
  /** As the user gave it. */
  readonly file: string;
  readonly title: string;
  readonly hostPageBytes: number;
  readonly vfs: readonly VfReport[];
  readonly groups: readonly GroupReport[];
  /** What the file leaves out, and what was taken instead. */
  readonly assumed: readonly { readonly path: string; readonly value: unknown }[];
}

export interface IsolationDocument {
  readonly format: typeof ISOLATION_FORMAT;
  readonly version: typeof ISOLATION_VERSION;
  readonly stopcopy: string;
  /** The policy that was asked for, or null. */
  readonly policy: PolicyName | null;
  readonly topologies: readonly TopologyReport[];
}
