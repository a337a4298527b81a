import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { QM_HW } from '../../../sim/abi/accelerators.ts';
import { GuestMemory } from '../../../sim/device/guest-memory.ts';
import { CompletionChecker } from '../../../sim/workload/checker.ts';
import { Guest } from '../../../sim/workload/guest.ts';
import { QueueLayout } from '../../../sim/workload/layout.ts';
import { DeviceService } from '../../../workers/threads/device-service.ts';
import {
  createRingMarks,
  DirtyRings,
  dirtyRunsMax,
  RING_MARK,
  RingMarks,
  RUN_ALIGN,
} from '../../../workers/lane/dirty-rings.ts';
import { LaneBus } from '../../../workers/lane/lane-bus.ts';
import { Lane, LanePort } from '../../../workers/lane/lane-port.ts';
import { createMap, RING_ENTRIES } from '../../../workers/lane/shared-map.ts';
import { waitingOf } from '../../../workers/lane/waiting.ts';
import { effort } from '../../effort.ts';

const QUEUE_PAIRS = 3;
const DMA_BASE = 0x1000_0000;
const LAYOUT = new QueueLayout({ kind: 'zip', queuePairs: QUEUE_PAIRS, dmaBase: DMA_BASE });

/** A guest and its device on this thread; the device works whenever the guest would wait, and on request. */
class Rig {
  readonly memory = new SharedArrayBuffer(LAYOUT.totalBytes);
  readonly bytes = new Uint8Array(this.memory);
  readonly marks = createRingMarks(QUEUE_PAIRS);
  readonly guest: Guest;
  readonly service: DeviceService;

  constructor() {
    const map = createMap(1);
    const service = new DeviceService({
      map,
      hosts: [
        {
          kind: 'zip',
          hardware: QM_HW.V3,
          vfCount: 1,
          vft: [{ base: 64, num: QUEUE_PAIRS }],
          isolation: 0,
          inFlight: 'finish',
          engine: { servers: 2, serviceNs: 1 },
          memories: [{ fn: 1, buffer: this.memory, dmaBase: DMA_BASE }],
        },
      ],
    });
    class ServedLane extends Lane {
      private posts = 0;

      /** Posting waits where the ring is full; the device is served before. */
      override post(...access: Parameters<Lane['post']>): void {
        if (++this.posts % (RING_ENTRIES / 2) === 0) this.flush();
        super.post(...access);
      }

      protected override sleepUntilConsumed(count: number): void {
        while (service.turn());
        super.sleepUntilConsumed(count);
      }
    }
    this.service = service;
    const lane = new ServedLane(map, 10_000, waitingOf('wait'));
    this.guest = new Guest({
      memory: new GuestMemory(this.memory, DMA_BASE),
      layout: LAYOUT,
      bus: new LaneBus(new LanePort(lane, 0, 1), new RingMarks(this.marks, LAYOUT)),
      checker: new CompletionChecker(QUEUE_PAIRS, LAYOUT.depths.sq),
    });
    if (!this.guest.start()) throw new Error('the guest did not start');
  }

  /** The device does what it has. */
  serve(): void {
    while (this.service.turn());
  }
}

function copyRuns(dirty: DirtyRings, from: Uint8Array, into: Uint8Array): void {
  for (let run = 0; run < dirty.runs; run++) {
    const offset = dirty.offsets[run]!;
    into.set(from.subarray(offset, offset + dirty.lengths[run]!), offset);
  }
}

/** What may happen between two iterations, and while one is copied. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('submit' as const),
    queue: fc.nat(QUEUE_PAIRS - 1),
    tasks: fc.integer({ min: 1, max: 700 }),
  }),
  fc.constant({ kind: 'serve' as const }),
  fc.constant({ kind: 'poll' as const }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function play(rig: Rig, steps: readonly Step[]): void {
  for (const what of steps) {
    if (what.kind === 'serve') rig.serve();
    else if (what.kind === 'poll') rig.guest.poll();
    else for (let i = 0; i < what.tasks; i++) rig.guest.submit(what.queue);
  }
}

test('iterations that carry only what is found dirty leave the same bytes at the other side, whatever the guest does', () => {
  const iterations = fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(iterations, (script) => {
      const rig = new Rig();
      const there = new Uint8Array(LAYOUT.totalBytes).fill(0xee);
      const dirty = new DirtyRings(rig.marks, LAYOUT);
      for (const steps of script) {
        dirty.sync();
        // Half of what happens is done before the copy, half after it: a guest does not wait for an iteration.
        play(rig, steps.slice(0, steps.length / 2));
        copyRuns(dirty, rig.bytes, there);
        play(rig, steps.slice(steps.length / 2));
      }
      rig.serve();
      dirty.sync();
      copyRuns(dirty, rig.bytes, there);
      const end = LAYOUT.contextBufferOffset;
      expect(Buffer.compare(there.subarray(0, end), rig.bytes.subarray(0, end))).toBe(0);
    }),
    { numRuns: effort(20, 60, 2_000) },
  );
});

test('the first pass finds everything, the next one what stands before the rings', () => {
  const rig = new Rig();
  const dirty = new DirtyRings(rig.marks, LAYOUT);
  dirty.sync();
  expect([dirty.runs, dirty.offsets[0], dirty.bytes]).toEqual([1, 0, LAYOUT.contextBufferOffset]);
  expect(dirty.wholeBytes).toBe(dirty.bytes);
  dirty.sync();
  expect([dirty.runs, dirty.offsets[0], dirty.bytes]).toEqual([1, 0, LAYOUT.queuesOffset]);
});

test('a task makes its own entry dirty and the place of its completion, in whole cache lines', () => {
  const rig = new Rig();
  const dirty = new DirtyRings(rig.marks, LAYOUT);
  dirty.sync();
  rig.guest.submit(1);
  rig.guest.submit(1);
  dirty.sync();
  const runs = Array.from({ length: dirty.runs }, (_, run) => [dirty.offsets[run], dirty.lengths[run]]);
  expect(runs).toEqual([
    [0, LAYOUT.queuesOffset],
    [LAYOUT.sqOffset(1), 2 * LAYOUT.sqeBytes],
    [LAYOUT.cqOffset(1), RUN_ALIGN],
  ]);
});

test('a ring that went around is dirty as a whole; one that only wrapped at both ends', () => {
  const marks = createRingMarks(QUEUE_PAIRS);
  const words = new Int32Array(marks);
  const dirty = new DirtyRings(marks, LAYOUT);
  const set = (queue: number, given: number, taken: number): void => {
    words[queue * RING_MARK.words + RING_MARK.given] = given;
    words[queue * RING_MARK.words + RING_MARK.taken] = taken;
  };
  set(0, 1000, 1000);
  dirty.sync();
  set(0, 1050, 1050);
  set(2, 5000, 5000);
  dirty.sync();
  const bytes = LAYOUT.sqeBytes;
  const runs = Array.from({ length: dirty.runs }, (_, run) => [dirty.offsets[run], dirty.lengths[run]]);
  expect(runs).toEqual([
    // The first ring starts where the parts before it end, and the CQ starts where the SQ ends: one run each.
    [0, LAYOUT.queuesOffset + 26 * bytes],
    [LAYOUT.sqOffset(0) + 1000 * bytes, 24 * bytes + 448],
    [LAYOUT.cqOffset(0) + 16_000, 384],
    [LAYOUT.sqOffset(2), LAYOUT.queueStride],
  ]);
  expect(dirty.runs).toBeLessThanOrEqual(dirtyRunsMax(QUEUE_PAIRS));
});
