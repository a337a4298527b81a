/**
 * Many sets of small numbers, a row of bits each: which tenants, for each of some thousand places. Rows that were taken
 * over whole share their bits until one of them changes.
 */
export class BitRows {
  readonly rows: number;
  private readonly words: number;
  /** Null for an empty row. */
  private readonly bits: (Uint32Array | null)[];
  /** 1 where the bits belong to this row alone. */
  private readonly owned: Uint8Array;

  /** @param size each set holds numbers from 0 up to, not including, this */
  constructor(rows: number, size: number) {
    this.rows = rows;
    this.words = Math.max(1, (size + 31) >>> 5);
    this.bits = Array.from<Uint32Array | null>({ length: rows }).fill(null);
    this.owned = new Uint8Array(rows);
  }

  add(row: number, member: number): void {
    if (this.has(row, member)) return;
    const bits = this.ownedRow(row);
    bits[member >>> 5] = bits[member >>> 5]! | (1 << (member & 31));
  }

  has(row: number, member: number): boolean {
    const bits = this.bits[row]!;
    return bits !== null && (bits[member >>> 5]! & (1 << (member & 31))) !== 0;
  }

  /** Takes into a row all members of a row of other rows of the same size of sets, or of this. */
  addAll(row: number, from: BitRows, fromRow: number): void {
    const added = from.bits[fromRow]!;
    const own = this.bits[row]!;
    if (added === null || added === own) return;
    if (own === null) {
      this.bits[row] = added;
      this.owned[row] = 0;
      from.owned[fromRow] = 0;
      return;
    }
    if (!hasBeyond(added, own)) return;
    const bits = this.ownedRow(row);
    for (let i = 0; i < bits.length; i++) bits[i] = bits[i]! | added[i]!;
  }

  /** Whether a row has any member other than one. */
  hasOther(row: number, member: number): boolean {
    return this.firstOther(row, member) >= 0;
  }

  /** The least member of a row other than one, -1 for none. */
  firstOther(row: number, member: number): number {
    const bits = this.bits[row]!;
    if (bits === null) return -1;
    for (let i = 0; i < bits.length; i++) {
      let word = bits[i]!;
      if (i === member >>> 5) word &= ~(1 << (member & 31));
      if (word !== 0) return i * 32 + 31 - Math.clz32(word & -word);
    }
    return -1;
  }

  /** How many members a row has. */
  count(row: number): number {
    let sum = 0;
    for (const word of this.bits[row] ?? []) sum += bitsOf(word);
    return sum;
  }

  /** Whether a row has a member that a row of other sets lacks. */
  hasBeyond(row: number, other: BitRows, otherRow: number): boolean {
    const bits = this.bits[row]!;
    if (bits === null) return false;
    const others = other.bits[otherRow]!;
    return others === null ? bits.some((word) => word !== 0) : hasBeyond(bits, others);
  }

  isEmpty(row: number): boolean {
    return this.bits[row] === null;
  }

  /** The members of a row, rising; so many at most. */
  members(row: number, most = Infinity): readonly number[] {
    const found: number[] = [];
    const bits = this.bits[row]!;
    if (bits === null) return found;
    for (let i = 0; i < bits.length; i++) {
      for (let word = bits[i]!; word !== 0; word &= word - 1) {
        if (found.length >= most) return found;
        found.push(i * 32 + 31 - Math.clz32(word & -word));
      }
    }
    return found;
  }

  equals(other: BitRows): boolean {
    if (this.rows !== other.rows || this.words !== other.words) return false;
    for (let row = 0; row < this.rows; row++) {
      if (this.hasBeyond(row, other, row) || other.hasBeyond(row, this, row)) return false;
    }
    return true;
  }

  /** Bits of a row that no other row has. */
  private ownedRow(row: number): Uint32Array {
    const bits = this.bits[row]!;
    if (bits !== null && this.owned[row] === 1) return bits;
    const copy = bits === null ? new Uint32Array(this.words) : bits.slice();
    this.bits[row] = copy;
    this.owned[row] = 1;
    return copy;
  }
}

/** How many bits a word has, added up in pairs, fours and bytes. */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function hasBeyond(bits: Uint32Array, others: Uint32Array): boolean {
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i]! & ~others[i]!) !== 0) return true;
  }
  return false;
}
