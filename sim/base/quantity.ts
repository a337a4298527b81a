/**
 * Sizes and times as input files say them: `64GiB`, `300ms`. A number without a unit is refused, since it would be read as
 * bytes or nanoseconds where QEMU's `downtime-limit` is in milliseconds; only 0 needs no unit.
 */
import { z } from 'zod';
import { keysOf } from './keys.ts';
import { GIB, GIGA, KIB, KILO, MEGA, MIB, NS_PER_MS, NS_PER_S, NS_PER_US, TIB } from './units.ts';

const BYTES = {
  B: 1,
  kB: KILO,
  MB: MEGA,
  GB: GIGA,
  TB: 1000 * GIGA,
  KiB: KIB,
  MiB: MIB,
  GiB: GIB,
  TiB: TIB,
} as const;

const NANOSECONDS = {
  ns: 1,
  us: NS_PER_US,
  µs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_S,
  min: 60 * NS_PER_S,
  h: 3600 * NS_PER_S,
} as const;

export type SizeUnit = keyof typeof BYTES;
export type TimeUnit = keyof typeof NANOSECONDS;

type Units = Readonly<Record<string, number>>;

/** Whole bytes and nanoseconds are exact in a double up to this: 8 PiB, 104 days. */
const QUANTITY_MAX = Number.MAX_SAFE_INTEGER;

/** The number that a text stands for, or NaN for one that is no such quantity. */
function quantity(text: string, units: Units): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(\D+)$/.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit]! : Number.NaN;
  return number === '' ? Number.NaN : Number(number) * factor;
}

/** `64GiB`, `300ms`: exactly that many, in the largest unit that leaves a whole number. */
function exactText(value: number, names: readonly string[], units: Units): string {
  const name = names.findLast((each) => Number.isInteger(value / units[each]!) && value !== 0) ?? names[0]!;
  return `${value / units[name]!}${name}`;
}

/** A time as input files write it, exactly. @param ns nanoseconds */
export function durationText(ns: number): string {
  return exactText(ns, ['ns', 'us', 'ms', 's', 'min', 'h'], NANOSECONDS);
}

/** A size as input files write it, exactly. */
export function sizeText(bytes: number): string {
  return exactText(bytes, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], BYTES);
}

/**
 * The readings of a number without a unit.
 *
 * @param usual the unit in which other software has such a field
 * @param plain the unit in which version 1 of the formats read it
 * @returns `[as now, as then]`, the reading that is likely meant first
 */
function readings(value: number, usual: string, plain: string, units: Units): readonly [string, string] {
  const usually = `${value}${usual}`;
  const plainly = `${value}${plain}`;
  // A count of the small unit that makes one or more of the usual one was likely meant so.
  return value >= units[usual]! ? [plainly, usually] : [usually, plainly];
}

/** What a message says of a refused number without a unit; {@link parseDocument} reads it out of the issue. */
export interface BareNumber {
  /** What it is and both readings, as a question. */
  readonly question: string;
  /** The readings, each as a file would write it, the likely one first. */
  readonly readings: readonly [string, string];
  /** In which unit version 1 read it. */
  readonly plain: string;
}

/** Kinds of quantities that need a unit, as the schemas mark them for {@link withUnits}; `plain` as version 1 read them. */
const QUANTITY_KINDS = {
  size: { units: BYTES, plain: 'B' },
  time: { units: NANOSECONDS, plain: 'ns' },
} as const satisfies Readonly<Record<string, { readonly units: Units; readonly plain: string }>>;
export type QuantityKind = keyof typeof QUANTITY_KINDS;

export const SIZE_UNITS = keysOf(BYTES);
export const TIME_UNITS = keysOf(NANOSECONDS);

/**
 * The readings of a number without a unit.
 *
 * @param usual the unit in which other software has such a field
 */
export function bareNumber(kind: QuantityKind, value: number, usual: string): BareNumber {
  const { units, plain } = QUANTITY_KINDS[kind];
  const two = readings(value, usual, plain, units);
  const question = `a ${kind} without a unit: ${two.map((text) => text.replace(/(?<=\d)(?=[a-zA-Z])/, ' ')).join(' or ')}?`;
  return { question, readings: two, plain };
}

function schemaOf(what: QuantityKind, usual: string, example: string) {
  const units: Units = QUANTITY_KINDS[what].units;
  const allowed = `allowed is a number with a unit (${Object.keys(units).join(', ')}), such as ${example}`;
  return z
    .union([z.number(), z.string()], { error: allowed })
    .superRefine((value, context) => {
      if (typeof value === 'number' && value > 0) {
        const bare = bareNumber(what, value, usual);
        context.addIssue({ code: 'custom', message: bare.question, continue: false, params: { bareNumber: bare } });
        return;
      }
      const number = typeof value === 'number' ? value : quantity(value, units);
      if (!(number >= 0)) context.addIssue({ code: 'custom', message: allowed, continue: false });
      else if (number > QUANTITY_MAX) {
        context.addIssue({ code: 'custom', message: `allowed is at most ${largest(units)}`, continue: false });
      }
    })
    .transform((value) => (typeof value === 'number' ? value : quantity(value, units)))
    .meta({
      quantity: what,
      usualUnit: usual,
      description: `A ${what} with its unit, such as ${example}; only 0 needs none.`,
      pattern: patternOf(units),
      minimum: 0,
      maximum: 0,
    });
}

/** What {@link quantity} takes, for JSON Schema. */
function patternOf(units: Units): string {
  return String.raw`^\s*\d+(?:\.\d+)? ?(?:${Object.keys(units).join('|')})\s*$`;
}

function largest(units: Units): string {
  return units === BYTES ? '8PiB, up to which bytes are exact' : '104 days (2501h), up to which nanoseconds are exact';
}

/** A size, in bytes. */
export const bytes = schemaOf('size', 'GiB', '64GiB');

/** A size that other software counts in that unit, in bytes. */
export function bytesIn(usual: SizeUnit) {
  return schemaOf('size', usual, usual === 'KiB' ? '4KiB' : '64GiB');
}

/** A time, in ns; other software has such fields in milliseconds, as QEMU its downtime-limit. */
export const duration = schemaOf('time', 'ms', '300ms');

/** A time that other software has in that unit, in ns. */
export function durationIn(usual: TimeUnit) {
  return schemaOf('time', usual, usual === 's' ? '60s' : `20${usual}`);
}

/** A rate whose field has the unit in its name: a number of bytes per second, or a size such as `128MiB`. */
export const byteRate = z
  .union([z.number(), z.string()])
  .superRefine((value, context) => {
    const number = typeof value === 'number' ? value : quantity(value, BYTES);
    if (number >= 0 && number <= QUANTITY_MAX) return;
    context.addIssue({
      code: 'custom',
      message: `allowed is a number of bytes, or a size (${Object.keys(BYTES).join(', ')}), such as 128MiB`,
    });
  })
  .transform((value) => (typeof value === 'number' ? value : quantity(value, BYTES)))
  .meta({
    description: 'A number of bytes per second, or a size such as 128MiB.',
    pattern: patternOf(BYTES),
    minimum: 0,
    maximum: QUANTITY_MAX,
  });
