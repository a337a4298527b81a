/**
 * The part of a VMM's migration stream that belongs to one VFIO device: marks, sizes and data, big endian.
 *
 * The sections of the VMM around them are left out. Source: docs/designs.md section 3.3.
 */
import { STREAM_TAG } from '../abi/vfio-v1.ts';

/** Collects the stream at the source. */
export class V1StreamWriter {
  private readonly pieces: Uint8Array[] = [];

  tag(name: keyof typeof STREAM_TAG): void {
    this.number(STREAM_TAG[name]);
  }

  /** A mark, a size, and so many bytes. */
  block(name: 'DEV_DATA_STATE' | 'DEV_CONFIG_STATE', bytes: Uint8Array): void {
    this.tag(name);
    this.number(BigInt(bytes.length));
    this.pieces.push(bytes);
  }

  /** Everything so far, in one piece. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  private number(value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, false);
    this.pieces.push(bytes);
  }
}

/** Goes through a stream at the destination; whatever it cannot give is undefined. */
export class V1StreamReader {
  private readonly data: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get ended(): boolean {
    return this.at === this.data.length;
  }

  number(): bigint | undefined {
    if (this.at + 8 > this.data.length) return undefined;
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, false);
  }

  /** The bytes after a size. */
  block(): Uint8Array | undefined {
    const size = this.number();
    if (size === undefined || size > BigInt(this.data.length - this.at)) return undefined;
    this.at += Number(size);
    return this.data.subarray(this.at - Number(size), this.at);
  }
}
