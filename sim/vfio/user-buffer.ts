/**
 * A buffer in user space, as the kernel reaches it: it may be unmapped, or end early.
 */
import type { UserMemory } from '../driver/kernel.ts';

export class UserBuffer implements UserMemory {
  bytes: Uint8Array;
  /** The whole buffer is unmapped. */
  unmapped = false;
  /** Each copy faults after this many bytes; -1: never. */
  faultAfter = -1;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  copyToUser(userOffset: number, from: Uint8Array, fromOffset: number, bytes: number): number {
    const good = this.reachable(bytes);
    if (good === from.length) this.bytes.set(from, userOffset);
    else for (let i = 0; i < good; i++) this.bytes[userOffset + i] = from[fromOffset + i]!;
    return bytes - good;
  }

  /** What cannot be copied reads as zero, as in the kernel's copy_from_user(). */
  copyFromUser(to: Uint8Array, toOffset: number, userOffset: number, bytes: number): number {
    const good = this.reachable(bytes);
    if (good === this.bytes.length && userOffset === 0) to.set(this.bytes, toOffset);
    else for (let i = 0; i < good; i++) to[toOffset + i] = this.bytes[userOffset + i]!;
    if (good < bytes) to.fill(0, toOffset + good, toOffset + bytes);
    return bytes - good;
  }

  private reachable(bytes: number): number {
    if (this.unmapped) return 0;
    return this.faultAfter < 0 ? bytes : Math.min(bytes, this.faultAfter);
  }
}
