/**
 * Sizes and times as people write them: `64GiB`, `300ms`. Plain numbers are bytes and nanoseconds.
 */
import { z } from 'zod';
import { GIB, GIGA, KIB, KILO, MEGA, MIB, NS_PER_MS, NS_PER_S, NS_PER_US, TIB } from './units.ts';

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: KILO,
  MB: MEGA,
  GB: GIGA,
  TB: 1000 * GIGA,
  KiB: KIB,
  MiB: MIB,
  GiB: GIB,
  TiB: TIB,
};

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: NS_PER_US,
  µs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_S,
  min: 60 * NS_PER_S,
  h: 3600 * NS_PER_S,
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
