/**
 * All that the driver sees of a device: registers of two functions, and waits.
 *
 * A port gives no time. The same driver source therefore runs in virtual time, on real threads and against a recorded
 * trace. Values are unsigned 32-bit numbers; wider accesses come in 32-bit words, lowest first.
 */

/** Whose BAR2 an access falls into. */
export const PF = 0;
export const VF = 1;
export type FunctionSelect = typeof PF | typeof VF;

export interface RegisterPort {
  /** The four words of the last {@link read128} or {@link poll128}; word 0 is the one at the lowest offset. */
  readonly wide: Uint32Array;

  read32(fn: FunctionSelect, offset: number): number;
  write32(fn: FunctionSelect, offset: number, value: number): void;

  /** Reads `count` registers in a row, from `offset` upwards, into `into[at]` and on. Each is an access of its own. */
  read32Row(fn: FunctionSelect, offset: number, into: Uint32Array, at: number, count: number): void;

  /** Writes `count` registers in a row, from `offset` upwards, from `from[at]` and on. */
  write32Row(fn: FunctionSelect, offset: number, from: Uint32Array, at: number, count: number): void;

  /** One 64-bit write, as for doorbells. */
  write64(fn: FunctionSelect, offset: number, low: number, high: number): void;

  /**
   * `count` 64-bit writes to one register, one after another, with low words `low`, `low + 1` and so on and the same high
   * word: a doorbell for each of a row of queues. A port may do in one go what lies between two things of note; every
   * write still happens, at its own time.
   */
  write64Row(fn: FunctionSelect, offset: number, low: number, high: number, count: number): void;

  /** One 128-bit write, as for the mailbox. */
  write128(fn: FunctionSelect, offset: number, w0: number, w1: number, w2: number, w3: number): void;

  /** Busy-waits, like udelay(). */
  delayUs(us: number): void;

  /** Sleeps for whole milliseconds, like msleep(). */
  sleepMs(ms: number): void;

  /**
   * read_poll_timeout() on a 32-bit register: read, test, sleep up to `sleepUs`, until it is true or a read made past the
   * deadline was not. Always reads at least once.
   *
   * @param onceMore older kernels test the deadline behind the read, and then read once more
   * @returns whether `(value & mask) === want` came true in time
   */
  poll32(
    fn: FunctionSelect,
    offset: number,
    mask: number,
    want: number,
    sleepUs: number,
    timeoutUs: number,
    onceMore: boolean,
  ): boolean;

  /**
   * The same on the 128-bit mailbox, testing word 0, without the extra read, and sleeping before the first read. The words
   * of the last read are left in {@link wide}.
   */
  poll128(fn: FunctionSelect, offset: number, mask: number, want: number, sleepUs: number, timeoutUs: number): boolean;
}
