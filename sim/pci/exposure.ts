/**
 * The one question that rules and brute force both answer. docs/isolation.md 4 says what each hazard is.
 */
import { BitRows } from './bit-rows.ts';
import type { Topology } from './topology.ts';

export interface Exposure {
  /** By control area: the tenants whose requests reach it. */
  readonly reached: BitRows;
  /** By control area: the tenants whose requests reach it by way of what root mapped outside VFIO. */
  readonly privileged: BitRows;
  /** By function: 1 when the IOMMU may take a request of it for one of another tenant's. */
  readonly spoofs: Uint8Array;
  /** By function: 1 when the IOMMU lets a request of it through to whatever address it chooses. */
  readonly unchecked: Uint8Array;
}

/** No hazard anywhere. */
export function noExposure({ areas, tenants, functions }: Topology): Exposure {
  return {
    reached: new BitRows(areas.length, tenants.length),
    privileged: new BitRows(areas.length, tenants.length),
    spoofs: new Uint8Array(functions.length),
    unchecked: new Uint8Array(functions.length),
  };
}
