/**
 * Running hash of a trace: two runs are the same when their hashes are.
 *
 * Two 32-bit lanes of the murmur3 body (public domain, Austin Appleby) with different constants, so that a chance
 * collision needs both lanes to agree. Not for adversaries.
 */

/** murmur3's finaliser: a bijection of 32-bit words in which every input bit reaches every output bit. */
export function mix32(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

export class TraceHash {
  private a = 0x243f6a88 | 0;
  private b = 0x85a308d3 | 0;
  private words = 0;

  /** Takes in one word; only its low 32 bits count. */
  add(word: number): void {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    const a = this.a ^ k;
    this.a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;

    k = Math.imul(word ^ 0x9e3779b9, 0x239b961b);
    k = Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
    const b = this.b ^ k;
    this.b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;

    this.words += 1;
  }

  /** Takes in a whole number of up to 53 bits, such as a time in ns, as two words. */
  addWide(value: number): void {
    this.add((value % 0x1_0000_0000) | 0);
    this.add(Math.floor(value / 0x1_0000_0000));
  }

  /** Sixteen hexadecimal digits over all words so far, and their number. */
  get value(): string {
    return hex(mix32(this.a ^ this.words)) + hex(mix32(this.b + this.words));
  }
}
