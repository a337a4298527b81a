/**
 * The topology document: what a person writes down of a server (from `lspci -vv`, `lspci -t` and the VMM's command
 * line) so that it can be asked who reaches a migration control area. docs/isolation.md 6 explains each field.
 *
 * Where a field is left out, the value is the one that keeps the fewest things apart, unless `lspci` would show it
 * otherwise; {@link readTopology} lists what was filled in.
 */
import { z } from 'zod';
import { ACCELERATOR_KINDS, HARDWARE_VERSIONS } from '../abi/accelerators.ts';
import { parseDocument } from '../base/schema.ts';
import { UserError } from '../base/user-error.ts';
import { ACS_ALL, ACS_ALLOWED, parseAcsBits } from './acs.ts';
import {
  ADDRESS_ALLOWED,
  ADDRESS_PATTERN,
  type FunctionAddress,
  parseAddress,
  parseBytes,
  SIZE_ALLOWED,
  SIZE_PATTERN,
} from './address.ts';
import { tableOf } from '../base/keys.ts';
import { KERNELS } from './acs-quirks.ts';
import { BACKENDS, CLIPS } from './doors.ts';
import { ID_ALLOWED, ID_PATTERN, parseId, type PciId } from './pci-id.ts';
import { LOAD_VERDICTS, POLICIES, REACHES } from './policy.ts';

export const TOPOLOGY_FORMAT = 'stopcopy-topology/1';

const DOMAIN_PATTERN = /^[0-9a-f]{4,8}$/i;

/** Owner of a function that was not given to a VM. */
export const HOST = 'host';

/** Levels of nodes below each other. */
const DEPTH_MAX = 32;

const address = z.string().regex(ADDRESS_PATTERN, ADDRESS_ALLOWED).transform(parseAddress);

const bytes = z
  .union([z.string().regex(SIZE_PATTERN, SIZE_ALLOWED), z.int().min(0)])
  .transform((value) => (typeof value === 'string' ? parseBytes(value) : value));

const busRange = z
  .string()
  .regex(/^[0-9a-f]{2}-[0-9a-f]{2}$/i, 'secondary and subordinate bus in hexadecimal, such as 03-05 or 03-03')
  .transform((text) => ({
    secondary: Number.parseInt(text.slice(0, 2), 16),
    subordinate: Number.parseInt(text.slice(3), 16),
  }));

const window = z
  .string()
  .regex(/^(?:0x)?[0-9a-f]+-(?:0x)?[0-9a-f]+$/i, 'first and last address in hexadecimal, such as 80000000-801fffff')
  .transform((text) => {
    const [first = '', last = ''] = text.split('-');
    return { first: Number.parseInt(first, 16), last: Number.parseInt(last, 16) };
  });

const id = z.string().regex(ID_PATTERN, ID_ALLOWED).transform(parseId);

const bits = z
  .union([z.string(), z.int().min(0).max(ACS_ALL)])
  .transform((value, context) => {
    const parsed = typeof value === 'string' ? parseAcsBits(value) : value;
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `allowed are ${ACS_ALLOWED}` });
    return z.NEVER;
  })
  .describe(`ACS bits: ${ACS_ALLOWED}`);

/** ACS capability and control words of a port or function. A device without `acs` has no such capability. */
const acs = z.strictObject({
  /** What the capability word offers; left out where there is no capability, and `override` says what Linux believes. */
  can: bits.optional(),
  /** What the control word switches on. */
  on: bits.default(0),
  /** Bits that the capability word lacks and that the platform's maker vouches for as hard-wired on. */
  wired: bits.default(0),
  /** Bits that Linux was made to believe in (`pcie_acs_override`), although no part of the hardware acts on them. */
  override: bits.optional(),
  /** The control word that firmware left, where parameters of the kernel go back to it; when left out: `on`. */
  firmware: bits.optional(),
  /** Egress control vector: the sibling ports whose bit is set. */
  egress: z.array(address).default([]),
});
export type AcsDocument = z.output<typeof acs>;

const bar = z.strictObject({ bar: z.int().min(0).max(5), at: bytes, size: bytes });
export type BarDocument = z.output<typeof bar>;

const STREAM_MODES = ['translate', 'bypass', 'abort'] as const;
export type StreamMode = (typeof STREAM_MODES)[number];

/** Address Translation Services of a function. A function without `ats` sends no translated requests. */
const ats = z.strictObject({
  enabled: z.boolean().default(true),
  /** Whether the guest can make the function send an address of its choice as already translated. */
  guestChooses: z.boolean().default(true),
});

/** Fields of any function that may be given to a VM. */
const settings = z.strictObject({
  /** A VM by name, or `host`; when left out: host for a physical function, a VM of its own for a VF. */
  tenant: z.string().min(1).optional(),
  stream: z.enum(STREAM_MODES).optional(),
  ats: ats.optional(),
  clip: z.enum(CLIPS).optional(),
});
export type FunctionSettings = z.output<typeof settings>;

const FUNCTION_TYPES = ['endpoint', 'legacy-endpoint', 'integrated-endpoint', 'event-collector', 'none'] as const;
const BRIDGE_TYPES = ['pcie-to-pci-bridge', 'pci-to-pcie-bridge', 'none'] as const;

const FUNCTION_KINDS = [...ACCELERATOR_KINDS, 'other'] as const;

const sriov = z.strictObject({
  /** First VF offset and VF stride of the SR-IOV capability, in requester IDs. */
  offset: z.int().min(1).max(0xffff).default(1),
  stride: z.int().min(1).max(0xffff).default(1),
  /** VFs enabled. */
  vfs: z.int().min(1).max(0xffff),
  /** BARs of the first VF; those of the others follow without a gap. */
  bars: z.array(bar).default([]),
  /** Where the migration control windows are: in each VF's BAR2, or in the PF's (hardware V4 and later). */
  window: z.enum(['vf-bar', 'pf-bar']).default('vf-bar'),
  /** For all VFs; those in `each` go first. */
  all: settings.extend({ clip: z.enum(CLIPS).default('all') }).prefault({}),
  /** By VF number, from 1. */
  each: z
    .record(z.string().regex(/^[1-9]\d*$/), settings, {
      error: ({ code }) => (code === 'invalid_key' ? 'keys are VF numbers, from 1' : undefined),
    })
    .default({}),
});
export type SriovDocument = z.output<typeof sriov>;

const physicalFunction = settings.extend({
  at: address,
  /** Vendor, device, and where known revision and subsystem, as `lspci -nn` prints them. */
  id: id.optional(),
  kind: z.enum(FUNCTION_KINDS).default('other'),
  /** Hardware version of an accelerator: the PCI revision by name; when left out: what the revision in `id` says. */
  version: z.enum(HARDWARE_VERSIONS).optional(),
  /** Whether a driver of the host is bound to it; when left out: if it was not given to a VM. */
  driver: z.boolean().optional(),
  bars: z.array(bar).default([]),
  acs: acs.optional(),
  /** Type in its PCI Express capability; when left out: an endpoint below a port, see docs/isolation.md 6 elsewhere. */
  express: z.enum(FUNCTION_TYPES).optional(),
  /** Bit 7 of the header type; when left out: whether its slot has several functions. */
  multifunction: z.boolean().optional(),
  sriov: sriov.optional(),
});
export type PhysicalFunctionDocument = z.output<typeof physicalFunction>;

const TURNAROUNDS = ['loopback', 'ur'] as const;
/** What a port does with a request for its own side when UF is off: sends it back, or calls it unsupported. */
type Turnaround = (typeof TURNAROUNDS)[number];

const ROUTINGS = ['upstream', 'loop-self', 'loop-any'] as const;
/** What a device does with a request of its own for one of its own BARs. */
export type InternalRouting = (typeof ROUTINGS)[number];

const device = z.strictObject({
  kind: z.literal('device'),
  name: z.string().min(1).optional(),
  internalRouting: z.enum(ROUTINGS).default('loop-any'),
  functions: z.array(physicalFunction).min(1),
});
export type DeviceDocument = z.output<typeof device>;

const bridgeFields = {
  at: address,
  id: id.optional(),
  buses: busRange,
  windows: z.array(window).optional(),
  multifunction: z.boolean().optional(),
};
const portFields = {
  ...bridgeFields,
  acs: acs.optional(),
  turnaround: z.enum(TURNAROUNDS).optional(),
  externalFacing: z.boolean().optional(),
};

interface BridgeFields {
  readonly at: FunctionAddress;
  readonly id?: PciId | undefined;
  readonly buses: { readonly secondary: number; readonly subordinate: number };
  readonly windows?: readonly { readonly first: number; readonly last: number }[] | undefined;
  /** Bit 7 of the header type; when left out: whether its slot has several functions. */
  readonly multifunction?: boolean | undefined;
  readonly below: readonly NodeDocument[];
}

export interface PortDocument extends BridgeFields {
  readonly kind: 'root-port' | 'downstream-port';
  readonly acs?: AcsDocument | undefined;
  readonly turnaround?: Turnaround | undefined;
  /** For display; what Linux does there (TB) shows in `acs.on`. */
  readonly externalFacing?: boolean | undefined;
  /** Slot Implemented bit of a root port: whether its link leads to a slot. */
  readonly slot?: boolean | undefined;
}

export interface SwitchDocument extends BridgeFields {
  /** The upstream port; the downstream ports are below it. */
  readonly kind: 'switch';
  /** Words of the upstream port; Linux and the fabric ask for it where the port is one of several functions. */
  readonly acs?: AcsDocument | undefined;
}

export interface BridgeDocument extends BridgeFields {
  readonly kind: 'pci-bridge';
  /** Type in its PCI Express capability; when left out: of a bridge below a port PCIe to PCI, else none. */
  readonly express?: (typeof BRIDGE_TYPES)[number] | undefined;
}

export type NodeDocument = PortDocument | SwitchDocument | BridgeDocument | DeviceDocument;

const node: z.ZodType<NodeDocument> = z.lazy(() =>
  z.discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('root-port'), ...portFields, slot: z.boolean().optional(), below }),
      z.strictObject({ kind: z.literal('switch'), ...bridgeFields, acs: acs.optional(), below }),
      z.strictObject({ kind: z.literal('downstream-port'), ...portFields, below }),
      z.strictObject({
        kind: z.literal('pci-bridge'),
        ...bridgeFields,
        express: z.enum(BRIDGE_TYPES).optional(),
        below,
      }),
      device,
    ],
    { error: 'allowed are root-port, switch, downstream-port, pci-bridge and device' },
  ),
);
const below = z.array(node).default([]);

/** What a VM's IOMMU domain holds in addition to the guest's memory. */
const tenant = z.strictObject({
  /** Whether the VMM also maps the BARs it can mmap, as QEMU does; when left out: with type1 yes, with iommufd no. */
  mapsBars: z.boolean().optional(),
  /** Host addresses that root mapped through sysfs and put into the domain. */
  sysfs: z.array(z.strictObject({ at: bytes, size: bytes })).default([]),
});

/** What a shipped example says about itself; tests hold the answers against it. */
const expectation = z.strictObject({
  name: z.string().default('as written'),
  /** Fields that differ in this variant, by their paths: `tree[0].turnaround`. */
  with: z.record(z.string(), z.unknown()).default({}),
  vfs: z
    .record(
      z.string().regex(ADDRESS_PATTERN, ADDRESS_ALLOWED),
      z.strictObject({
        self: z.enum([...REACHES, 'n/a']).optional(),
        other: z.enum([...REACHES, 'n/a']).optional(),
        group: z.enum(['own', 'merged']).optional(),
        ...tableOf(POLICIES, () => z.enum(LOAD_VERDICTS).optional()),
        dependsOnClip: z.boolean().optional(),
        opens: z.boolean().optional(),
      }),
    )
    .default({}),
});

export const topologySchema = z.strictObject({
  format: z.literal(TOPOLOGY_FORMAT),
  title: z.string().default(''),
  rootComplex: z
    .strictObject({
      /** What becomes of a request from one root port to another that is not redirected. */
      p2p: z.enum(['none', 'untranslated', 'translated']).default('untranslated'),
    })
    .prefault({}),
  iommu: z
    .strictObject({
      /** Stream mode of every function that says nothing else. Without any IOMMU: bypass. */
      streams: z.enum(STREAM_MODES).default('translate'),
      /** Whether a request that leaves the IOMMU with an address of a BAR gets there. */
      reflectsToMmio: z.boolean().default(true),
      /** How VMMs hand functions to VFIO. */
      backend: z.enum(BACKENDS).default('type1'),
    })
    .prefault({}),
  hostPageSize: bytes
    .refine((size) => [4096, 16_384, 65_536].includes(size), 'allowed are 4KiB, 16KiB and 64KiB')
    .describe('4KiB, 16KiB or 64KiB')
    .default(4096),
  /** For every port that says nothing else. */
  turnaround: z.enum(TURNAROUNDS).default('loopback'),
  /** The release of Linux whose groups are built. */
  kernel: z.enum(KERNELS).default('7.3'),
  /** Its command line, as /proc/cmdline has it. */
  commandLine: z.string().optional(),
  /** By domain, in hexadecimal: the Volume Management Device (Intel VMD) whose domain it is. */
  vmd: z
    .record(z.string().regex(DOMAIN_PATTERN), address, {
      error: ({ code }) => (code === 'invalid_key' ? 'keys are domains in hexadecimal, such as 10000' : undefined),
    })
    .default({}),
  tree: z.array(node).min(1),
  tenants: z.record(z.string(), tenant).default({}),
  /** IOMMU groups as the host's kernel has built them, held against those that its rules give. */
  kernelGroups: z
    .array(
      z.strictObject({
        group: z.int().min(0),
        /** Type of its default domain, such as DMA or identity. */
        type: z.string().optional(),
        members: z.array(address),
      }),
    )
    .optional(),
  /** Functions in the order in which their VMs open them; the default is the order of the document. */
  opens: z.array(address).optional(),
  expect: z.array(expectation).default([]),
});
export type TopologyDocument = z.output<typeof topologySchema>;

/** A field that the document leaves out, and what is taken instead. */
interface Default {
  readonly path: string;
  readonly value: unknown;
}

interface TopologyFile {
  readonly document: TopologyDocument;
  readonly defaults: readonly Default[];
}

/**
 * Checks a parsed YAML or JSON document and fills in what it leaves out.
 *
 * @param raw the parsed document
 * @param what its name, used in messages
 * @throws UserError of kind `input` for the first field that does not fit
 */
export function readTopology(raw: unknown, what: string): TopologyFile {
  if (depth(raw) > 4 * DEPTH_MAX) {
    throw new UserError(
      'input',
      `${what}: nodes stand more than ${DEPTH_MAX} levels below each other`,
      'No PCI hierarchy is as deep; look for a node that repeats itself.',
    );
  }
  const document = parseDocument(topologySchema, raw, what, 'docs/isolation.md explains each field of a topology.');
  const defaults: Default[] = [];
  collectDefaults(raw, document, '', defaults);
  return { document, defaults };
}

/** Depth of nested objects and arrays; YAML aliases can make a document its own child. */
function depth(value: unknown): number {
  let level: readonly unknown[] = [value];
  let levels = 0;
  while (level.length > 0 && levels <= 4 * DEPTH_MAX) {
    const next = new Set<unknown>();
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      for (const inner of Object.values(each)) if (typeof inner === 'object' && inner !== null) next.add(inner);
    }
    level = [...next];
    levels += 1;
  }
  return levels;
}

function collectDefaults(raw: unknown, parsed: unknown, path: string, into: Default[]): void {
  if (typeof raw !== 'object' || raw === null || typeof parsed !== 'object' || parsed === null) return;
  for (const [key, value] of Object.entries(parsed)) {
    const at = Array.isArray(parsed) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (path === '' && (key === 'expect' || key === 'title')) continue;
    if (Object.hasOwn(raw, key)) collectDefaults((raw as Record<string, unknown>)[key], value, at, into);
    else if (isEmpty(value)) continue;
    else if (path === '' && typeof value === 'object') collectDefaults({}, value, at, into);
    else into.push({ path: at, value });
  }
}

/** Nothing is there, which is what leaving it out says anyway. */
function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
