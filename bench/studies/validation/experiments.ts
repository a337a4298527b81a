/**
 * The experiments that published tables may tell of: what goes in, what comes out, and the model of it.
 */
import type { z } from 'zod';

import { type Draws, intervalOf, type Spread } from '../../../sim/base/draws.ts';
import { mapValues } from '../../../sim/base/keys.ts';
import { drawnFigures, drawnParameters, type ParameterSpreads } from '../../../sim/memory/evidence.ts';
import { DATA_AT_END_SHARE } from '../../../sim/memory/layout.ts';
import {
  MOVE_OUTPUTS,
  type MoveExperiment,
  moveExperimentSchema,
  runMoveExperiment,
} from '../../../sim/memory/experiment.ts';
import {
  hpreExperimentSchema,
  runHpreExperiment,
  runSecExperiment,
  runZipExperiment,
  secExperimentSchema,
  zipExperimentSchema,
} from '../../../sim/workload/published/experiments.ts';
import type { ParameterEnd } from '../../../sim/workload/published/parameter.ts';
import { readProfile } from '../../io/profiles.ts';

/** Modelled outputs by name, with their 80 % intervals. */
export type Outputs = Readonly<Record<string, Spread>>;

/** What a prediction may rest on. */
export interface Grounds {
  readonly parameters: ParameterSpreads;
  readonly draws: Draws;
}

export interface Experiment {
  readonly title: string;
  readonly schema: z.ZodType;
  readonly outputs: readonly string[];
  predict(inputs: unknown, grounds: Grounds): Outputs;
}

/** Ties a model to its schema, so that it gets what the schema let through. */
function experiment<T extends z.ZodType>(
  title: string,
  schema: T,
  outputs: readonly string[],
  model: (inputs: z.output<T>, grounds: Grounds) => Outputs,
): Experiment {
  return { title, schema, outputs, predict: (inputs, grounds) => model(schema.parse(inputs), grounds) };
}

function predictMove(inputs: MoveExperiment, { parameters, draws }: Grounds): Outputs {
  const profile = inputs.profile === undefined ? undefined : readProfile(inputs.profile);
  const drawn: Record<string, number[]> = {};
  for (let draw = 0; draw < draws.count; draw++) {
    const outputs = runMoveExperiment(inputs, {
      parameters: drawnParameters(parameters, draws, draw),
      figures: profile === undefined ? undefined : drawnFigures(profile, draws, draw),
      windowPhase: draws.uniform('windowPhase', draw),
      dataAtEnd: draws.uniform('dataAtEnd', draw) < DATA_AT_END_SHARE,
    });
    for (const [name, value] of Object.entries(outputs)) (drawn[name] ??= []).push(value);
  }
  return mapValues(drawn, intervalOf);
}

type Throughput = Readonly<Record<string, number>>;

/** A model of throughput with its parameters at both ends, which hold its value between them. */
function ends(run: (end: ParameterEnd) => Throughput): Outputs {
  const [low, high] = [run('short'), run('long')];
  return mapValues(run('point'), (value, name) => {
    const all = [value, low[name] ?? value, high[name] ?? value];
    return { value, low: Math.min(...all), high: Math.max(...all) };
  });
}

export const EXPERIMENTS = {
  'vm-move': experiment('a VM moves from host to host', moveExperimentSchema, MOVE_OUTPUTS, predictMove),
  'zip-throughput': experiment(
    'one process compresses blocks, some in flight',
    zipExperimentSchema,
    ['megabytesPerSecond'],
    (inputs) => ends((end) => runZipExperiment(inputs, end)),
  ),
  'sec-throughput': experiment(
    'threads encrypt or hash, each with its queue',
    secExperimentSchema,
    ['millionsPerSecond'],
    (inputs) => ends((end) => runSecExperiment(inputs, end)),
  ),
  'rsa-throughput': experiment('RSA-2048, with and without HPRE', hpreExperimentSchema, ['perSecond'], (inputs) =>
    ends((end) => runHpreExperiment(inputs, end)),
  ),
} as const satisfies Readonly<Record<string, Experiment>>;
