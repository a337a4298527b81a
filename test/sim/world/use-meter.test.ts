import { expect, test } from 'vitest';

import { UseMeter } from '../../../sim/world/use-meter.ts';

test('nothing used is nothing', () => {
  expect(new UseMeter().report).toEqual({
    uses: 0,
    busyNs: 0,
    heldNs: 0,
    waitNs: 0,
    longestWaitNs: 0,
    longestQueue: 0,
    mostAtOnce: 0,
  });
});

test('uses one after another queue, and do not overlap where one ends as the next begins', () => {
  const meter = new UseMeter();
  meter.add(0, 0, 10);
  meter.add(2, 10, 20);
  meter.add(4, 20, 30);
  meter.add(50, 50, 55);
  expect(meter.report).toEqual({
    uses: 4,
    busyNs: 35,
    heldNs: 35,
    waitNs: 8 + 16,
    longestWaitNs: 16,
    longestQueue: 2,
    mostAtOnce: 1,
  });
});

test('uses at once are busy while there is one', () => {
  const meter = new UseMeter();
  meter.add(5, 5, 15);
  meter.add(0, 0, 10);
  meter.add(3, 3, 4);
  expect(meter.report).toMatchObject({ busyNs: 15, heldNs: 21, mostAtOnce: 2, waitNs: 0 });
});

test('a use that ends before it begins is our mistake', () => {
  expect(() => new UseMeter().add(0, 2, 1)).toThrow('USE');
});
