/**
 * How much heap is in use once garbage is gone.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Throws garbage away, and what only garbage held. */
export function collectGarbage(): void {
  collect();
  collect();
}

/** Bytes of JavaScript objects that something still holds. */
function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/**
 * Growth of the heap, in bytes per call, in the stretch of calls in which it grew least: what is forgotten at each call
 * shows in every stretch, while what the engine compiles or caches on the way does not.
 */
export async function leastGrowth(stretches: number, calls: number, call: () => void | Promise<void>): Promise<number> {
  let least = Infinity;
  let before = heapBytes();
  for (let stretch = 0; stretch < stretches; stretch++) {
    for (let i = 0; i < calls; i++) await call();
    const now = heapBytes();
    least = Math.min(least, (now - before) / calls);
    before = now;
  }
  return least;
}
