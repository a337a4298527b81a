import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { UserError } from '../../sim/base/user-error.ts';
import type { Load } from '../../sim/workload/load.ts';
import { WALL_PARTS } from '../../sim/base/pause-parts.ts';
import { frameBytesMax } from '../../workers/end/image-stream.ts';
import { RealWorld } from '../../workers/real-world.ts';
import type { DamageName } from '../../workers/end/vf-tasks.ts';
import { waitingOf } from '../../workers/lane/waiting.ts';
import { troubles, moved, OPTIONS, progress, SATURATED, stayed, worldOf } from './world-rig.ts';
import { stating } from '../stating.ts';

const LOADS: readonly (readonly [name: string, load: Load])[] = [
  ['idle', { kind: 'idle' }],
  ['half loaded', { kind: 'open', fractionOfCapacity: 0.5 }],
  ['saturated', SATURATED],
];

describe.each(['linux-6.12.117', 'upstream-2026'] as const)('%s:', (generation) => {
  test.each(LOADS)('a VM that is %s moves there and back again and again and loses nothing', async (name, load) => {
    const world = await worldOf({ generation, load });
    for (let turn = 0; turn < 6; turn++) {
      const outcome = moved(await world.migrate(0, turn % 2));
      const sumNs = WALL_PARTS.reduce((sum, part) => sum + outcome.partsNs[part], 0);
      expect(sumNs).toBeCloseTo(outcome.downtimeNs, 0);
      expect(outcome.downtimeNs).toBeGreaterThan(0);
      if (name !== 'idle') await progress(world);
    }
    const reports = await world.finish();
    expect(troubles(reports)).toEqual([]);
    expect(reports[0]!.report.accepted > 0).toBe(name !== 'idle');
  });
});

test.each([
  ['sec', 'finish'],
  ['hpre', 'hold'],
] as const)(
  'tasks that a %s VF has in service when it pauses (%s) are neither lost nor done twice',
  async (kind, inFlight) => {
    const world = await worldOf({ kind, inFlight, engine: { servers: 3, serviceNs: 400_000 } });
    for (let turn = 0; turn < 6; turn++) {
      moved(await world.migrate(0, turn % 2));
      await progress(world, 0, 5);
    }
    expect(troubles(await world.finish())).toEqual([]);
  },
);

test('a frame carries the image and all queue structures, and each queue with work reports a pause for each move', async () => {
  const world = await worldOf();
  for (let turn = 0; turn < 3; turn++) {
    await progress(world, 0, 200);
    const { frameBytes } = moved(await world.migrate(0, turn % 2));
    expect(frameBytes).toBe(frameBytesMax(176, world.layout.sections));
    await progress(world, 0, 200);
  }
  const [guest] = await world.finish();
  expect(guest!.pausesNs.length).toBe(3 * 4);
  for (const pauseNs of guest!.pausesNs) expect(pauseNs).toBeGreaterThan(0);
});

const DAMAGES = {
  corrupt: 'the checksum of section "queues" does not fit its bytes',
  truncated: 'bytes came, it announces',
  oversized: 'bytes came, this destination takes at most',
  foreign: 'it starts with',
  version: 'format version 99',
} as const satisfies Record<DamageName, string>;

describe('a frame that is damaged on its way', () => {
  let world: RealWorld;
  /** Host of the VM. */
  let host = 0;

  beforeAll(async () => {
    world = await RealWorld.open(OPTIONS);
  });

  afterAll(() => world.close());

  test.each(Object.entries(DAMAGES) as [DamageName, string][])(
    '(%s) is refused with a sentence and a hint; the VM runs on at its source, and moves later',
    async (damage, text) => {
      await progress(world);
      for (let again = 0; again < 3; again++) {
        const { reason, hint } = stayed(await world.migrate(0, host, { damage }));
        expect(reason).toMatch(stating('the destination', 'refused', 'image stream refused'));
        expect(reason).toContain(text);
        expect(reason).not.toContain('\n');
        expect(hint).toMatch(/^[a-z]/);
        await progress(world);
      }
      moved(await world.migrate(0, host));
      host = 1 - host;
      await progress(world);
    },
  );

  test('costs the VM no task', async () => {
    expect(troubles(await world.finish())).toEqual([]);
  });
});

describe('with pre-copy', () => {
  test.each(LOADS)('a VM that is %s moves there and back and loses nothing', async (name, load) => {
    const world = await worldOf({ load });
    for (let turn = 0; turn < 6; turn++) {
      const { iterationBytes, frameBytes } = moved(await world.migrate(0, turn % 2, { iterationsMax: 3 }));
      expect(iterationBytes.length).toBeGreaterThan(0);
      expect(iterationBytes.length).toBeLessThanOrEqual(3);
      // The first iteration has everything, whatever was sent in an earlier move; an idle guest leaves the rest clean.
      expect(iterationBytes[0]).toBeGreaterThan(world.layout.contextBufferOffset);
      expect(name !== 'idle' || frameBytes < world.layout.queuesOffset + 1024).toBe(true);
      if (name !== 'idle') await progress(world);
    }
    expect(troubles(await world.finish())).toEqual([]);
  });

  test('a guest that changes nothing is sent no iteration that would bring as much as the one before', async () => {
    const world = await worldOf({ load: { kind: 'idle' } });
    const { iterationBytes } = moved(await world.migrate(0, 0, { iterationsMax: 8 }));
    // All of it, then what always counts as changed, twice: the second time shows that it gets no less.
    expect(iterationBytes).toHaveLength(3);
    expect(iterationBytes[2]).toBe(iterationBytes[1]);
    expect(iterationBytes[1]).toBeLessThan(world.layout.queuesOffset + 1024);
  });

  test('moves with it and without take turns', async () => {
    const world = await worldOf();
    for (let turn = 0; turn < 6; turn++) {
      const { iterationBytes } = moved(await world.migrate(0, turn % 2, { iterationsMax: turn % 3 }));
      expect(iterationBytes.length > 0).toBe(turn % 3 > 0);
      await progress(world);
    }
    expect(troubles(await world.finish())).toEqual([]);
  });

  test.each([
    ['an iteration', true],
    ['what is sent in the pause', false],
  ])(
    '%s that is damaged leaves the VM at its source, and the next move takes it along',
    async (_what, damagedIteration) => {
      const world = await worldOf();
      for (const damage of ['corrupt', 'truncated', 'oversized', 'foreign', 'version'] as const) {
        await progress(world);
        const outcome = stayed(await world.migrate(0, 0, { iterationsMax: 2, damage, damagedIteration }));
        expect(outcome.reason).toContain('image stream refused: ');
        expect(
          outcome.reason.startsWith(
            damagedIteration ? 'the destination refused an iteration' : 'the destination refused the',
          ),
        ).toBe(true);
        await progress(world);
      }
      moved(await world.migrate(0, 0, { iterationsMax: 2 }));
      await progress(world);
      expect(troubles(await world.finish())).toEqual([]);
    },
  );
});

test.each(['spin', 'wait'] as const)('threads that %s move a VM as well', async (style) => {
  const world = await worldOf({ waiting: waitingOf(style) });
  for (let turn = 0; turn < 4; turn++) {
    moved(await world.migrate(0, turn % 2));
    await progress(world);
  }
  expect(troubles(await world.finish())).toEqual([]);
});

test('a destination that isolates its queues otherwise refuses the VM, which runs on', async () => {
  const world = await worldOf({ isolation: [1, 2] });
  await progress(world);
  const { reason } = stayed(await world.migrate(0, 0));
  expect(reason).toMatch(stating('queue isolation', 1, 2));
  await progress(world);
  expect(troubles(await world.finish())).toEqual([]);
});

describe('many VMs', () => {
  test('63 saturated ones move at once, there and back, and lose nothing', { timeout: 120_000 }, async () => {
    const world = await worldOf({
      vms: 63,
      queuePairs: 8,
      load: { kind: 'closed', inFlightPerQueue: 4 },
      threads: 2,
      engine: { servers: 2, serviceNs: 50_000 },
    });
    for (const from of [0, 1]) {
      const outcomes = await Promise.all(Array.from({ length: 63 }, (_, vm) => world.migrate(vm, from)));
      for (const outcome of outcomes) moved(outcome);
    }
    const reports = await world.finish();
    expect(reports).toHaveLength(63);
    expect(troubles(reports)).toEqual([]);
    for (const { report } of reports) expect(report.completed).toBeGreaterThan(0);
  });

  test('do not disturb one whose frame is damaged, nor it them', async () => {
    const world = await worldOf({ vms: 6, threads: 3 });
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, vm) => world.migrate(vm, 0, vm === 2 ? { damage: 'corrupt' } : {})),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['moved', 'moved', 'failed', 'moved', 'moved', 'moved']);
    for (let vm = 0; vm < 6; vm++) await progress(world, vm);
    expect(troubles(await world.finish())).toEqual([]);
  });

  test('with more queues than the device has are the user’s mistake', async () => {
    const opening = RealWorld.open({ ...OPTIONS, vms: 63, queuePairs: 16 });
    await expect(opening).rejects.toThrow(
      new UserError(
        'usage',
        '63 VFs with 16 queue pairs each need 1008 queues, the zip device has 960 for VFs',
        'use fewer VFs or fewer queue pairs',
      ),
    );
  });
});
