/**
 * A published measurement of what is done to a device in addition to moving memory: its queues stopped and started, guest memory given to
 * it and taken away, its state sent.
 */
import { z } from 'zod';
import { bytesPerSecondOf, GIB, MS_PER_S, NS_PER_MS } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';
import { setupWorkNs, startWorkNs, stopWorkNs } from './device-work.ts';
import type { VmmParameters } from './parameters.ts';

/** What a table may say of such an experiment. */
export const deviceWorkSchema = z.strictObject({
  profile: z.string().min(1),
  devices: z.int().min(1).max(63).default(1),
  /** Queues of each. */
  queues: z.int().min(1).default(1),
  /** Queues that are stopped or started at once, where that is stated itself. */
  queuesAtOnce: z.number().min(1).optional(),
  memoryGib: z.number().positive().default(1),
  /** State of the device, and the link that it takes. */
  stateGib: z.number().positive().optional(),
  gigabitsPerSecond: z.number().positive().optional(),
});

export type DeviceWorkExperiment = z.output<typeof deviceWorkSchema>;

/** What such a measurement may report; docs/published-tables.md says what each is. */
export const DEVICE_WORK_OUTPUTS = [
  'suspendMs',
  'resumeMs',
  'switchMs',
  'stopMs',
  'mapMs',
  'unmapMs',
  'stateMs',
] as const;

type DeviceWorkOutput = (typeof DEVICE_WORK_OUTPUTS)[number];

/** What the model makes of an experiment. */
export function runDeviceWork(
  { devices, queues, queuesAtOnce, memoryGib, stateGib, gigabitsPerSecond }: DeviceWorkExperiment,
  drawn: DeviceFigures,
  { lineShare }: VmmParameters,
): Readonly<Partial<Record<DeviceWorkOutput, number>>> {
  const figures = queuesAtOnce === undefined ? drawn : { ...drawn, queuesAtOnce };
  const memoryBytes = memoryGib * GIB;
  const suspendNs = stopWorkNs(figures, queues, 0);
  const resumeNs = startWorkNs(figures, queues, 0);
  const stopNs = stopWorkNs(figures, queues, memoryBytes);
  const isSilent = stateGib === undefined || gigabitsPerSecond === undefined;
  return {
    suspendMs: suspendNs / NS_PER_MS,
    resumeMs: resumeNs / NS_PER_MS,
    switchMs: setupWorkNs(figures, memoryBytes) / NS_PER_MS,
    stopMs: (devices * stopNs) / NS_PER_MS,
    mapMs: (startWorkNs(figures, queues, memoryBytes) - resumeNs) / NS_PER_MS,
    unmapMs: (stopNs - suspendNs) / NS_PER_MS,
    ...(isSilent ? {} : { stateMs: stateMs(figures, stateGib * GIB, bytesPerSecondOf(gigabitsPerSecond) * lineShare) }),
  };
}

function stateMs({ fixedNs, streamBytesPerSecond }: DeviceFigures, bytes: number, linkBytesPerSecond: number): number {
  return fixedNs / NS_PER_MS + (bytes / Math.min(streamBytesPerSecond, linkBytesPerSecond)) * MS_PER_S;
}
