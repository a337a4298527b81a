/**
 * A platform of a user: values and ranges of parameters that stand in place of the shipped ones. `stopcopy fit` writes such a
 * file; docs/published-tables.md explains its fields.
 */
import { z } from 'zod';

import { formatVersion } from '../base/format-version.ts';
import { keysOf } from '../base/keys.ts';
import { VMM_PARAMETER } from './parameters.ts';
import { CPU_CLASS_NAMES, type CpuClass, type OwnSpreads } from './platform.ts';
import { LAYOUTS } from './layout.ts';

export const PLATFORM_FORMAT = 'stopcopy-platform';

const positive = z.number().positive();
const spread = { value: positive, low: positive, high: positive };
const rows = z.array(z.string().min(1));

const parameter = z
  .strictObject({
    name: z.enum(keysOf(VMM_PARAMETER)),
    ...spread,
    unit: z.string().optional(),
    /** The value and the range that it stands in place of. */
    shipped: z.strictObject(spread).optional(),
    /** The rows that decide it, those that say most of it first. */
    rows: rows.optional(),
  })
  .refine(({ value, low, high }) => low <= value && value <= high, 'allowed is low <= value <= high');

/** A figure of a measured row: published, and modelled. */
const comparedFigure = z.strictObject({
  figure: z.string(),
  measured: positive,
  /** With the shipped parameters, and with those of the platform. */
  before: positive,
  after: positive,
  /** With those that a fit of all other rows gives; left out: there are fewer than three rows. */
  leftOut: positive.optional(),
});

/** A factor about 1 in which 80 of 100 cases lie: `1.2` says from a 1.2th to 1.2 times. */
const factor = z.number().min(1);
const reach = z.strictObject({ downtime: factor, total: factor });

export const platformSchema = z.strictObject({
  format: z.literal(PLATFORM_FORMAT),
  version: formatVersion(PLATFORM_FORMAT),
  stopcopy: z.string().optional(),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  title: z.string().min(1).optional(),
  /** The files that it rests on. */
  tables: z.array(z.strictObject({ file: z.string(), id: z.string(), rows: z.int().min(1) })).optional(),
  /** Class of the cores, and release of QEMU, where all rows agree. */
  cpu: z.enum(CPU_CLASS_NAMES).optional(),
  qemu: positive.optional(),
  /** What the last pages of memory hold, where no row states it and the figures decide. */
  layout: z.enum(LAYOUTS).optional(),
  parameters: z.array(parameter),
  /** What the model lacks of the downtime of a kind of move: `run` and `plan` do not apply it. */
  unexplained: z
    .array(z.strictObject({ moves: z.string(), factor: positive, low: positive, high: positive }))
    .optional(),
  rows: z.array(z.strictObject({ row: z.string(), figures: z.array(comparedFigure) })).optional(),
  /** Moves that would make known best what a standard move takes, the best first. */
  next: z
    .strictObject({
      standard: z.string(),
      /** How well the standard move is known now. */
      known: reach,
      moves: z.array(z.strictObject({ change: z.string(), known: reach })),
    })
    .optional(),
});

export type PlatformFile = z.output<typeof platformSchema>;

/** What stands in place of shipped parameters, with the name that results give it. */
export interface OwnPlatform {
  readonly id: string;
  /** Class of the cores, where no scenario states one. */
  readonly cpu: CpuClass | undefined;
  readonly spreads: OwnSpreads;
}

export function ownPlatform({ id, cpu, parameters }: PlatformFile): OwnPlatform {
  const spreads = Object.fromEntries(parameters.map(({ name, value, low, high }) => [name, { value, low, high }]));
  return { id, cpu, spreads };
}
