/**
 * The wall clock of the real world: nanoseconds of one monotonic clock that all threads of the process share.
 */
import { NS_PER_MS, NS_PER_S } from '../sim/base/units.ts';

/** Nanoseconds since some fixed time, the same in every thread; exact to a microsecond or better. */
export function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * NS_PER_S + nanoseconds;
}

/** Nanoseconds by a clock of this thread alone: half the price of {@link nowNs}. */
export function localNowNs(): number {
  return performance.now() * NS_PER_MS;
}

/** Keeps the processor busy, like udelay(). */
export function spinNs(ns: number): void {
  const untilNs = localNowNs() + ns;
  while (localNowNs() < untilNs);
}
