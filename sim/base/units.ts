/**
 * Units of time. Everything in the model is in whole nanoseconds; other units exist at the borders.
 */
import { bug } from './bug.ts';

declare const unit: unique symbol;

/** A whole number of nanoseconds, not negative. Doubles hold it exactly up to 2^53, about 104 days. */
export type Ns = number & { readonly [unit]: 'ns' };

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

/** Brands a number of nanoseconds. It must be a whole number from 0 to 2^53 - 1. */
export function ns(value: number): Ns {
  if (!Number.isSafeInteger(value) || value < 0) bug('NS_RANGE', value);
  return value as Ns;
}

/** Microseconds, to the nearest nanosecond. */
export function us(value: number): Ns {
  return ns(Math.round(value * NS_PER_US));
}

/** Milliseconds, to the nearest nanosecond. */
export function ms(value: number): Ns {
  return ns(Math.round(value * NS_PER_MS));
}

/** Seconds, to the nearest nanosecond. */
export function s(value: number): Ns {
  return ns(Math.round(value * NS_PER_S));
}

const STEPS = [
  { scale: 1, name: 'ns' },
  { scale: NS_PER_US, name: 'µs' },
  { scale: NS_PER_MS, name: 'ms' },
] as const;

/**
 * A duration for people: three significant digits in the unit that keeps them below 1000, as `12.3 µs`. Whole
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
