/**
 * One offending request each, found by walking, with the hops it takes: what a reader wants to see when a rule has decided.
 */
import { segmentOf } from './address.ts';
import type { Setting } from './setting.ts';
import {
  ATS,
  type ControlArea,
  HOST_TENANT,
  IOVA_BASE,
  MEMORY_ADDRESS,
  STREAM,
  SYSFS_IOVA_BASE,
  type Topology,
} from './topology.ts';
import { type AddressType, AT, WALK_END, type Hop, IOMMU, type RoutedPath, Walker } from './walk.ts';

export interface Route {
  /** The function that sends the request. */
  readonly requester: number;
  /** The function whose requester ID it bears. */
  readonly claimed: number;
  readonly addressType: AddressType;
  /** As the device sends it. */
  readonly address: number;
  readonly hops: readonly Hop[];
  /** Settings that were evaluated on the way, each once: with all of them alike, the way is the same. */
  readonly settings: readonly Setting[];
  /** What lets the request through: the bit or parameter of the last hop that chose, and where. */
  readonly by: string;
  readonly place: string;
}

interface Sent {
  readonly at: AddressType;
  readonly address: number;
}

/** Finds routes in one topology. */
export class Router {
  private readonly topology: Topology;
  private readonly walker: Walker;
  /** Lists that settings do not change, for all routers of a topology. */
  private readonly lists: { readonly byTenant: Lists; bySegment?: ReadonlyMap<number, readonly number[]> };
  /** The function of each tenant that last had a route: often it has the next one, too. */
  private readonly lately = new Map<number, number>();
  private readonly ways = new Map<number, Route | undefined>();
  private readonly posed = new Map<number, Route | undefined>();

  /** @param like a router of the same topology with other settings */
  constructor(topology: Topology, like?: Router) {
    this.topology = topology;
    this.walker = new Walker(topology);
    this.lists = like?.lists ?? { byTenant: functionsByTenant(topology) };
  }

  /** Requests that were walked. */
  get walks(): number {
    return this.walker.walks;
  }

  /**
   * How a tenant reaches a control area.
   *
   * @param privileged whether to follow what root mapped through sysfs, and nowhere else
   */
  toArea(area: ControlArea, tenant: number, privileged = false): Route | undefined {
    // Asked for a decision, and once more for the way that is shown.
    const key = (area.vf * this.lists.byTenant.length + tenant) * 2 + (privileged ? 1 : 0);
    if (this.ways.has(key)) return this.ways.get(key);
    const found = this.findToArea(area, tenant, privileged);
    this.ways.set(key, found);
    return found;
  }

  private findToArea(area: ControlArea, tenant: number, privileged: boolean): Route | undefined {
    const first = this.topology.functionTenant[area.vf] === tenant ? area.vf : this.lately.get(tenant);
    const early = first === undefined ? undefined : this.fromFunction(first, area, privileged);
    if (early !== undefined) return early;
    for (const fn of this.lists.byTenant[tenant]!) {
      const route = this.fromFunction(fn, area, privileged);
      if (route === undefined) continue;
      this.lately.set(tenant, fn);
      return route;
    }
    return undefined;
  }

  /** Whether a function reaches a control area. */
  reaches(fn: number, area: ControlArea): boolean {
    return this.arrival(fn, area, false) !== undefined;
  }

  /** How a function reaches a control area. */
  fromFunction(fn: number, area: ControlArea, privileged: boolean): Route | undefined {
    const found = this.arrival(fn, area, privileged);
    return found === undefined ? undefined : this.route(fn, fn, found.at, found.address);
  }

  /** The first request of a function that gets to a control area. */
  private arrival(fn: number, area: ControlArea, privileged: boolean): Sent | undefined {
    const { ats, stream, functionTenant, functionAlias, domains } = this.topology;
    if (!privileged) {
      if (this.arrives(fn, AT.untranslated, area.start, area)) return { at: AT.untranslated, address: area.start };
      if (ats[fn] === ATS.guestChooses && this.arrives(fn, AT.translated, area.start, area)) {
        return { at: AT.translated, address: area.start };
      }
    }
    const shared = functionAlias[fn]! < 0 ? [functionTenant[fn]!] : domains.map((_, tenant) => tenant);
    for (const tenant of shared) {
      if (tenant === HOST_TENANT) continue;
      const base = privileged ? SYSFS_IOVA_BASE : IOVA_BASE;
      for (const range of privileged ? domains[tenant]!.sysfs : domains[tenant]!.mapped) {
        const start = Math.max(range.start, area.start);
        if (start >= Math.min(range.end, area.end)) continue;
        if (this.arrives(fn, AT.untranslated, base + start, area))
          return { at: AT.untranslated, address: base + start };
        const isOwn = tenant === functionTenant[fn];
        if (!isOwn || ats[fn] !== ATS.handedOut || stream[fn] !== STREAM.translate) continue;
        if (this.arrives(fn, AT.translated, start, area)) return { at: AT.translated, address: start };
      }
    }
    return undefined;
  }

  /** A request that the IOMMU lets through to memory of the guest's choice. */
  unchecked(fn: number): Route | undefined {
    const types = this.topology.ats[fn] === ATS.guestChooses ? [AT.untranslated, AT.translated] : [AT.untranslated];
    for (const at of types) {
      this.walker.walk(fn, fn, at, MEMORY_ADDRESS);
      if (this.walker.unchecked) return this.route(fn, fn, at, MEMORY_ADDRESS);
    }
    return undefined;
  }

  /** A request that the IOMMU takes for one of another tenant. */
  posing(fn: number): Route | undefined {
    if (!this.posed.has(fn)) this.posed.set(fn, this.findPosing(fn));
    return this.posed.get(fn);
  }

  private findPosing(fn: number): Route | undefined {
    const { functionAddress, functionNode, functionTenant, functionAlias } = this.topology;
    this.lists.bySegment ??= functionsBySegment(this.topology);
    for (const other of this.lists.bySegment.get(segmentOf(functionAddress[fn]!))!) {
      if (functionTenant[other] === functionTenant[fn]) continue;
      const alias = functionAlias[fn]!;
      if (alias >= 0 ? functionAlias[other] !== alias : functionNode[other] === functionNode[fn]) continue;
      this.walker.walk(fn, other, AT.untranslated, MEMORY_ADDRESS);
      if (this.walker.sawIommu && this.walker.stream !== fn)
        return this.route(fn, other, AT.untranslated, MEMORY_ADDRESS);
    }
    return undefined;
  }

  private arrives(fn: number, at: AddressType, address: number, area: ControlArea): boolean {
    if (this.walker.walk(fn, fn, at, address) !== WALK_END.bar) return false;
    return this.walker.address >= area.start && this.walker.address < area.end;
  }

  private route(requester: number, claimed: number, addressType: AddressType, address: number): Route {
    const trace: RoutedPath = { hops: [], settings: [] };
    this.walker.walk(requester, claimed, addressType, address, trace);
    const { hops } = trace;
    const decisive = decisiveHop(hops, requester !== claimed);
    return {
      requester,
      claimed,
      addressType,
      address,
      hops,
      settings: trace.settings,
      by: decisive?.by ?? '',
      place: decisive?.place ?? '',
    };
  }
}

type Lists = readonly (readonly number[])[];

function functionsByTenant({ tenants, functionTenant }: Topology): Lists {
  const found: number[][] = tenants.map(() => []);
  functionTenant.forEach((tenant, fn) => found[tenant]!.push(fn));
  return found;
}

function functionsBySegment({ functionAddress }: Topology): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  functionAddress.forEach((address, fn) => {
    const segment = segmentOf(address);
    const list = found.get(segment);
    if (list === undefined) found.set(segment, [fn]);
    else list.push(fn);
  });
  return found;
}

/** The hop that lets it through: the port that believes a foreign ID, else the IOMMU if it saw it, else the last to choose. */
function decisiveHop(hops: readonly Hop[], forged: boolean): Hop | undefined {
  if (forged) {
    const chosen = ['SV off', 'conventional PCI', 'one link', 'no downstream port'];
    return chosen.map((word) => hops.find(({ by }) => by === word)).find((hop) => hop !== undefined);
  }
  return hops.findLast(({ place }) => place === IOMMU) ?? hops.findLast(({ by }) => by !== '');
}
