/**
 * The experiments that published tables may hold: what goes in, what comes out, and the model of it.
 */
import type { z } from 'zod';

import { type Draws, intervalOf, type Spread } from '../../../sim/base/draws.ts';
import { isKeyOf, mapValues } from '../../../sim/base/keys.ts';
import { drawnFigures, drawnParameters, type ParameterSpreads } from '../../../sim/memory/evidence.ts';
import {
  DEVICE_WORK_OUTPUTS,
  type DeviceWorkExperiment,
  deviceWorkSchema,
  runDeviceWork,
} from '../../../sim/memory/device-work-experiment.ts';
import {
  MOVE_OUTPUTS,
  type MoveExperiment,
  moveExperimentSchema,
  runMoveExperiment,
} from '../../../sim/memory/experiment.ts';
import { cpuClassesOf } from '../../../sim/memory/platform.ts';
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
  /** The lab that is to be predicted, whose measurements are left out; undefined: none. */
  readonly without: string | undefined;
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

/**
 * A measurement repeated with equal inputs is so many times the other at most: 12 % between the ends for a downtime (table
 * multifd), hardly 3 % for what lasts seconds (rows 2 and 3 of table iaa-v4-v6). No prediction is closer than that.
 */
const REPEATS = { downtimeMs: 1.06, totalMs: 1.015, wireMbitPerSecond: 1.015, memoryMibPerSecond: 1.015 } as const;

function repeated(name: string, value: number, share: number): number {
  return isKeyOf(REPEATS, name) ? value * REPEATS[name] ** (2 * share - 1) : value;
}

function predictMove(given: MoveExperiment, { parameters, draws, without }: Grounds): Outputs {
  const isUnknown = given.cpu !== undefined && without !== undefined && cpuClassesOf(without).includes(given.cpu);
  const inputs = isUnknown ? { ...given, cpu: undefined } : given;
  const profile = inputs.profile === undefined ? undefined : readProfile(inputs.profile);
  const drawn: Record<string, number[]> = {};
  for (let draw = 0; draw < draws.count; draw++) {
    const outputs = runMoveExperiment(inputs, {
      parameters: drawnParameters(parameters, draws, draw),
      figures: profile === undefined ? undefined : drawnFigures(profile, draws, draw, without),
      windowPhase: draws.uniform('windowPhase', draw),
      stopShare: draws.uniform('vcpu stop', draw),
      layoutShare: draws.uniform('layout', draw),
      digitShare: draws.uniform('digit', draw),
      takenShare: (input) => draws.uniform(`taken ${input}`, draw),
    });
    for (const [name, value] of Object.entries(outputs)) {
      (drawn[name] ??= []).push(repeated(name, value, draws.uniform(`repeat ${name}`, draw)));
    }
  }
  return mapValues(drawn, intervalOf);
}

function predictWork(inputs: DeviceWorkExperiment, { parameters, draws, without }: Grounds): Outputs {
  const profile = readProfile(inputs.profile);
  const drawn: Record<string, number[]> = {};
  for (let draw = 0; draw < draws.count; draw++) {
    const figures = drawnFigures(profile, draws, draw, without);
    const outputs = runDeviceWork(inputs, figures, drawnParameters(parameters, draws, draw));
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
  'device-work': experiment(
    'a device is stopped and started, and given the memory of its guest',
    deviceWorkSchema,
    DEVICE_WORK_OUTPUTS,
    predictWork,
  ),
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
