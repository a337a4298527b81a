/**
 * Hosts being emptied: VMs begin to move as limits allow, share PFs, hosts' lines, racks' uplinks and the spine, and go
 * where there is room.
 */
import { bug } from '../base/bug.ts';
import { Calendar } from '../base/calendar.ts';
import { HostLine } from './host-line.ts';
import { LinkShares } from './link-shares.ts';
import type { MoveClass } from './move-class.ts';
import type { EndReason, PrecopyEnd } from '../memory/precopy-end.ts';
import { BLOCKERS } from '../memory/precopy-end.ts';
import { PrecopyEngine } from '../memory/precopy-engine.ts';
import type { PrecopyIteration } from '../memory/precopy-slots.ts';
import { ADVANCE } from '../memory/precopy-slots.ts';
import { type HostRoom, Rooms } from './rooms.ts';

const NONE = -1;
/** Moments that are nearer to each other than this are one: rates are kept to a ten-millionth, and moves last minutes. */
const SAME_NS = 10_000;

/** Lines of a fleet, in usable bytes per second; Infinity: never full. */
export interface FleetLines {
  readonly racks: number;
  readonly hostsPerRack: number;
  /** Ports of a host that carry migrations, each a PF; a VM's move takes the one of its own VFs. */
  readonly pfsPerHost: number;
  readonly pf: number;
  readonly host: number;
  readonly rack: number;
  readonly spine: number;
}

/** Moves at once; Infinity: as many as there are. */
export interface Concurrency {
  readonly fleet: number;
  readonly outboundPerHost: number;
  readonly inboundPerHost: number;
  readonly perPf: number;
}

/** `in turn`: a host that began a move waits for the others; `one by one`: the lowest host that may begin one does. */
export const HOST_ORDERS = ['in turn', 'one by one'] as const;
export type HostOrder = (typeof HOST_ORDERS)[number];

export const VM_ORDERS = ['as listed', 'largest first', 'smallest first'] as const;
export type VmOrder = (typeof VM_ORDERS)[number];

export interface EvacuationInput {
  readonly lines: FleetLines;
  readonly classes: readonly MoveClass[];
  /** VMs of each class on each host that is emptied. */
  readonly perHost: readonly number[];
  /** The first so many hosts are emptied. */
  readonly hosts: number;
  /** Room of each other host. */
  readonly room: HostRoom;
  readonly concurrency: Concurrency;
  readonly hostOrder: HostOrder;
  readonly vmOrder: VmOrder;
  /** Change that a busy link leaves unanswered; {@link LinkShares}. Default there. */
  readonly slack?: number;
  /** Whether managers look at every poll, also where nothing can change. Default: no. */
  readonly everyPoll?: boolean;
  /** Notes the iterations of each VM, times from the start of its move. */
  readonly onIterations?: (vm: number, row: PrecopyIteration) => void;
}

/** How each VM fared. Those up to `forced` run at their destinations. */
export const FATE = {
  moved: 0,
  forced: 1,
  timeout: 2,
  noProgress: 3,
  iterations: 4,
  stall: 5,
  switchover: 6,
  noRoom: 7,
} as const;

export interface EvacuationResult {
  readonly vms: number;
  /** Of each VM, times in ns from the begin. VMs of a host follow one another. */
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** 0 of a VM that did not move. */
  readonly pauseNs: Float64Array;
  readonly fate: Uint8Array;
  /** What kept a VM from being stopped within its limit, by its place in {@link BLOCKERS}. */
  readonly blocker: Uint8Array;
  readonly vmClass: Uint8Array;
  /** The downtime limit that held at the stop, or at the end without, in ns. */
  readonly limitNs: Float64Array;
  /** Memory that was left of a VM that was forced or did not move, and what fitted into the limit, in bytes. */
  readonly leftBytes: Float64Array;
  readonly fitsBytes: Float64Array;
  readonly sentBytes: number;
  /** When each host had no VM left; NaN when some stayed. */
  readonly hostEmptyNs: Float64Array;
  /** From the first begin to the last end, in ns. */
  readonly totalNs: number;
  /** Steps of moves. */
  readonly events: number;
  /** Flows looked at when links reckoned their shares. */
  readonly looks: number;
  /** Moves at once, at most. */
  readonly atOnce: number;
}

/** Empties the hosts. */
export function evacuate(input: EvacuationInput): EvacuationResult {
  return new Evacuation(input).run();
}

class Evacuation {
  private readonly input: EvacuationInput;
  private readonly shares: LinkShares;
  private readonly engine: PrecopyEngine;
  private readonly rooms: Rooms;
  private readonly queue: Calendar;
  private readonly perHost: number;
  private readonly vms: number;
  private readonly vmClass: Uint8Array;
  private readonly startNs: Float64Array;
  private readonly endNs: Float64Array;
  private readonly pauseNs: Float64Array;
  private readonly limitNs: Float64Array;
  private readonly leftBytes: Float64Array;
  private readonly fitsBytes: Float64Array;
  private readonly fate: Uint8Array;
  private readonly blocker: Uint8Array;
  /** VMs of each host that have not begun, behind those that have. */
  private readonly begun: Int32Array;
  private readonly outbound: Int32Array;
  private readonly onPf: Int32Array;
  private readonly slotVm: Int32Array;
  private readonly slotTarget: Int32Array;
  private readonly queuedNs: Float64Array;
  private readonly freeSlots: number[] = [];
  /** Hosts that may begin a move. */
  private readonly ready: HostLine;
  /** Hosts whose next VM waits for a destination, by its class. */
  private readonly waiting: readonly HostLine[];
  private running = 0;
  private atOnce = 0;
  private nowNs = 0;
  private sentBytes = 0;
  private events = 0;
  private readonly linkBase: Readonly<Record<'pf' | 'hostOut' | 'hostIn' | 'rackOut' | 'rackIn' | 'spine', number>>;
  private readonly links: number[] = [];

  constructor(input: EvacuationInput) {
    const { lines, classes, perHost, hosts, room, concurrency } = input;
    const { racks, hostsPerRack, pfsPerHost } = lines;
    const hostsInAll = racks * hostsPerRack;
    if (hosts > hostsInAll) bug('HOSTS', hosts, hostsInAll);
    this.input = input;
    this.perHost = perHost.reduce((sum, count) => sum + count, 0);
    this.vms = hosts * this.perHost;
    const most = Math.min(concurrency.fleet, hosts * Math.min(this.perHost, concurrency.outboundPerHost));
    const slots = Math.max(1, most);
    const base = { pf: 0, hostOut: 0, hostIn: 0, rackOut: 0, rackIn: 0, spine: 0 };
    const capacities: { at: number; count: number; capacity: number }[] = [];
    let next = 0;
    const allot = (kind: keyof typeof base, count: number, capacity: number): void => {
      base[kind] = Number.isFinite(capacity) ? next : NONE;
      if (!Number.isFinite(capacity)) return;
      capacities.push({ at: next, count, capacity });
      next += count;
    };
    allot('pf', hosts * pfsPerHost, lines.pf);
    allot('hostOut', hosts, lines.host);
    allot('hostIn', hostsInAll, lines.host);
    allot('rackOut', racks, lines.rack);
    allot('rackIn', racks, lines.rack);
    allot('spine', 1, lines.spine);
    const capacity = new Float64Array(next);
    for (const { at, count, capacity: each } of capacities) capacity.fill(each, at, at + count);
    this.linkBase = base;
    this.shares = new LinkShares(capacity, slots, input.slack);
    const kinds = classes.map(({ precopy }) => precopy);
    const { everyPoll = false, onIterations } = input;
    const noted = { iterations: (slot: number, row: PrecopyIteration) => onIterations?.(this.slotVm[slot]!, row) };
    this.engine = new PrecopyEngine(
      kinds,
      slots,
      onIterations === undefined ? { everyPoll } : { everyPoll, recorder: noted },
    );
    const needs = classes.map((each) => each.needs);
    this.rooms = new Rooms(hosts, hostsInAll, hostsPerRack, room, needs, concurrency.inboundPerHost);
    this.queue = new Calendar(slots);
    this.vmClass = new Uint8Array(this.vms);
    this.startNs = new Float64Array(this.vms).fill(Number.NaN);
    this.endNs = new Float64Array(this.vms).fill(Number.NaN);
    this.pauseNs = new Float64Array(this.vms);
    this.limitNs = new Float64Array(this.vms);
    this.leftBytes = new Float64Array(this.vms);
    this.fitsBytes = new Float64Array(this.vms);
    this.blocker = new Uint8Array(this.vms);
    this.fate = new Uint8Array(this.vms);
    this.begun = new Int32Array(hosts);
    this.outbound = new Int32Array(hosts);
    this.onPf = new Int32Array(hosts * pfsPerHost);
    this.slotVm = new Int32Array(slots);
    this.slotTarget = new Int32Array(slots);
    this.queuedNs = new Float64Array(slots);
    for (let slot = slots - 1; slot >= 0; slot--) this.freeSlots.push(slot);
    this.list();
    this.ready = new HostLine(hosts, input.hostOrder === 'one by one');
    this.waiting = classes.map(() => new HostLine(hosts, input.hostOrder === 'one by one'));
    for (let host = 0; host < hosts; host++) this.ready.add(host);
  }

  run(): EvacuationResult {
    const { queue, engine, queuedNs, slotVm } = this;
    const ended: number[] = [];
    this.begin();
    this.reckon();
    while (queue.size > 0) {
      const untilNs = queue.peekNs() + SAME_NS;
      while (queue.size > 0 && queue.peekNs() <= untilNs) {
        const nowNs = queue.peekNs();
        this.nowNs = nowNs;
        const slot = queue.pop();
        if (queuedNs[slot] !== nowNs) continue;
        const dueNs = engine.dueNs[slot]!;
        if (dueNs > nowNs) {
          // It got slower since.
          this.schedule(slot, true);
          continue;
        }
        this.events += 1;
        queuedNs[slot] = Number.NaN;
        const came = engine.advance(slot, nowNs);
        if (came === ADVANCE.stopped) this.pause(slot);
        if (came === ADVANCE.ended) ended.push(slot);
        else this.schedule(slot, true);
      }
      // What ends at one moment counts in the order of hosts, and of VMs on a host.
      if (ended.length > 1) ended.sort((a, b) => slotVm[a]! - slotVm[b]!);
      for (const slot of ended) this.finish(slot);
      ended.length = 0;
      this.begin();
      this.reckon();
    }
    return this.result();
  }

  /** VMs of each host in the order in which they move. */
  private list(): void {
    const { classes, perHost, hosts, vmOrder } = this.input;
    const order: number[] = [];
    const size = (kind: number): number => classes[kind]!.memoryBytes;
    const kinds = classes.map((_, kind) => kind);
    if (vmOrder === 'largest first') kinds.sort((a, b) => size(b) - size(a));
    if (vmOrder === 'smallest first') kinds.sort((a, b) => size(a) - size(b));
    for (const kind of kinds) for (let i = 0; i < perHost[kind]!; i++) order.push(kind);
    for (let host = 0; host < hosts; host++) this.vmClass.set(order, host * this.perHost);
  }

  /** Begins as many moves as limits and rooms allow. */
  private begin(): void {
    const { concurrency, hostOrder } = this.input;
    const { ready } = this;
    for (const line of this.waiting) {
      while (line.size > 0 && this.running < concurrency.fleet) {
        const host = line.take();
        if (this.beginOne(host, true) === 'busy') break;
        if (this.mayBegin(host)) this.ready.add(host);
      }
    }
    while (this.running < concurrency.fleet && ready.size > 0) {
      const host = ready.take();
      let goesOn = this.mayBegin(host);
      while (goesOn) {
        if (this.beginOne(host, false) === 'busy') break;
        goesOn = this.mayBegin(host);
        if (!goesOn || (hostOrder === 'one by one' && this.running < concurrency.fleet)) continue;
        this.ready.add(host);
        break;
      }
    }
  }

  private mayBegin(host: number): boolean {
    const begun = this.begun[host]!;
    if (begun >= this.perHost) return false;
    const { outboundPerHost, perPf } = this.input.concurrency;
    if (this.outbound[host]! >= outboundPerHost) return false;
    return this.onPf[this.pfOf(host, begun)]! < perPf;
  }

  private pfOf(host: number, index: number): number {
    const { pfsPerHost } = this.input.lines;
    return host * pfsPerHost + (index % pfsPerHost);
  }

  /** Begins a host's next move; a VM for which there is no room anywhere is left behind. */
  private beginOne(host: number, waited: boolean): 'began' | 'busy' | 'left behind' {
    const index = this.begun[host]!;
    const vm = host * this.perHost + index;
    const kind = this.vmClass[vm]!;
    const target = this.rooms.take(kind);
    if (target === Rooms.BUSY) {
      if (waited) this.waiting[kind]!.putBack(host);
      else this.waiting[kind]!.add(host);
      return 'busy';
    }
    this.begun[host]! += 1;
    if (target === Rooms.FULL) {
      this.fate[vm] = FATE.noRoom;
      return 'left behind';
    }
    const slot = this.freeSlots.pop() ?? bug('NO_SLOT', this.running);
    const { hostsPerRack } = this.input.lines;
    const { pf, hostOut, hostIn, rackOut, rackIn, spine } = this.linkBase;
    const { links } = this;
    links.length = 0;
    const from = Math.floor(host / hostsPerRack);
    const to = Math.floor(target / hostsPerRack);
    if (pf !== NONE) links.push(pf + this.pfOf(host, index));
    if (hostOut !== NONE) links.push(hostOut + host);
    if (hostIn !== NONE) links.push(hostIn + target);
    if (from !== to) {
      if (rackOut !== NONE) links.push(rackOut + from);
      if (rackIn !== NONE) links.push(rackIn + to);
      if (spine !== NONE) links.push(spine);
    }
    this.slotVm[slot] = vm;
    this.slotTarget[slot] = target;
    this.queuedNs[slot] = Number.NaN;
    this.outbound[host]! += 1;
    this.onPf[this.pfOf(host, index)]! += 1;
    this.running += 1;
    this.atOnce = Math.max(this.atOnce, this.running);
    this.startNs[vm] = this.nowNs;
    this.engine.begin(slot, kind, this.nowNs);
    this.shares.add(slot, links, this.input.classes[kind]!.wireLimit);
    return 'began';
  }

  /** The pause takes the rate that the links leave to the stream now, without its own cap where the VMM lifts it. */
  private pause(slot: number): void {
    const { engine, nowNs, shares } = this;
    const vm = this.slotVm[slot]!;
    const kind = this.input.classes[this.vmClass[vm]!]!;
    let rate = engine.wireRate[slot]!;
    if (kind.pauseWireLimit > kind.wireLimit) {
      shares.raise(slot, kind.pauseWireLimit);
      shares.settle();
      rate = shares.rate[slot]!;
    }
    const zeroBytes = engine.zeroLeftBytes[slot]!;
    const lastsNs = kind.pauseNs(rate, engine.leftBytes[slot]!, engine.dirtiedBytes[slot]!, zeroBytes);
    this.pauseNs[vm] = lastsNs;
    engine.pause(slot, lastsNs, nowNs);
  }

  private keepCause(vm: number, slot: number, fate: number): void {
    const { engine } = this;
    if (fate !== FATE.forced) this.pauseNs[vm] = 0;
    this.fate[vm] = fate;
    this.leftBytes[vm] = engine.leftBytes[slot]!;
    this.fitsBytes[vm] = engine.blockingFitsBytes(slot);
    this.blocker[vm] = BLOCKERS.indexOf(engine.blockerOf(slot));
  }

  private finish(slot: number): void {
    const { engine, rooms } = this;
    const vm = this.slotVm[slot]!;
    const host = Math.floor(vm / this.perHost);
    const fate = engine.hasConverged(slot) ? FATE.moved : fateOf(engine.endOf(slot), engine.reasonOf(slot));
    const moved = fate <= FATE.forced;
    this.endNs[vm] = this.nowNs;
    this.limitNs[vm] = engine.limitNs[slot]!;
    this.sentBytes += engine.sentBytes[slot]!;
    if (fate !== FATE.moved) this.keepCause(vm, slot, fate);
    rooms.leave(this.slotTarget[slot]!, this.vmClass[vm]!, moved);
    this.shares.remove(slot);
    this.freeSlots.push(slot);
    const blocked = !this.mayBegin(host);
    this.outbound[host]! -= 1;
    this.onPf[this.pfOf(host, vm % this.perHost)]! -= 1;
    this.running -= 1;
    // A host that was not held back is in the list already.
    if (blocked && this.mayBegin(host)) this.ready.add(host);
  }

  /** New rates for whoever they changed. */
  private reckon(): void {
    const { shares, engine, nowNs } = this;
    shares.settle();
    for (let i = 0; i < shares.changedCount; i++) {
      const slot = shares.changed[i]!;
      const rate = shares.rate[slot]!;
      if (rate === 0) continue;
      const kind = this.input.classes[this.vmClass[this.slotVm[slot]!]!]!;
      engine.changeRate(slot, rate * kind.ratio, rate, nowNs);
      this.schedule(slot, false);
    }
    shares.forgetChanged();
  }

  /** Makes sure that there is an event no later than the move's next step. One that comes early finds out. */
  private schedule(slot: number, anew: boolean): void {
    const dueNs = this.engine.dueNs[slot]!;
    const queuedNs = this.queuedNs[slot]!;
    if (!anew && queuedNs <= dueNs) return;
    if (!Number.isFinite(dueNs)) return;
    this.queuedNs[slot] = Math.max(dueNs, this.nowNs);
    this.queue.push(this.queuedNs[slot], slot);
  }

  private result(): EvacuationResult {
    const { hosts } = this.input;
    const hostEmptyNs = new Float64Array(hosts);
    let totalNs = 0;
    for (let host = 0; host < hosts; host++) {
      let emptyNs = 0;
      for (let vm = host * this.perHost; vm < (host + 1) * this.perHost; vm++) {
        const fate = this.fate[vm]!;
        if (fate <= FATE.forced) emptyNs = Math.max(emptyNs, this.endNs[vm]!);
        else emptyNs = Number.NaN;
        if (this.endNs[vm]! > totalNs) totalNs = this.endNs[vm]!;
        if (Number.isNaN(emptyNs)) break;
      }
      hostEmptyNs[host] = emptyNs;
    }
    for (const endNs of this.endNs) if (endNs > totalNs) totalNs = endNs;
    return {
      vms: this.vms,
      startNs: this.startNs,
      endNs: this.endNs,
      pauseNs: this.pauseNs,
      fate: this.fate,
      blocker: this.blocker,
      vmClass: this.vmClass,
      limitNs: this.limitNs,
      leftBytes: this.leftBytes,
      fitsBytes: this.fitsBytes,
      sentBytes: this.sentBytes,
      hostEmptyNs,
      totalNs,
      events: this.events,
      looks: this.shares.looks,
      atOnce: this.atOnce,
    };
  }
}

function fateOf(end: PrecopyEnd, reason: EndReason): number {
  if (end === 'forced') return FATE.forced;
  switch (reason) {
    case 'timeout':
      return FATE.timeout;
    case 'no progress':
      return FATE.noProgress;
    case 'iterations':
      return FATE.iterations;
    case 'stall':
      return FATE.stall;
    case 'switchover':
      return FATE.switchover;
    default:
      return bug('FATE', end, reason);
  }
}
