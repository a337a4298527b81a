import loadWabt from 'wabt';
import { describe, expect, test } from 'vitest';

import { QM_HW } from '../../../sim/abi/accelerators.ts';
import { PF_REG, VF_REG } from '../../../sim/abi/registers.ts';
import { Accelerator } from '../../../sim/device/accelerator.ts';
import { FUNCTION_WORDS, PF_PAGES_MAX } from '../../../sim/device/register-file.ts';
import { LANE_CODE_BINARY } from '../../../workers/lane/code/binary.ts';
import { FOUND, type LaneCode, laneCodeOf } from '../../../workers/lane/code/code.ts';
import type { MapMemory } from '../../../workers/lane/map-memory.ts';
import { LANE_CODE_TEXT } from '../../../workers/lane/code/text.ts';
import {
  ANSWER_WORDS,
  answersStart,
  createMap,
  LANE,
  laneStart,
  MAP,
  mapWords,
  markedWord,
  OPERATION,
  operationWord,
  registerWords,
} from '../../../workers/lane/shared-map.ts';

test('the binary is made of the text', async () => {
  const wabt = await loadWabt();
  const { buffer } = wabt.parseWat('text.ts', LANE_CODE_TEXT, { threads: true }).toBinary({});
  expect(Buffer.from(buffer).toString('base64'), 'run `npm run lane-code`').toBe(LANE_CODE_BINARY);
});

const READ_PF = operationWord(OPERATION.read32, 0, 0);
/** A register of the PF that keeps what is written. */
const SCRATCH = PF_REG.QM_VFT_CFG_DATA_L;

/** A map with two hosts, whose devices nobody serves but the code. */
class Bench {
  readonly memory: MapMemory = createMap(1, 2);
  readonly map: Int32Array = mapWords(this.memory);
  readonly code: LaneCode = laneCodeOf(this.memory);
  readonly devices: readonly Accelerator[] = [0, 1].map((host) => {
    const registers = registerWords(this.memory, host, 2);
    const device = new Accelerator({ kind: 'zip', hardware: QM_HW.V3, vfCount: 1, registers });
    const start = answersStart(this.memory, host);
    device.pf.describePlainReads(
      new Uint8Array(this.memory.buffer, start + ANSWER_WORDS.slots, PF_PAGES_MAX),
      new Uint8Array(this.memory.buffer, start + ANSWER_WORDS.plain, FUNCTION_WORDS),
    );
    this.map[MAP.answers + host] = start;
    return device;
  });

  word(lane: number, word: number): number {
    return this.map[laneStart(lane) + word]!;
  }

  /** Puts an access before the device thread, as a lane that has made `count` of them with this one. */
  put(lane: number, operation: number, offset: number, count: number): void {
    const start = laneStart(lane);
    this.map[start + LANE.lastOperation] = markedWord(operation, count);
    this.map[start + LANE.lastOffset] = offset;
    this.map[start + LANE.produced] = count;
  }

  /** The accesses of a lane that are done, where both who asks and who answers keep them. */
  done(lane: number): readonly [number, number] {
    return [this.word(lane, LANE.consumed), this.map[MAP.consumed + lane]!];
  }

  /** The answer to one read, or null when the device has to be asked. */
  read(offset: number, operation: number = READ_PF): number | null {
    const count = (this.word(0, LANE.produced) + 1) | 0;
    this.map[MAP.consumed] = count - 1;
    this.put(0, operation, offset, count);
    return this.code.serve(1, 1) === FOUND.answered ? this.word(0, LANE.reply) >>> 0 : null;
  }
}

describe("the device thread's end", () => {
  test("answers as the device does, wherever the PF's BAR2 is read", () => {
    const bench = new Bench();
    const device = bench.devices[0]!;
    const offsets = [0, 1, 2, 3, 0x100, 0x104, 0x300, 0x301, 0x331].flatMap((page) =>
      Array.from({ length: 1024 }, (_, word) => page * 4096 + 4 * word),
    );
    for (const [index, offset] of offsets.entries()) device.write32(0, offset, 0x9e3779b1 * (index + 1), 0);
    const beyond = [0x4000, 0xff000, 0x101000, 0x302000, 0x332000, 0x3ffffc, 0x400000, 0x7ffffffc, -4];
    let answered = 0;
    for (const offset of [...offsets, ...beyond]) {
      const answer = bench.read(offset);
      if (answer === null) continue;
      answered += 1;
      expect([offset, answer]).toEqual([offset, device.read32(0, offset, 0)]);
    }
    // All but those whose value is kept elsewhere.
    expect(answered).toBe(offsets.length - 8);
    expect(bench.read(PF_REG.QM_IN_IDLE_ST)).toBe(null);
    expect(beyond.map((offset) => bench.read(offset))).toEqual(beyond.map(() => null));
  });

  test('answers for the host that is asked', () => {
    const bench = new Bench();
    for (const [host, device] of bench.devices.entries()) device.write32(0, SCRATCH, 70 + host, 0);
    expect([0, 1].map((host) => bench.read(SCRATCH, operationWord(OPERATION.read32, 0, host)))).toEqual([70, 71]);
  });

  test.each([
    ['a read of a VF', operationWord(OPERATION.read32, 1, 0)],
    ['a write', operationWord(OPERATION.write32, 0, 0)],
    ['a clock read', operationWord(OPERATION.clock, 0, 0)],
    ['a host without a device', operationWord(OPERATION.read32, 0, 2)],
    ['a host beyond all', operationWord(OPERATION.read32, 0, 255)],
  ])('leaves %s to the device, undone', (_what, operation) => {
    const bench = new Bench();
    bench.put(0, operation, SCRATCH, 1);
    expect(bench.code.serve(1, 5)).toBe(0);
    expect(bench.done(0)).toEqual([0, 0]);
  });

  test('leaves a read to the device that asks to be asked', () => {
    const bench = new Bench();
    bench.map[MAP.answers] = 0;
    expect(bench.read(SCRATCH)).toBe(null);
  });

  test('leaves a read that is not alone, or whose word is of a later access', () => {
    const bench = new Bench();
    bench.put(0, READ_PF, SCRATCH, 2);
    expect(bench.code.serve(1, 1)).toBe(0);
    bench.put(0, READ_PF, SCRATCH, 2);
    bench.map[laneStart(0) + LANE.produced] = 1;
    expect(bench.code.serve(1, 1)).toBe(0);
    expect(bench.done(0)).toEqual([0, 0]);
  });

  test('finds nothing where nothing is, in as many passes as it is given', () => {
    const bench = new Bench();
    expect(bench.code.serve(0, 1)).toBe(FOUND.nothing);
    expect(bench.code.serve(3, 1_000)).toBe(FOUND.nothing);
  });

  test('answers every lane, and returns the first that wants something else; then it continues with the next', () => {
    const bench = new Bench();
    const write = operationWord(OPERATION.write32, 1, 0);
    for (const lane of [0, 1, 3, 4]) bench.put(lane, lane === 1 || lane === 3 ? write : READ_PF, SCRATCH, 1);
    expect(bench.code.serve(5, 1)).toBe(1);
    expect([0, 1, 3, 4].map((lane) => bench.done(lane)[0])).toEqual([1, 0, 0, 0]);
    // Nobody has served lane 1: the others have their turn all the same.
    expect(bench.code.serve(5, 1)).toBe(3);
    expect(bench.code.serve(5, 1)).toBe(FOUND.answered);
    expect(bench.done(4)).toEqual([1, 1]);
    expect(bench.code.serve(5, 1)).toBe(1);
  });

  test('polls all lanes that it is given, and no other', () => {
    const bench = new Bench();
    bench.put(2, READ_PF, SCRATCH, 1);
    expect(bench.code.serve(2, 10)).toBe(FOUND.nothing);
    expect(bench.code.serve(3, 1)).toBe(FOUND.answered);
  });

  test.each([-1, 0x7fff_ffff])('counts on beyond %i', (count) => {
    const bench = new Bench();
    bench.map[MAP.consumed] = count;
    bench.put(0, READ_PF, SCRATCH, (count + 1) | 0);
    expect(bench.code.serve(1, 1)).toBe(FOUND.answered);
    expect(bench.done(0)).toEqual([(count + 1) | 0, (count + 1) | 0]);
  });
});

describe('the asking end', () => {
  const lane = laneStart(1);

  test('puts word, offset and count before the device thread, and gives up after so many polls', () => {
    const bench = new Bench();
    for (const looks of [0, 1, 1_000])
      expect(bench.code.ask(4 * lane, 0x0100_0001, VF_REG.QM_PAGE_SIZE, 7, looks)).toBe(0);
    const words = [LANE.produced, LANE.lastOperation, LANE.lastOffset].map((word) => bench.word(1, word));
    expect(words).toEqual([7, 0x0100_0001, VF_REG.QM_PAGE_SIZE]);
    expect(bench.map[MAP.wake]).toBe(0);
  });

  test('sees an answer that is there', () => {
    const bench = new Bench();
    bench.map[lane + LANE.consumed] = 9;
    expect(bench.code.ask(4 * lane, 1, 0, 9, 1)).toBe(1);
    expect(bench.code.ask(4 * lane, 1, 0, 10, 3)).toBe(0);
  });

  test('rings for a device thread that sleeps', () => {
    const bench = new Bench();
    bench.map[MAP.serviceAsleep] = 1;
    bench.code.ask(4 * lane, 1, 0, 1, 0);
    bench.code.ask(4 * lane, 1, 0, 2, 0);
    expect(bench.map[MAP.wake]).toBe(2);
  });
});
