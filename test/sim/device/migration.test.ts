import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QM_MB_CMD } from '../../../sim/abi/mailbox.ts';
import type { Accelerator } from '../../../sim/device/accelerator.ts';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';
import { AT, COSTS, Guest, RAM_BASE, SERVICE_NS, device } from './rig.ts';
import { effort } from '../../effort.ts';

const MODES = ['finish', 'hold'] as const;
const WINDOW = [0, 1, 2, 3, 4, 5, 6];

function writeBack(g: Guest): void {
  g.write(0x204, 1);
  expect(g.read(0x208)).toBe(0);
  while (g.read(0x208) !== 1) g.run(1);
}

/** Moves RAM and registers by hand to a function of another device, as the spec's save and load do. */
function move(source: Guest, to: Accelerator): Guest {
  const ram = new ArrayBuffer(source.memory.bytes);
  new Uint8Array(ram).set(source.memory.u8);
  const target = new Guest(to, 2, source.depth, new GuestMemory(ram, RAM_BASE));
  target.follow(source);
  for (const base of [0x8000, 0x8020]) for (const i of WINDOW) target.write(base + i * 4, source.read(base + i * 4));
  for (const command of [QM_MB_CMD.SQC_BT, QM_MB_CMD.CQC_BT]) {
    source.mailbox(command, 0, true);
    target.mailbox(command, 0, false, source.read(0x304), source.read(0x308));
  }
  return target;
}

describe.each(MODES)('PAUSE_QM that makes tasks in service %s', (inFlight) => {
  test('and a resume on a second device complete every task exactly once and in order', () => {
    for (let at = 0; at <= 4 * SERVICE_NS; at += SERVICE_NS / 4) {
      const source = new Guest(device({ inFlight }), 1, 8);
      source.start();
      const queues = [0, 1, 2];
      for (const queue of queues) source.openQueue(queue);
      const seen: number[][] = [[], [], []];
      for (const queue of queues) source.submit(queue, [1, 2, 3, 4, 5]);
      source.run(at);
      for (const queue of queues) seen[queue]!.push(...source.harvest(queue).map((c) => c.cmdId));
      for (const queue of queues) source.submit(queue, [6, 7]);
      expect(source.mailbox(QM_MB_CMD.PAUSE_QM, 0, false)).toBe(0);
      writeBack(source);
      expect(source.device.nextEventNs).toBe(Infinity);

      const target = move(source, device({ inFlight, engine: { servers: 3, serviceNs: 777 } }));
      target.settle();
      for (const queue of queues) target.kick(queue);
      target.settle();
      for (const queue of queues) seen[queue]!.push(...target.harvest(queue).map((c) => c.cmdId));
      expect(seen).toEqual(queues.map(() => [1, 2, 3, 4, 5, 6, 7]));
      for (const queue of queues) target.submit(queue, [8, 9, 10]);
      target.settle();
      for (const queue of queues) expect(target.harvest(queue).map((c) => c.cmdId)).toEqual([8, 9, 10]);
      expect(target.device.read32(0, 0x100008, target.nowNs)).toBe(0);
    }
  });

  test('lets the source itself resume after a kick', () => {
    const g = new Guest(device({ inFlight }), 1, 8);
    g.start();
    g.openQueue(0);
    g.submit(0, [1, 2, 3, 4, 5]);
    g.run(SERVICE_NS / 2);
    g.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
    g.settle();
    const before = g.harvest(0).map((c) => c.cmdId);
    expect(before).toEqual(inFlight === 'finish' ? [1, 2] : []);
    g.kick(0);
    g.settle();
    expect([...before, ...g.harvest(0).map((c) => c.cmdId)]).toEqual([1, 2, 3, 4, 5]);
  });
});

test('under finish the pause takes as long as the tasks in service; under hold it does not', () => {
  const tookNs = MODES.map((inFlight) => {
    const g = new Guest(device({ inFlight }), 1, 8);
    g.start();
    g.openQueue(0);
    g.submit(0, [1, 2, 3]);
    const fromNs = g.nowNs;
    g.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
    return g.nowNs - fromNs;
  });
  expect(tookNs).toEqual([SERVICE_NS, COSTS.pauseBaseNs]);
});

test('a function that is not paused continues while another is', () => {
  const on = device();
  const a = new Guest(on, 1);
  const b = new Guest(on, 2);
  a.start();
  a.openQueue(0);
  b.nowNs = a.nowNs;
  b.start();
  b.openQueue(0);
  a.nowNs = b.nowNs;
  a.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
  b.nowNs = a.nowNs;
  a.submit(0, [1]);
  b.submit(0, [2]);
  b.settle();
  expect(a.harvest(0)).toEqual([]);
  expect(b.harvest(0).map((c) => c.cmdId)).toEqual([2]);
});

test('under hold a task that was done but not reported, because an earlier one was not, is executed again', () => {
  const g = new Guest(device({ inFlight: 'hold' }), 1, 8);
  g.start();
  g.openQueue(0);
  g.device.taskServiceNs = (_fn, _queue, memory, at) => (memory.u32[at / 4] === 1 ? SERVICE_NS : 100);
  g.submit(0, [1, 2]);
  g.run(200);
  g.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
  expect(g.harvest(0)).toEqual([]);
  g.device.taskServiceNs = (_fn, _queue, memory, at) => (memory.u32[at / 4] === 1 ? 100 : SERVICE_NS);
  g.kick(0);
  g.run(100);
  expect(g.harvest(0).map((c) => c.cmdId)).toEqual([1]);
  g.run(SERVICE_NS);
  expect(g.harvest(0).map((c) => c.cmdId)).toEqual([2]);
});

test('a write-back drops the contexts of a function that is stopped, and those only', () => {
  const on = device();
  const g = new Guest(on, 1);
  g.start();
  g.openQueue(0);
  writeBack(g);
  // The table says one task more than the device knows of: a device that holds the context does not read it.
  g.put(g.sqAddress(0), [5]);
  g.put(AT.sqcTable, [1 << 16]);
  g.kick(0);
  g.settle();
  expect(g.harvest(0)).toEqual([]);
  g.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
  writeBack(g);
  g.put(AT.sqcTable, [1 << 16]);
  g.kick(0);
  g.settle();
  expect(g.harvest(0).map((c) => c.cmdId)).toEqual([5]);
});

test('a kick leaves the tail alone, also on a function that runs', () => {
  const g = new Guest(device(), 1);
  g.start();
  g.openQueue(0);
  g.submit(0, [1, 2]);
  g.kick(0);
  g.settle();
  expect(g.harvest(0).map((c) => c.cmdId)).toEqual([1, 2]);
});

test('a kick for a queue that was never set up does nothing, and is no error', () => {
  const g = new Guest(device(), 1);
  g.start();
  g.kick(3);
  g.settle();
  expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(0);
});

test('a kick with wrong base tables gives axi_rresp and then a doorbell timeout (R5)', () => {
  const g = new Guest(device(), 1);
  g.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0x1000, 0x77);
  g.kick(0);
  expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(1);
  g.settle();
  expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(0x401);
});

test('cache write-back takes a base time and a time for each context, and writes both tables', () => {
  const g = new Guest(device(), 1);
  g.start();
  g.openQueue(0);
  g.openQueue(2);
  g.submit(2, [1]);
  g.settle();
  g.harvest(2);
  expect(g.ring(AT.sqcTable, 16)).toBe(0);
  const fromNs = g.nowNs;
  writeBack(g);
  expect(g.nowNs - fromNs).toBe(COSTS.cacheWriteBackBaseNs + 4 * COSTS.cacheWriteBackPerContextNs);
  expect(g.ring(AT.sqcTable, 16)).toBe(1 | (1 << 16));
  expect(g.ring(AT.sqcTable, 17)).toBe(g.sqAddress(2));
  expect(g.ring(AT.cqcTable, 16)).toBe(1 | (1 << 16));
  // Phase 1, and armed again by the last doorbell.
  expect(g.ring(AT.cqcTable, 22)).toBe(3);
});

test('without write-back the tables in memory do not show what the device has done (R9)', () => {
  const source = new Guest(device(), 1);
  source.start();
  source.openQueue(0);
  source.submit(0, [1, 2, 3]);
  source.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
  const target = move(source, device());
  target.kick(0);
  target.settle();
  expect(target.harvest(0).map((c) => c.cmdId)).toEqual([1, 2]);
});

test('write-back to tables out of reach sets axi_bresp and is done all the same', () => {
  const g = new Guest(device(), 1);
  g.start();
  g.openQueue(0);
  g.mailbox(QM_MB_CMD.SQC_BT, 0, false, 0, 0);
  writeBack(g);
  expect(g.device.read32(0, 0x100008, g.nowNs)).toBe(2);
});

describe('a function-level reset', () => {
  test('costs its 100 ms and drops tasks, contexts, tables, mailbox and registers, but not the queues of the function', () => {
    const g = new Guest(device(), 1);
    g.start();
    g.openQueue(0);
    g.submit(0, [1, 2, 3]);
    g.write(0x34, 2);
    g.write(0x60, 1);
    g.send(QM_MB_CMD.PAUSE_QM, 0, false);
    g.device.resetFunction(1, g.nowNs);
    expect(g.device.costNs).toBe(100_000_000);
    expect(g.device.nextEventNs).toBe(Infinity);
    g.settle();
    expect(g.harvest(0)).toEqual([]);
    expect([0x34, 0x60, 0x300, 0x8000, 0x8004, 0x208].map((r) => g.read(r))).toEqual([0, 0, 0, 0, 0, 0]);
    g.device.write32(0, 0x100000, 0xffffffff, g.nowNs);
    g.mailbox(QM_MB_CMD.SQC_BT, 0, true);
    expect([g.read(0x304), g.read(0x308)]).toEqual([0, 0]);
    g.mailbox(QM_MB_CMD.SQC_VFT_V2, 0, true);
    expect(((g.read(0x308) >>> 13) & 0x3ff) + 1).toBe(4);
    g.start();
    g.openQueue(0);
    g.submit(0, [7]);
    g.settle();
    expect(g.memory.u32[g.cqAddress(0) / 4 + 1]! & 0xffff).toBe(7);
  });

  test('lets the tasks of other functions and their waiting commands continue', () => {
    const on = device();
    const a = new Guest(on, 1);
    const b = new Guest(on, 2);
    b.start();
    b.openQueue(0);
    a.nowNs = b.nowNs;
    b.submit(0, [1]);
    a.send(QM_MB_CMD.PAUSE_QM, 0, false);
    b.send(QM_MB_CMD.SQC_BT, 0, true);
    on.resetFunction(1, a.nowNs);
    b.settle();
    expect(b.read(0x300) & 0x2000).toBe(0);
    expect(b.harvest(0)).toHaveLength(1);
  });
});

/** One stretch of a guest's life: tasks for each queue, then some time, then a move to another device. */
const STRETCH = fc.record({
  tasks: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
  runNs: fc.integer({ min: 0, max: 3 * SERVICE_NS }),
  servers: fc.integer({ min: 1, max: 5 }),
  inFlight: fc.constantFrom(...MODES),
});

test('whatever is submitted, and whenever it is moved on, each task completes once and in the order of its queue', () => {
  fc.assert(
    fc.property(fc.array(STRETCH, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 97 }), (life, salt) => {
      const queues = [0, 1, 2];
      const sent = [0, 0, 0];
      const seen: number[][] = [[], [], []];
      // Tasks of unequal length, so that later ones end before earlier ones.
      const serviceOf: Accelerator['taskServiceNs'] = (_fn, _queue, memory, at) =>
        100 + ((memory.u32[at / 4]! * salt * 131) % SERVICE_NS);
      let g: Guest | undefined;
      for (const { tasks, runNs, servers, inFlight } of life) {
        const on = device({ inFlight, engine: { servers, serviceNs: SERVICE_NS } });
        on.taskServiceNs = serviceOf;
        if (g === undefined) {
          g = new Guest(on, 1, 8);
          g.start();
          for (const queue of queues) g.openQueue(queue);
        } else {
          const source: Guest = g;
          source.mailbox(QM_MB_CMD.PAUSE_QM, 0, false);
          writeBack(source);
          g = move(source, on);
          for (const queue of queues) g.kick(queue);
        }
        for (const queue of queues) {
          for (let i = 0; i < tasks[queue]!; i++) {
            if (sent[queue]! - seen[queue]!.length < 7) g.submit(queue, [++sent[queue]!]);
          }
        }
        g.run(runNs);
        for (const queue of queues) seen[queue]!.push(...g.harvest(queue).map((c) => c.cmdId));
      }
      g!.settle();
      for (const queue of queues) seen[queue]!.push(...g!.harvest(queue).map((c) => c.cmdId));
      expect(seen).toEqual(sent.map((count) => Array.from({ length: count }, (_, i) => i + 1)));
    }),
    { numRuns: effort(40, 200, 10_000) },
  );
});
