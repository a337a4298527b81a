/**
 * The question of `stopcopy converge`: which policies are played against which classes of workloads, over how many seeds.
 * Version 1; docs/converge.md explains each field.
 */
import { z } from 'zod';

import { formatVersion } from '../base/format-version.ts';
import { byteRate, bytesIn, duration, durationIn } from '../base/quantity.ts';
import { MIB, NS_PER_S, NS_PER_US } from '../base/units.ts';
import { linkGigabits } from '../scenario/document.ts';
import { isKeyOf, keysOf } from '../base/keys.ts';
import { POLICIES, POLICY_NAMES, type PolicySettings } from './policies.ts';
import { PREFERENCES } from './summary.ts';
import { workloadClassSchema } from './workload-class.ts';

const CONVERGE_FORMAT = 'stopcopy-converge';

export const SEEDS_MAX = 1_000_000;
const CHANNELS_MAX = 128;
const DEFAULT_GIGABITS = 25;
const DEFAULT_CHANNELS = 4;
const DEFAULT_SEEDS = 1000;
export const DRAWS_MAX = 1000;
const DEFAULT_DRAWS = 20;
/** Guests of a draw, at most: all draws together have no more than the class has, unless it has many. */
const DRAWN_GUESTS_MAX = 50;

/** Guests that are moved again in each draw of the parameters. */
export function guestsOfDraw({ seeds, draws }: Pick<ConvergeQuestion, 'seeds' | 'draws'>): number {
  return draws === 0 ? 0 : Math.min(DRAWN_GUESTS_MAX, Math.ceil(seeds / draws));
}
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const FAULT_DAYS = 30;
const ITERATIONS_MAX = 1000;
/** Letters of a name in results: as many as the longest of {@link POLICIES} has. */
export const LABEL_MAX = 24;

/** Whether a word is the path of a module, and no name of a policy. */
export function isModule(word: string): boolean {
  return /[/\\.]/.test(word);
}

const policyWord = z
  .string()
  .refine((word) => isModule(word) || isKeyOf(POLICIES, word), {
    error: `allowed is ${POLICY_NAMES.join(', ')}, or the path of a module such as ./mine.mjs`,
  })
  .describe(`One of ${POLICY_NAMES.join(', ')}, or the path of a module of your own, from the folder of this file.`);

const policyFields = z.strictObject({
  policy: policyWord,
  as: z.string().min(1).max(LABEL_MAX).optional().describe('Its name in results; default: that of the policy.'),
  downtimeLimit: duration.optional().describe('The downtime limit from the first byte on.'),
  timeout: durationIn('s')
    .optional()
    .describe('Time that a move may take, or after which post-copy begins; default: what the manager gives.'),
  whenOut: z
    .enum(['cancel', 'stop'])
    .optional()
    .describe('What happens then: the move is cancelled (default), or the VM is stopped whatever is left.'),
  maxDowntime: duration.optional().describe('Stall detection and downtime tuning: the highest limit; default: 900 ms.'),
  vcpuDirtyLimit: bytesIn('MiB')
    .optional()
    .describe('Dirty limit: what each vCPU may write per second; default: 1 MiB.'),
  iterations: z
    .int()
    .min(1)
    .max(ITERATIONS_MAX)
    .optional()
    .describe('Post-copy of QEMU: it begins after so many iterations; default: 1, or none where timeout is given.'),
});

const FIELDS = {
  downtimeLimit: 'downtimeLimitNs',
  timeout: 'timeoutNs',
  whenOut: 'whenOut',
  maxDowntime: 'maxDowntimeNs',
  vcpuDirtyLimit: 'quotaMib',
  iterations: 'iterations',
} as const satisfies Readonly<Record<string, keyof PolicySettings>>;

const policyEntry = z
  .union([policyWord.transform((policy) => ({ policy })), policyFields])
  .superRefine((entry: z.output<typeof policyFields>, context) => {
    const { policy } = entry;
    // A word that is neither has its own refusal.
    if (!isKeyOf(POLICIES, policy)) return;
    const reads: readonly string[] = POLICIES[policy].reads;
    for (const field of keysOf(FIELDS)) {
      if (entry[field] === undefined || reads.includes(FIELDS[field])) continue;
      const allowed = keysOf(FIELDS).filter((each) => reads.includes(FIELDS[each]));
      const message = `${policy} does not read it, allowed is ${allowed.join(', ')}`;
      context.addIssue({ code: 'custom', path: [field], message });
    }
  });

export type PolicyEntry = z.output<typeof policyFields>;

/** The name of a policy in results. */
export function labelOf({ policy, as }: PolicyEntry): string {
  return as ?? policy;
}

export function settingsOf({
  downtimeLimit,
  timeout,
  whenOut,
  maxDowntime,
  vcpuDirtyLimit,
  iterations,
}: PolicyEntry): PolicySettings {
  return {
    ...(downtimeLimit === undefined ? {} : { downtimeLimitNs: downtimeLimit }),
    ...(timeout === undefined ? {} : { timeoutNs: timeout }),
    ...(whenOut === undefined ? {} : { whenOut }),
    ...(maxDowntime === undefined ? {} : { maxDowntimeNs: maxDowntime }),
    ...(vcpuDirtyLimit === undefined ? {} : { quotaMib: vcpuDirtyLimit / MIB }),
    ...(iterations === undefined ? {} : { iterations }),
  };
}

const streamSchema = z.strictObject({
  gigabitsPerSecond: linkGigabits.default(DEFAULT_GIGABITS).describe('The link, in 10^9 bits per second.'),
  latency: durationIn('us')
    .default(20 * NS_PER_US)
    .describe('One way.'),
  channels: z.int().min(1).max(CHANNELS_MAX).default(DEFAULT_CHANNELS).describe('Channels for memory.'),
  multifd: z.boolean().default(true).describe('Whether QEMU sends memory on channels with threads of their own.'),
  tls: z.boolean().default(false).describe('Whether the stream is encrypted.'),
  maxBandwidth: byteRate.optional().describe("A cap on the stream of every policy; QEMU's own default is 128MiB."),
});

const devicesSchema = z.strictObject({
  profile: z.string().describe('A device profile: a file, or the name of one that comes with stopcopy.'),
  count: z.int().min(1).max(63).default(1).describe('Devices of each VM.'),
  queues: z.int().min(1).max(4096).default(1).describe('Queues of each device.'),
});

export const convergeQuestionSchema = z
  .strictObject({
    format: z.literal(CONVERGE_FORMAT),
    version: formatVersion(CONVERGE_FORMAT),
    name: z.string().min(1).describe('A short name.'),
    description: z.string().default('').describe('What is asked, in a sentence.'),
    stream: streamSchema.prefault({}).describe('The stream of memory, the same for every policy.'),
    devices: devicesSchema.optional().describe('VFIO devices of every VM; default: none.'),
    horizon: durationIn('s')
      .default(HOUR_S * NS_PER_S)
      .describe('A move that has not ended by then counts as failed: endless.'),
    faultEvery: durationIn('s')
      .default(DAY_S * FAULT_DAYS * NS_PER_S)
      .describe(
        'Mean time between faults of the link, the source or the destination: one that comes while memory of a running VM is ' +
          'missing loses the VM. Default: 30 days, assumed.',
      ),
    seeds: z.int().min(1).max(SEEDS_MAX).default(DEFAULT_SEEDS).describe('Guests of each class.'),
    draws: z
      .int()
      .min(0)
      .max(DRAWS_MAX)
      .default(DEFAULT_DRAWS)
      .describe('Draws of the parameters within their ranges, each with some of these guests; 0: none.'),
    seed: z.int().min(0).default(1).describe('Where the random numbers begin.'),
    prefer: z
      .enum(PREFERENCES)
      .default('guest time')
      .describe(
        'What a policy is best by: the time that the guest loses in the pause and before it, the whole time, or the pause.',
      ),
    policies: z.array(policyEntry).min(1).optional().describe('Default: every policy that comes with stopcopy.'),
    classes: z.array(z.string()).min(1).optional().describe('Classes by their names; default: all.'),
    workloads: z
      .record(z.string().min(1).max(20), workloadClassSchema)
      .optional()
      .describe('Classes of your own, by name; one that has the name of a shipped one replaces it.'),
  })
  .superRefine(({ policies = [], classes = [] }, context) => {
    const twice = (names: readonly string[]): number => names.findIndex((name, i) => names.indexOf(name) < i);
    const policy = twice(policies.map(labelOf));
    if (policy >= 0) {
      const message = `is there twice as ${labelOf(policies[policy]!)}, allowed is each name once: give as`;
      context.addIssue({ code: 'custom', path: ['policies', policy], message });
    }
    const workload = twice(classes);
    if (workload >= 0) context.addIssue({ code: 'custom', path: ['classes', workload], message: 'is there twice' });
  });

export type ConvergeQuestion = z.output<typeof convergeQuestionSchema>;
