/** Random VFs on random engines, moved about at random: nothing is lost, and the same seed gives the same run. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../sim/base/random.ts';
import type { JobKind } from '../../../../sim/workload/job-mix.ts';
import { IN_FLIGHT_MODES } from '../../../../sim/abi/in-flight.ts';
import { QueueingModel } from '../../../../sim/workload/queueing/model.ts';
import type { CompletionOptions, VfOptions } from '../../../../sim/workload/queueing/options.ts';
import { effort } from '../../../effort.ts';

const JOBS: readonly JobKind[] = [
  { name: 'short', bytes: 64, share: 2, fixedNs: 300, nsPerByte: 1 },
  { name: 'long', bytes: 4096, share: 1, fixedNs: 300, nsPerByte: 1, spread: 'exponential' },
];
const LOADS: readonly VfOptions['load'][] = [
  { kind: 'closed', inFlightPerQueue: 3 },
  { kind: 'closed', inFlightPerQueue: 5, thinkNs: 4000 },
  { kind: 'poisson', ratePerSecond: 4e5 },
  { kind: 'on-off', onRatePerSecond: 3e6, meanOnNs: 2e4, meanOffNs: 1e5 },
];
const COMPLETIONS: readonly CompletionOptions[] = [
  { kind: 'interrupt', latencyNs: 0, perCompletionNs: 0 },
  { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 80, drainMax: 3 },
  { kind: 'poll', periodNs: 5000, perCompletionNs: 0 },
  { kind: 'poll', periodNs: 5000, perCompletionNs: 120 },
];

const vf = fc.record({
  queues: fc.integer({ min: 1, max: 4 }),
  depth: fc.constantFrom(8, 64),
  load: fc.constantFrom(...LOADS),
  completion: fc.constantFrom(...COMPLETIONS),
  jobs: fc.constant(JOBS),
  engine: fc.integer({ min: 0, max: 1 }),
}) satisfies fc.Arbitrary<VfOptions>;

const move = fc.record({
  vf: fc.nat(),
  wait: fc.integer({ min: 0, max: 30_000 }),
  blackout: fc.integer({ min: 0, max: 80_000 }),
  inFlight: fc.constantFrom(...IN_FLIGHT_MODES),
  engine: fc.integer({ min: 0, max: 1 }),
  qosSteps: fc.constantFrom(undefined, 3, 50),
});

/** Least and most jobs of a VF that are in flight at any time. */
function inFlightOf(load: VfOptions['load'], queues: number): [least: number, most: number] {
  if (load.kind !== 'closed') return [0, Infinity];
  const most = load.inFlightPerQueue * queues;
  return [load.thinkNs === undefined ? most : 0, most];
}

test('whatever is moved, whenever: each job is seen once, and all is seen in the end', () => {
  fc.assert(
    fc.property(
      fc.array(vf, { minLength: 1, maxLength: 5 }),
      fc.array(move, { maxLength: 12 }),
      fc.nat(),
      (vfs, moves, seed) => {
        const run = (): QueueingModel => {
          const model = new QueueingModel({ seed, engines: [{ cores: 2 }, { cores: 3 }], vfs });
          for (const { vf: number, wait, blackout, inFlight, engine, qosSteps } of moves) {
            const at = number % vfs.length;
            model.run(model.nowNs + wait);
            model.pause(at, inFlight);
            model.setQosSteps(at, qosSteps);
            model.run(model.nowNs + blackout);
            while (model.counts(at).onCores > 0) model.run(model.nowNs + 1000);
            model.resume(at, engine);
          }
          return model.run(model.nowNs + 100_000);
        };
        const model = run();
        for (const [at, { load, queues }] of vfs.entries()) {
          const { accepted, seen, refused } = model.counts(at);
          const recorded = (['before', 'during', 'after'] as const).map(
            (phase) => model.histogram(at, phase).totalCount,
          );
          expect(recorded.reduce((sum, count) => sum + count, 0)).toBe(seen);
          const inFlight = accepted - seen;
          const [least, most] = inFlightOf(load, queues);
          expect(inFlight).toBeGreaterThanOrEqual(least);
          expect(inFlight).toBeLessThanOrEqual(most);
          expect(load.kind === 'closed' ? refused : 0).toBe(0);
          // No job is forgotten in a queue that is not served any more.
          model.setQosSteps(at, undefined);
        }
        const accepted = vfs.map((_, at) => model.counts(at).accepted);
        model.run(model.nowNs + 5_000_000);
        for (const at of vfs.keys()) expect(model.counts(at).seen).toBeGreaterThanOrEqual(accepted[at]!);
        expect(run().traceHash === run().traceHash).toBe(true);
      },
    ),
    { numRuns: effort(15, 60, 2_000) },
  );
});

test('63 VFs with 64 queues each, some moved: the same seed gives the same run, another gives another', () => {
  const hash = (seed: number): string => {
    const load = { kind: 'poisson', ratePerSecond: 12_000 } as const;
    const vfs = Array.from({ length: 63 }, () => ({ queues: 64, load, jobs: JOBS }));
    const model = new QueueingModel({ seed, engines: [{ cores: 2 }, { cores: 2 }], vfs });
    const random = new Random(seed, 900);
    for (let i = 0; i < 20; i++) {
      const at = random.below(63);
      model.run(model.nowNs + 200_000);
      model.pause(at, 'hold');
      model.run(model.nowNs + 100_000);
      model.resume(at, random.below(2));
    }
    model.run(2e7);
    return model.traceHash;
  };
  expect(hash(1)).toBe(hash(1));
  expect(hash(1)).not.toBe(hash(2));
});
