/**
 * The sweep on real threads, at a size that only shows that it runs. How long anything took does not matter here.
 */
import { expect, test } from 'vitest';

import type { Cell, Floors } from '../../../../bench/documents/bench/result.ts';
import { runSweep } from '../../../../bench/measure/suites/sweep.ts';

test('the floor that is reported is the one that ratios were divided by', async () => {
  const floors: Floors[] = [];
  const cells: Cell[] = [];
  const best: number[] = [];
  await runSweep(
    {
      suites: ['handshake'],
      quick: true,
      seed: 1,
      accelerators: ['zip'],
      queuePairs: [1, 2],
      loads: ['idle'],
      driver: 'upstream-2026',
      inFlight: 'finish',
    },
    {
      onCell: (cell) => void cells.push(cell),
      onFloors: (each, _, bestPingPongNs) => {
        floors.push(each);
        best.push(bestPingPongNs);
      },
      onProgress: () => {},
      signal: new AbortController().signal,
    },
  );
  const each = cells.map(({ handshakeNs }) => handshakeNs!.floor!.value);
  expect(each).toHaveLength(2);
  // The first are those of before the cells; then those of the first cell, and of both.
  expect(floors).toHaveLength(3);
  expect(floors[1]!.pingPongNs.p50.value).toBe(each[0]);
  const { value } = floors[2]!.pingPongNs.p50;
  expect(value).toBeGreaterThanOrEqual(Math.min(...each));
  expect(value).toBeLessThanOrEqual(Math.max(...each));
  expect(new Set(best).size).toBe(1);
  expect(best[0]).toBeGreaterThan(0);
});
