/**
 * A second opinion on maintenance: evacuations of the stepped simulator that follow one another.
 */
import { stepFleet, type SteppedFleet, type SteppedNumbers, type SteppedVmEnd } from './stepped-fleet.ts';
import { give, type SteppedHost } from './stepped-hosts.ts';

/** Hosts that follow one another. */
export interface SteppedMaintenance {
  /** The first so many hosts, so many at a time, with all of their words; rooms and guests are those at the begin. */
  readonly hosts: number;
  readonly hostsAtOnce: number;
  readonly restartS: number;
}

export interface SteppedMaintenanceEnd {
  readonly ends: readonly SteppedVmEnd[];
  readonly totalS: number;
  /** When each host was back; one that was not is missing. */
  readonly backS: ReadonlyMap<number, number>;
}

/**
 * Host by host: each step is an evacuation of its own, to the hosts with most free memory first, of those to the ones with
 * fewest VMs, of those to the lowest numbers. A step begins when the hosts of the one before are back, and in a window that
 * it does not outlast or when one opens. A host that is not emptied is the last.
 */
export function stepMaintenance(
  fleet: Omit<SteppedFleet, 'sources' | 'receivers'>,
  { hosts: count, hostsAtOnce, restartS }: SteppedMaintenance,
  n: SteppedNumbers,
  stepS: number,
): SteppedMaintenanceEnd {
  const hosts = fleet.hosts.map((host) => ({ ...host, room: { ...host.room }, guests: [...host.guests] }));
  const all: SteppedVmEnd[] = [];
  const backS = new Map<number, number>();
  let nowS = 0;
  for (let first = 0; first < count; first += hostsAtOnce) {
    const sources = hosts.map((_, host) => host).slice(first, Math.min(first + hostsAtOnce, count));
    const receivers = hosts
      .map((_, host) => host)
      .filter((host) => !sources.includes(host))
      .toSorted(
        (a, b) =>
          hosts[b]!.room.memoryBytes - hosts[a]!.room.memoryBytes ||
          hosts[a]!.guests.length - hosts[b]!.guests.length ||
          a - b,
      );
    const always = { windowS: 1, everyS: 1 };
    const ends = stepFleet({ ...fleet, ...always, hosts, sources, receivers: inTurn(receivers, hosts) }, n, stepS);
    const lastsS = Math.max(0, ...ends.map(({ endS }) => (Number.isNaN(endS) ? 0 : endS)));
    const opensS = Math.floor(nowS / fleet.everyS) * fleet.everyS;
    const isInside = nowS === opensS || nowS + lastsS + restartS <= opensS + fleet.windowS;
    if (!isInside) nowS = opensS + fleet.everyS;
    for (const end of inOrder(ends, sources)) {
      all.push({ ...end, startS: end.startS + nowS, endS: end.endS + nowS });
      if (end.target === null) continue;
      const vm = fleet.vms[end.guest.kind]!;
      hosts[end.host]!.guests = hosts[end.host]!.guests.filter(({ id }) => id !== end.guest.id);
      hosts[end.target]!.guests.push(end.guest);
      give(hosts[end.host]!.room, vm, 1);
      give(hosts[end.target]!.room, vm, -1);
    }
    for (const host of sources) {
      if (hosts[host]!.guests.length > 0) continue;
      const ownS = ends.filter((end) => end.host === host).map(({ endS }) => endS);
      backS.set(host, nowS + Math.max(0, ...ownS) + restartS);
    }
    nowS += lastsS + restartS;
    if (sources.some((host) => hosts[host]!.guests.length > 0)) break;
  }
  return { ends: all, totalS: nowS, backS };
}

/** One host of each rack, then the next of each. */
function inTurn(receivers: readonly number[], hosts: readonly Pick<SteppedHost, 'rack'>[]): number[] {
  const racks = [...new Set(hosts.map(({ rack }) => rack))].toSorted((a, b) => a - b);
  const lines = racks.map((rack) => receivers.filter((host) => hosts[host]!.rack === rack));
  return receivers.flatMap((_, place) => lines.flatMap((own) => own[place] ?? []));
}

/** VMs as they stand on their hosts, and not as they came to their ends. */
function inOrder(ends: readonly SteppedVmEnd[], sources: readonly number[]): SteppedVmEnd[] {
  return ends.toSorted((a, b) => sources.indexOf(a.host) - sources.indexOf(b.host) || a.index - b.index);
}
