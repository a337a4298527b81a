/**
 * virtio devices whose rings another process or the kernel serves (vhost-user, vhost-net): what they add to a pause.
 *
 * Stopping a ring is a request and its answer; loading a device changes the memory map, which is rebuilt for each change; and a
 * dirty-bitmap sync reads small memory blocks page by page. Source: docs/pause.md.
 */
import type { VmmParameters } from './parameters.ts';

export interface VhostDevices {
  /** All of them, and all their rings together. */
  readonly devices: number;
  readonly queues: number;
  /** Whether changes of the memory map are collected while state is loaded. No release is known to. */
  readonly fewerCommits: boolean;
  /** Whether a dirty-bitmap sync skips blocks that are not aligned (after QEMU 10.2). */
  readonly alignedSync: boolean;
}

/** What is left of it then: 1 of 61 ms; table bitmap-sync-parts. */
const ALIGNED_SHARE = 1 / 61;

/** Stopping all rings, in ns. */
export function vhostStopNs({ devices, queues }: VhostDevices, p: VmmParameters): number {
  return devices * p.vhostStopNsPerDevice + queues * p.vhostStopNsPerQueue;
}

/** Loading all devices, in ns. */
export function vhostLoadNs({ devices, queues, fewerCommits }: VhostDevices, p: VmmParameters): number {
  const commitsNs = devices * p.commitNsPerDevice + queues * p.commitNsPerQueue;
  return devices * p.vhostLoadNsPerDevice + (fewerCommits ? 0 : commitsNs);
}

/** What they add to a dirty-bitmap sync, in ns. */
export function vhostSyncNs({ devices, alignedSync }: VhostDevices, p: VmmParameters): number {
  return devices * p.unalignedSyncNsPerDevice * (alignedSync ? ALIGNED_SHARE : 1);
}
