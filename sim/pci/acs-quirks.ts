/**
 * Parts whose isolation Linux judges by their IDs, with or against their ACS words.
 *
 * Source: `pci_dev_acs_enabled` in drivers/pci/quirks.c of Linux 6.12.117 and 7.3.4, read 2026-11-30; where a row says
 * nothing else, both have it. The first row of a part's vendor and device answers.
 */
import type { PciId } from './pci-id.ts';

/** Kernels whose groups are known, by the release they belong to. */
export const KERNELS = ['6.12', '7.3'] as const;
export type Kernel = (typeof KERNELS)[number];

/** Type in the PCI Express capability of a function, and `none` for one without: conventional PCI. */
const EXPRESS_TYPES = [
  'endpoint',
  'legacy-endpoint',
  'integrated-endpoint',
  'event-collector',
  'root-port',
  'upstream-port',
  'downstream-port',
  'pcie-to-pci-bridge',
  'pci-to-pcie-bridge',
  'none',
] as const;
export type ExpressType = (typeof EXPRESS_TYPES)[number];

/**
 * `isolated`, `shared`: so, whatever the words say. `shifted`: by the words, of which the control word is not where
 * lspci reads it; Linux has switched on there what the capability offers.
 */
type QuirkAnswer = 'isolated' | 'shared' | 'shifted';

interface AcsQuirk {
  /** Name of the parts, as shown. */
  readonly parts: string;
  readonly vendor: number;
  /** Device IDs, single or from first to last; left out: all of the vendor. */
  readonly devices?: readonly (number | readonly [first: number, last: number])[];
  /** Types that the row is for; left out: all. */
  readonly types?: readonly ExpressType[];
  /** Whether the function has to be one of several on a bus of the root complex. */
  readonly severalOnRootBus?: true;
  readonly answer: QuirkAnswer;
}

/** What is asked about. */
export interface QuirkedFunction {
  readonly id: PciId | undefined;
  readonly type: ExpressType;
  readonly multifunction: boolean;
  readonly onRootBus: boolean;
}

const ROOT: readonly ExpressType[] = ['root-port'];
const PORTS: readonly ExpressType[] = ['root-port', 'downstream-port'];

const INTEL = 0x8086;

const INTEL_NICS = [
  0x10c6,
  0x10db,
  0x10dd,
  0x10e1,
  0x10f1,
  [0x10f7, 0x10fc],
  0x1507,
  0x1514,
  0x151c,
  0x1529,
  0x152a,
  0x154d,
  0x154f,
  0x1551,
  0x1558,
  0x1509,
  [0x150e, 0x1511],
  0x1516,
  0x1527,
  0x10c9,
  [0x10e6, 0x10e8],
  0x150a,
  0x150d,
  0x1518,
  0x1526,
  0x10a7,
  0x10a9,
  0x10d6,
  [0x1521, 0x1524],
  [0x105e, 0x105f],
  0x1060,
  0x10d9,
  [0x15b7, 0x15b8],
] as const;

/** Ports of Intel's chipsets without an ACS capability: Linux keeps them apart by registers of the chipset. */
const PCH_WITHOUT_CAPABILITY = [
  [0x3b42, 0x3b51],
  [0x1c10, 0x1c1f],
  [0x1e10, 0x1e1f],
  [0x8c10, 0x8c1f],
  [0x9c10, 0x9c1b],
  [0x9c90, 0x9c9b],
  0x1d10,
  0x1d12,
  0x1d14,
  0x1d16,
  0x1d18,
  0x1d1a,
  0x1d1c,
  0x1d1e,
  [0x8d10, 0x8d1e],
  0x8c90,
  0x8c92,
  0x8c94,
  0x8c96,
  0x8c98,
  0x8c9a,
  0x8c9c,
  0x8c9e,
] as const;

/** Ports of Intel's chipsets whose words are of 32 bits, so that lspci shows a control word of zero. */
const PCH_SHIFTED = [
  [0xa110, 0xa11f],
  [0xa167, 0xa16a],
  [0xa290, 0xa29f],
  [0xa2e7, 0xa2ee],
  [0x9d10, 0x9d1b],
] as const;

const NXP_PORTS = [
  [0x8d80, 0x8d83],
  [0x8d88, 0x8d8b],
  [0x8d90, 0x8d93],
  [0x8d98, 0x8d9b],
  [0x8da0, 0x8da1],
  [0x8da8, 0x8da9],
  [0x8db0, 0x8db1],
  [0x8db8, 0x8db9],
] as const;

const LOONGSON_PORTS = [0x3c09, 0x3c19, 0x3c29, 0x7a09, 0x7a19, 0x7a29, 0x7a39, 0x7a49, 0x7a59, 0x7a69];

const WANGXUN_NICS = [[0x0100, 0x010f], 0x1001, 0x2001, 0x5010, 0x5025, 0x5040, 0x5110, 0x5125, 0x5140] as const;

/** All rows, in the order in which they are asked. */
const ACS_QUIRKS: readonly AcsQuirk[] = [
  {
    parts: 'AMD south bridge',
    vendor: 0x1002,
    devices: [0x4385, 0x439c, [0x4383, 0x4384], 0x439d, 0x4399],
    severalOnRootBus: true,
    answer: 'isolated',
  },
  {
    parts: 'AMD south bridge',
    vendor: 0x1022,
    devices: [0x780f, 0x7809],
    severalOnRootBus: true,
    answer: 'isolated',
  },
  { parts: 'Solarflare NIC', vendor: 0x1924, devices: [0x0903, 0x0923, 0x0a03], answer: 'isolated' },
  { parts: 'Intel NIC', vendor: INTEL, devices: INTEL_NICS, answer: 'isolated' },
  { parts: 'Intel integrated endpoint', vendor: INTEL, types: ['integrated-endpoint'], answer: 'isolated' },
  {
    parts: 'Qualcomm root port',
    vendor: 0x17cb,
    devices: [0x0400, 0x0401, 0x0111, 0x0115, 0x0120],
    answer: 'isolated',
  },
  { parts: 'HXT root port', vendor: 0x1dbf, devices: [0x0401], answer: 'isolated' },
  { parts: 'Intel PCH root port', vendor: INTEL, devices: PCH_WITHOUT_CAPABILITY, types: ROOT, answer: 'isolated' },
  { parts: 'Intel PCH root port', vendor: INTEL, devices: PCH_SHIFTED, types: ROOT, answer: 'shifted' },
  { parts: 'Emulex BE3-R', vendor: 0x19a2, devices: [0x0710], answer: 'isolated' },
  { parts: 'Emulex Skyhawk-R', vendor: 0x10df, devices: [0x0720], answer: 'isolated' },
  {
    parts: 'Cavium root port',
    vendor: 0x177d,
    devices: [[0xa000, 0xa7ff], 0xaf84, 0xb884],
    types: ROOT,
    answer: 'isolated',
  },
  { parts: 'Cavium endpoint', vendor: 0x177d, devices: [0xa026, 0xa059, 0xa060], answer: 'isolated' },
  { parts: 'X-Gene root port', vendor: 0x10e8, devices: [0xe004], answer: 'isolated' },
  { parts: 'Ampere root port', vendor: 0x1def, devices: [[0xe005, 0xe00c]], answer: 'isolated' },
  {
    parts: 'Broadcom NIC',
    vendor: 0x14e4,
    devices: [0x16d7, [0x1750, 0x1752], [0x1760, 0x1763]],
    answer: 'isolated',
  },
  { parts: 'Broadcom iProc root port', vendor: 0x14e4, devices: [0xd714], answer: 'isolated' },
  { parts: 'Loongson root port', vendor: 0x0014, devices: LOONGSON_PORTS, answer: 'isolated' },
  { parts: 'Annapurna root port', vendor: 0x1c36, devices: [0x0031], types: ROOT, answer: 'isolated' },
  { parts: 'Zhaoxin endpoint', vendor: 0x1d17, devices: [0x3038, 0x3104, 0x9083], answer: 'isolated' },
  {
    parts: 'Zhaoxin port',
    vendor: 0x1d17,
    devices: [[0x0710, 0x071e], 0x0721, [0x0723, 0x0752]],
    types: PORTS,
    answer: 'isolated',
  },
  { parts: 'other Zhaoxin port', vendor: 0x1d17, types: PORTS, answer: 'shared' },
  { parts: 'NXP LX2 root port', vendor: 0x1957, devices: NXP_PORTS, answer: 'isolated' },
  { parts: 'Wangxun NIC', vendor: 0x8088, devices: WANGXUN_NICS, answer: 'isolated' },
  { parts: 'other Wangxun function', vendor: 0x8088, answer: 'shared' },
];

const byVendor = new Map<number, AcsQuirk[]>();
for (const quirk of ACS_QUIRKS) byVendor.set(quirk.vendor, [...(byVendor.get(quirk.vendor) ?? []), quirk]);

/** The row that answers for a function, or undefined where its words decide. */
export function acsQuirkOf(fn: QuirkedFunction): AcsQuirk | undefined {
  if (fn.id === undefined) return undefined;
  const { vendor, device } = fn.id;
  return byVendor.get(vendor)?.find(({ devices, types, severalOnRootBus }) => {
    if (devices !== undefined && !hasDevice(devices, device)) return false;
    if (types !== undefined && !types.includes(fn.type)) return false;
    return severalOnRootBus !== true || (fn.multifunction && fn.onRootBus);
  });
}

function hasDevice(devices: NonNullable<AcsQuirk['devices']>, device: number): boolean {
  return devices.some((each) => (typeof each === 'number' ? each === device : each[0] <= device && device <= each[1]));
}

/**
 * Switches whose Source Validation is broken: from the given kernel on Linux leaves it off, and takes the bit out of the
 * capability that it goes by. Source: drivers/pci/quirks.c of 7.3.4; 6.12.117 has no such row.
 */
const BROKEN_SOURCE_VALIDATION = { vendor: 0x111d, devices: [0x80b5, 0x8090], since: '7.3' } as const;

/** Whether a kernel takes no notice of the Source Validation of a part. */
export function ignoresSourceValidation(id: PciId | undefined, kernel: Kernel): boolean {
  const { vendor, devices, since } = BROKEN_SOURCE_VALIDATION;
  if (id === undefined || id.vendor !== vendor || !devices.some((each) => each === id.device)) return false;
  return KERNELS.indexOf(kernel) >= KERNELS.indexOf(since);
}
