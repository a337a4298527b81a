import { describe, expect, test } from 'vitest';
import { QM_DOORBELL_CMD } from '../../../sim/abi/doorbell.ts';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import { QM_RAS } from '../../../sim/abi/ras.ts';
import { AT, Guest, RAM_HIGH, SERVICE_NS, device } from './rig.ts';

const RAS_STATUS = 0x100008;

function guest(depth = 8, config = {}): Guest {
  const g = new Guest(device(config), 1, depth);
  g.start();
  return g;
}

function status(g: Guest): number {
  return g.device.read32(0, RAS_STATUS, g.nowNs);
}

describe('tasks', () => {
  test('a submitted task is completed after its service time, with its id, the place of its SQE and its queue', () => {
    const g = guest();
    g.openQueue(3);
    g.submit(3, [0x77]);
    g.run(SERVICE_NS - 1);
    expect(g.harvest(3)).toEqual([]);
    g.run(1);
    expect(g.harvest(3)).toEqual([{ cmdId: 0x77, sqHead: 0, sqNum: 3 }]);
  });

  test('an HPRE ring has 64 bytes per task', () => {
    const on = device({ kind: 'hpre' });
    const g = new Guest(on, 1);
    g.start();
    g.openQueue(0);
    g.put(g.sqAddress(0) + 64, [0x1002]);
    g.put(g.sqAddress(0), [0x1001]);
    g.doorbell(QM_DOORBELL_CMD.SQ, 0, 2, 0);
    g.settle();
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([0x1001, 0x1002]);
  });

  test('as many tasks are in service at once as there are cores', () => {
    const g = guest();
    g.openQueue(0);
    g.submit(0, [1, 2, 3, 4, 5]);
    g.run(SERVICE_NS);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([1, 2]);
    g.run(SERVICE_NS);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([3, 4]);
    g.run(SERVICE_NS);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([5]);
  });

  test('completions of one queue come in its order even when a later task ends first', () => {
    const g = guest(8, { engine: { servers: 4, serviceNs: 1 } });
    g.openQueue(0);
    g.device.taskServiceNs = (_fn, _queue, memory, at) => 1000 * (5 - (memory.u32[at / 4]! & 0xf));
    g.submit(0, [1, 2, 3, 4]);
    g.run(3999);
    expect(g.harvest(0)).toEqual([]);
    g.run(1);
    expect(g.harvest(0).map((c) => [c.cmdId, c.sqHead])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
  });

  test('queues take turns, so that a long queue does not starve a short one', () => {
    const g = guest(8, { engine: { servers: 1, serviceNs: 100 } });
    g.openQueue(0);
    g.openQueue(1);
    g.submit(0, [1, 2, 3]);
    g.submit(1, [11]);
    // Queue 0 took its next place in line before queue 1 came, but not the one after it.
    g.run(300);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([1, 2]);
    expect(g.harvest(1).map((c) => c.cmdId)).toEqual([11]);
    g.run(100);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([3]);
  });

  test('in rings of 4 every task of 50 completes once and in order, over many phase flips', () => {
    const g = guest(4);
    g.openQueue(0);
    const seen: number[] = [];
    for (let id = 1; id <= 50; id += 2) {
      g.submit(0, [id, id + 1]);
      g.settle();
      seen.push(...g.harvest(0).map((c) => c.cmdId));
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
});

describe('the event queue', () => {
  test('a completion of an armed CQ writes an EQE with CQ number and phase, and interrupts once', () => {
    const g = guest();
    const vectors: number[][] = [];
    g.device.onInterrupt = (fn, vector, nowNs) => vectors.push([fn, vector, nowNs]);
    g.openQueue(2);
    const from = g.nowNs;
    g.submit(2, [1]);
    g.settle();
    expect(g.ring(AT.eq, 0)).toBe(0x10002);
    expect(vectors).toEqual([[1, 0, from + SERVICE_NS]]);
    expect(g.read(0x8000)).toBe(1 << 16);
  });

  test('a CQ that is not armed makes no EQE until its doorbell with flag 1 finds completions', () => {
    const g = guest();
    g.openQueue(0);
    g.submit(0, [1, 2, 3]);
    g.settle();
    expect(g.read(0x8000) >>> 16).toBe(1);
    g.doorbell(QM_DOORBELL_CMD.CQ, 0, 1, 0);
    expect(g.read(0x8000) >>> 16).toBe(1);
    g.doorbell(QM_DOORBELL_CMD.CQ, 0, 1, 1);
    expect(g.read(0x8000) >>> 16).toBe(2);
    g.doorbell(QM_DOORBELL_CMD.CQ, 0, 3, 1);
    expect(g.read(0x8000) >>> 16).toBe(2);
    g.submit(0, [4]);
    g.settle();
    expect(g.read(0x8000) >>> 16).toBe(3);
  });

  test('an EQ of 4 flips its phase when its tail wraps', () => {
    const g = new Guest(device(), 1);
    g.start(4);
    g.openQueue(0);
    for (let i = 1; i <= 5; i++) {
      g.submit(0, [i]);
      g.settle();
      g.harvest(0);
      g.eventDoorbell(QM_DOORBELL_CMD.EQ, i % 4);
    }
    expect([0, 1, 2, 3].map((i) => g.ring(AT.eq, i))).toEqual([0, 0x10000, 0x10000, 0x10000]);
    expect(g.read(0x8018)).toBe(3);
    expect(g.read(0x8000)).toBe(1 | (1 << 16));
  });

  test('a masked vector is raised when the mask is lifted', () => {
    const g = guest();
    let count = 0;
    g.device.onInterrupt = () => count++;
    g.openQueue(0);
    g.write(0x0c, 1);
    g.submit(0, [1]);
    g.settle();
    expect(count).toBe(0);
    g.write(0x0c, 0);
    expect(count).toBe(1);
  });

  test('the EQ doorbell interrupts again when entries stand beyond its head, and not otherwise (R8)', () => {
    const g = guest();
    g.openQueue(0);
    g.submit(0, [1]);
    g.settle();
    let count = 0;
    g.device.onInterrupt = () => count++;
    g.eventDoorbell(QM_DOORBELL_CMD.EQ, 0);
    expect(count).toBe(1);
    g.eventDoorbell(QM_DOORBELL_CMD.EQ, 1);
    expect(count).toBe(1);
    expect(g.read(0x8000) & 0xffff).toBe(1);
  });

  test('an EQ that is full costs an AEQE of type EQ overflow', () => {
    const g = new Guest(device(), 1);
    g.start(2);
    g.openQueue(0);
    g.openQueue(1);
    g.submit(0, [1]);
    g.submit(1, [1]);
    g.settle();
    expect(g.ring(AT.aeq, 0)).toBe((1 << 17) | 0x10000);
  });

  test('a CQ that is full costs an AEQE of type CQ overflow and stops its queue, and the others continue', () => {
    const g = guest(8);
    const vectors: number[] = [];
    g.device.onInterrupt = (_fn, vector) => vectors.push(vector);
    g.openQueue(1, 4);
    g.openQueue(0);
    g.submit(1, [1, 2, 3, 4, 5]);
    g.submit(0, [9]);
    g.settle();
    expect(vectors).toEqual([0, 1]);
    expect(g.ring(AT.aeq, 0)).toBe(0x10000 | 1);
    expect(g.harvest(1, 4).map((c) => c.cmdId)).toEqual([1, 2, 3]);
    expect(g.harvest(0).map((c) => c.cmdId)).toEqual([9]);
    g.submit(1, [6]);
    g.settle();
    expect(g.harvest(1, 4)).toEqual([]);
  });
});

describe('doorbells that are wrong', () => {
  // The index is the new head (docs/device.md 4), a place in a ring of `depth` entries: 0 to depth - 1. It comes from the
  // guest. EQ and AEQ have other depths here, so that neither can be judged by the other's.
  const DEPTHS = { EQ: 4, AEQ: 8 } as const;
  const WINDOW = { EQ: 0x8000, AEQ: 0x8020 } as const;
  const beyond = (['EQ', 'AEQ'] as const).flatMap((which) =>
    [DEPTHS[which], DEPTHS[which] + 1, 0x8000, 0xffff].map((index) => [which, index] as const),
  );
  test.each(beyond)(
    'an %s doorbell with index %i is dropped: the head stays, and nothing interrupts',
    (which, index) => {
      const g = new Guest(device(), 1);
      g.start(DEPTHS.EQ, DEPTHS.AEQ);
      const vectors: number[] = [];
      g.device.onInterrupt = (_fn, vector) => vectors.push(vector);
      g.eventDoorbell(QM_DOORBELL_CMD[which], index);
      expect(g.read(WINDOW[which])).toBe(0);
      expect(vectors).toEqual([]);
    },
  );

  test.each(['EQ', 'AEQ'] as const)('an %s doorbell with the last place of the ring is taken', (which) => {
    const g = new Guest(device(), 1);
    g.start(DEPTHS.EQ, DEPTHS.AEQ);
    g.eventDoorbell(QM_DOORBELL_CMD[which], DEPTHS[which] - 1);
    expect(g.read(WINDOW[which])).toBe(DEPTHS[which] - 1);
  });

  test.each([8, 9, 0xffff])('an SQ doorbell with index %i of a ring of 8 starts nothing', (index) => {
    const g = guest(8);
    g.openQueue(0);
    g.doorbell(QM_DOORBELL_CMD.SQ, 0, index, 0);
    expect(g.device.nextEventNs).toBe(Infinity);
    g.doorbell(QM_DOORBELL_CMD.SQ, 0, 7, 0);
    expect(g.device.nextEventNs).toBe(g.nowNs + SERVICE_NS);
  });

  test.each([8, 9, 0xffff])('a CQ doorbell with index %i of a ring of 8 leaves the head', (index) => {
    const g = guest(8);
    g.openQueue(0);
    g.doorbell(QM_DOORBELL_CMD.CQ, 0, index, 1);
    expect(g.mailbox(QM_MB_CMD.CQC, 0, true, AT.buffer, RAM_HIGH)).toBe(0);
    expect(g.ring(AT.buffer, 0)).toBe(0);
  });

  test.each([4, 0xffff])('an EQ doorbell with index %i does not arm the queue again', (index) => {
    const g = new Guest(device(), 1);
    g.start(DEPTHS.EQ, DEPTHS.AEQ);
    const vectors: number[] = [];
    g.device.onInterrupt = (_fn, vector) => vectors.push(vector);
    for (const queue of [0, 1, 2]) g.openQueue(queue);
    g.submit(0, [1]);
    g.settle();
    expect(vectors).toEqual([0]);
    // One entry stands beyond the head, so that a doorbell that arms interrupts at once.
    g.eventDoorbell(QM_DOORBELL_CMD.EQ, index);
    g.submit(1, [1]);
    g.settle();
    expect(vectors).toEqual([0]);
    expect(g.read(0x8000)).toBe(2 << 16);
    g.eventDoorbell(QM_DOORBELL_CMD.EQ, 1);
    expect(vectors).toEqual([0, 0]);
  });

  test('an SQ or CQ that the function does not own sets its error bit', () => {
    const g = guest();
    g.doorbell(QM_DOORBELL_CMD.SQ, 4, 1, 0);
    expect(status(g)).toBe(QM_RAS.sq_vf_invalid);
    g.doorbell(QM_DOORBELL_CMD.CQ, 4, 1, 0);
    expect(status(g)).toBe(QM_RAS.sq_vf_invalid | QM_RAS.cq_vf_invalid);
  });

  test('a tag that differs from the context sets bit 12 and nothing is started', () => {
    const g = guest();
    g.openQueue(0);
    g.put(AT.buffer, [0, g.sqAddress(0), RAM_HIGH, 7 | (7 << 12), 0xaaaa, 0, 1 << 22, 0]);
    g.mailbox(0, 0, false, AT.buffer, RAM_HIGH);
    g.submit(0, [1]);
    expect(status(g)).toBe(1 << 12);
    g.settle();
    expect(g.harvest(0)).toEqual([]);
  });

  test('a ring outside guest memory gives axi_rresp and, 2.097 ms later, a doorbell timeout with function and queue', () => {
    const g = guest();
    g.openQueue(2);
    g.put(AT.buffer, [0, 0x9000_0000, RAM_HIGH, 7 | (7 << 12), 0, 0, 2, 0]);
    g.mailbox(0, 2, false, AT.buffer, RAM_HIGH);
    g.submit(2, [1]);
    expect(status(g)).toBe(1);
    g.run(0x1fffff - 1);
    expect(status(g)).toBe(1);
    g.run(1);
    expect(status(g)).toBe(0x401);
    expect(g.device.read32(0, 0x100014, g.nowNs)).toBe((2 << 16) | 1);
  });

  test('a CQ outside guest memory gives axi_bresp and the queue stops', () => {
    const g = guest();
    g.openQueue(0);
    g.put(AT.buffer, [0, 0x9000_0000, RAM_HIGH, 7 | (4 << 12), 0, 0, 3, 0]);
    g.mailbox(1, 0, false, AT.buffer, RAM_HIGH);
    g.submit(0, [1, 2]);
    g.settle();
    expect(status(g)).toBe(QM_RAS.axi_bresp);
  });
});

test('a doorbell for a queue that is not on the chip fetches its context from the tables', () => {
  const g = guest();
  g.put(AT.sqcTable + 32, [0, g.sqAddress(1), RAM_HIGH, 7 | (7 << 12), 0, 0, 1, 0]);
  g.put(AT.cqcTable + 32, [0, g.cqAddress(1), RAM_HIGH, 7 | (4 << 12), 0, 0, 3, 0]);
  g.put(g.sqAddress(1), [0x42]);
  g.doorbell(QM_DOORBELL_CMD.SQ, 1, 1, 0);
  g.settle();
  expect(g.memory.u32[g.cqAddress(1) / 4 + 1]).toBe(0x42);
  expect(g.memory.u32[g.cqAddress(1) / 4 + 3]).toBe(0x10000);
});
