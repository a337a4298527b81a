/**
 * A figure: a number with its unit and its kind, which says where it comes from; the letters that mark kinds in tables, and
 * the legend of them.
 */
import { z } from 'zod';
import { keysOf } from '../../sim/base/keys.ts';

/** Where a number comes from, in the words of the legend. */
export const FIGURE_KINDS = {
  exact: 'counted in the virtual world; equal on every machine',
  measured: 'wall time on this machine; the range is the interquartile range',
  ratio: 'measured, divided by a floor measured in the same run',
  modelled: 'follows from cost parameters; the range follows from their ranges',
} as const;

/** What `modelled` means where ranges are intervals of draws. */
export const INTERVAL_WORDS = 'follows from parameters; the range holds 80 of 100 seeded draws of them';

export type FigureKind = keyof typeof FIGURE_KINDS;

const figureKind = z.enum(keysOf(FIGURE_KINDS));

/** A figure with nothing in it that is not known. */
export const strictFigureSchema = z
  .strictObject({
    value: z.number(),
    unit: z.string().min(1),
    kind: figureKind,
    low: z.number().optional(),
    high: z.number().optional(),
    samples: z.array(z.number()).optional(),
  })
  .refine((f) => (f.low ?? f.value) <= f.value && f.value <= (f.high ?? f.value), {
    message: 'a value lies between its low and its high',
  })
  .describe('A number with its unit and its kind; a value lies between its low and its high.');

export type Figure = z.infer<typeof strictFigureSchema>;

/** A figure as pages read it, whatever else a document says of it. */
export const figureSchema: z.ZodType<Figure> = z.object({
  value: z.number(),
  unit: z.string(),
  kind: figureKind,
  low: z.number().optional(),
  high: z.number().optional(),
});

/** One letter per kind, under the title of each column. */
export const KIND_MARK: Readonly<Record<FigureKind, string>> = { exact: 'E', measured: 'M', ratio: 'R', modelled: 'P' };

/** What the letters mean, of all kinds or of those that occur. */
export function legend(kinds: readonly FigureKind[] = keysOf(KIND_MARK)): string {
  return kinds.map((kind) => `[${KIND_MARK[kind]}] ${kind}: ${FIGURE_KINDS[kind]}`).join('\n');
}

/** What the letters mean in a document that says it itself. */
export function legendOf(kinds: Readonly<Partial<Record<FigureKind, string>>>): string {
  return keysOf(kinds)
    .map((kind) => `[${KIND_MARK[kind]}] ${kind}: ${kinds[kind]}`)
    .join('\n');
}
