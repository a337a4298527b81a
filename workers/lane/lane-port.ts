/**
 * A thread's way to the device: the driver's register port, and the guest's bus, over one lane of the shared map.
 */
import { NS_PER_MS, NS_PER_US } from '../../sim/base/units.ts';
import { FUNCTION_WORDS } from '../../sim/device/register-file.ts';
import { BasePort } from '../../sim/driver/base-port.ts';
import { type FunctionSelect, PF, type PollSpec, VF } from '../../sim/driver/port.ts';
import type { BarPort } from '../../sim/vfio/bar-policy.ts';
import { type LaneCode, laneCodeOf } from './code/code.ts';
import type { MapMemory } from './map-memory.ts';
import {
  describeLastAccess,
  ENTRY,
  ENTRY_WORDS,
  LANE,
  LANES_MAX,
  laneStart,
  MAP,
  mapWords,
  markedWord,
  OPERATION,
  operationWord,
  registerWords,
  RING_ENTRIES,
} from './shared-map.ts';
import { type LaneWaiting, WAIT_LIMIT_MS, WAITING_DEFAULT } from './waiting.ts';
import { nowNs, spinNs } from '../wall-clock.ts';
import { WorkerLost } from '../pools/worker-lost.ts';

/** usleep_range((10 >> 2) + 1, 10) may return after this part of what it is given at most. */
const USLEEP_SHARE = 4;

/** One producer's side of a ring, shared by all ports of a thread. */
export class Lane {
  readonly memory: MapMemory;
  readonly map: Int32Array;
  readonly index: number;
  readonly start: number;
  /** How long an access may take before the device thread counts as lost, in ms. */
  readonly limitMs: number;
  private readonly waiting: LaneWaiting;
  private readonly code: LaneCode;
  /** How often it had to wait for the device thread; the same for the same calls, however long each wait was. */
  waits = 0;
  private produced = 0;
  /** Consumed as last seen; the real one may be further on. */
  private consumed = 0;

  constructor(memory: MapMemory, limitMs: number = WAIT_LIMIT_MS, waiting: LaneWaiting = WAITING_DEFAULT) {
    this.memory = memory;
    this.map = mapWords(memory);
    this.index = Atomics.add(this.map, MAP.lanesTaken, 1);
    if (this.index >= LANES_MAX) throw new WorkerLost('lanes', `all ${LANES_MAX} lanes are taken`);
    this.start = laneStart(this.index);
    this.limitMs = limitMs;
    this.waiting = waiting;
    this.code = laneCodeOf(memory);
  }

  /** Puts an access into the ring; waits only when the ring is full. */
  post(operation: number, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    const { map, start } = this;
    if (((this.produced - this.consumed) | 0) >= RING_ENTRIES)
      this.waitConsumed((this.produced - RING_ENTRIES + 1) | 0);
    const at = start + LANE.ring + (this.produced & (RING_ENTRIES - 1)) * ENTRY_WORDS;
    map[at + ENTRY.operation] = operation;
    map[at + ENTRY.offset] = offset;
    map[at + ENTRY.w0] = w0;
    map[at + ENTRY.w1] = w1;
    map[at + ENTRY.w2] = w2;
    map[at + ENTRY.w3] = w3;
    this.produced = (this.produced + 1) | 0;
    map[start + LANE.lastOperation] = markedWord(operation, this.produced);
    map[start + LANE.lastOffset] = offset;
    Atomics.store(map, start + LANE.produced, this.produced);
    if (Atomics.load(map, MAP.serviceAsleep) === 1) {
      Atomics.add(map, MAP.wake, 1);
      Atomics.notify(map, MAP.wake);
    }
  }

  /** A 32-bit read with its answer. Where nothing is in the ring it does not go there: one cache line says it all. */
  read32(operation: number, offset: number): number {
    if (this.consumed !== this.produced) {
      this.post(operation, offset, 0, 0, 0, 0);
      this.flush();
      return this.reply(0);
    }
    const count = (this.produced + 1) | 0;
    this.produced = count;
    this.waits += 1;
    if (this.code.ask(4 * this.start, markedWord(operation, count), offset, count, this.waiting.lanePolls) === 1) {
      this.consumed = count;
    } else {
      this.sleepUntilConsumed(count);
    }
    return this.reply(0);
  }

  /** Waits until everything posted is done. */
  flush(): void {
    if (this.consumed !== this.produced) this.waitConsumed(this.produced);
  }

  /** A word of the last answer. */
  reply(word: number): number {
    return this.map[this.start + LANE.reply + word]! >>> 0;
  }

  /** Waits until `consumed` has reached a count. */
  private waitConsumed(count: number): void {
    const { map, start } = this;
    const spinsMost = this.waiting.laneSpins;
    this.waits += 1;
    const at = start + LANE.consumed;
    for (let spins = 0; spins < spinsMost; spins++) {
      const seen = Atomics.load(map, at);
      if (((seen - count) | 0) >= 0) {
        this.consumed = seen;
        return;
      }
    }
    this.sleepUntilConsumed(count);
  }

  protected sleepUntilConsumed(count: number): void {
    const { map, start } = this;
    const at = start + LANE.consumed;
    const deadlineNs = nowNs() + this.limitMs * NS_PER_MS;
    Atomics.store(map, start + LANE.asleep, 1);
    for (;;) {
      const seen = Atomics.load(map, at);
      this.consumed = seen;
      if (((seen - count) | 0) >= 0) break;
      const leftMs = (deadlineNs - nowNs()) / NS_PER_MS;
      if (leftMs <= 0) {
        Atomics.store(map, start + LANE.asleep, 0);
        this.lastIntoRing();
        throw new WorkerLost('device thread', describeLastAccess(map, this.index));
      }
      Atomics.wait(map, at, seen, leftMs);
    }
    Atomics.store(map, start + LANE.asleep, 0);
  }

  /** After a wait that was given up more may be posted, and then the last access is not the only one in the ring. */
  private lastIntoRing(): void {
    const { map, start } = this;
    const at = start + LANE.ring + ((this.produced - 1) & (RING_ENTRIES - 1)) * ENTRY_WORDS;
    map[at + ENTRY.operation] = map[start + LANE.lastOperation]! & 0xff_ffff;
    map[at + ENTRY.offset] = map[start + LANE.lastOffset]!;
  }
}

/** The driver's port: registers of one VF, and of its PF, through a lane. */
export class LanePort extends BasePort implements BarPort {
  /** Sum of the driver's own waits (delays, sleeps, periods of polls), in ns. */
  passedNs = 0;
  /** The waits of polls, in ns, each counted in full; deadlines are judged by it. */
  private polledNs = 0;
  private readonly lane: Lane;
  private readonly host: number;
  private readonly fn: number;
  /** Operation word of a 32-bit read of the PF. */
  private readonly readOfPf: number;
  /** The VF's register file; the device thread writes it. */
  private readonly words: Uint32Array;

  /**
   * @param host index of the host in the device thread
   * @param functionNumber the VF's hardware function number, 1 to 63
   */
  constructor(lane: Lane, host: number, functionNumber: number) {
    super();
    this.lane = lane;
    this.host = host;
    this.fn = functionNumber;
    this.readOfPf = operationWord(OPERATION.read32, 0, host);
    this.words = registerWords(lane.memory, host, functionNumber + 1).subarray(functionNumber * FUNCTION_WORDS);
  }

  read32(fn: FunctionSelect, offset: number): number {
    if (fn === VF) {
      this.lane.flush();
      return this.words[offset >>> 2]!;
    }
    return this.lane.read32(this.readOfPf, offset);
  }

  write32(fn: FunctionSelect, offset: number, value: number): void {
    this.lane.post(this.operation(OPERATION.write32, fn), offset, value, 0, 0, 0);
  }

  override read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void {
    if (fn !== VF) return super.read32Row(fn, offset, into, at, count);
    // The lane is empty after the first wait, and stays so.
    this.lane.flush();
    const { words } = this;
    const first = offset >>> 2;
    for (let i = 0; i < count; i++) into[at + i] = words[first + i]!;
  }

  write64(fn: FunctionSelect, offset: number, low: number, high: number): void {
    this.lane.post(this.operation(OPERATION.write64, fn), offset, low, high, 0, 0);
  }

  read128(fn: FunctionSelect, offset: number): void {
    this.lane.post(this.operation(OPERATION.read128, fn), offset, 0, 0, 0, 0);
    this.lane.flush();
    for (let i = 0; i < 4; i++) this.wide[i] = this.lane.reply(i);
  }

  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void {
    this.lane.post(this.operation(OPERATION.write128, fn), offset, w0, w1, w2, w3);
  }

  /** Function-level reset of the VF. */
  resetFunction(): void {
    this.lane.post(operationWord(OPERATION.reset, this.fn, this.host), 0, 0, 0, 0, 0);
    this.lane.flush();
  }

  delayUs(us: number): void {
    this.pass(us * NS_PER_US);
  }

  sleepMs(ms: number): void {
    this.pass(ms * NS_PER_MS);
  }

  readBar(offset: number, width: number, into: Uint8Array): void {
    this.lane.flush();
    const bytes = new Uint8Array(this.words.buffer, this.words.byteOffset + offset, width);
    into.set(bytes);
  }

  writeBar(offset: number, width: number, from: Uint8Array): void {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < width; i++) view.setUint8(i, from[i]!);
    if (width === 8) {
      this.write64(VF, offset, view.getUint32(0, true), view.getUint32(4, true));
    } else if (width === 4) {
      this.write32(VF, offset, view.getUint32(0, true));
    } else {
      const aligned = offset & ~3;
      const shift = (offset & 3) * 8;
      const mask = (width === 1 ? 0xff : 0xffff) << shift;
      const low = view.getUint32(0, true);
      this.write32(VF, aligned, ((this.read32(VF, aligned) & ~mask) | (low << shift)) >>> 0);
    }
  }

  protected pollClockNs(): number {
    return this.polledNs;
  }

  protected pollSleep(spec: PollSpec, isFirst: boolean): void {
    const sleepNs = spec.sleepUs * NS_PER_US;
    this.polledNs += sleepNs;
    this.pass(isFirst ? sleepNs / USLEEP_SHARE : sleepNs);
  }

  /**
   * A wait of the driver. It ends when the time has passed and the device thread has read its clock since: a machine with
   * few cores may have kept that thread from running, and what a driver's time-out is about is the device, not the
   * scheduler.
   */
  private pass(ns: number): void {
    this.passedNs += ns;
    spinNs(ns);
    this.lane.post(operationWord(OPERATION.clock, 0, this.host), 0, 0, 0, 0, 0);
    this.lane.flush();
  }

  private operation(operation: number, fn: FunctionSelect): number {
    return operationWord(operation, fn === PF ? 0 : this.fn, this.host);
  }
}
