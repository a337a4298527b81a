import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Link } from '../../../sim/move/link.ts';

test('bytes arrive when the last bit has been sent, one latency later', () => {
  // 1000 bytes are 8000 bits: 1 us at 8 Gbit/s.
  expect(new Link(8, 300).send(5_000, 1_000)).toBe(5_000 + 1_000 + 300);
});

test('who comes second waits until the first has been sent, but not for its latency', () => {
  const link = new Link(8, 300);
  link.send(0, 1_000);
  expect(link.send(400, 500)).toBe(1_000 + 500 + 300);
});

test('an idle link begins at once', () => {
  const link = new Link(8, 300);
  link.send(0, 1_000);
  expect(link.send(9_000, 500)).toBe(9_000 + 500 + 300);
});

test('nothing at all still takes the latency, and the place in the line', () => {
  const link = new Link(8, 300);
  expect(link.send(70, 0)).toBe(370);
  link.send(70, 1_000);
  expect(link.send(80, 0)).toBe(1_370);
});

test('the order is kept and the bandwidth is never exceeded', () => {
  const sends = fc.array(fc.record({ gapNs: fc.nat(5_000), bytes: fc.nat(100_000) }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(sends, fc.constantFrom(1, 2, 8, 64), (list, gigabitsPerSecond) => {
      const link = new Link(gigabitsPerSecond, 100);
      let nowNs = 0;
      let lastNs = 0;
      for (const { gapNs, bytes } of list) {
        nowNs += gapNs;
        const arrivedNs = link.send(nowNs, bytes);
        const wireNs = (bytes * 8) / gigabitsPerSecond;
        expect(arrivedNs).toBe(Math.max(nowNs, lastNs) + wireNs + 100);
        lastNs = arrivedNs - 100;
      }
    }),
  );
});

test.each([
  [0, 0],
  [-1, 0],
  [Number.NaN, 0],
  [1, -1],
  [1, Number.NaN],
])('a link of %d Gbit/s and %d ns cannot be', (gigabitsPerSecond, latencyNs) => {
  expect(() => new Link(gigabitsPerSecond, latencyNs)).toThrow('LINK');
});
