/**
 * Moves under policies: against the model of a whole move, and what must hold of any.
 */
import { describe, expect, test } from 'vitest';

import { effort } from '../../effort.ts';
import { Random } from '../../../sim/base/random.ts';
import { GIB, NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import type { Guest } from '../../../sim/converge/guest.ts';
import { MOVE_END, type MoveColumns } from '../../../sim/converge/play.ts';
import { POLICY_NAMES, type PolicyName } from '../../../sim/converge/policies.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { MANAGERS, type ManagerName, timeoutFor } from '../../../sim/memory/manager.ts';
import type { ConvergenceInput } from '../../../sim/memory/precopy.ts';
import { streamRates } from '../../../sim/memory/stream.ts';
import { moveVm, type VmMoveInput } from '../../../sim/memory/vm-move.ts';
import { VMMS } from '../../../sim/memory/vmms.ts';
import { novaSteps } from '../../../sim/scenario/document.ts';
import { named, P, played, STREAM, writing } from './rig.ts';

/** What the stream carries, in bytes per second. */
const CARRIED = streamRates(wholeMove('user', 8, 1, 0).stream, P).memoryBytesPerSecond;

/** The same guest as the model of a whole move takes it. */
function wholeMove(manager: ManagerName, memoryGib: number, setShare: number, bytesPerSecond: number): VmMoveInput {
  const vmm = manager === 'vmm' ? 'cloud-hypervisor' : 'qemu';
  const bytes = memoryGib * GIB;
  const { vcpuStopNs, vcpuStartNs } = pointCosts();
  const { defaults, sets } = MANAGERS[manager];
  const convergence: ConvergenceInput = {
    vmm,
    manager,
    downtimeLimitNs: sets.downtimeLimitNs,
    limitSteps: sets.novaSteps ? novaSteps(bytes) : [],
    autoConverge: sets.autoConverge,
    timeoutNs: Math.min(timeoutFor(manager, defaults.timeoutNsPerUnit, bytes), VMMS[vmm].timeoutNs),
    progressTimeoutNs: defaults.progressTimeoutNs,
    roundsMax: Infinity,
    whenOut: 'cancel',
    hasVfio: false,
    windowPhase: 0.5,
  };
  return {
    vcpus: 8,
    memory: {
      bytes,
      nonZeroShare: 1,
      pageBytes: 4096,
      dirty: { kind: 'uniform', pagesPerSecond: bytesPerSecond / 4096, workingSetBytes: bytes * setShare },
      layout: 'data',
    },
    stream: {
      ...STREAM,
      vmm,
      lineShare: 1,
      multifd: vmm === 'qemu',
      compression: null,
      compressionRatio: null,
      fill: 'mixed',
      engines: 1,
      zeroCheck: 'channels',
      preallocated: true,
    },
    convergence,
    devices: [],
    parallelDevices: false,
    switchoverAck: false,
    returnPath: true,
    vcpuStopNs,
    vcpuStartNs,
    busyVcpus: true,
  };
}

describe('a policy of a manager gives what the model of a whole move gives', () => {
  test.each<[PolicyName, ManagerName]>([
    ['qemu', 'user'],
    ['cloud-hypervisor', 'vmm'],
    ['nova', 'nova'],
    ['kubevirt', 'kubevirt'],
    ['proxmox', 'proxmox'],
  ])('%s', (policy, manager) => {
    const random = new Random(20261130, 9);
    for (let i = 0; i < effort(40, 200, 2000); i++) {
      const memoryGib = 1 + 40 * random.uniform();
      const share = random.uniform() ** 2;
      const bytesPerSecond = CARRIED * 4 * random.uniform() ** 2;
      const whole = moveVm(wholeMove(manager, memoryGib, share, bytesPerSecond), P);
      const alone = played([writing(memoryGib, share, bytesPerSecond)], named(policy), {}, Infinity);
      const end = {
        moved: MOVE_END.moved,
        forced: MOVE_END.forced,
        cancelled: MOVE_END.cancelled,
        endless: MOVE_END.endless,
      };
      expect({ i, end: alone.end[0] }).toEqual({ i, end: end[whole.end] });
      if (whole.end === 'endless') continue;
      expect(alone.totalNs[0]! / whole.totalNs).toBeCloseTo(1, 9);
      expect(alone.sentBytes[0]! / whole.memoryBytes).toBeCloseTo(1, 9);
      expect((alone.pauseNs[0] ?? 0) || 0).toBeCloseTo(whole.pauseNs, -1);
    }
  });
});

/** Guests of all sorts, whose writing does not depend on the link. */
function guests(count: number, stream: number): readonly Guest[] {
  const random = new Random(20261130, stream);
  return Array.from({ length: count }, () =>
    writing(1 + 63 * random.uniform() ** 2, random.uniform() ** 2, CARRIED * 3 * random.uniform() ** 2, {
      windowPhase: random.uniform(),
      vcpus: 8,
      writers: 1 + Math.floor(8 * random.uniform()),
    }),
  );
}

function failures({ end }: MoveColumns): number {
  return end.reduce((sum, each) => sum + (hasMoved(each) ? 0 : 1), 0);
}

function hasMoved(code: number): boolean {
  return code !== MOVE_END.cancelled && code !== MOVE_END.endless;
}

function median(values: Float64Array): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted();
  return sorted[Math.floor(sorted.length / 2)]!;
}

const MANY = effort(150, 400, 4000);

test.each<PolicyName>(['qemu', 'qemu-auto-converge', 'qemu-dirty-limit', 'cloud-hypervisor', 'kubevirt', 'libvirt'])(
  'under %s a higher downtime limit never has more failures',
  (name) => {
    const all = guests(MANY, 2);
    const limits = [50, 150, 300, 600, 1200, 5000].map((ms) => ms * NS_PER_MS);
    const failed = limits.map((downtimeLimitNs) => failures(played(all, named(name, { downtimeLimitNs }))));
    expect(failed).toEqual(failed.toSorted((a, b) => b - a));
  },
);

test('under qemu the same guests take no longer on a faster link, at the median', () => {
  const all = guests(MANY, 3);
  const gigabits = [5, 10, 25, 40, 100];
  const times = gigabits.map((gigabitsPerSecond) => {
    const { totalNs } = played(all, named('qemu'), { gigabitsPerSecond });
    // One that never ends takes longer than all others.
    return median(totalNs.map((each) => (Number.isNaN(each) ? Infinity : each)));
  });
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

test('bytes are conserved: what is sent is memory, and what was dirtied and sent again', () => {
  const all = guests(MANY, 4);
  for (const name of POLICY_NAMES) {
    const { end, sentBytes } = played(all, named(name));
    for (const [i, { usedBytes }] of all.entries()) {
      const isMoved = hasMoved(end[i]!);
      expect({ name, i, all: !isMoved || sentBytes[i]! >= usedBytes * (1 - 1e-9) }).toEqual({ name, i, all: true });
    }
  }
});

test('figures that did not happen are none', () => {
  const all = guests(MANY, 5);
  for (const name of POLICY_NAMES) {
    const { end, pauseNs, totalNs, lostNs, writerLostNs } = played(all, named(name));
    for (const [i, code] of end.entries()) {
      const isMoved = hasMoved(code);
      expect(Number.isNaN(pauseNs[i]!)).toBe(!isMoved);
      expect(Number.isNaN(totalNs[i]!)).toBe(code === MOVE_END.endless);
      expect(writerLostNs[i]!).toBeGreaterThanOrEqual(lostNs[i]! * (1 - 1e-9));
    }
  }
});

describe('who is slowed', () => {
  // A quarter of 32 GiB at four times what the stream carries: nothing fits into 300 ms until it is slowed.
  const guest = writing(32, 1 / 4, 4 * CARRIED);

  test('without throttling it never moves; with either it does', () => {
    const ends = (['qemu', 'qemu-auto-converge', 'qemu-dirty-limit'] as const).map(
      (name) => played([guest], named(name)).end[0],
    );
    expect(ends).toEqual([MOVE_END.endless, MOVE_END.moved, MOVE_END.moved]);
  });

  test('auto-converge slows readers as much as writers, but for write protection; the dirty limit writers only', () => {
    const auto = played([guest], named('qemu-auto-converge'));
    const limit = played([guest], named('qemu-dirty-limit'));
    expect(auto.readerLostNs[0]!).toBeGreaterThan(0.3 * NS_PER_S);
    expect(auto.writerLostNs[0]!).toBeGreaterThan(auto.readerLostNs[0]!);
    expect(limit.readerLostNs[0]).toBe(0);
    expect(limit.writerLostNs[0]!).toBeGreaterThan(0);
  });

  test('the dirty limit is sooner done: it needs one period, not a step for every two syncs', () => {
    const auto = played([guest], named('qemu-auto-converge'));
    const limit = played([guest], named('qemu-dirty-limit'));
    expect(limit.totalNs[0]!).toBeLessThan(auto.totalNs[0]!);
  });

  test('a quota that writers keep to slows nobody', () => {
    const slow = writing(32, 1 / 32, 0.2 * CARRIED);
    const { readerLostNs, writerLostNs } = played([slow], named('qemu-dirty-limit', { quotaMib: 100_000 }));
    expect(readerLostNs[0]).toBe(0);
    expect(writerLostNs[0]!).toBeLessThan(0.02 * NS_PER_S * 32);
  });

  test('of a guest whose vCPUs all write there are no readers', () => {
    const { readerLostNs } = played([{ ...guest, writers: 8 }], named('qemu-auto-converge'));
    expect(readerLostNs[0]).toBeNaN();
  });
});

describe('published effects, by their sign', () => {
  // VEP 248: what remains at the ends of iterations no longer falls, and fits into 900 ms but not into 300.
  const stalls = Array.from({ length: 40 }, (_, i) =>
    writing(16, (0.35 + 0.012 * i) * (CARRIED / (16 * GIB)), 6 * CARRIED),
  );

  test('stall detection and downtime tuning move guests that KubeVirt without gates gives up', () => {
    const none = failures(played(stalls, named('kubevirt')));
    expect(none).toBe(stalls.length);
    expect(failures(played(stalls, named('kubevirt-stall-detection')))).toBe(0);
    expect(failures(played(stalls, named('kubevirt-downtime-tuning')))).toBeLessThan(none / 2);
  });

  test('both do so with longer pauses, of 900 ms at most and what is not memory', () => {
    for (const name of ['kubevirt-stall-detection', 'kubevirt-downtime-tuning'] as const) {
      const { pauseNs } = played(stalls, named(name));
      const known = pauseNs.filter((each) => !Number.isNaN(each));
      expect(Math.min(...known)).toBeGreaterThan(300 * NS_PER_MS);
      expect(Math.max(...known)).toBeLessThan(960 * NS_PER_MS);
    }
  });

  test('a pause under Nova is shorter than under QEMU alone, since its limit begins at 50 ms', () => {
    const calm = Array.from({ length: 40 }, (_, i) => writing(8, 0.5, 0.01 * i * CARRIED));
    const pause = (name: PolicyName): number => median(played(calm, named(name)).pauseNs);
    expect(pause('nova')).toBeLessThan(pause('qemu') / 2);
  });

  test('Proxmox VE lets no guest move without end: its limit doubles', () => {
    expect(failures(played(guests(MANY, 6), named('proxmox')))).toBe(0);
  });
});
