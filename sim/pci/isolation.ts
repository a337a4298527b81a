/**
 * Who can reach the migration control areas of a server, and should the migration driver load? The answers, and all that
 * goes with them. docs/isolation.md.
 */
import { bug } from '../base/bug.ts';
import { UserError } from '../base/user-error.ts';
import { ADDRESS_ALLOWED, ADDRESS_PATTERN, formatAddress, parseAddress } from './address.ts';
import { type GroupRemedies, groupRemedies } from './group-remedy.ts';
import { type GroupRule, type IommuGroups, groupsOf } from './groups.ts';
import { type Opening, openedOnly, openingsOf } from './openings.ts';
import { Remedies, type Remedy } from './remedy.ts';
import { Router, type Route } from './route.ts';
import type { Exposure } from './exposure.ts';
import { exposureByRules, type RulesExposure } from './rules.ts';
import { type ControlArea, functionLabel, type Topology } from './topology.ts';
import { type Hazard, POLICIES, type Policy, type Reach } from './policy.ts';
import { isIntegrated } from './placement.ts';
import { type LoadDecision, Judge } from './verdict.ts';
import { tableOf } from '../base/keys.ts';

export interface VfAnswer {
  /** Its number in `topology.functions`. */
  readonly vf: number;
  readonly address: string;
  readonly tenant: string;
  readonly integrated: boolean;
  /** Where the control area is; undefined when the VF cannot migrate. */
  readonly area: ControlArea | undefined;
  /** Whether a function of the VM that has the VF reaches the control area. */
  readonly self: Reach;
  /** Whether a function of another VM does. */
  readonly other: Reach;
  /** The same two where only functions that their VMs can open send; `n/a` for a VF that its VM cannot open. */
  readonly possible: { readonly self: Reach; readonly other: Reach };
  /** Whether the IOMMU may take a request of the VF for one of another tenant's function. */
  readonly spoofs: boolean;
  /** Whether the IOMMU lets a request of the VF through to any address. */
  readonly unchecked: boolean;
  /** Whether only the clip keeps the control area out of reach. */
  readonly dependsOnClip: boolean;
  /** Number of its IOMMU group. */
  readonly group: number;
  /** Whether it is alone there. */
  readonly ownGroup: boolean;
  /** What becomes of its VM's opening it; undefined for a VF that the host keeps. */
  readonly opening: Opening | undefined;
  readonly decisions: Readonly<Record<Policy, LoadDecision>>;
}

/** A request that arrives where it should not. */
export interface OffendingRoute {
  readonly hazard: Hazard;
  readonly privileged: boolean;
  /** Whether VFIO lets the VMs open both the function that sends it and the VF that it is for. */
  readonly possible: boolean;
  /** The tenant whose function sends it. */
  readonly tenant: string;
  readonly route: Route;
}

/** Answers about one topology. What takes longer than the rest is found when asked for. */
export class Isolation {
  readonly topology: Topology;
  readonly exposure: RulesExposure;
  readonly groups: IommuGroups;
  /** What becomes of opening each function that was given to a VM, in that order. */
  readonly openings: readonly Opening[];
  /** Of every VF, in the order of the document. */
  readonly vfs: readonly VfAnswer[];
  private readonly router: Router;
  /** What is left of the exposure where only functions that their VMs can open send, and a router there. */
  private readonly opened: { readonly exposure: RulesExposure; readonly router: Router };
  private readonly judge: Judge;
  private remedies: Remedies | undefined;
  private ofGroups: readonly GroupRemedies[] | undefined;
  private readonly answers = new Map<number, VfAnswer>();

  constructor(topology: Topology, rule: GroupRule) {
    this.topology = topology;
    this.exposure = exposureByRules(topology);
    this.groups = groupsOf(topology, rule);
    this.router = new Router(topology);
    this.judge = new Judge(topology, this.exposure, this.router);
    this.openings = openingsOf(topology, this.groups);
    const opened = openedOnly(topology, this.openings);
    const isSame = opened === topology;
    this.opened = {
      exposure: isSame ? this.exposure : exposureByRules(opened),
      router: isSame ? this.router : new Router(opened),
    };
    const openings = new Map(this.openings.map((opening) => [opening.fn, opening]));
    this.vfs = topology.functions
      .filter(({ pf }) => pf !== undefined)
      .map(({ index }) => this.answer(index, openings.get(index)));
    for (const answer of this.vfs) this.answers.set(answer.vf, answer);
  }

  /**
   * The answer about one VF.
   *
   * @param address as `0000:75:00.1` or `75:00.1`
   * @throws UserError of kind `input` when there is no such VF
   */
  of(address: string): VfAnswer {
    const fn = ADDRESS_PATTERN.test(address) ? this.topology.functionAt.get(parseAddress(address)) : undefined;
    const answer = fn === undefined ? undefined : this.answers.get(fn);
    if (answer !== undefined) return answer;
    const some = this.vfs.slice(0, VFS_NAMED).map(({ vf }) => functionLabel(this.topology, vf));
    const hint =
      fn === undefined && !ADDRESS_PATTERN.test(address)
        ? `Allowed is ${ADDRESS_ALLOWED}.`
        : `VFs of this topology are ${some.join(', ')}${this.vfs.length > some.length ? ' and others' : ''}.`;
    throw new UserError('input', `${this.topology.what}: ${address} is no VF`, hint);
  }

  /**
   * Requests that arrive where they should not: one of the own VM, one of each of the first other VMs, one by what root
   * mapped, one that spoofs another's, one that is not checked.
   *
   * @param othersMax so many other VMs
   */
  routes(vf: number, othersMax = 8): readonly OffendingRoute[] {
    const { topology, exposure, router } = this;
    const { areas, areaOf, functionTenant, tenants } = topology;
    const row = areaOf[vf]!;
    const own = functionTenant[vf]!;
    const found: OffendingRoute[] = [];
    const { opened } = this;
    const isOpen = this.answers.get(vf)?.opening?.ok !== false;
    const add = (
      hazard: OffendingRoute['hazard'],
      tenant: number,
      privileged: boolean,
      possible: boolean,
      route: Route | undefined,
    ): void => {
      // The rules said that there is one; they and the walker read the same topology.
      if (route === undefined) bug('ROUTE_MISSING', hazard, functionLabel(topology, vf), tenants[tenant]);
      found.push({ hazard, privileged, possible, tenant: tenants[tenant]!, route });
    };
    if (row >= 0) {
      for (const privileged of [false, true]) {
        const members = (privileged ? exposure.privileged : exposure.reached).members(row);
        const some = members.filter((tenant) => tenant === own);
        some.push(...members.filter((tenant) => tenant !== own).slice(0, othersMax));
        for (const tenant of some) {
          const rows = privileged ? opened.exposure.privileged : opened.exposure.reached;
          const possible = isOpen && rows.has(row, tenant);
          const route = (possible ? opened.router : router).toArea(areas[row]!, tenant, privileged);
          add(tenant === own ? 'self' : 'other', tenant, privileged, possible, route);
        }
      }
    }
    if (exposure.spoofs[vf] === 1) add('spoof', own, false, opened.exposure.spoofs[vf] === 1, router.posing(vf));
    if (exposure.unchecked[vf] === 1)
      add('unchecked', own, false, opened.exposure.unchecked[vf] === 1, router.unchecked(vf));
    return found;
  }

  /** The smallest set of changes that makes a policy accept a VF. */
  remedy(vf: number, policy: Policy): Remedy {
    this.remedies ??= new Remedies(this.topology);
    return this.remedies.of(vf, policy);
  }

  /** What to change so that VMs can open what they have, VF or not, for each group of which they cannot. */
  get groupRemedies(): readonly GroupRemedies[] {
    this.ofGroups ??= groupRemedies(this.topology, this.groups, this.openings);
    return this.ofGroups;
  }

  /** What the answers took so far: requests that were walked, and sets of changes that were tried. */
  get work(): { readonly walks: number; readonly trials: number } {
    const { router, opened, remedies } = this;
    const others = opened.router === router ? 0 : opened.router.walks;
    return { walks: router.walks + others, trials: remedies?.trials ?? 0 };
  }

  private answer(vf: number, opening: Opening | undefined): VfAnswer {
    const { topology, exposure, groups } = this;
    const row = topology.areaOf[vf]!;
    const tenant = topology.functionTenant[vf]!;
    const isOpen = opening?.ok !== false;
    const group = groups.groupOf[vf]!;
    const { functions, bridges } = groups.groups[group]!;
    const decisions = tableOf(POLICIES, (policy) => this.judge.decide(vf, policy));
    return {
      vf,
      address: functionLabel(topology, vf),
      tenant: topology.tenants[tenant]!,
      integrated: isIntegrated(topology, vf),
      area: topology.areas[row],
      ...reachesOf(exposure, row, tenant),
      possible: reachesOf(this.opened.exposure, isOpen ? row : -1, tenant),
      spoofs: exposure.spoofs[vf] === 1,
      unchecked: exposure.unchecked[vf] === 1,
      dependsOnClip: row >= 0 && exposure.clipMatters[row] === 1,
      group,
      ownGroup: functions.length + bridges.length === 1,
      opening,
      decisions,
    };
  }
}

/** Whether a control area is reached by a function of the VM that has the VF, and one of another. @param row -1 for no area */
function reachesOf({ reached, privileged }: Exposure, row: number, tenant: number): { self: Reach; other: Reach } {
  if (row < 0) return { self: 'n/a', other: 'n/a' };
  const by = (yes: boolean, byRoot: boolean): Reach => (yes ? 'yes' : byRoot ? 'privileged' : 'no');
  return {
    self: by(reached.has(row, tenant), privileged.has(row, tenant)),
    other: by(reached.hasOther(row, tenant), privileged.hasOther(row, tenant)),
  };
}

const VFS_NAMED = 8;

const known = new WeakMap<Topology, Map<GroupRule, Isolation>>();

/** All answers about a topology; asked again, the same ones. */
export function isolationOf(topology: Topology, rule: GroupRule = 'linux'): Isolation {
  const byRule = known.get(topology) ?? new Map<GroupRule, Isolation>();
  const found = byRule.get(rule) ?? new Isolation(topology, rule);
  byRule.set(rule, found);
  known.set(topology, byRule);
  return found;
}

/**
 * Whether the migration driver should load for a VF.
 *
 * @param vf its address, as text or number
 * @throws UserError of kind `input` when there is no such VF
 */
export function decideLoad(topology: Topology, vf: string | number, policy: Policy): LoadDecision {
  return isolationOf(topology).of(typeof vf === 'number' ? formatAddress(vf) : vf).decisions[policy];
}
