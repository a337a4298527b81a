import { assert, boolean, constantFrom, double, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PAUSE_PARTS, type PausePart } from '../../../sim/base/pause-parts.ts';
import { NS_PER_MS } from '../../../sim/base/units.ts';
import { type Clock, CLOCKS, type ClockedMove, clocksOf, PIECES, piecesOf } from '../../../sim/manager/clocks.ts';
import { SOURCES } from '../../../sim/manager/source.ts';
import { effort } from '../../effort.ts';

/** A pause written out: parts in ms. */
const PARTS_MS: Readonly<Record<PausePart, number>> = {
  vcpuStop: 1,
  deviceStop: 5,
  dirtySync: 2,
  memory: 100.6,
  deviceState: 30,
  otherState: 26,
  latency: 0.5,
  platformLoad: 1,
  deviceLoad: 8,
  deviceStart: 1,
  vcpuStart: 1.1,
};

function writtenOut(vmm: ClockedMove['vmm'], returnPath: boolean): ClockedMove {
  const partsNs = Object.fromEntries(PAUSE_PARTS.map((part) => [part, PARTS_MS[part] * NS_PER_MS])) as Record<
    PausePart,
    number
  >;
  const [devicePauseNs, totalNs, downtimeLimitNs] = [2, 20_449, 300].map((ms) => ms * NS_PER_MS);
  return {
    vmm,
    partsNs,
    devicePauseNs: devicePauseNs!,
    totalNs: totalNs!,
    downtimeLimitNs: downtimeLimitNs!,
    returnPath,
  };
}

const byId = (move: ClockedMove): ReadonlyMap<string, Clock> =>
  new Map(clocksOf(move).map((clock) => [clock.id, clock]));

const printed = (move: ClockedMove): readonly (readonly [string, string])[] =>
  clocksOf(move).map(({ id, prints }) => [id, prints]);

describe('a pause of 176.2 ms', () => {
  test('as QEMU, libvirt, KubeVirt and Proxmox VE print it', () => {
    expect(printed(writtenOut('qemu', false))).toEqual([
      ['qemuDowntime', '"downtime": 164'],
      ['qemuDowntimeReturnPath', '"downtime": 176'],
      ['libvirtDowntime', 'Total downtime: 170 ms'],
      ['libvirtDowntimeNet', 'Downtime w/o network: 169 ms'],
      ['kubevirtDowntime', 'Downtime:170ms DowntimeNet:169ms'],
      ['kubevirtTotal', '20 s or 21 s'],
      ['proxmoxDowntime', 'downtime 164 ms'],
    ]);
  });

  test('as Cloud Hypervisor prints it', () => {
    expect(printed(writtenOut('cloud-hypervisor', true))).toEqual([
      ['cloudHypervisorDowntime', 'Migration completed after 20.4s with a downtime of 176ms (goal was 300ms)'],
      ['cloudHypervisorFinalIter', 'final_iter:102ms'],
      ['cloudHypervisorState', 'state:40ms'],
      ['cloudHypervisorSendState', 'send_state:19ms'],
      ['cloudHypervisorComplete', 'complete:12ms'],
    ]);
  });

  test.each([true, false])('with return-path %s, the other clock of QEMU is not that of this move', (returnPath) => {
    const others = clocksOf(writtenOut('qemu', returnPath)).filter(({ ofThisMove }) => !ofThisMove);
    expect(others.map(({ id }) => id)).toEqual([returnPath ? 'qemuDowntime' : 'qemuDowntimeReturnPath']);
  });
});

const time = double({ min: 0, max: 1e9, noNaN: true });
const parts = record(Object.fromEntries(PAUSE_PARTS.map((part) => [part, time])) as Record<PausePart, typeof time>);

/** Any pause, its length, and its clocks. */
const drawn = record({
  vmm: constantFrom('qemu', 'cloud-hypervisor'),
  partsNs: parts,
  share: double({ min: 0, max: 1, noNaN: true }),
  preCopyNs: double({ min: 0, max: 1e12, noNaN: true }),
  returnPath: boolean(),
}).map(({ share, preCopyNs, ...move }) => {
  const pauseNs = PAUSE_PARTS.reduce((sum, part) => sum + move.partsNs[part], 0);
  const clocked: ClockedMove = {
    ...move,
    devicePauseNs: share * move.partsNs.deviceStop,
    totalNs: preCopyNs + pauseNs,
    downtimeLimitNs: 300 * NS_PER_MS,
  };
  return { move: clocked, pauseNs };
});

const RUNS = { numRuns: effort(300, 1_000, 20_000) };
/** Rounding of sums of some ten numbers of up to 1e10. */
const SLACK_NS = 1e-3;

describe('clocks of any pause', () => {
  test('pieces add up to the pause, and the answer comes after it', () => {
    assert(
      property(drawn, ({ move, pauseNs }) => {
        const { answer, ...pieces } = piecesOf(move);
        const sum = Object.values(pieces).reduce((all, ns) => all + ns, 0);
        expect(Math.abs(sum - pauseNs)).toBeLessThan(SLACK_NS);
        expect(answer).toBe(move.partsNs.latency);
        expect(Math.min(...Object.values(pieces))).toBeGreaterThanOrEqual(0);
      }),
      RUNS,
    );
    expect.hasAssertions();
  });

  test('QEMU without return path <= the pause <= with it, and libvirt leaves out the stop', () => {
    assert(
      property(drawn, ({ move, pauseNs }) => {
        const ns = (id: string): number => clocks.get(id)!.ns;
        const clocks = byId({ ...move, vmm: 'qemu' });
        const { vcpuStop, deviceStop, latency } = move.partsNs;
        expect(ns('qemuDowntime')).toBeLessThanOrEqual(pauseNs + SLACK_NS);
        expect(ns('qemuDowntimeReturnPath')).toBeGreaterThanOrEqual(pauseNs - SLACK_NS);
        expect(Math.abs(ns('qemuDowntimeReturnPath') - pauseNs - latency)).toBeLessThan(SLACK_NS);
        expect(Math.abs(ns('libvirtDowntime') + vcpuStop + deviceStop - pauseNs)).toBeLessThan(SLACK_NS);
        expect(Math.abs(ns('libvirtDowntime') - ns('libvirtDowntimeNet') - latency)).toBeLessThan(SLACK_NS);
        expect(ns('kubevirtDowntime')).toBe(ns('libvirtDowntime'));
        expect(ns('proxmoxDowntime')).toBe(ns('qemuDowntime'));
        expect(ns('kubevirtTotal')).toBe(move.totalNs);
      }),
      RUNS,
    );
    expect.hasAssertions();
  });

  test("Cloud Hypervisor's is the pause and a way back; its breakdown leaves out pausing, and nothing else", () => {
    const [whole, ...breakdown] = CLOCKS['cloud-hypervisor'];
    const covered = [...breakdown.flatMap(({ covers }) => covers ?? []), 'vcpuStop', 'devicePause'];
    expect(covered.toSorted()).toEqual(PIECES.toSorted());
    expect(whole!.covers).toEqual(PIECES);
    assert(
      property(drawn, ({ move, pauseNs }) => {
        const [all, ...clocks] = clocksOf({ ...move, vmm: 'cloud-hypervisor' });
        const sum = clocks.reduce((ns, clock) => ns + clock.ns, move.partsNs.vcpuStop + move.devicePauseNs);
        expect(Math.abs(all!.ns - pauseNs - move.partsNs.latency)).toBeLessThan(SLACK_NS);
        expect(Math.abs(all!.ns - sum)).toBeLessThan(SLACK_NS);
      }),
      RUNS,
    );
  });

  test('what is printed is cut off, never rounded up', () => {
    assert(
      property(drawn, ({ move }) => {
        for (const { id, ns, prints } of clocksOf(move)) {
          if (id === 'kubevirtTotal' || id === 'cloudHypervisorDowntime') continue;
          const [first] = /\d+/.exec(prints)!;
          expect(Number(first)).toBe(Math.floor(ns / NS_PER_MS));
        }
      }),
      RUNS,
    );
    expect.hasAssertions();
  });
});

test('a device that pauses longer than all of its stop is an error of the program', () => {
  const move = writtenOut('qemu', false);
  expect(() => clocksOf({ ...move, devicePauseNs: move.partsNs.deviceStop + 1 })).toThrow(/CLOCK_DEVICE_PAUSE/);
});

test('every row has a source, and a name of its own', () => {
  const rows = Object.values(CLOCKS).flat();
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  for (const { source } of rows) expect(SOURCES[source].date).toMatch(/^\d{4}-\d\d-\d\d$/);
});
