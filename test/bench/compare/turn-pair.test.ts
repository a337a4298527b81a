import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { Build } from '../../../bench/compare/build.ts';
import { coresInList } from '../../../bench/compare/pinning.ts';
import { StageFailed } from '../../../bench/compare/stage-failed.ts';
import { measureTurnPair, SideFailed } from '../../../bench/compare/turn-pair.ts';
import { TurnProcess, type TurnReady, type TurnStage, type TurnTimes } from '../../../bench/compare/turn-process.ts';
import { STAGE_PROTOCOL } from '../../../bench/measure/metrics/stage-process.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { Random } from '../../../sim/base/random.ts';
import { stating } from '../../stating.ts';

/** Time of a call of a stage that fails at its first turn. */
const BROKEN = 1e9;

/** What a turn takes on a machine that gets slower by half during the run, for both alike. */
class Machine {
  readonly log: string[] = [];
  private turns = 0;

  slowness(): number {
    this.turns += 1;
    return this.turns > 60 ? 1.5 : 1;
  }
}

class FakeStage implements TurnStage {
  private readonly name: string;
  private readonly machine: Machine;
  private readonly callNs: number;
  readonly calls: Set<number> = new Set();

  constructor(name: string, machine: Machine, callNs: number) {
    this.name = name;
    this.machine = machine;
    this.callNs = callNs;
  }

  ready(): Promise<TurnReady> {
    const floor = { name: 'copy', limit: 60 };
    return Promise.resolve({ protocol: STAGE_PROTOCOL, callNs: this.callNs, operations: 20, floor });
  }

  turn(calls: number): Promise<TurnTimes> {
    this.machine.log.push(this.name);
    this.calls.add(calls);
    if (this.callNs === BROKEN) return Promise.reject(new StageFailed('ended with 70'));
    const slowness = this.machine.slowness();
    return Promise.resolve({ ns: this.callNs * slowness, floorNs: 100 * slowness });
  }

  end(): void {}
}

function pair(candidateNs: number): { stages: Record<'base' | 'candidate', FakeStage>; machine: Machine } {
  const machine = new Machine();
  return {
    machine,
    stages: { base: new FakeStage('A', machine, 2000), candidate: new FakeStage('B', machine, candidateNs) },
  };
}

const options = (seed = 1) => ({ stage: 'x', seconds: 0.3, random: new Random(seed) });

describe('a pair that takes turns', () => {
  test('in the order ABBA or BAAB, with as many calls for either side', async () => {
    const { stages, machine } = pair(2000);
    await measureTurnPair(stages, options());
    expect(stages.base.calls.size).toBe(1);
    expect(stages.candidate.calls).toEqual(stages.base.calls);
    const blocks = machine.log.join('').match(/.{4}/g)!;
    expect(machine.log.length % 4).toBe(0);
    expect(new Set(blocks)).toEqual(new Set(['ABBA', 'BAAB']));
  });

  test('a machine that becomes slower in between changes neither ratio', async () => {
    const { stages } = pair(2100);
    const [wall, toFloor] = await measureTurnPair(stages, options());
    expect(wall).toMatchObject({ metric: { name: 'x', kind: 'measured', unit: 'ns' } });
    expect(wall!.logRatio).toBeCloseTo(Math.log(1.05), 12);
    expect(toFloor).toMatchObject({ metric: { name: 'x to copy', kind: 'ratio', limit: 60 }, base: 20 });
    expect(toFloor!.candidate).toBeCloseTo(21, 12);
  });

  test('reports an operation, not a call', async () => {
    const { stages } = pair(2000);
    const [wall] = await measureTurnPair(stages, { ...options(), seconds: 1e-6 });
    // 20 operations in a call of 2000 ns; the few turns end before the machine slows down.
    expect(wall).toMatchObject({ base: 100, candidate: 100, logRatio: 0 });
  });

  test('names the side that failed', async () => {
    const { stages } = pair(BROKEN);
    const failed = await measureTurnPair(stages, options()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SideFailed);
    expect(failed).toMatchObject({ side: 'candidate', message: 'ended with 70' });
  });
});

describe('a process that takes turns', () => {
  const { signal } = new AbortController();
  const build = new Build(packageRoot(), 'this one');

  test('is warm, works on request, and exits', async () => {
    const stage = build.open('frame-read', undefined, signal);
    try {
      const ready = await stage.ready();
      expect(ready.floor?.name).toBe('copy');
      const { ns, floorNs } = await stage.turn(2);
      expect(ns).toBeGreaterThan(0);
      expect(floorNs).toBeGreaterThan(0);
    } finally {
      stage.end();
    }
    await expect(stage.turn(1)).rejects.toThrow('ended with a signal');
  });

  test('that does not know the stage says so in its own words', async () => {
    const stage = build.open('no-such-stage', undefined, signal);
    await expect(stage.ready()).rejects.toThrow("there is no stage 'no-such-stage'");
    stage.end();
  });

  test('of another program is no measurement, and one that cannot be started fails', async () => {
    const silent = new TurnProcess({
      root: packageRoot(),
      words: ['-e', 'process.send({ hello: 1 }); setInterval(() => {}, 1000)'],
      core: undefined,
      signal,
    });
    await expect(silent.ready()).rejects.toThrow(stating('no measurement'));
    silent.end();
    const nowhere = new TurnProcess({
      root: join(packageRoot(), 'no-such-folder'),
      words: [],
      core: undefined,
      signal,
    });
    await expect(nowhere.ready()).rejects.toThrow('ENOENT');
    nowhere.end();
  });

  test('ends with an abort', async () => {
    const abort = new AbortController();
    const stage = build.open('frame-read', undefined, abort.signal);
    const waiting = stage.ready();
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

test('a list of cores', () => {
  expect(coresInList('0-2,5\n')).toEqual([0, 1, 2, 5]);
  expect(coresInList('3')).toEqual([3]);
  expect(() => coresInList('all')).toThrow(RangeError);
});
