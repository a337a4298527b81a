/**
 * Where VMs can go: room for memory, VFs and queues on each host, and how many may arrive at once. Hosts take their turn.
 */
import type { Needs } from './move-class.ts';

/** What one host has to spare. */
export interface HostRoom {
  readonly memoryBytes: number;
  readonly vfs: number;
  readonly queues: number;
}

/** Kinds of VMs, at most: a bit each. */
export const CLASSES_MAX = 31;

export class Rooms {
  /** No host has room for such a VM, and none will have. */
  static readonly FULL = -1;
  /** Some have room, and all of them are receiving as many VMs as they may. */
  static readonly BUSY = -2;

  private readonly needs: readonly Needs[];
  private readonly inboundMax: number;
  private readonly from: number;
  private readonly memory: Float64Array;
  private readonly vfs: Int32Array;
  private readonly queues: Int32Array;
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

  /**
   * @param from hosts from this one on receive
   * @param to up to this one, not included
   * @param hostsPerRack hosts of one rack follow one another; they take their turn rack by rack
   */
  constructor(
    from: number,
    to: number,
    hostsPerRack: number,
    room: HostRoom,
    needs: readonly Needs[],
    inboundMax: number,
  ) {
    const hosts = Math.max(0, to - from);
    this.needs = needs;
    this.inboundMax = inboundMax;
    this.from = from;
    this.memory = new Float64Array(hosts).fill(room.memoryBytes);
    this.vfs = new Int32Array(hosts).fill(room.vfs);
    this.queues = new Int32Array(hosts).fill(room.queues);
    this.inbound = new Int32Array(hosts);
    this.parked = new Int32Array(hosts);
    this.dropped = new Int32Array(hosts);
    const order = this.order(from, to, hostsPerRack);
    this.rings = needs.map(() => Int32Array.from(order));
    this.heads = needs.map(() => 0);
    this.sizes = needs.map(() => hosts);
    this.parkedCount = needs.map(() => 0);
  }

  /** A host for a VM of a class, whose room is then taken; or {@link FULL} or {@link BUSY}. */
  take(kind: number): number {
    const ring = this.rings[kind]!;
    while (this.sizes[kind]! > 0) {
      const host = ring[this.heads[kind]!]!;
      this.heads[kind] = (this.heads[kind]! + 1) % ring.length;
      this.sizes[kind]! -= 1;
      if (!this.fits(host, kind)) {
        this.dropped[host]! |= 1 << kind;
        continue;
      }
      if (this.inbound[host]! >= this.inboundMax) {
        this.parked[host]! |= 1 << kind;
        this.parkedCount[kind]! += 1;
        continue;
      }
      this.inbound[host]! += 1;
      this.change(host, kind, -1);
      this.append(kind, host);
      return host + this.from;
    }
    return this.parkedCount[kind]! > 0 ? Rooms.BUSY : Rooms.FULL;
  }

  /** A VM has arrived, or given up on its way: then its room is free again. */
  leave(target: number, kind: number, moved: boolean): void {
    const host = target - this.from;
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

  private append(kind: number, host: number): void {
    const ring = this.rings[kind]!;
    ring[(this.heads[kind]! + this.sizes[kind]!) % ring.length] = host;
    this.sizes[kind]! += 1;
  }

  private fits(host: number, kind: number): boolean {
    const { memoryBytes, vfs, queues } = this.needs[kind]!;
    return this.memory[host]! >= memoryBytes && this.vfs[host]! >= vfs && this.queues[host]! >= queues;
  }

  private change(host: number, kind: number, by: 1 | -1): void {
    const { memoryBytes, vfs, queues } = this.needs[kind]!;
    this.memory[host]! += by * memoryBytes;
    this.vfs[host]! += by * vfs;
    this.queues[host]! += by * queues;
  }

  /** One host of each rack, then the next of each. */
  private order(from: number, to: number, hostsPerRack: number): number[] {
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
}
