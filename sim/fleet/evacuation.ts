/**
 * Hosts being emptied: VMs begin to move as limits allow, share PFs, hosts' links, racks' uplinks and the spine, and go
 * where there is room.
 */
import { bug } from '../base/bug.ts';
import { Calendar } from '../base/calendar.ts';
import { type EvacuationInput, type EvacuationResult, FATE } from './evacuation-terms.ts';
import { HostQueue } from './host-queue.ts';
import { LinkShares } from './link-shares.ts';
import type { EndReason, PrecopyEnd } from '../memory/precopy-end.ts';
import { BLOCKERS } from '../memory/precopy-end.ts';
import { PrecopyEngine } from '../memory/precopy-engine.ts';
import type { PrecopyIteration } from '../memory/precopy-slots.ts';
import { ADVANCE } from '../memory/precopy-slots.ts';
import { Rooms } from './rooms.ts';
import { NONE, SourceHosts } from './source-hosts.ts';

/** Times that are nearer to each other than this are one: rates are kept to a ten-millionth, and moves last minutes. */
const SAME_NS = 10_000;

/** Empties the hosts. */
export function evacuate(input: EvacuationInput): EvacuationResult {
  return new Evacuation(input).run();
}

/** First link of each kind; none where such links are never full. */
type LinkBase = Readonly<Record<'pf' | 'hostOut' | 'hostIn' | 'rackOut' | 'rackIn' | 'spine', number>>;

class Evacuation {
  private readonly input: EvacuationInput;
  private readonly shares: LinkShares;
  private readonly engine: PrecopyEngine;
  private readonly rooms: Rooms;
  private readonly queue: Calendar;
  private readonly sources: SourceHosts;
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
  private readonly lack: Uint8Array;
  private readonly attempts: Uint8Array;
  private readonly targetOf: Int32Array;
  private readonly slots: number;
  private readonly slotVm: Int32Array;
  private readonly queuedNs: Float64Array;
  private readonly freeSlots: number[] = [];
  /** Ends of set-ups by the slot, ends of back-offs by the VM after all slots, and the next opening. */
  private readonly timers = new Calendar();
  private opensNs = Number.NaN;
  /** Hosts that may begin a move, by the level of priority of their next VM. */
  private readonly ready: readonly HostQueue[];
  /** Classes by which destinations are looked for. */
  private readonly vmClasses: number;
  /** Hosts whose next VM waits for a destination, by that class. */
  private readonly waiting: readonly HostQueue[];
  /** Level of priority of each class; 0 begins first. */
  private readonly levels: readonly number[];
  private running = 0;
  /** VMs that were begun or left at the source so far. */
  private moves = 0;
  private atOnce = 0;
  private nowNs = 0;
  private sentBytes = 0;
  private events = 0;
  private readonly linkBase: LinkBase;
  private readonly links: number[] = [];

  constructor(input: EvacuationInput) {
    const { links, classes, hosts, concurrency, priorities } = input;
    const hostsInAll = links.racks * links.hostsPerRack;
    if (hosts > hostsInAll) bug('HOSTS', hosts, hostsInAll);
    this.input = input;
    this.sources = new SourceHosts(input);
    const { vms, mostPerHost } = this.sources;
    this.vms = vms;
    const most = Math.min(concurrency.fleet, vms, hosts * Math.min(mostPerHost, concurrency.outboundPerHost));
    this.slots = Math.max(1, most);
    const { capacity, base } = capacitiesOf(input, hostsInAll);
    this.linkBase = base;
    this.shares = new LinkShares(capacity, this.slots, input.slack);
    this.engine = this.engineOf();
    this.rooms = new Rooms({ ...input, to: hostsInAll });
    this.queue = new Calendar(this.slots);
    this.vmClass = this.sources.vmClass;
    this.startNs = new Float64Array(vms).fill(Number.NaN);
    this.endNs = new Float64Array(vms).fill(Number.NaN);
    this.pauseNs = new Float64Array(vms);
    this.limitNs = new Float64Array(vms);
    this.leftBytes = new Float64Array(vms);
    this.fitsBytes = new Float64Array(vms);
    this.blocker = new Uint8Array(vms);
    this.lack = new Uint8Array(vms);
    this.fate = new Uint8Array(vms);
    this.attempts = new Uint8Array(vms);
    this.targetOf = new Int32Array(vms).fill(NONE);
    this.slotVm = new Int32Array(this.slots);
    this.queuedNs = new Float64Array(this.slots);
    for (let slot = this.slots - 1; slot >= 0; slot--) this.freeSlots.push(slot);
    const distinct = [...new Set(classes.map((_, kind) => priorities?.[kind] ?? 0))].toSorted((a, b) => b - a);
    this.levels = classes.map((_, kind) => distinct.indexOf(priorities?.[kind] ?? 0));
    const queue = (): HostQueue => new HostQueue(hosts, input.hostOrder === 'one by one');
    this.ready = distinct.map(queue);
    this.vmClasses = input.vmClasses ?? classes.length;
    this.waiting = classes.slice(0, this.vmClasses).map(queue);
    for (let host = 0; host < hosts; host++) if (this.sources.mayBegin(host)) this.addReady(host);
  }

  private engineOf(): PrecopyEngine {
    const { classes, everyPoll = false, onIterations } = this.input;
    const kinds = classes.map(({ precopy }) => precopy);
    if (onIterations === undefined) return new PrecopyEngine(kinds, this.slots, { everyPoll });
    const iterations = (slot: number, row: PrecopyIteration): void => onIterations(this.slotVm[slot]!, row);
    return new PrecopyEngine(kinds, this.slots, { everyPoll, recorder: { iterations } });
  }

  run(): EvacuationResult {
    const { queue, timers, engine, queuedNs, slotVm } = this;
    const ended: number[] = [];
    this.begin();
    this.reckon();
    while (queue.size > 0 || timers.size > 0) {
      const untilNs = Math.min(nextNs(queue), nextNs(timers)) + SAME_NS;
      while (timers.size > 0 && timers.peekNs() <= untilNs) this.ring();
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
      // What ends at one time counts in the order of hosts, and of VMs on a host.
      if (ended.length > 1) ended.sort((a, b) => slotVm[a]! - slotVm[b]!);
      for (const slot of ended) this.finish(slot);
      ended.length = 0;
      this.begin();
      this.reckon();
    }
    return this.result();
  }

  /** A set-up or a back-off is over, or a window opens. */
  private ring(): void {
    const { timers, sources, slots } = this;
    this.nowNs = Math.max(this.nowNs, timers.peekNs());
    const of = timers.pop();
    if (of === NONE) {
      this.opensNs = Number.NaN;
      return;
    }
    if (of < slots) {
      this.send(of);
      return;
    }
    const host = sources.hostOf[of - slots]!;
    const isIn = sources.mayBegin(host);
    sources.tryAgain(of - slots);
    if (!isIn && sources.mayBegin(host)) this.addReady(host);
  }

  /** Begins as many moves as limits, rooms and windows allow. */
  private begin(): void {
    if (this.isClosed()) return;
    let began: number;
    do {
      began = this.moves;
      for (let level = 0; level < this.ready.length; level++) {
        for (let kind = 0; kind < this.waiting.length; kind++) {
          if (this.levels[kind] === level) this.beginWaiting(this.waiting[kind]!);
        }
        this.beginReady(this.ready[level]!, level);
      }
      // A VM that is tried again may come before others of its host.
    } while (this.ready.length > 1 && this.moves > began);
  }

  /** Whether no window is open; if hosts wait for it, the opening is noted. */
  private isClosed(): boolean {
    const { windows } = this.input;
    if (windows === undefined) return false;
    const { lengthNs, everyNs } = windows;
    const opened = Math.floor((this.nowNs + SAME_NS) / everyNs) * everyNs;
    if (this.nowNs < opened + lengthNs) return false;
    const isWaited = [...this.ready, ...this.waiting].some(({ size }) => size > 0);
    if (isWaited && Number.isNaN(this.opensNs)) {
      this.opensNs = opened + everyNs;
      this.timers.push(this.opensNs, NONE);
    }
    return true;
  }

  private beginWaiting(queue: HostQueue): void {
    while (queue.size > 0 && this.running < this.input.concurrency.fleet) {
      const host = queue.take();
      if (this.beginOne(host, true) === 'busy') break;
      if (this.sources.mayBegin(host)) this.addReady(host);
    }
  }

  private beginReady(queue: HostQueue, level: number): void {
    const { sources } = this;
    const { concurrency, hostOrder } = this.input;
    while (this.running < concurrency.fleet && queue.size > 0) {
      const host = queue.take();
      while (sources.mayBegin(host)) {
        const isNext = this.levelOf(host) === level;
        if (isNext && this.beginOne(host, false) === 'busy') break;
        if (isNext && hostOrder === 'one by one' && this.running < concurrency.fleet) continue;
        if (sources.mayBegin(host)) this.addReady(host);
        break;
      }
    }
  }

  private levelOf(host: number): number {
    return this.levels[this.vmClass[this.sources.nextOf(host)]!]!;
  }

  private placeClassOf(vm: number): number {
    return this.vmClass[vm]! % this.vmClasses;
  }

  private addReady(host: number): void {
    this.ready[this.levelOf(host)]!.add(host);
  }

  /** Begins a host's next move; a VM for which there is no room anywhere stays at the source. */
  private beginOne(host: number, waited: boolean): 'began' | 'busy' | 'left' {
    const { sources } = this;
    const vm = sources.nextOf(host);
    const kind = this.placeClassOf(vm);
    const target = this.rooms.take(kind, sources.groupOf(vm));
    if (target === Rooms.BUSY) {
      if (waited) this.waiting[kind]!.putBack(host);
      else this.waiting[kind]!.add(host);
      return 'busy';
    }
    sources.pass(host);
    this.moves += 1;
    if (target === Rooms.FULL) {
      this.fate[vm] = FATE.noRoom;
      this.lack[vm] = this.rooms.lack;
      return 'left';
    }
    const slot = this.freeSlots.pop() ?? bug('NO_SLOT', this.running);
    this.slotVm[slot] = vm;
    this.targetOf[vm] = target;
    this.attempts[vm]! += 1;
    this.queuedNs[slot] = Number.NaN;
    sources.begin(vm);
    this.running += 1;
    this.atOnce = Math.max(this.atOnce, this.running);
    this.startNs[vm] = this.nowNs;
    const { setUpNs = 0 } = this.input;
    if (setUpNs > 0) this.timers.push(this.nowNs + setUpNs, slot);
    else this.send(slot);
    return 'began';
  }

  /** The set-up of a move is over: its stream takes its share of the links. */
  private send(slot: number): void {
    const vm = this.slotVm[slot]!;
    const kind = this.vmClass[vm]!;
    const { pf, hostOut, hostIn, rackOut, rackIn, spine } = this.linkBase;
    const { links } = this;
    const host = this.sources.hostOf[vm]!;
    const target = this.targetOf[vm]!;
    links.length = 0;
    const from = this.rackOf(host);
    const to = this.rackOf(target);
    if (pf !== NONE) links.push(pf + this.sources.pfOf(vm));
    if (hostOut !== NONE) links.push(hostOut + host);
    if (hostIn !== NONE) links.push(hostIn + target);
    if (from !== to) {
      if (rackOut !== NONE) links.push(rackOut + from);
      if (rackIn !== NONE) links.push(rackIn + to);
      if (spine !== NONE) links.push(spine);
    }
    this.engine.begin(slot, kind, this.nowNs);
    this.shares.add(slot, links, this.input.classes[kind]!.wireLimit);
  }

  private rackOf(host: number): number {
    const { rackOf, hostsPerRack } = this.input.links;
    return rackOf?.[host] ?? Math.floor(host / hostsPerRack);
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
    if (fate > FATE.forced) this.pauseNs[vm] = 0;
    const isMoved = fate === FATE.moved;
    this.leftBytes[vm] = isMoved ? 0 : engine.leftBytes[slot]!;
    this.fitsBytes[vm] = isMoved ? 0 : engine.blockingFitsBytes(slot);
    this.blocker[vm] = isMoved ? 0 : BLOCKERS.indexOf(engine.blockerOf(slot));
  }

  private finish(slot: number): void {
    const { engine, rooms, sources, nowNs } = this;
    const vm = this.slotVm[slot]!;
    const host = sources.hostOf[vm]!;
    const fate = engine.hasConverged(slot) ? FATE.moved : fateOf(engine.endOf(slot), engine.reasonOf(slot));
    const moved = fate <= FATE.forced;
    this.endNs[vm] = nowNs;
    this.limitNs[vm] = engine.limitNs[slot]!;
    this.sentBytes += engine.sentBytes[slot]!;
    this.fate[vm] = fate;
    this.keepCause(vm, slot, fate);
    rooms.leave(this.targetOf[vm]!, this.placeClassOf(vm), sources.groupOf(vm), moved);
    if (!moved) this.targetOf[vm] = NONE;
    this.shares.remove(slot);
    this.freeSlots.push(slot);
    const blocked = !sources.mayBegin(host);
    sources.end(vm);
    this.running -= 1;
    // A host that was not held back is in the list already.
    if (blocked && sources.mayBegin(host)) this.addReady(host);
    const { most, backOffNs } = this.input.retries ?? { most: 0, backOffNs: 0 };
    const failed = this.attempts[vm]!;
    if (!moved && failed <= most) this.timers.push(nowNs + backOffNs * 2 ** (failed - 1), this.slots + vm);
  }

  /** New rates for the moves that they changed. */
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
      for (let vm = this.sources.firstOf(host); vm < this.sources.firstOf(host + 1); vm++) {
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
      attempts: this.attempts,
      sourceOf: this.sources.hostOf,
      targetOf: this.targetOf,
      blocker: this.blocker,
      lack: this.lack,
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

function nextNs(calendar: Calendar): number {
  return calendar.size === 0 ? Number.POSITIVE_INFINITY : calendar.peekNs();
}

/** Every link that may be full, kind by kind. */
function capacitiesOf(
  { links, hosts, apart }: EvacuationInput,
  hostsInAll: number,
): { capacity: Float64Array; base: LinkBase } {
  const base = { pf: 0, hostOut: 0, hostIn: 0, rackOut: 0, rackIn: 0, spine: 0 };
  const rows: { readonly at: number; readonly count: number; readonly of: number | Float64Array }[] = [];
  let next = 0;
  const allot = (kind: keyof typeof base, count: number, of: number | Float64Array): void => {
    const isLimited = typeof of !== 'number' || Number.isFinite(of);
    base[kind] = isLimited ? next : NONE;
    if (!isLimited) return;
    rows.push({ at: next, count, of });
    next += count;
  };
  allot('pf', hosts * links.pfsPerHost, apart === undefined ? links.pf : pfLinks(apart.pf, hosts, links.pfsPerHost));
  allot('hostOut', hosts, links.host);
  allot('hostIn', hostsInAll, links.host);
  allot('rackOut', links.racks, links.rack);
  allot('rackIn', links.racks, links.rack);
  allot('spine', 1, links.spine);
  const capacity = new Float64Array(next);
  for (const { at, count, of } of rows) {
    if (typeof of === 'number') capacity.fill(of, at, at + count);
    else capacity.set(of.subarray(0, count), at);
  }
  return { capacity, base };
}

/** Link of each PF, where hosts are not alike. */
function pfLinks(pf: Float64Array, hosts: number, pfsPerHost: number): Float64Array {
  return Float64Array.from({ length: hosts * pfsPerHost }, (_, place) => pf[Math.floor(place / pfsPerHost)]!);
}
