/**
 * A request through the topology as the hops of a report: from the function that sends it to where it arrives.
 */
import { formatAddress, formatHex } from '../../../sim/pci/address.ts';
import type { OffendingRoute, VfAnswer } from '../../../sim/pci/isolation.ts';
import type { Route } from '../../../sim/pci/route.ts';
import { functionLabel, IOVA_BASE, MEMORY_ADDRESS, SYSFS_IOVA_BASE, type Topology } from '../../../sim/pci/topology.ts';
import { AT, type Hop } from '../../../sim/pci/walk.ts';
import type { HopReport, PathReport } from '../../documents/isolation/document.ts';
import { deviceKey, IOMMU_PLACE, ROOT_KEY } from '../../documents/isolation/tree.ts';

export function pathOf(topology: Topology, answer: VfAnswer, offending: OffendingRoute): PathReport {
  const { hazard, privileged, possible, route } = offending;
  const from = functionLabel(topology, route.requester);
  const inArea = hazard === 'self' || hazard === 'other';
  const hops = route.hops.map((hop, index): HopReport => {
    if (inArea && index === route.hops.length - 1) return arrival(topology, answer);
    return { at: placeKey(topology, hop), did: hop.what, because: hop.by === '' ? null : hop.by };
  });
  const to = inArea ? answer.vf : hazard === 'spoof' ? route.claimed : undefined;
  return {
    hazard,
    privileged,
    possible,
    stake: STAKE_OF[hazard],
    from,
    fromTenant: tenantOf(topology, route.requester),
    to: to === undefined ? null : functionLabel(topology, to),
    toTenant: to === undefined ? null : tenantOf(topology, to),
    request: requestText(topology, route),
    hops: [{ at: from, did: 'sends it', because: null }, ...hops],
  };
}

const STAKE_OF = {
  self: 'own-image',
  other: 'other-image',
  spoof: 'other-memory',
  unchecked: 'host-memory',
} as const satisfies Record<OffendingRoute['hazard'], PathReport['stake']>;

/** The last hop, which gets into the control area. */
function arrival(topology: Topology, { address, vf, area }: VfAnswer): HopReport {
  const holder = area?.holder ?? vf;
  const where = holder === vf ? '' : ', in its own BAR2';
  return {
    at: functionLabel(topology, holder),
    did: `takes it into the control area of ${address}${where}`,
    because: null,
  };
}

function tenantOf({ tenants, functionTenant }: Topology, fn: number): string {
  return tenants[functionTenant[fn]!]!;
}

/** The hop's place as the tree has it. */
function placeKey({ nodes }: Topology, { node, place }: Hop): string {
  if (node < 0) return place === IOMMU_PLACE ? IOMMU_PLACE : ROOT_KEY;
  const { document } = nodes[node]!;
  return document.kind === 'device' ? deviceKey(document) : formatAddress(document.at);
}

function requestText(topology: Topology, { address, addressType, requester, claimed }: Route): string {
  const marked = addressType === AT.translated ? ', marked as translated already' : '';
  const posing = claimed === requester ? '' : `, under the ID of ${functionLabel(topology, claimed)}`;
  return `a write to ${addressText(address)}${marked}${posing}`;
}

function addressText(address: number): string {
  if (address === MEMORY_ADDRESS) return 'memory';
  if (address >= SYSFS_IOVA_BASE) return `what root put into the domain for ${formatHex(address - SYSFS_IOVA_BASE)}`;
  if (address >= IOVA_BASE) return `what the VMM put into the domain for ${formatHex(address - IOVA_BASE)}`;
  return `host address ${formatHex(address)}`;
}
