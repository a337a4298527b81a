/**
 * IOMMU groups that the host's kernel has built, held against those that its rules give for the topology: group by group, each
 * difference with what may have made it.
 */
import { formatAddress, parseAddress } from '../../../sim/pci/address.ts';
import { type GroupCause, groupCauses } from '../../../sim/pci/group-difference.ts';
import type { Isolation } from '../../../sim/pci/isolation.ts';
import type { Topology } from '../../../sim/pci/topology.ts';
import type { GroupDifference, KernelGroupsReport } from '../../documents/isolation/document.ts';

/** Null where the topology has no groups of the kernel. */
export function kernelGroupsReport({ topology, groups }: Isolation): KernelGroupsReport | null {
  const { kernelGroups } = topology.document;
  if (kernelGroups === undefined) return null;
  const ruled = new Map<string, number>();
  for (const { index, functions, bridges } of groups.groups) {
    for (const address of addressesOf(topology, functions, bridges)) ruled.set(address, index);
  }
  const built = new Map<string, number>();
  const unknown: string[] = [];
  for (const { group, members } of kernelGroups) {
    for (const member of members.map(formatAddress)) {
      if (ruled.has(member)) built.set(member, group);
      else unknown.push(member);
    }
  }
  const differences = differencesOf(topology, built, ruled);
  const differing = new Set(differences.flatMap(({ kernel }) => kernel.map(({ group }) => group)));
  const compared = new Set(built.values());
  return { compared: compared.size, same: compared.size - differing.size, differences, notCompared: unknown };
}

/** Addresses of functions, and of ports and bridges by their nodes. */
function addressesOf(topology: Topology, functions: Iterable<number>, bridges: Iterable<number>): readonly string[] {
  return [
    ...Array.from(functions, (fn) => formatAddress(topology.functionAddress[fn]!)),
    ...Array.from(bridges, (node) => topology.nodes[node]!.document).flatMap((document) =>
      document.kind === 'device' ? [] : [formatAddress(document.at)],
    ),
  ];
}

/**
 * Numbers of groups, by the place that the rules give them: the kernel's of each group that it has built the same, numbers after
 * its last for others; the places where the topology has no groups of the kernel.
 */
export function groupNumbers(
  { topology, groups }: Isolation,
  differences: readonly GroupDifference[] | undefined,
): { readonly of: (place: number) => number; readonly isOfKernel: boolean } {
  const { kernelGroups = [] } = topology.document;
  const built = new Map(
    kernelGroups.flatMap(({ group, members }) => members.map((each) => [formatAddress(each), group] as const)),
  );
  const numbers = new Map<number, number>();
  const differing = new Set((differences ?? []).flatMap(({ kernel }) => kernel.map(({ group }) => group)));
  let next = Math.max(-1, ...built.values()) + 1;
  for (const { index, functions, bridges } of groups.groups) {
    const addresses = addressesOf(topology, functions, bridges);
    const group = addresses.map((address) => built.get(address)).find((each) => each !== undefined);
    if (addresses.length > 0) numbers.set(index, group === undefined || differing.has(group) ? next++ : group);
  }
  const isOfKernel = built.size > 0;
  return { of: (place) => (isOfKernel ? (numbers.get(place) ?? place) : place), isOfKernel };
}

/** Sets of groups that have members in common and are not the same. */
function differencesOf(
  topology: Topology,
  built: ReadonlyMap<string, number>,
  ruled: ReadonlyMap<string, number>,
): readonly GroupDifference[] {
  const together = new Components();
  for (const [address, group] of built) together.join(`k${group}`, `r${ruled.get(address)!}`);
  const parts = new Map<string, { kernel: Map<number, string[]>; rules: Map<number, string[]> }>();
  for (const [address, group] of built) {
    const root = together.root(`k${group}`);
    const part = parts.get(root) ?? { kernel: new Map<number, string[]>(), rules: new Map<number, string[]>() };
    parts.set(root, part);
    add(part.kernel, group, address);
    add(part.rules, ruled.get(address)!, address);
  }
  return [...parts.values()]
    .filter(({ kernel, rules }) => kernel.size > 1 || rules.size > 1)
    .map(({ kernel, rules }) => ({
      kernel: [...kernel].map(([group, members]) => ({ group, members })),
      rules: [...rules].map(([group, members]) => ({ group, members })),
      why: whyOf(topology, [...kernel.values()], rules.size, built),
    }));
}

function add(groups: Map<number, string[]>, group: number, address: string): void {
  const members = groups.get(group);
  if (members === undefined) groups.set(group, [address]);
  else members.push(address);
}

/** What makes groups of a kernel differ from its rules: causes that were tried and are enough, else what may have. */
function whyOf(
  topology: Topology,
  kernel: readonly (readonly string[])[],
  rules: number,
  built: ReadonlyMap<string, number>,
): string {
  const here = new Set(kernel.flat());
  const elsewhere = new Set([...built.keys()].filter((address) => !here.has(address)).map(parseAddress));
  const causes = groupCauses(
    topology,
    kernel.map((members) => members.map(parseAddress)),
    elsewhere,
  );
  if (causes.length > 0)
    return `its rules give these groups ${causes.slice(0, CAUSES_MAX).map(causeText).join('; or ')}`;
  const none = 'no one part that is taken otherwise gives these groups';
  if (kernel.length > 1 && rules === 1) {
    return `${none}: several may be known by IDs (quirks; give them, lspci -nn), or ACS of several was on when they were built`;
  }
  if (kernel.length === 1) {
    return `${none}: functions share a requester ID by a quirk, or a function between them is not in the file`;
  }
  return `${none}: functions may be missing in the file, or it is of another boot`;
}

const CAUSES_MAX = 3;

function causeText(cause: GroupCause): string {
  if (cause.of === 'kernel') return `as Linux ${cause.kernel} builds them (kernel: ${cause.kernel})`;
  if (cause.of === 'bits-on') {
    return 'if all bits of ACS capabilities were on when it built them: a reset has switched them off since, or a parameter';
  }
  if (cause.of === 'override') {
    const or = cause.lacksIds ? '; or parts are on its list by IDs, which are not given (lspci -nn)' : '';
    return `with pcie_acs_override=${cause.options} on its command line, which changes no hardware (commandLine)${or}`;
  }
  const at = formatAddress(cause.address);
  if (cause.of === 'open') return `if ACS of ${at} was off when it built them`;
  if (cause.hasAcs) return `if ACS of ${at} was on when it built them`;
  return cause.hasId
    ? `if it was made to believe that ${at} isolates (pcie_acs_override)`
    : `if ${at} is on its list by an ID, which is not given (lspci -nn)`;
}

/** Names that belong together, by union and find. */
class Components {
  private readonly above = new Map<string, string>();

  root(name: string): string {
    let here = name;
    for (let up = this.above.get(here); up !== undefined; up = this.above.get(here)) here = up;
    return here;
  }

  join(a: string, b: string): void {
    const [one, two] = [this.root(a), this.root(b)];
    if (one !== two) this.above.set(one, two);
  }
}
