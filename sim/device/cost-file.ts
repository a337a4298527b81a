/**
 * A cost table that was measured: figures of a device that stand in place of the assumed ones. `stopcopy calibrate` writes such a
 * file; docs/import.md explains it.
 */
import { z } from 'zod';

import { formatVersion } from '../base/format-version.ts';
import { keysOf } from '../base/keys.ts';
import { formatNs } from '../base/units.ts';
import { COST, type Cost, type CostName, type MeasuredTable } from './costs.ts';

export const COSTS_FORMAT = 'stopcopy-costs';

const ns = z.number().positive();

const costRow = z
  .strictObject({
    /** Nominal value. */
    ns,
    min: ns,
    max: ns,
    /** `measured`: the trace identifies it; `bounded`: it only says in which range it is. */
    from: z.enum(['measured', 'bounded']),
    /** How often it was seen. */
    samples: z.int().min(1),
    source: z.string().min(1),
  })
  .refine((each) => each.min <= each.ns && each.ns <= each.max, 'allowed is min <= ns <= max');

const step = z.strictObject({
  step: z.string(),
  times: z.int().min(1),
  medianNs: z.number().min(0),
  minNs: z.number().min(0),
  maxNs: z.number().min(0),
  /** Reads of its poll, the median. */
  polls: z.number().min(0).optional(),
  /** True: from a gap, in which there may be more than the step. */
  atMost: z.boolean().optional(),
});

const arc = z.strictObject({
  /** State that it leads to. */
  to: z.string(),
  /** Generation of the driver that takes it so. */
  driver: z.string(),
  /** As the trace has it, the median. */
  seenNs: z.number().min(0),
  /** As this table has it, nominal, and with all costs at their low and their high ends. */
  nominalNs: z.number().min(0),
  lowNs: z.number().min(0),
  highNs: z.number().min(0),
});

export const costFileSchema = z.strictObject({
  format: z.literal(COSTS_FORMAT),
  version: formatVersion(COSTS_FORMAT),
  stopcopy: z.string().optional(),
  name: z.string().regex(/^[a-zA-Z0-9][\w.-]*$/, 'letters, digits, hyphens, dots and underscores'),
  /** The files that it rests on. */
  traces: z.array(z.string()).optional(),
  costs: z.partialRecord(z.enum(keysOf(COST)), costRow),
  /** Steps as they were seen, with all that is in them. */
  steps: z.array(step).optional(),
  /** State changes that were seen, and what they take with these costs. */
  arcs: z.array(arc).optional(),
});
export type CostFile = z.output<typeof costFileSchema>;
export type MeasuredCost = z.output<typeof costRow>;
export type MeasuredStep = z.output<typeof step>;
export type OwnArc = z.output<typeof arc>;

/** A table as it is taken into use. To be called before it is: its notes compare it with the shipped rows. */
export function measuredTableOf(table: CostFile): MeasuredTable {
  return { name: table.name, notes: [rowsNote(table), ...arcNotes(table)], rows: rowsOf(table) };
}

function rowsOf({ name, costs }: CostFile): MeasuredTable['rows'] {
  const rows: Partial<Record<CostName, Cost>> = {};
  for (const cost of keysOf(COST)) {
    const row = costs[cost];
    if (row === undefined) continue;
    const { ns: nominal, min, max, from, source } = row;
    const why = `${from === 'measured' ? 'measured' : 'a range'} in the cost table ${name}`;
    rows[cost] = { ns: nominal, min, max, from, source, why };
  }
  return rows;
}

/** Which rows it measured, which it only bounds, and how many are as shipped. */
function rowsNote({ costs }: CostFile): string {
  const names = keysOf(COST).filter((name) => costs[name] !== undefined);
  const of = (isOne: (name: CostName) => boolean): string => names.filter(isOne).join(', ');
  const isMeasured = (name: CostName): boolean => costs[name]!.from === 'measured';
  const isShipped = (name: CostName): boolean => costs[name]!.ns === COST[name].ns;
  const parts = [
    ['Measured', of(isMeasured)],
    ['bounded, nominal as shipped', of((name) => !isMeasured(name) && isShipped(name))],
    ['bounded, nominal within the range', of((name) => !isMeasured(name) && !isShipped(name))],
  ].flatMap(([how, which]) => (which === '' ? [] : [`${how}: ${which}`]));
  const rest = keysOf(COST).length - names.length;
  return `${[...parts, `as shipped: the other ${rest}`].join('; ')}.`;
}

/** Off by more than this share, a table does not reproduce what it was made of. */
const ARC_SHARE_MAX = 0.25;

/** State changes of its own trace that a table does not come to, in one sentence; nothing where there are none. */
export function arcNotes({ arcs = [] }: Pick<CostFile, 'arcs'>): readonly string[] {
  const off = arcs.filter(({ seenNs, nominalNs }) => Math.abs(nominalNs - seenNs) > ARC_SHARE_MAX * seenNs);
  if (off.length === 0) return [];
  const phrases = off.map(({ to, driver, seenNs, nominalNs, lowNs, highNs }) => {
    const why = lowNs <= seenNs && seenNs <= highNs ? 'a bounded cost is not nominal' : 'something else is in it';
    const modelled = `${formatNs(nominalNs)} (${formatNs(lowNs)} to ${formatNs(highNs)}) with these costs and the driver of ${driver}`;
    return `the arc to ${to} took ${formatNs(seenNs)}, and takes ${modelled}: ${why}`;
  });
  return [`The table does not reproduce its own trace: ${phrases.join('; ')}.`];
}
