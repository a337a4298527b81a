/**
 * Who may open a function through VFIO: no driver of the host may hold a member of its group, and a group has one user.
 * docs/isolation.md 7.
 *
 * Source: iommu_device_use_default_domain and iommu_group_claim_dma_owner in drivers/iommu/iommu.c, Linux 7.3.4; drivers
 * that let others have the DMA (pcieport, pci-stub, vfio) do not count, so ports and bridges never stand in the way.
 */
import { formatAddress } from './address.ts';
import { domainsOf } from './domain.ts';
import type { IommuGroups } from './groups.ts';
import { HOST_TENANT, type Topology } from './topology.ts';

/** What becomes of a VM's opening a function through VFIO. */
export interface Opening {
  readonly fn: number;
  readonly ok: boolean;
  /** Why not, in a sentence; empty when it is fine. */
  readonly because: string;
  /** Functions of the same group that a driver of the host holds. */
  readonly blockers: readonly number[];
}

/**
 * The same server with only those functions in the hands of VMs that their VMs can open: what can happen through VFIO. The
 * others are the host's, which sends nothing.
 */
export function openedOnly(topology: Topology, openings: readonly Opening[]): Topology {
  const closed = openings.filter(({ ok }) => !ok);
  if (closed.length === 0) return topology;
  const changed = { ...topology, functionTenant: topology.functionTenant.slice() };
  for (const { fn } of closed) changed.functionTenant[fn] = HOST_TENANT;
  return { ...changed, domains: domainsOf(changed) };
}

/** Names of this many blockers are given in a sentence. */
const BLOCKERS_NAMED = 3;

/** In the order of the document's `opens`. */
export function openingsOf(topology: Topology, { groups, groupOf }: IommuGroups): readonly Opening[] {
  const { functions, functionTenant, tenants } = topology;
  const driven = groups.map((group) => group.functions.filter((fn) => functions[fn]!.hostDriver));
  const users = new Int32Array(groups.length).fill(HOST_TENANT);
  return topology.opens.map((fn) => {
    const group = groupOf[fn]!;
    const blockers = driven[group]!;
    if (blockers.length > 0) {
      const named = blockers.slice(0, BLOCKERS_NAMED).map((each) => formatAddress(functions[each]!.address));
      const more = blockers.length - named.length;
      const who = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
      return { fn, ok: false, because: `a driver of the host is bound to ${who} of the same group`, blockers };
    }
    const tenant = functionTenant[fn]!;
    if (users[group] !== HOST_TENANT && users[group] !== tenant) {
      return { fn, ok: false, because: `${tenants[users[group]!]} has opened the group already`, blockers };
    }
    users[group] = tenant;
    return { fn, ok: true, because: '', blockers };
  });
}
