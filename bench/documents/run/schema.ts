/**
 * The run document as it is read again: every field that is shown.
 */
import { z } from 'zod';

import { PAUSE_PARTS } from '../../../sim/base/pause-parts.ts';
import { PHASES } from '../../../sim/workload/queueing/model.ts';
import { FIGURE_KINDS, figureSchema } from '../../show/figure.ts';
import { RUN_FORMAT, RUN_VERSION, type RunDocument } from './document.ts';
import { MANAGER_NAMES } from '../../../sim/memory/manager.ts';
import { WRITERS } from '../../../sim/memory/dirty.ts';
import { MOVE_ENDS } from '../../../sim/memory/outcome.ts';
import { BLOCKERS, END_REASONS } from '../../../sim/memory/precopy-end.ts';
import { PIECES } from '../../../sim/manager/clocks.ts';
import { VMM_NAMES } from '../../../sim/memory/vmms.ts';
import { HAZARD_IDS } from '../../../sim/driver/hazards.ts';
import { RECOVERIES } from '../../../sim/move/vf-passage.ts';
import { RANGE_ENDS } from '../../../sim/memory/device-profile.ts';
import { type Bound, BOUND_WORDS } from '../../../sim/memory/stream.ts';
import type { AnyRun, UnplayedRun } from './unplayed.ts';
import { CAN_OUTCOME_IDS, MESSAGE_SOURCES } from '../../../sim/manager/can-answer.ts';
import { assume as assumeSchema } from '../../../sim/manager/question.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const ns = z.number();
const count = z.number();

const part = z.looseObject({
  name: z.string(),
  title: z.string(),
  criticalNs: ns,
  busyNs: ns,
  lowNs: z.exactOptional(ns),
  highNs: z.exactOptional(ns),
});

const round = z.looseObject({
  count,
  beginsNs: ns,
  lastsNs: ns,
  sentBytes: count,
  dirtiedBytes: count,
  limitNs: ns,
  speed: z.number(),
});

const vf = z.looseObject({
  profile: z.string(),
  fn: count,
  end: z.enum(['served', 'blank', 'paused', 'parked']),
  hazards: z.array(z.enum(HAZARD_IDS)),
  times: z.looseObject({
    pauseAndDrainNs: ns,
    statusChecksNs: ns,
    cacheWriteBackNs: ns,
    saveNs: ns,
    readNs: ns,
    loadNs: ns,
    startNs: ns,
  }),
  tasks: z.looseObject({ accepted: count, completed: count, wrong: count, lost: z.exactOptional(count) }),
  queuePause: z.looseObject({ queues: count, p50Ns: ns, p99Ns: ns, maxNs: ns }).nullable(),
  service: z.looseObject({
    stoppedNs: ns.nullable(),
    stoppedLowNs: z.exactOptional(ns),
    stoppedHighNs: z.exactOptional(ns),
    deviceNs: ns.nullable(),
    queuesNs: z.array(ns.nullable()),
  }),
});

/** JSON has null for what is not limited. */
const limit = z.number().nullable();

const cause = z.looseObject({
  reason: z.enum(END_REASONS),
  manager: z.enum(MANAGER_NAMES),
  blocker: z.enum(BLOCKERS),
  timeoutNs: limit,
  progressTimeoutNs: limit,
  usedNs: ns,
  limitNs: ns,
  fitsBytes: count,
  deviceBytes: count,
  leftBytes: count,
  writers: z.enum(WRITERS).optional(),
  carriedBytesPerSecond: count,
  dirtiedBytesPerSecond: count,
  limitThatWouldDoNs: ns.nullable(),
});

const bounded = z.looseObject({ value: z.number(), low: z.number(), high: z.number() });

const postCopy = z.looseObject({
  leftBytes: count,
  arrivesNs: ns,
  requestNs: bounded,
  waitedPages: bounded,
  speed: bounded,
});

const vm = z.looseObject({
  vm: z.int().min(1),
  kind: z.enum(MOVE_ENDS),
  cause: cause.nullable(),
  guestAt: z.enum(['source', 'destination']),
  at: z.string().nullable(),
  errno: z.string().nullable(),
  pauseNs: ns,
  reportedNs: ns.nullable(),
  totalNs: ns,
  memoryBytes: count,
  wireBytes: count,
  parts: z.array(part),
  rounds: z.array(round),
  vfs: z.array(vf),
  postCopy: postCopy.optional(),
  otherDevices: z.array(z.looseObject({ profile: z.string(), count, stoppedNs: ns })),
});

const clock = z.looseObject({
  id: z.string(),
  by: z.string(),
  name: z.string(),
  from: z.string(),
  to: z.string(),
  covers: z.array(z.enum(PIECES)).nullable(),
  figure: figureSchema,
  prints: z.string(),
  ofThisMove: z.boolean(),
  source: z.string(),
  date: z.string(),
  evidence: z.string(),
});

const ended = z.record(z.enum(MOVE_ENDS), count);

const end = z.looseObject({
  end: z.enum(RANGE_ENDS),
  ended,
  pauseNs: ns,
  parts: z.array(z.looseObject({ name: z.string(), criticalNs: ns })),
  wrongTasks: count,
  registerAccesses: count,
});

const drawn = z
  .looseObject({ pauseNs: ns, parts: z.array(z.looseObject({ name: z.string(), criticalNs: ns })) })
  .nullable();

const draws = z.looseObject({
  count,
  seed: count,
  ended: z.partialRecord(z.enum([...MOVE_ENDS, 'endless']), count),
  deciders: z.array(z.looseObject({ name: z.string(), share: z.number() })),
  low: drawn,
  high: drawn,
});

const waits = z.looseObject({ p50Ns: ns, p99Ns: ns, maxNs: ns });

const influence = z.looseObject({
  name: z.string(),
  title: z.string(),
  from: z.string(),
  value: z.string(),
  short: z.string(),
  long: z.string(),
  shortPauseNs: ns.nullable(),
  longPauseNs: ns.nullable(),
});

const figures = z.looseObject({
  pause: figureSchema,
  rate: z.exactOptional(figureSchema),
  reported: z.exactOptional(figureSchema),
  pagesArrive: z.exactOptional(figureSchema),
  total: figureSchema,
  memory: figureSchema,
  wire: figureSchema,
  queuePauseP50: z.exactOptional(figureSchema),
  queuePauseP99: z.exactOptional(figureSchema),
  queuePauseMax: z.exactOptional(figureSchema),
  wrongTasks: figureSchema,
  lostTasks: z.exactOptional(figureSchema),
  acceptedTasks: figureSchema,
  registerAccesses: figureSchema,
});

const scenario = z.looseObject({
  file: z.string(),
  name: z.string(),
  description: z.string(),
  values: z.array(z.string()).optional(),
  seed: count,
  vmm: z.enum(VMM_NAMES),
  vms: count,
  recovery: z.enum(RECOVERIES),
  assume: assumeSchema.optional(),
  given: z.record(z.string(), z.unknown()).optional(),
});

/** A move that is not played, as its page shows it. */
export const unplayedSchema: z.ZodType<UnplayedRun> = z.looseObject({
  format: z.literal(RUN_FORMAT),
  version: z.literal(RUN_VERSION),
  stopcopy: z.string(),
  scenario,
  ended,
  can: z.looseObject({
    question: z.custom<UnplayedRun['can']['question']>((value) => typeof value === 'object'),
    moves: z.boolean(),
    outcome: z.enum(CAN_OUTCOME_IDS),
    condition: z.string(),
    why: z.string(),
    messages: z.array(z.looseObject({ by: z.enum(MESSAGE_SOURCES), where: z.string(), text: z.string().nullable() })),
    change: z.array(z.string()),
    notes: z.array(z.string()),
    asks: z.array(z.never()),
    facts: z.array(z.looseObject({ source: z.string(), date: z.string(), evidence: z.string() })),
  }),
});

export const runSchema: z.ZodType<RunDocument> = z
  .looseObject({
    format: z.literal(RUN_FORMAT),
    version: z.literal(RUN_VERSION),
    stopcopy: z.string(),
    scenario,
    ended,
    can: z
      .looseObject({
        outcome: z.enum(CAN_OUTCOME_IDS),
        condition: z.string(),
        why: z.string(),
        notes: z.array(z.string()),
        asOf: z.array(z.string()).exactOptional(),
      })
      .optional(),
    kinds: z.partialRecord(z.enum(keysOf(FIGURE_KINDS)), z.string()),
    figures,
    stream: z.looseObject({
      memoryBytesPerSecond: count,
      // `line` is what 0.1.0 calls it.
      bound: z.union([z.enum(keysOf(BOUND_WORDS)), z.literal('line').transform((): Bound => 'link')]),
    }),
    draws: draws.nullable(),
    longest: z.int().min(1),
    band: z.array(end).length(3),
    vms: z.array(vm).min(1),
    latencies: z.array(
      z.looseObject({
        group: count,
        name: z.string(),
        phases: z.array(
          z.looseObject({
            phase: z.enum(PHASES),
            jobs: count,
            p50Ns: ns,
            p99Ns: ns,
            maxNs: ns,
            low: z.exactOptional(waits),
            high: z.exactOptional(waits),
          }),
        ),
      }),
    ),
    clocks: z.array(clock),
    spans: z.array(z.looseObject({ part: z.enum(PAUSE_PARTS), what: z.string().nullable(), beginsNs: ns, endsNs: ns })),
    influences: z.array(influence),
    traceHash: z.string(),
  })
  .superRefine(({ longest, vms }, context) => {
    if (longest > vms.length) {
      context.addIssue({
        code: 'custom',
        path: ['longest'],
        message: `there are ${vms.length} VMs`,
      });
    }
  });

/** What came of a scenario, played or not. */
export const anyRunSchema: z.ZodType<AnyRun> = z.union([runSchema, unplayedSchema]);
