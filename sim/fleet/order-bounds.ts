/**
 * How long emptying hosts takes in whatever order their VMs move: a bound from below by the work of each link and limit, and
 * one from above by list scheduling (Graham 1969; with several resources Garey and Graham 1975).
 *
 * Moves begin as soon as limits allow. So until the last move begins, either as many run as the fleet, or a host that
 * receives, may have, or as many of its own host as that may have. Moves that share a link get at least an equal part of
 * it each, and one that has more is no slower: each move takes at most what it takes at the least rate that it may get.
 * Where all moves get there at that rate, none is given up and begun again.
 */
import { NS_PER_S } from '../base/units.ts';
import { evacuate } from './evacuation.ts';
import { type EvacuationInput, FATE } from './evacuation-terms.ts';
import type { MoveClass } from './move-class.ts';
import { SourceHosts } from './source-hosts.ts';

/** Rates are kept to this share of a link, and bounds leave it to them. */
const SLACK = 0.005;

export interface OrderBounds {
  /** No order takes less, if all VMs move. */
  readonly leastNs: number;
  /** No order takes more; null: a VM does not move at the least rate that it may get. */
  readonly mostNs: number | null;
}

/** Moves and bytes of a host that is emptied. */
interface HostWork {
  /** Least time and bytes of all its moves, and most time; below, that of the longest one. */
  leastNs: number;
  bytes: number;
  mostNs: number;
  longestNs: number;
  longestLeastNs: number;
  readonly line: number;
  readonly pfs: number;
  readonly pf: number;
  /** Moves at once. */
  readonly outbound: number;
  vms: number;
}

/** @returns null where moves wait for more than links, limits and rooms */
export function orderBounds(input: EvacuationInput): OrderBounds | null {
  const { windows, reserve, lists } = input;
  const isHeld = lists?.some(({ groups }) => groups !== undefined) === true;
  if (windows !== undefined || reserve !== undefined || isHeld) return null;
  return new OrderWork(input).bounds();
}

class OrderWork {
  private readonly input: EvacuationInput;
  private readonly sources: SourceHosts;
  private readonly works: readonly HostWork[];
  /** Moves at once: in all, and into a host that receives. */
  private readonly atOnce: number;
  private readonly inbound: number;

  constructor(input: EvacuationInput) {
    const { concurrency, links, hosts, apart } = input;
    this.input = input;
    this.sources = new SourceHosts(input);
    const { sources } = this;
    this.works = Array.from({ length: hosts }, (_, host): HostWork => {
      const vms = sources.firstOf(host + 1) - sources.firstOf(host);
      const pfs = apart?.pfs[host] ?? links.pfsPerHost;
      const outbound = Math.min(concurrency.outboundPerHost, apart?.outbound[host] ?? Infinity);
      return {
        leastNs: 0,
        bytes: 0,
        mostNs: 0,
        longestNs: 0,
        longestLeastNs: 0,
        line: this.lineOf(host),
        pfs,
        pf: apart?.pf[host] ?? links.pf,
        outbound,
        vms,
      };
    });
    const most = this.works.reduce((sum, { outbound, vms }) => sum + Math.min(outbound, vms), 0);
    this.atOnce = Math.min(concurrency.fleet, most);
    this.inbound = Math.min(concurrency.inboundPerHost, this.leastOfReceivers(apart?.inbound ?? Infinity));
  }

  bounds(): OrderBounds {
    const { sources, works } = this;
    const ofReceivers = this.leastOfReceivers(this.input.links.host);
    /** The most that a move takes, by its rate and class; NaN: it does not get there. */
    const slow = new Map<number, Map<number, number>>();
    for (const [host, own] of works.entries()) {
      const rate = this.leastRate(own, ofReceivers);
      const known = slow.get(rate) ?? new Map<number, number>();
      slow.set(rate, known);
      for (let vm = sources.firstOf(host); vm < sources.firstOf(host + 1); vm++) {
        const kind = sources.vmClass[vm]!;
        const mostNs = known.get(kind) ?? this.slowestNs(kind, rate);
        known.set(kind, mostNs);
        this.add(own, kind, mostNs);
      }
    }
    const mostNs = this.mostNs();
    return { leastNs: this.leastNs(), mostNs: Number.isNaN(mostNs) ? null : mostNs };
  }

  private add(own: HostWork, kind: number, mostNs: number): void {
    const { memoryBytes, ratio, wireLimit, pauseWireLimit } = this.input.classes[kind]!;
    // All memory is sent once.
    const bytes = memoryBytes / ratio;
    const ns = (this.input.setUpNs ?? 0) + overNs(bytes, Math.min(own.line, Math.max(wireLimit, pauseWireLimit)));
    own.bytes += bytes;
    own.leastNs += ns;
    own.mostNs += mostNs;
    own.longestNs = Math.max(own.longestNs, mostNs);
    own.longestLeastNs = Math.max(own.longestLeastNs, ns);
  }

  private lineOf(host: number): number {
    const { host: line } = this.input.links;
    return typeof line === 'number' ? line : line[host]!;
  }

  private leastOfReceivers(of: number | Float64Array): number {
    return typeof of === 'number'
      ? of
      : of.subarray(this.input.hosts).reduce((least, each) => Math.min(least, each), Infinity);
  }

  /** A link has a part for each of the moves that may be on it. */
  private leastRate({ line, pf, pfs, outbound, vms }: HostWork, ofReceivers: number): number {
    const { links, concurrency } = this.input;
    const out = Math.min(outbound, vms, this.atOnce);
    const into = Math.min(this.inbound, this.atOnce);
    const ofRack = Math.min(this.atOnce, links.hostsPerRack * Math.min(this.atOnce, concurrency.outboundPerHost));
    const intoRack = Math.min(this.atOnce, links.hostsPerRack * into);
    const onPf = Math.min(out, concurrency.perPf, Math.ceil(vms / pfs));
    return (
      (1 - SLACK) *
      Math.min(
        line / out,
        pf / onPf,
        ofReceivers / into,
        links.rack / Math.max(ofRack, intoRack),
        links.spine / this.atOnce,
      )
    );
  }

  /** The move of a VM over a link of such a rate, from its begin; NaN: it does not get there. */
  private slowestNs(kind: number, rate: number): number {
    const { totalNs, fate, limitNs } = evacuate(alone(this.input.classes[kind]!, rate, this.input.setUpNs));
    // At a higher rate more may be left for the pause: no more than fits into the limit.
    return fate[0]! > FATE.forced ? Number.NaN : totalNs + limitNs[0]!;
  }

  private leastNs(): number {
    const { works } = this;
    const { concurrency, links, apart, hosts } = this.input;
    const all = (of: (work: HostWork) => number): number => works.reduce((sum, work) => sum + of(work), 0);
    const most = (of: (work: HostWork) => number): number => works.reduce((max, work) => Math.max(max, of(work)), 0);
    const receivers = links.racks * links.hostsPerRack - hosts;
    const receiving = (of: (host: number) => number): number =>
      Array.from({ length: receivers }, (_, index) => of(hosts + index)).reduce((sum, each) => sum + each, 0);
    const inbound = (host: number): number => Math.min(concurrency.inboundPerHost, apart?.inbound[host] ?? Infinity);
    const times = [
      most(({ longestLeastNs }) => longestLeastNs),
      all(({ leastNs }) => leastNs) / concurrency.fleet,
      most(({ leastNs, outbound, pfs }) => leastNs / Math.min(outbound, pfs * concurrency.perPf)),
      all(({ leastNs }) => leastNs) / receiving(inbound),
      most(({ bytes, line, pfs, pf }) => Math.max(overNs(bytes, line), overNs(bytes, pfs * pf))),
      overNs(
        all(({ bytes }) => bytes),
        receiving((host) => this.lineOf(host)),
      ),
    ];
    return (1 - SLACK) * Math.max(...times, ...this.rackTimes());
  }

  /** What leaves racks all of whose hosts are emptied, over their uplinks and the spine. */
  private rackTimes(): readonly number[] {
    const { links, hosts } = this.input;
    const rackOf = (host: number): number => links.rackOf?.[host] ?? Math.floor(host / links.hostsPerRack);
    const kept = new Set<number>();
    for (let host = hosts; host < links.racks * links.hostsPerRack; host++) kept.add(rackOf(host));
    const leaving = new Map<number, number>();
    for (const [host, { bytes }] of this.works.entries()) {
      const rack = rackOf(host);
      if (!kept.has(rack)) leaving.set(rack, (leaving.get(rack) ?? 0) + bytes);
    }
    const racks = [...leaving.values()];
    const all = racks.reduce((sum, bytes) => sum + bytes, 0);
    return [...racks.map((bytes) => overNs(bytes, links.rack)), overNs(all, links.spine)];
  }

  /** The longest move of a host as the last one: what moves before it take while it waits, and itself. */
  private mostNs(): number {
    const { works, input, inbound } = this;
    const { fleet, perPf } = input.concurrency;
    const busy = Math.min(fleet, inbound);
    const allNs = works.reduce((sum, { mostNs }) => sum + mostNs, 0);
    return works.reduce((most, { mostNs, longestNs, outbound }) => {
      const own = Math.min(outbound, perPf);
      const waits = own < busy ? (mostNs - longestNs) * (1 / own - 1 / busy) : 0;
      return Math.max(most, (allNs - longestNs) / busy + waits + longestNs);
    }, 0);
  }
}

/** A fleet of one VM that moves over links of such a rate. */
function alone(of: MoveClass, rate: number, setUpNs: number = 0): EvacuationInput {
  const free = Infinity;
  return {
    links: { racks: 1, hostsPerRack: 2, pfsPerHost: 1, pf: free, host: rate, rack: free, spine: free },
    classes: [of],
    perHost: [1],
    hosts: 1,
    room: of.needs,
    concurrency: { fleet: free, outboundPerHost: free, inboundPerHost: free, perPf: free },
    hostOrder: 'in turn',
    vmOrder: 'as listed',
    setUpNs,
  };
}

function overNs(bytes: number, bytesPerSecond: number): number {
  return (bytes / bytesPerSecond) * NS_PER_S;
}
