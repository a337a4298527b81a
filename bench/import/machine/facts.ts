/**
 * What is known of a machine's PCI functions and IOMMU groups, whichever tool printed it.
 *
 * A field that is absent: the input does not say. A field that is null: the input says that there is none. Names and values
 * follow the kernel's and lspci's: hexadecimal IDs and buses as text, without 0x.
 */
import { UserError } from '../../../sim/base/user-error.ts';

/** Device/port types of the PCI Express capability; `conventional` for a function without that capability. */
export const EXPRESS_TYPES = {
  0: 'endpoint',
  1: 'legacy-endpoint',
  4: 'root-port',
  5: 'switch-upstream',
  6: 'switch-downstream',
  7: 'pcie-to-pci-bridge',
  8: 'pci-to-pcie-bridge',
  9: 'rciep',
  10: 'event-collector',
} as const;

export type FunctionType = (typeof EXPRESS_TYPES)[keyof typeof EXPRESS_TYPES] | 'conventional';

export interface AcsFacts {
  /** Bits of the capability word by name, such as `SV RR CR UF`; empty for a capability without bits. */
  readonly can: string;
  /** Bits of the control word. */
  readonly on: string;
  /** Port numbers whose bit of the egress control vector is set; only configuration space shows it. */
  readonly egress?: readonly number[];
  /** Not read, but concluded from IOMMU groups. */
  readonly inferred?: true;
}

export interface BarFacts {
  /** 0 to 5. */
  readonly bar: number;
  /** Host-physical address, `0x…`. */
  readonly at: string;
  /** Bytes. */
  readonly size?: number;
  /** An I/O port range; default: memory. */
  readonly io?: true;
}

export interface VfBarFacts {
  readonly bar: number;
  /** Address of the first VF's. */
  readonly at: string;
  /** Bytes of one VF. */
  readonly sizePerVf?: number;
}

export interface SriovFacts {
  readonly enabled: boolean;
  readonly initialVfs: number;
  readonly totalVfs: number;
  readonly numVfs: number;
  readonly offset: number;
  readonly stride: number;
  readonly vfDevice: string;
  readonly bars: readonly VfBarFacts[];
}

export interface FunctionFacts {
  /** With its domain: `0000:75:00.0`. */
  readonly address: string;
  /** Vendor and device in words. */
  readonly name?: string;
  /** Class in words, as lspci prints it. */
  readonly className?: string;
  /** Class and subclass, four digits. */
  readonly class?: string;
  readonly vendor?: string;
  readonly device?: string;
  readonly revision?: string;
  readonly type?: FunctionType;
  /** Of ports: whether the link leads to a slot. */
  readonly slot?: boolean;
  /** Bit 7 of the header type. */
  readonly multifunction?: boolean;
  /** Bus of a bridge, the bus below it, and the highest bus below it. */
  readonly primary?: string;
  readonly secondary?: string;
  readonly subordinate?: string;
  /** Address of the bridge above; null on a root bus. */
  readonly parent?: string | null;
  /** Number of a port in the link capabilities, which an egress vector counts by. */
  readonly portNumber?: number;
  readonly ariForwarding?: boolean;
  readonly acs?: AcsFacts | null;
  readonly ats?: { readonly enabled: boolean } | null;
  readonly pasid?: { readonly enabled: boolean } | null;
  readonly pri?: { readonly enabled: boolean } | null;
  readonly ari?: { readonly nextFunction: number } | null;
  readonly sriov?: SriovFacts | null;
  readonly bars?: readonly BarFacts[];
  /** The controller (VMD) that makes the domain of the function. */
  readonly controller?: string;
  readonly driver?: string | null;
  readonly numaNode?: number | null;
  readonly iommuGroup?: number | null;
  /** Address of the PF when it is a VF. */
  readonly physfn?: string | null;
}

export type FactName = Exclude<keyof FunctionFacts, 'address'>;

/** Where the facts of a function begin. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface PlacedFunction {
  readonly facts: FunctionFacts;
  /** Where each of its facts was read; a fact that is not listed stands at `at`, or follows from others. */
  readonly from: Readonly<Partial<Record<FactName, Place>>>;
  readonly at: Place;
}

export interface GroupFacts {
  readonly group: number;
  /** Type of its default domain: DMA, DMA-FQ, identity, … */
  readonly type?: string;
  readonly members: readonly string[];
  readonly reserved: readonly { readonly start: string; readonly end: string; readonly kind: string }[];
}

export interface MachineFacts {
  /** Releases that print such a text, as far as it shows. */
  readonly producer: string | null;
  /** Whether capabilities could be read; null: the format has none. */
  readonly privileged: boolean | null;
  /** Whether the text goes to its end, and nothing that it should say was denied. */
  readonly complete: boolean;
  /** Where the text ends before its end, so that what is missing cannot be known; null: it goes to its end. */
  readonly cut: Place | null;
  readonly rootBuses?: readonly string[];
  readonly kernel?: string;
  readonly arch?: string;
  /** Bytes. */
  readonly pageSize?: number;
  /** Words of the kernel's command line about IOMMU, PCI and VFIO. */
  readonly commandLine?: readonly string[];
  readonly kernelOptions?: Readonly<Record<string, string>>;
  /** IOMMU groups with what sysfs says of each. */
  readonly groups?: readonly GroupFacts[];
  readonly iommus?: readonly string[];
  readonly functions: readonly PlacedFunction[];
}

/** `1:2.3` parts as an address with its domain; undefined for what is none. */
export function addressOf(text: string): string | undefined {
  const [, domain = '0', bus = '', slot = '', fn = ''] = ADDRESS.exec(text) ?? [];
  if (bus === '' || Number.parseInt(slot, 16) > 0x1f) return undefined;
  const number = Number.parseInt(domain, 16).toString(16).padStart(4, '0');
  return `${number}:${bus}:${slot}.${fn}`.toLowerCase();
}

const ADDRESS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i;

/** Functions of a machine: those with the most VFs have some thousand. */
const FUNCTIONS_MAX = 20_000;

/** Refuses a text with more functions than a machine has. @throws UserError of kind `input` */
export function refuseMany(known: number, file: string, line: number): void {
  if (known < FUNCTIONS_MAX) return;
  throw new UserError('input', `${file}: line ${line}: there are more than ${FUNCTIONS_MAX} functions`, 'No machine has as many: give the text of one.'); // prettier-ignore
}

/** The domain of an address. */
export function domainOf(address: string): string {
  return address.slice(0, address.indexOf(':'));
}

/** The bus of an address, 0 to 255. */
export function busNumberOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1, address.indexOf(':') + 3), 16);
}

/** The requester ID of an address: bus, device and function in 16 bits. */
export function requesterIdOf(address: string): number {
  const [bus = '', rest = ''] = address.slice(address.indexOf(':') + 1).split(':');
  return (Number.parseInt(bus, 16) << 8) | (Number.parseInt(rest.slice(0, 2), 16) << 3) | Number(rest.slice(3));
}

/** The address with a requester ID in the domain of another address. */
export function addressAt(domain: string, requesterId: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${domain}:${hex(requesterId >> 8)}:${hex((requesterId >> 3) & 31)}.${requesterId & 7}`;
}

/** `0x` and digits without leading zeros. */
export function hexAddress(digits: string): string {
  return `0x${digits.toLowerCase().replace(/^0+(?=.)/, '')}`;
}

/** A number that sorts addresses by domain, then by requester ID. */
export function addressKey(address: string): number {
  return Number.parseInt(domainOf(address), 16) * 0x1_00_00 + requesterIdOf(address);
}
