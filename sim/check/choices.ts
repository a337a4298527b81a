/**
 * The bytes that decide a run: every choice that an actor makes is read from them, in order. A run is thus its bytes: a
 * seed, a replay, a shrunk finding and an entry of a corpus are all byte strings.
 *
 * Past the end every choice is 0, and choice 0 is always the plainest thing that an actor can do, so that a shorter
 * string of smaller bytes is a simpler run.
 */
import { UserError } from '../base/user-error.ts';

export class Choices {
  readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Bytes that have been read so far. */
  get used(): number {
    return Math.min(this.at, this.bytes.length);
  }

  /** A whole number from 0 to `n - 1`, for `n` from 1 to 256. */
  below(n: number): number {
    const byte = this.bytes[this.at++];
    return byte === undefined ? 0 : byte % n;
  }

  /** True once in `n` times; false past the end of the bytes. */
  oneIn(n: number): boolean {
    return this.below(n) === n - 1;
  }

  /** One of some things; the first is the plainest. */
  of<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }
}

/** Bytes as they stand on a command line. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Longest string of choices that is taken: more than any run reads. */
const BYTES_MAX = 4_096;

/**
 * The bytes of a run from a command line.
 *
 * @throws UserError when the text is no even number of hexadecimal digits, or is too long
 */
export function bytesOf(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text) || text.length > 2 * BYTES_MAX) {
    const allowed = `an even number of hexadecimal digits, at most ${2 * BYTES_MAX}, as a finding prints them`;
    throw new UserError('usage', `--replay ${JSON.stringify(text.slice(0, 40))} is no run`, allowed);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
