/**
 * Bounds of an evacuation over the orders of its moves: no order that is drawn leaves them, and where the schedule is
 * known by hand they are what list scheduling says.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { type EvacuationInput, FATE, HOST_ORDERS } from '../../../sim/fleet/evacuation-terms.ts';
import type { MoveClass } from '../../../sim/fleet/move-class.ts';
import { orderBounds } from '../../../sim/fleet/order-bounds.ts';
import { effort } from '../../effort.ts';
import { fleet, moveClass, moveInput, usable } from './fixture.ts';

const KINDS: readonly MoveClass[] = [
  moveClass(moveInput({ gib: 1 })),
  moveClass(moveInput({ gib: 4, pagesPerSecond: 40_000 })),
  moveClass(moveInput({ gib: 13, pagesPerSecond: 90_000, workingSetGib: 2 })),
];

interface Drawn {
  readonly lists: readonly (readonly number[])[];
  readonly change: Partial<EvacuationInput>;
}

const limit = fc.constantFrom(1, 2, 3, Infinity);
const link = fc.constantFrom(10, 25, 60, Infinity);

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    lists: fc.array(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    limits: fc.tuple(limit, limit, limit, limit),
    rates: fc.tuple(link, link, link),
    pfsPerHost: fc.constantFrom(1, 2),
    setUpNs: fc.constantFrom(0, 2e9),
    hostOrder: fc.constantFrom(...HOST_ORDERS),
  })
  .map(({ lists, limits, rates, pfsPerHost, setUpNs, hostOrder }) => {
    const [total, outboundPerHost, inboundPerHost, perPf] = limits;
    const [pf, rack, spine] = rates.map((each) => usable(each)) as [number, number, number];
    const links = { racks: 4, hostsPerRack: 2, pfsPerHost, pf, host: usable(25), rack, spine };
    const concurrency = { fleet: total, outboundPerHost, inboundPerHost, perPf };
    return { lists, change: { hosts: lists.length, links, concurrency, setUpNs, hostOrder } };
  });

function inputOf({ lists, change }: Drawn): EvacuationInput {
  return fleet(KINDS, { ...change, lists: lists.map((classes) => ({ classes: Uint8Array.from(classes) })) });
}

test('no order of the VMs of hosts takes less or more', () => {
  let bounded = 0;
  const shuffled = drawn.chain((each) =>
    fc.tuple(
      fc.constant(each),
      fc.tuple(
        ...each.lists.map((list) => fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length })),
      ),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([each, lists]) => {
      const bounds = orderBounds(inputOf(each))!;
      const { totalNs, fate } = evacuate(inputOf({ ...each, lists }));
      fc.pre(fate.every((end) => end <= FATE.forced));
      expect(totalNs).toBeGreaterThanOrEqual(bounds.leastNs);
      expect(totalNs).toBeLessThanOrEqual(bounds.mostNs ?? Infinity);
      if (bounds.mostNs !== null) bounded += 1;
    }),
    { numRuns: effort(40, 200, 20_000), seed: 1969 },
  );
  expect(bounded).toBeGreaterThan(effort(20, 100, 10_000));
});

test('one host, one move at a time: each order is the sum of its moves', () => {
  const concurrency = { fleet: Infinity, outboundPerHost: 1, inboundPerHost: Infinity, perPf: Infinity };
  const input = fleet(KINDS, { perHost: [3, 2, 1], concurrency });
  const { leastNs, mostNs } = orderBounds(input)!;
  const { totalNs } = evacuate(input);
  // All limits of 300 ms that the pauses may use, and half a percent of the link.
  expect(mostNs! - totalNs).toBeLessThan(6 * 300e6 + 0.02 * totalNs);
  expect(leastNs).toBeLessThan(totalNs);
  // 28 GiB have to be sent once over 25 Gbit/s of which the model uses a share.
  expect(leastNs).toBeCloseTo(0.995 * (((3 * 1 + 2 * 4 + 13) * 1024 ** 3) / usable(25)) * 1e9, -7);
});

test('a rack that is emptied sends all memory over its uplink', () => {
  const links = { ...fleet(KINDS).links, rack: usable(10) };
  const { leastNs } = orderBounds(fleet(KINDS, { hosts: 2, links }))!;
  expect(leastNs).toBeCloseTo(0.995 * ((2 * 18 * 1024 ** 3) / usable(10)) * 1e9, -7);
});

test('a move that ends only if it gets more than it is sure of leaves no bound from above', () => {
  const slow = moveClass(moveInput({ gib: 4, pagesPerSecond: 250_000, workingSetGib: 4, timeoutS: 30 }));
  const concurrency = { fleet: Infinity, outboundPerHost: 3, inboundPerHost: Infinity, perPf: Infinity };
  const bounds = orderBounds(fleet([slow], { perHost: [3], concurrency }))!;
  expect(bounds.mostNs).toBeNull();
  expect(bounds.leastNs).toBeGreaterThan(0);
});

test('where moves wait for more than links, limits and room, there is no bound', () => {
  expect(orderBounds(fleet(KINDS, { windows: { lengthNs: 1e9, everyNs: 1e10 } }))).toBeNull();
});
