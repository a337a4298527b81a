/**
 * Requests that speak against one VF, found without the answers about all others: what a search over many settings asks
 * again and again. The same requests in the same order as {@link Judge} has them.
 */
import { bug } from '../base/bug.ts';
import type { Hazard } from './policy.ts';
import type { Router, Route } from './route.ts';
import { isUnchecked, spoofsAnother } from './rules.ts';
import type { Senders } from './sender-kinds.ts';
import { ATS, type ControlArea, HOST_TENANT, type Topology } from './topology.ts';

interface Witness {
  readonly against: Hazard;
  readonly route: Route;
}

export class Witnesses {
  private readonly topology: Topology;
  private readonly senders: Senders;
  private readonly router: Router;
  /** Functions of which a stream or ATS was changed, so that they are of no kind. */
  private readonly changed: ReadonlySet<number>;

  constructor(topology: Topology, senders: Senders, router: Router, changed: ReadonlySet<number>) {
    this.topology = topology;
    this.senders = senders;
    this.router = router;
    this.changed = changed;
  }

  /** The first that speaks against a VF, or undefined when nothing does. */
  first(vf: number): Witness | undefined {
    const { topology, router } = this;
    const unchecked = isUnchecked(topology, vf);
    const byGuest = topology.ats[vf] === ATS.guestChooses;
    if (unchecked && !byGuest) return witness('unchecked', router.unchecked(vf));
    const area = topology.areas[topology.areaOf[vf]!]!;
    const tenant = topology.functionTenant[vf]!;
    const own = router.toArea(area, tenant);
    if (own !== undefined) return witness('self', own);
    const other = this.firstOther(area, tenant);
    if (other !== undefined) return witness('other', router.toArea(area, other));
    if (spoofsAnother(topology, vf)) return witness('spoof', router.posing(vf));
    return unchecked ? witness('unchecked', router.unchecked(vf)) : undefined;
  }

  /** Some of all that speak against a VF, each once where they are alike. */
  *some(vf: number, isAlike: (route: Route) => boolean): Iterable<Witness> {
    const { topology, router } = this;
    if (isUnchecked(topology, vf)) yield witness('unchecked', router.unchecked(vf));
    const area = topology.areas[topology.areaOf[vf]!]!;
    const tenant = topology.functionTenant[vf]!;
    const own = router.toArea(area, tenant);
    if (own !== undefined) yield witness('self', own);
    for (const { functions } of this.senders.kinds) {
      for (const fn of functions) {
        if (topology.functionTenant[fn] === tenant || this.changed.has(fn)) continue;
        const route = router.fromFunction(fn, area, false);
        if (route === undefined) break;
        yield { against: 'other', route };
        if (isAlike(route)) break;
      }
    }
    if (spoofsAnother(topology, vf)) yield witness('spoof', router.posing(vf));
  }

  /** The least tenant, one left out, whose request gets to an area. */
  private firstOther(area: ControlArea, own: number): number | undefined {
    const { functionTenant } = this.topology;
    let least = Infinity;
    const note = (fn: number): void => {
      const tenant = functionTenant[fn]!;
      if (tenant === own || tenant === HOST_TENANT || tenant >= least) return;
      if (this.router.reaches(fn, area)) least = tenant;
    };
    for (const { functions, tenants } of this.senders.kinds) {
      if (tenants[0]! >= least) break;
      const tenant = tenants[0] === own ? tenants[1] : tenants[0];
      if (tenant === undefined || tenant >= least) continue;
      const one = functions.find((fn) => functionTenant[fn] !== own && !this.changed.has(fn));
      if (one === undefined || !this.router.reaches(one, area)) continue;
      // A tenant may have none here but a changed one.
      least = this.changed.size === 0 ? tenant : this.leastUnchanged(functions, own, least);
    }
    for (const fn of this.changed) note(fn);
    for (const fn of this.senders.aliased) note(fn);
    return least === Infinity ? undefined : least;
  }

  private leastUnchanged(functions: readonly number[], own: number, most: number): number {
    let least = most;
    for (const fn of functions) {
      const tenant = this.topology.functionTenant[fn]!;
      if (tenant !== own && tenant < least && !this.changed.has(fn)) least = tenant;
    }
    return least;
  }
}

function witness(against: Hazard, route: Route | undefined): Witness {
  // Rules and walker read the same topology.
  if (route === undefined) bug('ROUTE_MISSING', against);
  return { against, route };
}
