import { expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { scheduleOf } from '../../../sim/fleet/schedule.ts';
import { fleet, moveClass, moveInput } from './fixture.ts';

function emptied(hosts: number, perHost: number) {
  const one = fleet([]);
  const input = fleet([moveClass(moveInput())], {
    perHost: [perHost],
    hosts,
    links: { ...one.links, racks: 100 },
    concurrency: { ...one.concurrency, outboundPerHost: 2 },
  });
  const result = evacuate(input);
  const { hostsPerRack } = input.links;
  return {
    result,
    hostsPerRack,
    schedule: scheduleOf(result, {
      hosts,
      hostsPerRack,
      classes: ['small'],
      hostName: (host) => `host ${host + 1}`,
      vmName: () => null,
    }),
  };
}

test('a small evacuation is listed move by move, never more at once out of a host than allowed', () => {
  const { result, schedule } = emptied(3, 5);
  expect(schedule.groups).toBeNull();
  const moves = schedule.moves!;
  expect(moves).toHaveLength(15);
  expect(Math.max(...moves.map(({ endNs }) => endNs))).toBe(schedule.totalNs);
  for (const { host, startNs, endNs, fate, pauseNs } of moves) {
    expect(endNs - startNs).toBeGreaterThan(pauseNs);
    expect(fate).toBe('moved');
    const beside = moves.filter((each) => each.host === host && each.startNs <= startNs && each.endNs > startNs);
    expect(beside.length).toBeLessThanOrEqual(2);
  }
  expect(moves.filter(({ host }) => host === 3).map(({ endNs }) => endNs)).toContain(result.hostEmptyNs[2]);
});

test('a large one is listed in groups of hosts: each move counts for as long as it lasts', () => {
  const { result, schedule } = emptied(50, 20);
  expect(schedule.moves).toBeNull();
  const { sliceNs, of } = schedule.groups!;
  expect(of.reduce((sum, { hosts }) => sum + hosts, 0)).toBe(50);
  expect(of.reduce((sum, { vms }) => sum + vms, 0)).toBe(1000);
  let lastedNs = 0;
  for (let vm = 0; vm < 1000; vm++) lastedNs += result.endNs[vm]! - result.startNs[vm]!;
  const toldNs = of.reduce((sum, { atOnce }) => sum + atOnce.reduce((all, mean) => all + mean * sliceNs, 0), 0);
  expect(toldNs / lastedNs).toBeCloseTo(1, 2);
  expect(Math.max(...of.map(({ lastNs }) => lastNs!))).toBe(schedule.totalNs);
  for (const { atOnce, hosts } of of) expect(Math.max(...atOnce)).toBeLessThanOrEqual(2 * hosts + 1e-9);
});
