/**
 * One guest's RAM as far as a device sees it: a run of bytes at a DMA base address.
 *
 * Backed by an ArrayBuffer (virtual world) or a SharedArrayBuffer (real world). Addresses are plain numbers: bus
 * addresses stay below 2^53.
 */
export class GuestMemory {
  readonly base: number;
  readonly bytes: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;

  /**
   * @param buffer backing store; its length must be a multiple of 4
   * @param base DMA address of the first byte, a multiple of 4096
   */
  constructor(buffer: ArrayBufferLike, base: number) {
    this.base = base;
    this.bytes = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
  }

  /** Byte offset of a DMA address, or -1 when any of the `length` bytes lies outside (an SMMU fault on hardware). */
  offsetOf(address: number, length: number): number {
    const offset = address - this.base;
    return offset >= 0 && offset + length <= this.bytes ? offset : -1;
  }
}

/** DMA address from two register words. */
export function addressOf(low: number, high: number): number {
  return high * 0x1_0000_0000 + low;
}
