/**
 * A PCI topology in memory: objects for display, and flat arrays of numbers for walks of many requests.
 *
 * Nodes stand in the order of the document, each before what is below it, so that everything below node `n` has the
 * numbers from `n + 1` up to, not including, `nodeEnd[n]`.
 */
import { formatAddress, type FunctionAddress } from './address.ts';
import type {
  FunctionSettings,
  InternalRouting,
  NodeDocument,
  PhysicalFunctionDocument,
  StreamMode,
  TopologyDocument,
} from './topology-file.ts';
import type { Clip } from './doors.ts';
import type { KernelLine } from './kernel-line.ts';
import { type HardwareVersion, QM_HW } from '../abi/accelerators.ts';

export const NODE = { rootPort: 0, switch: 1, downstreamPort: 2, bridge: 3, device: 4 } as const;

export const STREAM = { translate: 0, bypass: 1, abort: 2 } as const satisfies Record<StreamMode, number>;

/** Whether a function sends requests as already translated, and who says with which address. */
export const ATS = { off: 0, handedOut: 1, guestChooses: 2 } as const;

export const ROUTING = { upstream: 0, 'loop-self': 1, 'loop-any': 2 } as const satisfies Record<
  InternalRouting,
  number
>;

export const P2P = { none: 0, untranslated: 1, translated: 2 } as const;

/** Owner of every function that was not given to a VM. */
export const HOST_TENANT = 0;

/** Physical addresses of BARs end below this. */
export const ADDRESS_END = 2 ** 50;

/** An address of memory: in no BAR, and in no domain unless the guest's own. */
export const MEMORY_ADDRESS = ADDRESS_END - 0x1000;

/**
 * Where a domain has what the VMM mapped: host address plus this. The guest chooses these addresses, so they are ones
 * that no port claims.
 */
export const IOVA_BASE = 2 ** 50;

/** The same for what root mapped through sysfs. */
export const SYSFS_IOVA_BASE = 2 ** 51;

export interface TopologyNode {
  readonly index: number;
  /** Path of its field in the document. */
  readonly path: string;
  readonly document: NodeDocument;
}

export interface TopologyFunction {
  readonly index: number;
  /** Path of the field in the document that speaks of it. */
  readonly path: string;
  readonly address: FunctionAddress;
  /** Its device. */
  readonly node: number;
  /** What the document says of it; of a VF, of its PF. */
  readonly document: PhysicalFunctionDocument;
  readonly settings: FunctionSettings;
  /** The PF's number, when this is a VF. */
  readonly pf: number | undefined;
  /** From 1; 0 for a physical function. */
  readonly vfNumber: number;
  /** Whether a driver of the host is bound to it. */
  readonly hostDriver: boolean;
  readonly clip: Clip;
  /** Why the VF gets the plain operations, when it does; undefined when it can migrate. */
  readonly plainBecause: string | undefined;
}

/** Bytes from `start` up to, not including, `end`, by host-physical address. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** The migration control area of a VF that can migrate. */
export interface ControlArea extends AddressRange {
  readonly vf: number;
  /** The function whose BAR it lies in: the VF, or its PF. */
  readonly holder: number;
}

/** Parts of BARs in a domain, in rising order. */
export interface Domain {
  readonly mapped: readonly AddressRange[];
  readonly sysfs: readonly AddressRange[];
}

/** What the operator of a server can set. A copy of it may be changed; everything else is hardware. */
export interface TopologySettings {
  /** ACS bits in force: of a port or the upstream port of a switch, by node. */
  readonly portAcs: Uint8Array;
  /** Egress control vector of a port, by position of the target among its siblings; null where none is set. */
  readonly egress: (Uint8Array | null)[];
  /** ACS bits in force: of a function; of a VF, its PF's. */
  readonly functionAcs: Uint8Array;
  /** A value of {@link STREAM}, by function. */
  readonly stream: Uint8Array;
  /** A value of {@link ATS}, by function. */
  readonly ats: Uint8Array;
  /** 1 where all three operations keep user space out of the control area, by function. */
  readonly clipped: Uint8Array;
}

/** Nodes, by index. */
export interface NodeArrays {
  readonly nodeKind: Uint8Array;
  /** The node above, -1 for the root complex. */
  readonly nodeParent: Int32Array;
  readonly nodeEnd: Int32Array;
  /** Position among the ports of the same switch, or among the root ports. */
  readonly nodePosition: Int32Array;
  readonly nodeSegment: Int32Array;
  /** 1 for a node that shares the link of a port with others: functions of one card. */
  readonly sharesLink: Uint8Array;
  readonly secondary: Uint8Array;
  readonly subordinate: Uint8Array;
  /** 1 where a port sends back a request for its own side when UF is off. */
  readonly turnsBack: Uint8Array;
  /** A value of {@link ROUTING}. */
  readonly routing: Uint8Array;
  /** Functions of a device: from `firstFunction[node]` up to `firstFunction[node + 1]`. */
  readonly firstFunction: Int32Array;
}

/** Functions, by index. */
export interface FunctionArrays {
  readonly functionNode: Int32Array;
  readonly functionAddress: Float64Array;
  readonly functionTenant: Int32Array;
  /** The topmost bridge to conventional PCI above a function, whose ID its requests then carry; -1 for none. */
  readonly functionAlias: Int32Array;
}

/** All BARs by rising address. */
export interface BarArrays {
  readonly barStart: Float64Array;
  readonly barEnd: Float64Array;
  readonly barFunction: Int32Array;
  /** Which BAR of its function. */
  readonly barNumber: Uint8Array;
}

/** All control areas by rising address. */
export interface AreaArrays {
  readonly areas: readonly ControlArea[];
  readonly areaStart: Float64Array;
  readonly areaEnd: Float64Array;
  readonly areaHolder: Int32Array;
  /** The area of a VF, -1 for a function without. */
  readonly areaOf: Int32Array;
}

export interface Topology extends TopologySettings, NodeArrays, FunctionArrays, BarArrays, AreaArrays {
  readonly what: string;
  readonly document: TopologyDocument;
  readonly nodes: readonly TopologyNode[];
  readonly functions: readonly TopologyFunction[];
  /** Names; the first is the host. */
  readonly tenants: readonly string[];
  readonly functionAt: ReadonlyMap<FunctionAddress, number>;
  readonly portAt: ReadonlyMap<FunctionAddress, number>;
  /** In the order in which their VMs open them. */
  readonly opens: readonly number[];
  /** By tenant, as {@link domainsOf} gives them. */
  readonly domains: readonly Domain[];
  /** What the kernel's command line says. */
  readonly kernelLine: KernelLine;
  readonly p2p: number;
  readonly reflects: boolean;
}

export function isPort(topology: Topology, node: number): boolean {
  const kind = topology.nodeKind[node];
  return kind === NODE.rootPort || kind === NODE.downstreamPort;
}

/** Whether the function is below the node. */
export function isBelow(topology: Topology, fn: number, node: number): boolean {
  const place = topology.functionNode[fn]!;
  return place >= node && place < topology.nodeEnd[node]!;
}

/** The function's address, for display. */
export function functionLabel(topology: Topology, fn: number): string {
  return formatAddress(topology.functionAddress[fn]!);
}

const NODE_NAMES = {
  'root-port': 'root port',
  'downstream-port': 'downstream port',
  switch: 'switch',
  'pci-bridge': 'PCI bridge',
} as const;

/** What a node is and where, for display: `downstream port 0000:02:01.0`. */
export function nodeLabel(topology: Topology, node: number): string {
  const { document } = topology.nodes[node]!;
  if (document.kind !== 'device') return `${NODE_NAMES[document.kind]} ${formatAddress(document.at)}`;
  return document.name ?? `device ${formatAddress(document.functions[0]!.at)}`;
}

/** Position of the last value that is at most `x` in a rising array, -1 when all are above. */
export function lastAtMost(rising: Float64Array, x: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The function in whose BAR an address lies, -1 for none. */
export function functionOfAddress(topology: Topology, address: number): number {
  const i = lastAtMost(topology.barStart, address);
  return i >= 0 && address < topology.barEnd[i]! ? topology.barFunction[i]! : -1;
}

/** Whether hardware is at least of a version. */
export function isAtLeast(version: HardwareVersion | undefined, least: HardwareVersion): boolean {
  return version !== undefined && QM_HW[version] >= QM_HW[least];
}
