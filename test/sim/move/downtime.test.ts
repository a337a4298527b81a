import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { DOWNTIME_PARTS, DowntimeClock } from '../../../sim/move/downtime.ts';

test('a part lasts until the next begins, and the first begins with the clock', () => {
  const clock = new DowntimeClock(1_000);
  clock.enter('pauseAndDrain', 1_700);
  clock.enter('save', 1_750);
  expect(clock.finish(2_000)).toBe(1_000);
  expect(clock.partsNs).toEqual({
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
});

test('a part that comes twice counts both times', () => {
  const clock = new DowntimeClock(0);
  clock.enter('save', 1);
  clock.enter('load', 3);
  clock.enter('save', 7);
  clock.finish(20);
  expect(clock.partsNs.save).toBe(2 + 13);
});

test('whatever the order, the parts add up to the whole', () => {
  const entries = fc.array(fc.record({ part: fc.constantFrom(...DOWNTIME_PARTS), gapNs: fc.nat(1e9) }));
  fc.assert(
    fc.property(fc.nat(1e12), entries, fc.nat(1e9), (startNs, list, lastNs) => {
      const clock = new DowntimeClock(startNs);
      let nowNs = startNs;
      for (const { part, gapNs } of list) clock.enter(part, (nowNs += gapNs));
      const wholeNs = clock.finish(nowNs + lastNs);
      expect(wholeNs).toBe(nowNs + lastNs - startNs);
      expect(DOWNTIME_PARTS.reduce((sum, part) => sum + clock.partsNs[part], 0)).toBe(wholeNs);
    }),
  );
});

test('parts that do not add up are our bug', () => {
  const clock = new DowntimeClock(0);
  clock.partsNs.load = 5;
  expect(() => clock.finish(10)).toThrow('DOWNTIME_SUM');
});
