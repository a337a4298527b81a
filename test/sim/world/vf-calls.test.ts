/**
 * Opens and resets of several VFs at once, and of the PF among them: one by one where the driver respects the PF's
 * "resetting" mark, all at once where it does not.
 */
import { describe, expect, test } from 'vitest';

import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { RESET_WAIT_MS } from '../../../sim/driver/generation.ts';
import { Contention } from '../../../sim/world/contention.ts';
import { runFibers } from '../../../sim/world/fiber.ts';
import { callAll, openAll, resetAll, resetPf, vfCall, type VfCallOutcome } from '../../../sim/world/vf-calls.ts';
import type { MoveOutcome } from '../../../sim/move/move.ts';
import { Rig, type RigOptions } from './rig.ts';

const VFS = 6;
const WAIT_NS = RESET_WAIT_MS * 1e6;

interface Opened {
  readonly rig: Rig;
  readonly contention: Contention;
  readonly lastedNs: readonly number[];
}

function opened(options: RigOptions, call: typeof openAll): Opened {
  const rig = new Rig({ vms: VFS, booted: false, ...options });
  const contention = new Contention(rig.hosts[0]);
  const outcomes = call(rig.world, rig.hosts[0].slots);
  expect(outcomes.map(({ ret }) => ret)).toEqual(outcomes.map(() => 0));
  return { rig, contention, lastedNs: outcomes.map(({ beganNs, endedNs }) => endedNs - beganNs) };
}

describe.each([openAll, resetAll])('%o of six VFs at once', (call) => {
  test('upstream-2026: go one by one, as long as six of them, and the first to poll is next', () => {
    const { rig, contention, lastedNs } = opened({ generation: 'upstream-2026' }, call);
    const { flrNs } = rig.costs;
    lastedNs.forEach((ns, i) => {
      expect(ns).toBeGreaterThanOrEqual((i + 1) * flrNs);
      expect(ns).toBeLessThan((i + 1) * (flrNs + 2 * WAIT_NS));
    });
    const { resets, findings } = contention.report;
    expect(findings).toEqual([]);
    expect(resets).toMatchObject({ uses: VFS, mostAtOnce: 1, busyNs: VFS * flrNs, longestQueue: VFS - 1 });
    expect(resets.waitNs).toBeGreaterThanOrEqual(((VFS * (VFS - 1)) / 2) * flrNs);
    expect(rig.hosts[0].pf.resetting).toBe(false);
  });

  test('linux-6.12.117: all go at once, in the time of one', () => {
    const { rig, contention, lastedNs } = opened({ generation: 'linux-6.12.117' }, call);
    const { flrNs } = rig.costs;
    for (const ns of lastedNs) expect(ns).toBeLessThan(flrNs + WAIT_NS);
    const { resets, findings } = contention.report;
    expect(resets).toMatchObject({ uses: VFS, mostAtOnce: VFS, busyNs: flrNs, heldNs: VFS * flrNs, waitNs: 0 });
    expect(findings.map(({ kind }) => kind)).toEqual(Array.from({ length: VFS - 1 }, () => 'resetsOverlap'));
  });
});

test('one that begins later waits from then on', () => {
  const rig = new Rig({ generation: 'upstream-2026', vms: 2, booted: false });
  const { flrNs } = rig.costs;
  const calls = rig.hosts[0].slots.map((slot, index) => ({
    slot,
    afterNs: (index * flrNs) / 2,
    body: ({ vfio }: typeof slot) => vfio.open(),
  }));
  const [first, second] = callAll(rig.world, calls);
  expect(second!.beganNs - first!.beganNs).toBe(flrNs / 2);
  expect(second!.endedNs - second!.beganNs).toBeGreaterThan(1.5 * flrNs);
  expect(second!.endedNs - second!.beganNs).toBeLessThan(1.5 * flrNs + 2 * WAIT_NS);
});

describe('a reset of the PF', () => {
  /** A VF is opened while the PF is being reset. */
  function openedDuring(generation: 'linux-6.12.117' | 'upstream-2026'): [Rig, Contention, readonly VfCallOutcome[]] {
    const rig = new Rig({ generation, booted: false });
    const [host] = rig.hosts;
    const contention = new Contention(host);
    const open = vfCall({ slot: host.slot(1), afterNs: 1e6, body: ({ vfio }) => vfio.open() });
    return [rig, contention, runFibers(rig.world, [resetPf(host), open])];
  }

  test('makes the new driver’s VFs wait', () => {
    const [rig, contention, [reset, open]] = openedDuring('upstream-2026');
    expect(open!.endedNs).toBeGreaterThan(reset!.endedNs + rig.costs.flrNs);
    expect(contention.report.findings).toEqual([]);
  });

  test('is raced by the old driver’s VFs', () => {
    const [, contention, [reset, open]] = openedDuring('linux-6.12.117');
    expect(open!.beganNs).toBeLessThan(reset!.endedNs);
    expect(contention.report.findings).toMatchObject([{ kind: 'resetsOverlap', fn: 1, of: 0 }]);
  });

  test('waits for a VF’s reset, where that holds the mark', () => {
    const rig = new Rig({ generation: 'upstream-2026', booted: false });
    const [host] = rig.hosts;
    const open = vfCall({ slot: host.slot(1), body: ({ vfio }) => vfio.open() });
    const [opening, reset] = runFibers(rig.world, [open, resetPf(host, 1e6)]);
    expect(reset!.endedNs).toBeGreaterThan(opening!.endedNs + rig.costs.flrNs);
    expect(host.pf.resetting).toBe(false);
  });

  /** When the PF is reset while the first of two sources stops, and what that source says. */
  const STRIKES = [
    // The guest's rings are gone: its doorbells and those of its neighbours raise errors of the whole PF.
    { generation: 'linux-6.12.117', load: 'saturated', atNs: 10_000, at: 'source STOP_COPY', errno: 'EBUSY' },
    { generation: 'upstream-2026', load: 'saturated', atNs: 10_000, at: 'source STOP_COPY', errno: 'EIO' },
    // The write-back that was under way never ends.
    { generation: 'linux-6.12.117', load: 'idle', atNs: 1_072_000, at: 'source STOP_COPY', errno: 'EINVAL' },
    { generation: 'upstream-2026', load: 'idle', atNs: 1_092_000, at: 'source STOP_COPY', errno: 'ETIMEDOUT' },
    // The answer in the window to the function tables becomes zero, which reads as one queue.
    { generation: 'linux-6.12.117', load: 'idle', atNs: 1_085_000, at: 'destination write', errno: 'EFAULT' },
    { generation: 'upstream-2026', load: 'idle', atNs: 1_105_000, at: 'destination write', errno: 'EFAULT' },
  ] as const;

  test.each(STRIKES)('$atNs ns into two moves with $generation, $load: $errno', (strike) => {
    const { generation, load, atNs, at, errno } = strike;
    const rig = new Rig({ generation, vms: 2, load });
    rig.pass(0.2);
    const moves = rig.vms.map((vm) => rig.moveOf(vm).start);
    const [first] = runFibers<MoveOutcome | VfCallOutcome>(rig.world, [...moves, resetPf(rig.hosts[0], atNs)]);
    expect(first).toMatchObject({ kind: 'failed', at, errno });
    expect(rig.hosts[0].pf.resetting).toBe(false);
  });
});

test('a second call on a VF that is in one is our mistake: its driver’s mutex is not modelled', () => {
  const rig = new Rig({ vms: 1 });
  const call = {
    slot: rig.hosts[0].slot(1),
    body: ({ vfio }: Rig['hosts'][0]['slots'][0]) => vfio.setState(MIG_STATE.STOP),
  };
  expect(() => callAll(rig.world, [call, call])).toThrow('VF_IN_A_CALL');
});
