/**
 * Units of time and size. Times in the model are numbers of nanoseconds and sizes are bytes; a name ends in its unit
 * (`timeoutNs`), and other units exist at the borders.
 */
export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

export const MS_PER_S = 1_000;
export const MS_PER_DAY = 86_400_000;
export const US_PER_MS = 1_000;

export const BITS_PER_BYTE = 8;

/** Sizes of memory, in bytes. */
export const KIB = 1024;
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const TIB = 1024 ** 4;

/** Decimal multiples, as in kB, MB/s and Gbit/s. */
export const KILO = 1_000;
export const MEGA = 1_000_000;
export const GIGA = 1_000_000_000;

/** Bytes per second of a rate in 10^9 bits per second. */
export function bytesPerSecondOf(gigabitsPerSecond: number): number {
  return (gigabitsPerSecond * GIGA) / BITS_PER_BYTE;
}

const STEPS = [
  { scale: 1, name: 'ns' },
  { scale: NS_PER_US, name: 'µs' },
  { scale: NS_PER_MS, name: 'ms' },
] as const;

/**
 * A duration as text: three significant digits in the unit that keeps them below 1000, as `12.3 µs`. Whole
 * nanoseconds below 1 µs, and whole seconds from 1000 s on.
 *
 * @param value nanoseconds; may be a fraction (a mean) or negative (a difference)
 */
export function formatNs(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  if (Number.isInteger(size) && size < NS_PER_US) return `${size === 0 ? '' : sign}${size} ns`;
  for (const { scale, name } of STEPS) {
    const text = (size / scale).toPrecision(3);
    if (Number(text) < 1000) return `${sign}${text} ${name}`;
  }
  const seconds = size / NS_PER_S;
  return `${sign}${seconds < 999.5 ? seconds.toPrecision(3) : Math.round(seconds)} s`;
}

/** A size in 10^9 bytes with three significant digits, as `17.2 GB`. */
export function formatGigabytes(bytes: number): string {
  return `${(bytes / GIGA).toPrecision(3)} GB`;
}

/** Units that count things, as they are named of one. */
const ONE: ReadonlyMap<string, string> = new Map([
  ['VFs', 'VF'],
  ['VMs', 'VM'],
  ['such VMs', 'such VM'],
  ['hosts', 'host'],
  ['queues', 'queue'],
  ['channels', 'channel'],
  ['moves at once', 'move at once'],
]);

/** A unit as it is named of a number: `1 VF`, `2 VFs`, `1 ms`, `2 ms`. */
export function unitOf(value: number, unit: string): string {
  return value === 1 ? (ONE.get(unit) ?? unit) : unit;
}

/** A number of things, as `1 VM` and `2 VMs`. @param many default: the one with an s */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
