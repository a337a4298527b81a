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

/** How a register is polled, in the parameters of read_poll_timeout(). Made once per register, by {@link pollSpec}, and kept. */
export interface PollSpec {
  /** Width of a read in bits; of the four words of a 128-bit read, word 0 is tested. */
  readonly width: 32 | 128;
  /** The poll ends when `(value & mask) === want`. */
  readonly mask: number;
  readonly want: number;
  /** Sleep between two reads, at most, in microseconds; 0: none. */
  readonly sleepUs: number;
  /** The last read is the first that begins more than this after the poll began, in microseconds. */
  readonly timeoutUs: number;
  /** Whether it sleeps before the first read too. */
  readonly sleepBeforeRead: boolean;
  /** Older kernels test the deadline after the read, and then read once more. */
  readonly onceMore: boolean;
}

/**
 * Makes a poll's record; all of them have one shape, so that the loops that read them stay monomorphic.
 *
 * @param poll what is not named is the common case: reads of 32 bits, the first one at once, the last one at the deadline
 */
export function pollSpec(
  poll: Pick<PollSpec, 'mask' | 'want' | 'sleepUs' | 'timeoutUs'> & Partial<PollSpec>,
): PollSpec {
  return {
    width: poll.width ?? 32,
    mask: poll.mask,
    want: poll.want,
    sleepUs: poll.sleepUs,
    timeoutUs: poll.timeoutUs,
    sleepBeforeRead: poll.sleepBeforeRead ?? false,
    onceMore: poll.onceMore ?? false,
  };
}

export interface RegisterPort {
  /** The four words of the last 128-bit read of a {@link poll}; word 0 is the one at the lowest offset. */
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
   * read_poll_timeout() on a register: read, test, sleep, until the test holds or a read that began past the deadline
   * failed it. Always reads at least once. The words of a 128-bit read are left in {@link wide}.
   *
   * @param spec the same object each time that the same register is polled
   * @returns whether the test held in time
   */
  poll(fn: FunctionSelect, offset: number, spec: PollSpec): boolean;
}
