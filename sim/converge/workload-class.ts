/**
 * Classes of workloads: how the memory, the vCPUs and the writing of guests are distributed. The table is `classes.yaml`; a
 * question may add its own.
 */
import { z } from 'zod';

import { bytes, duration } from '../base/quantity.ts';

/** Where a class comes from. */
const CLASS_BASES = ['published', 'derived', 'assumed'] as const;

function range(value: z.ZodType<number>, what: string) {
  return z
    .tuple([value, value])
    .refine(([low, high]) => low > 0 && high >= low, { error: 'allowed is [low, high], above 0, the lower first' })
    .describe(`${what}: the lowest and the highest, drawn evenly over the logarithm.`);
}

const share = z.number().positive().max(1);
const rate = z.number().positive().max(1000);

const rateOf = (what: string) =>
  range(rate, `Memory that ${what} writes per second, as a share of what the stream carries`);

const extraSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('always').describe('It is written all the time.'),
      set: range(share, 'Its size, as a share of memory in use'),
      rate: rateOf('it'),
    }),
    z.strictObject({
      kind: z.literal('cycle').describe('It is written in a part of each period: a phase, a burst.'),
      every: range(duration, 'Period'),
      share: range(share, 'Part of the period in which it is written'),
      set: range(share, 'Its size, as a share of memory in use'),
      rate: rateOf('it'),
    }),
  ])
  .describe('A second set of pages; the move starts anywhere in its cycle.');

export const workloadClassSchema = z
  .strictObject({
    title: z.string().min(1).describe('What such a guest does.'),
    memory: range(bytes, 'Memory of the VM'),
    used: range(share, 'Share of it that holds data; the rest are pages of zeros'),
    vcpus: range(z.number().min(1).max(4096), 'vCPUs'),
    writers: range(share, 'Share of the vCPUs that write, one at least'),
    rate: rateOf('the first set').optional(),
    pagesPerSecond: range(
      z.number().positive(),
      'Pages of the first set written per second, in place of rate',
    ).optional(),
    set: range(share, 'Size of the first set, as a share of memory in use'),
    extra: extraSchema.optional(),
    record: z
      .string()
      .optional()
      .describe('A CSV file of seconds,bytesPerSecond: the first set is written at that rate, from anywhere in it.'),
    basis: z.enum(CLASS_BASES).describe('Where the ranges come from.'),
    source: z.string().min(1).describe('The source, or what was assumed.'),
  })
  .refine(
    ({ rate: own, pagesPerSecond, record }) =>
      (own === undefined) !== (pagesPerSecond === undefined) || (own === undefined && record !== undefined),
    {
      error: 'allowed is one of rate and pagesPerSecond, or a record with or without rate',
      path: ['rate'],
    },
  );

export type WorkloadClass = z.output<typeof workloadClassSchema>;

export const workloadsSchema = z.strictObject({
  classes: z.record(z.string().min(1), workloadClassSchema),
});

/** A recorded rate: `bytesPerSecond[i]` holds from `timesNs[i]` on; the last as long as the one before it. */
export interface RateRecord {
  readonly timesNs: readonly number[];
  readonly bytesPerSecond: readonly number[];
}

/** A class as a worker is given it: with its record, and its place among all streams of random numbers. */
export interface PlayedClass extends WorkloadClass {
  readonly name: string;
  readonly rates?: RateRecord;
  /** Whether rates of the record are as they were recorded; else `rate` is their mean, as a share of the stream. */
  readonly isAbsolute?: boolean;
}
