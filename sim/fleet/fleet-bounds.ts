/**
 * How long emptying hosts takes at least, by what each line and each limit can do: closed forms, next to the simulation.
 *
 * Each bound takes one thing as the only one that is scarce. The largest of them is what binds. They count the bytes and
 * the time of a VM that has its way for itself; one that shares it sends more rounds, so that these are bounds from below.
 */
import { NS_PER_S } from '../base/units.ts';
import { moveVm, type VmMoveInput } from '../memory/vm-move.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import type { Concurrency, FleetLines } from './evacuation-terms.ts';

export interface BoundClass {
  readonly input: VmMoveInput;
  readonly parameters: VmmParameters;
}

/** Hosts that are emptied and are alike. */
interface BoundHosts {
  readonly hosts: number;
  /** VMs of each class on each of them. */
  readonly perHost: readonly number[];
  /** Link of each, in usable bytes per second. */
  readonly line: number;
}

export interface BoundFleet {
  readonly classes: readonly BoundClass[];
  readonly sources: readonly BoundHosts[];
  readonly lines: FleetLines;
  readonly concurrency: Concurrency;
  /** Between the begin of a move and its first byte, ns. */
  readonly setUpNs: number;
}

export type BoundName =
  | 'one move'
  | 'moves at once in the fleet'
  | 'moves at once out of a host'
  | 'moves at once into a host'
  | 'moves at once over a PF'
  | "a PF's line"
  | "a host's line"
  | 'lines of the hosts that receive'
  | "a rack's uplink"
  | 'the spine';

export interface FleetBound {
  readonly name: BoundName;
  readonly ns: number;
}

/** All bounds, the largest first. */
export function fleetBounds({ classes, sources, lines, concurrency, setUpNs }: BoundFleet): readonly FleetBound[] {
  const least = classes.map(({ input, parameters }) => leastOf(input, parameters));
  const loads = sources.map(({ hosts, perHost, line }) => {
    const sum = (of: (kind: number) => number): number =>
      perHost.reduce((all, count, kind) => all + count * of(kind), 0);
    const longest = perHost.map((count, kind) => (count === 0 ? 0 : least[kind]!.ns + setUpNs));
    return {
      hosts,
      line,
      bytes: sum((kind) => least[kind]!.bytes),
      ns: sum((kind) => least[kind]!.ns + setUpNs),
      longestNs: Math.max(0, ...longest),
    };
  });
  const hosts = loads.reduce((sum, load) => sum + load.hosts, 0);
  const allBytes = loads.reduce((sum, load) => sum + load.hosts * load.bytes, 0);
  const allNs = loads.reduce((sum, load) => sum + load.hosts * load.ns, 0);
  const most = (of: (load: (typeof loads)[number]) => number): number => Math.max(0, ...loads.map(of));
  const hostNs = most(({ ns }) => ns);
  const { racks, hostsPerRack, pfsPerHost } = lines;
  const { fleet, outboundPerHost, inboundPerHost, perPf } = concurrency;
  const receivers = racks * hostsPerRack - hosts;
  const over = (bytes: number, line: number): number => (bytes / line) * NS_PER_S;
  const bounds: FleetBound[] = [
    { name: 'one move', ns: most(({ longestNs }) => longestNs) },
    { name: 'moves at once in the fleet', ns: allNs / fleet },
    { name: 'moves at once out of a host', ns: hostNs / outboundPerHost },
    { name: 'moves at once into a host', ns: allNs / (receivers * inboundPerHost) },
    { name: 'moves at once over a PF', ns: hostNs / (pfsPerHost * perPf) },
    { name: "a PF's line", ns: most(({ bytes }) => over(bytes, pfsPerHost * lines.pf)) },
    { name: "a host's line", ns: most(({ bytes, line }) => over(bytes, line)) },
    { name: 'lines of the hosts that receive', ns: over(allBytes, receiving(lines.host, hosts, receivers)) },
    ...(loads.length === 1 && lines.rackOf === undefined ? rackBounds(loads[0]!.bytes, hosts, lines) : []),
  ];
  return bounds.filter(({ ns }) => ns > 0).toSorted((a, b) => b.ns - a.ns);
}

/** What all hosts that receive take together, in bytes per second. */
function receiving(line: FleetLines['host'], from: number, receivers: number): number {
  return typeof line === 'number' ? receivers * line : line.subarray(from).reduce((sum, each) => sum + each, 0);
}

/** Of hosts that are alike. */
function rackBounds(hostBytes: number, hosts: number, lines: FleetLines): readonly FleetBound[] {
  const { racks, hostsPerRack } = lines;
  const receivers = racks * hostsPerRack - hosts;
  const inFirstRack = Math.min(hosts, hostsPerRack);
  // Hosts that receive take their turn: of those in racks with hosts that are emptied, the last such rack has some.
  const others = hosts % hostsPerRack === 0 ? 0 : hostsPerRack - (hosts % hostsPerRack);
  const leaves = hosts < hostsPerRack ? 1 - others / receivers : 1;
  const crossing = 1 - (others / receivers) * ((hosts % hostsPerRack) / hosts);
  return [
    { name: "a rack's uplink", ns: ((inFirstRack * leaves * hostBytes) / lines.rack) * NS_PER_S },
    { name: 'the spine', ns: ((hosts * crossing * hostBytes) / lines.spine) * NS_PER_S },
  ];
}

/** The least that a move sends, and takes, whatever it shares. */
function leastOf(input: VmMoveInput, parameters: VmmParameters): { readonly bytes: number; readonly ns: number } {
  const { end, rounds, rates, wireBytes, totalNs, cause } = moveVm(input, parameters);
  const [first] = rounds;
  if (end !== 'forced') return { bytes: wireBytes, ns: totalNs };
  // Time stops a move that shares after fewer bytes than one that has its way: both have sent all memory once.
  const onceBytes = (first?.sentBytes ?? 0) / rates.ratio;
  return { bytes: Math.min(wireBytes, onceBytes), ns: Math.min(totalNs, cause.timeoutNs) };
}
