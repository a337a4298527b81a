/**
 * On real threads: a move from or to a host whose VFs offer no migration does not begin.
 */
import { expect, test } from 'vitest';

import type { MigrationRefusal } from '../../sim/vfio/migration-refusal.ts';
import { progress, worldOf } from './world-rig.ts';

const REFUSAL: MigrationRefusal = { why: 'the port above has no ACS', path: ['VF', 'port', 'VF'] };

test.each([
  ['source', [REFUSAL, null]],
  ['destination', [null, REFUSAL]],
] as const)('refused at the %s: the guest runs on, and every task completes', async (side, refusals) => {
  const world = await worldOf({ refusals });
  await progress(world);
  expect(await world.migrate(0, 0)).toEqual({
    kind: 'failed',
    reason: `the ${side} offers no migration: the port above has no ACS; the way there: VF -> port -> VF`,
    resumed: true,
  });
  await progress(world);
  const [report] = await world.finish();
  expect(report?.report).toMatchObject({ ok: true, lostTasks: 0 });
  // It was never paused.
  expect(report?.pausesNs).toEqual([]);
});
