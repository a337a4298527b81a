/**
 * What managers do in addition to moving: set moves up, try them again, prefer some VMs, and keep to windows. Oracles are sums.
 */
import { describe, expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { type EvacuationInput, FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { fleet, moveClass, moveInput } from './fixture.ts';

const S = 1e9;
const ONE_AT_ONCE = { fleet: Infinity, outboundPerHost: 1, inboundPerHost: Infinity, perPf: Infinity };
const QUIET = moveClass(moveInput({ gib: 1, pagesPerSecond: 0 }));
/** It writes its memory faster than any stream carries it, and is given up after 10 s. */
const NEVER = moveClass(moveInput({ pagesPerSecond: 4_000_000, workingSetGib: 3, timeoutS: 10 }));

function three(change: Partial<EvacuationInput> = {}): EvacuationInput {
  return fleet([QUIET], { perHost: [3], concurrency: ONE_AT_ONCE, ...change });
}

const ALONE_NS = evacuate(fleet([QUIET])).totalNs;

describe('a set-up', () => {
  test('counts as a move at once, and comes before the first byte', () => {
    const { startNs, endNs, totalNs, atOnce } = evacuate(three({ setUpNs: 30 * S }));
    expect(atOnce).toBe(1);
    expect(totalNs / (3 * (30 * S + ALONE_NS))).toBeCloseTo(1, 9);
    for (const [vm, start] of startNs.entries()) expect((endNs[vm]! - start) / (30 * S + ALONE_NS)).toBeCloseTo(1, 9);
  });

  test('takes nothing of the time that a move has', () => {
    const { fate, endNs } = evacuate(fleet([NEVER], { setUpNs: 30 * S }));
    expect([fate[0], endNs[0]]).toEqual([FATE.timeout, 40 * S]);
  });
});

describe('a move that is given up', () => {
  test('is begun again after a back-off that doubles, so many times', () => {
    const { fate, attempts, endNs } = evacuate(fleet([NEVER], { retries: { most: 3, backOffNs: 20 * S } }));
    // Four moves of 10 s, and 20, 40 and 80 s between them.
    expect([fate[0], attempts[0], endNs[0]]).toEqual([FATE.timeout, 4, 180 * S]);
  });

  test('comes after those of its host that have not begun', () => {
    const never = fleet([NEVER, QUIET], { perHost: [1, 1], concurrency: ONE_AT_ONCE });
    const { startNs, endNs, fate } = evacuate({ ...never, retries: { most: 1, backOffNs: 0 } });
    expect([...fate]).toEqual([FATE.timeout, FATE.moved]);
    expect(startNs[1]).toBe(10 * S);
    expect(startNs[0]).toBe(endNs[1]);
  });

  test('gives its room back while it waits', () => {
    const room = { memoryBytes: NEVER.needs.memoryBytes, vfs: 1, queues: 8, vcpus: 8 };
    const links = { ...fleet([]).links, racks: 2, hostsPerRack: 1 };
    const input = fleet([NEVER, QUIET], { perHost: [1, 1], links, room, concurrency: ONE_AT_ONCE });
    const { fate, attempts } = evacuate({ ...input, retries: { most: 1, backOffNs: 60 * S } });
    expect([...fate]).toEqual([FATE.noRoom, FATE.moved]);
    expect([...attempts]).toEqual([1, 1]);
  });
});

test('VMs with a higher priority begin before others, in the whole fleet', () => {
  const input = fleet([QUIET, QUIET], {
    hosts: 2,
    perHost: [2, 1],
    priorities: [0, 100],
    concurrency: { ...ONE_AT_ONCE, fleet: 1 },
  });
  const { startNs, vmClass, sourceOf } = evacuate(input);
  const order = [...startNs.keys()].toSorted((a, b) => startNs[a]! - startNs[b]!);
  expect(order.map((vm) => [vmClass[vm], sourceOf[vm]])).toEqual([
    [1, 0],
    [1, 1],
    [0, 0],
    [0, 1],
    [0, 0],
    [0, 1],
  ]);
});

describe('windows', () => {
  test('moves begin while one is open, and run on when it closes', () => {
    const lengthNs = ALONE_NS * 1.5;
    const everyNs = ALONE_NS * 10;
    const { startNs, endNs } = evacuate(three({ windows: { lengthNs, everyNs } }));
    // Two begin in the first window, the second of which ends after it; the third waits for the next.
    expect([...startNs].map((ns) => ns / ALONE_NS)).toEqual([0, expect.closeTo(1, 6), expect.closeTo(10, 6)]);
    expect(endNs[1]! / ALONE_NS).toBeCloseTo(2, 6);
  });

  test('a back-off that ends while all are closed waits for the next', () => {
    const { startNs, attempts } = evacuate(
      fleet([NEVER], { retries: { most: 1, backOffNs: 20 * S }, windows: { lengthNs: 15 * S, everyNs: 100 * S } }),
    );
    expect([attempts[0], startNs[0]]).toEqual([2, 100 * S]);
  });
});
