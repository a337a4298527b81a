/**
 * What a kind of device adds to a VM's move: bytes of state, rates, fixed costs. Data files, read against this schema.
 */
import { z } from 'zod';
import { ACCELERATOR_KINDS } from '../abi/accelerators.ts';
import { PARAMETER_ORIGINS } from './parameter.ts';

const figure = z.strictObject({
  value: z.number().nonnegative(),
  /** Values that make a pause short and long. */
  range: z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
  from: z.enum(PARAMETER_ORIGINS),
  source: z.string().min(1),
  /** Labs whose measurements it rests on, and what such a figure may be at all, as a prediction for one of them takes it. */
  evidence: z.array(z.string().min(1)).min(1).optional(),
  unmeasured: z.tuple([z.number().positive(), z.number().positive()]).optional(),
});

const PROFILE_FORMAT = 'stopcopy-device-profile';
const PROFILE_VERSION = 1;

const fields = z.strictObject({
  format: z.literal(PROFILE_FORMAT),
  version: z.literal(PROFILE_VERSION),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  title: z.string().min(1),
  /**
   * The VFIO driver that the device is bound to, of which the tables of `sim/manager` know what it offers; `vhost-vdpa` where
   * VFIO has no part in it. Left out: a driver that no table knows, and of profiles with a register model HiSilicon's.
   */
  driver: z.string().min(1).optional(),
  /** Whether a driver that no table knows logs what the device writes; where that decides, it is asked for. */
  dmaLog: z.boolean().optional(),
  /** Migration flags in addition to STOP_COPY. */
  preCopy: z.boolean(),
  p2p: z.boolean(),
  /** Whether the times come from the register model of this VF; figures here then hold for nothing. */
  registerModel: z.boolean().default(false),
  /** Which accelerator it is; of profiles with a register model, and of these always. */
  kind: z.enum(ACCELERATOR_KINDS).optional(),
  /** State of one device, in bytes. */
  stateBytes: figure,
  /** Share of the state that is sent before the stop, 0 to 1. */
  preCopiedShare: figure,
  /** Whether that is of use only if the source waits until the destination has made room for it (switchover-ack). */
  preCopyNeedsAck: z.boolean().default(false),
  /** Making one device ready to be moved, before anything is sent, in ns. Default: no time. */
  setupNs: figure.optional(),
  /** The same for each GiB of guest memory, such as memory keys for shadow queues. Default: no time. */
  setupNsPerGib: figure.optional(),
  /** Stopping one device, before the last iteration of memory, in ns. Default: part of fixedNs. */
  stopNs: figure.optional(),
  /** The same for each GiB of guest memory, such as unmapping it, and for each queue. Default: no time. */
  stopNsPerGib: figure.optional(),
  stopNsPerQueue: figure.optional(),
  /** Stopping, saving, loading and starting one device, apart from its bytes and queues, in ns. */
  fixedNs: figure,
  /** Starting one device at the destination, when all else is there, in ns. Default: part of fixedNs. */
  startNs: figure.optional(),
  /** The same for each GiB of guest memory, such as mapping it, and for each queue. Default: no time. */
  startNsPerGib: figure.optional(),
  startNsPerQueue: figure.optional(),
  /** Queues of one device that are stopped or started at once, 1 or more. Default: one by one. */
  queuesAtOnce: figure.optional(),
  /** What the device's own log of what it writes adds to the final sync, in ns for each GiB of guest memory. Default: none. */
  trackingNsPerGib: figure.optional(),
  /** The same for each queue, in ns. */
  perQueueNs: figure,
  /** Loading at the destination, in ns for each byte, once it is there. Default: part of streamBytesPerSecond. */
  loadNsPerByte: figure.optional(),
  /** State bytes per second of one device alone, saved, sent and loaded. */
  streamBytesPerSecond: figure,
  /** State bytes per second of all devices of one PF together. */
  sharedBytesPerSecond: figure,
  /** Making room at the destination, in ns for each byte of state. */
  allocateNsPerByte: figure,
  /** Part of the load that runs under the VMM's big lock, one device after another, in ns. */
  lockedNs: figure,
});

const KINDS = ACCELERATOR_KINDS.join(', ');

const RULES =
  'preCopiedShare is 0 without preCopy; kind is given if and only if registerModel is true. queuesAtOnce is 1 or more. Each range has the shortest pause first.';

export const deviceProfileSchema = fields
  .describe(RULES)
  .superRefine(({ registerModel, kind, preCopy, preCopiedShare, queuesAtOnce }, context) => {
    if (queuesAtOnce !== undefined && Math.min(queuesAtOnce.value, ...queuesAtOnce.range) < 1) {
      context.addIssue({ code: 'custom', path: ['queuesAtOnce'], message: 'allowed is 1, one by one, or more' });
    }
    if (!preCopy && Math.max(preCopiedShare.value, ...preCopiedShare.range) > 0) {
      const path = ['preCopiedShare', 'value'];
      context.addIssue({
        code: 'custom',
        path,
        message: 'a device without preCopy sends nothing before the stop; allowed is 0',
      });
    }
    if (registerModel === (kind !== undefined)) return;
    const message = registerModel
      ? `a profile with registerModel: true says which accelerator it is; add kind: with one of ${KINDS}`
      : 'only a profile with registerModel: true is of a kind of accelerator; leave kind out, or add registerModel: true';
    context.addIssue({ code: 'custom', path: ['kind'], message });
  });

/** A profile has a `kind` if and only if it has a register model. */
export type DeviceProfile = z.infer<typeof deviceProfileSchema>;
export type ProfileFigure = z.infer<typeof figure>;

/** Which value of each figure is taken. */
export const RANGE_ENDS = ['point', 'short', 'long'] as const;
export type RangeEnd = (typeof RANGE_ENDS)[number];

/** Figures of a profile, in the order of the document. */
export const PROFILE_FIGURES = [
  'stateBytes',
  'preCopiedShare',
  'setupNs',
  'setupNsPerGib',
  'stopNs',
  'stopNsPerGib',
  'stopNsPerQueue',
  'fixedNs',
  'startNs',
  'startNsPerGib',
  'startNsPerQueue',
  'queuesAtOnce',
  'trackingNsPerGib',
  'perQueueNs',
  'loadNsPerByte',
  'streamBytesPerSecond',
  'sharedBytesPerSecond',
  'allocateNsPerByte',
  'lockedNs',
] as const satisfies readonly (keyof DeviceProfile)[];

export type ProfileFigureName = (typeof PROFILE_FIGURES)[number];

/** A profile's figures as plain numbers. */
export interface DeviceFigures extends Readonly<Record<ProfileFigureName, number>> {
  readonly preCopyNeedsAck: boolean;
}

/** Figures that depend on how many queues a device has. */
const PER_QUEUE = ['perQueueNs', 'stopNsPerQueue', 'startNsPerQueue'] as const satisfies readonly ProfileFigureName[];

/** Whether any figure of such a device depends on how many queues it has. */
export function dependsOnQueues(profile: DeviceProfile): boolean {
  const isThere = (name: (typeof PER_QUEUE)[number]): boolean => {
    const given = profile[name];
    return given !== undefined && Math.max(given.value, ...given.range) > 0;
  };
  return profile.kind !== undefined || PER_QUEUE.some(isThere);
}

/** @param at the value of a figure that the profile has; those that it leaves out take no time */
export function figuresBy(
  profile: DeviceProfile,
  at: (figure: ProfileFigure, name: ProfileFigureName) => number,
): DeviceFigures {
  const figures: Partial<Record<ProfileFigureName, number>> = {};
  for (const name of PROFILE_FIGURES) {
    const given = profile[name];
    figures[name] = given === undefined ? 0 : at(given, name);
  }
  const queuesAtOnce = profile.queuesAtOnce === undefined ? 1 : figures.queuesAtOnce!;
  return {
    ...(figures as Record<ProfileFigureName, number>),
    queuesAtOnce,
    preCopyNeedsAck: profile.preCopyNeedsAck,
  };
}

/** A profile with the state of each device as it is known of them; undefined: as the profile says. */
export function withState(profile: DeviceProfile, stateBytes: number | undefined): DeviceProfile {
  if (stateBytes === undefined) return profile;
  const known: ProfileFigure = {
    value: stateBytes,
    range: [stateBytes, stateBytes],
    from: 'published',
    source: 'the scenario',
  };
  return { ...profile, stateBytes: known };
}

export function figuresOf(profile: DeviceProfile, end: RangeEnd): DeviceFigures {
  return figuresBy(profile, ({ value, range }) => (end === 'point' ? value : end === 'short' ? range[0] : range[1]));
}
