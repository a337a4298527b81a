/**
 * Words of the answers about a topology: policies, verdicts, hazards. docs/isolation.md 5.
 */

/**
 * `upstream`: what Linux does, which checks no topology. `thread`: integrated endpoints only, and no hazard. `on-die`:
 * those, and devices below root ports of the processor that lead to no slot, and no hazard. `proof`: no hazard, wherever
 * it is.
 */
export const POLICIES = ['upstream', 'thread', 'on-die', 'proof'] as const;
export type Policy = (typeof POLICIES)[number];

/**
 * `load-clipped`: migration, with the upper half of the BAR hidden. `load-full`: migration, with the whole BAR, as the
 * control windows are in the PF's. `refuse`: no migration. `plain`: no migration, because there could be none anyway.
 * `n/a`: the policy says nothing about such a driver.
 */
export const LOAD_VERDICTS = ['load-clipped', 'load-full', 'refuse', 'plain', 'n/a'] as const;
export type LoadVerdict = (typeof LOAD_VERDICTS)[number];

/**
 * How a control area is reached: by the VM that has the VF, by another VM, by a request that spoofs another function's,
 * or by one that no IOMMU checks.
 */
export const HAZARDS = ['self', 'other', 'spoof', 'unchecked'] as const;
export type Hazard = (typeof HAZARDS)[number];

/** Whether a control area is reached. `privileged`: only by what root mapped through sysfs. */
export const REACHES = ['no', 'yes', 'privileged'] as const;

/** `n/a`: the VF cannot migrate, so nothing uses the area. */
export type Reach = (typeof REACHES)[number] | 'n/a';
