/**
 * The device thread's work: takes register accesses out of the lanes, plays them to the device models, answers, and lets
 * the engines run by the wall clock.
 *
 * One thread serves the devices of all hosts, since a machine has few cores; each host's registers and mailbox are its own.
 */
import type { AcceleratorKind } from '../sim/abi/accelerators.ts';
import { bug } from '../sim/base/bug.ts';
import type { VftEntry } from '../sim/abi/vft.ts';
import { Accelerator } from '../sim/device/accelerator.ts';
import { type CostValues, pointCosts } from '../sim/device/costs.ts';
import { GuestMemory } from '../sim/device/guest-memory.ts';
import { answerEcho } from './echo.ts';
import {
  echoWords,
  ENTRY,
  ENTRY_WORDS,
  LANE,
  LANES_MAX,
  laneStart,
  MAP,
  OPERATION,
  operationFunction,
  operationHost,
  RING_ENTRIES,
} from './shared-map.ts';
import { IDLE_TURNS } from './waiting.ts';
import { localNowNs } from './wall-clock.ts';

/** RAM of one VM as its VF on one host reaches it. */
export interface SharedMemory {
  readonly fn: number;
  readonly buffer: SharedArrayBuffer;
  readonly dmaBase: number;
}

export interface DeviceHost {
  readonly kind: AcceleratorKind;
  readonly hardware: number;
  readonly vfCount: number;
  readonly vft: readonly VftEntry[];
  readonly isolation: number;
  readonly inFlight: 'finish' | 'hold';
  readonly engine: { readonly servers: number; readonly serviceNs: number };
  readonly registers: SharedArrayBuffer;
  readonly memories: readonly SharedMemory[];
}

export interface DeviceInit {
  readonly map: SharedArrayBuffer;
  readonly hosts: readonly DeviceHost[];
  /** Turns without work before the thread sleeps. */
  readonly idleTurns?: number;
}

/** Accesses served from one lane before the next one has its turn. */
const TURN_ENTRIES = 64;
/**
 * Looks at the lane that was served last before all are looked at: who asked one thing asks the next as soon as it has the
 * answer, and a loop that does nothing else sees it soonest.
 */
const HOT_LOOKS = 8;
/** The heartbeat is shown once in so many turns. */
const HEARTBEAT_MASK = 0xfff;
/**
 * Every so many turns words are looked at by atomic loads only. In the others a plain load, which costs a tenth of one,
 * says whether an atomic one is worth its time: it may be late, and what it says is not built upon.
 */
const SURE_MASK = 0x3f;
/** Sleeping goes on at most this long at a time, so that the end of a test is noticed. */
const SLEEP_MS = 100;

/** In the real world time is measured, not modelled: an access costs what it costs. Only tasks keep their length. */
function freeCosts(): CostValues {
  const costs: Record<string, number> = { ...pointCosts() };
  for (const name of Object.keys(costs)) costs[name] = 0;
  return costs as CostValues;
}

export class DeviceService {
  readonly devices: readonly Accelerator[];
  private readonly map: Int32Array;
  private readonly echo: Int32Array;
  private readonly idleTurns: number;
  private readonly consumed: Int32Array = new Int32Array(LANES_MAX);
  /** By lane: where its `produced` is. */
  private readonly producedAt: Int32Array = Int32Array.from(
    { length: LANES_MAX },
    (_, lane) => laneStart(lane) + LANE.produced,
  );
  private readonly wide: Uint32Array = new Uint32Array(4);
  /** The lane that was served last. */
  private hotLane = 0;
  /** Time as last looked at. A look costs as much as an access, so that reads do without. */
  private timeNs = localNowNs();
  private turns = 0;

  constructor(init: DeviceInit) {
    this.map = new Int32Array(init.map);
    this.echo = echoWords(init.map);
    this.idleTurns = init.idleTurns ?? IDLE_TURNS;
    const costs = freeCosts();
    this.devices = init.hosts.map((host) => {
      const device = new Accelerator({ ...host, costs });
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
    while ((this.turns & SURE_MASK) !== 0 || Atomics.load(map, MAP.stop) === 0) {
      if (this.turn()) {
        idle = 0;
      } else if (++idle >= this.idleTurns) {
        this.sleep();
        idle = 0;
      }
    }
  }

  /** One look at every lane and every engine. @returns whether there was anything to do */
  turn(): boolean {
    const { map, consumed, producedAt, devices } = this;
    this.turns = (this.turns + 1) | 0;
    if ((this.turns & HEARTBEAT_MASK) === 0) map[MAP.heartbeat] = this.turns;
    const sure = (this.turns & SURE_MASK) === 0;
    const lanes = Math.min(sure ? Atomics.load(map, MAP.lanesTaken) : map[MAP.lanesTaken]!, LANES_MAX);
    let busy = this.serveHot();
    for (let lane = 0; lane < lanes; lane++) {
      const at = producedAt[lane]!;
      if (!sure && map[at] === consumed[lane]) continue;
      const produced = Atomics.load(map, at);
      if (produced === consumed[lane]) continue;
      this.serve(lane, produced);
      this.hotLane = lane;
      busy = true;
    }
    for (let host = 0; host < devices.length; host++) {
      const device = devices[host]!;
      if (device.nextEventNs === Infinity) continue;
      busy = true;
      this.timeNs = localNowNs();
      if (device.nextEventNs <= this.timeNs) device.advance(this.timeNs);
    }
    return busy;
  }

  /** Looks at the lane that was served last. @returns whether there was anything to do */
  private serveHot(): boolean {
    const { map, consumed, producedAt, hotLane } = this;
    const at = producedAt[hotLane]!;
    const before = consumed[hotLane]!;
    for (let looks = 0; looks < HOT_LOOKS; looks++) {
      const produced = Atomics.load(map, at);
      if (produced === before) continue;
      this.serve(hotLane, produced);
      return true;
    }
    return false;
  }

  private serve(lane: number, produced: number): void {
    const start = laneStart(lane);
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
      case OPERATION.look:
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
    // Somebody may have produced before they could see that we sleep.
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
