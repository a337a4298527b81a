/**
 * IOMMU groups that the host's kernel has built, held against those that its rules give for the topology: group by group, each
 * difference with what may have made it.
 */
import { formatAddress } from '../../../sim/pci/address.ts';
import type { Isolation } from '../../../sim/pci/isolation.ts';
import type { GroupDifference, KernelGroupsReport } from '../../documents/isolation/document.ts';

/** Null where the topology has no groups of the kernel. */
export function kernelGroupsReport({ topology, groups }: Isolation): KernelGroupsReport | null {
  const { kernelGroups } = topology.document;
  if (kernelGroups === undefined) return null;
  const ruled = new Map<string, number>();
  for (const { index, functions, bridges } of groups.groups) {
    for (const fn of functions) ruled.set(formatAddress(topology.functionAddress[fn]!), index);
    for (const node of bridges) {
      const { document } = topology.nodes[node]!;
      if (document.kind !== 'device') ruled.set(formatAddress(document.at), index);
    }
  }
  const built = new Map<string, number>();
  const unknown: string[] = [];
  for (const { group, members } of kernelGroups) {
    for (const member of members.map(formatAddress)) {
      if (ruled.has(member)) built.set(member, group);
      else unknown.push(member);
    }
  }
  const differences = differencesOf(built, ruled);
  const differing = new Set(differences.flatMap(({ kernel }) => kernel.map(({ group }) => group)));
  const compared = new Set(built.values());
  return { compared: compared.size, same: compared.size - differing.size, differences, notCompared: unknown };
}

/** Sets of groups that have members in common and are not the same. */
function differencesOf(
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
      why: whyOf(kernel.size, rules.size),
    }));
}

function add(groups: Map<number, string[]>, group: number, address: string): void {
  const members = groups.get(group);
  if (members === undefined) groups.set(group, [address]);
  else members.push(address);
}

/** What makes groups of a kernel differ from its rules. */
function whyOf(kernel: number, rules: number): string {
  if (kernel > 1 && rules === 1) {
    return (
      'the kernel keeps these apart: it knows a part by its ID (a quirk; give the IDs, lspci -nn), it was ordered to by ' +
      'pcie_acs_override, or ACS was on when it built the groups and was lost by a reset since'
    );
  }
  if (kernel === 1) {
    return (
      'the kernel has these in one group: ACS was off when it built the groups and was switched on since, functions share a ' +
      'requester ID by a quirk, or a function between them is not in the file'
    );
  }
  return 'the kernel divides these in another way: functions may be missing in the file, or it is of another boot';
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
