/**
 * The map of shared words between driver threads, guest threads and the device thread.
 *
 * A thread that reaches the device has a lane: a ring of register accesses with one producer (that thread) and one
 * consumer (the device thread). Writes are posted: they go into the ring without a wait. A read of a VF's own registers
 * waits until the ring is empty, since on PCIe a read pushes the writes before it, and then loads straight from the
 * VF's register file, which the device thread alone writes. A read of the PF, or of the mailbox as one 128-bit piece,
 * travels through the ring and its answer comes back in the reply words.
 *
 * Every word has one writer, but for the wake counter, a bell that anybody may ring: it says "poll", never "how many".
 * Payload is plain; only the words that hand ownership over (produced, consumed, asleep, wake) are atomic.
 *
 * After the words come, for each host, what MAP.answers points at and the register files of its functions.
 */
import { VFS_MAX } from '../../sim/abi/vft.ts';
import { bug } from '../../sim/base/bug.ts';
import { acceleratorRegisterBytes, FUNCTION_WORDS, PF_PAGES_MAX } from '../../sim/device/register-file.ts';
import { ECHO_WORDS } from './echo.ts';
import { createMemory, type MapMemory } from './map-memory.ts';

export const LANES_MAX = 64;
/** Hosts that one map has room for. */
export const HOSTS_MAX = 8;

/** Words of the whole map. */
export const MAP = {
  /** Any thread adds one, having stored what it wants seen. The device thread sleeps on it. */
  wake: 0,
  /** Device thread: 1 while it sleeps or is about to. */
  serviceAsleep: 1,
  /** Main thread: 1 asks the device thread to end. */
  stop: 2,
  /** Device thread: 1 once it serves. */
  ready: 4,
  /** Attaching threads add one and take the number before as their lane. */
  lanesTaken: 5,
  /** Main thread, before any other begins: where the register file of each host begins, in bytes. */
  registers: 8,
  /** Device thread: where it says which reads of a host's PF its register file answers, in bytes; 0 for none of them. */
  answers: 16,
  /**
   * Device thread: turns of its loop, modulo 2^32. On a cache line of its own: every lane reads the words
   * above, and a line that is written all the time would have to travel each time.
   */
  heartbeat: 32,
  /** The words of a bare ping-pong between a lane's thread and the device thread, see OPERATION.echo. */
  echo: 64,
  /** Device thread, for itself: accesses of each lane that are done, the lane to be polled next, the one served last. */
  consumed: 64 + ECHO_WORDS,
  nextLane: 64 + ECHO_WORDS + LANES_MAX,
  hotLane: 64 + ECHO_WORDS + LANES_MAX + 1,
  firstLane: 64 + ECHO_WORDS + LANES_MAX + 32,
} as const;

/**
 * What MAP.answers points at: bytes as of PfRegisters.describePlainReads. They are the device thread's own notes, in the map
 * since the code that reads them sees nothing else.
 */
export const ANSWER_WORDS = { slots: 0, plain: PF_PAGES_MAX, bytes: PF_PAGES_MAX + FUNCTION_WORDS } as const;

/** Words of one lane, from its start. Words of one writer share cache lines; words of two do not. */
export const LANE = {
  /** Lane's thread: accesses put into the ring, modulo 2^32. */
  produced: 0,
  /** Lane's thread: 1 while it sleeps on `consumed` or is about to. */
  asleep: 1,
  /**
   * Lane's thread: operation word of the last access, with the low byte of its count in [31:24], and its offset. The
   * watchdog names them, and a 32-bit read that finds the ring empty is here only: one cache line less has to travel.
   * The count proves that they are of the access that `produced` speaks of, and of none after it.
   */
  lastOperation: 2,
  lastOffset: 3,
  /** Device thread: accesses taken out and done, modulo 2^32. */
  consumed: 16,
  /** Device thread: four words of answer, in place before `consumed` moves. */
  reply: 17,
  /** Lane's thread: the ring. */
  ring: 32,
} as const;

/** Accesses that a ring holds: more than a resume kick of 64 queues, so that it does not stall. */
export const RING_ENTRIES = 256;
export const ENTRY_WORDS = 8;
export const LANE_WORDS = 32 + RING_ENTRIES * ENTRY_WORDS;

/** Words of a ring entry. */
export const ENTRY = { operation: 0, offset: 1, w0: 2, w1: 3, w2: 4, w3: 5 } as const;

/** Operation word: operation in [7:0], function in [15:8], host in [23:16]; [31:24] see LANE.lastOperation. */
export const OPERATION = {
  read32: 1,
  write32: 2,
  write64: 3,
  read128: 4,
  write128: 5,
  reset: 6,
  /** No access: the device thread reads its clock. */
  clock: 7,
  /** No access: the device thread passes a word back and forth with the asking one until it is asked to end, and serves no lane. */
  echo: 8,
} as const;

const OPERATION_NAMES: Readonly<Record<number, string>> = {
  1: '32-bit read',
  2: '32-bit write',
  3: '64-bit write',
  4: '128-bit read',
  5: '128-bit write',
  6: 'function reset',
  7: 'clock read',
  8: 'echo',
};

export function operationWord(operation: number, fn: number, host: number): number {
  return operation | (fn << 8) | (host << 16);
}

/** The function of an operation word: 0 the PF, else a VF. */
export function operationFunction(word: number): number {
  return (word >>> 8) & 0xff;
}

/** The host of an operation word. */
export function operationHost(word: number): number {
  return (word >>> 16) & 0xff;
}

/** An operation word marked as that of the access which brings `produced` to a count. */
export function markedWord(word: number, count: number): number {
  return word | ((count & 0xff) << 24);
}

/** The words of a map's ping-pong. */
export function echoWords(map: MapMemory): Int32Array {
  return new Int32Array(map.buffer, 4 * MAP.echo, ECHO_WORDS);
}

/** The words of a map. */
export function mapWords(map: MapMemory): Int32Array {
  return new Int32Array(map.buffer, 0, MAP_WORDS);
}

const MAP_WORDS = MAP.firstLane + LANES_MAX * LANE_WORDS;

/** A map with room for all lanes, and for the registers of hosts that have so many VFs each. */
export function createMap(vfCount: number, hosts = 1): MapMemory {
  if (vfCount > VFS_MAX || hosts > HOSTS_MAX) bug('MAP_ROOM', vfCount, hosts);
  const hostBytes = ANSWER_WORDS.bytes + acceleratorRegisterBytes(vfCount);
  const map = createMemory(4 * MAP_WORDS + hosts * hostBytes);
  const words = mapWords(map);
  for (let host = 0; host < hosts; host++)
    words[MAP.registers + host] = 4 * MAP_WORDS + host * hostBytes + ANSWER_WORDS.bytes;
  return map;
}

/** Register files of a host, from its PF's on. */
export function registerWords(map: MapMemory, host: number, functions: number): Uint32Array {
  const start = mapWords(map)[MAP.registers + host]!;
  if (start === 0) bug('MAP_HOST', host);
  return new Uint32Array(map.buffer, start, functions * FUNCTION_WORDS);
}

/** Where the answers of a host may be noted, in bytes: before its registers. */
export function answersStart(map: MapMemory, host: number): number {
  return registerWords(map, host, 1).byteOffset - ANSWER_WORDS.bytes;
}

/** The first word of a lane. */
export function laneStart(lane: number): number {
  return MAP.firstLane + lane * LANE_WORDS;
}

/** Asks the device thread to end. */
export function endDevice(map: Int32Array): void {
  Atomics.store(map, MAP.stop, 1);
  Atomics.add(map, MAP.wake, 1);
  Atomics.notify(map, MAP.wake);
}

/** The last access of a lane, in words. */
export function describeLastAccess(map: Int32Array, lane: number): string {
  const start = laneStart(lane);
  const word = Atomics.load(map, start + LANE.lastOperation);
  if (word === 0) return 'no access yet';
  const offset = Atomics.load(map, start + LANE.lastOffset) >>> 0;
  const fn = operationFunction(word);
  const of = fn === 0 ? 'the PF' : `VF ${fn}`;
  return `${OPERATION_NAMES[word & 0xff] ?? 'access'} of ${of} at 0x${offset.toString(16)}, host ${operationHost(word)}`;
}
