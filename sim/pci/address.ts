/**
 * Places of PCI: a function's segment, bus, device and function in one number, as the requester ID is, and as text.
 */
import { GIB, KIB, MIB } from '../base/units.ts';
import { keysOf } from '../base/keys.ts';

/**
 * Segment (a domain of Linux) above bit 16, bus in 15..8, device in 7..3, function in 2..0. The low half is the requester
 * ID. Domains from 10000 on need more than 32 bits.
 */
export type FunctionAddress = number;

export const ADDRESS_PATTERN = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/i;
export const ADDRESS_ALLOWED = 'an address as lspci writes it, such as 0000:75:00.1 or 75:00.1';

/** Reads `dddd:bb:dd.f` or `bb:dd.f`, which has to fit {@link ADDRESS_PATTERN}. */
export function parseAddress(text: string): FunctionAddress {
  const parts = text.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  const [segment, bus, device, fn] = (parts.length === 4 ? parts : [0, ...parts]) as [number, number, number, number];
  return segment * 0x10000 + bus * 0x100 + device * 8 + fn;
}

/** All bytes in two digits: addresses are written by the ten thousand. */
const HEX = Array.from({ length: 0x100 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `0000:75:00.1`. */
export function formatAddress(address: FunctionAddress): string {
  const rid = address % 0x10000;
  const segment = segmentOf(address).toString(16).padStart(4, '0');
  return `${segment}:${HEX[rid >> 8]!}:${HEX[(rid >> 3) & 31]!}.${rid & 7}`;
}

export function segmentOf(address: FunctionAddress): number {
  return Math.floor(address / 0x10000);
}

/** The bus with its segment in one number: what Linux compares as an object. */
export function busKey(address: FunctionAddress): number {
  return Math.floor(address / 0x100);
}

/** The slot with its bus and segment in one number. */
export function slotKey(address: FunctionAddress): number {
  return Math.floor(address / 8);
}

export function busOf(address: FunctionAddress): number {
  return Math.floor(address / 0x100) % 0x100;
}

const UNITS = { B: 1, KiB: KIB, MiB: MIB, GiB: GIB, TiB: 1024 * GIB } as const;

export const SIZE_PATTERN = /^(?:0x[0-9a-f]+|\d+) ?(?:B|KiB|MiB|GiB|TiB)?$/i;
export const SIZE_ALLOWED = 'a number of bytes with its unit, such as 64KiB or 4MiB';

/** Reads `64KiB`, `0x10000`, `4096`, which has to fit {@link SIZE_PATTERN}. */
export function parseBytes(text: string): number {
  const [, digits = '', unit = 'B'] = /^(0x[0-9a-f]+|\d+) ?([a-z]*)$/i.exec(text) ?? [];
  const name = keysOf(UNITS).find((each) => each.toLowerCase() === unit.toLowerCase());
  return Number(digits) * (name === undefined ? 1 : UNITS[name]);
}

/** `64KiB`; the largest unit that leaves a whole number. */
export function formatBytes(bytes: number): string {
  const fitting = Object.entries(UNITS).filter(([, scale]) => bytes % scale === 0 && bytes >= scale);
  const [name, scale] = fitting.at(-1) ?? ['B', 1];
  return `${bytes / scale}${name}`;
}

export function formatHex(value: number): string {
  return `0x${value.toString(16)}`;
}
