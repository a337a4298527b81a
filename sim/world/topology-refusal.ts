/**
 * From a decision about a VF's place on a server to what its driver does: a refusal keeps the migration driver away.
 */
import { isolationOf } from '../pci/isolation.ts';
import type { Route } from '../pci/route.ts';
import { functionLabel, type Topology } from '../pci/topology.ts';
import type { Policy } from '../pci/policy.ts';
import type { LoadDecision } from '../pci/verdict.ts';
import type { MigrationRefusal } from '../vfio/migration-refusal.ts';

/**
 * @returns why the driver does not load, with the way of the request that speaks against it; null when it loads, and when the
 *   policy does not speak of such a driver. A VF that is `plain` is refused too, since it cannot migrate.
 */
export function topologyRefusal(topology: Topology, vf: number, decision: LoadDecision): MigrationRefusal | null {
  const { policy, verdict, why, reasons } = decision;
  if (verdict === 'plain') return { why, path: [] };
  if (verdict !== 'refuse') return null;
  const address = functionLabel(topology, vf);
  const route = reasons.find((reason) => reason.route !== undefined)?.route;
  const path = route === undefined ? [] : wayOf(topology, route);
  return { why: `policy ${policy} refuses ${address}, as ${why}`, path };
}

/**
 * The refusals of a host whose hardware functions 1, 2 and so on sit at some VFs of a topology.
 *
 * @param vfs addresses, in the order of the hardware functions
 * @throws UserError of kind `input` when the topology has no such VF
 */
export function refusalsOf(
  topology: Topology,
  vfs: readonly string[],
  policy: Policy,
): ReadonlyMap<number, MigrationRefusal> {
  const refusals = new Map<number, MigrationRefusal>();
  for (const [index, address] of vfs.entries()) {
    const { vf, decisions } = isolationOf(topology).of(address);
    const refusal = topologyRefusal(topology, vf, decisions[policy]);
    if (refusal !== null) refusals.set(index + 1, refusal);
  }
  return refusals;
}

function wayOf(topology: Topology, { requester, hops }: Route): readonly string[] {
  const places = hops.map(({ place, by }) => (by === '' ? place : `${place} (${by})`));
  return [functionLabel(topology, requester), ...places];
}
