/**
 * How long emptying hosts takes at least, by what each link and each limit can do: closed forms, next to the simulation.
 *
 * Each bound takes one thing as the only one that is scarce. The largest of them is the binding one. They count the bytes and
 * the time of a VM that has its way for itself; one that shares it sends more iterations, so that these are bounds from below.
 */
import { NS_PER_S } from '../base/units.ts';
import { moveVm, type VmMoveInput } from '../memory/vm-move.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import type { Concurrency, FleetLinks } from './evacuation-terms.ts';

export interface BoundClass {
  readonly input: VmMoveInput;
  readonly parameters: VmmParameters;
}

/** Hosts that are emptied and are alike. */
interface BoundHosts {
  readonly hosts: number;
  /** VMs on each of them, by their classes. */
  readonly vms: readonly { readonly kind: number; readonly count: number }[];
  /** Link of each, and of one of its PFs, in usable bytes per second; Infinity: never full. */
  readonly line: number;
  readonly pfs: number;
  readonly pf: number;
  /** Moves at once out of each, next to the limits. */
  readonly outbound: number;
}

/** Hosts that are emptied together, and those that receive. */
export interface BoundStep {
  readonly sources: readonly BoundHosts[];
  readonly receivers: readonly { readonly hosts: number; readonly line: number; readonly inbound: number }[];
  /** Whether all hosts of the fleet are, and stand in racks one after another. */
  readonly areAlike: boolean;
}

/** What holds of every step. */
export interface BoundFleet {
  readonly classes: readonly BoundClass[];
  readonly links: Pick<FleetLinks, 'racks' | 'hostsPerRack' | 'rack' | 'spine'>;
  readonly concurrency: Concurrency;
  /** Between the begin of a move and its first byte, ns. */
  readonly setUpNs: number;
}

interface Least {
  readonly bytes: number;
  readonly ns: number;
}

export type BoundName =
  | 'one move'
  | 'moves at once in the fleet'
  | 'moves at once out of a host'
  | 'moves at once into a host'
  | 'moves at once over a PF'
  | "a PF's link"
  | "a host's link"
  | 'links of the hosts that receive'
  | "a rack's uplink"
  | 'the spine';

export interface FleetBound {
  readonly name: BoundName;
  readonly ns: number;
}

/** All bounds, the largest first. */
export function fleetBounds(fleet: BoundFleet, step: BoundStep): readonly FleetBound[] {
  return stepBounds(fleet, leastOfAll(fleet), step);
}

/**
 * The same for hosts that follow one another: each step takes what its own VMs take at least, and the restart. VMs that came
 * from hosts before only make it longer.
 *
 * @param steps each with how many there are of it
 */
export function maintenanceBounds(
  fleet: BoundFleet,
  steps: readonly { readonly of: BoundStep; readonly times: number }[],
  restartNs: number,
): readonly FleetBound[] {
  const least = leastOfAll(fleet);
  const sums = new Map<BoundName, number>();
  let restartsNs = 0;
  for (const { of, times } of steps) {
    restartsNs += times * restartNs;
    for (const { name, ns } of stepBounds(fleet, least, of)) sums.set(name, (sums.get(name) ?? 0) + times * ns);
  }
  return [...sums].map(([name, ns]): FleetBound => ({ name, ns: ns + restartsNs })).toSorted((a, b) => b.ns - a.ns);
}

function leastOfAll({ classes }: BoundFleet): readonly Least[] {
  return classes.map(({ input, parameters }) => leastOf(input, parameters));
}

function stepBounds(
  { links, concurrency, setUpNs }: BoundFleet,
  least: readonly Least[],
  { sources, receivers, areAlike }: BoundStep,
): readonly FleetBound[] {
  const loads = sources.map(({ vms, ...own }) => {
    const sum = (of: (kind: number) => number): number =>
      vms.reduce((all, { kind, count }) => all + count * of(kind), 0);
    const longest = vms.map(({ kind, count }) => (count === 0 ? 0 : least[kind]!.ns + setUpNs));
    return {
      ...own,
      bytes: sum((kind) => least[kind]!.bytes),
      ns: sum((kind) => least[kind]!.ns + setUpNs),
      longestNs: Math.max(0, ...longest),
    };
  });
  const hosts = loads.reduce((sum, load) => sum + load.hosts, 0);
  const allBytes = loads.reduce((sum, load) => sum + load.hosts * load.bytes, 0);
  const allNs = loads.reduce((sum, load) => sum + load.hosts * load.ns, 0);
  const most = (of: (load: (typeof loads)[number]) => number): number => Math.max(0, ...loads.map(of));
  const { fleet, outboundPerHost, inboundPerHost, perPf } = concurrency;
  const receiving = (of: (host: (typeof receivers)[number]) => number): number =>
    receivers.reduce((sum, each) => sum + each.hosts * of(each), 0);
  const over = (bytes: number, line: number): number => (bytes / line) * NS_PER_S;
  const bounds: FleetBound[] = [
    { name: 'one move', ns: most(({ longestNs }) => longestNs) },
    { name: 'moves at once in the fleet', ns: allNs / fleet },
    { name: 'moves at once out of a host', ns: most(({ ns, outbound }) => ns / Math.min(outboundPerHost, outbound)) },
    { name: 'moves at once into a host', ns: allNs / receiving(({ inbound }) => Math.min(inboundPerHost, inbound)) },
    { name: 'moves at once over a PF', ns: most(({ ns, pfs }) => ns / (pfs * perPf)) },
    { name: "a PF's link", ns: most(({ bytes, pfs, pf }) => over(bytes, pfs * pf)) },
    { name: "a host's link", ns: most(({ bytes, line }) => over(bytes, line)) },
    {
      name: 'links of the hosts that receive',
      ns: over(
        allBytes,
        receiving(({ line }) => line),
      ),
    },
    ...(areAlike ? rackBounds(loads[0]!.bytes, hosts, links) : []),
  ];
  return bounds.filter(({ ns }) => ns > 0).toSorted((a, b) => b.ns - a.ns);
}

/** Of hosts that are alike. */
function rackBounds(hostBytes: number, hosts: number, links: BoundFleet['links']): readonly FleetBound[] {
  const { racks, hostsPerRack } = links;
  const receivers = racks * hostsPerRack - hosts;
  const inFirstRack = Math.min(hosts, hostsPerRack);
  // Hosts that receive take their turn: of those in racks with hosts that are emptied, the last such rack has some.
  const others = hosts % hostsPerRack === 0 ? 0 : hostsPerRack - (hosts % hostsPerRack);
  const leaves = hosts < hostsPerRack ? 1 - others / receivers : 1;
  const crossing = 1 - (others / receivers) * ((hosts % hostsPerRack) / hosts);
  return [
    { name: "a rack's uplink", ns: ((inFirstRack * leaves * hostBytes) / links.rack) * NS_PER_S },
    { name: 'the spine', ns: ((hosts * crossing * hostBytes) / links.spine) * NS_PER_S },
  ];
}

/** The least that a move sends, and takes, whatever it shares. */
function leastOf(input: VmMoveInput, parameters: VmmParameters): Least {
  const { end, rounds, rates, wireBytes, totalNs, cause } = moveVm(input, parameters);
  const [first] = rounds;
  if (end !== 'forced') return { bytes: wireBytes, ns: totalNs };
  // Time stops a move that shares after fewer bytes than one that has its way: both have sent all memory once.
  const onceBytes = (first?.sentBytes ?? 0) / rates.ratio;
  return { bytes: Math.min(wireBytes, onceBytes), ns: Math.min(totalNs, cause.timeoutNs) };
}
