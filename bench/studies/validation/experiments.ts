/**
 * The experiments that published tables may tell of: what goes in, what comes out, and the model of it.
 */
import type { z } from 'zod';

import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { MOVE_OUTPUTS, moveExperimentSchema, runMoveExperiment } from '../../../sim/memory/experiment.ts';
import {
  hpreExperimentSchema,
  runHpreExperiment,
  runSecExperiment,
  runZipExperiment,
  secExperimentSchema,
  zipExperimentSchema,
} from '../../../sim/workload/published/experiments.ts';
import { readProfile } from '../../io/profiles.ts';
/** Modelled outputs by name. */
type Outputs = Readonly<Record<string, number | undefined>>;

export interface Experiment {
  readonly title: string;
  readonly schema: z.ZodType;
  readonly outputs: readonly string[];
  /** The model with every parameter at one end of its range. */
  run(inputs: unknown, end: RangeEnd): Outputs;
}

/** Ties a model to its schema, so that it gets what the schema let through. */
function experiment<T extends z.ZodType>(
  title: string,
  schema: T,
  outputs: readonly string[],
  model: (inputs: z.output<T>, end: RangeEnd) => Outputs,
): Experiment {
  return { title, schema, outputs, run: (inputs, end) => model(schema.parse(inputs), end) };
}

export const EXPERIMENTS = {
  'vm-move': experiment('a VM moves from host to host', moveExperimentSchema, MOVE_OUTPUTS, (inputs, end) =>
    runMoveExperiment(inputs, inputs.profile === undefined ? undefined : readProfile(inputs.profile), end),
  ),
  'zip-throughput': experiment(
    'one process compresses blocks, some in flight',
    zipExperimentSchema,
    ['megabytesPerSecond'],
    runZipExperiment,
  ),
  'sec-throughput': experiment(
    'threads encrypt or hash, each with its queue',
    secExperimentSchema,
    ['millionsPerSecond'],
    runSecExperiment,
  ),
  'rsa-throughput': experiment(
    'RSA-2048, with and without HPRE',
    hpreExperimentSchema,
    ['perSecond'],
    runHpreExperiment,
  ),
} as const satisfies Readonly<Record<string, Experiment>>;
