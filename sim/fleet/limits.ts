/**
 * What operators limit: moves at once, bandwidth, time. Presets are data files; a question may take one and change it.
 */
import { z } from 'zod';
import { NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';
import { byteRate, duration, durationIn } from '../base/quantity.ts';
import { formatVersion } from '../base/formats.ts';
import { MANAGER_NAMES, type ManagerName, MANAGERS } from '../memory/manager.ts';
import { MANAGER_IDS, type ManagerId } from '../manager/vmms.ts';
import type { Concurrency } from './evacuation.ts';

const count = z.int().min(1);

/** Limits that a number says, as questions and presets name them. */
const FIELDS = {
  atOnce: count,
  outboundPerHost: count,
  inboundPerHost: count,
  perPf: count,
  bytesPerSecondPerMove: byteRate,
  timeoutPerGib: durationIn('s'),
  progressTimeout: durationIn('s'),
};
type LimitField = keyof typeof FIELDS;

const sourced = <T extends z.ZodType>(value: T) => z.strictObject({ value, source: z.string().min(1) }).optional();

/** A preset: each figure with its source. What is left out is not limited. */
export const limitsPresetSchema = z.strictObject({
  format: z.literal('stopcopy-limits'),
  version: formatVersion('stopcopy-limits'),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  title: z.string().min(1),
  atOnce: sourced(FIELDS.atOnce),
  outboundPerHost: sourced(FIELDS.outboundPerHost),
  inboundPerHost: sourced(FIELDS.inboundPerHost),
  perPf: sourced(FIELDS.perPf),
  bytesPerSecondPerMove: sourced(FIELDS.bytesPerSecondPerMove),
  timeoutPerGib: sourced(FIELDS.timeoutPerGib),
  progressTimeout: sourced(FIELDS.progressTimeout),
  downtimeLimit: sourced(duration),
  /** Whether the limit rises as Nova's does. */
  steps: sourced(z.literal('nova')),
  /** Whose rules these are: how often it polls, and which unit of memory its time-out counts. */
  manager: sourced(z.enum(MANAGER_NAMES)),
});

export type LimitsPreset = z.output<typeof limitsPresetSchema>;

/** What a question may say: a preset's name, or figures of its own, with a preset or without one. */
export const limitsSchema = z.union([
  z.string().min(1),
  z.strictObject({ preset: z.string().min(1), ...FIELDS }).partial(),
]);

export type GivenLimits = z.output<typeof limitsSchema>;

export interface Limits extends Concurrency {
  readonly name: string;
  /** On the wire; Infinity: none. */
  readonly bytesPerSecondPerMove: number;
  readonly timeoutNsPerGib: number;
  /** Whose unit of memory the time-out counts: that of the manager, and GiB for a figure that the question gives. */
  readonly countsAs: ManagerName;
  /** Undefined: as the VM's own words say. */
  readonly manager: ManagerName | undefined;
  /** Infinity: none. */
  readonly progressTimeoutNs: number;
  /** Undefined: as the VM says. */
  readonly downtimeLimitNs: number | undefined;
  readonly novaSteps: boolean;
}

/** What holds where neither the question nor its preset says anything. */
const OTHERWISE: Readonly<Record<LimitField, number>> = {
  atOnce: Infinity,
  outboundPerHost: Infinity,
  inboundPerHost: Infinity,
  perPf: Infinity,
  bytesPerSecondPerMove: Infinity,
  timeoutPerGib: 800 * NS_PER_S,
  progressTimeout: Infinity,
};

/** Whose rules a progress time-out means where nobody is named. */
const PROGRESS_WATCHER = MANAGER_NAMES.find((name) => MANAGERS[name].watchesProgress);

/** The preset that a question names, if it does. */
function presetOf(given: GivenLimits | undefined): string | undefined {
  return typeof given === 'string' ? given : given?.preset;
}

/** The manager whose limits are taken; undefined: none is named. */
export function managerOf(
  given: GivenLimits | undefined,
  presets: ReadonlyMap<string, LimitsPreset>,
): ManagerId | undefined {
  const manager = presets.get(presetOf(given) ?? '')?.manager?.value;
  return MANAGER_IDS.find((id) => id === manager);
}

/** @throws UserError of kind `input` for a preset that there is not */
export function limitsOf(given: GivenLimits | undefined, presets: ReadonlyMap<string, LimitsPreset>): Limits {
  const own = given === undefined || typeof given === 'string' ? {} : given;
  const name = presetOf(given);
  const preset = name === undefined ? undefined : presets.get(name);
  if (name !== undefined && preset === undefined) {
    throw new UserError('input', `limits '${name}' are not known`, `Known are ${[...presets.keys()].join(', ')}.`);
  }
  const limit = (field: LimitField): number => own[field] ?? preset?.[field]?.value ?? OTHERWISE[field];
  const watched = Number.isFinite(limit('progressTimeout')) ? PROGRESS_WATCHER : undefined;
  const manager = preset?.manager?.value ?? watched;
  return {
    name: preset?.id ?? 'own limits',
    fleet: limit('atOnce'),
    outboundPerHost: limit('outboundPerHost'),
    inboundPerHost: limit('inboundPerHost'),
    perPf: limit('perPf'),
    bytesPerSecondPerMove: limit('bytesPerSecondPerMove'),
    timeoutNsPerGib: limit('timeoutPerGib'),
    countsAs: own.timeoutPerGib === undefined ? (manager ?? 'user') : 'user',
    manager,
    progressTimeoutNs: limit('progressTimeout'),
    downtimeLimitNs: preset?.downtimeLimit?.value,
    novaSteps: preset?.steps !== undefined,
  };
}
