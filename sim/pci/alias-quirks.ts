/**
 * Functions whose requests bear the ID of another function of their bus, by their IDs.
 *
 * Source: DMA alias quirks in drivers/pci/quirks.c of Linux 6.12.117 and 7.3.4, read 2026-11-30. Left out: Switchtec NTBs,
 * whose aliases are read from the part at boot; and bridges that bear the ID of their secondary bus, as all below them
 * share a group anyway.
 */
import type { FunctionAddress } from './address.ts';
import type { PciId } from './pci-id.ts';

const MARVELL_AND_OTHERS: Readonly<Record<number, readonly number[]>> = {
  0x1b4b: [
    0x9120, 0x9123, 0x9125, 0x9128, 0x9130, 0x9170, 0x9172, 0x917a, 0x9182, 0x9183, 0x91a0, 0x9215, 0x9220, 0x9230,
    0x9235,
  ],
  0x1103: [0x0642, 0x0645],
  0x197b: [0x2392],
  0x1c28: [0x0122],
};

const RICOH_AND_GLENFLY: Readonly<Record<number, readonly number[]>> = {
  0x1180: [0xe832, 0xe476],
  0x6766: [0x3d40, 0x3d41],
};

const ALL_FUNCTIONS = Array.from({ length: 256 }, (_, devfn) => devfn);
const FIRST_FIVE_OF_ALL_SLOTS = ALL_FUNCTIONS.filter((devfn) => devfn % 8 < 5);

/** Device and function in one byte, as the low byte of a requester ID. */
type Devfn = number;

interface FixedAliases {
  readonly vendor: number;
  readonly devices: readonly number[];
  readonly subsystems?: readonly number[];
  readonly devfns: readonly Devfn[];
}

const FIXED: readonly FixedAliases[] = [
  { vendor: 0x9005, devices: [0x0285], subsystems: [0x02bb, 0x02bc], devfns: [0x08] },
  { vendor: 0x8086, devices: [0x2260, 0x2264], devfns: [0x80, 0x88, 0x93] },
  { vendor: 0x8086, devices: [0x2954, 0x2955, 0x2956, 0x2958, 0x2959, 0x295a], devfns: FIRST_FIVE_OF_ALL_SLOTS },
  { vendor: 0x10b5, devices: [0x87b0, 0x87b1], devfns: ALL_FUNCTIONS },
];

/** Device and function numbers on its own bus that a function's requests may bear, its own left out; mostly none. */
export function aliasesOf(address: FunctionAddress, id: PciId | undefined): readonly Devfn[] {
  if (id === undefined) return [];
  const slot = address & 0xf8;
  if (MARVELL_AND_OTHERS[id.vendor]?.includes(id.device) === true) return (address & 7) === 1 ? [] : [slot | 1];
  if (RICOH_AND_GLENFLY[id.vendor]?.includes(id.device) === true) return (address & 7) === 0 ? [] : [slot];
  const fixed = FIXED.find(
    ({ vendor, devices, subsystems }) =>
      vendor === id.vendor &&
      devices.includes(id.device) &&
      (subsystems === undefined || (id.subsystem?.vendor === vendor && subsystems.includes(id.subsystem.device))),
  );
  return fixed?.devfns.filter((devfn) => devfn !== (address & 0xff)) ?? [];
}

/** Bridges at which IDs are translated: no bridge above them matters for a requester ID (ThunderX2). */
export function translatesIds(id: PciId | undefined): boolean {
  return id?.vendor === 0x14e4 && (id.device === 0x9000 || id.device === 0x9084);
}
