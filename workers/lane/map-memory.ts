/**
 * Shared memory that JavaScript and the code of a lane (code/code.ts) see alike.
 */
const PAGE_BYTES = 0x1_0000;

/** A WebAssembly.Memory; it may be posted to other threads. */
export interface MapMemory {
  readonly buffer: SharedArrayBuffer;
}

/** @param bytes needed; there are whole pages, zero */
export function createMemory(bytes: number): MapMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
