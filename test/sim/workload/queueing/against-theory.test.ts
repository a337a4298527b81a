/**
 * The queueing model against textbook queues: means over independent replications, within the 99.9 % confidence interval
 * that the replications themselves give. Seeds are fixed, so that a test that passes passes always.
 */
import { describe, expect, test } from 'vitest';
import { QueueingModel } from '../../../../sim/workload/queueing/model.ts';
import type { VfOptions } from '../../../../sim/workload/queueing/options.ts';
import { machineRepair } from '../../../../sim/workload/machine-repair.ts';
import { effort } from '../../../effort.ts';
import { meanResponseMd1, meanResponseMmc } from '../../../oracles/queues.ts';

const SERVICE_NS = 1000;
const REPLICATIONS = 30;
/** Student's t with 29 degrees of freedom, two-sided 99.9 %. */
const T_999 = 3.659;

interface System {
  readonly cores: number;
  readonly spread: 'fixed' | 'exponential';
  readonly vfs: readonly Pick<VfOptions, 'queues' | 'load'>[];
}

/** Mean responses of the replications. They begin empty, and are so long that this does not show. */
function responses(system: System, jobs: number): number[] {
  return Array.from({ length: REPLICATIONS }, (_, replication) => {
    const model = new QueueingModel({
      seed: 1000 + replication,
      engines: [{ cores: system.cores }],
      vfs: system.vfs.map(({ queues, load }) => ({
        queues,
        load,
        depth: 4096,
        jobs: [{ name: 'job', bytes: 1, share: 1, fixedNs: SERVICE_NS, nsPerByte: 0, spread: system.spread }],
      })),
    });
    model.run(effort(0.5, 1) * jobs * SERVICE_NS);
    const counts = system.vfs.map((_unused, vf) => model.counts(vf));
    expect(counts.every(({ refused }) => refused === 0)).toBe(true);
    const seen = counts.reduce((sum, count) => sum + count.seen, 0);
    return counts.reduce((sum, count, vf) => sum + count.seen * model.meanNs(vf, 'before'), 0) / seen;
  });
}

/** How far the mean of the samples is from what it should be, in half-widths of its 99.9 % confidence interval. */
function misfit(samples: readonly number[], want: number): number {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (samples.length - 1);
  const halfWidth = T_999 * Math.sqrt(variance / samples.length);
  // An interval that is too wide could not fail.
  expect(halfWidth / want).toBeLessThan(0.03);
  return Math.abs(mean - want) / halfWidth;
}

const poisson = (perServiceTime: number) => ({ kind: 'poisson' as const, ratePerSecond: perServiceTime * 1e6 });

describe('the mean response of', () => {
  test('M/M/1 at a load of 0.7', () => {
    const system: System = { cores: 1, spread: 'exponential', vfs: [{ queues: 1, load: poisson(0.7) }] };
    expect(misfit(responses(system, 50_000), SERVICE_NS * meanResponseMmc(0.7, 1, 1))).toBeLessThan(1);
  });

  test('M/M/1 is the same for many queues in turn, as nobody knows how long a job is', () => {
    const vfs = [
      { queues: 7, load: poisson(0.5) },
      { queues: 2, load: poisson(0.2) },
    ];
    expect(
      misfit(responses({ cores: 1, spread: 'exponential', vfs }, 50_000), SERVICE_NS * meanResponseMmc(0.7, 1, 1)),
    ).toBeLessThan(1);
  });

  test('M/M/4 at a load of 0.8 (Erlang C)', () => {
    const system: System = { cores: 4, spread: 'exponential', vfs: [{ queues: 3, load: poisson(3.2) }] };
    expect(misfit(responses(system, 20_000), SERVICE_NS * meanResponseMmc(3.2, 1, 4))).toBeLessThan(1);
  });

  test('M/D/1 at a load of 0.8', () => {
    const system: System = { cores: 1, spread: 'fixed', vfs: [{ queues: 4, load: poisson(0.8) }] };
    expect(misfit(responses(system, 50_000), SERVICE_NS * meanResponseMd1(0.8, 1))).toBeLessThan(1);
  });

  test.each([
    { clients: 12, think: 3 },
    { clients: 20, think: 3 },
    { clients: 60, think: 10 },
  ])('machine repair M/M/4//$clients, thinking $think service times', ({ clients, think }) => {
    const load = { kind: 'closed' as const, inFlightPerQueue: clients / 4, thinkNs: think * SERVICE_NS };
    const system: System = { cores: 4, spread: 'exponential', vfs: [{ queues: 4, load }] };
    expect(misfit(responses(system, 4000), SERVICE_NS * machineRepair(clients, think, 1, 4).response)).toBeLessThan(1);
  });
});
