/**
 * A cost table that was measured: figures of a device that stand in place of the assumed ones. `stopcopy calibrate` writes such a
 * file; docs/import.md explains it.
 */
import { z } from 'zod';

import { formatVersion } from '../base/format-version.ts';
import { keysOf } from '../base/keys.ts';
import { COST, type Cost, type CostName } from './costs.ts';

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
});
export type CostFile = z.output<typeof costFileSchema>;
export type MeasuredCost = z.output<typeof costRow>;
export type MeasuredStep = z.output<typeof step>;

/** Rows of the cost table that a file brings. */
export function measuredRows({ name, costs }: CostFile): Readonly<Partial<Record<CostName, Cost>>> {
  const rows: Partial<Record<CostName, Cost>> = {};
  for (const cost of keysOf(COST)) {
    const row = costs[cost];
    if (row === undefined) continue;
    const { ns: nominal, min, max, from, source } = row;
    const why = `${from === 'measured' ? 'measured' : 'a range'} in the cost table ${name}`;
    rows[cost] = { ns: nominal, min, max, from: 'measured', source, why };
  }
  return rows;
}
