import { describe, expect, test } from 'vitest';

import { evacuate } from '../../../sim/fleet/evacuation.ts';
import { type EvacuationInput, FATE } from '../../../sim/fleet/evacuation-terms.ts';
import { fleetBounds } from '../../../sim/fleet/fleet-bounds.ts';
import { moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { fleet, type MoveChange, moveClass, moveInput, P, usable } from './fixture.ts';
import { GIB } from '../../../sim/base/units.ts';

/** Bounds of a fleet whose VMs are all alike. */
function boundsOf({ hosts, perHost, links, concurrency, setUpNs = 0 }: EvacuationInput, move: VmMoveInput) {
  if (typeof links.host !== 'number') throw new Error('hosts are not alike');
  const { host: line, pf, pfsPerHost: pfs, racks, hostsPerRack } = links;
  const vms = [{ kind: 0, count: perHost[0]! }];
  return fleetBounds(
    { classes: [{ input: move, parameters: P }], links, concurrency, setUpNs },
    {
      sources: [{ hosts, vms, line, pf, pfs, outbound: Infinity }],
      receivers: [{ hosts: racks * hostsPerRack - hosts, line, inbound: Infinity }],
      areAlike: true,
    },
  );
}

describe('a VM alone moves as the model of a whole VM says', () => {
  const cases: readonly (readonly [string, MoveChange])[] = [
    ['that writes little', {}],
    ['that writes nothing', { pagesPerSecond: 0 }],
    ['moved by Cloud Hypervisor', { vmm: 'cloud-hypervisor', pagesPerSecond: 50_000 }],
    ['that writes much', { pagesPerSecond: 200_000, workingSetGib: 1 }],
    ['that is slowed down', { pagesPerSecond: 2_000_000, workingSetGib: 2, autoConverge: true }],
  ];
  test.each(cases)('%s', (_, change) => {
    const move = moveInput(change);
    const alone = moveVm(move, P);
    const { totalNs, pauseNs, fate } = evacuate(fleet([moveClass(move)]));
    expect(alone.end).toBe('moved');
    expect(fate[0]).toBe(FATE.moved);
    expect(totalNs / alone.totalNs).toBeCloseTo(1, 9);
    expect(pauseNs[0]! / alone.pauseNs).toBeCloseTo(1, 9);
  });

  test('and is given up when its time is out, or stopped all the same', () => {
    const never: MoveChange = { pagesPerSecond: 4_000_000, workingSetGib: 3, timeoutS: 100 };
    const cancelled = evacuate(fleet([moveClass(moveInput(never))]));
    expect(cancelled.fate[0]).toBe(FATE.timeout);
    expect(cancelled.totalNs / 1e9).toBe(100);
    expect(cancelled.hostEmptyNs[0]).toBeNaN();
    const stopped = evacuate(fleet([moveClass(moveInput({ ...never, whenOut: 'stop' }))]));
    expect(stopped.fate[0]).toBe(FATE.forced);
    expect(stopped.pauseNs[0]).toBeGreaterThan(500e6);
    const impatient = { manager: 'kubevirt', progressTimeoutS: 0.3 } as const;
    const stuck = evacuate(fleet([moveClass(moveInput({ ...never, ...impatient }))]));
    expect(stuck.fate[0]).toBe(FATE.noProgress);
    expect(stuck.totalNs).toBeLessThan(4e9);
  });

  test('and converges at the step of the limit at which the model says so', () => {
    const limitSteps = [
      { afterNs: 0, limitNs: 20e6 },
      { afterNs: 60e9, limitNs: 300e6 },
    ];
    const move = moveInput({ pagesPerSecond: 900_000, workingSetGib: 0.5, limitSteps });
    const alone = moveVm(move, P);
    const { totalNs, limitNs } = evacuate(fleet([moveClass(move)]));
    expect(limitNs[0]).toBe(alone.rounds.at(-1)!.limitNs);
    expect(limitNs[0]).toBe(300e6);
    expect(totalNs / alone.totalNs).toBeCloseTo(1, 1);
  });
});

test('VMs that share a link are as fast as one with its share', () => {
  const move = moveInput();
  const shared = moveVm({ ...move, stream: { ...move.stream, lineShare: 1 / 4 } }, P);
  const { totalNs, pauseNs } = evacuate(fleet([moveClass(move)], { perHost: [4] }));
  expect(totalNs / shared.totalNs).toBeCloseTo(1, 6);
  expect(Math.max(...pauseNs) / shared.pauseNs).toBeCloseTo(1, 6);
});

test('the slowest link on the way decides: PF, rack, spine', () => {
  const input = fleet([moveClass(moveInput())]);
  const full = evacuate(input).totalNs;
  for (const line of ['pf', 'rack', 'spine', 'host'] as const) {
    const { totalNs } = evacuate({ ...input, links: { ...input.links, [line]: usable(2.5) } });
    // Ten times as slow, and more of it written meanwhile.
    expect(totalNs / full).toBeGreaterThan(9);
  }
});

test('limits hold at all times', () => {
  const input = fleet([moveClass(moveInput({ gib: 2 })), moveClass(moveInput({ gib: 1 }))], {
    hosts: 3,
    perHost: [5, 4],
    concurrency: { fleet: 5, outboundPerHost: 2, inboundPerHost: 1, perPf: Infinity },
  });
  const { startNs, endNs, atOnce, vms, fate } = evacuate(input);
  expect([...fate].every((each) => each === FATE.moved)).toBe(true);
  expect(atOnce).toBe(5);
  for (const nowNs of startNs) {
    const under = (vm: number): boolean => startNs[vm]! <= nowNs && nowNs < endNs[vm]!;
    const running = Array.from({ length: vms }, (_, vm) => vm).filter(under);
    expect(running.length).toBeLessThanOrEqual(5);
    for (let host = 0; host < 3; host++) {
      expect(running.filter((vm) => Math.floor(vm / 9) === host).length).toBeLessThanOrEqual(2);
    }
  }
});

test('a VM that finds no room stays, and its host is not empty', () => {
  const input = fleet([moveClass(moveInput())], {
    perHost: [10],
    room: { memoryBytes: 4 * GIB, vfs: 63, queues: 1024, vcpus: Infinity },
  });
  const { fate, hostEmptyNs } = evacuate(input);
  expect([...fate].filter((each) => each === FATE.noRoom)).toHaveLength(3);
  expect(hostEmptyNs[0]).toBeNaN();
});

test.each([1000, 2500])('a spine of %i Gbit/s is left alone for a while, which changes next to nothing', (spine) => {
  const kinds = Array.from({ length: 12 }, (_, i) =>
    moveClass(moveInput({ gib: 1 + 0.37 * i, pagesPerSecond: 2000 + 1711 * i, workingSetGib: 0.25 })),
  );
  const played = (slack?: number) =>
    evacuate(
      fleet(kinds, {
        hosts: 120,
        hostOrder: 'one by one',
        ...(slack === undefined ? {} : { slack }),
        links: {
          racks: 40,
          hostsPerRack: 10,
          pfsPerHost: 1,
          pf: Infinity,
          host: usable(25),
          rack: Infinity,
          spine: usable(spine),
        },
        concurrency: { fleet: 1000, outboundPerHost: 12, inboundPerHost: Infinity, perPf: Infinity },
      }),
    );
  const exact = played(0);
  const quick = played();
  expect(quick.looks).toBeLessThan(exact.looks * 0.95);
  const mean = (values: Float64Array): number => values.reduce((sum, ns) => sum + ns, 0) / values.length;
  expect(quick.fate).toEqual(exact.fate);
  expect(Math.abs(quick.totalNs / exact.totalNs - 1)).toBeLessThan(0.001);
  expect(Math.abs(mean(quick.endNs) / mean(exact.endNs) - 1)).toBeLessThan(0.001);
  expect(Math.abs(mean(quick.pauseNs) / mean(exact.pauseNs) - 1)).toBeLessThan(0.05);
});

test('the same input gives the same plan', () => {
  const input = fleet([moveClass(moveInput()), moveClass(moveInput({ gib: 9, pagesPerSecond: 70_000 }))], {
    hosts: 4,
    perHost: [3, 2],
  });
  expect(evacuate(input)).toEqual(evacuate(input));
});

test('no plan is quicker than the bounds, and the largest bound is near', () => {
  const move = moveInput({ pagesPerSecond: 1000 });
  for (const outboundPerHost of [1, 2, 8]) {
    const input = fleet([moveClass(move)], {
      hosts: 2,
      perHost: [12],
      concurrency: { fleet: 3, outboundPerHost, inboundPerHost: Infinity, perPf: Infinity },
    });
    const [bound] = boundsOf(input, move);
    const { totalNs } = evacuate(input);
    expect(totalNs).toBeGreaterThan(bound!.ns * 0.999);
    expect(totalNs).toBeLessThan(bound!.ns * 1.3);
  }
});

test('moves that time stops are no quicker than the bounds either', () => {
  for (const outboundPerHost of [1, 2, 4]) {
    const writes = { pagesPerSecond: 3_000_000, workingSetGib: 2, timeoutS: 12, whenOut: 'stop' as const };
    const move = moveInput({ vmm: 'cloud-hypervisor', ...writes });
    const input = fleet([moveClass(move)], {
      hosts: 1,
      perHost: [4],
      concurrency: { fleet: Infinity, outboundPerHost, inboundPerHost: Infinity, perPf: Infinity },
    });
    const { totalNs, fate } = evacuate(input);
    expect([...fate]).toEqual([FATE.forced, FATE.forced, FATE.forced, FATE.forced]);
    const [bound] = boundsOf(input, move);
    expect(totalNs).toBeGreaterThan(bound!.ns * 0.999);
  }
});

test('work grows with the VMs, not with their square', () => {
  const kinds = [1, 2, 3, 5].map((gib) => moveClass(moveInput({ gib, pagesPerSecond: 3000 * gib })));
  const work = (racks: number): number => {
    const result = evacuate(
      fleet(kinds, {
        hosts: racks * 10,
        perHost: [2, 2, 2, 2],
        links: {
          racks: 2 * racks,
          hostsPerRack: 10,
          pfsPerHost: 1,
          pf: Infinity,
          host: usable(25),
          rack: usable(100),
          spine: usable(60 * racks),
        },
        concurrency: { fleet: Infinity, outboundPerHost: 3, inboundPerHost: Infinity, perPf: Infinity },
      }),
    );
    expect([...result.fate].every((each) => each === FATE.moved)).toBe(true);
    return (result.events + result.looks) / result.vms;
  };
  expect(work(32) / work(8)).toBeLessThan(2);
});
