/**
 * Nothing protects the PF's window to the function tables (docs/device.md 5, 13 and R21): VFs that look up their entries
 * at once get each other's. Whether they do depends on nothing but when each begins.
 */
import { describe, expect, test } from 'vitest';

import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { type CostValues, pointCosts } from '../../../sim/device/costs.ts';
import { Contention, type ContentionFinding, type ContentionReport } from '../../../sim/world/contention.ts';
import { callAll, type VfCall } from '../../../sim/world/vf-calls.ts';
import type { MoveOutcome } from '../../../sim/move/move.ts';
import { effort } from '../../effort.ts';
import { DRIVERS, Rig, type RigOptions } from './rig.ts';

/** Two VFs that differ in number of queue pairs, so that a wrong entry shows at the destination. */
const UNLIKE: RigOptions = { vms: 2, queuePairsEach: [4, 6], load: 'idle' };

const { mmioReadNs, mmioWriteNs, vftAccessNs, usleepActualNs } = pointCosts();

/** When a driver does what, from its first read on, where no other is in its way. */
const READ = {
  writesNotReady: mmioReadNs + 3 * mmioWriteNs,
  launchEnds: mmioReadNs + 4 * mmioWriteNs + vftAccessNs,
  seesReady: 2 * mmioReadNs + 5 * mmioWriteNs + usleepActualNs,
};

/** Two VFs enter PRE_COPY, the second so much after the first. */
function preCopy(options: RigOptions, afterNs: number): ContentionReport {
  const rig = new Rig(options);
  const contention = new Contention(rig.hosts[0]);
  const outcomes = callAll(
    rig.world,
    rig.vms.map((vm, index) => ({
      slot: vm.slot,
      afterNs: index * afterNs,
      body: ({ vfio }) => vfio.setState(MIG_STATE.PRE_COPY),
    })),
  );
  expect(outcomes.map(({ ret }) => ret)).toEqual([0, 0]);
  return contention.report;
}

interface Moves {
  readonly rig: Rig;
  readonly outcomes: readonly MoveOutcome[];
  readonly findings: readonly ContentionFinding[];
}

/** Two VMs move, the second so much after the first. */
function moves(options: RigOptions, afterNs: number): Moves {
  const rig = new Rig(options);
  const contention = new Contention(rig.hosts[0]);
  const outcomes = rig.moveAll(afterNs);
  return { rig, outcomes, findings: contention.report.findings };
}

/** Stops that take the mailbox for a short time only do not space out what follows them. */
function quickPause(): CostValues {
  return { ...pointCosts(), pauseBaseNs: 2_000 };
}

function kinds(findings: readonly ContentionFinding[]): string[] {
  return findings.map((finding) => `${finding.kind} ${finding.fn}`);
}

describe.each(DRIVERS)('$generation on hardware $hardware: two VFs that enter PRE_COPY', (driver) => {
  const options = { ...UNLIKE, ...driver };

  test('are in each other’s way at just those offsets that the order of accesses says', () => {
    let struck = 0;
    for (let afterNs = 0; afterNs <= 16_000; afterNs += effort(200, 100, 40)) {
      const { findings } = preCopy(options, afterNs);
      // The second one finds the window ready before the first has said otherwise, or when the first has its answer
      // but has not read it; and says otherwise before the first does read it.
      const collides =
        afterNs < READ.writesNotReady || (afterNs >= READ.launchEnds && afterNs + READ.writesNotReady < READ.seesReady);
      expect([afterNs, kinds(findings)]).toEqual([afterNs, collides ? ['readyForAnother 1', 'foreignEntry 1'] : []]);
      if (collides) struck += 1;
    }
    // 22 offsets from 0 on, 197 from 2960 on: half of the time that one access takes. Of each 100 or 200 ns, 0 to 800 and 3000 to 10800.
    expect(struck).toBe(effort(5 + 40, 9 + 79, 22 + 197));
  });

  test('leave the first one with the entry of the second', () => {
    const { findings, vftWindow } = preCopy(options, 5_000);
    expect(findings).toMatchObject([
      { kind: 'readyForAnother', fn: 1, of: 2 },
      { kind: 'foreignEntry', fn: 1, of: 2, wrongCount: true },
    ]);
    expect(vftWindow).toMatchObject({ uses: 2, mostAtOnce: 2 });
    expect(vftWindow.heldNs).toBeGreaterThan(vftWindow.busyNs);
  });

  test('at the same time: the one listed first is first, and so the one that is wronged', () => {
    for (const listed of [
      [1, 2],
      [2, 1],
    ] as const) {
      const rig = new Rig(options);
      const contention = new Contention(rig.hosts[0]);
      const body: VfCall['body'] = ({ vfio }) => vfio.setState(MIG_STATE.PRE_COPY);
      callAll(
        rig.world,
        listed.map((fn) => ({ slot: rig.hosts[0].slot(fn), body })),
      );
      const [first, second] = listed;
      expect(contention.report.findings.at(-1)).toMatchObject({ kind: 'foreignEntry', fn: first, of: second });
    }
  });

  test('wait for one another where the window says that it is not ready', () => {
    const { findings, vftWindow } = preCopy(options, 2_900);
    expect(findings).toEqual([]);
    expect(vftWindow).toMatchObject({ uses: 2, mostAtOnce: 1, longestQueue: 1 });
    expect(vftWindow.waitNs).toBe(2 * mmioReadNs + usleepActualNs);
  });

  test('see it ready too early, and read half an entry, where the device answers within the polls of both', () => {
    const costs = { ...pointCosts(), vftAccessNs: 800 };
    // The first one's answer comes between the second one's "not ready" and its launch.
    const { findings } = preCopy({ ...options, costs }, 830);
    expect(findings.filter(({ fn }) => fn === 2)).toMatchObject([
      { kind: 'readyForAnother', of: 1 },
      { kind: 'foreignEntry', of: null, wrongCount: false },
    ]);
  });
});

describe.each(DRIVERS)('$generation on hardware $hardware: two VMs that move', (driver) => {
  const unlike = { ...UNLIKE, ...driver, costs: quickPause() };

  test('with unlike VFs: the destination refuses the image with the foreign entry, and its guest resumes', () => {
    const { rig, outcomes, findings } = moves(unlike, 5_000);
    expect(kinds(findings)).toEqual(['readyForAnother 1', 'foreignEntry 1']);
    expect(outcomes).toMatchObject([
      { kind: 'failed', at: 'destination write', errno: 'EFAULT', vfs: ['served'] },
      { kind: 'moved' },
    ]);
    rig.pass(1);
    expect(rig.finish()).toMatchObject([
      { ok: true, outstanding: 0 },
      { ok: true, outstanding: 0 },
    ]);
    expect(rig.move(rig.vms[0])).toMatchObject({ kind: 'moved' });
  });

  test('with like VFs: nobody notices, as the base is never compared', () => {
    const { outcomes, findings } = moves({ ...unlike, queuePairsEach: [4, 4] }, 5_000);
    expect(findings).toMatchObject([{ kind: 'readyForAnother' }, { kind: 'foreignEntry', wrongCount: false }]);
    expect(outcomes).toMatchObject([{ kind: 'moved' }, { kind: 'moved' }]);
  });

  test('fail at 45 of 101 offsets within 20 us, and always by the race', () => {
    let failed = 0;
    for (let afterNs = 0; afterNs <= 20_000; afterNs += 200) {
      const { outcomes, findings } = moves(unlike, afterNs);
      const fails = outcomes.filter(({ kind }) => kind === 'failed').length;
      expect(fails).toBe(findings.filter(({ kind }) => kind === 'foreignEntry').length);
      failed += fails;
    }
    expect(failed).toBe(45);
  });

  test('one after another do not meet', () => {
    const { outcomes, findings } = moves(unlike, 10e6);
    expect(findings).toEqual([]);
    expect(outcomes).toMatchObject([{ kind: 'moved' }, { kind: 'moved' }]);
  });

  test('are kept apart by a PAUSE_QM of 20 us, for which they have to queue', () => {
    for (let afterNs = 0; afterNs <= 20_000; afterNs += 1_000) {
      expect(moves({ ...UNLIKE, ...driver }, afterNs).findings).toEqual([]);
    }
  });
});

test('among 63 VFs at once some get a foreign entry in spite of the queue for the mailbox', () => {
  const rig = new Rig({ generation: 'upstream-2026', vms: 63, queuePairs: 15, load: 'idle' });
  const contention = new Contention(rig.hosts[0]);
  for (const outcome of rig.moveAll()) expect(outcome).toMatchObject({ kind: 'moved' });
  expect(kinds(contention.report.findings)).toContainEqual(expect.stringMatching(/^foreignEntry/));
});
