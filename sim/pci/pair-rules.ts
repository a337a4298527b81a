/**
 * Rules for one pair of functions: what a port makes of a request for another port's side, and whether an honest function
 * gets to a BAR by a translated request. An honest function sends none but to addresses that the IOMMU handed out to it,
 * so what it reaches depends on its tenant's domain, and is asked pair by pair.
 */
import { ACS } from './acs.ts';
import { ATS, isBelow, isPort, NODE, P2P, ROUTING, STREAM, type Topology } from './topology.ts';

/** What a port, and all above it, make of a request that comes up to it and is for its own side. */
export const OWN = { stops: 0, turns: 1, leaves: 2 } as const;

/** What a port makes of a request for another port's side. */
export const ACROSS = { stops: 0, direct: 1, up: 2 } as const;
export type Across = (typeof ACROSS)[keyof typeof ACROSS];

/**
 * @param from a port, or a device or bridge: next to the ports of a switch it gets to them straight, elsewhere it leaves
 *   everything to what is above
 * @param to its sibling; -1 for any that no egress vector speaks of
 * @param translated whether the request calls itself translated
 */
export function acrossOf(t: Topology, from: number, to: number, translated: boolean): Across {
  if (!isPort(t, from)) return isOfSwitch(t, from) ? ACROSS.direct : ACROSS.up;
  const acs = t.portAcs[from]!;
  if (translated && (acs & ACS.DT) !== 0) return ACROSS.direct;
  const redirects = (acs & ACS.RR) !== 0;
  if ((acs & ACS.EC) === 0 || to < 0 || !isPort(t, to)) return redirects ? ACROSS.up : ACROSS.direct;
  if (t.egress[from]?.[t.nodePosition[to]!] !== 1) return ACROSS.direct;
  return redirects ? ACROSS.up : ACROSS.stops;
}

function isOfSwitch({ nodeParent, nodeKind }: Topology, node: number): boolean {
  const parent = nodeParent[node]!;
  return parent >= 0 && nodeKind[parent] === NODE.switch;
}

/**
 * Whether a request that leaves a node for another node of the same card gets there inside the card.
 *
 * @param node one of several at the link of a port
 * @param fn the function that sends the request
 */
export function crossesCard(t: Topology, node: number, fn: number, translated: boolean): boolean {
  const isDevice = t.nodeKind[node] === NODE.device;
  const acs = isDevice ? t.functionAcs[fn]! : t.portAcs[node]!;
  if ((acs & ACS.RR) !== 0) return translated && (acs & ACS.DT) !== 0;
  return !isDevice || t.routing[node] === ROUTING['loop-any'];
}

export interface PairRules {
  readonly topology: Topology;
  /** A value of {@link OWN} by node, for translated requests. */
  readonly ownTranslated: Uint8Array;
  /** Whether what the IOMMU lets through unchecked may end in a BAR. */
  readonly gate: boolean;
}

/** The functions of each tenant that send translated requests honestly; one for each kind of a device is enough. */
export function honestSenders(t: Topology): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  const seen = new Set<string>();
  for (let fn = 0; fn < t.functions.length; fn++) {
    const tenant = t.functionTenant[fn]!;
    if (t.ats[fn] !== ATS.handedOut || t.stream[fn] !== STREAM.translate) continue;
    const node = t.functionNode[fn]!;
    // A device that loops each function to itself has no two alike.
    const alone = t.routing[node] === ROUTING['loop-self'] ? fn : -1;
    const key = `${tenant} ${node} ${t.functionAcs[fn]!} ${alone}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const list = found.get(tenant);
    if (list === undefined) found.set(tenant, [fn]);
    else list.push(fn);
  }
  return found;
}

/** Whether an honest function gets to a BAR of `holder` by a translated request to an address that it was given. */
export function comesDirect(rules: PairRules, fn: number, holder: number): boolean {
  const t = rules.topology;
  const device = t.functionNode[fn]!;
  const acs = t.functionAcs[fn]!;
  if (t.functionNode[holder] === device) {
    if ((acs & ACS.RR) !== 0) {
      if ((acs & ACS.DT) !== 0) return true;
    } else if (t.routing[device] === ROUTING['loop-any']) return true;
    else if (t.routing[device] === ROUTING['loop-self'] && fn === holder) return true;
    return settles(rules, rules.ownTranslated[device]!);
  }
  if (staysInCard(t, device, fn, holder)) return true;
  let node = t.nodeParent[device]!;
  if (isOfSwitch(t, device) && isBelow(t, holder, node)) return true;
  for (; node >= 0 && !isBelow(t, holder, node); node = t.nodeParent[node]!) {
    if (staysInCard(t, node, fn, holder)) return true;
    if (!isPort(t, node)) continue;
    if ((t.portAcs[node]! & ACS.TB) !== 0) return false;
    const parent = t.nodeParent[node]!;
    if (parent >= 0 && !isBelow(t, holder, parent)) continue;
    const way = acrossOf(t, node, siblingOver(t, holder, parent), true);
    if (way === ACROSS.stops) return false;
    if (way === ACROSS.direct) return parent >= 0 || crossesRoot(rules);
  }
  return settles(rules, node < 0 ? OWN.leaves : rules.ownTranslated[node]!);
}

function staysInCard(t: Topology, node: number, fn: number, holder: number): boolean {
  return t.sharesLink[node] === 1 && isBelow(t, holder, t.nodeParent[node]!) && crossesCard(t, node, fn, true);
}

function siblingOver(t: Topology, holder: number, parent: number): number {
  let node = t.functionNode[holder]!;
  while (t.nodeParent[node] !== parent) node = t.nodeParent[node]!;
  return node;
}

function settles(rules: PairRules, own: number): boolean {
  return own === OWN.turns || (own === OWN.leaves && rules.gate);
}

function crossesRoot({ topology, gate }: PairRules): boolean {
  return topology.p2p === P2P.untranslated || (topology.p2p === P2P.translated && gate);
}
