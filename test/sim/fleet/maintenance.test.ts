/**
 * Maintenance host by host: sums of what one host takes, and who moves again.
 */
import { describe, expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { FATE, type HostVms } from '../../../sim/fleet/evacuation-terms.ts';
import { maintain, type MaintenanceInput } from '../../../sim/fleet/maintenance.ts';
import { fleet, moveClass, moveInput } from './fixture.ts';

const S = 1e9;
const QUIET = moveClass(moveInput({ gib: 1, pagesPerSecond: 0 }));
const NEVER = moveClass(moveInput({ pagesPerSecond: 4_000_000, workingSetGib: 3, timeoutS: 10 }));
const ROOMY = { memoryBytes: 1e12, vfs: 100, queues: 1000, vcpus: 1000 };
const ONE = { fleet: Infinity, outboundPerHost: 1, inboundPerHost: Infinity, perPf: Infinity };
const ALONE_NS = evacuate(fleet([QUIET])).totalNs;

interface Change {
  readonly hosts?: number;
  readonly all?: number;
  readonly perHost?: number;
  readonly hostsAtOnce?: number;
  readonly kinds?: readonly ReturnType<typeof moveClass>[];
  readonly lists?: readonly HostVms[];
  readonly each?: Partial<MaintenanceInput['each']>;
}

function input({
  hosts = 3,
  all = 3,
  perHost = 2,
  hostsAtOnce = 1,
  kinds = [QUIET],
  lists,
  each,
}: Change = {}): MaintenanceInput {
  const links = { ...fleet([]).links, racks: 1, hostsPerRack: all };
  const of = fleet(kinds, { links, concurrency: ONE });
  return {
    each: { ...of, room: ROOMY, ...each },
    lists: lists ?? Array.from({ length: all }, () => ({ classes: new Uint8Array(perHost) })),
    hosts,
    hostsAtOnce,
    restartNs: 600 * S,
  };
}

const ns = (times: Float64Array): number[] => [...times].map((each) => each / 1e6);

test('each host is emptied, restarts, and the next follows; VMs that went to it move again', () => {
  const { begunNs, hostEmptyNs, backNs, totalNs, movesOf, vms, fate, blockedHost } = maintain(input());
  // 2 VMs leave host 1 for hosts 2 and 3, one each. Host 2 has 3 then: they go to host 1, which is empty, and to host 3.
  expect(hostEmptyNs[0]! / (2 * ALONE_NS)).toBeCloseTo(1, 9);
  expect((hostEmptyNs[1]! - begunNs[1]!) / (3 * ALONE_NS)).toBeCloseTo(1, 9);
  expect(ns(begunNs.subarray(1))).toEqual(ns(backNs.subarray(0, 2)));
  expect(ns(backNs)).toEqual(ns(hostEmptyNs.map((empty) => empty + 600 * S)));
  expect(totalNs).toBe(backNs[2]);
  expect(blockedHost).toBe(-1);
  expect(vms).toBe(movesOf.reduce((sum, moves) => sum + moves, 0));
  expect([...fate].every((each) => each === FATE.moved)).toBe(true);
  expect(Math.max(...movesOf)).toBeGreaterThan(1);
});

test('no VM is lost, and none is on a host that is emptied', () => {
  for (const all of [2, 3, 5, 8]) {
    for (const perHost of [1, 2, 5]) {
      const { sourceOf, targetOf, movesOf, endNs, hostEmptyNs } = maintain(input({ all, hosts: all, perHost }));
      const at = new Int32Array(all).fill(perHost);
      const last: [number, number][] = [];
      for (const [move, from] of sourceOf.entries()) {
        at[from]! -= 1;
        at[targetOf[move]!]! += 1;
        expect(targetOf[move]).not.toBe(from);
        // The last move out of a host makes it empty.
        expect(endNs[move]! <= hostEmptyNs[from]!).toBe(true);
        if (at[from] === 0) last.push([endNs[move]!, hostEmptyNs[from]!]);
      }
      expect(at.reduce((sum, vms) => sum + vms, 0)).toBe(all * perHost);
      expect(last.map(([end]) => end)).toEqual(last.map(([, empty]) => empty));
      // The last host is the one that was emptied last.
      expect(at[all - 1]).toBe(0);
      expect(movesOf.length).toBe(all * perHost);
    }
  }
});

test('several at a time are emptied together, and the next follow when all of them are back', () => {
  const { begunNs, backNs } = maintain(input({ all: 6, hosts: 4, hostsAtOnce: 2 }));
  expect(ns(begunNs)).toEqual([
    0,
    0,
    ...ns(Float64Array.of(Math.max(backNs[0]!, backNs[1]!), Math.max(backNs[0]!, backNs[1]!))),
  ]);
});

describe('a host that cannot be emptied stops it', () => {
  test('for want of room', () => {
    const room = { memoryBytes: QUIET.needs.memoryBytes, vfs: 100, queues: 1000, vcpus: 1000 };
    // Room for one more on each of the others, and three to move.
    const { blockedHost, hostEmptyNs, begunNs } = maintain(input({ perHost: 3, each: { room } }));
    expect(blockedHost).toBe(0);
    expect([...hostEmptyNs]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...begunNs.subarray(1)]).toEqual([Number.NaN, Number.NaN]);
  });

  test('as a VM does not move', () => {
    const lists = [0, 0, 1].map((kind) => ({ classes: Uint8Array.of(0, kind) }));
    const { blockedHost, hostEmptyNs } = maintain(input({ kinds: [QUIET, NEVER], lists }));
    expect(blockedHost).toBe(2);
    expect(Number.isNaN(hostEmptyNs[1]!)).toBe(false);
  });

  test('as every other host has a VM of the same group', () => {
    const lists = [0, 1, 2].map(() => ({ classes: new Uint8Array(1), groups: new Int32Array(1) }));
    expect(maintain(input({ lists })).blockedHost).toBe(0);
    const two = [Int32Array.of(0), Int32Array.of(0), Int32Array.of(1)].map((groups) => ({
      classes: new Uint8Array(1),
      groups,
    }));
    const { blockedHost, targetOf } = maintain(input({ lists: two }));
    expect(blockedHost).toBe(-1);
    // Host 2 has the same group, so that only host 3 is left.
    expect(targetOf[0]).toBe(2);
  });
});

describe('in windows', () => {
  const oneHostNs = 2 * ALONE_NS + 600 * S;

  test('a host is begun when it is back before the window closes', () => {
    const windows = { lengthNs: oneHostNs * 1.2, everyNs: 24 * 3600 * S };
    const { begunNs, totalNs } = maintain(input({ each: { windows } }));
    expect([...begunNs]).toEqual([0, 24 * 3600 * S, 48 * 3600 * S]);
    expect(totalNs).toBeLessThan(48 * 3600 * S + oneHostNs * 1.5);
  });

  test('one that takes longer than a window is begun when one opens', () => {
    const windows = { lengthNs: oneHostNs / 2, everyNs: 24 * 3600 * S };
    const { begunNs } = maintain(input({ each: { windows } }));
    expect([...begunNs]).toEqual([0, 24 * 3600 * S, 48 * 3600 * S]);
  });
});
