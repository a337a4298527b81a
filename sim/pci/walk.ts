/**
 * Carries one memory request through a topology, hop by hop, as docs/isolation.md 3 says. Nothing here knows what is good
 * or bad: the request ends somewhere, and that is all.
 */
import { ACS } from './acs.ts';
import { formatHex } from './address.ts';
import type { Setting } from './setting.ts';
import {
  ATS,
  functionLabel,
  functionOfAddress,
  HOST_TENANT,
  IOVA_BASE,
  isBelow,
  isPort,
  NODE,
  nodeLabel,
  P2P,
  ROUTING,
  STREAM,
  SYSFS_IOVA_BASE,
  type Topology,
} from './topology.ts';

/** Address types of PCIe that matter: not translated yet, and already translated. */
export const AT = { untranslated: 0, translated: 2 } as const;
export type AddressType = (typeof AT)[keyof typeof AT];

/** Where a request ends. */
export const WALK_END = {
  /** Blocked, unsupported, or a fault of the IOMMU. */
  stopped: 0,
  /** In memory. */
  memory: 1,
  /** In a BAR. */
  bar: 2,
} as const;
type End = (typeof WALK_END)[keyof typeof WALK_END];

/** How hops call it. */
export const IOMMU = 'IOMMU';

/** One place that a request came by, and what was decided there. */
export interface Hop {
  /** Of people: `downstream port 0000:02:01.0`, `IOMMU`. */
  readonly place: string;
  /** The node; -1 for root complex and IOMMU. */
  readonly node: number;
  /** What became of the request. */
  readonly what: string;
  /** The bit or parameter that decided, `UF off`; empty where nothing was to decide. */
  readonly by: string;
}

/** Hops of one walk, and all settings that were evaluated, each once: with all of them alike, the walk would be the same. */
export interface RoutedPath {
  readonly hops: Hop[];
  readonly settings: Setting[];
}

/**
 * Walks requests through one topology. Results of a walk stay in the fields until the next one, so that a walk without
 * trace allocates nothing.
 */
export class Walker {
  private readonly topology: Topology;
  /** Whether the IOMMU saw the request. */
  sawIommu = false;
  /** The function whose stream the IOMMU took it for; -1 when many share one ID, or when it saw nothing. */
  stream = -1;
  /** Whether the IOMMU let an address of the sender's choice through as it was. */
  unchecked = false;
  /** Where the request ended: the host address, and the function whose BAR that is, -1 for none. */
  address = 0;
  fn = -1;
  /** Requests that were walked. */
  walks = 0;
  private trace: RoutedPath | null = null;
  /** What nodes are called, as far as it was asked. */
  private readonly names: string[] = [];

  constructor(topology: Topology) {
    this.topology = topology;
  }

  /**
   * Carries a request.
   *
   * @param requester the function that sends it
   * @param claimed the function whose requester ID it bears; an honest one bears its own
   * @param at address type
   * @param address of the first byte
   * @param trace takes in each hop; null for none
   */
  walk(requester: number, claimed: number, at: AddressType, address: number, trace: RoutedPath | null = null): End {
    const t = this.topology;
    this.trace = trace;
    this.walks += 1;
    this.sawIommu = false;
    this.stream = -1;
    this.unchecked = false;
    this.address = address;
    this.fn = -1;
    if (at === AT.translated) {
      this.look('ats', requester, 0);
      if (t.ats[requester] === ATS.off)
        return this.stop(t.functionNode[requester]!, 'sends no translated requests', 'ATS off');
    }
    const target = functionOfAddress(t, address);
    const device = t.functionNode[requester]!;
    if (target >= 0 && t.functionNode[target] === device && this.loopsInside(requester, target, at, device)) {
      return this.deliver(address, target);
    }
    return this.climb(requester, claimed, at, address, target);
  }

  /** Step 1: whether a request for a BAR of its own device stays inside. */
  private loopsInside(requester: number, target: number, at: AddressType, device: number): boolean {
    const t = this.topology;
    const owner = t.functions[requester]!.pf ?? requester;
    this.look('function-acs', owner, ACS.RR);
    if ((t.functionAcs[requester]! & ACS.RR) !== 0) {
      if (at !== AT.translated) return this.say(device, 'sends it out', 'RR of the function', false);
      this.look('function-acs', owner, ACS.DT);
      if ((t.functionAcs[requester]! & ACS.DT) === 0)
        return this.say(device, 'sends it out', 'RR of the function', false);
      return this.say(device, 'takes it straight to the other function', 'DT of the function', true);
    }
    const routing = t.routing[device]!;
    if (routing === ROUTING['loop-any'])
      return this.say(device, 'takes it to its own BAR inside', 'internalRouting loop-any', true);
    if (routing === ROUTING['loop-self'] && target === requester) {
      return this.say(device, 'takes it to its own BAR inside', 'internalRouting loop-self', true);
    }
    return this.say(
      device,
      'sends it out',
      routing === ROUTING.upstream ? 'internalRouting upstream' : 'another function',
      false,
    );
  }

  /** Steps 2 to 5: from port to port up to the root complex. */
  private climb(requester: number, claimed: number, at: AddressType, address: number, target: number): End {
    const t = this.topology;
    const alias = t.functionAlias[requester]!;
    const device = t.functionNode[requester]!;
    if (this.staysInCard(device, requester, at, target)) return this.deliver(address, target);
    let from = device;
    for (let node = t.nodeParent[device]!; node >= 0; from = node, node = t.nodeParent[node]!) {
      const kind = t.nodeKind[node]!;
      if (kind === NODE.bridge) {
        if (target >= 0 && isBelow(t, target, node)) {
          this.say(node, 'all on the shared bus see it, and the target takes it', 'conventional PCI', true);
          return this.deliver(address, target);
        }
        this.say(node, 'passes it up under an ID of its own', 'conventional PCI', true);
      }
      if (this.staysInCard(node, requester, at, target)) return this.deliver(address, target);
      if (kind === NODE.switch && this.crossesSwitch(node, from, target)) return this.deliver(address, target);
      if (kind === NODE.switch && claimed !== requester && !isPort(t, from) && isBelow(t, claimed, node)) {
        this.say(node, 'has no port there that would check the ID', 'no downstream port', true);
      }
      if (!isPort(t, node)) continue;
      if (claimed !== requester && t.sharesLink[from] === 1 && isBelow(t, claimed, node)) {
        this.say(node, 'cannot tell the functions of one card apart', 'one link', true);
      }
      const end = this.ingress(node, alias >= 0 ? -1 : claimed, at, address, target);
      if (end !== GO_ON) return end;
    }
    // An integrated endpoint is wired to its stream; it has no way to claim another.
    const integrated = t.nodeParent[device]! < 0;
    return this.iommu(integrated ? requester : claimed, alias, at, address);
  }

  /** Whether a switch has a request of something next to its downstream ports, and no port in its way there. */
  private crossesSwitch(node: number, from: number, target: number): boolean {
    const t = this.topology;
    if (isPort(t, from) || target < 0 || !isBelow(t, target, node) || isBelow(t, target, from)) return false;
    return this.say(node, 'takes it straight to another of its ports', 'no downstream port', true);
  }

  /** Whether a request for another node of the same card gets there inside the card. */
  private staysInCard(node: number, requester: number, at: AddressType, target: number): boolean {
    const t = this.topology;
    if (t.sharesLink[node] === 0 || target < 0) return false;
    if (isBelow(t, target, node) || !isBelow(t, target, t.nodeParent[node]!)) return false;
    const isDevice = t.nodeKind[node] === NODE.device;
    const acs = isDevice ? t.functionAcs[requester]! : t.portAcs[node]!;
    const of = isDevice ? 'function-acs' : 'port-acs';
    const place = isDevice ? (t.functions[requester]!.pf ?? requester) : node;
    this.look(of, place, ACS.RR);
    if ((acs & ACS.RR) !== 0) {
      if (at === AT.untranslated) return this.say(node, 'sends it out of the card', 'RR', false);
      this.look(of, place, ACS.DT);
      if ((acs & ACS.DT) === 0) return this.say(node, 'sends it out of the card', 'RR', false);
      return this.say(node, 'takes it straight to another function of the card', 'DT', true);
    }
    if (isDevice && t.routing[node] !== ROUTING['loop-any']) {
      return this.say(node, 'sends it out of the card', 'internalRouting', false);
    }
    return this.say(node, 'takes it to another function of the card', 'RR off', true);
  }

  /** Steps 3 and 4 at one downstream or root port. */
  private ingress(port: number, claimed: number, at: AddressType, address: number, target: number): End | typeof GO_ON {
    const t = this.topology;
    const acs = t.portAcs[port]!;
    if (claimed >= 0) {
      const bus = (t.functionAddress[claimed]! >>> 8) & 0xff;
      if (bus < t.secondary[port]! || bus > t.subordinate[port]!) {
        this.look('port-acs', port, ACS.SV);
        if ((acs & ACS.SV) !== 0) return this.stop(port, 'refuses a requester ID from outside its buses', 'SV');
        this.say(port, 'takes a requester ID from outside its buses', 'SV off', true);
      }
    }
    if (at === AT.translated) {
      this.look('port-acs', port, ACS.TB);
      if ((acs & ACS.TB) !== 0) return this.stop(port, 'blocks a request that calls itself translated', 'TB');
    }
    if (target < 0) return this.pass(port, 'passes it up', '');
    const direct = at === AT.translated && (acs & ACS.DT) !== 0;
    if (isBelow(t, target, port)) {
      this.look('port-acs', port, ACS.UF);
      if (at === AT.translated) this.look('port-acs', port, ACS.DT);
      if ((acs & ACS.UF) !== 0 && !direct)
        return this.pass(port, 'sends it up, though the target is on its own side', 'UF');
      const by = direct ? 'DT' : 'UF off';
      if (t.turnsBack[port] === 0)
        return this.stop(port, 'calls a request for its own side unsupported', 'turnaround ur');
      this.say(port, 'sends it back down, to its own side', by, true);
      return this.deliver(address, target);
    }
    const parent = t.nodeParent[port]!;
    if (parent < 0) return this.crossRoot(port, at, address, target);
    if (!isBelow(t, target, parent)) return this.pass(port, 'passes it up', '');
    const sibling = this.across(port, this.siblingAbove(target, parent), at);
    if (sibling !== DIRECT) return sibling;
    return this.deliver(address, target);
  }

  /** The port below `parent` that the target is below. */
  private siblingAbove(target: number, parent: number): number {
    const t = this.topology;
    let node = t.functionNode[target]!;
    while (t.nodeParent[node] !== parent) node = t.nodeParent[node]!;
    return node;
  }

  /** Step 4b: a request for a sibling's side. */
  private across(
    port: number,
    sibling: number,
    at: AddressType,
  ): typeof WALK_END.stopped | typeof GO_ON | typeof DIRECT {
    const t = this.topology;
    const acs = t.portAcs[port]!;
    if (at === AT.translated) {
      this.look('port-acs', port, ACS.DT);
      if ((acs & ACS.DT) !== 0) return this.straight(port, sibling, 'DT');
    }
    this.look('port-acs', port, ACS.RR);
    const redirects = (acs & ACS.RR) !== 0;
    if (isPort(t, sibling)) {
      this.look('port-acs', port, ACS.EC);
      if ((acs & ACS.EC) !== 0) {
        this.look('egress', port, sibling);
        if (t.egress[port]?.[t.nodePosition[sibling]!] !== 1)
          return this.straight(port, sibling, 'EC with a clear bit');
        if (!redirects) return this.stop(port, 'blocks it, as the bit of the target is set', 'EC');
        return this.pass(port, 'sends it up instead of across', 'EC and RR');
      }
    }
    return redirects ? this.pass(port, 'sends it up instead of across', 'RR') : this.straight(port, sibling, 'RR off');
  }

  private straight(port: number, sibling: number, by: string): typeof DIRECT {
    if (this.trace !== null) this.say(port, `sends it straight to ${nodeLabel(this.topology, sibling)}`, by, true);
    return DIRECT;
  }

  /** Step 6: from a root port to something that is not below it. */
  private crossRoot(port: number, at: AddressType, address: number, target: number): End | typeof GO_ON {
    const t = this.topology;
    const way = this.across(port, this.siblingAbove(target, -1), at);
    if (way !== DIRECT) return way;
    if (t.p2p === P2P.none) return this.stop(-1, 'routes nothing between its ports', 'p2p none');
    if (t.p2p === P2P.translated) return this.pass(-1, 'has the IOMMU check it', 'p2p translated');
    this.say(-1, 'takes it from port to port untranslated', 'p2p untranslated', true);
    return this.deliver(address, target);
  }

  /** Steps 7 and 8. */
  private iommu(claimed: number, alias: number, at: AddressType, address: number): End {
    const t = this.topology;
    this.sawIommu = true;
    this.stream = alias < 0 ? claimed : -1;
    if (alias < 0) return this.throughStream(claimed, at, address);
    // One ID for all behind the bridge: whatever any of their streams lets through, all can have.
    const first = t.firstFunction[alias]!;
    const last = t.firstFunction[t.nodeEnd[alias]!]!;
    let fallback: End = WALK_END.stopped;
    for (let fn = first; fn < last; fn++) {
      const end = this.throughStream(fn, at, address);
      if (end === WALK_END.bar) return end;
      if (end === WALK_END.memory) fallback = end;
    }
    return fallback;
  }

  private throughStream(fn: number, at: AddressType, address: number): End {
    const t = this.topology;
    const mode = t.stream[fn]!;
    if (mode === STREAM.abort) return this.stop(-2, 'faults: the stream may do nothing', 'stream abort');
    this.look('stream', fn, 0);
    if (at === AT.translated) {
      this.look('ats', fn, 0);
      if (t.ats[fn] === ATS.off) return this.stop(-2, 'faults: ATS is off for the stream', 'ATS off');
    }
    if (at === AT.translated || mode === STREAM.bypass) {
      this.unchecked = true;
      const by = at === AT.translated ? 'ATS on' : 'stream bypass';
      if (this.trace !== null) this.say(-2, `lets ${formatHex(address)} through as it is`, by, true);
      return this.leave(address, t.reflects || t.p2p === P2P.untranslated);
    }
    const host = this.lookUp(t.functionTenant[fn]!, address);
    if (host < 0) return this.stop(-2, 'faults: no mapping', 'stream translate');
    if (this.trace !== null) {
      this.say(-2, `translates ${formatHex(address)} to ${formatHex(host)}`, this.mappedBecause(address, host), true);
    }
    return this.leave(host, t.reflects);
  }

  /** The host address that a domain has for an address, -1 for none. */
  private lookUp(tenant: number, address: number): number {
    const t = this.topology;
    if (tenant === HOST_TENANT || address < IOVA_BASE) return -1;
    const sysfs = address >= SYSFS_IOVA_BASE;
    const host = address - (sysfs ? SYSFS_IOVA_BASE : IOVA_BASE);
    const { mapped, sysfs: privileged } = t.domains[tenant]!;
    const ranges = sysfs ? privileged : mapped;
    for (let i = 0; i < ranges.length; i++) {
      const range = ranges[i]!;
      if (range.start > host) break;
      if (host >= range.end) continue;
      const owner = sysfs ? -1 : functionOfAddress(t, host);
      if (owner >= 0) this.look('clip', owner, 0);
      return host;
    }
    return -1;
  }

  private mappedBecause(address: number, host: number): string {
    if (address >= SYSFS_IOVA_BASE) return 'sysfs mapping';
    const owner = functionOfAddress(this.topology, host);
    const unclipped = owner >= 0 && this.topology.areaOf[owner]! >= 0 && this.topology.clipped[owner] === 0;
    return unclipped ? `clip ${this.topology.functions[owner]!.clip}` : 'a mapping of the domain';
  }

  /** Step 8: what leaves the IOMMU is for memory or for a BAR. */
  private leave(host: number, toMmio: boolean): End {
    const target = functionOfAddress(this.topology, host);
    if (target < 0) {
      this.address = host;
      this.say(-1, 'takes it to memory', '', true);
      return WALK_END.memory;
    }
    if (!toMmio) return this.stop(-1, 'sends nothing back to the I/O bus', 'reflectsToMmio false');
    this.say(-1, 'takes it back to the I/O bus', this.topology.reflects ? 'reflectsToMmio' : 'p2p untranslated', true);
    return this.deliver(host, target);
  }

  private deliver(address: number, target: number): End {
    this.address = address;
    this.fn = target;
    if (this.trace !== null) {
      const { nodes, functionNode } = this.topology;
      const node = nodes[functionNode[target]!]!.index;
      this.say(node, `takes it into a BAR of ${functionLabel(this.topology, target)}`, '', true);
    }
    return WALK_END.bar;
  }

  private stop(node: number, what: string, by: string): typeof WALK_END.stopped {
    this.say(node, what, by, false);
    return WALK_END.stopped;
  }

  private pass(node: number, what: string, by: string): typeof GO_ON {
    this.say(node, what, by, false);
    return GO_ON;
  }

  private look(of: Setting['of'], place: number, detail: number): void {
    if (this.trace === null) return;
    const { settings } = this.trace;
    for (const each of settings) if (each.place === place && each.of === of && each.detail === detail) return;
    settings.push({ of, place, detail });
  }

  /** Notes a hop, and gives back `result`. Node -1 stands for the root complex, -2 for the IOMMU. */
  private say(node: number, what: string, by: string, result: boolean): boolean {
    if (this.trace !== null) this.trace.hops.push({ place: this.placeName(node), node: Math.max(node, -1), what, by });
    return result;
  }

  private placeName(node: number): string {
    if (node < 0) return node === -1 ? 'root complex' : IOMMU;
    const name = this.names[node] ?? nodeLabel(this.topology, node);
    this.names[node] = name;
    return name;
  }
}

const GO_ON = -1;
const DIRECT = -2;
