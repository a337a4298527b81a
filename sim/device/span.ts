/**
 * A part of an array that can change: the words from one index up to, and without, another.
 */
export interface Span {
  readonly array: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
  readonly from: number;
  readonly to: number;
}
