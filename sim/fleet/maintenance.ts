/**
 * Hosts that are maintained one after another, so that the fleet keeps its room: the first ones are emptied, restart and come
 * back, then the next. What was moved to a host that is emptied later moves again.
 */
import { evacuate } from './evacuation.ts';
import {
  type EvacuationInput,
  type EvacuationResult,
  FATE,
  type HostRoom,
  type HostsApart,
  type HostVms,
  type Windows,
} from './evacuation-terms.ts';
import type { Needs } from './move-class.ts';
import { reserveRoom } from './reserve.ts';
import { classOrder, NONE } from './source-hosts.ts';

export interface MaintenanceInput {
  /**
   * What holds of every step: links, classes, limits, orders, windows, and the room of hosts next to their own VMs, alike or
   * of each host of the fleet.
   */
  readonly each: EvacuationInput;
  /** VMs of every host of the fleet, by the first {@link EvacuationInput.vmClasses}. */
  readonly lists: readonly HostVms[];
  /** Which repetition of the classes moves out of each host. Default: the first. */
  readonly leaverOf?: Int32Array;
  /** Groups of VMs of each host that stay there. Default: none. */
  readonly staying?: readonly ReadonlySet<number>[];
  /** The largest of so many hosts may fail in each step. Default: 0. */
  readonly reserve?: number;
  /** What each host has in all, with its VMs; for {@link reserve}. */
  readonly whole?: readonly HostRoom[];
  /** So many hosts are maintained, the first ones; all others receive. */
  readonly hosts: number;
  /** So many at a time; the next ones follow when all of them are back. */
  readonly hostsAtOnce: number;
  /** From the last move out of a host until it takes VMs again, ns. */
  readonly restartNs: number;
}

/** Of moves in place of VMs: a VM that moves twice is there twice. */
export interface MaintenanceResult extends EvacuationResult {
  /** When each host was begun, and when it was back; NaN: it was not. */
  readonly begunNs: Float64Array;
  readonly backNs: Float64Array;
  /** VMs of the fleet, and moves of each that were made. */
  readonly movesOf: Uint16Array;
  /** The first host that could not be emptied, at which maintenance stops; -1: none. */
  readonly blockedHost: number;
}

/** Maintains the hosts. */
export function maintain(input: MaintenanceInput): MaintenanceResult {
  return new MaintenanceRun(input).run();
}

interface GuestVm {
  readonly id: number;
  readonly kind: number;
  readonly group: number;
}

interface Step {
  readonly result: EvacuationResult;
  readonly startNs: number;
  /** Hosts by their place in the step. */
  readonly ids: readonly number[];
}

class MaintenanceRun {
  private readonly input: MaintenanceInput;
  /** VMs of each host, and what it has to spare. */
  private readonly at: GuestVm[][];
  private readonly spare: HostRoom[];
  private readonly movesOf: Uint16Array;
  private readonly begunNs: Float64Array;
  private readonly emptyNs: Float64Array;
  private readonly backNs: Float64Array;
  private readonly steps: Step[] = [];
  private blockedHost = NONE;
  private nowNs = 0;

  constructor(input: MaintenanceInput) {
    const { lists, hosts, each } = input;
    this.input = input;
    let id = 0;
    this.at = lists.map(({ classes, groups }) =>
      Array.from(classes, (kind, index) => ({ id: id++, kind, group: groups?.[index] ?? NONE })),
    );
    const { room } = each;
    this.spare = 'memoryBytes' in room ? lists.map(() => room) : [...room];
    this.movesOf = new Uint16Array(id);
    this.begunNs = new Float64Array(hosts).fill(Number.NaN);
    this.emptyNs = new Float64Array(hosts).fill(Number.NaN);
    this.backNs = new Float64Array(hosts).fill(Number.NaN);
  }

  run(): MaintenanceResult {
    const { hosts, hostsAtOnce } = this.input;
    for (let first = 0; first < hosts && this.blockedHost === NONE; first += hostsAtOnce) {
      this.step(first, Math.min(first + hostsAtOnce, hosts));
    }
    return this.result();
  }

  /** Empties hosts, places their VMs, and lets them come back. */
  private step(first: number, until: number): void {
    const { each, restartNs, leaverOf } = this.input;
    const vmClasses = each.vmClasses ?? each.classes.length;
    const sources = Array.from({ length: until - first }, (_, place) => first + place);
    const ids = [...sources, ...this.receivers(first, until)];
    const order = classOrder(each.classes, each.vmOrder, each.priorities);
    const rank = new Map(order.map((kind, place) => [kind, place]));
    const guests = sources.map((host) => this.at[host]!.toSorted((a, b) => rank.get(a.kind)! - rank.get(b.kind)!));
    const { windows, mayRun, apart, ...rest } = each;
    const receivers = ids.slice(sources.length);
    const result = evacuate({
      ...rest,
      hosts: sources.length,
      lists: guests.map((own, place) => ({
        classes: Uint8Array.from(own, ({ kind }) => kind + vmClasses * (leaverOf?.[sources[place]!] ?? 0)),
        groups: Int32Array.from(own, ({ group }) => group),
      })),
      room: receivers.map((host) => this.spare[host]!),
      held: receivers.map((host) => this.groupsAt(host)),
      ...(mayRun === undefined ? {} : { mayRun: (kind: number, place: number) => mayRun(kind, ids[place]!) }),
      ...(apart === undefined ? {} : { apart: apartOf(apart, ids) }),
      ...this.reserveOf(receivers),
      links: {
        ...each.links,
        host: typeof each.links.host === 'number' ? each.links.host : reordered(each.links.host, ids),
        rackOf: Int32Array.from(ids, (host) => Math.floor(host / each.links.hostsPerRack)),
      },
    });
    const startNs = fittingNs(this.nowNs, result.totalNs + restartNs, windows);
    this.steps.push({ result, startNs, ids });
    this.place(guests.flat(), result, ids);
    for (const [place, host] of sources.entries()) {
      const emptyNs = startNs + result.hostEmptyNs[place]!;
      this.begunNs[host] = startNs;
      this.emptyNs[host] = emptyNs;
      this.backNs[host] = emptyNs + restartNs;
      if (Number.isNaN(emptyNs) && this.blockedHost === NONE) this.blockedHost = host;
      this.nowNs = Math.max(this.nowNs, startNs + result.totalNs + restartNs);
    }
  }

  private groupsAt(host: number): ReadonlySet<number> {
    return new Set([...this.at[host]!.map(({ group }) => group), ...(this.input.staying?.[host] ?? [])]);
  }

  /** What the hosts that take VMs keep together in a step. */
  private reserveOf(receivers: readonly number[]): Pick<EvacuationInput, 'reserve'> {
    const { reserve = 0, whole } = this.input;
    if (reserve === 0 || whole === undefined) return {};
    return {
      reserve: reserveRoom(
        receivers.map((host) => whole[host]!),
        reserve,
      ),
    };
  }

  /** Hosts that take VMs in a step, those with most room first. */
  private receivers(first: number, until: number): readonly number[] {
    const others = this.at.map((_, host) => host).filter((host) => host < first || host >= until);
    const room = (host: number): number => this.spare[host]!.memoryBytes;
    const byRoom = (a: number, b: number): number => (room(a) === room(b) ? 0 : room(b) - room(a));
    return others.toSorted((a, b) => byRoom(a, b) || this.at[a]!.length - this.at[b]!.length || a - b);
  }

  private place(
    guests: readonly GuestVm[],
    { fate, targetOf, sourceOf }: EvacuationResult,
    ids: readonly number[],
  ): void {
    for (const [index, guest] of guests.entries()) {
      if (fate[index]! > FATE.forced) continue;
      const from = ids[sourceOf[index]!]!;
      const to = ids[targetOf[index]!]!;
      this.movesOf[guest.id]! += 1;
      this.at[from] = this.at[from]!.filter(({ id }) => id !== guest.id);
      this.at[to]!.push(guest);
      const { needs } = this.input.each.classes[guest.kind]!;
      this.spare[from] = changed(this.spare[from]!, needs, 1);
      this.spare[to] = changed(this.spare[to]!, needs, -1);
    }
  }

  private result(): MaintenanceResult {
    const { steps } = this;
    const times = (of: (step: Step) => Float64Array, fromStart: boolean): Float64Array =>
      Float64Array.from(steps.flatMap((step) => Array.from(of(step), (ns) => ns + (fromStart ? step.startNs : 0))));
    const bytes = (of: (result: EvacuationResult) => Uint8Array): Uint8Array =>
      Uint8Array.from(steps.flatMap(({ result }) => [...of(result)]));
    const hostsOf = (of: (result: EvacuationResult) => Int32Array): Int32Array =>
      Int32Array.from(steps.flatMap(({ result, ids }) => Array.from(of(result), (place) => ids[place] ?? NONE)));
    const sum = (of: (result: EvacuationResult) => number): number =>
      steps.reduce((all, { result }) => all + of(result), 0);
    return {
      vms: sum(({ vms }) => vms),
      startNs: times(({ result }) => result.startNs, true),
      endNs: times(({ result }) => result.endNs, true),
      pauseNs: times(({ result }) => result.pauseNs, false),
      fate: bytes(({ fate }) => fate),
      attempts: bytes(({ attempts }) => attempts),
      sourceOf: hostsOf(({ sourceOf }) => sourceOf),
      targetOf: hostsOf(({ targetOf }) => targetOf),
      blocker: bytes(({ blocker }) => blocker),
      lack: bytes(({ lack }) => lack),
      vmClass: bytes(({ vmClass }) => vmClass),
      limitNs: times(({ result }) => result.limitNs, false),
      leftBytes: times(({ result }) => result.leftBytes, false),
      fitsBytes: times(({ result }) => result.fitsBytes, false),
      sentBytes: sum(({ sentBytes }) => sentBytes),
      hostEmptyNs: this.emptyNs,
      totalNs: this.nowNs,
      events: sum(({ events }) => events),
      looks: sum(({ looks }) => looks),
      atOnce: Math.max(0, ...steps.map(({ result }) => result.atOnce)),
      begunNs: this.begunNs,
      backNs: this.backNs,
      movesOf: this.movesOf,
      blockedHost: this.blockedHost,
    };
  }
}

/** When a step that takes so long begins: in the window that is open if it is over before the close, else in the next one. */
function fittingNs(nowNs: number, lastsNs: number, windows: Windows | undefined): number {
  if (windows === undefined) return nowNs;
  const opensNs = Math.floor(nowNs / windows.everyNs) * windows.everyNs;
  const fits = nowNs === opensNs || nowNs + lastsNs <= opensNs + windows.lengthNs;
  return fits ? nowNs : opensNs + windows.everyNs;
}

/** What is of each host, for the hosts of a step. */
function reordered(of: Float64Array, ids: readonly number[]): Float64Array {
  return Float64Array.from(ids, (host) => of[host]!);
}

function apartOf({ pfs, pf, outbound, inbound }: HostsApart, ids: readonly number[]): HostsApart {
  return {
    pfs: Int32Array.from(ids, (host) => pfs[host]!),
    pf: reordered(pf, ids),
    outbound: reordered(outbound, ids),
    inbound: reordered(inbound, ids),
  };
}

function changed({ memoryBytes, vfs, queues, vcpus }: HostRoom, needs: Needs, by: 1 | -1): HostRoom {
  return {
    memoryBytes: memoryBytes + by * needs.memoryBytes,
    vfs: vfs + by * needs.vfs,
    queues: queues + by * needs.queues,
    vcpus: vcpus + by * needs.vcpus,
  };
}
