/**
 * What is done to a device in addition to moving its state: it is made ready, stopped and started, once for the device, for each of its
 * queues, and for the guest memory that it is given or loses. Source: docs/pause.md.
 */
import { GIB } from '../base/units.ts';
import type { DeviceFigures } from './device-profile.ts';

/** Making one device ready, before anything is sent, in ns. */
export function setupWorkNs({ setupNs, setupNsPerGib }: DeviceFigures, memoryBytes: number): number {
  return setupNs + (setupNsPerGib * memoryBytes) / GIB;
}

/** Stopping one device at the source, in ns. */
export function stopWorkNs(figures: DeviceFigures, queues: number, memoryBytes: number): number {
  const { stopNs, stopNsPerGib, stopNsPerQueue } = figures;
  return stopNs + (stopNsPerGib * memoryBytes) / GIB + queueWorkNs(figures, queues, stopNsPerQueue);
}

/** Starting one device at the destination, in ns. */
export function startWorkNs(figures: DeviceFigures, queues: number, memoryBytes: number): number {
  const { startNs, startNsPerGib, startNsPerQueue } = figures;
  return startNs + (startNsPerGib * memoryBytes) / GIB + queueWorkNs(figures, queues, startNsPerQueue);
}

/** Work on all queues of a device, some at once. */
function queueWorkNs({ queuesAtOnce }: DeviceFigures, queues: number, nsPerQueue: number): number {
  return (queues / Math.min(queues, queuesAtOnce)) * nsPerQueue;
}
