import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { LinkShares } from '../../../sim/fleet/link-shares.ts';
import { effort } from '../../effort.ts';

interface Flow {
  readonly links: readonly number[];
  readonly limit: number;
}

/** All rates rise together; a flow stays where it meets its limit or a full link. */
function filled(capacity: readonly number[], flows: ReadonlyMap<number, Flow>): Map<number, number> {
  const rates = new Map<number, number>();
  const left = [...capacity];
  const open = new Map(flows);
  let level = 0;
  while (open.size > 0) {
    const counts = left.map((_, link) => [...open.values()].filter(({ links }) => links.includes(link)).length);
    const rises = [
      ...left.map((free, link) => (counts[link] === 0 ? Infinity : free / counts[link]!)),
      ...[...open.values()].map(({ limit }) => limit - level),
    ];
    const rise = Math.max(0, Math.min(...rises));
    level += rise;
    for (const [link, count] of counts.entries()) left[link]! -= rise * count;
    for (const [id, { links, limit }] of open) {
      if (limit > level * (1 + 1e-9) && links.every((link) => left[link]! > 1e-9 * capacity[link]!)) continue;
      rates.set(id, level);
      open.delete(id);
    }
  }
  return rates;
}

const LINKS = 6;
const FLOWS = 12;

const steps = fc.array(
  fc.record({
    flow: fc.integer({ min: 0, max: FLOWS - 1 }),
    links: fc.uniqueArray(fc.integer({ min: 0, max: LINKS - 1 }), { maxLength: 4 }),
    limit: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 1, maxLength: 40 },
);
const capacities = fc.array(fc.integer({ min: 5, max: 100 }), { minLength: LINKS, maxLength: LINKS });

test('rates are max-min fair after every coming and going, whatever happened before', () => {
  fc.assert(
    fc.property(capacities, steps, (capacity, changes) => {
      const shares = new LinkShares(Float64Array.from(capacity), FLOWS);
      const flows = new Map<number, Flow>();
      for (const { flow, links, limit } of changes) {
        if (flows.delete(flow)) shares.remove(flow);
        else {
          flows.set(flow, { links, limit });
          shares.add(flow, links, limit);
        }
        shares.settle();
        for (const [id, rate] of filled(capacity, flows)) expect(shares.rate[id]).toBeCloseTo(rate, 4);
      }
    }),
    { seed: 11, numRuns: effort(50, 200, 10_000) },
  );
});

test('only flows whose rate changed are reported, each once', () => {
  const shares = new LinkShares(Float64Array.of(10, 10), 4);
  shares.add(0, [0], 100);
  shares.add(1, [1], 100);
  shares.settle();
  shares.forgetChanged();
  shares.add(2, [0], 100);
  shares.settle();
  expect(new Set(shares.changed.subarray(0, shares.changedCount))).toEqual(new Set([0, 2]));
  expect(shares.changedCount).toBe(2);
  expect([shares.rate[0], shares.rate[1], shares.rate[2]]).toEqual([5, 10, 5]);
});

test('a link with many flows is used up to its slack, and computed seldom', () => {
  const many = 2000;
  const shares = new LinkShares(Float64Array.of(1000), many, 0.01);
  for (let flow = 0; flow < many; flow++) {
    shares.add(flow, [0], 5);
    shares.settle();
    expect(shares.usedOf(0)).toBeLessThanOrEqual(1000 * 1.0101);
  }
  const fair = 1000 / many;
  for (const rate of shares.rate) expect(Math.abs(rate - fair) / fair).toBeLessThan(0.02);
  // Every flow that comes would otherwise visit all that are there: two million visits.
  expect(shares.looks).toBeLessThan(many * 200);
});
