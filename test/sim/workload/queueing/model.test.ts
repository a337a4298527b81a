import { describe, expect, test } from 'vitest';
import { UserError } from '../../../../sim/base/user-error.ts';
import { QueueingModel } from '../../../../sim/workload/queueing/model.ts';
import type { QueueingOptions, VfOptions } from '../../../../sim/workload/queueing/options.ts';
import type { JobKind } from '../../../../sim/workload/job-mix.ts';
import { stating } from '../../../stating.ts';

const JOB: JobKind = { name: 'job', bytes: 1000, share: 1, fixedNs: 1000, nsPerByte: 0 };
const CLOSED: VfOptions = { queues: 2, load: { kind: 'closed', inFlightPerQueue: 4 }, jobs: [JOB] };

function recorded(...timesNs: number[]): VfOptions['load'] {
  const { length } = timesNs;
  const arrivals = {
    timesNs: Float64Array.from(timesNs),
    queues: new Uint32Array(length),
    kinds: new Uint8Array(length),
  };
  return { kind: 'recorded', arrivals };
}

function model(vfs: readonly VfOptions[], cores: readonly number[] = [1]): QueueingModel {
  return new QueueingModel({ seed: 3, engines: cores.map((count) => ({ cores: count })), vfs });
}

describe('latency of a job', () => {
  test('is its time on a core, and its wait for one', () => {
    const m = model([{ queues: 1, load: recorded(0, 0, 100), jobs: [JOB] }]).run(10_000);
    expect(m.counts(0)).toMatchObject({ accepted: 3, seen: 3, waiting: 0, onCores: 0, unseen: 0 });
    expect(m.meanNs(0, 'before')).toBe((1000 + 2000 + 2900) / 3);
    expect(m.histogram(0, 'before').totalCount).toBe(3);
  });

  test('has the interrupt and each completion that the handler takes', () => {
    const completion = { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 100 } as const;
    const m = model([{ queues: 1, load: recorded(0, 0, 0), jobs: [JOB], completion }], [3]).run(1e5);
    expect(m.meanNs(0, 'before')).toBe(4000 + (100 + 200 + 300) / 3);
  });

  test('has another interrupt when the handler has taken all that it may', () => {
    const completion = { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 100, drainMax: 2 } as const;
    const m = model([{ queues: 1, load: recorded(0, 0, 0), jobs: [JOB], completion }], [3]).run(1e5);
    expect(m.meanNs(0, 'before')).toBe((4100 + 4200 + 7300) / 3);
  });

  test('has the sleep of a client that polls, which begins with its submission', () => {
    const completion = { kind: 'poll', periodNs: 700, perCompletionNs: 50 } as const;
    const m = model([{ queues: 1, load: recorded(0, 5000), jobs: [JOB], completion }]).run(1e5);
    expect(m.meanNs(0, 'before')).toBe(1450);
    expect(m.events).toBeLessThan(20);
  });
});

describe('a place in the queue', () => {
  test('is refused when all but one are taken', () => {
    const m = model([{ queues: 1, depth: 3, load: recorded(0, 0, 0, 0, 5000), jobs: [JOB] }]).run(1e5);
    expect(m.counts(0)).toMatchObject({ accepted: 3, refused: 2, seen: 3 });
  });

  test('queues have turns: a VF has the share of its busy queues', () => {
    const m = model([
      { ...CLOSED, queues: 1 },
      { ...CLOSED, queues: 3 },
    ]).run(4_000_000);
    expect(m.counts(0).seen + m.counts(1).seen).toBe(4000);
    expect(Math.abs(m.counts(0).seen - 1000)).toBeLessThanOrEqual(1);
  });

  test('jobs of one queue begin in the order of their arrival', () => {
    const kinds: JobKind[] = [JOB, { ...JOB, name: 'long', fixedNs: 5000 }];
    const arrivals = { timesNs: Float64Array.of(0, 1, 2), queues: new Uint32Array(3), kinds: Uint8Array.of(1, 0, 1) };
    const m = model([{ queues: 1, load: { kind: 'recorded', arrivals }, jobs: kinds }]).run(1e5);
    expect(m.meanNs(0, 'before')).toBe((5000 + 5999 + 10_998) / 3);
  });
});

describe('the rate cap', () => {
  test('holds a VF to its bytes per second, and leaves the rest to the others', () => {
    // 1000 bytes per µs and core are 8 Gbit/s; the cap is 2 Gbit/s, a quarter.
    const m = model([{ ...CLOSED, qosSteps: 20 }, CLOSED]).run(1e8);
    const capped = m.counts(0).seen;
    expect(capped).toBeGreaterThanOrEqual(25_000);
    expect(capped).toBeLessThanOrEqual(25_000 + 66); // and the bucket once
    expect(m.counts(1).seen).toBe(100_000 - capped);
  });

  test('is shared by the queues of the VF in turn', () => {
    const timesNs = new Float64Array(2001);
    const queues = new Uint32Array(2001);
    timesNs[2000] = 1e6;
    queues[2000] = 1;
    const load: VfOptions['load'] = { kind: 'recorded', arrivals: { timesNs, queues, kinds: new Uint8Array(2001) } };
    const m = model([{ queues: 2, depth: 4096, qosSteps: 10, load, jobs: [JOB] }]).run(1e6 - 1);
    m.pause(0, 'hold');
    m.resume(0);
    m.run(1e8);
    // The one of queue 1 waits for a turn, 8 µs apart, and not for the many of queue 0.
    expect(m.histogram(0, 'after').totalCount).toBe(1);
    expect(m.meanNs(0, 'after')).toBeLessThan(20_000);
    // 2 MB less the bucket, at 0.125 bytes per ns.
    expect(m.histogram(0, 'during').maxValue / ((2_001_000 - 65_536) / 0.125)).toBeCloseTo(1, 1);
  });

  test('saves up no more than the bucket holds', () => {
    const m = model([
      { queues: 1, qosSteps: 10, load: recorded(...Array.from({ length: 1000 }, () => 1e8)), jobs: [JOB] },
    ]);
    m.run(2e8);
    expect(m.histogram(0, 'before').maxValue / ((1_000_000 - 65_536) / 0.125)).toBeCloseTo(1, 1);
  });

  test('is the device’s: lifted or set at any time', () => {
    const m = model([{ ...CLOSED, qosSteps: 20 }]).run(1e7);
    const slow = m.counts(0).seen;
    m.setQosSteps(0, undefined);
    m.run(2e7);
    expect(m.counts(0).seen - slow).toBeGreaterThan(9990);
    m.setQosSteps(0, 10);
    const before = m.counts(0).seen;
    m.run(3e7);
    expect(m.counts(0).seen - before).toBeLessThanOrEqual(1250 + 67);
  });
});

describe('a pause', () => {
  test('is in the latency of the jobs that it caught, and of no others', () => {
    const m = model([CLOSED, CLOSED], [1, 1]).run(1e6);
    m.pause(0);
    m.run(1e6 + 1000);
    expect(m.counts(0).onCores).toBe(0);
    m.run(6e6);
    m.resume(0, 1);
    m.run(9e6);
    expect(m.histogram(0, 'during').totalCount).toBe(8);
    expect(m.histogram(0, 'during').minNonZeroValue).toBeGreaterThan(4.9e6);
    expect(m.histogram(0, 'before').maxValue).toBeLessThan(20_000);
    expect(m.histogram(0, 'after').maxValue).toBeLessThan(20_000);
    // Alone on its new engine: eight in flight, one core.
    expect(m.meanNs(0, 'after')).toBeCloseTo(8000, -2);
    expect(m.histogram(1, 'during').totalCount).toBe(0);
  });

  test('lets jobs on the cores end, or takes them off and begins them again, as asked', () => {
    const vf: VfOptions = { queues: 1, load: recorded(0, 0), jobs: [JOB] };
    const finish = model([vf]).run(400);
    finish.pause(0, 'finish');
    expect(finish.run(5000).counts(0)).toMatchObject({ onCores: 0, unseen: 1, waiting: 1 });
    finish.resume(0);
    finish.run(1e5);
    expect(finish.meanNs(0, 'during')).toBe((5000 + 6000) / 2);

    const hold = model([vf]).run(400);
    hold.pause(0, 'hold');
    expect(hold.run(5000).counts(0)).toMatchObject({ onCores: 0, unseen: 0, waiting: 2 });
    hold.resume(0);
    hold.run(1e5);
    expect(hold.meanNs(0, 'during')).toBe((6000 + 7000) / 2);
  });

  test('begins held jobs of a queue in their old order', () => {
    const kinds: JobKind[] = [JOB, { ...JOB, name: 'long', fixedNs: 5000 }];
    const arrivals = { timesNs: Float64Array.of(0, 1), queues: new Uint32Array(2), kinds: Uint8Array.of(1, 0) };
    const m = model([{ queues: 1, load: { kind: 'recorded', arrivals }, jobs: kinds }], [2, 1]).run(500);
    m.pause(0, 'hold');
    m.run(1000);
    m.resume(0, 1);
    m.run(1e5);
    expect(m.meanNs(0, 'during')).toBe((6000 + 6999) / 2);
  });

  test('frees the cores for others when jobs are held', () => {
    const m = model([CLOSED, CLOSED]).run(10_400);
    const before = m.counts(1).seen;
    m.pause(0, 'hold');
    m.pause(1, 'hold');
    m.resume(1);
    m.run(20_400);
    expect(m.counts(1).seen - before).toBe(10);
  });

  test('stops a client inside, its think times and arrivals; one outside continues', () => {
    const arrivals = recorded(1000, 3000, 9000);
    const run = (client: 'inside' | 'outside'): QueueingModel => {
      const m = model([{ queues: 1, load: arrivals, jobs: [JOB], client }]).run(2500);
      m.pause(0);
      m.run(6500);
      m.resume(0);
      return m.run(1e5);
    };
    // Inside, the arrivals at 3000 and 9000 come 4000 later; both after the pause.
    expect(run('inside').meanNs(0, 'after')).toBe(1000);
    expect(run('inside').histogram(0, 'after').totalCount).toBe(2);
    expect(run('outside').meanNs(0, 'during')).toBe(4500);
    expect(run('outside').histogram(0, 'after').totalCount).toBe(1);
  });

  test('moves thoughts on by its length, whether they end in it or later', () => {
    const thinking: VfOptions = {
      queues: 1,
      load: { kind: 'closed', inFlightPerQueue: 40, thinkNs: 50_000 },
      jobs: [JOB],
    };
    const at = (pauseNs: number): number => {
      const m = model([thinking], [40]).run(20_000);
      m.pause(0);
      m.run(20_000 + 1000);
      const caught = m.counts(0).unseen;
      m.run(20_000 + 1000 + pauseNs);
      m.resume(0);
      m.run(m.nowNs + 20_000);
      return m.counts(0).seen - caught;
    };
    // However long it was paused, the same happens in the 20 µs after it.
    expect(at(0)).toBeGreaterThan(5);
    expect(at(30_000)).toBe(at(0));
    expect(at(10_000_000)).toBe(at(0));
  });

  test('holds an interrupt back until the guest runs', () => {
    const completion = { kind: 'interrupt', latencyNs: 3000, perCompletionNs: 100 } as const;
    const m = model([{ queues: 1, load: recorded(0), jobs: [JOB], completion }]).run(2000);
    m.pause(0);
    m.run(50_000);
    expect(m.counts(0).unseen).toBe(1);
    m.resume(0);
    m.run(60_000);
    expect(m.meanNs(0, 'during')).toBe(50_100);
  });

  test('that is shorter than an interrupt is on its way brings no second one', () => {
    const completion = { kind: 'interrupt', latencyNs: 10_000, perCompletionNs: 700 } as const;
    const m = model([{ queues: 1, load: recorded(0, 0, 0), jobs: [JOB], completion }], [3]).run(2000);
    m.pause(0);
    m.run(3000);
    m.resume(0);
    m.run(1e5);
    expect(m.meanNs(0, 'during')).toBe((11_700 + 12_400 + 13_100) / 3);
  });

  test('cannot end while jobs are on the cores of the engine that is left', () => {
    const m = model([CLOSED], [1, 1]).run(500);
    m.pause(0);
    expect(() => m.resume(0, 1)).toThrow(stating('VF 0', 1));
    expect(() => m.pause(0)).toThrow('VF 0 is paused already');
    expect(() => m.run(2000).resume(0, 2)).toThrow('engine 2 does not exist');
    m.resume(0, 1);
    expect(() => m.resume(0)).toThrow('VF 0 is not paused');
    expect(() => m.counts(1)).toThrow('VF 1 does not exist');
  });
});

describe('options that cannot be', () => {
  const given: QueueingOptions = { seed: 1, engines: [{ cores: 1 }], vfs: [CLOSED] };
  test.each<[string, Partial<QueueingOptions>]>([
    ['seed is 0.5', { seed: 0.5 }],
    ['the number of engines is 0', { engines: [] }],
    ['cores is 0', { engines: [{ cores: 0 }] }],
    ['the number of VFs is 0', { vfs: [] }],
    ['queues is 0', { vfs: [{ ...CLOSED, queues: 0 }] }],
    ['depth is 1', { vfs: [{ ...CLOSED, depth: 1 }] }],
    ['engine is 1', { vfs: [{ ...CLOSED, engine: 1 }] }],
    ['qosSteps is 1001', { vfs: [{ ...CLOSED, qosSteps: 1001 }] }],
    ['a closed load has its client outside', { vfs: [{ ...CLOSED, client: 'outside' }] }],
    ['periodNs is 0', { vfs: [{ ...CLOSED, completion: { kind: 'poll', periodNs: 0, perCompletionNs: 0 } }] }],
    ['latencyNs is -1', { vfs: [{ ...CLOSED, completion: { kind: 'interrupt', latencyNs: -1, perCompletionNs: 0 } }] }],
  ])('%s', (message, change) => {
    expect(() => new QueueingModel({ ...given, ...change })).toThrow(UserError);
    expect(() => new QueueingModel({ ...given, ...change })).toThrow(message);
  });
});
