/**
 * Where VMs can go: room for memory, VFs and queues on each host, and how many may arrive at once. Hosts take their turn.
 */
import { type EvacuationInput, type HostRoom, LACK } from './evacuation-terms.ts';
import type { Needs } from './move-class.ts';
import { NONE } from './source-hosts.ts';

type RoomsInput = Pick<
  EvacuationInput,
  'links' | 'hosts' | 'room' | 'held' | 'concurrency' | 'apart' | 'vmClasses' | 'mayRun' | 'reserve'
> & {
  readonly classes: readonly { readonly needs: Needs }[];
  /** Hosts from the first that is not emptied up to this one, not included, receive. */
  readonly to: number;
};

/** Kinds of VMs, at most: a bit each. */
export const CLASSES_MAX = 31;

export class Rooms {
  /** No host has room for such a VM, and none will have. */
  static readonly FULL = -1;
  /** Some have room, and all of them are receiving as many VMs as they may. */
  static readonly BUSY = -2;

  private readonly needs: readonly Needs[];
  private readonly inboundMax: Float64Array;
  private readonly from: number;
  private readonly memory: Float64Array;
  private readonly vfs: Int32Array;
  private readonly queues: Int32Array;
  private readonly vcpus: Float64Array;
  /** Room of all hosts together, and what of it stays; null: nothing has to. */
  private readonly together: Room | null;
  private readonly inbound: Int32Array;
  /** Hosts of which a class knows that they may have room, first come first served. */
  private readonly rings: Int32Array[];
  private readonly heads: number[];
  private readonly sizes: number[];
  /** Classes whose ring a host left because too many were arriving. */
  private readonly parked: Int32Array;
  private readonly parkedCount: number[];
  /** Classes whose ring a host left for want of room. */
  private readonly dropped: Int32Array;

  /** Groups of which a host has a VM, or of which one is on its way there. */
  private readonly held = new Map<number, Set<number>>();
  /** VMs of each group that are on their way. */
  private readonly coming = new Map<number, number>();

  /** Why the last VM that found no host found none, by {@link LACK}. */
  lack: number = LACK.none;

  constructor(input: RoomsInput) {
    const { hosts: from, to, links, room, held = [], classes, concurrency, apart, vmClasses, mayRun, reserve } = input;
    const hosts = Math.max(0, to - from);
    const needs = classes.slice(0, vmClasses).map((each) => each.needs);
    this.needs = needs;
    this.inboundMax = Float64Array.from({ length: hosts }, (_, host) =>
      Math.min(concurrency.inboundPerHost, apart?.inbound[from + host] ?? Infinity),
    );
    this.from = from;
    this.memory = new Float64Array(hosts);
    this.vfs = new Int32Array(hosts);
    this.queues = new Int32Array(hosts);
    this.vcpus = new Float64Array(hosts);
    for (let host = 0; host < hosts; host++) {
      const own = 'memoryBytes' in room ? room : room[host]!;
      this.memory[host] = own.memoryBytes;
      this.vfs[host] = own.vfs;
      this.queues[host] = own.queues;
      this.vcpus[host] = own.vcpus;
    }
    this.together = reserve === undefined ? null : this.roomBeyond(reserve);
    for (const [host, groups] of held.entries()) if (groups.size > 0) this.held.set(host, new Set(groups));
    this.inbound = new Int32Array(hosts);
    this.parked = new Int32Array(hosts);
    this.dropped = new Int32Array(hosts);
    const order = links.rackOf === undefined ? byPlace(from, to, links.hostsPerRack) : byRank(from, to, links.rackOf);
    const takes = (kind: number, host: number): boolean => mayRun?.(kind, from + host) ?? true;
    this.rings = needs.map((_, kind) => Int32Array.from(order.filter((host) => takes(kind, host))));
    this.heads = needs.map(() => 0);
    this.sizes = this.rings.map(({ length }) => length);
    this.parkedCount = needs.map(() => 0);
  }

  /**
   * A host for a VM of a class, whose room is then taken; or {@link FULL} or {@link BUSY}.
   *
   * @param group whose members may not share a host: hosts with one of them go to the end of the queue; -1: none
   */
  take(kind: number, group: number): number {
    const ring = this.rings[kind]!;
    let passed = 0;
    if (this.together !== null && !this.together.holds(this.needs[kind]!)) {
      this.lack = LACK.reserve;
      return Rooms.FULL;
    }
    while (this.sizes[kind]! > passed) {
      const host = ring[this.heads[kind]!]!;
      this.heads[kind] = (this.heads[kind]! + 1) % ring.length;
      this.sizes[kind]! -= 1;
      if (!this.fits(host, kind)) {
        this.dropped[host]! |= 1 << kind;
        continue;
      }
      if (this.inbound[host]! >= this.inboundMax[host]!) {
        this.parked[host]! |= 1 << kind;
        this.parkedCount[kind]! += 1;
        continue;
      }
      if (group !== NONE && this.held.get(host)?.has(group) === true) {
        this.append(kind, host);
        passed += 1;
        continue;
      }
      this.inbound[host]! += 1;
      this.change(host, kind, -1);
      this.append(kind, host);
      if (group !== NONE) this.hold(host, group);
      return host + this.from;
    }
    this.lack = passed > 0 ? LACK.apart : LACK.room;
    // A member that gives up on its way leaves its host to others.
    return this.parkedCount[kind]! > 0 || (this.coming.get(group) ?? 0) > 0 ? Rooms.BUSY : Rooms.FULL;
  }

  /** A VM has arrived, or given up on its way: then its room is free again. */
  leave(target: number, kind: number, group: number, moved: boolean): void {
    const host = target - this.from;
    if (group !== NONE) {
      this.coming.set(group, this.coming.get(group)! - 1);
      if (!moved) this.held.get(host)!.delete(group);
    }
    this.inbound[host]! -= 1;
    const parked = this.parked[host]!;
    let back = parked;
    this.parked[host] = 0;
    if (!moved) {
      this.change(host, kind, 1);
      back |= this.dropped[host]!;
      this.dropped[host] = 0;
    }
    for (let each = 0; back !== 0; each++, back >>>= 1) {
      if ((back & 1) === 0) continue;
      if ((parked & (1 << each)) !== 0) this.parkedCount[each]! -= 1;
      this.append(each, host);
    }
  }

  private hold(host: number, group: number): void {
    const groups = this.held.get(host);
    if (groups === undefined) this.held.set(host, new Set([group]));
    else groups.add(group);
    this.coming.set(group, (this.coming.get(group) ?? 0) + 1);
  }

  private append(kind: number, host: number): void {
    const ring = this.rings[kind]!;
    ring[(this.heads[kind]! + this.sizes[kind]!) % ring.length] = host;
    this.sizes[kind]! += 1;
  }

  private fits(host: number, kind: number): boolean {
    const { memoryBytes, vfs, queues, vcpus } = this.needs[kind]!;
    return (
      this.memory[host]! >= memoryBytes &&
      this.vfs[host]! >= vfs &&
      this.queues[host]! >= queues &&
      this.vcpus[host]! >= vcpus
    );
  }

  private change(host: number, kind: number, by: 1 | -1): void {
    const { memoryBytes, vfs, queues, vcpus } = this.needs[kind]!;
    this.memory[host]! += by * memoryBytes;
    this.vfs[host]! += by * vfs;
    this.queues[host]! += by * queues;
    this.vcpus[host]! += by * vcpus;
    this.together?.change(this.needs[kind]!, by);
  }

  /** What all hosts have together beyond what has to stay. */
  private roomBeyond(reserve: HostRoom): Room {
    return new Room({
      memoryBytes: beyond(sumOf(this.memory), reserve.memoryBytes),
      vfs: beyond(sumOf(this.vfs), reserve.vfs),
      queues: beyond(sumOf(this.queues), reserve.queues),
      vcpus: beyond(sumOf(this.vcpus), reserve.vcpus),
    });
  }
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** What is left of room without an end has none either. */
function beyond(room: number, reserve: number): number {
  return Number.isFinite(room) ? room - reserve : Infinity;
}

/** Room that is not of one host. */
class Room {
  private memoryBytes: number;
  private vfs: number;
  private queues: number;
  private vcpus: number;

  constructor({ memoryBytes, vfs, queues, vcpus }: HostRoom) {
    this.memoryBytes = memoryBytes;
    this.vfs = vfs;
    this.queues = queues;
    this.vcpus = vcpus;
  }

  /** What a VM does not need may be missing. */
  holds({ memoryBytes, vfs, queues, vcpus }: Needs): boolean {
    return (
      this.memoryBytes >= memoryBytes &&
      (vfs === 0 || this.vfs >= vfs) &&
      (queues === 0 || this.queues >= queues) &&
      (vcpus === 0 || this.vcpus >= vcpus)
    );
  }

  change({ memoryBytes, vfs, queues, vcpus }: Needs, by: 1 | -1): void {
    this.memoryBytes += by * memoryBytes;
    this.vfs += by * vfs;
    this.queues += by * queues;
    this.vcpus += by * vcpus;
  }
}

/** One host of each rack, then the next of each, where hosts of a rack follow one another. */
function byPlace(from: number, to: number, hostsPerRack: number): number[] {
  const order: number[] = [];
  const racks = Math.ceil(to / hostsPerRack);
  for (let place = 0; place < hostsPerRack; place++) {
    for (let rack = Math.floor(from / hostsPerRack); rack < racks; rack++) {
      const host = rack * hostsPerRack + place;
      if (host >= from && host < to) order.push(host - from);
    }
  }
  return order;
}

/** The same where each host says its rack. */
function byRank(from: number, to: number, rackOf: Int32Array): number[] {
  const ranks = new Map<number, number>();
  const hosts = Array.from({ length: to - from }, (_, host) => {
    const rack = rackOf[from + host]!;
    const rank = ranks.get(rack) ?? 0;
    ranks.set(rack, rank + 1);
    return { host, rack, rank };
  });
  return hosts.toSorted((a, b) => a.rank - b.rank || a.rack - b.rack || a.host - b.host).map(({ host }) => host);
}
