import { describe, expect, test } from 'vitest';
import type { Measurement, Runner } from '../../../../bench/measure/runner.ts';
import { BareHeapNetwork, NETWORK, QueueNetwork } from '../../../../bench/measure/suites/closed-network.ts';
import { fullModel, measureEngine } from '../../../../bench/measure/suites/engine.ts';
import { effort } from '../../../effort.ts';
import { machineRepair } from '../../../../sim/workload/machine-repair.ts';

/** Calls once, and says that it took 0.1 s for a heap and 0.05 s for the rest. */
const runner: Runner = {
  measure: (name, fn): Promise<Measurement> => {
    fn();
    return Promise.resolve({ name, samples: [name === 'heap' ? 0.1 : 0.05] });
  },
};

describe('the closed network', () => {
  test('is the same over the event queue and over a bare heap', () => {
    const queue = new QueueNetwork(3);
    const heap = new BareHeapNetwork(3);
    expect(queue.run(50_000)).toBe(heap.run(50_000));
    expect(queue.servers.completions).toBe(50_000);
    expect(queue.run(10)).toBe(heap.run(10));
  });

  test('has the mean response that theory says', () => {
    const { clients, think, service, servers } = NETWORK;
    const means = Array.from({ length: effort(2, 5) }, (_, seed) => new QueueNetwork(seed + 1).run(300_000));
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    // 0.6 or 1.5 million jobs at a load of 0.95, strongly correlated: a band of 3 %.
    expect(Math.abs(mean / machineRepair(clients, think, service, servers).response - 1)).toBeLessThan(0.03);
  });
});

test('measureEngine counts what it times', async () => {
  const figures = await measureEngine(runner, { maxSeconds: 1, minSamples: 1 });
  expect(figures.heap).toMatchObject({ value: 1e6, unit: '/s', kind: 'measured' });
  expect(figures.queue.value).toBe(2e6);
  expect(figures.ratio).toMatchObject({ value: 2, kind: 'ratio' });
  expect(figures.meanResponse.kind).toBe('exact');
  // 10 ms of virtual time in 0.05 s.
  expect(figures.virtualSecond.value).toBeCloseTo(5e9, 0);
  // Two events for each of 3.679 million jobs per second, and some interrupts.
  expect(figures.model.value * 5).toBeGreaterThan(2 * 3.679e6);
  expect(figures.model.value * 5).toBeLessThan(2.2 * 3.679e6);
});

test('a device with all its queues saturated does what its cores can', () => {
  const model = fullModel().run(5e6);
  const seen = Array.from({ length: 63 }, (_, vf) => model.counts(vf).seen).reduce((sum, count) => sum + count, 0);
  expect(seen / 5e6 / 3.679e-3).toBeGreaterThan(0.99);
});
