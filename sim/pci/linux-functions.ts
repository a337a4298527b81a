/**
 * A topology as the list of functions that Linux has of it: ports, bridges and functions alike, each with what its group
 * depends on. docs/isolation.md 7.
 *
 * Source: pci_acs_enabled in drivers/pci/pci.c, Linux 6.12.117 and 7.3.4.
 */
import { ACS, ACS_REQUIRED } from './acs.ts';
import { acsQuirkOf, type ExpressType, ignoresSourceValidation } from './acs-quirks.ts';
import { busKey, type FunctionAddress, segmentOf, slotKey } from './address.ts';
import { aliasesOf } from './alias-quirks.ts';
import { type KernelLine, NO_KERNEL_LINE } from './kernel-line.ts';
import type { PciId } from './pci-id.ts';
import type { AcsDocument, NodeDocument, PhysicalFunctionDocument, TopologyDocument } from './topology-file.ts';
import type { Topology } from './topology.ts';

export interface LinuxFunction {
  readonly address: FunctionAddress;
  readonly type: ExpressType;
  /** Whether Linux has it marked as one function of several; never for a VF. */
  readonly multifunction: boolean;
  readonly isVf: boolean;
  readonly id: PciId | undefined;
  /** Its node when it is a port or bridge, else -1. */
  readonly node: number;
  /** Its number in `topology.functions`, -1 for a port or bridge. */
  readonly fn: number;
  /** Place in the list of the bridge above: of a VF, of the bridge above its PF; -1 on a bus of the root complex. */
  readonly bridge: number;
  /** Place in the list of the function whose requester ID its requests bear: a VMD controller, else itself. */
  readonly dma: number;
  /** Whether it has an ACS capability. */
  readonly hasAcs: boolean;
  /** Whether Linux takes it for one that lets no request pass from function to function. */
  readonly isolates: boolean;
  /** Whether it would be if all bits of its capability were on. */
  readonly isolatesWhenOn: boolean;
  /** Whether it is taken for one only because Linux was made to believe so. */
  readonly overridden: boolean;
  /** Device and function numbers on its bus that its requests may bear, its own left out. */
  readonly aliases: readonly number[];
}

/** Type of a physical function, of which the document need not say it. */
export function typeOfFunction(fn: PhysicalFunctionDocument, above: NodeDocument['kind'] | undefined): ExpressType {
  if (fn.express !== undefined) return fn.express;
  if (above === 'pci-bridge') return 'none';
  if (above !== undefined) return 'endpoint';
  // Only PCI Express has these; of the rest on such buses, host bridges and chipset functions, most are conventional.
  const hasExtended = fn.acs !== undefined || fn.sriov !== undefined || fn.ats !== undefined || fn.kind !== 'other';
  return hasExtended ? 'integrated-endpoint' : 'none';
}

const TYPES = { 'root-port': 'root-port', 'downstream-port': 'downstream-port', switch: 'upstream-port' } as const;

/** Type of a port or bridge. */
export function typeOfNode(
  node: Exclude<NodeDocument, { kind: 'device' }>,
  above: NodeDocument['kind'] | undefined,
): ExpressType {
  if (node.kind !== 'pci-bridge') return TYPES[node.kind];
  return node.express ?? (above === undefined || above === 'pci-bridge' ? 'none' : 'pcie-to-pci-bridge');
}

/** How many physical functions, ports and bridges are in each slot. */
export function slotCounts(tree: TopologyDocument['tree']): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const note = (address: FunctionAddress): void => {
    const slot = slotKey(address);
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
  };
  const visit = (node: NodeDocument): void => {
    if (node.kind === 'device') for (const { at } of node.functions) note(at);
    else {
      note(node.at);
      for (const each of node.below) visit(each);
    }
  };
  for (const node of tree) visit(node);
  return counts;
}

const lists = new WeakMap<Topology, readonly LinuxFunction[]>();

/** All functions of a topology, in the order in which Linux gives them groups. */
export function linuxFunctionsOf(topology: Topology): readonly LinuxFunction[] {
  const known = lists.get(topology) ?? new Lister(topology).list();
  lists.set(topology, known);
  return known;
}

/** Some functions of a list with their places among themselves. */
export function partOf(list: readonly LinuxFunction[], wanted: ReadonlySet<number>): readonly LinuxFunction[] {
  const places = [...wanted].toSorted((a, b) => a - b);
  const placeOf = new Map(places.map((at, i) => [at, i]));
  return places.map((at) => {
    const { bridge, dma, ...rest } = list[at]!;
    return { ...rest, bridge: placeOf.get(bridge) ?? -1, dma: placeOf.get(dma)! };
  });
}

type Found = Omit<
  LinuxFunction,
  'bridge' | 'dma' | 'isolates' | 'isolatesWhenOn' | 'overridden' | 'hasAcs' | 'aliases'
> & {
  readonly above: number;
  readonly acs: AcsDocument | undefined;
  readonly bits: number;
};

const NO_ALIASES: readonly number[] = [];

class Lister {
  private readonly topology: Topology;
  private readonly counts: ReadonlyMap<number, number>;

  constructor(topology: Topology) {
    this.topology = topology;
    this.counts = slotCounts(topology.document.tree);
  }

  list(): readonly LinuxFunction[] {
    const found = this.ordered([...this.bridges(), ...this.physicalFunctions()]);
    for (const { index, pf } of this.topology.functions)
      if (pf !== undefined) found.push(this.virtualFunction(index, pf));
    const ofNode = new Map(found.map(({ node }, i) => [node, i]));
    const ofAddress = new Map(found.map(({ address }, i) => [address, i]));
    const { kernelLine } = this.topology;
    const { vmd } = this.topology.document;
    const controllers = new Map(
      Object.entries(vmd).map(([domain, at]) => [Number.parseInt(domain, 16), ofAddress.get(at)!]),
    );
    return found.map((fn, i) => {
      const { address, type, multifunction, isVf, id, node, above, acs } = fn;
      const isolates = this.isolates(fn, acs, kernelLine);
      return {
        address,
        type,
        multifunction,
        isVf,
        id,
        node,
        fn: fn.fn,
        bridge: above < 0 ? -1 : ofNode.get(above)!,
        dma: controllers.get(segmentOf(address)) ?? i,
        hasAcs: acs?.can !== undefined,
        isolates,
        isolatesWhenOn: isolates || this.isolatesWhenOn(fn, kernelLine),
        overridden: isolates && !this.isolatesByItself(fn),
        aliases: isVf ? NO_ALIASES : aliasesOf(address, id),
      };
    });
  }

  private isolatesWhenOn(fn: Found, kernelLine: KernelLine): boolean {
    const can = fn.acs?.can ?? 0;
    return can !== 0 && this.isolates({ ...fn, bits: fn.bits | can }, fn.acs, kernelLine);
  }

  /** Whether it would be taken for one that isolates if Linux had not been made to believe anything. */
  private isolatesByItself(fn: Found): boolean {
    const { kernelLine } = this.topology;
    const isMade = kernelLine.override !== NO_KERNEL_LINE.override || (fn.acs?.override ?? 0) !== 0;
    if (!isMade) return true;
    const acs = fn.acs && { ...fn.acs, override: 0 };
    return this.isolates(fn, acs, { ...kernelLine, override: NO_KERNEL_LINE.override });
  }

  private bridges(): readonly Found[] {
    const { nodes, nodeParent, portAcs } = this.topology;
    return nodes.flatMap(({ index, document }): Found[] => {
      if (document.kind === 'device') return [];
      const above = nodeParent[index]!;
      const parent = above < 0 ? undefined : nodes[above]!.document.kind;
      const { at: address, id } = document;
      return [
        {
          address,
          id,
          type: typeOfNode(document, parent),
          multifunction: document.multifunction ?? this.isCrowded(address),
          isVf: false,
          node: index,
          fn: -1,
          above,
          acs: document.kind === 'pci-bridge' ? undefined : document.acs,
          bits: portAcs[index]!,
        },
      ];
    });
  }

  private physicalFunctions(): readonly Found[] {
    return this.topology.functions.flatMap(({ index, pf }) => (pf === undefined ? [this.ofFunction(index)] : []));
  }

  private ofFunction(index: number): Found {
    const { nodes, nodeParent, functionAcs, functions } = this.topology;
    const { address, node, document } = functions[index]!;
    const above = nodeParent[node]!;
    return {
      address,
      id: document.id,
      type: typeOfFunction(document, above < 0 ? undefined : nodes[above]!.document.kind),
      multifunction: document.multifunction ?? this.isCrowded(address),
      isVf: false,
      node: -1,
      fn: index,
      above,
      acs: document.acs,
      bits: functionAcs[index]!,
    };
  }

  private virtualFunction(index: number, pf: number): Found {
    const { address } = this.topology.functions[index]!;
    const { id, type, node, above, acs, bits } = this.ofFunction(pf);
    return { address, id, type, multifunction: false, isVf: true, node, fn: index, above, acs, bits };
  }

  private isCrowded(address: FunctionAddress): boolean {
    return (this.counts.get(slotKey(address)) ?? 0) > 1;
  }

  /** Bus by bus: all on one bus by address, then what is below each bridge there. VFs come when their driver adds them. */
  private ordered(found: readonly Found[]): Found[] {
    const below = new Map<number, Found[]>();
    for (const each of found) {
      const bus = below.get(each.above) ?? [];
      bus.push(each);
      below.set(each.above, bus);
    }
    for (const bus of below.values()) bus.sort((a, b) => a.address - b.address);
    const order: Found[] = [];
    const scan = (bus: readonly Found[]): void => {
      order.push(...bus);
      for (const { node } of bus) if (node >= 0) scan(below.get(node) ?? []);
    };
    const roots = new Map<number, Found[]>();
    for (const each of below.get(-1) ?? []) {
      const key = busKey(each.address);
      roots.set(key, [...(roots.get(key) ?? []), each]);
    }
    for (const key of [...roots.keys()].toSorted((a, b) => a - b)) scan(roots.get(key)!);
    return order;
  }

  /** What Linux answers when it asks a function for SV, RR, CR and UF. */
  private isolates(fn: Found, acs: AcsDocument | undefined, kernelLine: KernelLine): boolean {
    const { document } = this.topology;
    const { id, type, multifunction, above, bits } = fn;
    const quirk = acsQuirkOf({ id, type, multifunction, onRootBus: above < 0 });
    if (quirk?.answer === 'isolated') return true;
    if (quirk?.answer === 'shared') return false;
    if (quirk?.answer === 'shifted') return hasAll(bits, acs?.can ?? ACS_REQUIRED, acs?.override);
    if (isOverridden(fn, acs, kernelLine.override)) return true;
    if (CONVENTIONAL.has(fn.type)) return false;
    if (!PORTS.has(fn.type) && !fn.multifunction) return true;
    const can = acs?.can;
    if (can === undefined) return (ACS_REQUIRED & ~(acs?.override ?? 0)) === 0;
    const offered = ignoresSourceValidation(fn.id, document.kernel) ? can & ~ACS.SV : can;
    return hasAll(bits, offered, acs?.override);
  }
}

const CONVENTIONAL: ReadonlySet<ExpressType> = new Set([
  'none',
  'pcie-to-pci-bridge',
  'pci-to-pcie-bridge',
  'event-collector',
]);
const PORTS: ReadonlySet<ExpressType> = new Set(['root-port', 'downstream-port']);
const OFTEN_SEVERAL: ReadonlySet<ExpressType> = new Set([
  'endpoint',
  'legacy-endpoint',
  'upstream-port',
  'integrated-endpoint',
]);

/** Linux takes a bit that a capability lacks for wired on. */
function hasAll(bits: number, can: number, override = 0): boolean {
  return ((bits | ~can | override) & ACS_REQUIRED) === ACS_REQUIRED;
}

/** `pcie_acs_override` leaves conventional functions alone, and those that have the capability. */
function isOverridden(
  { id, type, multifunction }: Pick<LinuxFunction, 'id' | 'type' | 'multifunction'>,
  acs: AcsDocument | undefined,
  override: Topology['kernelLine']['override'],
): boolean {
  if (type === 'none' || acs?.can !== undefined) return false;
  if (id !== undefined && override.ids.some(({ vendor, device }) => vendor === id.vendor && device === id.device))
    return true;
  if (override.downstream && PORTS.has(type)) return true;
  return override.multifunction && multifunction && OFTEN_SEVERAL.has(type);
}
