/**
 * The three models as experiments: inputs as a published table states them, and the throughput that comes out.
 */
import { z } from 'zod';
import { HPRE_PARAMETERS, hpreParameters, predictHpre } from './hpre.ts';
import type { ModelParameter, ParameterEnd } from './parameter.ts';
import { predictSec, SEC_PARAMETERS, secParameters } from './sec.ts';
import { predictZip, ZIP_PARAMETERS, zipParameters } from './zip.ts';

const count = z.int().positive().optional();

export const zipExperimentSchema = z.strictObject({
  sva: z.boolean(),
  queues: z.int().positive(),
  batch: z.int().positive(),
  blockBytes: count,
  pagesTouched: z.boolean().optional(),
  totalBytes: z.number().positive().optional(),
  processes: count,
});

export const secExperimentSchema = z.strictObject({
  operation: z.enum(['cipher', 'sha512']),
  bytes: z.int().positive(),
  mode: z.enum(['sync', 'async']),
  threads: z.int().positive(),
  contexts: count,
  lock: z.enum(['spinlock', 'mutex', 'none']).optional(),
});

export const hpreExperimentSchema = z.strictObject({
  operation: z.enum(['sign', 'verify']),
  engine: z.enum(['cpu', 'hpre']),
  per: z.enum(['cpu', 'wall']),
  threads: count,
});

/** Inputs without those that are not given. */
type Given<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

function given<T extends object>(inputs: T): Given<T> {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined)) as Given<T>;
}

type Throughput = Readonly<Record<string, number>>;

export function runZipExperiment(inputs: z.output<typeof zipExperimentSchema>, end: ParameterEnd): Throughput {
  return { megabytesPerSecond: predictZip(given(inputs), zipParameters(end)).value };
}

export function runSecExperiment(inputs: z.output<typeof secExperimentSchema>, end: ParameterEnd): Throughput {
  return { millionsPerSecond: predictSec(given(inputs), secParameters(end)).value };
}

export function runHpreExperiment(inputs: z.output<typeof hpreExperimentSchema>, end: ParameterEnd): Throughput {
  return { perSecond: predictHpre(given(inputs), hpreParameters(end)).value };
}

/** Every parameter of the three models, by name as in `zip.loneNs`. */
export const PUBLISHED_PARAMETERS: Readonly<Record<string, ModelParameter>> = Object.fromEntries(
  Object.entries({ zip: ZIP_PARAMETERS, sec: SEC_PARAMETERS, hpre: HPRE_PARAMETERS }).flatMap(([model, parameters]) =>
    Object.entries(parameters).map(([name, parameter]): [string, ModelParameter] => [`${model}.${name}`, parameter]),
  ),
);
