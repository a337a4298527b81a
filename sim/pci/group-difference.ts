/**
 * What would make the kernel's rules give the groups that a kernel has built, where they differ: found by trying. Causes in the
 * order in which they are likely: another release, an order to believe (`pcie_acs_override`), bits that were on, one part that is
 * known by its ID or was on or off at the time.
 */
import { KERNELS } from './acs-quirks.ts';
import { busKey, type FunctionAddress } from './address.ts';
import { linuxGroupNumbers } from './groups.ts';
import type { KernelLine } from './kernel-line.ts';
import { type LinuxFunction, linuxFunctionsOf, partOf } from './linux-functions.ts';
import type { Topology } from './topology.ts';

/** A cause with which the rules give the kernel's groups. */
export type GroupCause =
  | { readonly of: 'kernel'; readonly kernel: string }
  | { readonly of: 'override'; readonly options: string; readonly lacksIds: boolean }
  /** Bits that capabilities have and that are off now. */
  | { readonly of: 'bits-on' }
  /** One function that isolated then, or did not. */
  | {
      readonly of: 'isolated' | 'open';
      readonly address: FunctionAddress;
      readonly hasAcs: boolean;
      readonly hasId: boolean;
    };

/** Functions that are tried one by one. */
const TRIED_MAX = 64;

const OVERRIDES = ['downstream', 'multifunction', 'downstream,multifunction'] as const;

/**
 * @param groups of the kernel, of one difference: all that have members in common with the same groups of the rules
 * @param elsewhere functions that the kernel has in other groups
 * @returns causes that are each enough; none where no single one is
 */
export function groupCauses(
  topology: Topology,
  groups: readonly (readonly FunctionAddress[])[],
  elsewhere: ReadonlySet<FunctionAddress>,
): readonly GroupCause[] {
  return new Trials(topology, groups, elsewhere).causes();
}

class Trials {
  private readonly topology: Topology;
  private readonly wanted: readonly string[];
  private readonly compared: ReadonlySet<FunctionAddress>;
  private readonly elsewhere: ReadonlySet<FunctionAddress>;
  /** Functions of the difference, all on their buses, the bridges above, and all below. */
  private readonly part: readonly LinuxFunction[];

  constructor(
    topology: Topology,
    groups: readonly (readonly FunctionAddress[])[],
    elsewhere: ReadonlySet<FunctionAddress>,
  ) {
    this.topology = topology;
    this.elsewhere = elsewhere;
    this.compared = new Set(groups.flat());
    this.wanted = inOneForm(groups);
    const list = linuxFunctionsOf(topology);
    const buses = new Set([...this.compared].map(busKey));
    const places = new Set<number>();
    for (const [i, { address, dma }] of list.entries()) {
      if (!buses.has(busKey(address))) continue;
      for (let at = i; at >= 0 && !places.has(at); at = list[at]!.bridge) places.add(at);
      for (let at = dma; at >= 0 && !places.has(at); at = list[at]!.bridge) places.add(at);
    }
    // A bridge stands before what is below it.
    for (const [i, { bridge }] of list.entries()) if (places.has(bridge)) places.add(i);
    this.part = partOf(list, places);
  }

  causes(): readonly GroupCause[] {
    const found: GroupCause[] = [];
    const { document, kernelLine } = this.topology;
    for (const kernel of KERNELS) {
      if (kernel === document.kernel) continue;
      if (this.fits(this.as({ ...this.topology, document: { ...document, kernel } })))
        found.push({ of: 'kernel', kernel });
    }
    const override = OVERRIDES.find((options) =>
      this.fits(this.as({ ...this.topology, kernelLine: { ...kernelLine, override: overrideOf(options) } })),
    );
    const lacksIds = this.part.some(({ id, isolates }) => id === undefined && !isolates);
    if (override !== undefined) found.push({ of: 'override', options: override, lacksIds });
    if (this.fits(this.part.map((each) => ({ ...each, isolates: each.isolatesWhenOn })))) found.push({ of: 'bits-on' });
    return [...found, ...this.single()];
  }

  /** One function that is taken otherwise. */
  private single(): readonly GroupCause[] {
    const candidates = [...this.part.keys()].filter((i) => !this.part[i]!.isVf).slice(0, TRIED_MAX);
    return candidates.flatMap((i): GroupCause[] => {
      const { address, isolates, hasAcs, id } = this.part[i]!;
      const changed = this.part.map((each, j) => (i === j ? { ...each, isolates: !isolates } : each));
      if (!this.fits(changed)) return [];
      return [{ of: isolates ? 'open' : 'isolated', address, hasAcs, hasId: id !== undefined }];
    });
  }

  /** The same functions as another host would see them. */
  private as(topology: Topology): readonly LinuxFunction[] {
    const seen = new Map(linuxFunctionsOf(topology).map((each) => [each.address, each.isolates]));
    return this.part.map((each) => ({ ...each, isolates: seen.get(each.address)! }));
  }

  /** Whether the groups of the compared functions are those of the kernel, and hold no others that it has elsewhere. */
  private fits(list: readonly LinuxFunction[]): boolean {
    const groups = new Map<number, FunctionAddress[]>();
    const others = new Set<number>();
    for (const [i, number] of linuxGroupNumbers(list).entries()) {
      const { address } = list[i]!;
      if (this.elsewhere.has(address)) others.add(number);
      if (!this.compared.has(address)) continue;
      const members = groups.get(number);
      if (members === undefined) groups.set(number, [address]);
      else members.push(address);
    }
    if ([...groups.keys()].some((number) => others.has(number))) return false;
    const built = inOneForm([...groups.values()]);
    return built.length === this.wanted.length && built.every((each, i) => each === this.wanted[i]);
  }
}

function inOneForm(groups: readonly (readonly FunctionAddress[])[]): readonly string[] {
  return groups.map((members) => members.toSorted((a, b) => a - b).join(' ')).toSorted();
}

function overrideOf(options: (typeof OVERRIDES)[number]): KernelLine['override'] {
  return { downstream: options.includes('downstream'), multifunction: options.includes('multifunction'), ids: [] };
}
