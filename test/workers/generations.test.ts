/**
 * The driver of each generation on real threads.
 */
import { expect, test } from 'vitest';

import { ACC_VF_DATA_BYTES } from '../../sim/abi/vf-data.ts';
import { GENERATION_IDS } from '../../sim/driver/generation.ts';
import { frameBytesMax } from '../../workers/end/image-stream.ts';
import { moved, progress, troubles, worldOf } from './world-rig.ts';

test.each(GENERATION_IDS)('a busy VF moves there and back with %s and loses nothing', async (generation) => {
  const world = await worldOf({ generation, queuePairs: 2 });
  for (const iterationsMax of [0, 2]) {
    await progress(world);
    const { frameBytes, iterationBytes } = moved(await world.migrate(0, Number(iterationsMax > 0), { iterationsMax }));
    expect(iterationBytes.length > 0).toBe(iterationsMax > 0);
    // The whole image, whatever the driver gives ahead of the stop.
    const most = frameBytesMax(ACC_VF_DATA_BYTES, world.layout.sections);
    expect(frameBytes).toBeLessThanOrEqual(most);
    expect(frameBytes === most || iterationsMax > 0).toBe(true);
  }
  await progress(world);
  expect(troubles(await world.finish())).toEqual([]);
});
