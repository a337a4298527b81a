/**
 * Several VFs of one PF move at once, and something goes wrong: for all of them, or for one in the midst of the others.
 */
import { describe, expect, test } from 'vitest';

import { EMFILE } from '../../../sim/abi/errno.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { QM_RAS } from '../../../sim/abi/ras.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import { Contention, type ContentionReport } from '../../../sim/world/contention.ts';
import type { MoveOutcome } from '../../../sim/move/move.ts';
import { Rig, type RigOptions } from './rig.ts';

const LINUX = 'linux-6.12.117';
const UPSTREAM = 'upstream-2026';
const VMS = 5;
const ALL_DONE = { ok: true, lostTasks: 0, outstanding: 0 };

interface Run {
  readonly rig: Rig;
  readonly outcomes: readonly MoveOutcome[];
  readonly lastedNs: number;
  readonly report: ContentionReport;
}

/** Saturated VMs move at once, after something was done to their source or destination. */
function run(generation: GenerationId, spoil: (rig: Rig) => void, options: RigOptions = {}): Run {
  const rig = new Rig({ generation, vms: VMS, load: 'saturated', ...options });
  rig.pass(1);
  const contention = new Contention(rig.hosts[0]);
  const beganNs = rig.nowNs;
  spoil(rig);
  const outcomes = rig.moveAll();
  return { rig, outcomes, lastedNs: rig.nowNs - beganNs, report: contention.report };
}

function kinds(outcomes: readonly MoveOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.kind === 'moved' ? 'moved' : `${outcome.errno} ${outcome.vfs.join()}`));
}

/** All guests' tasks are done, wherever they are. */
function expectAllDone({ rig }: Run): void {
  rig.pass(30);
  for (const report of rig.finish()) expect(report).toMatchObject(ALL_DONE);
}

function same<T>(value: T): T[] {
  return Array.from({ length: VMS }, () => value);
}

describe.each([LINUX, UPSTREAM] as const)('%s', (generation) => {
  test('an error of the PF holds every stopping VF, all at once, and fails it', () => {
    const { outcomes, rig } = run(generation, ({ hosts }) => hosts[0].accelerator.faults.rasStatus(QM_RAS.ecc_1bit));
    expect(kinds(outcomes)).toEqual(same('EBUSY paused'));
    // Ten milliseconds of polls for the stop and for the try to resume; five VFs in the time of one.
    const looksNs = 100 * (100_000 + rig.costs.mmioReadNs);
    for (const { pauseNs } of outcomes) {
      expect(pauseNs).toBeGreaterThan(2 * looksNs);
      expect(pauseNs).toBeLessThan(2 * looksNs + 3e6);
    }
  });

  test('an error of the PF that passes lets every guest resume at the source, and move the next time', () => {
    const all = run(generation, (rig) => rig.hosts[0].accelerator.faults.rasStatus(QM_RAS.ecc_1bit, rig.nowNs + 14e6));
    expect(kinds(all.outcomes)).toEqual(same('EBUSY served'));
    expectAllDone(all);
    expect(kinds(all.rig.moveAll())).toEqual(same('moved'));
  });

  test('an error of the PF that passes within the polls only makes all of them wait', () => {
    const all = run(generation, (rig) => rig.hosts[0].accelerator.faults.rasStatus(QM_RAS.ecc_1bit, rig.nowNs + 5e6));
    expect(kinds(all.outcomes)).toEqual(same('moved'));
    for (const { pauseNs } of all.outcomes) expect(pauseNs).toBeGreaterThan(5e6);
    expectAllDone(all);
  });

  test('a destination that refuses one image, and a kernel without files for another, do not disturb the others', () => {
    let files = 0;
    const kernel = {
      allocate: () => true,
      mapBar: () => true,
      // Five destinations make theirs; the second source cannot.
      createFile: () => ((files += 1) === VMS + 2 ? EMFILE : 0),
    };
    const refuse = ({ hosts }: Rig): void =>
      hosts[1].accelerator.faults.mailbox(4, QM_MB_CMD.SQC_BT, { status: 1, times: 1 });
    const some = run(generation, refuse, { kernel });
    expect(kinds(some.outcomes)).toEqual(['moved', 'EMFILE served', 'moved', 'EIO served', 'moved']);
    // A repeated call did not ask the kernel again: a file each, and one more for the guest that resumed.
    expect(files).toBe(2 * VMS + 1);
    expectAllDone(some);
  });

  test('a mailbox that one VF takes for good is lost to those that had not yet used it', () => {
    const hang = { busy: 'forever', holdsOthers: true } as const;
    const { outcomes } = run(generation, ({ hosts }) =>
      hosts[0].accelerator.faults.mailbox(3, QM_MB_CMD.PAUSE_QM, hang),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'failed', at: 'source STOP_COPY' });
    // The first two had paused, and their saves failed: their guests resume, as their drivers were found ready.
    // The last two never got a PAUSE_QM through, and run on.
    expect(outcomes.flatMap(({ vfs }) => vfs)).toEqual(['served', 'served', 'paused', 'served', 'served']);
  });
});

test('destinations that were given up are reset one by one by the new driver, at once by the old one', () => {
  const lastedMs = [LINUX, UPSTREAM].map((generation) => {
    const { outcomes, lastedNs } = run(generation as GenerationId, ({ hosts }) => {
      hosts[0].accelerator.faults.rasStatus(QM_RAS.ecc_1bit);
    });
    expect(outcomes.every(({ kind }) => kind === 'failed')).toBe(true);
    return lastedNs / 1e6;
  });
  expect(lastedMs[0]).toBeLessThan(150);
  expect(lastedMs[1]).toBeGreaterThan(VMS * 100);
});

describe('one PAUSE_QM that takes 1 ms keeps the shared mailbox from the others', () => {
  const slow = ({ hosts }: Rig): void =>
    hosts[0].accelerator.faults.mailbox(1, QM_MB_CMD.PAUSE_QM, { busy: 985_000, times: 1 });

  test('which the old driver’s limit of 1 ms is not made for: commands of sound VFs come too late', () => {
    const late = run(LINUX, slow);
    const found = late.report.findings.filter(({ kind }) => kind === 'lateCommand');
    expect(found.length).toBeGreaterThan(0);
    for (const finding of found) expect(finding.fn).not.toBe(1);
    expect(late.report.mailbox.longestQueue).toBe(VMS - 1);
    expectAllDone(late);
  });

  test('which the new driver waits for', () => {
    const late = run(UPSTREAM, slow);
    expect(kinds(late.outcomes)).toEqual(same('moved'));
    expect(late.report.findings.filter(({ kind }) => kind === 'lateCommand')).toEqual([]);
    expectAllDone(late);
  });
});

describe('eight VFs whose tasks take 0.7 ms pause one after another, each until its tasks have ended', () => {
  const options = { vms: 8, engine: { servers: 2, serviceNs: 700_000 } };

  test('the old driver gives up on some, and leaves guests that nobody resumes', () => {
    const { outcomes, report } = run(LINUX, () => {}, options);
    expect(kinds(outcomes)).toContain('ETIMEDOUT paused');
    expect(report.findings.map(({ kind }) => kind)).toContain('lateCommand');
  });

  test('the new driver moves all', () => {
    const all = run(UPSTREAM, () => {}, options);
    expect(all.outcomes.every(({ kind }) => kind === 'moved')).toBe(true);
    expectAllDone(all);
  });
});
