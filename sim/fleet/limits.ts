/**
 * What operators limit: moves at once, bandwidth, time. Presets are data files; a question may take one and change it.
 */
import { z } from 'zod';
import { keysOf } from '../base/keys.ts';
import { NS_PER_MS, NS_PER_S } from '../base/units.ts';
import { UserError } from '../base/user-error.ts';
import { day } from '../base/day.ts';
import { byteRate, duration, durationIn } from '../base/quantity.ts';
import { formatVersion } from '../base/format-version.ts';
import { MANAGER_NAMES, type ManagerName, MANAGERS, timeoutFor } from '../memory/manager.ts';
import { VMM_NAMES, type VmmName, VMMS } from '../memory/vmms.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import { MANAGER_IDS, type ManagerId } from '../manager/vmms.ts';
import { NOVA, type NovaSteps } from '../scenario/document.ts';
import type { Concurrency, Retries } from './evacuation-terms.ts';

const count = z.int().min(1);

/** Limits that a number says, as questions and presets name them. */
const FIELDS = {
  atOnce: count,
  outboundPerHost: count,
  inboundPerHost: count,
  perPf: count,
  bytesPerSecondPerMove: byteRate,
  timeoutPerGib: durationIn('s'),
  timeout: durationIn('s'),
  progressTimeout: durationIn('s'),
};
export type LimitField = keyof typeof FIELDS;

/** Times that are not the same for every move: all alike, or as a range. */
const range = z.union([durationIn('s'), z.strictObject({ from: durationIn('s'), to: durationIn('s') })]);

const MANNERS = {
  retries: z
    .strictObject({
      most: z.int().min(0).max(20),
      backOff: durationIn('s').describe('Before the first of them; each further one waits twice as long.'),
    })
    .describe('Moves that were given up and are begun again.'),
  setUp: range.describe('From the begin of a move to its first byte, such as the start of the target pod.'),
};

/** How sure a value of a preset is: read in the source, in documentation, or second-hand. */
const EVIDENCE = ['source', 'text', 'second-hand'] as const;

const evidence = z
  .enum(EVIDENCE)
  .optional()
  .describe('How the value was obtained: read in the source, in documentation, or second-hand.');
const sourced = <T extends z.ZodType>(value: T) => z.strictObject({ value, source: z.string().min(1), evidence });
/** A limit, or what a question must say instead: a limit that there is, and whose figure is not public. */
const limit = <T extends z.ZodType>(value: T) =>
  z
    .union([
      sourced(value),
      z.strictObject({ ask: z.string().min(1).describe('Why a question must give the figure.') }),
    ])
    .optional();

/** Nova's way of raising the downtime limit: so many steps, each so long after the one before for a GiB of memory. */
const ownSteps = z.strictObject({ count: count.max(100), delayPerGib: durationIn('s') });

/** A preset: each figure with its source. What is left out is not limited. */
export const limitsPresetSchema = z.strictObject({
  format: z.literal('stopcopy-limits'),
  version: formatVersion('stopcopy-limits'),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  title: z.string().min(1),
  asOf: day.optional().describe('Day of which the values are, as YYYY-MM-DD.'),
  atOnce: limit(FIELDS.atOnce),
  outboundPerHost: limit(FIELDS.outboundPerHost),
  inboundPerHost: limit(FIELDS.inboundPerHost),
  perPf: limit(FIELDS.perPf),
  bytesPerSecondPerMove: limit(FIELDS.bytesPerSecondPerMove),
  timeoutPerGib: limit(FIELDS.timeoutPerGib),
  timeout: limit(FIELDS.timeout),
  progressTimeout: limit(FIELDS.progressTimeout),
  retries: sourced(MANNERS.retries).optional(),
  setUp: sourced(MANNERS.setUp).optional(),
  downtimeLimit: sourced(duration).optional(),
  /** Whether the limit rises as Nova's does, as it ships or with steps of one's own. */
  steps: sourced(z.union([z.literal('nova'), ownSteps])).optional(),
  /** Whose rules these are: how often it polls, and which unit of memory its time-out counts. */
  manager: sourced(z.enum([...MANAGER_NAMES, 'libvirt'])).optional(),
  /** The VMM whose moves these limits hold of; left out: any. */
  vmm: sourced(z.enum(VMM_NAMES)).optional(),
});

export type LimitsPreset = z.output<typeof limitsPresetSchema>;

/** What a question may say: a preset's name, or figures of its own, with a preset or without one. */
export const limitsSchema = z.union([
  z.string().min(1),
  z.strictObject({ preset: z.string().min(1), ...FIELDS, ...MANNERS }).partial(),
]);

export type GivenLimits = z.output<typeof limitsSchema>;

export interface Limits extends Concurrency {
  readonly name: string;
  /** On the wire; Infinity: none. */
  readonly bytesPerSecondPerMove: number;
  /** For each unit of memory, or for a move whatever its memory. */
  readonly timeoutNsPerUnit: number;
  readonly timeoutPer: 'GiB' | 'move';
  /** Whose unit of memory the time-out counts: that of the manager, and GiB for a figure that the question gives. */
  readonly countsAs: ManagerName;
  /** Whether question or preset give a time-out; otherwise it is that of the planner. */
  readonly hasTimeout: boolean;
  /** Undefined: as the VM's own words say. */
  readonly manager: ManagerName | undefined;
  /** Infinity: none. */
  readonly progressTimeoutNs: number;
  /** Undefined: as the VM says. */
  readonly downtimeLimitNs: number | undefined;
  /** How the limit rises, where it does as Nova's. */
  readonly steps: 'nova' | NovaSteps | undefined;
  readonly retries: Retries;
  /** From the begin of a move to its first byte, at the ends of its range and between them. */
  readonly setUpNs: Readonly<Record<RangeEnd, number>>;
  /** Whether question or preset give it. */
  readonly hasSetUp: boolean;
  /** Limits that the preset has and whose figures it does not know, each with the reason. */
  readonly unsaid: Readonly<Partial<Record<LimitField, string>>>;
  /** Limits in use that the preset has from others. */
  readonly secondHand: readonly LimitField[];
}

/** What holds where neither the question nor its preset says anything. */
const OTHERWISE: Readonly<Record<LimitField, number>> = {
  atOnce: Infinity,
  outboundPerHost: Infinity,
  inboundPerHost: Infinity,
  perPf: Infinity,
  bytesPerSecondPerMove: Infinity,
  timeoutPerGib: 800 * NS_PER_S,
  timeout: Infinity,
  progressTimeout: Infinity,
};

/** Whose rules a progress time-out means where nobody is named. */
const PROGRESS_WATCHER = MANAGER_NAMES.find((name) => MANAGERS[name].watchesProgress);

/** The preset that a question names, if it does. */
export function presetNameOf(given: GivenLimits | undefined): string | undefined {
  return typeof given === 'string' ? given : given?.preset;
}

/** The manager whose limits are taken; undefined: none is named. */
export function managerOf(
  given: GivenLimits | undefined,
  presets: ReadonlyMap<string, LimitsPreset>,
): ManagerId | undefined {
  const manager = presets.get(presetNameOf(given) ?? '')?.manager?.value;
  return MANAGER_IDS.find((id) => id === manager);
}

type OwnLimits = Exclude<GivenLimits, string>;

function ownOf(given: GivenLimits | undefined): OwnLimits {
  return given === undefined || typeof given === 'string' ? {} : given;
}

/** @throws UserError of kind `input` for a preset that there is not */
export function limitsOf(given: GivenLimits | undefined, presets: ReadonlyMap<string, LimitsPreset>): Limits {
  const own = ownOf(given);
  const name = presetNameOf(given);
  const preset = name === undefined ? undefined : presets.get(name);
  if (name !== undefined && preset === undefined) {
    throw new UserError('input', `limits '${name}' are not known`, `Known are ${[...presets.keys()].join(', ')}.`);
  }
  const known = (field: LimitField): number | undefined => {
    const row = preset?.[field];
    return row !== undefined && 'value' in row ? row.value : undefined;
  };
  const limitOf = (field: LimitField): number => own[field] ?? known(field) ?? OTHERWISE[field];
  const watched = Number.isFinite(limitOf('progressTimeout')) ? PROGRESS_WATCHER : undefined;
  const named = preset?.manager?.value;
  // What libvirt alone begins is watched by its user.
  const manager = named === 'libvirt' ? 'user' : (named ?? watched);
  const ownTimeout = own.timeoutPerGib ?? own.timeout;
  const perMove = ownTimeout === undefined ? known('timeout') : own.timeout;
  return {
    name: preset?.id ?? 'own limits',
    fleet: limitOf('atOnce'),
    outboundPerHost: limitOf('outboundPerHost'),
    inboundPerHost: limitOf('inboundPerHost'),
    perPf: limitOf('perPf'),
    bytesPerSecondPerMove: limitOf('bytesPerSecondPerMove'),
    timeoutNsPerUnit: perMove ?? limitOf('timeoutPerGib'),
    timeoutPer: perMove === undefined ? 'GiB' : 'move',
    countsAs: own.timeoutPerGib === undefined ? (manager ?? 'user') : 'user',
    hasTimeout: (ownTimeout ?? known('timeoutPerGib') ?? known('timeout')) !== undefined,
    manager,
    progressTimeoutNs: limitOf('progressTimeout'),
    downtimeLimitNs: preset?.downtimeLimit?.value,
    steps: stepsOf(preset),
    ...mannersOf(preset, own),
    ...unsureOf(preset, own),
  };
}

function stepsOf(preset: LimitsPreset | undefined): Limits['steps'] {
  const { steps, downtimeLimit } = preset ?? {};
  const own = steps?.value;
  if (own === undefined || own === 'nova') return own;
  const { count: times, delayPerGib } = own;
  const downtimeMs = (downtimeLimit?.value ?? NOVA.downtimeMs * NS_PER_MS) / NS_PER_MS;
  return { downtimeMs, steps: times, delaySPerGib: delayPerGib / NS_PER_S };
}

function mannersOf(preset: LimitsPreset | undefined, own: OwnLimits): Pick<Limits, 'retries' | 'setUpNs' | 'hasSetUp'> {
  const { most, backOff } = own.retries ?? preset?.retries?.value ?? { most: 0, backOff: 0 };
  const setUp = own.setUp ?? preset?.setUp?.value;
  const { from, to } = typeof setUp === 'object' ? setUp : { from: setUp ?? 0, to: setUp ?? 0 };
  return {
    retries: { most, backOffNs: backOff },
    setUpNs: { short: from, point: (from + to) / 2, long: to },
    hasSetUp: setUp !== undefined,
  };
}

/** What a preset says of limits that the question does not give, and does not know, or only by hearsay. */
function unsureOf(preset: LimitsPreset | undefined, own: OwnLimits): Pick<Limits, 'unsaid' | 'secondHand'> {
  const open = keysOf(FIELDS).filter((field) => own[field] === undefined);
  const unsaid = open.flatMap((field) => {
    const row = preset?.[field];
    return row !== undefined && 'ask' in row ? [[field, row.ask] as const] : [];
  });
  const secondHand = open.filter((field) => {
    const row = preset?.[field];
    return row !== undefined && 'evidence' in row && row.evidence === 'second-hand';
  });
  return { unsaid: Object.fromEntries(unsaid), secondHand };
}

/** Units of memory that the time-out counts for a VM of that size. */
export function timeoutUnits({ timeoutPer, countsAs }: Limits, memoryBytes: number): number {
  return timeoutPer === 'move' ? 1 : MANAGERS[countsAs].timeoutUnits(memoryBytes);
}

/** Time that a move of a VM of that size has, ns. */
export function timeoutOf({ timeoutPer, countsAs, timeoutNsPerUnit }: Limits, memoryBytes: number): number {
  return timeoutPer === 'move' ? timeoutNsPerUnit : timeoutFor(countsAs, timeoutNsPerUnit, memoryBytes);
}

/**
 * Refuses limits whose figures are not public, and that the question has to give.
 *
 * @param read the limits on which the answer depends
 * @throws UserError of kind `input`
 */
export function refuseUnsaid({ unsaid, name }: Limits, read: readonly LimitField[], file: string): void {
  const field = read.find((each) => unsaid[each] !== undefined);
  if (field === undefined) return;
  throw new UserError(
    'input',
    `${file}: limits.${field} is missing, and the preset ${name} does not know it: ${unsaid[field]}`,
    `Give limits: { preset: ${name}, ${field}: … } with the figure of your own installation.`,
  );
}

/** Limits that contradict each other, or the VMs that they hold of. @throws UserError of kind `input` */
export function checkLimits(
  given: GivenLimits | undefined,
  presets: ReadonlyMap<string, LimitsPreset>,
  vms: readonly (readonly [path: string, vmm: VmmName])[],
  isFleet: boolean,
  file: string,
): void {
  const ofFleets = keysOf(MANNERS).find((field) => ownOf(given)[field] !== undefined);
  if (!isFleet && ofFleets !== undefined) {
    throw new UserError(
      'input',
      `${file}: limits.${ofFleets} is given, and only ask: evacuate reads it`,
      'Leave it out, or ask about a fleet.',
    );
  }
  const { timeout, timeoutPerGib, setUp } = ownOf(given);
  if (typeof setUp === 'object' && setUp.from > setUp.to) {
    throw new UserError(
      'input',
      `${file}: limits.setUp.from is more than limits.setUp.to`,
      'Give the shorter time first.',
    );
  }
  if (timeout !== undefined && timeoutPerGib !== undefined) {
    throw new UserError(
      'input',
      `${file}: limits.timeout and limits.timeoutPerGib are both given`,
      'A time-out is for a move whatever its memory, or for each GiB of it: leave one of the two out.',
    );
  }
  const name = presetNameOf(given) ?? '';
  const vmm = presets.get(name)?.vmm?.value;
  const other = vmm === undefined ? undefined : vms.find(([, each]) => each !== vmm);
  if (vmm === undefined || other === undefined) return;
  throw new UserError(
    'input',
    `${file}: ${other[0]}.vmm is ${other[1]}, and limits ${name} are of ${VMMS[vmm].title}`,
    `Give vmm: ${vmm}, or other limits.`,
  );
}
