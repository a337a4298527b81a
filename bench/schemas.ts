/**
 * Every document that stopcopy reads or prints as JSON Schema (2020-12), for editors and scripts.
 * The build writes each to `dist/schemas/FORMAT.schema.json`.
 *
 * A JSON Schema says less than what reads the document: fields that depend on each other are described in words.
 */
import { z } from 'zod';

import { INPUT_FORMATS, type InputFormatName, PRINTED_FORMATS, RESULT_READERS } from '../sim/base/formats.ts';
import { keysOf } from '../sim/base/keys.ts';
import { scriptSchema } from '../sim/check/script.ts';
import { convergeQuestionSchema } from '../sim/converge/question.ts';
import { limitsPresetSchema } from '../sim/fleet/limits.ts';
import { questionSchema } from '../sim/fleet/question.ts';
import { canQuestionSchema } from '../sim/manager/question.ts';
import { costFileSchema } from '../sim/device/cost-file.ts';
import { deviceProfileSchema } from '../sim/memory/device-profile.ts';
import { platformSchema } from '../sim/memory/platform-file.ts';
import { topologySchema } from '../sim/pci/topology-file.ts';
import { scenarioSchema } from '../sim/scenario/document.ts';
import { traceSchema } from '../sim/trace/format.ts';
import { benchResultSchema } from './documents/bench/result.ts';
import { comparisonSchema } from './documents/comparison/section.ts';
import { type DocumentFormat, DOCUMENTS } from './documents/formats.ts';
import { convergeResultSchema } from './documents/converge/section.ts';
import { historySchema } from './documents/history/section.ts';
import { isolationSchema } from './documents/isolation/section.ts';
import { planSchema } from './documents/plan/section.ts';
import { sweepSchema } from './documents/plan/sweep-section.ts';
import { PRINTED_SCHEMAS } from './documents/printed.ts';
import { anyRunSchema } from './documents/run/schema.ts';
import { suitesSchema } from './documents/suites/section.ts';
import { validationSchema } from './documents/validation/section.ts';
import { baselineSchema } from './measure/metrics/baseline.ts';
import { publishedTableSchema } from './studies/validation/published-table.ts';

type JsonSchema = z.core.JSONSchema.JSONSchema;

interface Published {
  /** What such a document is, and what reads or writes it. */
  readonly about: string;
  readonly schema: z.ZodType;
}

const INPUT: Readonly<Record<InputFormatName, z.ZodType>> = {
  'stopcopy-scenario': scenarioSchema,
  'stopcopy-question': questionSchema,
  'stopcopy-converge': convergeQuestionSchema,
  'stopcopy-script': scriptSchema,
  'stopcopy-can': canQuestionSchema,
  'stopcopy-limits': limitsPresetSchema,
  'stopcopy-device-profile': deviceProfileSchema,
  'stopcopy-platform': platformSchema,
  'stopcopy-costs': costFileSchema,
  'stopcopy-topology/1': topologySchema,
};

const RESULTS: Readonly<Record<DocumentFormat, z.ZodType>> = {
  'stopcopy-bench': benchResultSchema,
  'stopcopy-suites': suitesSchema,
  'stopcopy-run': anyRunSchema,
  'stopcopy-validation': validationSchema,
  'stopcopy-isolation': isolationSchema,
  'stopcopy-comparison': comparisonSchema,
  'stopcopy-plan': planSchema,
  'stopcopy-plan-sweep': sweepSchema,
  'stopcopy-converge-result': convergeResultSchema,
  'stopcopy-history': historySchema,
};

/** Files of other formats. */
const OTHERS = {
  'stopcopy-published-table': {
    about: 'a table of published measurements, read by stopcopy validate and fit',
    schema: publishedTableSchema,
  },
  'stopcopy-exact': { about: 'an exact baseline, read by stopcopy compare --exact', schema: baselineSchema },
  'stopcopy-trace': { about: 'a recording of a driver, read by stopcopy verify', schema: traceSchema },
} as const satisfies Readonly<Record<string, Published>>;

/** By format, as a document has it; a recording has no such field. */
const PUBLISHED: ReadonlyMap<string, Published> = new Map<string, Published>([
  ...keysOf(INPUT).map((format): [string, Published] => {
    const { title, command } = INPUT_FORMATS[format];
    return [format, { about: `${title}, read by ${command}`, schema: INPUT[format] }];
  }),
  ...keysOf(RESULTS).map((format): [string, Published] => {
    const about = `${RESULT_READERS[format].title}, as \`${DOCUMENTS[format].command}\` prints it`;
    return [format, { about, schema: RESULTS[format] }];
  }),
  ...keysOf(PRINTED_SCHEMAS).map((format): [string, Published] => {
    return [format, { about: `${PRINTED_FORMATS[format].title}, with --json`, schema: PRINTED_SCHEMAS[format] }];
  }),
  ...Object.entries(OTHERS),
]);

export const SCHEMA_NAMES: readonly string[] = [...PUBLISHED.keys()];

/** Name of the file of a format, without its folder. */
export function schemaFile(format: string): string {
  return `${format.split('/', 1)[0]}.schema.json`;
}

/** The JSON Schema of a format. @throws Error for one that there is not */
export function publishedSchema(format: string): JsonSchema {
  const row = PUBLISHED.get(format);
  if (row === undefined) throw new Error(`there is no schema of ${format}`);
  const schema = z.toJSONSchema(row.schema, { io: 'input', unrepresentable: 'any', reused: 'ref', override: describe });
  // Editors find the schema of a JSON file by a field of the file.
  for (const shape of [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    if (typeof shape !== 'object' || shape.additionalProperties !== false || shape.properties === undefined) continue;
    shape.properties = { $schema: { type: 'string' }, ...shape.properties };
  }
  const { $schema, description, ...rest } = schema;
  const about = `${row.about[0]!.toUpperCase()}${row.about.slice(1)}.`;
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: format,
    description: description === undefined ? about : `${about} ${description}`,
    ...rest,
  };
}

interface Overridden {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: JsonSchema;
}

/** What zod leaves out: that case does not matter in a pattern, and rules that are functions. */
function describe({ zodSchema, jsonSchema }: Overridden): void {
  const checks = zodSchema._zod.def.checks ?? [];
  for (const {
    _zod: { def },
  } of checks) {
    const { check, pattern } = def as { readonly check: string; readonly pattern?: RegExp };
    if (pattern?.flags.includes('i') === true) jsonSchema.pattern = caseless(pattern.source);
    // What has a description of its own keeps it.
    if (check === 'custom') jsonSchema.description ??= 'stopcopy checks more of it than a schema can say.';
  }
  // Words of stopcopy itself, not of JSON Schema.
  delete jsonSchema['quantity'];
  delete jsonSchema['usualUnit'];
}

/** A pattern that fits upper and lower case, without the flag that JSON Schema does not have. */
function caseless(source: string): string {
  const parts = source.matchAll(/\\.|\(\?:|\[(?:\\.|[^\]])+\]|[a-z]|./gis);
  return [...parts]
    .map(([part]) => {
      if (part.startsWith('[')) return part.replaceAll(/[a-z](?:-[a-z])?/gi, bothCases);
      return /^[a-z]$/i.test(part) ? `[${bothCases(part)}]` : part;
    })
    .join('');
}

function bothCases(text: string): string {
  return `${text.toLowerCase()}${text.toUpperCase()}`;
}
