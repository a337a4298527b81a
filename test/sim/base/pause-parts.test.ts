import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  checkParts,
  DOWNTIME_VIEW,
  LEAF_PARTS,
  type LeafPart,
  MOVE_PART_TITLES,
  MOVE_PARTS,
  MOVE_VIEW,
  PART_VIEWS,
  partsWithin,
  PauseClock,
  pauseLastedNs,
  pausePartsNs,
  PAUSE_PART_TITLES,
  PAUSE_PARTS,
  WALL_TRANSFER_PARTS,
  WALL_VIEW,
} from '../../../sim/base/pause-parts.ts';

const LEAVES = Object.keys(LEAF_PARTS) as LeafPart[];
const VIEWS = Object.entries(PART_VIEWS);

describe.each(VIEWS)('the view %s', (_, { names, leaves, without }) => {
  const covered = Object.values(leaves).flat();

  test('sums each leaf part once, or says that it is without it', () => {
    expect([...covered, ...without].toSorted()).toEqual(LEAVES.toSorted());
  });

  test('sums something in each of its parts', () => {
    for (const own of Object.values(leaves)) expect(own.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
  });
});

test('each leaf part is in some view', () => {
  const seen = new Set(VIEWS.flatMap(([, { leaves }]) => Object.values(leaves).flat()));
  expect([...seen].toSorted()).toEqual(LEAVES.toSorted());
});

test('views whose parts follow one another have them in the order of the leaf parts', () => {
  // The register-level world reads images before it waits for the memory, and the closed form sends memory first.
  const { move: _move, ...sequential } = PART_VIEWS;
  for (const { leaves } of Object.values(sequential)) {
    const firsts = Object.values(leaves).map((own) => Math.min(...own.map((leaf) => LEAVES.indexOf(leaf))));
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
  }
});

test('a finer view is summed by the parts of a coarser one', () => {
  expect(partsWithin(WALL_VIEW, DOWNTIME_VIEW.leaves.save)).toEqual(['save']);
  expect(WALL_TRANSFER_PARTS).toEqual(['gather', 'checksum', 'handOver', 'validate', 'scatter']);
  expect(partsWithin(MOVE_VIEW, DOWNTIME_VIEW.leaves.transfer)).toEqual(['stream']);
});

test('the parts that people see have titles', () => {
  expect(Object.keys(MOVE_PART_TITLES)).toEqual(MOVE_PARTS);
  expect(Object.keys(PAUSE_PART_TITLES)).toEqual(PAUSE_PARTS);
});

describe('the clock of a pause', () => {
  test('lets a part last until the next begins, and the first begin with the pause', () => {
    const clock = new PauseClock(1_000);
    clock.enter('pauseAndDrain', 1_700);
    clock.enter('save', 1_750);
    const pause = clock.finish(2_000);
    expect(pauseLastedNs(pause)).toBe(1_000);
    expect(structuredClone(pause)).toStrictEqual(pause);
    expect(pausePartsNs(pause, DOWNTIME_VIEW)).toEqual({
      vcpuStop: 700,
      pauseAndDrain: 50,
      statusChecks: 0,
      cacheWriteBack: 0,
      save: 250,
      transfer: 0,
      load: 0,
      start: 0,
      vcpuStart: 0,
    });
    expect(pausePartsNs(pause, MOVE_VIEW)).toMatchObject({ vcpuStop: 700, deviceStop: 300 });
  });

  test('counts a part that comes twice both times', () => {
    const clock = new PauseClock(0);
    clock.enter('save', 1);
    clock.enter('load', 3);
    clock.enter('save', 7);
    const pause = clock.finish(20);
    expect(pausePartsNs(pause, DOWNTIME_VIEW).save).toBe(2 + 13);
  });

  test('takes leaf parts of one part that follow each other for one stretch, with one rounding error', () => {
    const [beganNs, betweenNs, endedNs] = [0.1, 1_000_000.3, 2_000_000.7];
    const clock = new PauseClock(beganNs);
    clock.enter('save', beganNs);
    clock.enter('read', betweenNs);
    clock.enter('handOver', endedNs);
    const pause = clock.finish(endedNs);
    expect(pausePartsNs(pause, DOWNTIME_VIEW).save).toBe(endedNs - beganNs);
  });

  test('whatever the order, the parts of a view add up to the whole', () => {
    const parts = Object.values(MOVE_VIEW.leaves).flat();
    const entries = fc.array(fc.record({ part: fc.constantFrom(...parts), gapNs: fc.nat(1e9) }));
    fc.assert(
      fc.property(fc.nat(1e12), entries, fc.nat(1e9), (startNs, list, lastNs) => {
        const clock = new PauseClock(startNs);
        let nowNs = startNs;
        for (const { part, gapNs } of list) clock.enter(part, (nowNs += gapNs));
        const pause = clock.finish(nowNs + lastNs);
        const wholeNs = pauseLastedNs(pause);
        expect(wholeNs).toBe(nowNs + lastNs - startNs);
        expect(Object.values(pausePartsNs(pause, MOVE_VIEW)).reduce((sum, ns) => sum + ns, 0)).toBe(wholeNs);
      }),
    );
  });

  test('ends the run when a view is without a part that took time: that is our bug', () => {
    const clock = new PauseClock(0);
    clock.enter('recovery', 4);
    const pause = clock.finish(10);
    expect(pausePartsNs(pause, MOVE_VIEW).recovery).toBe(6);
    expect(() => pausePartsNs(pause, DOWNTIME_VIEW)).toThrow('PAUSE_SUM');
  });

  test('parts that do not add up are our bug', () => {
    expect(() => checkParts({ load: 5, save: 5 }, 10)).not.toThrow();
    expect(() => checkParts({ load: 5, save: 6 }, 10)).toThrow('PAUSE_SUM');
    expect(() => checkParts({ load: Number.NaN }, 10)).toThrow('PAUSE_SUM');
  });
});
