/**
 * Real worlds for tests: small, patient, and closed in the end whatever happened.
 */
import { afterEach, expect } from 'vitest';

import type { Load } from '../../sim/workload/load.ts';
import type { GuestReport } from '../../workers/threads/guest-service.ts';
import { type RealMigration, RealWorld, type RealWorldOptions } from '../../workers/real-world.ts';

/** Only against hanging: a crowded machine may keep a thread from running for minutes. */
export const AGES_MS = 600_000;

export const SATURATED: Load = { kind: 'closed', inFlightPerQueue: 8 };

export const OPTIONS: RealWorldOptions = {
  kind: 'zip',
  generation: 'linux-6.12.117',
  vms: 1,
  queuePairs: 4,
  load: SATURATED,
  seed: 1,
  inFlight: 'finish',
  engine: { servers: 2, serviceNs: 20_000 },
  limitMs: AGES_MS,
};

const open: RealWorld[] = [];

afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

/** A world that is closed at the end of its test. */
export async function worldOf(options: Partial<RealWorldOptions> = {}): Promise<RealWorld> {
  const world = await RealWorld.open({ ...OPTIONS, ...options });
  open.push(world);
  return world;
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadlineMs = performance.now() + AGES_MS; !holds();) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** Waits until a VM has completed so many tasks more than it had. */
export async function progress(world: RealWorld, vm = 0, tasks = 20): Promise<void> {
  const before = world.completedTasks(vm);
  await until(`VM ${vm} makes progress`, () => world.completedTasks(vm) - before >= tasks);
}

export type Moved = RealMigration & { readonly kind: 'moved' };
export type Failed = RealMigration & { readonly kind: 'failed' };

export function moved(outcome: RealMigration): Moved {
  expect(outcome).toMatchObject({ kind: 'moved' });
  return outcome as Moved;
}

/** A move that failed and left the VM running at its source. */
export function stayed(outcome: RealMigration): Failed {
  expect(outcome).toMatchObject({ kind: 'failed', resumed: true });
  return outcome as Failed;
}

/** The reports of guests that lost a task, saw one out of order, or have one left. */
export function troubles(reports: readonly GuestReport[]): GuestReport[] {
  return reports.filter(({ report }) => !report.ok || report.outstanding > 0 || report.completed !== report.accepted);
}
