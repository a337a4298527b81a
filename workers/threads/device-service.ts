/**
 * The device thread's work: takes register accesses out of the lanes, plays them to the device models, answers, and lets
 * the engines run by the wall clock.
 *
 * One thread serves the devices of all hosts, since a machine has few cores; each host's registers and mailbox are its own.
 */
import type { AcceleratorKind } from '../../sim/abi/accelerators.ts';
import { bug } from '../../sim/base/bug.ts';
import type { VftEntry } from '../../sim/abi/vft.ts';
import { Accelerator } from '../../sim/device/accelerator.ts';
import { zeroCosts } from '../../sim/device/costs.ts';
import { GuestMemory } from '../../sim/device/guest-memory.ts';
import { FUNCTION_WORDS, PF_PAGES_MAX } from '../../sim/device/register-file.ts';
import { answerEcho } from '../lane/echo.ts';
import { FOUND, type LaneCode, laneCodeOf } from '../lane/code/code.ts';
import type { MapMemory } from '../lane/map-memory.ts';
import {
  ANSWER_WORDS,
  answersStart,
  echoWords,
  ENTRY,
  ENTRY_WORDS,
  LANE,
  LANES_MAX,
  laneStart,
  MAP,
  mapWords,
  OPERATION,
  operationFunction,
  operationHost,
  registerWords,
  RING_ENTRIES,
} from '../lane/shared-map.ts';
import { IDLE_TURNS } from '../lane/waiting.ts';
import { localNowNs } from '../wall-clock.ts';
import type { InFlight } from '../../sim/abi/in-flight.ts';

/** RAM of one VM as its VF on one host reaches it. */
interface SharedMemory {
  readonly fn: number;
  readonly buffer: SharedArrayBuffer;
  readonly dmaBase: number;
}

interface DeviceHost {
  readonly kind: AcceleratorKind;
  readonly hardware: number;
  readonly vfCount: number;
  readonly vft: readonly VftEntry[];
  readonly isolation: number;
  readonly inFlight: InFlight;
  readonly engine: { readonly servers: number; readonly serviceNs: number };
  readonly memories: readonly SharedMemory[];
}

export interface DeviceInit {
  readonly map: MapMemory;
  readonly hosts: readonly DeviceHost[];
  /** Turns without work before the thread sleeps. */
  readonly idleTurns?: number;
}

/** Accesses served from one lane before the next one has its turn. */
const TURN_ENTRIES = 64;
/** Passes over the lanes in a row: what else the thread has to poll waits for some microseconds at most. */
const PASSES_MOST = 64;
/** Longest sleep at a time, so that the end of a test is noticed. */
const SLEEP_MS = 100;

export class DeviceService {
  readonly devices: readonly Accelerator[];
  private readonly map: Int32Array;
  private readonly code: LaneCode;
  private readonly echo: Int32Array;
  private readonly idleTurns: number;
  /** By lane: accesses that are done. */
  private readonly consumed: Int32Array;
  private readonly wide: Uint32Array = new Uint32Array(4);
  /** Time as last read. Reading the clock costs as much as an access, so that reads of registers do without. */
  private timeNs = localNowNs();
  private turns = 0;

  constructor(init: DeviceInit) {
    const { map } = init;
    this.map = mapWords(map);
    this.code = laneCodeOf(map);
    this.consumed = this.map.subarray(MAP.consumed, MAP.consumed + LANES_MAX);
    this.echo = echoWords(map);
    this.idleTurns = init.idleTurns ?? IDLE_TURNS;
    // In the real world time is measured, not modelled: an access costs what it costs. Only tasks keep their length.
    const costs = zeroCosts();
    this.devices = init.hosts.map((host, index) => {
      const registers = registerWords(map, index, host.vfCount + 1);
      const device = new Accelerator({ ...host, registers, costs });
      const start = answersStart(map, index);
      device.pf.describePlainReads(
        new Uint8Array(map.buffer, start + ANSWER_WORDS.slots, PF_PAGES_MAX),
        new Uint8Array(map.buffer, start + ANSWER_WORDS.plain, FUNCTION_WORDS),
      );
      this.map[MAP.answers + index] = start;
      for (const memory of host.memories) {
        device.attachMemory(memory.fn, new GuestMemory(memory.buffer, memory.dmaBase));
      }
      return device;
    });
  }

  /** Serves until the main thread asks for the end. */
  run(): void {
    const { map } = this;
    Atomics.store(map, MAP.ready, 1);
    Atomics.notify(map, MAP.ready);
    let idle = 0;
    while (Atomics.load(map, MAP.stop) === 0) {
      map[MAP.heartbeat] = this.turns;
      const passes = Math.max(1, Math.min(PASSES_MOST, this.idleTurns - idle));
      if (this.turn(passes)) {
        idle = 0;
        continue;
      }
      idle += passes;
      if (idle < this.idleTurns) continue;
      this.sleep();
      idle = 0;
    }
  }

  /**
   * Polls every engine, then every lane, and does what there is to do.
   *
   * @param passes times over the lanes; one only while an engine has work, since the clock has to be read
   * @returns whether there was anything to do
   */
  turn(passes = 1): boolean {
    const { map } = this;
    this.turns = (this.turns + 1) | 0;
    let busy = this.runEngines();
    const lanes = Math.min(Atomics.load(map, MAP.lanesTaken), LANES_MAX);
    for (let served = 0; served <= lanes; served++) {
      const found = this.code.serve(lanes, busy ? 1 : passes);
      if (found === FOUND.nothing) break;
      busy = true;
      if (found === FOUND.answered) break;
      this.serve(found);
    }
    return busy;
  }

  /** What devices do by themselves. @returns whether one of them has something to do, now or later */
  private runEngines(): boolean {
    const { devices } = this;
    let busy = false;
    for (let host = 0; host < devices.length; host++) {
      const device = devices[host]!;
      // While a fault is armed every read is to be asked of the device.
      if (device.faults.active) this.map[MAP.answers + host] = 0;
      if (device.nextEventNs === Infinity) continue;
      busy = true;
      this.timeNs = localNowNs();
      if (device.nextEventNs <= this.timeNs) device.advance(this.timeNs);
    }
    return busy;
  }

  /** Serves a lane that has something new. */
  private serve(lane: number): void {
    const start = laneStart(lane);
    const produced = Atomics.load(this.map, start + LANE.produced);
    let consumed = this.consumed[lane]!;
    const count = (produced - consumed) | 0;
    if (count === 1 && this.answerLone(start, produced)) {
      consumed = produced;
    } else {
      const end = count > TURN_ENTRIES ? (consumed + TURN_ENTRIES) | 0 : produced;
      do {
        this.perform(start, start + LANE.ring + (consumed & (RING_ENTRIES - 1)) * ENTRY_WORDS);
        consumed = (consumed + 1) | 0;
      } while (consumed !== end);
    }
    this.consumed[lane] = consumed;
    this.hand(start, consumed);
  }

  /** Serves a 32-bit read that is alone in its ring. @returns false when it is something else */
  private answerLone(start: number, produced: number): boolean {
    const { map } = this;
    const word = map[start + LANE.lastOperation]!;
    // A lane that posted a write may already be on its next access; one that reads waits.
    if ((word & 0xff) !== OPERATION.read32 || word >>> 24 !== (produced & 0xff)) return false;
    const device = this.deviceOf(word);
    map[start + LANE.reply] = device.read32(operationFunction(word), map[start + LANE.lastOffset]!, this.timeNs);
    return true;
  }

  /** Shows a lane how far it has been served. */
  private hand(start: number, word: number): void {
    const { map } = this;
    Atomics.store(map, start + LANE.consumed, word);
    if (Atomics.load(map, start + LANE.asleep) === 1) Atomics.notify(map, start + LANE.consumed);
  }

  private deviceOf(word: number): Accelerator {
    return this.devices[operationHost(word)] ?? bug('LANE_HOST', word);
  }

  private perform(start: number, at: number): void {
    const { map } = this;
    const word = map[at + ENTRY.operation]!;
    const device = this.deviceOf(word);
    const fn = operationFunction(word);
    const offset = map[at + ENTRY.offset]!;
    const reply = start + LANE.reply;
    switch (word & 0xff) {
      case OPERATION.read32:
        map[reply] = device.read32(fn, offset, this.timeNs);
        return;
      case OPERATION.read128:
        device.read128(fn, offset, this.timeNs, this.wide);
        for (let i = 0; i < 4; i++) map[reply + i] = this.wide[i]!;
        return;
      case OPERATION.write32:
        device.write32(fn, offset, map[at + ENTRY.w0]! >>> 0, this.timeNs);
        break;
      case OPERATION.write64:
        this.timeNs = localNowNs();
        device.write64(fn, offset, map[at + ENTRY.w0]! >>> 0, map[at + ENTRY.w1]! >>> 0, this.timeNs);
        break;
      case OPERATION.write128: {
        const w0 = map[at + ENTRY.w0]! >>> 0;
        const w1 = map[at + ENTRY.w1]! >>> 0;
        const w2 = map[at + ENTRY.w2]! >>> 0;
        this.timeNs = localNowNs();
        device.write128(fn, offset, w0, w1, w2, map[at + ENTRY.w3]! >>> 0, this.timeNs);
        break;
      }
      case OPERATION.reset:
        device.resetFunction(fn, this.timeNs);
        break;
      case OPERATION.clock:
        this.timeNs = localNowNs();
        break;
      case OPERATION.echo:
        answerEcho(this.echo);
        break;
      default:
        bug('LANE_OPERATION', word);
    }
    // What costs nothing is done at once: a command that completes must be seen complete by the next read.
    if (device.nextEventNs <= this.timeNs) device.advance(this.timeNs);
  }

  private sleep(): void {
    const { map } = this;
    const seen = Atomics.load(map, MAP.wake);
    Atomics.store(map, MAP.serviceAsleep, 1);
    // A lane may have produced before it could see that this thread sleeps.
    if (!this.pending()) Atomics.wait(map, MAP.wake, seen, SLEEP_MS);
    Atomics.store(map, MAP.serviceAsleep, 0);
  }

  private pending(): boolean {
    const { map } = this;
    if (Atomics.load(map, MAP.stop) !== 0) return true;
    const lanes = Math.min(Atomics.load(map, MAP.lanesTaken), LANES_MAX);
    for (let lane = 0; lane < lanes; lane++) {
      if (Atomics.load(map, laneStart(lane) + LANE.produced) !== this.consumed[lane]) return true;
    }
    return false;
  }
}
