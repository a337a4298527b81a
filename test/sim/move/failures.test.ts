/**
 * Migrations that fail: which call says so, with which error, and what becomes of the guest. docs/device.md 11 and 14.
 */
import { describe, expect, test } from 'vitest';

import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { QM_RAS } from '../../../sim/abi/ras.ts';
import { VF_DATA } from '../../../sim/abi/vf-data.ts';
import type { Accelerator } from '../../../sim/device/accelerator.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import type { CheckReport } from '../../../sim/workload/checker.ts';
import { completedBy, Rig, type RigOptions } from '../world/rig.ts';
import { effort } from '../../effort.ts';

const LINUX = 'linux-6.12.117';
const UPSTREAM = 'upstream-2026';
const GENERATIONS = [LINUX, UPSTREAM] as const satisfies readonly GenerationId[];
type BothId = (typeof GENERATIONS)[number];
const TRIED: readonly BothId[] = effort<readonly BothId[]>([UPSTREAM], GENERATIONS);
const FN = 1;

/** Nothing lost, nothing out of order, everything done. */
const ALL_DONE = { ok: true, lostTasks: 0, outstanding: 0 };

interface Fault {
  readonly name: string;
  readonly errno: Readonly<Record<BothId, string>>;
  readonly set: (device: Accelerator, nowNs: number) => void;
}

function both(errno: string): Readonly<Record<BothId, string>> {
  return { [LINUX]: errno, [UPSTREAM]: errno };
}

/** Longer than the stop with all its polls, shorter than the stop and a second one. */
const STUCK_NS = 15e6;

/** The device gets over these by itself, so that the second try of a VM that resumes at the source succeeds. */
const PASSING: readonly Fault[] = [
  {
    name: 'a refused PAUSE_QM',
    errno: both('EIO'),
    set: ({ faults }) => faults.mailbox(FN, QM_MB_CMD.PAUSE_QM, { status: 1, times: 1 }),
  },
  {
    name: 'a RAS error',
    errno: both('EBUSY'),
    set: ({ faults }, nowNs) => faults.rasStatus(QM_RAS.ecc_1bit, nowNs + STUCK_NS),
  },
  {
    name: 'a message that the guest does not acknowledge',
    errno: both('EBUSY'),
    set: ({ faults }, nowNs) => faults.ifcStatus(FN, 1, nowNs + STUCK_NS),
  },
  {
    name: 'a message that the PF does not acknowledge',
    errno: both('EBUSY'),
    set: ({ faults }, nowNs) => faults.ifcSet(FN, 1, nowNs + STUCK_NS),
  },
  {
    name: 'an error of the accelerator core',
    errno: both('EBUSY'),
    set: ({ faults }, nowNs) => faults.coreStatus(1, nowNs + STUCK_NS),
  },
  {
    name: 'a failing query of SQC_BT',
    errno: { [LINUX]: 'EINVAL', [UPSTREAM]: 'EIO' },
    set: ({ faults }) => faults.mailbox(FN, QM_MB_CMD.SQC_BT, { status: 1, times: 1 }),
  },
  {
    name: 'a failing query of CQC_BT',
    errno: { [LINUX]: 'EINVAL', [UPSTREAM]: 'EIO' },
    set: ({ faults }) => faults.mailbox(FN, QM_MB_CMD.CQC_BT, { status: 1, times: 1 }),
  },
];

/** These stay. */
const LASTING: readonly Fault[] = [
  {
    name: 'a PAUSE_QM that never completes',
    errno: both('ETIMEDOUT'),
    set: ({ faults }) => faults.mailbox(FN, QM_MB_CMD.PAUSE_QM, { busy: 'forever' }),
  },
  {
    name: 'a RAS error',
    errno: both('EBUSY'),
    set: ({ faults }) => faults.rasStatus(QM_RAS.ecc_1bit),
  },
  {
    name: 'a message that the guest does not acknowledge',
    errno: both('EBUSY'),
    set: ({ faults }) => faults.ifcStatus(FN, 1),
  },
  {
    name: 'a message that the PF does not acknowledge',
    errno: both('EBUSY'),
    set: ({ faults }) => faults.ifcSet(FN, 1),
  },
  {
    name: 'an error of the accelerator core',
    errno: both('EBUSY'),
    set: ({ faults }) => faults.coreStatus(1),
  },
  {
    name: 'a cache write-back that never ends',
    errno: { [LINUX]: 'EINVAL', [UPSTREAM]: 'ETIMEDOUT' },
    set: ({ faults }) => faults.cacheWriteBack(FN, Infinity),
  },
  {
    name: 'a PF whose table of queues cannot be read, which the driver finds after the stop',
    errno: both('EINVAL'),
    set: ({ faults }) => {
      faults.vftExtraNs = Infinity;
    },
  },
];

function rigOf(generation: GenerationId, options: RigOptions = {}): Rig {
  const rig = new Rig({ generation, ...options });
  rig.pass(1);
  return rig;
}

/** The verdict of a guest whose VF may be paused: what is not complete is outstanding, not lost. */
function untilNow(rig: Rig): CheckReport {
  return rig.vms[0]!.guest.finish(false);
}

describe.each(TRIED)('%s: a source that fails', (generation) => {
  test.each(PASSING)('once at $name keeps its guest, all its tasks, and can move it later', ({ errno, set }) => {
    const rig = rigOf(generation);
    set(rig.hosts[0].accelerator, rig.nowNs);
    expect(rig.move()).toMatchObject({
      kind: 'failed',
      at: 'source STOP_COPY',
      errno: errno[generation],
      vfs: ['served'],
    });
    expect(rig.vms[0]!.slot.host).toBe(rig.hosts[0]);
    const before = completedBy(rig.vms[0]!);
    rig.pass(20);
    expect(completedBy(rig.vms[0]!)).toBeGreaterThan(before);
    expect(rig.move()).toMatchObject({ kind: 'moved' });
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test.each(LASTING)('for good at $name says that its guest could not be resumed', ({ errno, set }) => {
    const rig = rigOf(generation);
    set(rig.hosts[0].accelerator, rig.nowNs);
    expect(rig.move()).toMatchObject({
      kind: 'failed',
      at: 'source STOP_COPY',
      errno: errno[generation],
      vfs: ['paused'],
    });
    expect(rig.vms[0]!.slot.host).toBe(rig.hosts[0]);
    expect(rig.vms[0]!.running).toBe(true);
    rig.pass(1);
    const stuck = untilNow(rig);
    rig.pass(20);
    expect(untilNow(rig)).toEqual(stuck);
    expect(stuck).toMatchObject({ ok: true, accepted: stuck.completed + stuck.outstanding });
    expect(stuck.outstanding).toBeGreaterThan(0);
  });

  test.each([QM_MB_CMD.SQC_BT, QM_MB_CMD.CQC_BT])(
    'for good at the query of command %i continues all the same: its guest was found ready',
    (command) => {
      const rig = rigOf(generation);
      rig.hosts[0].accelerator.faults.mailbox(FN, command, { status: 1 });
      expect(rig.move()).toMatchObject({ kind: 'failed', at: 'source STOP_COPY', vfs: ['served'] });
      rig.pass(5);
      expect(rig.finish()[0]).toMatchObject(ALL_DONE);
    },
  );

  test('the destination of a failed move is as good as new', () => {
    const rig = rigOf(generation);
    rig.hosts[0].accelerator.faults.mailbox(FN, QM_MB_CMD.SQC_BT, { status: 1, times: 3 });
    for (let i = 0; i < 5 && rig.move().kind === 'failed'; i++) rig.pass(1);
    expect(rig.vms[0]!.slot.host).toBe(rig.hosts[1]);
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });
});

test('the vCPUs are paused in a failed move until they run at the source again, not until the destination is reset', () => {
  const rig = rigOf(LINUX);
  rig.hosts[0].accelerator.faults.mailbox(FN, QM_MB_CMD.SQC_BT, { status: 1, times: 1 });
  const { pauseNs } = rig.move();
  expect(pauseNs).toBeGreaterThan(rig.costs.vcpuStopNs + rig.costs.vcpuStartNs);
  expect(pauseNs).toBeLessThan(rig.costs.flrNs);
});

test('a PAUSE_QM that takes 1.5 ms is too slow for the old driver, which continues, and not for the new one', () => {
  const outcomes = GENERATIONS.map((generation) => {
    const rig = rigOf(generation);
    rig.hosts[0].accelerator.faults.mailbox(FN, QM_MB_CMD.PAUSE_QM, { busy: 1.5e6, times: 1 });
    const outcome = rig.move();
    rig.pass(2);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
    return outcome;
  });
  expect(outcomes[0]).toMatchObject({ kind: 'failed', errno: 'ETIMEDOUT', vfs: ['served'] });
  expect(outcomes[1]).toMatchObject({ kind: 'moved' });
});

test('a fatal device error keeps the new driver from touching the VF, and the old one from stopping it', () => {
  const outcomes = GENERATIONS.map((generation) => {
    const rig = rigOf(generation);
    // The destination is another device and sound.
    rig.hosts[0].accelerator.faults.rasStatus(QM_RAS.axi_rresp);
    const outcome = rig.move();
    const before = completedBy(rig.vms[0]!);
    rig.pass(5);
    return { outcome, served: completedBy(rig.vms[0]!) > before + 200 };
  });
  expect(outcomes[0]).toMatchObject({ outcome: { errno: 'EBUSY' }, served: false });
  expect(outcomes[1]).toMatchObject({ outcome: { errno: 'EIO' }, served: true });
});

test('one error of the PF keeps every VF of it from moving', () => {
  const rig = rigOf(LINUX, { vms: 3 });
  rig.hosts[0].accelerator.faults.rasStatus(QM_RAS.ecc_1bit);
  for (const outcome of rig.moveAll()) expect(outcome).toMatchObject({ kind: 'failed', errno: 'EBUSY' });
});

describe.each(TRIED)('%s: a destination that', (generation) => {
  const FAILS = { kind: 'failed', vfs: ['served'] };

  /** The move fails as expected, the guest resumes at the source, and loses nothing. */
  function refuses(rig: Rig, at: string, errno: string, onWire?: (image: Uint8Array) => void): void {
    expect(rig.move(rig.vms[0], onWire)).toMatchObject({ ...FAILS, at, errno });
    expect(rig.vms[0]!.slot.host).toBe(rig.hosts[0]);
    const before = completedBy(rig.vms[0]!);
    rig.pass(2);
    expect(completedBy(rig.vms[0]!)).toBeGreaterThan(before);
  }

  test('cannot be made ready fails before the vCPUs stop', () => {
    const rig = rigOf(generation);
    rig.hosts[1].accelerator.faults.mailbox(FN, QM_MB_CMD.PAUSE_QM, { status: 1, times: 1 });
    const outcome = rig.move();
    expect(outcome).toMatchObject({ ...FAILS, at: 'destination RESUMING', errno: 'EIO', pauseNs: 0 });
    expect(rig.vms[0]!.running).toBe(true);
    expect(rig.move()).toMatchObject({ kind: 'moved' });
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test.each([QM_MB_CMD.SQC_BT, QM_MB_CMD.CQC_BT])('refuses mailbox command %i fails in the load', (command) => {
    const rig = rigOf(generation);
    rig.hosts[1].accelerator.faults.mailbox(FN, command, { status: 1, times: 1 });
    refuses(rig, 'destination load', 'EIO');
    expect(rig.move()).toMatchObject({ kind: 'moved' });
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test('never answers fails in the load, and the next move finds it reset', () => {
    const rig = rigOf(generation);
    rig.hosts[1].accelerator.faults.mailbox(FN, QM_MB_CMD.SQC_BT, { busy: 'forever', times: 1 });
    refuses(rig, 'destination load', 'ETIMEDOUT');
    expect(rig.move()).toMatchObject({ kind: 'moved' });
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test('cannot tell its queue count refuses the image', () => {
    const rig = rigOf(generation);
    rig.hosts[1].accelerator.faults.mailbox(FN, QM_MB_CMD.SQC_VFT_V2, { status: 1, times: 1 });
    refuses(rig, 'destination write', 'EFAULT');
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test.each([3, 5])('has %i queue pairs refuses a VM with 4', (destinationQueuePairs) => {
    const rig = rigOf(generation, { destinationQueuePairs });
    refuses(rig, 'destination write', 'EFAULT');
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test('isolates its queues otherwise refuses the image', () => {
    const rig = rigOf(generation, { isolation: [1, 2] });
    refuses(rig, 'destination write', 'EFAULT');
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test.each([
    ['magic', VF_DATA.magicLow],
    ['upper magic', VF_DATA.magicHigh],
    ['queue count', VF_DATA.qpNum],
    ['device id', VF_DATA.devId],
    ['isolation', VF_DATA.queIsoCfg],
    ['major version', VF_DATA.majorVer],
  ])('is sent a wrong %s refuses the image, and takes the next one', (_field, offset) => {
    const rig = rigOf(generation);
    refuses(rig, 'destination write', 'EFAULT', (image) => {
      image[offset]! ^= 0x10;
    });
    expect(rig.move()).toMatchObject({ kind: 'moved' });
    rig.pass(1);
    expect(rig.finish()[0]).toMatchObject(ALL_DONE);
  });

  test.each([VF_DATA.eqeDma, VF_DATA.aeqeDma, VF_DATA.sqcDma, VF_DATA.cqcDma])(
    'is sent a null address at %i takes it for a guest without a driver: it succeeds, and serves nothing',
    (offset) => {
      const rig = rigOf(generation);
      const outcome = rig.move(rig.vms[0], (image) => image.fill(0, offset, offset + 8));
      expect(outcome).toMatchObject({ kind: 'moved' });
      rig.pass(1);
      const before = completedBy(rig.vms[0]!);
      rig.pass(5);
      expect(completedBy(rig.vms[0]!)).toBe(before);
      expect(rig.finish()[0]!.lostTasks).toBeGreaterThan(0);
    },
  );
});

test('the old driver checks only the first image that a VF takes, the new one the first since each opening', () => {
  const outcomes = GENERATIONS.map((generation) => {
    const rig = rigOf(generation);
    for (let turn = 0; turn < 2; turn++) {
      const left = rig.vms[0]!.slot;
      expect(rig.move()).toMatchObject({ kind: 'moved' });
      left.vfio.close();
      left.vfio.open();
    }
    const damaged = (image: Uint8Array): void => {
      image[VF_DATA.magicLow]! ^= 0x10;
    };
    return rig.move(rig.vms[0], damaged).kind;
  });
  expect(outcomes).toEqual(['moved', 'failed']);
});
