/**
 * Whether the migration driver should load for a VF, by policy. docs/isolation.md 5.
 */
import { countOf } from '../base/units.ts';
import type { RulesExposure } from './rules.ts';
import type { Router, Route } from './route.ts';
import { placementFault } from './placement.ts';
import type { Hazard, LoadVerdict, Policy } from './policy.ts';
import { ATS, functionLabel, type Topology } from './topology.ts';

interface Reason {
  /** What speaks against it: a hazard, or the place of the VF. */
  readonly against: Hazard | 'placement';
  /** A sentence. */
  readonly text: string;
  /** The bit or parameter that decides, such as `UF off`, and where it is; empty for none. */
  readonly by: string;
  readonly place: string;
  /** A request that shows it. */
  readonly route: Route | undefined;
}

export interface LoadDecision {
  readonly policy: Policy;
  readonly verdict: LoadVerdict;
  /** Why, in a sentence; of several reasons the first. */
  readonly why: string;
  /** All that speaks against it; empty unless refused. */
  readonly reasons: readonly Reason[];
  /** Whether the answer holds only as long as the clip of the BAR is complete. */
  readonly dependsOnClip: boolean;
  /** What was left aside. */
  readonly notes: readonly string[];
}

/** Decides for the VFs of one topology. */
export class Judge {
  private readonly topology: Topology;
  private readonly exposure: RulesExposure;
  private readonly router: Router;
  private readonly known = new Map<number, readonly Reason[]>();

  constructor(topology: Topology, exposure: RulesExposure, router: Router) {
    this.topology = topology;
    this.exposure = exposure;
    this.router = router;
  }

  /** The decision of a policy for a VF. */
  decide(vf: number, policy: Policy): LoadDecision {
    const { plainBecause } = this.topology.functions[vf]!;
    const said = { policy, reasons: [], notes: [], dependsOnClip: false } as const;
    if (plainBecause !== undefined) return { ...said, verdict: 'plain', why: plainBecause };
    const area = this.topology.areas[this.topology.areaOf[vf]!]!;
    const inVf = area.holder === vf;
    if (policy === 'upstream') {
      if (inVf && this.topology.clipped[vf] === 0) {
        return { ...said, verdict: 'n/a', why: 'the driver in Linux clips info, access and mmap; this one does not' };
      }
      return { ...said, verdict: inVf ? 'load-clipped' : 'load-full', why: 'the driver in Linux checks no topology' };
    }
    const reasons = this.reasons(vf, policy);
    const [first] = reasons;
    const dependsOnClip = this.exposure.clipMatters[this.topology.areaOf[vf]!] === 1;
    if (first !== undefined) return { ...said, verdict: 'refuse', why: first.text, reasons };
    const privileged = this.exposure.privileged.isEmpty(this.topology.areaOf[vf]!);
    const notes = privileged ? [] : ['root mapped the control area through sysfs; no driver can judge what root does'];
    const why = 'no request of a guest gets to the control area, or past the IOMMU unchecked';
    return { ...said, verdict: inVf ? 'load-clipped' : 'load-full', why, dependsOnClip, notes };
  }

  /** All that speaks against loading, the plainest first. */
  reasons(vf: number, policy: Policy): readonly Reason[] {
    const hazards = this.known.get(vf) ?? this.hazards(vf);
    this.known.set(vf, hazards);
    const fault = placementFault(this.topology, vf, policy);
    if (fault === undefined) return hazards;
    const place = functionLabel(this.topology, vf);
    return [{ against: 'placement', text: fault.text, by: fault.by, place, route: undefined }, ...hazards];
  }

  private hazards(vf: number): readonly Reason[] {
    const { topology, exposure, router } = this;
    const { areas, areaOf, functionTenant, tenants } = topology;
    const row = areaOf[vf]!;
    const area = areas[row]!;
    const tenant = functionTenant[vf]!;
    const found: Reason[] = [];
    const unchecked = exposure.unchecked[vf] === 1 ? this.uncheckedReason(vf) : undefined;
    if (unchecked !== undefined && topology.ats[vf] !== ATS.guestChooses) found.push(unchecked);
    const ownReaches = exposure.reached.has(row, tenant);
    if (ownReaches) {
      const route = router.toArea(area, tenant);
      const who = route === undefined || route.requester === vf ? 'it' : functionLabel(topology, route.requester);
      found.push(reason('self', `${who} reaches ${who === 'it' ? 'its own' : 'the'} control area`, route));
    }
    const other = exposure.reached.firstOther(row, tenant);
    if (other >= 0) {
      const route = router.toArea(area, other);
      const count = exposure.reached.count(row) - (ownReaches ? 2 : 1);
      const more = count > 0 ? ` and ${countOf(count, 'more VM')}` : '';
      found.push(reason('other', `${tenants[other]}${more} can reach the control area`, route));
    }
    if (exposure.spoofs[vf] === 1) {
      const route = router.posing(vf);
      const victim = route === undefined ? '' : ` such as ${functionLabel(topology, route.claimed)}`;
      found.push(reason('spoof', `a requester ID of another VM's function${victim} would be believed`, route));
    }
    if (unchecked !== undefined && topology.ats[vf] === ATS.guestChooses) found.push(unchecked);
    return found;
  }

  private uncheckedReason(vf: number): Reason {
    const text = 'the IOMMU lets its requests through to any address';
    return reason('unchecked', text, this.router.unchecked(vf));
  }
}

/** Whether a policy refuses the migration driver to a VF, without saying why. */
export function refuses(
  topology: Topology,
  { reached, spoofs, unchecked }: Pick<RulesExposure, 'reached' | 'spoofs' | 'unchecked'>,
  vf: number,
  policy: Policy,
): boolean {
  if (policy === 'upstream' || topology.functions[vf]!.plainBecause !== undefined) return false;
  if (placementFault(topology, vf, policy) !== undefined) return true;
  return !reached.isEmpty(topology.areaOf[vf]!) || spoofs[vf] === 1 || unchecked[vf] === 1;
}

function reason(against: Hazard, what: string, route: Route | undefined): Reason {
  const by = route?.by ?? '';
  const place = route?.place ?? '';
  const text = by === '' ? what : `${what}: ${by} at ${place}`;
  return { against, text, by, place, route };
}
