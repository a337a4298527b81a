import { Worker } from 'node:worker_threads';

import { expect, test, vi } from 'vitest';

import { BennyRunner } from '../../../bench/measure/runner.ts';

const runner = new BennyRunner();

function work(): number {
  let sum = 0;
  for (let i = 0; i < 1000; i++) sum += Math.sqrt(i);
  return sum;
}

test('gives the raw samples in seconds per call and prints nothing', async () => {
  const log = vi.spyOn(console, 'log');
  const write = vi.spyOn(process.stdout, 'write');
  const { name, samples } = await runner.measure('work', work, { maxSeconds: 0.1, minSamples: 4 });
  expect(name).toBe('work');
  expect(samples.length).toBeGreaterThanOrEqual(4);
  for (const seconds of samples) expect(seconds > 1e-8 && seconds < 1e-2).toBe(true);
  expect(runner.sink).toBeGreaterThan(0);
  expect(log).not.toHaveBeenCalled();
  expect(write).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

test('an error of the function comes out, also in the middle of a sample', async () => {
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
  setTimeout(() => controller.abort(reason), 50);
  const startedMs = performance.now();
  const measuring = runner.measure('long', work, { maxSeconds: 30, minSamples: 2, signal: controller.signal });
  await expect(measuring).rejects.toBe(reason);
  expect(performance.now() - startedMs).toBeLessThan(1000);
});

test('measures inside a worker thread', async () => {
  const entry = new URL('./runner-worker.ts', import.meta.url).href;
  // The entry of a raw worker thread is not passed through tsx on Node 20; what it imports afterwards is.
  const boot = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(entry)}); });`;
  const worker = new Worker(boot, { eval: true });
  const count = await new Promise<unknown>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  expect(count).toBeGreaterThanOrEqual(3);
  await worker.terminate();
});
