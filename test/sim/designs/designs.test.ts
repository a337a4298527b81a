/** The same move with each design, counted. docs/designs.md 6. */
import { describe, expect, test } from 'vitest';
import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { PF_REG, VF_REG } from '../../../sim/abi/registers.ts';
import { REGION } from '../../../sim/abi/region.ts';
import { lowCosts, pointCosts } from '../../../sim/device/costs.ts';
import { PF, VF } from '../../../sim/driver/port.ts';
import { Boundary } from '../../../sim/designs/boundary.ts';
import {
  compareDesigns,
  DESIGN_IDS,
  type DesignId,
  type DesignOutcome,
  DESIGNS,
  playDesign,
  syscallList,
} from '../../../sim/designs/compare.ts';
import { PfGate } from '../../../sim/designs/pf-gate.ts';
import { UserPort } from '../../../sim/designs/user-space.ts';
import { HEALTHY_KERNEL } from '../../../sim/driver/kernel.ts';
import { UserBuffer } from '../../../sim/vfio/user-buffer.ts';
import { VfioDevice } from '../../../sim/vfio/vfio-device.ts';
import { MIG_FLAG } from '../../../sim/abi/vfio.ts';
import { GENERATION_IDS, GENERATIONS } from '../../../sim/driver/generation.ts';
import { hasHazard } from '../../../sim/driver/hazards.ts';
import { LEGACY, UPSTREAM } from '../driver/rig.ts';
import { Rig } from '../world/rig.ts';
import { zeroCosts } from '../../../sim/device/costs.ts';

const EFAULT = -14;
const EINVAL = -22;

/** Comparisons that were made: most tests ask the same ones. */
const COMPARED = new Map<string, readonly DesignOutcome[]>();

function outcome(id: DesignId, generation: typeof LEGACY | typeof UPSTREAM, queuePairs: number): DesignOutcome {
  const key = `${generation} ${queuePairs}`;
  const compared = COMPARED.get(key) ?? compareDesigns({ kind: 'sec', generation, queuePairs });
  COMPARED.set(key, compared);
  const found = compared.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no outcome of ${id}`);
  return found;
}

describe('counts', () => {
  test.each([
    [LEGACY, 92, 15],
    [UPSTREAM, 79, 23],
  ] as const)(
    'of the merged driver of %s are the least traffic that docs/device.md 8.13 gives',
    (generation, vf, pf) => {
      for (const queuePairs of [1, 16]) {
        const { counts } = outcome('kernel-v2', generation, queuePairs);
        expect([counts.vfAccesses, counts.pfAccesses]).toEqual([vf + queuePairs, pf]);
      }
    },
  );

  test('of protocol v2 are these calls and bytes, however many queues there are', () => {
    for (const queuePairs of [1, 64]) {
      const { counts } = outcome('kernel-v2', LEGACY, queuePairs);
      expect(syscallList(counts.syscallsByName)).toBe('9 ioctl, 3 read, 2 write, 2 close');
      expect(counts.syscalls).toBe(16);
      // Five states set, three values got, pre-copy info, the image read and written.
      expect(counts.copiedBytes).toBe(5 * 24 + 3 * 16 + 2 * 24 + 2 * 176);
    }
  });

  test('of protocol v1 are registers of the region, and the match data twice', () => {
    for (const id of ['kernel-v1-a', 'kernel-v1-b'] as const) {
      const { counts } = outcome(id, LEGACY, 16);
      expect(syscallList(counts.syscallsByName)).toBe('4 ioctl, 18 pread, 10 pwrite');
    }
    expect(outcome('kernel-v1-a', LEGACY, 16).counts.pfAccesses).toBe(4);
    // The source's queues are rung too.
    const more = (id: DesignId): number =>
      outcome(id, LEGACY, 17).counts.vfAccesses - outcome(id, LEGACY, 16).counts.vfAccesses;
    expect([more('kernel-v1-a'), more('kernel-v1-b'), more('kernel-v2')]).toEqual([2, 1, 1]);
  });

  test('of a driver in user space: each PF register is a request, each VF register a call unless it is mapped', () => {
    for (const queuePairs of [1, 64]) {
      const kernel = outcome('kernel-v2', LEGACY, queuePairs).counts;
      const mapped = outcome('user-mapped', LEGACY, queuePairs).counts;
      const calls = outcome('user-syscalls', LEGACY, queuePairs).counts;
      expect([mapped.vfAccesses, mapped.pfAccesses]).toEqual([kernel.vfAccesses, kernel.pfAccesses]);
      // In addition to the PF's registers: where the BAR is, and what the PF is, at either end.
      expect(mapped.syscallsByName.ioctl).toBe(mapped.pfAccesses + 4);
      expect(mapped.syscalls).toBe(mapped.syscallsByName.ioctl + 4);
      // Each of seven commands takes two writes of the region, which reach the device as three.
      expect(calls.vfAccesses).toBe(mapped.vfAccesses + 2 * 7);
      expect(calls.syscalls).toBe(mapped.vfAccesses + 7 + calls.pfAccesses + 4);
    }
  });

  test('do not depend on costs that nobody waits for twice', () => {
    const options = { kind: 'sec', generation: LEGACY, queuePairs: 4 } as const;
    for (const id of DESIGN_IDS) {
      const costly = { ...zeroCosts(), mmioReadNs: 900, mmioWriteNs: 70, doorbellNs: 90, syscallNs: 2_000 };
      expect([id, playDesign(id, options, costly).counts]).toEqual([id, playDesign(id, options, zeroCosts()).counts]);
    }
  });
});

describe('times', () => {
  test.each(DESIGN_IDS)('of %s lie within their band, and pay for each call', (id) => {
    const { point, low, high } = outcome(id, UPSTREAM, 16);
    for (const part of ['wholeNs', 'pauseNs'] as const) {
      expect(low[part]).toBeLessThan(point[part]);
      expect(high[part]).toBeGreaterThan(point[part]);
    }
    expect(point.pauseNs).toBeLessThan(point.wholeNs);
    const options = { kind: 'sec', generation: UPSTREAM, queuePairs: 16 } as const;
    const costs = { ...zeroCosts(), syscallNs: 1_000 };
    const { counts, times } = playDesign(id, options, costs);
    expect(times).toEqual({ wholeNs: counts.syscalls * 1_000, pauseNs: counts.pauseSyscalls * 1_000 });
  });
});

/** Those whose data files copy from their start tear an image that goes in pieces (R5). */
const WHOLE = GENERATION_IDS.filter(
  (id) => !(hasHazard(id, 'R5') && (GENERATIONS[id].flags & MIG_FLAG.PRE_COPY) !== 0),
);

describe.each(WHOLE)('with the driver of %s', (generation) => {
  test.each(DESIGN_IDS)('after a move with %s the queues are served at the destination', (id) => {
    for (const costs of [pointCosts(), lowCosts()]) {
      const { world, destination } = playDesign(id, { kind: 'hpre', generation, queuePairs: 3 }, costs);
      const vm = world.guests[0]!;
      vm.moveTo(vm.memory, destination);
      world.eventNs = world.clock.nowNs;
      for (let queue = 0; queue < 3; queue++) for (let i = 0; i < 5; i++) expect(vm.guest.submit(queue)).toBe(true);
      for (let steps = 0; steps < 1_000 && world.nextDueNs() < Infinity; steps++) {
        world.runUntil(Math.max(world.nextDueNs(), world.clock.nowNs));
      }
      expect([id, vm.guest.finish(true)]).toMatchObject([id, { ok: true, accepted: 15, completed: 15 }]);
    }
  });
});

test('a driver without PRE_COPY is asked for nothing of the image before the stop, whatever the design', () => {
  for (const generation of GENERATION_IDS) {
    const before = (id: DesignId): number => {
      const { counts } = playDesign(id, { kind: 'sec', generation, queuePairs: 2 }, zeroCosts());
      return counts.syscalls - counts.pauseSyscalls;
    };
    const { flags, usesPfWindow, checksDeviceError, mailbox } = GENERATIONS[generation];
    const preCopies = (flags & MIG_FLAG.PRE_COPY) !== 0;
    // Always: flags of both, size of the image, RESUMING; the source's STOP, and a close of each file.
    // With PRE_COPY also the state, its info, a read and a write.
    expect({ generation, calls: before('kernel-v2') }).toEqual({ generation, calls: 7 + (preCopies ? 4 : 0) });
    // Always: where the BAR is, its mapping and unmapping and the facts of the PF at both ends; two status registers of
    // the PF at the destination, which stops. With PRE_COPY also nine accesses to the function table of the PF, and the
    // isolation at both ends.
    const always = 8 + 2 + (usesPfWindow ? 2 : 0) + (checksDeviceError ? 2 : 0) + (mailbox === 'wide' ? 4 : 0);
    expect({ generation, calls: before('user-mapped') }).toEqual({ generation, calls: always + (preCopies ? 11 : 0) });
  }
});

test('a design that refuses a VF of one queue pair is left out', () => {
  const ids = compareDesigns({ kind: 'sec', generation: LEGACY, queuePairs: 1 }).map(({ id }) => id);
  expect(ids).toEqual(DESIGN_IDS.filter((id) => id !== 'kernel-v1-a'));
  for (const id of DESIGN_IDS) expect(DESIGNS[id].trust.length).toBeGreaterThan(0);
});

describe('the door to the PF', () => {
  const rig = new Rig();
  const slot = rig.hosts[0].slot(1);
  const ask = (gate: PfGate, flags: number, offset: number, value = 0): { ret: number; value: number } => {
    const user = new UserBuffer(new Uint8Array(new Uint32Array([16, flags, offset, value]).buffer));
    const ret = gate.ioctl(user);
    return { ret, value: new DataView(user.bytes.buffer).getUint32(12, true) };
  };

  test('opens for what a migration reads', () => {
    const gate = new PfGate(slot.port, ACCELERATORS.zip, 1);
    slot.port.write32(PF, PF_REG.QM_VFT_CFG, 1);
    for (const offset of [0x30, 0x100008, 0x3010ac, 0x10006c, 0x100064, 0x100068]) {
      expect(ask(gate, 0, offset)).toEqual({ ret: 0, value: slot.port.read32(PF, offset) });
    }
    expect(gate.refused).toBe(0);
  });

  test('stays shut for other registers, other values and other functions', () => {
    const gate = new PfGate(slot.port, ACCELERATORS.zip, 1);
    const before = slot.port.accesses;
    const refused: readonly (readonly [number, number, number])[] = [
      [0, PF_REG.QM_ABNORMAL_INT_MASK, 0],
      [0, ACCELERATORS.sec.coreStatusRegister, 0],
      [1, PF_REG.QM_VFT_CFG_OP_WR, 0],
      [1, PF_REG.QM_VFT_CFG_TYPE, 2],
      [1, PF_REG.QM_VFT_CFG, 2],
      [1, PF_REG.QM_VFT_CFG_RDY, 1],
      [1, VF_REG.QM_QUE_ISO_CFG_V, 0],
      [0, PF_REG.QM_VFT_CFG_OP_ENABLE, 0],
    ];
    for (const [flags, offset, value] of refused) expect(ask(gate, flags, offset, value).ret).toBe(EINVAL);
    expect(gate.refused).toBe(refused.length);
    expect(slot.port.accesses).toBe(before);
    const bad = new UserBuffer(new Uint8Array(16));
    bad.unmapped = true;
    expect(gate.ioctl(bad)).toBe(EFAULT);
  });
});

describe('the mailbox by writes of the region', () => {
  function port(): { slot: ReturnType<Rig['hosts'][0]['slot']>; device: VfioDevice; user: UserPort } {
    const rig = new Rig({ load: 'idle' });
    const slot = rig.hosts[0].slot(1);
    const { host } = slot;
    const device = new VfioDevice({
      port: slot.port,
      bar: slot.port,
      generation: host.options.generation,
      facts: host.facts,
      functionNumber: 1,
      bar2Bytes: 0x10000,
      pf: null,
      kernel: HEALTHY_KERNEL,
      resetsAtOpen: false,
      onReset: () => undefined,
    });
    const boundary = new Boundary(rig.world.clock, 0);
    const run = { world: rig.world, costs: rig.costs, boundary };
    return { slot, device, user: new UserPort({ run, slot, device, access: 'syscalls' }) };
  }

  /** Table base as the device has it, by the kernel's own way. */
  function tableBase(on: ReturnType<typeof port>): number {
    const { slot } = on;
    slot.port.delayUs(100);
    slot.port.write128(VF, 0x300, 0x6000 | QM_MB_CMD.SQC_BT, 0, 0, 0);
    slot.port.delayUs(100);
    return slot.port.read32(VF, 0x304) + slot.port.read32(VF, 0x308) * 2 ** 32;
  }

  test('in one piece starts the command before its data are there', () => {
    const on = port();
    const bytes = new Uint8Array(new Uint32Array([0x2000 | QM_MB_CMD.SQC_BT, 0x8123_0000, 0x55, 0]).buffer);
    expect(on.device.regionWrite(REGION.BAR2, 0x300, 16, new UserBuffer(bytes))).toBe(16);
    expect(tableBase(on)).not.toBe(0x55_8123_0000);
  });

  test('with the command last arrives whole', () => {
    const on = port();
    on.user.write128(VF, 0x300, 0x2000 | QM_MB_CMD.SQC_BT, 0x8123_0000, 0x55, 0);
    expect(tableBase(on)).toBe(0x55_8123_0000);
  });
});
