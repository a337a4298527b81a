import { describe, expect, test } from 'vitest';
import { QM_DOORBELL_CMD } from '../../../sim/abi/doorbell.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { MAILBOX_STATUS_REFUSED } from '../../../sim/device/mailbox.ts';
import { AT, COSTS, Guest, RAM_HIGH, SERVICE_NS, device } from './rig.ts';

describe('a command', () => {
  test('is busy until its time has passed, then keeps op and queue and shows its result', () => {
    const g = new Guest(device(), 1);
    g.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0x1230000, 0x2f);
    g.send(QM_MB_CMD.SQC_BT, 0, true);
    const from = g.nowNs;
    expect(g.read(0x300)).toBe(0x6004);
    g.run(COSTS.mailboxCommandNs - 1);
    expect(g.read(0x300)).toBe(0x6004);
    expect(g.device.nextEventNs).toBe(from + COSTS.mailboxCommandNs);
    g.run(1);
    const wide = new Uint32Array(4);
    g.device.read128(1, 0x300, g.nowNs, wide);
    expect([...wide]).toEqual([0x4004, 0x1230000, 0x2f, 0]);
    expect(g.device.costNs).toBe(COSTS.mmioRead128Ns);
  });

  test('given in four 32-bit writes starts with word 0', () => {
    const g = new Guest(device(), 1);
    g.write(0x304, 0x5000);
    g.write(0x308, 7);
    g.write(0x300, 0x2005);
    g.run(COSTS.mailboxCommandNs);
    expect(g.mailbox(QM_MB_CMD.CQC_BT, 0, true)).toBe(0);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0x5000, 7]);
  });

  test('given in one 64-bit write starts with both words in place', () => {
    const g = new Guest(device(), 1);
    g.write(0x308, 7);
    g.device.write64(1, 0x300, 0x2005, 0x5000, g.nowNs);
    g.run(COSTS.mailboxCommandNs);
    expect(g.mailbox(QM_MB_CMD.CQC_BT, 0, true)).toBe(0);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0x5000, 7]);
  });

  test('written while the busy bit stands is dropped', () => {
    const g = new Guest(device(), 1);
    g.send(QM_MB_CMD.SQC_BT, 0, false, 0x1000, 1);
    g.send(QM_MB_CMD.SQC_BT, 0, false, 0x2000, 2);
    g.settle();
    g.mailbox(QM_MB_CMD.SQC_BT, 0, true);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0x1000, 1]);
  });

  test.each([0x7, 0xa, 0xff])('with the unknown code %i is refused', (code) => {
    expect(new Guest(device(), 1).mailbox(code, 0, false)).toBe(MAILBOX_STATUS_REFUSED);
  });
});

describe('arbitration', () => {
  test('commands of two functions are carried out one after the other, first come first served', () => {
    const on = device();
    const a = new Guest(on, 1);
    const b = new Guest(on, 2);
    b.send(QM_MB_CMD.SQC_BT, 0, false, 0x2000, 2);
    a.send(QM_MB_CMD.SQC_BT, 0, false, 0x1000, 1);
    on.advance(COSTS.mailboxCommandNs);
    expect([on.read32(1, 0x300, 1000) & 0x2000, on.read32(2, 0x300, 1000) & 0x2000]).toEqual([0x2000, 0]);
    on.advance(2 * COSTS.mailboxCommandNs - 1);
    expect(on.read32(1, 0x300, 1999) & 0x2000).toBe(0x2000);
    on.advance(2 * COSTS.mailboxCommandNs);
    expect(on.read32(1, 0x300, 2000) & 0x2000).toBe(0);
  });

  test('the base tables of two functions are two things', () => {
    const on = device();
    const a = new Guest(on, 1);
    const b = new Guest(on, 2);
    a.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0x1000, 1);
    b.nowNs = a.nowNs;
    b.mailbox(QM_MB_CMD.SQC_BT, 0, true);
    expect([b.read(0x304), b.read(0x308)]).toEqual([0, 0]);
  });
});

describe('contexts', () => {
  test('SQC and CQC that were set are got back with head and tail as they have become', () => {
    const g = new Guest(device(), 1);
    g.start();
    g.openQueue(1);
    g.submit(1, [1, 2, 3]);
    g.settle();
    expect(g.mailbox(QM_MB_CMD.SQC, 1, true, AT.buffer, RAM_HIGH)).toBe(0);
    expect(g.ring(AT.buffer, 0)).toBe(3 | (3 << 16));
    expect(g.ring(AT.buffer, 3)).toBe(7 | (7 << 12));
    expect(g.mailbox(QM_MB_CMD.CQC, 1, true, AT.buffer, RAM_HIGH)).toBe(0);
    expect(g.ring(AT.buffer, 0)).toBe(3 << 16);
    // One completion reported, so that the flag is down; no wrap, so that the phase is still 1.
    expect(g.ring(AT.buffer, 6)).toBe(1);
  });

  test('tails and wrap bits of a drained pair agree after the rings have wrapped', () => {
    const g = new Guest(device(), 1, 4);
    g.start();
    g.openQueue(0);
    for (let i = 0; i < 3; i++) {
      g.submit(0, [1, 2]);
      g.settle();
      g.harvest(0);
    }
    g.mailbox(QM_MB_CMD.SQC, 0, true, AT.buffer, RAM_HIGH);
    const sq = [g.ring(AT.buffer, 0) >>> 16, (g.ring(AT.buffer, 5) >>> 16) & 0x40];
    g.mailbox(QM_MB_CMD.CQC, 0, true, AT.buffer, RAM_HIGH);
    const cq = [g.ring(AT.buffer, 0) >>> 16, (g.ring(AT.buffer, 5) >>> 16) & 0x40];
    expect(sq).toEqual([2, 0x40]);
    expect(cq).toEqual(sq);
  });

  test('EQC and AEQC that are set show in the windows, and are got back', () => {
    const g = new Guest(device(), 1);
    g.put(AT.buffer, [0, 0x2000, RAM_HIGH, 3, 4, 5, 15 | 0x10000]);
    expect(g.mailbox(QM_MB_CMD.EQC, 0, false, AT.buffer, RAM_HIGH)).toBe(0);
    expect([0, 1, 2, 3, 4, 5, 6].map((i) => g.read(0x8000 + i * 4))).toEqual([0, 0x2000, 16, 3, 4, 5, 0x1000f]);
    g.put(AT.buffer, [0, 0x3000, RAM_HIGH, 6, 7, 8, 7 | 0x10000]);
    g.mailbox(QM_MB_CMD.AEQC, 0, false, AT.buffer, RAM_HIGH);
    expect([0, 1, 2, 3, 4, 5, 6].map((i) => g.read(0x8020 + i * 4))).toEqual([0, 0x3000, 16, 6, 7, 8, 0x10007]);
    g.mailbox(QM_MB_CMD.EQC, 0, true, AT.buffer, RAM_HIGH);
    expect(g.ring(AT.buffer, 6)).toBe(0x1000f);
  });

  test.each([QM_MB_CMD.SQC, QM_MB_CMD.CQC, QM_MB_CMD.EQC, QM_MB_CMD.AEQC])(
    'context command %i is refused when its buffer is out of reach, with axi_rresp for a set and axi_bresp for a get',
    (command) => {
      const g = new Guest(device(), 1);
      expect(g.mailbox(command, 0, false, 0, 0)).toBe(MAILBOX_STATUS_REFUSED);
      expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(1);
      expect(g.mailbox(command, 0, true, 0, 0)).toBe(MAILBOX_STATUS_REFUSED);
      expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(3);
    },
  );

  test.each([QM_MB_CMD.SQC, QM_MB_CMD.CQC, QM_MB_CMD.STOP_QP])(
    'command %i for a foreign queue is refused',
    (command) => {
      expect(new Guest(device(), 1).mailbox(command, 4, false, AT.buffer, RAM_HIGH)).toBe(MAILBOX_STATUS_REFUSED);
    },
  );
});

describe('the VFT command', () => {
  test('answers the own entry: base 260 and 8 queues', () => {
    const g = new Guest(device(), 2);
    expect(g.mailbox(QM_MB_CMD.SQC_VFT_V2, 0, true)).toBe(0);
    const value = (BigInt(g.read(0x308)) << 32n) | BigInt(g.read(0x304));
    expect([(value >> 28n) & 0xffffn, (value >> 44n) & 1n, ((value >> 45n) & 0x3ffn) + 1n]).toEqual([260n, 1n, 8n]);
  });

  test('cannot be set', () => {
    expect(new Guest(device(), 1).mailbox(QM_MB_CMD.SQC_VFT_V2, 0, false)).toBe(MAILBOX_STATUS_REFUSED);
  });
});

describe('draining', () => {
  test('STOP_QP completes when the queue is empty, and the queue then takes nothing more', () => {
    const g = new Guest(device(), 1);
    g.start();
    g.openQueue(0);
    const from = g.nowNs;
    g.submit(0, [1, 2, 3]);
    expect(g.mailbox(QM_MB_CMD.STOP_QP, 0, false)).toBe(0);
    expect(g.nowNs).toBe(from + 2 * SERVICE_NS);
    expect(g.harvest(0)).toHaveLength(3);
    g.submit(0, [4]);
    g.settle();
    expect(g.harvest(0)).toEqual([]);
  });

  test('FLUSH_QM completes when all queues of the function are empty, whatever other functions do', () => {
    const on = device();
    const g = new Guest(on, 1);
    g.start();
    g.openQueue(0);
    g.openQueue(1);
    g.submit(0, [1, 2]);
    g.submit(1, [1]);
    expect(g.mailbox(QM_MB_CMD.FLUSH_QM, 0, false)).toBe(0);
    expect([g.harvest(0).length, g.harvest(1).length]).toEqual([2, 1]);
  });

  // Two cores serve in 10 us each. Both are busy with the other function, whose queue is served once per pass: its tasks
  // 1 and 2 end at 10 us, its task 3 and the one task that is drained begin then and end at 20 us, before task 4 begins.
  const drained = [
    ...[0, 1, 2, 3].map((queue) => ({ fn: 1, other: 2, queue })),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((queue) => ({ fn: 2, other: 1, queue })),
  ];
  test.each(drained)(
    'FLUSH_QM of VF $fn waits for its queue $queue while VF $other has the cores, and not for VF $other',
    ({ fn, other, queue }) => {
      const on = device();
      const [g, crowd] = [new Guest(on, fn), new Guest(on, other)];
      g.start();
      for (let each = 0; each < (fn === 1 ? 4 : 8); each++) g.openQueue(each);
      crowd.nowNs = g.nowNs;
      crowd.start();
      crowd.openQueue(0);
      g.nowNs = crowd.nowNs;
      const from = g.nowNs;
      crowd.submit(0, [1, 2, 3, 4, 5, 6]);
      g.submit(queue, [9]);
      expect(g.mailbox(QM_MB_CMD.FLUSH_QM, 0, false)).toBe(0);
      expect(g.nowNs).toBe(from + 2 * SERVICE_NS);
      expect(g.harvest(queue).map(({ cmdId }) => cmdId)).toEqual([9]);
      crowd.nowNs = g.nowNs;
      expect(crowd.harvest(0)).toHaveLength(3);
    },
  );

  test('an empty function costs only the base time', () => {
    const g = new Guest(device(), 1);
    g.mailbox(QM_MB_CMD.FLUSH_QM, 0, false);
    expect(g.nowNs).toBe(COSTS.flushBaseNs);
  });
});

describe('messages of hardware V3', () => {
  test('the PF leaves one for VF 2, kicks it, and sees it acknowledged', () => {
    const on = device();
    const pf = new Guest(on, 0);
    const vf = new Guest(on, 2);
    const vectors: number[][] = [];
    on.onInterrupt = (fn, vector) => vectors.push([fn, vector]);
    expect(pf.mailbox(QM_MB_CMD.SRC, 2, false, 8, 500)).toBe(0);
    pf.write(0x100134, 2);
    pf.write(0x100130, 1);
    expect(vectors).toEqual([[2, 2]]);
    vf.nowNs = pf.nowNs;
    expect([vf.read(0x20), vf.read(0x28), pf.read(0x100128)]).toEqual([1, 1, 1 << 2]);
    expect(vf.mailbox(QM_MB_CMD.DST, 0, true)).toBe(0);
    expect([vf.read(0x304), vf.read(0x308)]).toEqual([8, 500]);
    vf.write(0x20, 1);
    expect([vf.read(0x20), vf.read(0x28), pf.read(0x100128)]).toEqual([0, 0, 0]);
  });

  test('target 0x7f kicks every VF, and a masked one gets the message without an interrupt', () => {
    const on = device();
    const told: number[] = [];
    on.onInterrupt = (fn) => told.push(fn);
    on.write32(2, 0x24, 1, 0);
    on.write32(0, 0x100134, 0x7f, 0);
    on.write32(0, 0x100130, 1, 0);
    expect(told).toEqual([1]);
    expect(on.read32(2, 0x28, 0)).toBe(1);
    on.write32(2, 0x24, 0, 0);
    expect(told).toEqual([1, 2]);
  });

  test('a VF kicks the PF, and its bit stands until the PF has acknowledged', () => {
    const on = device();
    const vf = new Guest(on, 1);
    const pf = new Guest(on, 0);
    vf.mailbox(QM_MB_CMD.SRC, 0, false, 9, 0);
    vf.write(0x2c, 1);
    pf.nowNs = vf.nowNs;
    expect([vf.read(0x2c), pf.read(0x100138)]).toEqual([1, 2]);
    expect(pf.mailbox(QM_MB_CMD.DST, 1, false)).toBe(0);
    expect(pf.read(0x304)).toBe(9);
    vf.write(0x2c, 0);
    expect(vf.read(0x2c)).toBe(1);
    pf.write(0x100138, 2);
    expect([vf.read(0x2c), pf.read(0x100138)]).toEqual([0, 0]);
  });

  test('bits of VFs above 31 are in the upper word', () => {
    const on = device({ vfCount: 40, vft: [] });
    on.write32(40, 0x2c, 1, 0);
    expect([on.read32(0, 0x100138, 0), on.read32(0, 0x10013c, 0)]).toEqual([0, 1 << 8]);
    on.write64(0, 0x100138, 0, 1 << 8, 0);
    expect(on.read32(40, 0x2c, 0)).toBe(0);
  });

  test('to and from functions that are not there they are refused', () => {
    const on = device();
    expect(new Guest(on, 0).mailbox(QM_MB_CMD.SRC, 3, false)).toBe(MAILBOX_STATUS_REFUSED);
    expect(new Guest(on, 0).mailbox(QM_MB_CMD.SRC, 0xffff, false)).toBe(0);
    expect(new Guest(on, 1).mailbox(QM_MB_CMD.SRC, 2, false)).toBe(MAILBOX_STATUS_REFUSED);
    expect(new Guest(on, 1).mailbox(QM_MB_CMD.DST, 2, true)).toBe(MAILBOX_STATUS_REFUSED);
  });
});

test('hardware V4 carries messages in registers of its own', () => {
  const on = device({ hardware: 0x50 });
  on.write64(0, 0x104700, 0xaa, 0xbb, 0);
  expect([on.read32(1, 0x380, 0), on.read32(2, 0x384, 0)]).toEqual([0xaa, 0xbb]);
  on.write64(2, 0x320, 0xcc, 0xdd, 0);
  expect(on.read32(0, 0x104808, 0)).toBe(0xcc);
});

test('the PF counts commands, doorbells and tasks of the function that it selects', () => {
  const on = device();
  const g = new Guest(on, 1);
  g.start();
  g.openQueue(0);
  g.submit(0, [1, 2]);
  g.settle();
  for (const select of [0x104010, 0x104020, 0x104030, 0x104040]) on.write32(0, select, 1, g.nowNs);
  // Four commands of start and two of openQueue; the EQ, AEQ and SQ doorbells.
  expect([0x104018, 0x104028, 0x104038, 0x104048].map((r) => on.read32(0, r, g.nowNs))).toEqual([6, 3, 2, 2]);
  expect([0x104050, 0x104060].map((r) => on.read32(0, r, g.nowNs))).toEqual([2, 2]);
  g.doorbell(QM_DOORBELL_CMD.SQ, 0, 3, 0);
  expect(on.read32(0, 0x1040e4, g.nowNs)).toBe(0);
  g.settle();
  expect(on.read32(0, 0x1040e4, g.nowNs)).toBe(1);
});
