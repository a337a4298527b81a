/**
 * Guests and policies that are played one by one.
 */
import { GIB, NS_PER_S } from '../../../sim/base/units.ts';
import type { Guest } from '../../../sim/converge/guest.ts';
import { ConvergePlayer, moveColumns, type MoveColumns, type StreamSettings } from '../../../sim/converge/play.ts';
import {
  playedPolicy,
  type PlayedPolicy,
  type PolicyName,
  type PolicySettings,
} from '../../../sim/converge/policies.ts';
import { MemoryClass } from '../../../sim/memory/dirty.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { ConstantRate } from '../../../sim/memory/write-rate.ts';

export const P = pointParameters();
const HOUR_NS = 3600 * NS_PER_S;

export const STREAM: StreamSettings = {
  gigabitsPerSecond: 25,
  latencyNs: 20_000,
  channels: 4,
  multifd: true,
  tls: false,
  maxBytesPerSecond: Infinity,
};

/** All of it in use; writes bytes per second of a part of its memory. */
export function writing(
  memoryGib: number,
  setShare: number,
  bytesPerSecond: number,
  change: Partial<Guest> = {},
): Guest {
  const memoryBytes = memoryGib * GIB;
  const set = memoryBytes * setShare;
  const sets = [new MemoryClass(set, 4096, new ConstantRate(bytesPerSecond / 4096))];
  if (set < memoryBytes) sets.push(new MemoryClass(memoryBytes - set, 4096, new ConstantRate(0)));
  return { memoryBytes, usedBytes: memoryBytes, vcpus: 8, writers: 4, sets, windowPhase: 0.5, ...change };
}

/** Plays guests under a policy, in their order. */
export function played(
  guests: readonly Guest[],
  policy: (guest: Guest) => PlayedPolicy,
  stream: Partial<StreamSettings> = {},
  horizonNs: number = HOUR_NS,
): MoveColumns {
  const player = new ConvergePlayer({ ...STREAM, ...stream }, [], horizonNs);
  const columns = moveColumns(guests.length);
  for (const [i, guest] of guests.entries()) player.play(guest, policy(guest), columns, i);
  return columns;
}

export function named(name: PolicyName, settings: PolicySettings = {}): (guest: Guest) => PlayedPolicy {
  return (guest) => playedPolicy(name, settings, guest);
}
