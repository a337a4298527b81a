/**
 * Many sets of small numbers, a row of bits each: which tenants, for each of some thousand places.
 */
export class BitRows {
  readonly rows: number;
  private readonly words: number;
  private readonly bits: Uint32Array;

  /** @param size each set holds numbers from 0 up to, not including, this */
  constructor(rows: number, size: number) {
    this.rows = rows;
    this.words = Math.max(1, (size + 31) >>> 5);
    this.bits = new Uint32Array(rows * this.words);
  }

  add(row: number, member: number): void {
    const i = row * this.words + (member >>> 5);
    this.bits[i] = this.bits[i]! | (1 << (member & 31));
  }

  has(row: number, member: number): boolean {
    return (this.bits[row * this.words + (member >>> 5)]! & (1 << (member & 31))) !== 0;
  }

  /** Takes into a row all members of a row of other rows of the same size of sets, or of this. */
  addAll(row: number, from: BitRows, fromRow: number): void {
    const to = row * this.words;
    const start = fromRow * this.words;
    for (let i = 0; i < this.words; i++) this.bits[to + i] = this.bits[to + i]! | from.bits[start + i]!;
  }

  /** Whether a row has any member besides one. */
  hasOther(row: number, member: number): boolean {
    return this.firstOther(row, member) >= 0;
  }

  /** The least member of a row besides one, -1 for none. */
  firstOther(row: number, member: number): number {
    for (let i = 0; i < this.words; i++) {
      let word = this.bits[row * this.words + i]!;
      if (i === member >>> 5) word &= ~(1 << (member & 31));
      if (word !== 0) return i * 32 + 31 - Math.clz32(word & -word);
    }
    return -1;
  }

  /** How many members a row has. */
  count(row: number): number {
    let sum = 0;
    for (let i = 0; i < this.words; i++) {
      for (let word = this.bits[row * this.words + i]!; word !== 0; word &= word - 1) sum += 1;
    }
    return sum;
  }

  /** Whether a row has a member that a row of other sets lacks. */
  hasBeyond(row: number, other: BitRows, otherRow: number): boolean {
    for (let i = 0; i < this.words; i++) {
      if ((this.bits[row * this.words + i]! & ~other.bits[otherRow * this.words + i]!) !== 0) return true;
    }
    return false;
  }

  isEmpty(row: number): boolean {
    for (let i = 0; i < this.words; i++) if (this.bits[row * this.words + i] !== 0) return false;
    return true;
  }

  /** The members of a row, rising. */
  members(row: number): readonly number[] {
    const found: number[] = [];
    for (let i = 0; i < this.words; i++) {
      for (let word = this.bits[row * this.words + i]!; word !== 0; word &= word - 1) {
        found.push(i * 32 + 31 - Math.clz32(word & -word));
      }
    }
    return found;
  }

  equals(other: BitRows): boolean {
    return this.bits.length === other.bits.length && this.bits.every((word, i) => word === other.bits[i]);
  }
}
