/**
 * The script of a run, as users write it and as findings are written: what the hosts are, and the steps of each VM. Version 1;
 * docs/check.md explains each field.
 */
import { z } from 'zod';

import { ERRNO_NAMES, errnoNumber } from '../abi/errno.ts';
import { QM_NOT_READY, QM_READY } from '../abi/registers.ts';
import { ACC_VF_DATA_BYTES } from '../abi/vf-data.ts';
import { formatVersion } from '../base/format-version.ts';
import { duration, durationText } from '../base/quantity.ts';
import { DEFAULT_GENERATION, type GenerationId, GENERATION_IDS } from '../driver/generation.ts';
import { HAZARD_IDS, type HazardId } from '../driver/hazards.ts';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import type { ScriptedRun, ScriptedStep } from './play.ts';
import { RULE_IDS } from './rules.ts';
import type { Feature } from './setting.ts';
import { ASKED_STATES, GUEST_STEPS, type HostIndex, IMAGE_CHANGES, PLAIN_CALLS, type VmStep } from './vm-step.ts';

const SCRIPT_FORMAT = 'stopcopy-script';
/** More than any finding has. */
const STEPS_MAX = 1_000;
const ACCESSES_MAX = 1_000_000;
const BAR2_BYTES_MAX = 0x2_0000;
const SHORTEST_PREEMPTION_NS = 1;
const DEFAULT_WARM_UP = '50us';
const HOSTS = ['A', 'B'] as const;
const STEP_WORDS = [...HOSTS, 'wait', 'guest', 'image'] as const;

const CALLS = `a state (${ASKED_STATES.join(', ')}), read N or all, write N or all, ${PLAIN_CALLS.join(', ')}, fault NAME, or register 0xN`;

/** `read 40`, `STOP`, `fault pauseRefused`; null: no such call. */
function callOf(at: HostIndex, text: string): VmStep | null {
  const state = ASKED_STATES.find((known) => known === text);
  if (state !== undefined) return { kind: 'state', at, state };
  const what = PLAIN_CALLS.find((known) => known === text);
  if (what !== undefined) return { kind: 'call', at, what };
  const [, kind, bytes = ''] = /^(read|write) (all|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (kind === 'read' || kind === 'write') return { kind, at, bytes: bytes === 'all' ? null : Number(bytes) };
  const name = FAULT_NAMES.find((known) => text === `fault ${known}`);
  if (name !== undefined) return { kind: 'fault', at, name };
  const [, offset = ''] = /^register (0x[0-9a-f]{1,5})$/i.exec(text) ?? [];
  const place = Number(offset);
  return offset !== '' && place % 4 === 0 && place < BAR2_BYTES_MAX ? { kind: 'register', at, offset: place } : null;
}

const call = z
  .string()
  .refine((text) => callOf(0, text) !== null, {
    error: ({ input }) =>
      String(input).startsWith('fault ')
        ? `allowed is fault and one of ${FAULT_NAMES.join(', ')}`
        : `allowed is ${CALLS}`,
  })
  .describe(`A call on this host’s device: ${CALLS}.`);

const step = z
  .strictObject({
    A: call.optional(),
    B: call.optional(),
    wait: duration.optional().describe('Nothing happens for so long.'),
    guest: z.enum(GUEST_STEPS).optional().describe('What the vCPUs do, or an interrupt that never comes.'),
    image: z
      .array(z.enum(IMAGE_CHANGES))
      .optional()
      .describe('How what is sent from now on differs from what was read; an empty list: in nothing.'),
    gives: z
      .union([z.int().min(0), z.enum(ERRNO_NAMES)])
      .optional()
      .describe('What the call is to give: a number, or the name of an errno. Anything else is a finding.'),
  })
  .refine((each) => STEP_WORDS.filter((word) => each[word] !== undefined).length === 1, {
    error: 'allowed is exactly one of A, B, wait, guest and image',
  });

export const scriptSchema = z.strictObject({
  $schema: z.string().optional(),
  format: z.literal(SCRIPT_FORMAT),
  version: formatVersion(SCRIPT_FORMAT),
  name: z.string().min(1).max(200).describe('What it shows, for the headline.'),
  generation: z
    .enum(GENERATION_IDS)
    .default(DEFAULT_GENERATION)
    .describe('The driver on both hosts; the option --generation overrides it.'),
  shows: z
    .enum(HAZARD_IDS)
    .optional()
    .describe('The bug that a step shows whose `gives` is not met. Other findings are traced to their cause.'),
  without: z
    .array(z.enum(HAZARD_IDS))
    .default([])
    .describe('Bugs whose fixes are taken back; the options --unfix and --generation override it.'),
  device: z
    .strictObject({
      window: z.boolean().default(false).describe('Hardware V4, with the migration windows in the PF’s BAR2.'),
      inFlight: z.enum(['finish', 'hold']).default('finish').describe('What a paused VF does with tasks in service.'),
      stateAtReset: z.enum(['READY', 'NOT_READY']).default('READY').describe('QM_VF_STATE after a reset.'),
      plainVf: z.boolean().default(false).describe('VF 2 of host A offers no migration.'),
    })
    .prefault({}),
  guests: z
    .strictObject({
      driver: z.boolean().default(true).describe('Whether the guests have a driver for the VF.'),
      load: z.enum(['saturated', 'idle']).default('saturated'),
      warmUp: duration
        .prefault(DEFAULT_WARM_UP)
        .describe(`How long they run before the first step. Default: ${DEFAULT_WARM_UP}.`),
    })
    .prefault({}),
  passes: z.array(z.enum(RULE_IDS)).default([]).describe('Rules whose findings do not end the run.'),
  vm1: z.array(step).max(STEPS_MAX).describe('The steps of a VM, which begins at host A and has VF 1 of either PF.'),
  vm2: z.array(step).max(STEPS_MAX).optional().describe('The steps of a second VM, which has VF 2, at the same time.'),
  pfReset: z
    .strictObject({
      at: z.enum(HOSTS),
      after: duration.describe('How long after the first step it begins.'),
      extra: duration.default(0).describe('What it takes beyond the ordinary.'),
    })
    .optional()
    .describe('A reset of a PF by its driver.'),
  preempts: z
    .strictObject({
      vm: z.int().min(1).max(2),
      access: z.int().min(0).max(ACCESSES_MAX).describe('Number of the access of what VFs share, from 0.'),
      for: duration.refine((ns) => ns >= SHORTEST_PREEMPTION_NS, { error: 'allowed is more than 0' }),
    })
    .optional()
    .describe('The scheduler keeps the call of a VM from running, before one of its accesses of what VFs share.'),
});
type ScriptDocument = z.output<typeof scriptSchema>;

/** A script as it is written to a file. */
export type WrittenScript = z.input<typeof scriptSchema>;

/** The run that a script stands for. */
export function runOf({ shows, device, guests, passes, vm1, vm2, pfReset, preempts }: ScriptDocument): ScriptedRun {
  const features = new Set<Feature>();
  if (!guests.driver) features.add('noGuestDriver');
  if (vm2 !== undefined) features.add('secondVf');
  if (pfReset !== undefined) features.add('pfResets');
  return {
    chosen: {
      features,
      window: device.window,
      inFlight: device.inFlight,
      readyAtReset: device.stateAtReset === 'READY' ? QM_READY : QM_NOT_READY,
      plainVf: device.plainVf,
      passed: new Set(passes),
      preemption: preempts === undefined ? null : { vmm: preempts.vm - 1, access: preempts.access, ns: preempts.for },
      idle: guests.load === 'idle',
      warmUpNs: guests.warmUp,
    },
    vms: [vm1, ...(vm2 === undefined ? [] : [vm2])].map((steps) => steps.map(stepOf)),
    shows: shows ?? null,
    pfReset:
      pfReset === undefined ? null : { at: pfReset.at === 'A' ? 0 : 1, afterNs: pfReset.after, extraNs: pfReset.extra },
  };
}

function stepOf({ gives, wait, guest, image, A, B }: z.output<typeof step>): ScriptedStep {
  const expected = typeof gives === 'string' ? -errnoNumber(gives) : (gives ?? null);
  if (wait !== undefined) return { step: { kind: 'wait', ns: wait }, gives: expected };
  if (guest !== undefined) return { step: { kind: 'guest', what: guest }, gives: expected };
  if (image !== undefined) return { step: { kind: 'image', changes: image }, gives: expected };
  return { step: callOf(A === undefined ? 1 : 0, A ?? B!)!, gives: expected };
}

/** The script of a run, with all that is not the default. */
export function writtenScript(
  run: ScriptedRun,
  { name, generation, without }: { name: string; generation: GenerationId; without: readonly HazardId[] },
): WrittenScript {
  const { chosen, vms, pfReset } = run;
  const { features, preemption, passed } = chosen;
  const device: WrittenScript['device'] = {
    ...(chosen.window ? { window: true } : {}),
    ...(chosen.inFlight === 'finish' ? {} : { inFlight: chosen.inFlight }),
    ...(chosen.readyAtReset === QM_READY ? {} : { stateAtReset: 'NOT_READY' }),
    ...(chosen.plainVf ? { plainVf: true } : {}),
  };
  return {
    format: SCRIPT_FORMAT,
    version: 1,
    name,
    generation,
    ...(without.length === 0 ? {} : { without: [...without] }),
    ...(Object.keys(device).length === 0 ? {} : { device }),
    guests: {
      ...(features.has('noGuestDriver') ? { driver: false } : {}),
      load: chosen.idle ? 'idle' : 'saturated',
      warmUp: chosen.warmUpNs === 0 ? 0 : durationText(chosen.warmUpNs),
    },
    ...(passed.size === 0 ? {} : { passes: [...passed] }),
    vm1: (vms[0] ?? []).map(({ step: each }) => writtenStep(each)),
    ...(vms[1] === undefined ? {} : { vm2: vms[1].map(({ step: each }) => writtenStep(each)) }),
    ...(pfReset === null
      ? {}
      : {
          pfReset: {
            at: HOSTS[pfReset.at],
            after: durationText(pfReset.afterNs),
            ...(pfReset.extraNs === 0 ? {} : { extra: durationText(pfReset.extraNs) }),
          },
        }),
    ...(preemption === null
      ? {}
      : { preempts: { vm: preemption.vmm + 1, access: preemption.access, for: durationText(preemption.ns) } }),
  };
}

function writtenStep(each: VmStep): z.input<typeof step> {
  if (each.kind === 'wait') return { wait: durationText(each.ns) };
  if (each.kind === 'guest') return { guest: each.what };
  if (each.kind === 'image') return { image: [...each.changes] };
  return { [HOSTS[each.at]]: callText(each) };
}

function callText(each: Extract<VmStep, { at: HostIndex }>): string {
  switch (each.kind) {
    case 'state':
      return each.state;
    case 'fault':
      return `fault ${each.name satisfies FaultName}`;
    case 'register':
      return `register 0x${each.offset.toString(16)}`;
    case 'call':
      return each.what;
    default:
      return `${each.kind} ${each.bytes === null ? 'all' : Math.min(each.bytes, ACC_VF_DATA_BYTES)}`;
  }
}
