/**
 * Schemas of the documents that commands print with `--json` and that no command reads.
 */
import { z } from 'zod';

import { PRINTED_FORMATS, type PrintedFormat } from '../../sim/base/formats.ts';
import { keysOf } from '../../sim/base/keys.ts';
import { GENERATION_IDS } from '../../sim/driver/generation.ts';
import { HAZARD_IDS } from '../../sim/driver/hazards.ts';
import { CAN_OUTCOME_IDS, MESSAGE_SOURCES } from '../../sim/manager/can-answer.ts';
import { EXIT } from '../io/exit-status.ts';
import { figureSchema } from '../show/figure.ts';
import { crowdingSchema } from './bench/crowding.ts';
import { checkedSchema } from './check/document.ts';
import { machine } from './bench/result.ts';
import { recordSchema } from './history/record.ts';
import { importFindingSchema } from './import/document.ts';
import { anyRunSchema } from './run/schema.ts';

const text = z.string();
const count = z.int().min(0);
const seconds = z.number().min(0);

/** A document with the head that all of them have. */
function printed<T extends z.ZodRawShape>(format: PrintedFormat, fields: T) {
  const { version } = PRINTED_FORMATS[format];
  return z.looseObject({ format: z.literal(format), version: z.literal(version), stopcopy: text, ...fields });
}

const tasks = z.looseObject({
  ok: z.boolean(),
  accepted: count,
  completed: count,
  lost: count,
  violations: count,
  first: z.array(z.unknown()),
});

const damagedLine = z.looseObject({ line: z.int().min(1), why: text });
const hazard = z.looseObject({ id: z.enum(HAZARD_IDS), what: text });
const fieldValue = z.union([text, z.number(), z.boolean()]).nullable();
const ended = z.record(text, count);

const SWITCHOVER = {
  'stopcopy-send': printed('stopcopy-send', {
    to: text,
    channels: z.int().min(1),
    frameBytes: count,
    outcome: z.enum(['moved', 'kept', 'inDoubt']),
    downtimeNs: count.optional(),
    framesPerRound: z.array(count).optional(),
    step: text.optional(),
    resumed: z.boolean().optional(),
    reason: text.optional(),
    payloadBytes: count,
    framesSentAgain: count,
    channelsLost: count,
    atStop: z.looseObject({ accepted: count, completed: count }).optional(),
    tasks: tasks.optional(),
  }),
  'stopcopy-receive': printed('stopcopy-receive', {
    at: text,
    outcome: z.enum(['running', 'discarded']),
    reason: text.optional(),
    payloadBytes: count,
    copiedBytes: count,
    framesTwice: count,
    connectionsLost: count,
    interrupted: z.boolean(),
    tasks: tasks.optional(),
  }),
};

const HISTORY = {
  'stopcopy-history-list': printed('stopcopy-history-list', {
    machines: z.array(z.looseObject({ machine: text, about: text, records: count })),
    records: z.array(recordSchema),
    damaged: z.array(damagedLine),
  }),
  'stopcopy-history-record': printed('stopcopy-history-record', { file: text, records: z.array(recordSchema) }),
  'stopcopy-history-prune': printed('stopcopy-history-prune', {
    file: text,
    gone: z.looseObject({ records: count, damaged: count }),
  }),
  'stopcopy-history-badge': printed('stopcopy-history-badge', {
    file: text,
    badge: z.strictObject({ schemaVersion: z.literal(1), label: text, message: text, color: text }),
  }),
};

const RUN_PAIR = printed('stopcopy-run-pair', {
  kinds: z.record(text, text),
  a: anyRunSchema,
  b: anyRunSchema,
  equal: z.boolean(),
  fields: z.array(z.looseObject({ path: text, a: fieldValue, b: fieldValue })),
  ended: z.looseObject({ a: ended, b: ended }),
  figures: z.array(
    z.looseObject({
      name: text,
      a: figureSchema.nullable(),
      b: figureSchema.nullable(),
      difference: z.number().nullable(),
      relative: z.number().nullable(),
      bandsOverlap: z.boolean().nullable(),
    }),
  ),
  parts: z.array(
    z.looseObject({
      name: text,
      title: text,
      aNs: z.number().nullable(),
      bNs: z.number().nullable(),
      differenceNs: z.number(),
    }),
  ),
});

/** With all facts of an input: which there are depends on its format. */
const importInput = z.looseObject({ file: text, reader: text, format: text, unknown: z.array(text) });

const IMPORT = printed('stopcopy-import', {
  inputs: z.array(importInput),
  result: z.strictObject({ format: text, text }),
  findings: z.array(importFindingSchema),
  asks: z.array(
    z.looseObject({
      field: text,
      times: z.int().min(1),
      taken: fieldValue,
      apart: fieldValue,
      question: text,
      decides: text,
      ask: text,
    }),
  ),
});

const milliseconds = z.number().min(0).nullable();
const nanoseconds = z.number().min(0).nullable();

const EXPLANATION = printed('stopcopy-explanation', {
  file: text,
  source: text,
  status: text,
  sentences: z.array(text),
  figures: z.array(
    z.looseObject({ name: text, measuredNs: nanoseconds, modelled: figureSchema, error: z.number().nullable() }),
  ),
  parts: z.array(
    z.looseObject({
      parts: z.array(text),
      title: text,
      measuredAs: text.nullable(),
      measuredNs: nanoseconds,
      modelled: figureSchema,
      isDevice: z.boolean(),
    }),
  ),
  unexplained: z
    .looseObject({
      ns: z.number().min(0),
      share: z.number().min(0).max(1),
      modelledAs: text.nullable(),
      wouldShow: text,
    })
    .nullable()
    .optional(),
  iterations: z.array(
    z.looseObject({
      index: z.int().min(1),
      startMs: milliseconds,
      lastsMs: milliseconds,
      sentBytes: count.nullable(),
      dirtiedBytes: count.nullable(),
    }),
  ),
  shorter: z.array(z.looseObject({ change: text, pauseNs: z.number().min(0), by: z.number() })),
  next: z.array(text),
  assumed: z.array(z.looseObject({ field: text, value: text, why: text, decides: text })),
});

const CAN_ANSWER = printed('stopcopy-can-answer', {
  question: z.looseObject({}),
  moves: z.boolean(),
  outcome: z.enum(CAN_OUTCOME_IDS),
  condition: text,
  why: text,
  messages: z.array(z.looseObject({ by: z.enum(MESSAGE_SOURCES), where: text, text: text.nullable() })),
  change: z.array(text),
  notes: z.array(text),
  asks: z.array(
    z.looseObject({
      field: text,
      gives: z.array(z.looseObject({ value: text, outcomes: z.array(z.enum(CAN_OUTCOME_IDS)) })),
    }),
  ),
  facts: z.array(z.looseObject({ source: text, date: text, evidence: text })),
});

const NOISE = printed('stopcopy-noise', {
  machine,
  crowded: z.array(crowdingSchema),
  interrupted: z.boolean(),
  budgetSeconds: seconds,
  metrics: z.array(
    z.looseObject({
      name: text,
      unit: text,
      median: z.number(),
      spread: z.number(),
      drift: z.number(),
      worstPair: z.number(),
      pairs: count,
      pairsInBudget: count,
      smallestFound: z.number().nullable(),
    }),
  ),
});

const VERIFICATION = printed('stopcopy-verification', {
  outcomes: z.array(
    z.discriminatedUnion('kind', [
      z.looseObject({
        kind: z.literal('verified'),
        file: text,
        name: text,
        driver: text,
        passed: z.boolean(),
        accessCount: count,
        difference: text.optional(),
        passesIn: z.array(text).optional(),
      }),
      z.looseObject({
        kind: z.literal('aligned'),
        file: text,
        name: text,
        vf: text,
        passed: z.boolean(),
        accessCount: count,
        calls: count,
        folded: count,
        generations: z.array(z.looseObject({ generation: text, same: count, missing: count, extra: count })),
        nearest: z.array(text),
        differences: z.array(
          z.looseObject({ kind: z.enum(['missing', 'extra']), access: text, step: count, line: z.int().optional() }),
        ),
        cannotShow: z.array(text),
      }),
      z.looseObject({ kind: z.literal('error'), file: text, message: text, hint: text.optional() }),
    ]),
  ),
  passed: count,
  failed: count,
  errors: count,
  interrupted: z.boolean(),
});

export const PRINTED_SCHEMAS: Readonly<Record<PrintedFormat, z.ZodType>> = {
  ...SWITCHOVER,
  ...HISTORY,
  'stopcopy-error': printed('stopcopy-error', {
    error: z.strictObject({
      kind: z.enum(keysOf(EXIT)),
      exitCode: z.int().min(0).max(255),
      message: text,
      hint: text.optional(),
    }),
  }),
  'stopcopy-run-pair': RUN_PAIR,
  'stopcopy-can-answer': CAN_ANSWER,
  'stopcopy-noise': NOISE,
  'stopcopy-verification': VERIFICATION,
  'stopcopy-check': printed('stopcopy-check', { generations: z.array(checkedSchema) }),
  'stopcopy-generations': printed('stopcopy-generations', {
    from: z.enum(GENERATION_IDS),
    to: z.enum(GENERATION_IDS),
    facts: z.array(z.looseObject({ fact: text, what: text, from: text, to: text, changedIn: z.array(text) })),
    fixed: z.array(hazard),
    introduced: z.array(hazard),
  }),
  'stopcopy-shard': printed('stopcopy-shard', {
    command: z.array(text),
    shard: z.strictObject({ index: count, of: count }),
    job: text,
    cells: count,
    own: count,
    file: text,
  }),
  'stopcopy-collector': printed('stopcopy-collector', { collects: text, text }),
  'stopcopy-masked': printed('stopcopy-masked', { files: z.array(z.strictObject({ file: text, text })) }),
  'stopcopy-import': IMPORT,
  'stopcopy-explanation': EXPLANATION,
  'stopcopy-upgrade': printed('stopcopy-upgrade', {
    file: text,
    changes: z.array(
      z.looseObject({
        path: text,
        from: z.union([text, z.number()]).nullable(),
        to: z.union([text, z.number()]).nullable(),
      }),
    ),
    text,
  }),
  'stopcopy-baseline-change': printed('stopcopy-baseline-change', {
    baseline: text,
    added: count,
    removed: count,
    changed: count,
  }),
  'stopcopy-page': printed('stopcopy-page', { html: text }),
  'stopcopy-server': printed('stopcopy-server', { url: text }),
  'stopcopy-stage-process': printed('stopcopy-stage-process', { protocol: count }),
};
