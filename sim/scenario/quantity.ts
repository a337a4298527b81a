/**
 * Sizes and times as people write them: `64GiB`, `300ms`. Plain numbers are bytes and nanoseconds.
 */
import { z } from 'zod';

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  h: 3600e9,
};

/** The number that a text stands for, or NaN for one that is no such quantity. */
function quantity(text: string, units: Readonly<Record<string, number>>): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(\D+)$/.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit]! : Number.NaN;
  return number === '' ? Number.NaN : Number(number) * factor;
}

function schemaOf(units: Readonly<Record<string, number>>, plain: string, example: string) {
  const allowed = `a number of ${plain}, or one with a unit (${Object.keys(units).join(', ')}), such as ${example}`;
  return z
    .union([z.number(), z.string()])
    .refine((value) => (typeof value === 'number' ? value >= 0 : quantity(value, units) >= 0), {
      message: `allowed is ${allowed}`,
    })
    .transform((value) => (typeof value === 'number' ? value : quantity(value, units)));
}

/** A size, in bytes. */
export const bytes = schemaOf(BYTES, 'bytes', '64GiB');

/** A time, in ns. */
export const duration = schemaOf(NANOSECONDS, 'nanoseconds', '300ms');
