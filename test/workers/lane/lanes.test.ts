import { afterEach, describe, expect, test } from 'vitest';

import { devicePingPong } from '../../../bench/measure/suites/ping-pong.ts';
import { QM_HW } from '../../../sim/abi/accelerators.ts';
import { QM_MB_CMD, mailboxWord } from '../../../sim/abi/mailbox.ts';
import { PF_REG, VF_REG } from '../../../sim/abi/registers.ts';
import { PF, VF } from '../../../sim/driver/port.ts';
import { type DeviceInit, DeviceService } from '../../../workers/threads/device-service.ts';
import { LaneBus } from '../../../workers/lane/lane-bus.ts';
import type { MapMemory } from '../../../workers/lane/map-memory.ts';
import { Lane, LanePort } from '../../../workers/lane/lane-port.ts';
import {
  createMap,
  describeLastAccess,
  LANE,
  LANES_MAX,
  laneStart,
  MAP,
  mapWords,
  RING_ENTRIES,
} from '../../../workers/lane/shared-map.ts';
import { waitForValue, waitingOf } from '../../../workers/lane/waiting.ts';
import { WorkerLost } from '../../../workers/pools/worker-lost.ts';
import { startWorker } from '../../../workers/pools/worker-url.ts';
import { builtModule } from '../../built.ts';
import { stating } from '../../stating.ts';

/** A register of a VF that keeps what is written. */
const SCRATCH = VF_REG.QM_PAGE_SIZE;
/** A register of the PF that keeps what is written. */
const PF_SCRATCH = PF_REG.QM_VFT_CFG_DATA_L;
const LIMIT_MS = 50;
/** Only against hanging. */
const AGES_MS = 600_000;

/** Serves by hand whenever its thread would wait for the device thread. */
class ServedLane extends Lane {
  private readonly service: DeviceService;

  constructor(map: MapMemory, service: DeviceService) {
    super(map, LIMIT_MS, waitingOf('wait'));
    this.service = service;
  }

  protected override sleepUntilConsumed(count: number): void {
    while (this.service.turn());
    super.sleepUntilConsumed(count);
  }
}

class Bench {
  readonly memory: MapMemory;
  readonly map: Int32Array;
  readonly init: DeviceInit;
  readonly service: DeviceService;

  constructor(vfCount = 2, hosts = 1) {
    this.memory = createMap(vfCount, hosts);
    this.map = mapWords(this.memory);
    this.init = {
      map: this.memory,
      hosts: Array.from({ length: hosts }, () => ({
        kind: 'zip',
        hardware: QM_HW.V3,
        vfCount,
        vft: [{ base: 64, num: 3 }],
        isolation: 0,
        inFlight: 'finish',
        engine: { servers: 1, serviceNs: 1_000 },
        memories: [],
      })),
    };
    this.service = new DeviceService(this.init);
  }

  port(lane: Lane, fn = 1, host = 0): LanePort {
    return new LanePort(lane, host, fn);
  }

  /** A port whose waits are served on this thread. */
  served(fn = 1, host = 0): LanePort {
    return this.port(new ServedLane(this.memory, this.service), fn, host);
  }

  word(lane: Lane, word: number): number {
    return Atomics.load(this.map, lane.start + word);
  }

  /** What the device has in a VF's scratch register. */
  scratch(fn = 1, host = 0): number {
    return this.service.devices[host]!.vfWords(fn)[SCRATCH / 4]!;
  }
}

/** Lets a lane and its server count on from a number of accesses that nobody has the time to make. */
function countFrom(bench: Bench, lane: Lane, count: number): void {
  Object.assign(lane, { produced: count | 0, consumed: count | 0 });
  const { consumed } = bench.service as unknown as { readonly consumed: Int32Array };
  consumed[lane.index] = count;
  bench.map[lane.start + LANE.produced] = count;
  bench.map[lane.start + LANE.consumed] = count;
}

describe('a write', () => {
  test('is posted: it returns before the device has seen it', () => {
    const bench = new Bench();
    bench.port(new Lane(bench.memory, LIMIT_MS)).write32(VF, SCRATCH, 7);
    expect(bench.scratch()).toBe(0);
    bench.service.turn();
    expect(bench.scratch()).toBe(7);
  });

  test('goes to the function and the host that the port is of', () => {
    const bench = new Bench(2, 2);
    const lane = new ServedLane(bench.memory, bench.service);
    bench.port(lane, 2, 1).write32(VF, SCRATCH, 5);
    lane.flush();
    expect([0, 1].map((host) => [1, 2].map((fn) => bench.scratch(fn, host)))).toEqual([
      [0, 0],
      [0, 5],
    ]);
  });

  test('takes effect in the order of its lane', () => {
    const bench = new Bench();
    const port = bench.port(new Lane(bench.memory, LIMIT_MS));
    for (let value = 1; value <= 64; value++) port.write32(VF, SCRATCH, value);
    bench.service.turn();
    expect(bench.scratch()).toBe(64);
  });

  test('keeps all 32 bits', () => {
    const port = new Bench().served();
    port.write32(VF, SCRATCH, 0xfedcba98);
    expect(port.read32(VF, SCRATCH)).toBe(0xfedcba98);
    port.write32(PF, PF_SCRATCH, 0xffffffff);
    expect(port.read32(PF, PF_SCRATCH)).toBe(0xffffffff);
  });
});

describe('a read', () => {
  test('of the VF pushes the writes before it', () => {
    const port = new Bench().served();
    for (const value of [3, 1, 4]) {
      port.write32(VF, SCRATCH, value);
      expect(port.read32(VF, SCRATCH)).toBe(value);
    }
  });

  test('of the PF pushes the writes before it', () => {
    const port = new Bench().served();
    for (const value of [3, 1, 4]) {
      port.write32(PF, PF_SCRATCH, value);
      expect(port.read32(PF, PF_SCRATCH)).toBe(value);
    }
  });

  test('of the PF may be between any two posted accesses, any number of times', () => {
    const port = new Bench().served();
    for (let round = 1; round <= 300; round++) {
      port.write32(PF, PF_SCRATCH, round);
      port.write32(VF, SCRATCH, round);
      for (let again = 0; again <= round % 3; again++) expect(port.read32(PF, PF_SCRATCH)).toBe(round);
      expect(port.read32(VF, SCRATCH)).toBe(round);
    }
  });

  test('of the PF sees a fault from the time it is armed', () => {
    const bench = new Bench();
    const port = bench.served();
    expect(port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS)).toBe(0);
    bench.service.devices[0]!.faults.rasStatus(1 << 5);
    expect(port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS)).toBe(1 << 5);
  });

  test('of the VF costs no access when nothing is on its way', () => {
    const bench = new Bench();
    const lane = new Lane(bench.memory, LIMIT_MS);
    expect(bench.port(lane).read32(VF, VF_REG.QM_VF_STATE)).toBe(0);
    expect(bench.word(lane, LANE.produced)).toBe(0);
  });

  test('of 128 bits brings four words of one time', () => {
    const port = new Bench().served();
    // Without the busy bit the words lie there as they were written.
    port.write128(VF, VF_REG.QM_MB_CMD_SEND_BASE, 0x80000001, 0xfffffff2, 3, 0x80000004);
    port.read128(VF, VF_REG.QM_MB_CMD_SEND_BASE);
    expect([...port.wide]).toEqual([0x80000001, 0xfffffff2, 3, 0x80000004]);
  });

  test('answers each lane in its own reply words', () => {
    const bench = new Bench();
    const [a, b] = [new ServedLane(bench.memory, bench.service), new ServedLane(bench.memory, bench.service)];
    const [left, right] = [bench.port(a, 1), bench.port(b, 2)];
    left.write128(VF, VF_REG.QM_MB_CMD_SEND_BASE, 1, 11, 12, 13);
    right.write128(VF, VF_REG.QM_MB_CMD_SEND_BASE, 2, 21, 22, 23);
    left.read128(VF, VF_REG.QM_MB_CMD_SEND_BASE);
    right.read128(VF, VF_REG.QM_MB_CMD_SEND_BASE);
    expect([[...left.wide], [...right.wide]]).toEqual([
      [1, 11, 12, 13],
      [2, 21, 22, 23],
    ]);
    expect([0, 1, 2, 3].map((word) => a.reply(word))).toEqual([1, 11, 12, 13]);
  });
});

describe('a mailbox command', () => {
  test('is complete by the next read: in the real world it costs what it takes, no more', () => {
    const port = new Bench().served();
    port.write128(VF, VF_REG.QM_MB_CMD_SEND_BASE, mailboxWord(QM_MB_CMD.SQC_VFT_V2, 0, true), 0, 0, 0);
    port.read128(VF, VF_REG.QM_MB_CMD_SEND_BASE);
    expect(port.wide[0]! & 0x2000).toBe(0);
    // Queues 64 to 66: docs/device.md 5.
    expect([port.wide[1], port.wide[2]]).toEqual([0, 4 | (1 << 12) | (2 << 13)]);
  });

  test('of a guest says whether the device took it', () => {
    const bus = new LaneBus(new Bench().served());
    expect(bus.mailbox(QM_MB_CMD.SQC_BT, 0, 0x1000, 0)).toBe(true);
    expect(bus.mailbox(0x7f, 0, 0, 0)).toBe(false);
  });
});

test('user space reaches the BAR in pieces of 1, 2, 4 and 8 bytes', () => {
  const port = new Bench().served();
  const into = new Uint8Array(8);
  const at = VF_REG.QM_QUE_ISO_CFG_V;
  port.writeBar(at, 8, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  port.writeBar(at + 4, 4, Uint8Array.of(0x15, 0x16, 0x17, 0xf8));
  port.writeBar(at + 2, 2, Uint8Array.of(0x23, 0xf4));
  port.writeBar(at + 1, 1, Uint8Array.of(0x32));
  port.readBar(at, 8, into);
  expect([...into]).toEqual([1, 0x32, 0x23, 0xf4, 0x15, 0x16, 0x17, 0xf8]);
  port.readBar(at + 3, 1, into);
  port.readBar(at + 6, 2, into.subarray(2));
  expect([into[0], into[2], into[3]]).toEqual([0xf4, 0x17, 0xf8]);
});

test('a reset of the function travels in the order of its lane', () => {
  const bench = new Bench();
  const port = bench.served();
  port.write32(VF, SCRATCH, 9);
  port.resetFunction();
  expect(bench.scratch()).toBe(0);
  port.write32(VF, SCRATCH, 4);
  expect(port.read32(VF, SCRATCH)).toBe(4);
});

describe('the ring', () => {
  test('takes all its entries without anybody serving, and then makes the producer wait', () => {
    const bench = new Bench();
    const lane = new Lane(bench.memory, LIMIT_MS);
    const port = bench.port(lane);
    for (let value = 1; value <= RING_ENTRIES; value++) port.write32(VF, SCRATCH, value);
    expect(() => port.write32(VF, SCRATCH, 0)).toThrow(WorkerLost);
    expect(bench.word(lane, LANE.produced)).toBe(RING_ENTRIES);
    bench.service.turn();
    port.write32(VF, SCRATCH, 999);
    while (bench.service.turn());
    expect(bench.scratch()).toBe(999);
  });

  test('keeps the order over many laps', () => {
    const bench = new Bench();
    const lane = new Lane(bench.memory, LIMIT_MS);
    const port = bench.port(lane);
    for (let value = 1; value <= 10 * RING_ENTRIES + 3; value++) {
      port.write32(VF, SCRATCH, value);
      if (value % 200 === 0) while (bench.service.turn());
    }
    while (bench.service.turn());
    expect(bench.scratch()).toBe(10 * RING_ENTRIES + 3);
    expect(bench.word(lane, LANE.consumed)).toBe(10 * RING_ENTRIES + 3);
  });

  test.each([
    ['2^31', 0x7fff_ffff],
    ['2^32', 0xffff_ffff],
  ])('does not care that its counters wrap at %s', (_name, last) => {
    const bench = new Bench();
    const lane = new ServedLane(bench.memory, bench.service);
    const port = bench.port(lane);
    countFrom(bench, lane, (last - 300) | 0);
    for (let value = 1; value <= 250; value++) port.write32(VF, SCRATCH, value);
    expect(port.read32(VF, SCRATCH)).toBe(250);
    for (let value = 1; value <= 250; value++) port.write32(PF, PF_SCRATCH, value);
    expect(port.read32(PF, PF_SCRATCH)).toBe(250);
    expect(bench.word(lane, LANE.produced)).toBe((last + 201) | 0);
    expect(bench.word(lane, LANE.consumed)).toBe((last + 201) | 0);
  });

  test.each([
    ['2^31', 0x7fff_ffff],
    ['2^32', 0xffff_ffff],
  ])('is full within a wrap at %s as it is anywhere', (_name, last) => {
    const bench = new Bench();
    const lane = new Lane(bench.memory, LIMIT_MS);
    const port = bench.port(lane);
    countFrom(bench, lane, (last - 100) | 0);
    for (let value = 1; value <= RING_ENTRIES; value++) port.write32(VF, SCRATCH, value);
    expect(() => port.write32(VF, SCRATCH, 0)).toThrow(WorkerLost);
    // A count before the wrap is no count beyond one that comes after it.
    expect(() => lane.flush()).toThrow(WorkerLost);
    while (bench.service.turn());
    lane.flush();
    expect(bench.scratch()).toBe(RING_ENTRIES);
  });
});

test('a lane that never stops asking does not keep another waiting', () => {
  const bench = new Bench();
  const [hot, other] = [new Lane(bench.memory, LIMIT_MS), new Lane(bench.memory, LIMIT_MS)];
  for (let round = 1; round <= 10; round++) {
    bench.port(hot, 1).write32(VF, SCRATCH, round);
    bench.service.turn();
  }
  bench.port(hot, 1).write32(VF, SCRATCH, 11);
  bench.port(other, 2).write32(VF, SCRATCH, 12);
  bench.service.turn();
  expect([1, 2].map((fn) => bench.scratch(fn))).toEqual([11, 12]);
});

test('lanes are served in turn: one that is full does not keep a short one waiting', () => {
  const bench = new Bench();
  const [long, short] = [new Lane(bench.memory, LIMIT_MS), new Lane(bench.memory, LIMIT_MS)];
  for (let value = 1; value <= RING_ENTRIES; value++) bench.port(long, 1).write32(VF, SCRATCH, value);
  bench.port(short, 2).write32(VF, SCRATCH, 5);
  expect(bench.service.turn()).toBe(true);
  expect(bench.word(short, LANE.consumed)).toBe(1);
  const served = bench.word(long, LANE.consumed);
  expect(served).toBeGreaterThan(0);
  expect(served).toBeLessThan(RING_ENTRIES);
  while (bench.service.turn());
  expect(bench.word(long, LANE.consumed)).toBe(RING_ENTRIES);
});

describe('who waits for a device thread that does not serve', () => {
  test('learns so within its limit, with the last access', () => {
    const bench = new Bench();
    const port = bench.port(new Lane(bench.memory, LIMIT_MS), 2);
    const startMs = performance.now();
    expect(() => port.read128(VF, VF_REG.QM_MB_CMD_SEND_BASE)).toThrow(
      new WorkerLost('device thread', '128-bit read of VF 2 at 0x300, host 0'),
    );
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(LIMIT_MS * 0.9);
    expect(tookMs).toBeLessThan(AGES_MS);
  });

  test.each([
    ['32-bit read of the PF at 0x100064, host 1', (port: LanePort) => void port.read32(PF, PF_SCRATCH)],
    ['32-bit write of VF 1 at 0x34, host 1', (port: LanePort) => port.write32(VF, SCRATCH, 1)],
    ['64-bit write of VF 1 at 0x1000, host 1', (port: LanePort) => port.write64(VF, 0x1000, 1, 2)],
    ['128-bit write of VF 1 at 0x300, host 1', (port: LanePort) => port.write128(VF, 0x300, 0, 0, 0, 0)],
    ['function reset of VF 1 at 0x0, host 1', (port: LanePort) => port.resetFunction()],
  ])('learns of a %s', (text, access) => {
    const bench = new Bench(2, 2);
    const lane = new Lane(bench.memory, LIMIT_MS);
    const port = bench.port(lane, 1, 1);
    expect(() => {
      access(port);
      lane.flush();
    }).toThrow(new WorkerLost('device thread', text));
  });

  test('is no longer marked as asleep afterwards, and may resume when it is served again', () => {
    const bench = new Bench();
    const lane = new Lane(bench.memory, LIMIT_MS);
    const port = bench.port(lane);
    expect(() => port.read32(PF, PF_SCRATCH)).toThrow(WorkerLost);
    expect(bench.word(lane, LANE.asleep)).toBe(0);
    port.write32(VF, SCRATCH, 3);
    while (bench.service.turn());
    expect(port.read32(VF, SCRATCH)).toBe(3);
  });
});

test('a lane that was never used says so', () => {
  const bench = new Bench();
  const lane = new Lane(bench.memory, LIMIT_MS);
  expect(describeLastAccess(bench.map, lane.index)).toBe('no access yet');
});

test('lanes do not share a word, and there are no more than the map has room for', () => {
  const bench = new Bench();
  const lanes = Array.from({ length: LANES_MAX }, () => new Lane(bench.memory, LIMIT_MS));
  expect(lanes.map(({ index }) => index)).toEqual(lanes.map((_, index) => index));
  lanes.forEach((lane, index) => bench.port(lane).write32(VF, SCRATCH, index + 1));
  expect(lanes.map(({ index }) => bench.map[laneStart(index) + LANE.produced])).toEqual(lanes.map(() => 1));
  expect(() => new Lane(bench.memory, LIMIT_MS)).toThrow(WorkerLost);
  while (bench.service.turn());
  expect(bench.scratch()).toBe(LANES_MAX);
});

describe('the bell', () => {
  test('rings for a device thread that sleeps, once per access', () => {
    const bench = new Bench();
    const port = bench.port(new Lane(bench.memory, LIMIT_MS));
    bench.map[MAP.serviceAsleep] = 1;
    port.write32(VF, SCRATCH, 1);
    port.write32(VF, SCRATCH, 2);
    expect(bench.map[MAP.wake]).toBe(2);
  });

  test('keeps still for one that is awake', () => {
    const bench = new Bench();
    bench.port(new Lane(bench.memory, LIMIT_MS)).write32(VF, SCRATCH, 1);
    expect(bench.map[MAP.wake]).toBe(0);
  });
});

test('a service that is asked to end says that it was ready, and ends', () => {
  const bench = new Bench();
  bench.map[MAP.stop] = 1;
  bench.service.run();
  expect(bench.map[MAP.ready]).toBe(1);
});

describe('a device thread', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  function start(bench: Bench): void {
    const worker = startWorker(builtModule('workers/threads/device-service'), 'device-thread', bench.init);
    ends.push(() => worker.terminate());
    expect(waitForValue(bench.map, MAP.ready, 1, AGES_MS)).toBe(true);
  }

  test('serves writes far beyond the ring, in order, before the read after them', () => {
    const bench = new Bench();
    start(bench);
    const port = bench.port(new Lane(bench.memory, AGES_MS));
    for (let round = 1; round <= 20; round++) {
      for (let value = 1; value <= 1_000; value++) port.write32(VF, SCRATCH, value * round);
      expect(port.read32(VF, SCRATCH)).toBe(1_000 * round);
    }
  });

  test('that went to sleep serves the next access, again and again', () => {
    const bench = new Bench();
    start(bench);
    const port = bench.port(new Lane(bench.memory, AGES_MS));
    for (let value = 1; value <= 10; value++) {
      // No bell rings when it goes to sleep, so poll.
      for (const deadlineMs = performance.now() + AGES_MS; Atomics.load(bench.map, MAP.serviceAsleep) !== 1;) {
        if (performance.now() > deadlineMs) throw new Error('the device thread never sleeps');
      }
      port.write32(PF, PF_SCRATCH, value);
      expect(port.read32(PF, PF_SCRATCH)).toBe(value);
    }
  });

  test('plays ping-pong with a lane on request, and serves what was posted meanwhile when it is over', () => {
    const bench = new Bench();
    start(bench);
    const lane = new Lane(bench.memory, AGES_MS);
    const port = bench.port(lane);
    for (const style of ['spin', 'spin-then-wait', 'wait'] as const) {
      const pingPong = devicePingPong(lane, waitingOf(style));
      pingPong.wake();
      for (let i = 0; i < 100; i++) pingPong.roundTrip();
      const other = bench.port(new Lane(bench.memory, AGES_MS));
      other.write32(PF, PF_SCRATCH, 7);
      pingPong.roundTrip();
      expect(bench.word(lane, LANE.consumed)).toBe(bench.word(lane, LANE.produced) - 1);
      pingPong.rest();
      expect(other.read32(PF, PF_SCRATCH)).toBe(7);
      port.write32(PF, PF_SCRATCH, 0);
      expect(port.read32(PF, PF_SCRATCH)).toBe(0);
    }
  });

  test('that is gone is missed by the next read, not by a write', async () => {
    const bench = new Bench();
    start(bench);
    expect(bench.port(new Lane(bench.memory, AGES_MS)).read32(PF, PF_SCRATCH)).toBe(0);
    for (const end of ends.splice(0)) await end();
    const port = bench.port(new Lane(bench.memory, LIMIT_MS));
    port.write32(PF, PF_SCRATCH, 1);
    expect(() => port.read32(PF, PF_SCRATCH)).toThrow(stating('worker', 'lost', '32-bit read', 'PF'));
  });
});
