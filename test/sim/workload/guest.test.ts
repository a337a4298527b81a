import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';
import { CompletionChecker } from '../../../sim/workload/checker.ts';
import type { ViolationKind } from '../../../sim/workload/violations.ts';
import { Guest, sqePattern } from '../../../sim/workload/guest.ts';
import { QueueLayout, type QueueDepths } from '../../../sim/workload/layout.ts';
import { type Completion, FakeDevice } from './fake-device.ts';
import { effort } from '../../effort.ts';

const BASE = 0x12_3400_0000;
const TINY: QueueDepths = { sq: 4, cq: 4, eq: 4, aeq: 4 };

/** DMA address of an offset in hexadecimal, and its low word. */
function at(offset: number): string {
  return (BASE + offset).toString(16);
}

function low(offset: number): number {
  return 0x3400_0000 + offset;
}

interface World {
  readonly guest: Guest;
  readonly device: FakeDevice;
  readonly memory: GuestMemory;
  readonly layout: QueueLayout;
  readonly finished: number[];
}

function world(
  options: { queues?: number; depths?: Partial<QueueDepths>; shared?: boolean; start?: boolean } = {},
): World {
  const { queues = 2, depths = TINY, shared = false, start = true } = options;
  const layout = new QueueLayout({ kind: 'hpre', queuePairs: queues, dmaBase: BASE, depths });
  const buffer = shared ? new SharedArrayBuffer(layout.totalBytes) : new ArrayBuffer(layout.totalBytes);
  const memory = new GuestMemory(buffer, BASE);
  memory.u8.fill(0xff);
  const device = new FakeDevice(memory);
  const checker = new CompletionChecker(queues, layout.depths.sq);
  const finished: number[] = [];
  const guest = new Guest({ memory, layout, bus: device, checker, onCompletion: (queue) => finished.push(queue) });
  if (start && !guest.start()) throw new Error('the guest did not start');
  return { guest, device, memory, layout, finished };
}

/** Bounded, because a device stuck on a wrong phase sends an event for every re-arm. */
function pollAll(guest: Guest): void {
  for (let left = 200; left > 0 && guest.poll() > 0; left--);
}

describe('start', () => {
  test('touches the device in the documented order, access by access', () => {
    const { device, layout } = world();
    const buffer = layout.contextBufferOffset;
    expect(device.log).toEqual([
      `mb 2 0 ${at(buffer)}`,
      `mb 3 0 ${at(buffer + 32)}`,
      `mb 4 0 ${at(layout.sqcOffset)}`,
      `mb 5 0 ${at(layout.cqcOffset)}`,
      'w32 34 0',
      'db 2000 AEQ 0 0 0',
      'db 2000 EQ 0 0 0',
      'w32 c 0',
      'w32 4 0',
      'w32 60 0',
      `mb 0 0 ${at(buffer + 64)}`,
      `mb 1 0 ${at(buffer + 96)}`,
      `mb 0 1 ${at(buffer + 64)}`,
      `mb 1 1 ${at(buffer + 96)}`,
    ]);
  });

  test('hands over contexts with base, depth, entry size and phase', () => {
    const { device, layout, memory } = world({ depths: { ...TINY, sq: 8, cq: 16, eq: 32, aeq: 64 } });
    const view = new DataView(memory.u8.buffer, layout.contextBufferOffset);
    const words = (offset: number): number[] =>
      [0, 4, 8, 12, 16, 20, 24, 28].map((i) => view.getUint32(offset + i, true));
    expect(words(0)).toEqual([0, low(layout.eqOffset), 0x12, 0, 0, 0, 31 | 0x10000, 0]);
    expect(words(32)).toEqual([0, low(layout.aeqOffset), 0x12, 0, 0, 0, 63 | 0x10000, 0]);
    // Queue 1 came last: 64-byte SQEs are 6 << 12; cq_num 1, w13 orders 1; 16-byte CQEs are 4 << 12; dw6 = 3.
    expect(words(64)).toEqual([0, low(layout.sqOffset(1)), 0x12, 7 | (6 << 12), 0, 0, 1 | (0x10 << 16), 0]);
    expect(words(96)).toEqual([0, low(layout.cqOffset(1)), 0x12, 15 | (4 << 12), 0, 0, 3, 0]);
    expect(device.state.eq).toEqual({ base: layout.eqOffset, depth: 32, tail: 0, phase: 1 });
  });

  test('zeroes every ring and table', () => {
    const { layout, memory } = world();
    for (const { offset, bytes } of layout.sections) {
      expect(memory.u8.subarray(offset, offset + bytes).every((byte) => byte === 0)).toBe(true);
    }
  });

  test.each([0, 1, 2, 3, 4, 5])('ends at the failing mailbox command %i and takes no task then', (command) => {
    const { guest, device } = world({ start: false });
    device.failCommand.add(command);
    expect(guest.start()).toBe(false);
    expect(device.log.at(-1)).toMatch(new RegExp(`^mb ${command} 0 `));
    expect(guest.submit(0)).toBe(false);
    expect(guest.rejected[0]).toBe(1);
    expect(guest.finish()).toMatchObject({ ok: true, accepted: 0 });
  });

  test('is for once', () => {
    expect(() => world().guest.start()).toThrow('GUEST_STARTED_TWICE');
  });
});

describe('submit', () => {
  test('writes the SQE into the tail slot and rings the new tail', () => {
    const { guest, device, memory, layout } = world();
    device.log.length = 0;
    expect(guest.submit(1)).toBe(true);
    expect(guest.submit(1)).toBe(true);
    expect(device.log).toEqual(['db 1000 SQ 1 1 0', 'db 1000 SQ 1 2 0']);
    const view = new DataView(memory.u8.buffer, layout.sqOffset(1) + 64);
    const words = Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i, true));
    expect(words.slice(0, 2)).toEqual([1, 1]);
    expect(words.slice(2)).toEqual(Array.from({ length: 14 }, (_, i) => sqePattern(1, 1, i + 2)));
  });

  test('refuses at depth - 1 outstanding, writes nothing, and takes tasks again after a completion', () => {
    const { guest, device } = world();
    for (let i = 0; i < 3; i++) expect(guest.submit(0)).toBe(true);
    device.log.length = 0;
    expect(guest.submit(0)).toBe(false);
    expect(device.log).toEqual([]);
    expect([guest.outstanding[0], guest.rejected[0], guest.accepted[0]]).toEqual([3, 1, 3]);
    expect(guest.submit(1)).toBe(true);
    device.run(0, 1);
    pollAll(guest);
    expect(guest.submit(0)).toBe(true);
    expect(guest.submit(0)).toBe(false);
  });

  test('the pattern differs between tasks, queues and words', () => {
    const seen = new Set<number>();
    for (let queue = 0; queue < 4; queue++) {
      for (let task = 0; task < 50; task++)
        for (let word = 2; word < 32; word++) seen.add(sqePattern(queue, task, word));
    }
    expect(seen.size).toBe(4 * 50 * 30);
  });
});

describe('completion', () => {
  test('acknowledges each CQE, re-arms each queue, and re-arms the interrupt first', () => {
    const { guest, device, finished } = world();
    guest.submit(1);
    guest.submit(1);
    guest.submit(0);
    device.runAll();
    device.log.length = 0;
    // EQ depth 4 gives batches of 4 / 2 - 1 = 1 event.
    expect(guest.onEqInterrupt()).toBe(1);
    expect(device.log).toEqual(['db 2000 EQ 0 1 0', 'db 1000 CQ 0 1 0', 'db 1000 CQ 0 1 1']);
    device.log.length = 0;
    expect(guest.poll()).toBe(1);
    expect(device.log).toEqual(['db 2000 EQ 0 2 0', 'db 1000 CQ 1 1 0', 'db 1000 CQ 1 2 0', 'db 1000 CQ 1 2 1']);
    expect(finished).toEqual([0, 1, 1]);
    expect([...guest.completed]).toEqual([1, 2]);
  });

  test('drains at most half the event queue less one per interrupt', () => {
    const { guest, device } = world({ queues: 12, depths: { ...TINY, eq: 16 } });
    for (let queue = 0; queue < 12; queue++) guest.submit(queue);
    device.runAll();
    expect([guest.onEqInterrupt(), guest.onEqInterrupt(), guest.onEqInterrupt()]).toEqual([7, 5, 0]);
    expect(guest.totalCompleted()).toBe(12);
  });

  test('an interrupt without an event is counted and the doorbell rung; a poll without one does nothing', () => {
    const { guest, device } = world();
    device.log.length = 0;
    expect(guest.poll()).toBe(0);
    expect(device.log).toEqual([]);
    expect(guest.onEqInterrupt()).toBe(0);
    expect(device.log).toEqual(['db 2000 EQ 0 0 0']);
    expect(guest.spuriousInterrupts).toBe(1);
  });

  test('an event for a queue that the function has not is ignored and counted', () => {
    const { guest, device, memory, layout } = world();
    memory.u32[layout.eqOffset >>> 2] = 7 | 0x10000;
    device.log.length = 0;
    expect(guest.poll()).toBe(1);
    expect(guest.strayEvents).toBe(1);
    expect(device.log).toEqual(['db 2000 EQ 0 1 0']);
  });

  test.each([false, true])('rings of depth 4 wrap a hundred times without a loss (shared memory: %s)', (shared) => {
    const { guest, device } = world({ shared });
    for (let round = 0; round < 400; round++) {
      expect(guest.submit(0)).toBe(true);
      if (round % 3 === 0) guest.submit(1);
      device.runAll();
      pollAll(guest);
    }
    expect(guest.finish()).toMatchObject({ ok: true, accepted: 534, completed: 534 });
  });

  test('rings whose depths are no powers of two wrap as well', () => {
    const { guest, device } = world({ depths: { sq: 5, cq: 7, eq: 6, aeq: 4 } });
    for (let round = 0; round < 100; round++) {
      while (guest.submit(0));
      device.runAll();
      pollAll(guest);
    }
    expect(guest.finish()).toMatchObject({ ok: true, completed: 400 });
  });

  test('any interleaving of submits, work and polls loses nothing', () => {
    const step = fc.record({ what: fc.constantFrom('submit', 'run', 'poll', 'interrupt'), queue: fc.nat({ max: 2 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (script) => {
        const { guest, device } = world({ queues: 3 });
        let taken = 0;
        for (const { what, queue } of script) {
          if (what === 'submit') taken += guest.submit(queue) ? 1 : 0;
          else if (what === 'run') device.run(queue, 1);
          else if (what === 'poll') guest.poll();
          else guest.onEqInterrupt();
        }
        expect(guest.finish(false)).toMatchObject({ ok: true, accepted: taken });
        device.runAll();
        pollAll(guest);
        expect(guest.finish()).toMatchObject({ ok: true, completed: taken, outstanding: 0 });
      }),
      { numRuns: effort(50, 200, 10_000) },
    );
  });
});

describe('closed loop', () => {
  test('fills every queue, follows each completion with a task, and runs out when switched off', () => {
    const { guest, device } = world({ depths: { ...TINY, eq: 16 } });
    guest.keepInFlight(3);
    expect([...guest.outstanding]).toEqual([3, 3]);
    for (let round = 1; round <= 20; round++) {
      device.runAll();
      pollAll(guest);
      expect([...guest.outstanding]).toEqual([3, 3]);
      expect([...guest.completed]).toEqual([3 * round, 3 * round]);
    }
    guest.keepInFlight(0);
    device.runAll();
    pollAll(guest);
    expect(guest.finish()).toMatchObject({ ok: true, accepted: 126, completed: 126 });
    expect(guest.totalRejected()).toBe(0);
  });

  test('cannot keep more in flight than the ring holds', () => {
    expect(() => world().guest.keepInFlight(4)).toThrow('GUEST_IN_FLIGHT');
  });
});

describe('stop', () => {
  test('stops every queue, takes what is complete, masks, and says not ready', () => {
    const { guest, device } = world();
    guest.submit(0);
    device.run(0);
    device.log.length = 0;
    expect(guest.stop()).toBe(0);
    expect(device.log).toEqual([
      'mb 8 0 0',
      'mb 8 1 0',
      'db 2000 EQ 0 1 0',
      'db 1000 CQ 0 1 0',
      'db 1000 CQ 0 1 1',
      'w32 c 1',
      'w32 4 1',
      'w32 60 1',
    ]);
    expect(guest.submit(0)).toBe(false);
    expect(guest.finish()).toMatchObject({ ok: true, completed: 1 });
  });

  test('ends the closed loop', () => {
    const { guest, device } = world();
    guest.keepInFlight(2);
    device.runAll();
    guest.stop();
    expect(guest.finish()).toMatchObject({ ok: true, accepted: 4, completed: 4 });
  });

  test('continues past a queue that does not stop', () => {
    const { guest, device } = world();
    device.failCommand.add(8);
    expect(guest.stop()).toBe(2);
    expect(device.log.at(-1)).toBe('w32 60 1');
  });
});

describe('a move', () => {
  test('with tasks in flight at any point of the rings goes unnoticed', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 20 }),
        fc.nat({ max: 3 }),
        fc.nat({ max: 3 }),
        fc.boolean(),
        (warm, submit, run, poll) => {
          const { guest, device, memory, layout } = world();
          for (let i = 0; i < warm; i++) {
            guest.submit(i % 2);
            device.runAll();
            pollAll(guest);
          }
          for (let i = 0; i < submit; i++) guest.submit(0);
          device.run(0, run);
          if (poll) guest.poll();

          const there = new GuestMemory(new ArrayBuffer(layout.totalBytes), BASE);
          for (const { offset, bytes } of layout.sections) {
            there.u8.set(memory.u8.subarray(offset, offset + bytes), offset);
          }
          const target = new FakeDevice(there);
          device.moveTo(target);
          memory.u8.fill(0xee);
          guest.moveTo(there, target);

          for (let i = 0; i < 9; i++) {
            guest.submit(1);
            target.runAll();
            pollAll(guest);
          }
          expect(guest.finish()).toMatchObject({ ok: true, accepted: warm + submit + 9, completed: warm + submit + 9 });
        },
      ),
    );
  });

  test('to other addresses is our mistake', () => {
    const { guest, device, layout } = world();
    const other = new GuestMemory(new ArrayBuffer(layout.totalBytes), 0x1000);
    expect(() => guest.moveTo(other, device)).toThrow('GUEST_MOVED_BASE');
  });
});

/** Runs 14 tasks in one queue of depth 4, with the fault on the task of that number. Three in flight at a time. */
function planted(faultyTask: number, fault: (c: Completion) => readonly Completion[]): readonly ViolationKind[] {
  const { guest, device } = world({ queues: 1, depths: { sq: 4, cq: 8, eq: 16, aeq: 4 } });
  device.tamper = (completion) => (completion.cmdId === faultyTask ? fault(completion) : [completion]);
  for (let task = 0; task < 14; task++) {
    guest.submit(0);
    if (task % 3 === 2) {
      device.runAll();
      pollAll(guest);
    }
  }
  device.runAll();
  pollAll(guest);
  const report = guest.finish();
  expect(report.ok).toBe(false);
  return report.violations.map(({ kind }) => kind);
}

describe('a planted fault is found', () => {
  test.each([0, 5, 9])('a completion of task %i that never comes', (task) => {
    expect(planted(task, () => [])).toEqual(['lost']);
  });

  test.each([0, 5, 9])('a completion of task %i that comes twice', (task) => {
    expect(planted(task, (c) => [c, c])).toEqual(['duplicate']);
  });

  test('completions in the wrong order', () => {
    const held: Completion[] = [];
    const { guest, device } = world({ queues: 1 });
    device.tamper = (c) => {
      if (c.cmdId !== 1) return [c, ...held.splice(0)];
      held.push(c);
      return [];
    };
    for (let i = 0; i < 3; i++) guest.submit(0);
    device.runAll();
    pollAll(guest);
    const report = guest.finish();
    expect(report.violations).toEqual([{ kind: 'outOfOrder', queue: 0, task: 1, expected: 3, seen: 1 }]);
    expect(report.lostTasks).toBe(0);
  });

  test.each([1, 5, 9])('a completion of task %i with the wrong phase', (task) => {
    const kinds = planted(task, (c) => [{ ...c, phase: 1 }]);
    expect(kinds[0]).toBe('wrongPhase');
    expect(kinds).toContain('lost');
  });

  test("a completion with another queue's number", () => {
    expect(planted(5, (c) => [{ ...c, sqNum: 1 }])).toEqual(['wrongQueue']);
  });

  test('a completion from another slot', () => {
    expect(planted(5, (c) => [{ ...c, sqHead: c.sqHead ^ 1 }])).toEqual(['wrongSlot']);
  });

  test('a completion with a number nobody gave', () => {
    const kinds = planted(5, (c) => [{ ...c, cmdId: 0x4000 }]);
    expect(kinds.toSorted()).toEqual(['lost', 'unexpected']);
  });

  test.each(['no event', 'an event of the wrong phase'])('a completion with %s', (how) => {
    const { guest, device } = world({ queues: 1 });
    if (how === 'no event') device.eventFor = () => false;
    else device.eventPhaseFlip = 1;
    guest.submit(0);
    device.runAll();
    pollAll(guest);
    const report = guest.finish();
    expect(report.violations.map(({ kind }) => kind)).toEqual(['missedEvent', 'lost']);
  });

  test('a ring that the destination starts again with phase 1', () => {
    const { guest, device } = world({ queues: 1 });
    for (let i = 0; i < 5; i++) {
      guest.submit(0);
      device.runAll();
      pollAll(guest);
    }
    device.state.queues.get(0)!.cqPhase = 1;
    guest.submit(0);
    device.runAll();
    pollAll(guest);
    expect(guest.finish().violations.map(({ kind }) => kind)).toEqual(['wrongPhase', 'lost']);
    expect(guest.emptyEvents).toBeGreaterThan(100);
  });

  test('a device stuck on a wrong phase does not keep the guest from stopping', () => {
    const { guest, device } = world({ queues: 1 });
    device.tamper = (c) => [{ ...c, phase: 1 }];
    guest.submit(0);
    device.runAll();
    expect(guest.stop()).toBe(0);
    expect(device.log.at(-1)).toBe('w32 60 1');
  });

  test('ring contents that did not travel', () => {
    const { guest, device, layout } = world({ queues: 1 });
    guest.submit(0);
    device.run(0);
    const empty = new GuestMemory(new ArrayBuffer(layout.totalBytes), BASE);
    const target = new FakeDevice(empty);
    device.moveTo(target);
    guest.moveTo(empty, target);
    pollAll(guest);
    expect(guest.finish()).toMatchObject({ ok: false, lostTasks: 1 });
  });
});
