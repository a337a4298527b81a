/**
 * A fleet put into the terms of the simulator, host by host: who moves from where, who may go where, and what stays free.
 */
import { fleetGroups, type FleetGroups, groupsOn } from './anti-affinity.ts';
import type { EvacuationInput, HostRoom, HostsApart, HostVms } from './evacuation-terms.ts';
import type { BoundStep } from './fleet-bounds.ts';
import { emptiedOf, type HostKind, hostKindsOf, ofEachHost } from './host-kinds.ts';
import { needsOf } from './limited-vm.ts';
import type { MaintenanceInput } from './maintenance.ts';
import type { QuestionOf } from './question.ts';
import { reserveRoom } from './reserve.ts';
import { classOrder, listOf } from './source-hosts.ts';

type EvacuateQuestion = QuestionOf<'evacuate'>;

/** What of a host decides how VMs leave it. */
export type Leaver = Pick<HostKind, 'gigabits' | 'cpu'>;

/** What moves get of a link of so many 10^9 bits per second, in bytes per second; undefined: it is never full. */
export interface UsableLinks {
  readonly host: (gigabits: number) => number;
  readonly pf: (gigabits: number | undefined) => number;
}

export class MixedFleet {
  private readonly question: EvacuateQuestion;
  private readonly hosts: number;
  /** Classes of VMs that move, by their places in the question. */
  private readonly moving: readonly number[];
  private readonly groups: FleetGroups | null;

  /**
   * @param question with all its VMs
   * @param hosts so many are emptied, the first ones
   * @param moves whether VMs of a class move
   */
  constructor(question: EvacuateQuestion, hosts: number, moves: (vmClass: number) => boolean) {
    const { fleet } = question;
    this.question = question;
    this.hosts = hosts;
    this.moving = fleet.vms.flatMap((_, index) => (moves(index) ? [index] : []));
    this.groups = fleetGroups(fleet, hostKindsOf(fleet));
  }

  /** Kinds of hosts that VMs leave in ways of their own. */
  leavers(kinds: readonly HostKind[]): readonly Leaver[] {
    const found = new Map<string, Leaver>();
    for (const kind of kinds) if (emptiedOf(kind, this.hosts) > 0) found.set(leaverKey(kind), kind);
    return [...found.values()];
  }

  /**
   * What the simulator gets of hosts and of the room on them.
   *
   * @param kinds hosts with the classes of VMs that move
   * @param usable what moves get of links
   */
  input(
    kinds: readonly HostKind[],
    usable: UsableLinks,
  ): Pick<EvacuationInput, 'room' | 'apart' | 'vmClasses' | 'mayRun' | 'reserve'> {
    const { fleet, reserve, maintenance } = this.question;
    const rooms = (): readonly HostRoom[] => {
      const all = ofEachHost(kinds, ({ room }) => room);
      return maintenance === undefined ? all.slice(this.hosts) : all;
    };
    const isKept = reserve !== undefined && maintenance === undefined;
    return {
      room: kinds.length === 1 ? kinds[0]!.room : rooms(),
      vmClasses: this.moving.length,
      ...(fleet.hostClasses === undefined ? {} : { apart: apartOf(kinds, usable) }),
      ...this.mayRun(kinds),
      ...(isKept ? { reserve: reserveRoom(this.wholeHosts().slice(this.hosts), reserve) } : {}),
    };
  }

  /** VMs of the hosts that are emptied, and groups on the others, where not all hosts are alike. */
  lists(kinds: readonly HostKind[], each: EvacuationInput): Pick<EvacuationInput, 'lists' | 'held'> {
    const { groups, hosts, moving } = this;
    if (kinds.length === 1 && groups === null) return {};
    const leaverOf = this.leaverOf(kinds);
    const lists = this.vmsOf(kinds, each)
      .slice(0, hosts)
      .map((list, host) => ({
        ...list,
        classes: list.classes.map((vmClass) => vmClass + moving.length * leaverOf[host]!),
      }));
    return groups === null ? { lists } : { lists, held: groups.slice(hosts).map((host) => groupsOn(host)) };
  }

  /** All hosts, where they are maintained one after another. */
  ofMaintenance(
    kinds: readonly HostKind[],
    each: EvacuationInput,
  ): Pick<MaintenanceInput, 'lists' | 'leaverOf' | 'staying' | 'reserve' | 'whole'> {
    const { groups, moving } = this;
    const { reserve } = this.question;
    const stays = (vmClass: number): boolean => !moving.includes(vmClass);
    return {
      lists: this.vmsOf(kinds, each),
      leaverOf: this.leaverOf(kinds),
      ...(groups === null ? {} : { staying: groups.map((host) => groupsOn(host, stays)) }),
      ...(reserve === undefined ? {} : { reserve, whole: this.wholeHosts() }),
    };
  }

  /** Hosts from one up to another, not included, that are emptied while the others receive. */
  boundStep(kinds: readonly HostKind[], first: number, until: number, usable: UsableLinks): BoundStep {
    const leavers = this.leavers(kinds).map(leaverKey);
    const vmClasses = this.moving.length;
    const inStep = (kind: HostKind): number => emptiedOf(kind, until) - emptiedOf(kind, first);
    return {
      sources: kinds
        .filter((kind) => inStep(kind) > 0)
        .map((kind) => ({
          hosts: inStep(kind),
          line: usable.host(kind.gigabits),
          pfs: kind.pfs,
          pf: usable.pf(kind.pfGigabits),
          outbound: kind.outbound,
          vms: kind.perHost.map((count, index) => ({
            kind: leavers.indexOf(leaverKey(kind)) * vmClasses + index,
            count,
          })),
        })),
      receivers: kinds
        .filter((kind) => kind.hosts > inStep(kind))
        .map((kind) => ({ hosts: kind.hosts - inStep(kind), line: usable.host(kind.gigabits), inbound: kind.inbound })),
      areAlike: kinds.length === 1 && this.groups === null && this.question.maintenance === undefined,
    };
  }

  /** VMs of every host, in the order in which they leave it. */
  private vmsOf(kinds: readonly HostKind[], { classes, vmOrder, priorities }: EvacuationInput): readonly HostVms[] {
    const { groups, moving } = this;
    const order = classOrder(classes.slice(0, moving.length), vmOrder, priorities);
    const ofKind = kinds.map(({ perHost }) => listOf(perHost, order));
    return ofEachHost(kinds, (_, kind) => ofKind[kind]!).map((own, host) => {
      if (groups === null) return { classes: own };
      const ofHost = groups[host]!;
      return { classes: own, groups: Int32Array.from(order.flatMap((vmClass) => ofHost[moving[vmClass]!]!)) };
    });
  }

  private leaverOf(kinds: readonly HostKind[]): Int32Array {
    const leavers = this.leavers(kinds).map(leaverKey);
    return Int32Array.from(ofEachHost(kinds, (kind) => leavers.indexOf(leaverKey(kind))));
  }

  private mayRun(kinds: readonly HostKind[]): Pick<EvacuationInput, 'mayRun'> {
    const { vms } = this.question.fleet;
    const runsOn = this.moving.map((index) => vms[index]!.runsOn);
    if (runsOn.every((names) => names === undefined)) return {};
    const kindOf = Int32Array.from(ofEachHost(kinds, (_, kind) => kind));
    const allowed = runsOn.map((names) => kinds.map(({ name }) => names?.includes(name ?? '') ?? true));
    return { mayRun: (vmClass, host) => allowed[vmClass]![kindOf[host]!]! };
  }

  /** What each host has in all: what its VMs hold, and its room. */
  private wholeHosts(): readonly HostRoom[] {
    const { fleet } = this.question;
    const needs = fleet.vms.map(({ vm }) => needsOf(vm));
    const kinds = hostKindsOf(fleet);
    const whole = kinds.map(({ room, perHost }): HostRoom => {
      const held = (of: keyof HostRoom): number =>
        room[of] + perHost.reduce((sum, count, index) => sum + count * needs[index]![of], 0);
      return { memoryBytes: held('memoryBytes'), vfs: held('vfs'), queues: held('queues'), vcpus: held('vcpus') };
    });
    return ofEachHost(kinds, (_, kind) => whole[kind]!);
  }
}

function leaverKey({ gigabits, cpu }: Leaver): string {
  return `${gigabits} ${cpu ?? ''}`;
}

function apartOf(kinds: readonly HostKind[], { pf }: UsableLinks): HostsApart {
  return {
    pfs: Int32Array.from(ofEachHost(kinds, ({ pfs }) => pfs)),
    pf: Float64Array.from(ofEachHost(kinds, ({ pfGigabits }) => pf(pfGigabits))),
    outbound: Float64Array.from(ofEachHost(kinds, ({ outbound }) => outbound)),
    inbound: Float64Array.from(ofEachHost(kinds, ({ inbound }) => inbound)),
  };
}
