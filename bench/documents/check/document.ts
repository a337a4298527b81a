/**
 * What `stopcopy check --json` prints. Version 1; docs/check.md explains each field.
 */
import { z } from 'zod';

import type { Cause } from '../../../sim/check/causes.ts';
import type { Finding, Step } from '../../../sim/check/record.ts';
import { type WrittenScript, scriptSchema } from '../../../sim/check/script.ts';
import { RULE_IDS } from '../../../sim/check/rules.ts';
import { GENERATION_IDS, type GenerationId } from '../../../sim/driver/generation.ts';
import { HAZARD_IDS, type HazardId } from '../../../sim/driver/hazards.ts';

/** A finding with its run. */
export interface ShownFinding extends Finding {
  readonly cause: Cause;
  /** The first run of the seed that found this cause, from 1; absent of a replay. */
  readonly firstRun?: number;
  /** Calls of the run that is shown, up to the finding. */
  readonly calls: number;
  /** Hash of the run: equal on every machine. */
  readonly hash: string;
  /** The bytes of the run, for `--replay`; null of a script. */
  readonly replay: string | null;
  /** The run as a script, for `--script`; null where its hosts crashed before the first step. */
  readonly script: WrittenScript | null;
  readonly steps: readonly Step[];
}

export interface CheckedGeneration {
  readonly generation: GenerationId;
  /** Bugs whose fixes were taken back. */
  readonly unfixed: readonly HazardId[];
  /** Null of a replay. */
  readonly seed: number | null;
  readonly runs: number;
  readonly calls: number;
  /** Runs that found something; each ends at its first finding. */
  readonly withFinding: number;
  readonly findings: readonly ShownFinding[];
  /** What was played, where that is a script. */
  readonly script?: PlayedScript;
}

interface PlayedScript {
  /** As it was given. */
  readonly file: string;
  readonly name: string;
  readonly steps: readonly Step[];
}

const text = z.string();
const count = z.int().min(0);
const steps = z.array(z.looseObject({ atNs: z.number(), actor: text, what: text, ret: z.number().nullable() }));

export const checkedSchema = z.looseObject({
  generation: z.enum(GENERATION_IDS),
  unfixed: z.array(z.enum(HAZARD_IDS)),
  seed: count.nullable(),
  runs: count,
  calls: count,
  withFinding: count,
  findings: z.array(
    z.looseObject({
      rule: z.enum(RULE_IDS),
      place: text,
      detail: text,
      fn: count,
      atNs: z.number(),
      faults: z.array(text),
      cause: z.looseObject({ id: z.enum(HAZARD_IDS).nullable(), facts: z.array(text) }),
      firstRun: count.optional(),
      calls: count,
      hash: text,
      replay: text.nullable(),
      script: scriptSchema.nullable().optional(),
      steps,
    }),
  ),
  script: z.looseObject({ file: text, name: text, steps }).optional(),
});
