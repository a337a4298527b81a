/**
 * What IOMMU domains hold in addition to the guests' memory. docs/isolation.md 3, step 7.
 */
import { GUEST_BAR2_DIVISOR, REGION } from '../abi/region.ts';
import type { TopologyDocument } from './topology-file.ts';
import type { AddressRange, Domain, Topology } from './topology.ts';

/** What {@link domainsOf} reads. */
type Source = Pick<
  Topology,
  | 'document'
  | 'tenants'
  | 'functionTenant'
  | 'barStart'
  | 'barEnd'
  | 'barFunction'
  | 'barNumber'
  | 'areas'
  | 'areaOf'
  | 'clipped'
>;

/** Whether a VMM maps BARs into the domain of its guest: with iommufd it cannot map one of this driver; docs/isolation.md 13. */
export function mapsBars({ tenants, iommu }: TopologyDocument, tenant: string): boolean {
  return tenants[tenant]?.mapsBars ?? iommu.backend === 'type1';
}

/**
 * The domains, by tenant: the parts of BARs that a VMM can mmap through VFIO and so put into its guest's domain, and
 * what root mapped outside VFIO.
 *
 * A control area in the VF's BAR2 is left out when all three operations stop at the half. Then a host whose pages are
 * larger than the half cannot map the other half either.
 */
export function domainsOf(topology: Source): readonly Domain[] {
  const { document, tenants, functionTenant, areaOf, areas, clipped } = topology;
  const mapped: AddressRange[][] = tenants.map(() => []);
  const maps = tenants.map((name) => mapsBars(document, name));
  for (let i = 0; i < topology.barFunction.length; i++) {
    const fn = topology.barFunction[i]!;
    const owner = functionTenant[fn]!;
    if (owner === 0 || !maps[owner]!) continue;
    const start = topology.barStart[i]!;
    let end = topology.barEnd[i]!;
    const area = areaOf[fn]!;
    const hasControl = area >= 0 && areas[area]!.holder === fn && topology.barNumber[i] === REGION.BAR2;
    if (hasControl && clipped[fn] === 1) end = start + (end - start) / GUEST_BAR2_DIVISOR;
    if ((end - start) % document.hostPageSize === 0 && end > start) mapped[owner]!.push({ start, end });
  }
  return tenants.map((name, i) => ({
    mapped: mapped[i]!,
    sysfs: (document.tenants[name]?.sysfs ?? [])
      .map(({ at, size }) => ({ start: at, end: at + size }))
      .toSorted((a, b) => a.start - b.start),
  }));
}
