/**
 * A driver call that must wait is made again from its start: it must do then what it did before.
 */
import { describe, expect, test } from 'vitest';

import { VF_REG } from '../../../sim/abi/registers.ts';
import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { pollSpec, VF } from '../../../sim/driver/port.ts';
import { callAll, type VfCall } from '../../../sim/world/vf-calls.ts';
import type { AccessTracer } from '../../../sim/world/virtual-port.ts';
import { DRIVERS, Rig } from './rig.ts';

const OFFSET = VF_REG.QM_PAGE_SIZE;

const POLL = pollSpec({ mask: 0, want: 0, sleepUs: 10, timeoutUs: 10 });
const LONGER_POLL = pollSpec({ ...POLL, timeoutUs: 20 });
/** Neither ever ends well. */
const ONCE_MORE_POLL = pollSpec({ mask: 1, want: 1, sleepUs: 10, timeoutUs: 50, onceMore: true });
const WIDE_POLL = pollSpec({ width: 128, mask: 0, want: 1, sleepUs: 10, timeoutUs: 50, sleepBeforeRead: true });

/** Two VFs, each of which makes the same call at the same time, so that both wait for each other at every access. */
function together(rig: Rig, body: VfCall['body']): readonly number[] {
  const calls = rig.hosts[0].slots.map((slot) => ({ slot, body }));
  return callAll(rig.world, calls).map(({ ret }) => ret);
}

describe('a call whose doings depend on', () => {
  const rig = (): Rig => new Rig({ vms: 2, load: 'idle' });

  test('how often it was made, is found out at the first operation that differs', () => {
    let made = 0;
    const body: VfCall['body'] = ({ port }) => {
      made += 1;
      port.write32(VF, OFFSET, made);
      port.write32(VF, OFFSET, 0);
      return 0;
    };
    expect(() => together(rig(), body)).toThrow(/CALL_DIFFERS: 0, write32 VF 0x34 0x3, write32 VF 0x34 0x1/);
  });

  test.each([
    [
      'another place',
      (again: boolean, { port }: Parameters<VfCall['body']>[0]) => port.read32(VF, again ? OFFSET + 4 : OFFSET),
    ],
    ['another function', (again, { port }) => port.read32(again ? 0 : VF, OFFSET)],
    ['another kind', (again, { port }) => (again ? port.write32(VF, OFFSET, 0) : port.read32(VF, OFFSET))],
    ['another time-out', (again, { port }) => port.poll(VF, OFFSET, again ? LONGER_POLL : POLL)],
    ['another word of a row', (again, { port }) => port.write32Row(VF, OFFSET, new Uint32Array([again ? 1 : 2]), 0, 1)],
    ['another wait', (again, { port }) => port.delayUs(again ? 1 : 2)],
  ] as const satisfies readonly (readonly [
    string,
    (again: boolean, slot: Parameters<VfCall['body']>[0]) => unknown,
  ])[])('whether it was made before, is found out: %s', (_what, operate) => {
    let made = 0;
    const body: VfCall['body'] = (slot) => {
      made += 1;
      operate(made > 2, slot);
      slot.port.write32(VF, OFFSET, 0);
      slot.port.write32(VF, OFFSET, 0);
      return 0;
    };
    expect(() => together(rig(), body)).toThrow('CALL_DIFFERS');
  });

  test('and that ends before it has done what it did, too', () => {
    let made = 0;
    const body: VfCall['body'] = ({ port }) => {
      made += 1;
      for (let i = 0; i < (made > 6 ? 1 : 5); i++) port.write32(VF, OFFSET, 0);
      return 0;
    };
    expect(() => together(rig(), body)).toThrow('CALL_ENDS_EARLY');
  });
});

describe.each(DRIVERS)('$generation on hardware $hardware', (driver) => {
  test('a driver whose state is tampered with in the midst of a call is found out', () => {
    const rig = new Rig({ ...driver, vms: 2, load: 'idle' });
    const [slot] = rig.hosts[0].slots;
    // The facts of the accelerator are outside of what is put back: nothing may change them.
    const facts = slot!.vfio.driver!.qm.facts as { coreStatusRegister: number };
    const untampered = facts.coreStatusRegister;
    let accesses = 0;
    const tamper: AccessTracer = {
      access: () => {
        accesses += 1;
        if (accesses === 12) facts.coreStatusRegister = untampered + 0x10;
      },
    };
    slot!.port.tracer = tamper;
    try {
      expect(() => together(rig, ({ vfio }) => vfio.setState(MIG_STATE.STOP_COPY))).toThrow('CALL_DIFFERS');
    } finally {
      facts.coreStatusRegister = untampered;
    }
  });

  test('a driver’s own state is put back before its call is made again, so that tampering with it has no effect', () => {
    const states = [false, true].map((tampers) => {
      const rig = new Rig({ ...driver, vms: 2, load: 'idle' });
      const [slot] = rig.hosts[0].slots;
      const { qm } = slot!.vfio.driver!;
      let accesses = 0;
      slot!.port.tracer = {
        access: () => {
          accesses += 1;
          if (tampers && accesses < 12) qm.qpNum = 999;
        },
      };
      expect(together(rig, ({ vfio }) => vfio.setState(MIG_STATE.STOP_COPY))).toEqual([0, 0]);
      return [accesses, qm.qpNum, slot!.vfio.driver!.filesAlive, rig.nowNs];
    });
    expect(states[1]).toEqual(states[0]);
  });
});

test('the operations of a call happen once each, at rising times, however often it is made', () => {
  const rig = new Rig({ vms: 2, load: 'idle' });
  const [slot] = rig.hosts[0].slots;
  const timesNs: number[] = [];
  slot!.port.tracer = { access: (_fn, _write, _width, _offset, _value, nowNs) => void timesNs.push(nowNs) };
  let made = 0;
  const body: VfCall['body'] = ({ fn, port }) => {
    if (fn === 1) made += 1;
    const words = new Uint32Array([7, 8, 9]);
    port.write32Row(VF, VF_REG.QM_EQC_DW0, words, 0, 3);
    port.delayUs(3);
    port.read32Row(VF, VF_REG.QM_EQC_DW0, words, 0, 3);
    port.write64Row(VF, VF_REG.QM_DOORBELL_SQ_CQ_BASE_V2, 0, 0, 5);
    const met = port.poll(VF, OFFSET, ONCE_MORE_POLL) || port.poll(VF, VF_REG.QM_MB_CMD_SEND_BASE, WIDE_POLL);
    return met ? 1 : words[0]! + words[1]! + words[2]!;
  };
  expect(together(rig, body)).toEqual([24, 24]);
  // Rows, 11 accesses; polls up to and past the deadline, and once more; wide polls.
  const { mmioReadNs, mmioRead128Ns, usleepActualNs } = rig.costs;
  const looks = Math.floor(50_000 / (mmioReadNs + usleepActualNs)) + 2;
  const wideLooks = Math.floor((50_000 - usleepActualNs) / (mmioRead128Ns + usleepActualNs)) + 2;
  expect(timesNs).toHaveLength(3 + 3 + 5 + looks + 1 + wideLooks);
  expect(timesNs).toEqual(timesNs.toSorted((a, b) => a - b));
  // Again for each operation that had to wait, but not for each read of a poll or each access of a row.
  expect(made).toBeGreaterThan(2);
  expect(made).toBeLessThanOrEqual(6);
});
