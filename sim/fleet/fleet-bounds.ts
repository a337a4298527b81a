/**
 * How long emptying hosts takes at least, by what each line and each limit can do: closed forms, beside the simulation.
 *
 * Each bound takes one thing as the only one that is scarce. The largest of them is what binds. They count the bytes and
 * the time of a VM that has its way for itself; one that shares it sends more rounds, so that these are bounds from below.
 */
import { NS_PER_S } from '../base/units.ts';
import { moveVm, type VmMoveInput } from '../memory/vm-move.ts';
import type { VmmParameters } from '../memory/parameters.ts';
import type { Concurrency, FleetLines } from './evacuation.ts';

export interface BoundClass {
  readonly input: VmMoveInput;
  readonly parameters: VmmParameters;
  /** VMs on each host that is emptied. */
  readonly perHost: number;
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
export function fleetBounds(
  classes: readonly BoundClass[],
  hosts: number,
  lines: FleetLines,
  { fleet, outboundPerHost, inboundPerHost, perPf }: Concurrency,
): readonly FleetBound[] {
  let hostBytes = 0;
  let hostNs = 0;
  let longestNs = 0;
  for (const { input, parameters, perHost } of classes) {
    if (perHost === 0) continue;
    const { bytes, ns } = leastOf(input, parameters);
    hostBytes += perHost * bytes;
    hostNs += perHost * ns;
    longestNs = Math.max(longestNs, ns);
  }
  const { racks, hostsPerRack, pfsPerHost } = lines;
  const receivers = racks * hostsPerRack - hosts;
  const inFirstRack = Math.min(hosts, hostsPerRack);
  // Hosts that receive take their turn: of those in racks with hosts that are emptied, the last such rack has some.
  const beside = hosts % hostsPerRack === 0 ? 0 : hostsPerRack - (hosts % hostsPerRack);
  const leaves = hosts < hostsPerRack ? 1 - beside / receivers : 1;
  const crossing = 1 - (beside / receivers) * ((hosts % hostsPerRack) / hosts);
  const over = (bytes: number, line: number): number => (bytes / line) * NS_PER_S;
  const bounds: FleetBound[] = [
    { name: 'one move', ns: longestNs },
    { name: 'moves at once in the fleet', ns: (hosts * hostNs) / fleet },
    { name: 'moves at once out of a host', ns: hostNs / outboundPerHost },
    { name: 'moves at once into a host', ns: (hosts * hostNs) / (receivers * inboundPerHost) },
    { name: 'moves at once over a PF', ns: hostNs / (pfsPerHost * perPf) },
    { name: "a PF's line", ns: over(hostBytes, pfsPerHost * lines.pf) },
    { name: "a host's line", ns: over(hostBytes, lines.host) },
    { name: 'lines of the hosts that receive', ns: over(hosts * hostBytes, receivers * lines.host) },
    { name: "a rack's uplink", ns: over(inFirstRack * leaves * hostBytes, lines.rack) },
    { name: 'the spine', ns: over(hosts * crossing * hostBytes, lines.spine) },
  ];
  return bounds.filter(({ ns }) => ns > 0).toSorted((a, b) => b.ns - a.ns);
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
