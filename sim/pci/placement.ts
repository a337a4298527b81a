/**
 * Where a policy lets the migration driver load, whatever requests do: what is between a device and the root complex.
 * docs/isolation.md 5 and 12.
 */
import type { PciId } from './pci-id.ts';
import type { Policy } from './policy.ts';
import type { NodeDocument } from './topology-file.ts';
import { nodeLabel, type Topology } from './topology.ts';

/**
 * Root ports that are a part of a processor, as are the devices below them, by ID: they answer where nobody says whether the
 * port has a slot. Source: lspci of a TaiShan 2280 V2 (linuxhw/LsPCI 63BDABB5A4): 19e5:a121 is a root port with Slot-, and
 * 19e5:a120, which leads to slots, has Slot+.
 */
const ON_DIE_PORTS: readonly { readonly parts: string; readonly vendor: number; readonly device: number }[] = [
  { parts: 'Kunpeng 920', vendor: 0x19e5, device: 0xa121 },
];

/** Whether a root port leads to a slot; undefined where neither its Slot bit nor a row by ID says so. */
export function hasSlot(node: NodeDocument): boolean | undefined {
  if (node.kind !== 'root-port') return undefined;
  return node.slot ?? (isOnDie(node.id) ? false : undefined);
}

function isOnDie(id: PciId | undefined): boolean {
  return ON_DIE_PORTS.some(({ vendor, device }) => vendor === id?.vendor && device === id.device);
}

/** Whether a function is an integrated endpoint: no port is between it and the root complex. */
export function isIntegrated({ nodeParent, functionNode }: Topology, fn: number): boolean {
  return nodeParent[functionNode[fn]!]! < 0;
}

/** What speaks against a place. */
interface PlacementFault {
  /** A sentence. */
  readonly text: string;
  /** In short, as a reason is named. */
  readonly by: string;
  /** Why no setting of the server helps. */
  readonly beyondSettings: string;
}

/** What a policy has against the place of a VF; undefined for nothing. */
export function placementFault(topology: Topology, vf: number, policy: Policy): PlacementFault | undefined {
  if (policy !== 'thread' && policy !== 'on-die') return undefined;
  if (isIntegrated(topology, vf)) return undefined;
  if (policy === 'thread') {
    return {
      text: 'it is no integrated endpoint: requests pass ports that the maker of the device does not know',
      by: 'not integrated',
      beyondSettings: 'no setting makes a plug-in card an integrated endpoint',
    };
  }
  const port = topology.nodeParent[topology.functionNode[vf]!]!;
  const slot = hasSlot(topology.nodes[port]!.document);
  if (slot === false) return undefined;
  const name = nodeLabel(topology, port);
  const fault = { by: 'not on the die', beyondSettings: 'no setting makes a plug-in card a part of the processor' };
  if (topology.nodes[port]!.document.kind !== 'root-port') {
    return { ...fault, text: `it is below ${name}, and not right below a root port of the processor` };
  }
  if (slot === true) return { ...fault, text: `the port above it leads to a slot: ${name}` };
  return {
    text: `it is not known whether the port above it leads to a slot: ${name}`,
    by: 'slot not known',
    beyondSettings: `say slot: false of ${name} if lspci -vvv prints Slot- there; no setting of the server changes it`,
  };
}
