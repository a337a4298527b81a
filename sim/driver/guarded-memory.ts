/**
 * An allocation of the kernel that may be overrun: whatever is reached outside is noted byte by byte and served from
 * guard bytes, never from anything else.
 */

/** Bytes outside an allocation that were reached, next to each other and in one direction. */
export interface Overrun {
  readonly kind: 'read' | 'write';
  /** First byte, counted from the start of the allocation: from its length on, or negative. */
  readonly from: number;
  readonly bytes: number;
}

/** What guard bytes hold until they are written. */
export const GUARD_BYTE = 0xa5;

export class GuardedMemory {
  /** Length of the allocation. */
  readonly bytes: number;
  /** The allocation itself, without its guards. */
  readonly view: DataView;
  readonly words: Uint32Array;
  private readonly all: Uint8Array;
  private readonly guard: number;
  private readonly found: { kind: 'read' | 'write'; from: number; bytes: number }[] = [];

  /**
   * @param bytes length of the allocation, a multiple of 4
   * @param guardBytes kept on either side, a multiple of 4; what lies still further out is noted and not kept
   */
  constructor(bytes: number, guardBytes = 4096) {
    this.bytes = bytes;
    this.guard = guardBytes;
    this.all = new Uint8Array(guardBytes + bytes + guardBytes).fill(GUARD_BYTE);
    this.all.fill(0, guardBytes, guardBytes + bytes);
    this.view = new DataView(this.all.buffer, guardBytes, bytes);
    this.words = new Uint32Array(this.all.buffer, guardBytes, bytes / 4);
  }

  /** All overruns so far; neighbouring bytes in one direction are one. */
  get overruns(): readonly Overrun[] {
    return this.found;
  }

  /** Bytes outside that were reached, counted each time. */
  get overrunBytes(): number {
    return this.found.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  readByte(at: number): number {
    this.note('read', at);
    return this.all[this.guard + at] ?? GUARD_BYTE;
  }

  writeByte(at: number, value: number): void {
    this.note('write', at);
    const index = this.guard + at;
    if (index >= 0 && index < this.all.length) this.all[index] = value;
  }

  /** As if freed and allocated again, filled with zeros. */
  clear(): void {
    this.words.fill(0);
  }

  private note(kind: 'read' | 'write', at: number): void {
    if (at >= 0 && at < this.bytes) return;
    const last = this.found.at(-1);
    if (last !== undefined && last.kind === kind && last.from + last.bytes === at) last.bytes += 1;
    else this.found.push({ kind, from: at, bytes: 1 });
  }
}
