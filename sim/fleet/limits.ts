/**
 * What operators limit: moves at once, bandwidth, time. Presets are data files; a question may take one and change it.
 */
import { z } from 'zod';
import { NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';
import { bytes, duration } from '../base/quantity.ts';
import type { Concurrency } from './evacuation.ts';

const count = z.int().min(1);

const sourced = <T extends z.ZodType>(value: T) => z.strictObject({ value, source: z.string().min(1) });

/** A preset: each figure with its source. What is left out is not limited. */
export const limitsPresetSchema = z.strictObject({
  format: z.literal('stopcopy-limits'),
  version: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  title: z.string().min(1),
  atOnce: sourced(count).optional(),
  outboundPerHost: sourced(count).optional(),
  inboundPerHost: sourced(count).optional(),
  bytesPerSecondPerMove: sourced(bytes).optional(),
  timeoutPerGib: sourced(duration).optional(),
  progressTimeout: sourced(duration).optional(),
  downtimeLimit: sourced(duration).optional(),
  /** Whether the limit rises as Nova's does. */
  steps: sourced(z.literal('nova')).optional(),
});

export type LimitsPreset = z.output<typeof limitsPresetSchema>;

/** What a question may say: a preset's name, or figures of its own beside or without one. */
export const limitsSchema = z.union([
  z.string().min(1),
  z.strictObject({
    preset: z.string().min(1).optional(),
    atOnce: count.optional(),
    outboundPerHost: count.optional(),
    inboundPerHost: count.optional(),
    perPf: count.optional(),
    bytesPerSecondPerMove: bytes.optional(),
    timeoutPerGib: duration.optional(),
    progressTimeout: duration.optional(),
  }),
]);

export type GivenLimits = z.output<typeof limitsSchema>;

export interface Limits extends Concurrency {
  readonly name: string;
  /** On the wire; Infinity: none. */
  readonly bytesPerSecondPerMove: number;
  readonly timeoutNsPerGib: number;
  /** Infinity: none. */
  readonly progressTimeoutNs: number;
  /** Undefined: as the VM says. */
  readonly downtimeLimitNs: number | undefined;
  readonly novaSteps: boolean;
}

/** Where nobody says when a move that does not converge is given up. */
const TIMEOUT_PER_GIB_NS = 800 * NS_PER_S;

/** The preset that a question names, if it does. */
export function presetOf(given: GivenLimits | undefined): string | undefined {
  return typeof given === 'string' ? given : given?.preset;
}

/** @throws UserError of kind `input` for a preset that there is not */
export function limitsOf(given: GivenLimits | undefined, presets: ReadonlyMap<string, LimitsPreset>): Limits {
  const own = given === undefined || typeof given === 'string' ? {} : given;
  const name = presetOf(given);
  const preset = name === undefined ? undefined : presets.get(name);
  if (name !== undefined && preset === undefined) {
    throw new UserError('input', `limits '${name}' are not known`, `Known are ${[...presets.keys()].join(', ')}.`);
  }
  return {
    name: preset?.id ?? 'own limits',
    fleet: own.atOnce ?? preset?.atOnce?.value ?? Infinity,
    outboundPerHost: own.outboundPerHost ?? preset?.outboundPerHost?.value ?? Infinity,
    inboundPerHost: own.inboundPerHost ?? preset?.inboundPerHost?.value ?? Infinity,
    perPf: own.perPf ?? Infinity,
    bytesPerSecondPerMove: own.bytesPerSecondPerMove ?? preset?.bytesPerSecondPerMove?.value ?? Infinity,
    timeoutNsPerGib: own.timeoutPerGib ?? preset?.timeoutPerGib?.value ?? TIMEOUT_PER_GIB_NS,
    progressTimeoutNs: own.progressTimeout ?? preset?.progressTimeout?.value ?? Infinity,
    downtimeLimitNs: preset?.downtimeLimit?.value,
    novaSteps: preset?.steps !== undefined,
  };
}
