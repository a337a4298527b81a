import { describe, expect, test } from 'vitest';

import { RealWorld } from '../../workers/real-world.ts';
import { WorkerLost } from '../../workers/pools/worker-lost.ts';
import { leastGrowth } from '../heap.ts';
import { troubles, moved, OPTIONS, progress, until, worldOf } from './world-rig.ts';
import { stating } from '../stating.ts';

/** What of threads and their channels is open in this process. */
function threadHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /worker|port/i.test(name)).length;
}

/** Before any world is opened: those of the test before may still be on their way out when one begins. */
const BEFORE = threadHandles();

/** Moves each VM to and fro until that fails. @returns one promise per VM, which ends with what was thrown */
function restless(world: RealWorld, vms: number, onMove: () => void = () => {}): Promise<unknown>[] {
  const go = async (vm: number): Promise<never> => {
    for (let from = 0; ; from = 1 - from) {
      moved(await world.migrate(vm, from));
      onMove();
    }
  };
  return Array.from({ length: vms }, (_, vm) => go(vm).catch((error: unknown) => error));
}

async function lossOf(promise: Promise<unknown>): Promise<WorkerLost> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WorkerLost);
  return error as WorkerLost;
}

describe('a device thread that dies', () => {
  test('between moves is missed by the next one, with the last accesses', async () => {
    const world = await worldOf();
    await progress(world);
    await world.killDeviceThread();
    const { worker, lastAccess, message } = await lossOf(world.migrate(0, 0));
    expect(worker).toBe('device thread');
    expect(lastAccess).toMatch(
      /^lane 0: (?:\d+-bit (?:read|write)|clock read|function reset) of (?:the PF|VF 1) at 0x/,
    );
    expect(message).toMatch(stating('worker', 'lost'));
  });

  test('in the midst of many moves fails them all, and those that come later', async () => {
    const world = await worldOf({ vms: 8, threads: 2 });
    let moves = 0;
    const ends = restless(world, 8, () => (moves += 1));
    await until('moves are on their way', () => moves > 4);
    await world.killDeviceThread();
    for (const end of ends) expect(await end).toBeInstanceOf(WorkerLost);
    await lossOf(world.migrate(0, 1));
    await lossOf(world.finish());
  });

  test('leaves nothing over once the world is closed', async () => {
    const world = await RealWorld.open({ ...OPTIONS, vms: 4, threads: 2 });
    expect(threadHandles()).toBeGreaterThan(BEFORE);
    const ends = restless(world, 4);
    await world.killDeviceThread();
    await Promise.all(ends);
    await world.close();
    await until('all threads are gone', () => threadHandles() <= BEFORE);
  });
});

test('a guest that cannot be served in time is said to be lost, and the world is closed', async () => {
  // No thread starts within a hundredth of a millisecond.
  await expect(RealWorld.open({ ...OPTIONS, limitMs: 0.01 })).rejects.toThrow(WorkerLost);
  await until('all threads are gone', () => threadHandles() <= BEFORE);
});

test('a world may be closed in the midst of moves, and twice', async () => {
  const world = await RealWorld.open({ ...OPTIONS, vms: 4, threads: 2 });
  let moves = 0;
  const ends = restless(world, 4, () => (moves += 1));
  await until('moves are on their way', () => moves > 4);
  await world.close();
  await world.close();
  for (const end of ends) expect(await end).toBeInstanceOf(Error);
  await until('all threads are gone', () => threadHandles() <= BEFORE);
});

test('worlds that come and go leave no thread', async () => {
  for (const end of ['finish', 'close', 'finish'] as const) {
    const world = await RealWorld.open(OPTIONS);
    moved(await world.migrate(0, 0));
    await world[end]();
  }
  await until('all threads are gone', () => threadHandles() <= BEFORE);
  expect(threadHandles()).toBeLessThanOrEqual(BEFORE);
});

test('hundreds of moves in a row forget nothing on the heap', async () => {
  const world = await worldOf({ queuePairs: 2 });
  let from = 0;
  const perMove = await leastGrowth(3, 200, async () => {
    moved(await world.migrate(0, from));
    from = 1 - from;
  });
  expect(perMove).toBeLessThan(200);
  expect(troubles(await world.finish())).toEqual([]);
});
