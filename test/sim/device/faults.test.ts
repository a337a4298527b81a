import { describe, expect, test } from 'vitest';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { COST, highCosts, lowCosts, pointCosts } from '../../../sim/device/costs.ts';
import type { CostName } from '../../../sim/device/costs.ts';
import { COSTS, Guest, device } from './rig.ts';

describe('a mailbox fault', () => {
  test('that lasts forever keeps one function busy until it is reset, and lets the others work', () => {
    const on = device();
    const a = new Guest(on, 1);
    const b = new Guest(on, 2);
    on.faults.mailbox(1, QM_MB_CMD.PAUSE_QM, { busy: 'forever' });
    a.send(QM_MB_CMD.PAUSE_QM, 0, false);
    a.settle();
    b.nowNs = a.nowNs;
    expect(b.mailbox(QM_MB_CMD.SQC_BT, 0, true)).toBe(0);
    expect(a.read(0x300)).toBe(0x200e);
    on.resetFunction(1, b.nowNs);
    expect(a.read(0x300)).toBe(0);
    expect(a.mailbox(QM_MB_CMD.SQC_BT, 0, true)).toBe(0);
  });

  test('that holds the others too is ended by a reset of the one it struck', () => {
    const on = device();
    on.faults.mailbox(1, QM_MB_CMD.PAUSE_QM, { busy: 'forever', holdsOthers: true });
    const a = new Guest(on, 1);
    const b = new Guest(on, 2);
    a.send(QM_MB_CMD.PAUSE_QM, 0, false);
    b.send(QM_MB_CMD.SQC_BT, 0, true);
    a.settle();
    expect(b.read(0x300) & 0x2000).toBe(0x2000);
    on.resetFunction(1, a.nowNs);
    b.nowNs = a.nowNs;
    b.settle();
    expect(b.read(0x300) & 0x2000).toBe(0);
  });

  test('can be a delay, a status without effect, or another answer', () => {
    const on = device();
    const g = new Guest(on, 1);
    on.faults.mailbox(1, QM_MB_CMD.SQC_BT, { busy: 5000 });
    g.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0x1000, 1);
    expect(g.nowNs).toBe(COSTS.mailboxCommandNs + 5000);
    on.faults.mailbox(1, QM_MB_CMD.SQC_BT, { status: 3, times: 1 });
    expect(g.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0x2000, 2)).toBe(3);
    g.mailbox(QM_MB_CMD.SQC_BT, 0, true);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0x1000, 1]);
    on.faults.mailbox(1, QM_MB_CMD.SQC_BT, { answer: { low: 0, high: 0 } });
    g.mailbox(QM_MB_CMD.SQC_BT, 0, true);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0, 0]);
  });

  test('a refused PAUSE_QM leaves the function running', () => {
    const on = device();
    const g = new Guest(on, 1);
    g.start();
    g.openQueue(0);
    on.faults.mailbox(1, QM_MB_CMD.PAUSE_QM, { status: 1 });
    expect(g.mailbox(QM_MB_CMD.PAUSE_QM, 0, false)).toBe(1);
    g.submit(0, [1]);
    g.settle();
    expect(g.harvest(0)).toHaveLength(1);
  });

  test('can begin late and end after some strikes', () => {
    const on = device();
    const g = new Guest(on, 1);
    on.faults.mailbox(1, QM_MB_CMD.CQC_BT, { status: 2, skip: 1, times: 2 });
    expect([1, 2, 3, 4].map(() => g.mailbox(QM_MB_CMD.CQC_BT, 0, true))).toEqual([0, 2, 2, 0]);
  });
});

describe('status faults', () => {
  test('RAS and core status stand until their time, whatever is cleared', () => {
    const on = device();
    on.faults.rasStatus(0x10, 500);
    on.faults.coreStatus(0x1, 700);
    on.write32(0, 0x100000, 0xffffffff, 0);
    expect([499, 500].map((at) => on.read32(0, 0x100008, at))).toEqual([0x10, 0]);
    expect([699, 700].map((at) => on.read32(0, 0x301008, at))).toEqual([1, 0]);
  });

  test.each([
    ['hpre', 0x301800],
    ['zip', 0x3010ac],
  ] as const)('the core status of %s is at its own offset', (kind, offset) => {
    const on = device({ kind });
    on.faults.coreStatus(2);
    expect([on.read32(0, offset, 1e9), on.read32(0, 0x301008, 1e9)]).toEqual([2, 0]);
  });

  test('message status and set stand in the words until their time', () => {
    const on = device();
    on.faults.ifcStatus(1, 1, 300);
    on.faults.ifcSet(1, 1, 400);
    const words = on.vfWords(1);
    expect([words[0x28 / 4], words[0x2c / 4]]).toEqual([1, 1]);
    on.advance(300);
    expect([words[0x28 / 4], words[0x2c / 4]]).toEqual([0, 1]);
    on.advance(400);
    expect(words[0x2c / 4]).toBe(0);
  });

  test('a VF can be not ready against its guest, and then what the guest wrote shows', () => {
    const on = device();
    on.faults.vfNotReady(1, 1000);
    on.write32(1, 0x60, 0, 0);
    expect([999, 1000].map((at) => on.read32(1, 0x60, at))).toEqual([1, 0]);
  });

  test('a fault that is set again outlasts the end of the first', () => {
    const on = device();
    on.faults.vfNotReady(1, 1000);
    on.faults.vfNotReady(1, 2000);
    expect([1000, 2000].map((at) => on.read32(1, 0x60, at))).toEqual([1, 0]);
  });

  test('the ready state after a reset is a parameter', () => {
    const on = device();
    expect(on.read32(1, 0x60, 0)).toBe(0);
    on.faults.vfStateAtReset = 1;
    on.resetFunction(1, 0);
    expect(on.read32(1, 0x60, 0)).toBe(1);
  });
});

test('cache write-back can be slow or never done', () => {
  const on = device();
  on.faults.cacheWriteBack(1, 900);
  on.write32(1, 0x204, 1, 0);
  expect([1399, 1400].map((at) => on.read32(1, 0x208, at))).toEqual([0, 1]);
  on.faults.cacheWriteBack(1, Infinity);
  on.write32(1, 0x204, 1, 2000);
  expect(on.read32(1, 0x208, 1e12)).toBe(0);
});

test('the VFT window can be slow or never ready', () => {
  const on = device();
  on.faults.vftExtraNs = 100;
  on.write32(0, 0x10006c, 0, 0);
  on.write32(0, 0x100054, 1, 0);
  expect([299, 300].map((at) => on.read32(0, 0x10006c, at))).toEqual([0, 1]);
  on.faults.vftExtraNs = Infinity;
  on.write32(0, 0x10006c, 0, 400);
  on.write32(0, 0x100054, 1, 400);
  expect(on.read32(0, 0x10006c, 1e12)).toBe(0);
});

test.each(Object.keys(COST) as CostName[])('cost %s lies in its range and says where it comes from', (name) => {
  const cost = COST[name];
  expect(cost.min).toBeLessThanOrEqual(cost.ns);
  expect(cost.ns).toBeLessThanOrEqual(cost.max);
  expect(cost.source.length).toBeGreaterThan(10);
  expect(cost.why.length).toBeGreaterThan(10);
  expect([lowCosts()[name], pointCosts()[name], highCosts()[name]]).toEqual([cost.min, cost.ns, cost.max]);
});
