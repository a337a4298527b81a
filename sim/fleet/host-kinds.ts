/**
 * Hosts of a fleet that are alike: its host classes, or all hosts where a question has none.
 */
import type { CpuClass } from '../memory/platform.ts';
import type { HostRoom } from './evacuation-terms.ts';
import type { QuestionOf } from './question.ts';

type Fleet = QuestionOf<'evacuate'>['fleet'];

/** Hosts that are alike and follow one another. */
export interface HostKind {
  /** Null: the fleet has no classes. */
  readonly name: string | null;
  /** The first of them, from 0, and how many there are. */
  readonly from: number;
  readonly hosts: number;
  /** Names of each; null: the fleet does not name them. */
  readonly hostNames: readonly string[] | null;
  /** Links that migrations may use, in 10^9 bits per second. */
  readonly gigabits: number;
  readonly pfs: number;
  readonly pfGigabits: number | undefined;
  /** Moves at once, next to the limits; Infinity: as many as they allow. */
  readonly outbound: number;
  readonly inbound: number;
  readonly cpu: CpuClass | undefined;
  /** What each can take next to its own VMs. */
  readonly room: HostRoom;
  /** VMs on each, by their place in the question. */
  readonly perHost: readonly number[];
}

/** Kinds of hosts in the order in which they stand in the racks. */
export function hostKindsOf(fleet: Fleet): readonly HostKind[] {
  const whole = { name: null, hosts: fleet.racks * fleet.hostsPerRack };
  let from = 0;
  return (fleet.hostClasses ?? [whole]).map((own): HostKind => {
    const kind = hostKind(fleet, own, from);
    from += kind.hosts;
    return kind;
  });
}

type OwnWords = Partial<Omit<NonNullable<Fleet['hostClasses']>[number], 'name' | 'hosts'>> & {
  readonly name: string | null;
  readonly hosts: number;
};

function hostKind(fleet: Fleet, own: OwnWords, from: number): HostKind {
  const { room } = own;
  return {
    name: own.name,
    from,
    hosts: own.hosts,
    hostNames: own.hostNames ?? null,
    gigabits: own.hostGigabitsPerSecond ?? fleet.hostGigabitsPerSecond,
    pfs: own.pfsPerHost ?? fleet.pfsPerHost,
    pfGigabits: own.pfGigabitsPerSecond ?? fleet.pfGigabitsPerSecond,
    outbound: own.outboundPerHost ?? Infinity,
    inbound: own.inboundPerHost ?? Infinity,
    cpu: own.cpu,
    room: {
      memoryBytes: room?.memory ?? fleet.room.memory ?? Infinity,
      vfs: room?.vfs ?? fleet.room.vfs,
      queues: room?.queues ?? fleet.room.queues,
      vcpus: room?.vcpus ?? fleet.room.vcpus ?? Infinity,
    },
    perHost: fleet.vms.map(({ name, perHost = 0 }) => own.vms?.[name] ?? perHost),
  };
}

/** How many of a kind are among the first hosts. */
export function emptiedOf({ from, hosts }: HostKind, first: number): number {
  return Math.max(0, Math.min(hosts, first - from));
}

/** Something of each host, from what each kind has. */
export function ofEachHost<T>(kinds: readonly HostKind[], of: (kind: HostKind, index: number) => T): T[] {
  return kinds.flatMap((kind, index) => Array.from({ length: kind.hosts }, () => of(kind, index)));
}

/** A host as an answer names it. @param host from 0 */
export function hostName(kinds: readonly HostKind[], host: number): string {
  const kind = kinds.find(({ from, hosts }) => host < from + hosts);
  if (kind === undefined || kind.name === null) return `host ${host + 1}`;
  const own = kind.hostNames?.[host - kind.from];
  if (own !== undefined) return own;
  return kind.hosts === 1 ? kind.name : `${kind.name} ${host - kind.from + 1}`;
}
