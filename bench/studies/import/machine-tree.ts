/**
 * The functions of a machine as the nodes that a topology document has: which of them is what, what is below it, and what
 * has no place there.
 */
import {
  addressKey,
  busNumberOf,
  type FunctionFacts,
  type MachineFacts,
  type PlacedFunction,
  requesterIdOf,
} from '../../import/machine/facts.ts';
import type { Finding } from '../../import/reader.ts';

type BridgeKind = 'root-port' | 'switch' | 'downstream-port' | 'pci-bridge';

export interface BridgeNode {
  readonly kind: BridgeKind;
  readonly fn: PlacedFunction;
  readonly below: readonly TreeNode[];
}

/** Functions that are one device: of one slot, or, below a link, of one bus. */
export interface DeviceNode {
  readonly kind: 'device';
  readonly functions: readonly PlacedFunction[];
}

export type TreeNode = BridgeNode | DeviceNode;

export interface MachineTree {
  readonly roots: readonly TreeNode[];
  /** VFs by the address of their PF, in the order of their numbers; undefined for one that is not in the input. */
  readonly vfs: ReadonlyMap<string, readonly (PlacedFunction | undefined)[]>;
  /** Addresses that the tree does not have, with why. */
  readonly leftOut: readonly { readonly address: string; readonly why: string }[];
}

const BRIDGES: Readonly<Partial<Record<NonNullable<FunctionFacts['type']>, BridgeKind>>> = {
  'root-port': 'root-port',
  'switch-upstream': 'switch',
  'switch-downstream': 'downstream-port',
  'pcie-to-pci-bridge': 'pci-bridge',
  'pci-to-pcie-bridge': 'pci-bridge',
  conventional: 'pci-bridge',
};

/** What may stand where, as docs/isolation.md 6 has it. */
const BELOW: Readonly<Record<BridgeKind | 'root', readonly TreeNode['kind'][]>> = {
  root: ['root-port', 'device', 'pci-bridge'],
  'root-port': ['device', 'switch', 'pci-bridge'],
  'downstream-port': ['device', 'switch', 'pci-bridge'],
  switch: ['downstream-port', 'device', 'pci-bridge'],
  'pci-bridge': ['device', 'pci-bridge'],
};

const WHERE: Readonly<Record<BridgeKind | 'root', string>> = {
  root: 'at the root complex',
  'root-port': 'below a root port',
  'downstream-port': 'below a downstream port',
  switch: 'next to the downstream ports of a switch',
  'pci-bridge': 'below a bridge to conventional PCI',
};

export function machineTree({ functions }: MachineFacts): MachineTree {
  return new TreeMaker(functions).make();
}

class TreeMaker {
  private readonly functions: readonly PlacedFunction[];
  private readonly children = new Map<string | null, PlacedFunction[]>();
  private readonly vfs = new Map<string, (PlacedFunction | undefined)[]>();
  private readonly leftOut: { address: string; why: string }[] = [];
  private readonly placed = new Set<string>();

  constructor(functions: readonly PlacedFunction[]) {
    this.functions = functions.toSorted((a, b) => addressKey(a.facts.address) - addressKey(b.facts.address));
  }

  make(): MachineTree {
    const known = new Map(this.functions.map((each) => [each.facts.address, each]));
    for (const each of this.functions) this.sort(each, known);
    const roots = this.nodes(null, 'root');
    for (const { facts } of this.functions) {
      if (this.placed.has(facts.address)) continue;
      this.placed.add(facts.address);
      this.leftOut.push({ address: facts.address, why: 'the bridge above it is not there' });
    }
    return { roots, vfs: this.vfs, leftOut: this.leftOut };
  }

  /** To its PF, or to what is above it. */
  private sort(each: PlacedFunction, known: ReadonlyMap<string, PlacedFunction>): void {
    const { address, physfn, parent } = each.facts;
    const pf = typeof physfn === 'string' ? known.get(physfn) : undefined;
    const sriov = pf?.facts.sriov;
    if (pf !== undefined && sriov?.enabled === true) {
      const number =
        (requesterIdOf(address) - requesterIdOf(pf.facts.address) - sriov.offset) / Math.max(1, sriov.stride);
      if (Number.isInteger(number) && number >= 0 && number < sriov.numVfs) {
        const list = this.vfs.get(pf.facts.address) ?? Array.from<undefined>({ length: sriov.numVfs });
        list[number] = each;
        this.vfs.set(pf.facts.address, list);
        this.placed.add(address);
        return;
      }
    }
    if (parent === undefined) return;
    const siblings = this.children.get(parent);
    if (siblings === undefined) this.children.set(parent, [each]);
    else siblings.push(each);
  }

  private nodes(parent: string | null, where: BridgeKind | 'root'): readonly TreeNode[] {
    const members = this.children.get(parent) ?? [];
    const nodes: TreeNode[] = [];
    const devices = new Map<number, PlacedFunction[]>();
    for (const fn of members) {
      const { facts } = fn;
      if (this.placed.has(facts.address)) continue;
      const kind = facts.secondary === undefined ? undefined : BRIDGES[facts.type ?? 'endpoint'];
      if (kind !== undefined) {
        const node = this.bridge(fn, kind, where);
        if (node !== undefined) nodes.push(node);
      } else if (facts.secondary !== undefined) {
        this.leave(fn, `it is a bridge of ${facts.type === undefined ? 'unknown type' : `type ${facts.type}`}`);
      } else {
        this.placed.add(facts.address);
        this.intoDevice(fn, where, nodes, devices);
      }
    }
    return nodes;
  }

  private intoDevice(
    fn: PlacedFunction,
    where: BridgeKind | 'root',
    nodes: TreeNode[],
    devices: Map<number, PlacedFunction[]>,
  ): void {
    // A link has one partner, whose functions may go beyond one slot (ARI).
    const isLink = where === 'root-port' || where === 'downstream-port';
    const key = isLink ? busNumberOf(fn.facts.address) * 8 : Math.floor(addressKey(fn.facts.address) / 8);
    const device = devices.get(key);
    if (device !== undefined) {
      device.push(fn);
      return;
    }
    const functions = [fn];
    devices.set(key, functions);
    nodes.push({ kind: 'device', functions });
  }

  private bridge(fn: PlacedFunction, kind: BridgeKind, where: BridgeKind | 'root'): BridgeNode | undefined {
    const { secondary = '00', subordinate = '00' } = fn.facts;
    const [first, last] = [Number.parseInt(secondary, 16), Number.parseInt(subordinate, 16)];
    if (first === 0 || last < first) {
      this.leave(fn, 'it has no bus below it');
      return undefined;
    }
    if (!BELOW[where].includes(kind)) {
      this.leave(fn, `stopcopy has no ${kind} ${WHERE[where]}`);
      return undefined;
    }
    this.placed.add(fn.facts.address);
    return { kind, fn, below: this.nodes(fn.facts.address, kind) };
  }

  /** Leaves out a function, and all below it. */
  private leave(fn: PlacedFunction, why: string): void {
    const { address } = fn.facts;
    this.placed.add(address);
    this.leftOut.push({ address, why });
    for (const below of this.children.get(address) ?? []) {
      if (!this.placed.has(below.facts.address)) this.leave(below, `it is below ${address}`);
    }
  }
}

/** What was left out, as findings. */
export function leftOutFindings({ leftOut }: MachineTree): readonly Finding[] {
  return leftOut.map(({ address, why }) => ({ kind: 'unused', text: `${address} is left out: ${why}` }));
}
