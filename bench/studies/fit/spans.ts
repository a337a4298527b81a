/**
 * Iterations of a move, and what one of them finds dirty of a guest that writes evenly.
 */
import { MemoryClass } from '../../../sim/memory/dirty.ts';
import { ConstantRate } from '../../../sim/memory/write-rate.ts';

export const PAGE_BYTES = 4096;

/** What one iteration has found dirty, and when it began and ended. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
  readonly dirtiedBytes: number;
}

/** Logarithms of what is sought: a set that is written evenly; with bursts, six of them. */
export type Logs = readonly number[];

/**
 * What an iteration finds dirty of a set that is written evenly.
 *
 * @param logs of the set in bytes, and of pages written per second
 */
export function floorBytes([set = 0, rate = 0]: Logs, { fromNs, toNs }: Span): number {
  return new MemoryClass(Math.exp(set), PAGE_BYTES, new ConstantRate(Math.exp(rate))).writtenBytes(fromNs, toNs, 1);
}

export function lengthNs({ fromNs, toNs }: Omit<Span, 'dirtiedBytes'>): number {
  return toNs - fromNs;
}
