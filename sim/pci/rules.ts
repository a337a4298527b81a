/**
 * Answers by rules: from the bits of the ports, who reaches what, without walking a request. One sweep down the tree says
 * what each port does with requests for its own side, one up who gets past it, one down who comes in. docs/isolation.md 5.
 *
 * This file shares nothing with walk.ts but the topology, so that the two can be held against each other.
 */
import { GUEST_BAR2_DIVISOR } from '../abi/region.ts';
import { ACS } from './acs.ts';
import { BitRows } from './bit-rows.ts';
import { mapsBars } from './domain.ts';
import { type Exposure, noExposure } from './exposure.ts';
import {
  ACROSS,
  acrossOf,
  type Across,
  comesDirect,
  crossesCard,
  honestSenders,
  OWN,
  type PairRules,
} from './pair-rules.ts';
import { type AddressRange, ATS, HOST_TENANT, isPort, NODE, P2P, ROUTING, STREAM, type Topology } from './topology.ts';

/** Requests by address type: untranslated, and translated ones whose address the guest chose. */
const TYPES = [0, 1] as const;
type Type = (typeof TYPES)[number];
const TRANSLATED = 1;

export interface RulesExposure extends Exposure {
  /** By control area: 1 when only the clip keeps some tenant from reaching it. */
  readonly clipMatters: Uint8Array;
}

/** The exposure of a topology, from its bits. Takes time in proportion to nodes and functions, times tenants / 32. */
export function exposureByRules(topology: Topology): RulesExposure {
  return new Rules(topology).run();
}

class Rules {
  private readonly t: Topology;
  private readonly exposure: RulesExposure;
  /** By type, then node: a value of {@link OWN}. */
  private readonly own: readonly [Uint8Array, Uint8Array];
  /** By type: tenants below a node whose requests get up past it. */
  private readonly senders: readonly [BitRows, BitRows];
  /** By type: those of them that the IOMMU lets through to a BAR unchecked. */
  private readonly free: readonly [BitRows, BitRows];
  /** By type: tenants whose requests get from a node to the others of its card without leaving it. */
  private readonly inside: readonly [BitRows, BitRows];
  /** Tenants whose requests come to a node from its siblings. */
  private readonly incoming: BitRows;
  /** By topmost bridge: whether a stream below it is in bypass. */
  private readonly aliasBypass: Uint8Array;
  /** Tenants that may use a tenant's domain. */
  private readonly users: BitRows;
  /** Whether what the IOMMU lets through unchecked may end in a BAR. */
  private readonly gate: boolean;

  constructor(topology: Topology) {
    this.t = topology;
    this.exposure = { ...noExposure(topology), clipMatters: new Uint8Array(topology.areas.length) };
    const nodes = topology.nodes.length;
    const tenants = topology.tenants.length;
    this.own = [new Uint8Array(nodes), new Uint8Array(nodes)];
    this.senders = [new BitRows(nodes, tenants), new BitRows(nodes, tenants)];
    this.free = [new BitRows(nodes, tenants), new BitRows(nodes, tenants)];
    this.inside = [new BitRows(nodes, tenants), new BitRows(nodes, tenants)];
    this.incoming = new BitRows(nodes, tenants);
    this.aliasBypass = new Uint8Array(nodes);
    this.users = new BitRows(tenants, tenants);
    this.gate = topology.reflects || topology.p2p === P2P.untranslated;
  }

  run(): RulesExposure {
    this.findOwn();
    this.findAliases();
    this.findSenders();
    this.findIncoming();
    this.findReached();
    const pairs: PairRules = { topology: this.t, ownTranslated: this.own[1], gate: this.gate };
    const honest = honestSenders(this.t);
    this.findMapped(pairs, honest);
    this.findClipped(pairs, honest);
    this.findSpoofs();
    return this.exposure;
  }

  /** Top down, as what a port sends up is for the port above. */
  private findOwn(): void {
    const { t } = this;
    for (let node = 0; node < t.nodes.length; node++) {
      const parent = t.nodeParent[node]!;
      for (const type of TYPES) {
        const own = this.own[type];
        const above = parent < 0 ? OWN.leaves : own[parent]!;
        own[node] = isPort(t, node)
          ? this.ownOfPort(node, type, above)
          : t.nodeKind[node] === NODE.bridge
            ? OWN.turns
            : above;
      }
    }
  }

  private ownOfPort(port: number, type: Type, above: number): number {
    const { t } = this;
    const acs = t.portAcs[port]!;
    if (type === TRANSLATED && (acs & ACS.TB) !== 0) return OWN.stops;
    const forwards = (acs & ACS.UF) !== 0 && !(type === TRANSLATED && (acs & ACS.DT) !== 0);
    if (forwards) return above;
    return t.turnsBack[port] === 1 ? OWN.turns : OWN.stops;
  }

  /** Functions that share a requester ID, and what the shared stream is good for. */
  private findAliases(): void {
    const { t } = this;
    const members = new BitRows(t.nodes.length, t.tenants.length);
    for (let fn = 0; fn < t.functions.length; fn++) {
      const alias = t.functionAlias[fn]!;
      if (alias < 0) continue;
      if (t.functionTenant[fn] !== HOST_TENANT) members.add(alias, t.functionTenant[fn]!);
      if (t.stream[fn] === STREAM.bypass) this.aliasBypass[alias] = 1;
    }
    for (let fn = 0; fn < t.functions.length; fn++) {
      const tenant = t.functionTenant[fn]!;
      if (tenant === HOST_TENANT || t.stream[fn] !== STREAM.translate) continue;
      const alias = t.functionAlias[fn]!;
      if (alias < 0) this.users.add(tenant, tenant);
      else this.users.addAll(tenant, members, alias);
    }
  }

  /** Bottom up. */
  private findSenders(): void {
    const { t } = this;
    for (let fn = 0; fn < t.functions.length; fn++) {
      const tenant = t.functionTenant[fn]!;
      if (tenant === HOST_TENANT) continue;
      const node = t.functionNode[fn]!;
      this.senders[0].add(node, tenant);
      if (t.sharesLink[node] === 1 && crossesCard(t, node, fn, false)) this.inside[0].add(node, tenant);
      const alias = t.functionAlias[fn]!;
      const bypass = alias < 0 ? t.stream[fn] === STREAM.bypass : this.aliasBypass[alias] === 1;
      if (bypass) this.free[0].add(node, tenant);
      if (bypass) this.exposure.unchecked[fn] = 1;
      if (t.ats[fn] !== ATS.guestChooses) continue;
      this.senders[1].add(node, tenant);
      if (t.sharesLink[node] === 1 && crossesCard(t, node, fn, true)) this.inside[1].add(node, tenant);
      if (t.stream[fn] === STREAM.abort) continue;
      this.free[1].add(node, tenant);
      if (!isBlockedAbove(t, node)) this.exposure.unchecked[fn] = 1;
    }
    for (let node = t.nodes.length - 1; node >= 0; node--) {
      const parent = t.nodeParent[node]!;
      if (parent < 0) continue;
      this.senders[0].addAll(parent, this.senders[0], node);
      this.free[0].addAll(parent, this.free[0], node);
      if (isPort(t, node) && (t.portAcs[node]! & ACS.TB) !== 0) continue;
      this.senders[1].addAll(parent, this.senders[1], node);
      this.free[1].addAll(parent, this.free[1], node);
    }
  }

  /** Top down: among the ports of each switch, the root ports and what is integrated, and the devices behind a bridge. */
  private findIncoming(): void {
    const { t } = this;
    const childrenOf: number[][] = t.nodes.map(() => []);
    const roots: number[] = [];
    for (let node = 0; node < t.nodes.length; node++) {
      const parent = t.nodeParent[node]!;
      (parent < 0 ? roots : childrenOf[parent]!).push(node);
    }
    this.exchange(-1, roots);
    for (let node = 0; node < t.nodes.length; node++) {
      const parent = t.nodeParent[node]!;
      if (parent >= 0) this.incoming.addAll(node, this.incoming, parent);
      const children = childrenOf[node]!;
      if (t.nodeKind[node] !== NODE.device) this.exchange(node, children);
    }
  }

  /** What siblings let come to each other. Those that treat all others alike are summed up from both ends. */
  private exchange(parent: number, siblings: readonly number[]): void {
    const { t } = this;
    const count = siblings.length;
    if (count < 2) return;
    const toAll = new BitRows(count, t.tenants.length);
    const toDevices = new BitRows(count, t.tenants.length);
    for (const [i, from] of siblings.entries()) {
      const hasVector = isPort(t, from) && (t.portAcs[from]! & ACS.EC) !== 0;
      for (const type of TYPES) {
        if (hasVector) this.exchangeByVector(parent, from, siblings, type);
        this.contribute(
          parent,
          from,
          acrossOf(t, from, -1, type === TRANSLATED),
          type,
          hasVector ? toDevices : toAll,
          i,
        );
      }
    }
    const before = new BitRows(1, t.tenants.length);
    const after = new BitRows(1, t.tenants.length);
    for (let i = 0; i < count; i++) {
      this.takeIn(siblings[i]!, before);
      this.takeIn(siblings[count - 1 - i]!, after);
      before.addAll(0, toAll, i);
      after.addAll(0, toAll, count - 1 - i);
    }
    for (const [i] of siblings.entries()) {
      if (toDevices.isEmpty(i)) continue;
      for (const [j, to] of siblings.entries()) {
        if (i !== j && !isPort(t, to)) this.incoming.addAll(to, toDevices, i);
      }
    }
  }

  private takeIn(node: number, from: BitRows): void {
    this.incoming.addAll(node, from, 0);
  }

  private exchangeByVector(parent: number, from: number, siblings: readonly number[], type: Type): void {
    const { t } = this;
    for (const to of siblings) {
      if (to === from || !isPort(t, to)) continue;
      const across = acrossOf(t, from, to, type === TRANSLATED);
      this.contribute(parent, from, across, type, this.incoming, to);
    }
  }

  /** Adds to a row those of a sibling's senders that get to other siblings. */
  private contribute(parent: number, from: number, across: Across, type: Type, into: BitRows, row: number): void {
    const { t } = this;
    if (type === TRANSLATED && isPort(t, from) && (t.portAcs[from]! & ACS.TB) !== 0) return;
    const senders = this.senders[type];
    const free = this.free[type];
    if (parent >= 0 && t.nodeKind[parent] === NODE.bridge) {
      into.addAll(row, senders, from);
      return;
    }
    if (t.sharesLink[from] === 1) this.crossCard(from, type, into, row);
    if (across === ACROSS.stops) return;
    if (across === ACROSS.direct) {
      if (parent >= 0 || t.p2p === P2P.untranslated) into.addAll(row, senders, from);
      else if (t.p2p === P2P.translated && this.gate) into.addAll(row, free, from);
      return;
    }
    const own = parent < 0 ? OWN.leaves : this.own[type][parent]!;
    if (own === OWN.turns) into.addAll(row, senders, from);
    else if (own === OWN.leaves && this.gate) into.addAll(row, free, from);
  }

  /** From a node of a card to the others, without leaving the card. */
  private crossCard(from: number, type: Type, into: BitRows, row: number): void {
    const { t } = this;
    if (t.nodeKind[from] === NODE.device) into.addAll(row, this.inside[type], from);
    else if (crossesCard(t, from, -1, type === TRANSLATED)) into.addAll(row, this.senders[type], from);
  }

  /** By host address: from siblings of the device, from inside it, and back into it. */
  private findReached(): void {
    const { t, exposure } = this;
    const within = new BitRows(t.nodes.length, t.tenants.length);
    const hasArea = new Uint8Array(t.nodes.length);
    for (const { holder } of t.areas) hasArea[t.functionNode[holder]!] = 1;
    for (let fn = 0; fn < t.functions.length; fn++) {
      const node = t.functionNode[fn]!;
      if (hasArea[node] === 0 || t.functionTenant[fn] === HOST_TENANT) continue;
      if (this.reachesWithin(fn, 0) || (t.ats[fn] === ATS.guestChooses && this.reachesWithin(fn, TRANSLATED))) {
        within.add(node, t.functionTenant[fn]!);
      }
    }
    // All areas of a device share a row.
    for (let node = 0; node < t.nodes.length; node++) if (hasArea[node] === 1) within.addAll(node, this.incoming, node);
    for (const [i, { holder }] of t.areas.entries()) {
      exposure.reached.addAll(i, within, t.functionNode[holder]!);
      const owner = t.functionTenant[holder]!;
      if (owner !== HOST_TENANT && loopsToItself(t, holder)) exposure.reached.add(i, owner);
    }
  }

  /** Whether a function reaches all BARs of its own device. */
  private reachesWithin(fn: number, type: Type): boolean {
    const { t } = this;
    const acs = t.functionAcs[fn]!;
    const node = t.functionNode[fn]!;
    if ((acs & ACS.RR) !== 0) {
      if (type === TRANSLATED && (acs & ACS.DT) !== 0) return true;
    } else if (t.routing[node] === ROUTING['loop-any']) return true;
    const own = this.own[type][node]!;
    if (own !== OWN.leaves) return own === OWN.turns;
    const alias = t.functionAlias[fn]!;
    const mode = t.stream[fn]!;
    const bypass = alias < 0 ? mode === STREAM.bypass : this.aliasBypass[alias] === 1;
    return this.gate && (type === TRANSLATED ? mode !== STREAM.abort : bypass);
  }

  /** By what a domain holds. */
  private findMapped(pairs: PairRules, honest: ReadonlyMap<number, readonly number[]>): void {
    const { t, exposure, users } = this;
    for (let tenant = 1; tenant < t.tenants.length; tenant++) {
      const { mapped, sysfs } = t.domains[tenant]!;
      if (mapped.length === 0 && sysfs.length === 0) continue;
      const into = [
        [mapped, exposure.reached],
        [sysfs, exposure.privileged],
      ] as const;
      for (const [ranges, rows] of into) {
        for (const area of areasIn(t, ranges)) {
          if (t.reflects) rows.addAll(area, users, tenant);
          const { holder } = t.areas[area]!;
          if (honest.get(tenant)?.some((fn) => comesDirect(pairs, fn, holder)) === true) rows.add(area, tenant);
        }
      }
    }
  }

  /** What the owner's domain would lead to if the VMM could map the upper half too. */
  private findClipped(pairs: PairRules, honest: ReadonlyMap<number, readonly number[]>): void {
    const { t, exposure, users } = this;
    for (const [i, { vf, holder, start, end }] of t.areas.entries()) {
      if (vf !== holder || t.clipped[vf] === 0) continue;
      const tenant = t.functionTenant[vf]!;
      const maps = mapsBars(t.document, t.tenants[tenant]!);
      if (!maps || ((end - start) * GUEST_BAR2_DIVISOR) % t.document.hostPageSize !== 0) continue;
      const byDomain = t.reflects && users.hasBeyond(tenant, exposure.reached, i);
      const direct =
        !exposure.reached.has(i, tenant) && honest.get(tenant)?.some((fn) => comesDirect(pairs, fn, holder));
      if (byDomain || direct === true) exposure.clipMatters[i] = 1;
    }
  }

  private findSpoofs(): void {
    const { t, exposure } = this;
    const known = new Map<number, boolean>();
    for (let fn = 0; fn < t.functions.length; fn++) {
      const tenant = t.functionTenant[fn]!;
      if (tenant === HOST_TENANT) continue;
      const key = t.functionNode[fn]! * t.tenants.length + tenant;
      let spoofs = known.get(key);
      if (spoofs === undefined) {
        spoofs = spoofsAnother(t, fn);
        known.set(key, spoofs);
      }
      if (spoofs) exposure.spoofs[fn] = 1;
    }
  }
}

function loopsToItself(t: Topology, fn: number): boolean {
  return t.routing[t.functionNode[fn]!] !== ROUTING.upstream && (t.functionAcs[fn]! & ACS.RR) === 0;
}

/** Whether another tenant's function, of another device, has an ID that all ports above this one let pass. */
export function spoofsAnother(t: Topology, fn: number): boolean {
  const device = t.functionNode[fn]!;
  const alias = t.functionAlias[fn]!;
  const tenant = t.functionTenant[fn]!;
  if (alias >= 0) return hasOther(t, alias, -1, tenant);
  if (t.nodeParent[device]! < 0) return false;
  for (let node = t.nodeParent[device]!; node >= 0; node = t.nodeParent[node]!) {
    if (isPort(t, node) && (t.portAcs[node]! & ACS.SV) !== 0) return hasOther(t, node, device, tenant);
  }
  for (let other = 0; other < t.nodes.length; other = t.nodeEnd[other]!) {
    if (t.nodeSegment[other] === t.nodeSegment[device] && hasOther(t, other, device, tenant)) return true;
  }
  return false;
}

/** Whether the IOMMU lets requests of a function through to any address. */
export function isUnchecked(t: Topology, fn: number): boolean {
  const alias = t.functionAlias[fn]!;
  if (alias < 0 ? t.stream[fn] === STREAM.bypass : isAnyInBypass(t, alias)) return true;
  if (t.ats[fn] !== ATS.guestChooses || t.stream[fn] === STREAM.abort) return false;
  return !isBlockedAbove(t, t.functionNode[fn]!);
}

function isAnyInBypass({ firstFunction, nodeEnd, stream }: Topology, node: number): boolean {
  const end = firstFunction[nodeEnd[node]!]!;
  for (let fn = firstFunction[node]!; fn < end; fn++) if (stream[fn] === STREAM.bypass) return true;
  return false;
}

/** Whether a port above a node stops translated requests. */
function isBlockedAbove(t: Topology, node: number): boolean {
  for (let port = t.nodeParent[node]!; port >= 0; port = t.nodeParent[port]!) {
    if (isPort(t, port) && (t.portAcs[port]! & ACS.TB) !== 0) return true;
  }
  return false;
}

/** Whether below a node, outside of one device, there is a function of another tenant. */
function hasOther(t: Topology, node: number, device: number, tenant: number): boolean {
  const end = t.firstFunction[t.nodeEnd[node]!]!;
  for (let fn = t.firstFunction[node]!; fn < end; fn++) {
    if (t.functionTenant[fn] !== tenant && t.functionNode[fn] !== device) return true;
  }
  return false;
}

/** The control areas of which ranges have a part. */
function areasIn({ areaStart, areaEnd, areas }: Topology, ranges: readonly AddressRange[]): readonly number[] {
  const found: number[] = [];
  for (const { start, end } of ranges) {
    let low = 0;
    for (let high = areas.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (areaEnd[middle]! <= start) low = middle + 1;
      else high = middle;
    }
    for (; low < areas.length && areaStart[low]! < end; low++) found.push(low);
  }
  return found;
}
