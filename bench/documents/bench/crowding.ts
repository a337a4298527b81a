/**
 * A machine that was crowded while something was measured on it, as documents have it and in words.
 */
import { z } from 'zod';

import { figureSchema, type Figure } from '../../show/figure.ts';
import { percent } from '../../show/format.ts';

/** By what a machine was noticed to be crowded, in words. */
const SEEN = {
  load: (value: number) => `the load average was ${value.toPrecision(2)} for each processor before it began`,
  others: (value: number) => `other programs took ${percent(value)} of the processors' time`,
  stolen: (value: number) => `other virtual machines took ${percent(value)} of the processors' time`,
  pingPong: (value: number) => `two threads met ${value.toPrecision(2)} times as slowly as they can here`,
} as const satisfies Readonly<Record<string, (value: number) => string>>;

const CROWDING_KINDS = ['load', 'others', 'stolen', 'pingPong'] as const satisfies readonly (keyof typeof SEEN)[];

export interface Crowding {
  readonly by: keyof typeof SEEN;
  /** Share of time, or a ratio. */
  readonly seen: Figure;
  /** Beyond which it is reported. */
  readonly limit: number;
}

export const crowdingSchema: z.ZodType<Crowding> = z.looseObject({
  by: z.enum(CROWDING_KINDS),
  seen: figureSchema,
  limit: z.number(),
});

/** One sentence; null: nothing was noticed. */
export function crowdingSentence(crowded: readonly Crowding[] | undefined): string | null {
  if (crowded === undefined || crowded.length === 0) return null;
  const seen = crowded.map(({ by, seen: { value } }) => SEEN[by](value));
  return `This machine was crowded: ${seen.join('; ')}. Figures that are measured hold for a machine in such a state; measure again when it is quiet.`;
}
