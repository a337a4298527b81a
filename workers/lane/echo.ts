/**
 * Two threads that do nothing but pass a word back and forth: what a machine's calibration and the floor of every handshake
 * are measured with. A side spins for a number of loads, then sleeps.
 */

/** Words of the two sides, a cache line apart: what a side sends, and whether it sleeps. */
const ASKING = { sent: 0, asleep: 1 } as const;
const ANSWERING = { sent: 16, asleep: 17 } as const;
/** Asking side: loads that the answering one spins before it sleeps. */
const ANSWER_SPINS = 2;
/** Words of a pair. */
export const ECHO_WORDS = 32;

type EchoSide = typeof ASKING | typeof ANSWERING;

/** Value that ends the answering side. */
const END = -1;
/** Longest sleep at a time. */
const SLEEP_MS = 1_000;

/** Shared words of a pair. */
export function createEcho(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * ECHO_WORDS);
}

/** Waits until the other side has sent something else: spins, then sleeps. */
function waitBeyond(words: Int32Array, other: EchoSide, own: EchoSide, seen: number, spinsMost: number): number {
  for (let spins = 0; spins < spinsMost; spins++) {
    const value = Atomics.load(words, other.sent);
    if (value !== seen) return value;
  }
  Atomics.store(words, own.asleep, 1);
  while (Atomics.load(words, other.sent) === seen) Atomics.wait(words, other.sent, seen, SLEEP_MS);
  Atomics.store(words, own.asleep, 0);
  return Atomics.load(words, other.sent);
}

function send(words: Int32Array, own: EchoSide, other: EchoSide, value: number): void {
  Atomics.store(words, own.sent, value);
  if (Atomics.load(words, other.asleep) === 1) Atomics.notify(words, own.sent);
}

/** The answering side: sends back what comes, until it is asked to end. */
export function answerEcho(words: Int32Array): void {
  let seen = 0;
  for (;;) {
    seen = waitBeyond(words, ASKING, ANSWERING, seen, Atomics.load(words, ANSWER_SPINS));
    if (seen === END) return;
    send(words, ANSWERING, ASKING, seen);
  }
}

/** The asking side. */
export class EchoAsker {
  private readonly words: Int32Array;
  private readonly askSpins: number;
  private count = 0;

  /**
   * @param askSpins loads before this side sleeps
   * @param answerSpins loads before the other side sleeps; counts from its next wait on
   */
  constructor(words: Int32Array, askSpins: number, answerSpins: number) {
    this.words = words;
    this.askSpins = askSpins;
    this.count = Atomics.load(words, ASKING.sent);
    Atomics.store(words, ANSWER_SPINS, answerSpins);
  }

  /** One round trip. */
  roundTrip(): void {
    const { words } = this;
    const seen = this.count;
    this.count = (seen + 1) & 0x3fff_ffff;
    send(words, ASKING, ANSWERING, this.count);
    waitBeyond(words, ANSWERING, ASKING, seen, this.askSpins);
  }

  /** Asks the answering side to end. */
  end(): void {
    send(this.words, ASKING, ANSWERING, END);
  }
}
