import { Worker } from 'node:worker_threads';

import { expect, test, vi } from 'vitest';

import { BennyRunner } from '../../../bench/measure/runner.ts';
import { builtModule } from '../../built.ts';

const runner = new BennyRunner();

function work(): number {
  let sum = 0;
  for (let i = 0; i < 1000; i++) sum += Math.sqrt(i);
  return sum;
}

test('gives the raw samples in seconds per call and prints nothing', async () => {
  const log = vi.spyOn(console, 'log');
  const write = vi.spyOn(process.stdout, 'write');
  let calls = 0;
  const counted = (): number => {
    calls += 1;
    return work();
  };
  const startedMs = performance.now();
  const { name, samples } = await runner.measure('work', counted, { maxSeconds: 0.1, minSamples: 4 });
  const tookS = (performance.now() - startedMs) / 1000;
  expect(name).toBe('work');
  expect(samples.length).toBeGreaterThanOrEqual(4);
  const least = Math.min(...samples);
  expect(least).toBeGreaterThan(0);
  // Of all calls none took much less. In milliseconds it would be a thousand times as long.
  expect(least * calls).toBeLessThan(10 * tookS);
  expect(runner.sink).toBeGreaterThan(0);
  expect(log).not.toHaveBeenCalled();
  expect(write).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

test('an error of the function comes out, also within a sample', async () => {
  let calls = 0;
  const failing = (): void => {
    if (++calls > 50) throw new RangeError('worn out');
  };
  await expect(runner.measure('failing', failing, { maxSeconds: 0.1, minSamples: 2 })).rejects.toThrow('worn out');
  expect(calls).toBe(51);
});

test('an abort ends the measurement between two samples', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  let calls = 0;
  const endless = (): number => {
    if (++calls === 5_000) controller.abort(reason);
    return work();
  };
  // It would last for a day.
  const limits = { maxSeconds: 86_400, minSamples: 2, signal: controller.signal };
  await expect(runner.measure('long', endless, limits)).rejects.toBe(reason);
});

test('measures inside a worker thread', async () => {
  const worker = new Worker(new URL('./runner-worker.mjs', import.meta.url), {
    workerData: builtModule('bench/measure/runner'),
  });
  const count = await new Promise<unknown>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  expect(count).toBeGreaterThanOrEqual(3);
  await worker.terminate();
});
