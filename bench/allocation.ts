/**
 * What calls leave on the heap of this thread: garbage, and what survives it.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { percentile } from './statistics.ts';

const TRIES = 7;

export interface Allocation {
  /** Bytes per call on the JavaScript heap, before the collector comes. */
  readonly bytes: number;
  /** Bytes per call that are still there after it. */
  readonly survivingBytes: number;
}

let collector: (() => void) | undefined;

/** The engine's full collection, which has to be asked for by flag. */
function collect(): void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
  }
  collector();
}

function usedBytes(): number {
  return getHeapStatistics().used_heap_size;
}

/** @param calls enough that a byte for each would show, few enough that their garbage fits into the young generation */
export function allocationOf(fn: () => unknown, calls: number): Allocation {
  const repeat = (): void => {
    for (let i = 0; i < calls; i++) fn();
  };
  for (let i = 0; i < 3; i++) repeat();
  const garbage: number[] = [];
  const survivors: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    collect();
    const before = usedBytes();
    const look = usedBytes();
    repeat();
    const after = usedBytes();
    collect();
    const kept = usedBytes();
    // The looks themselves leave something.
    const own = look - before;
    garbage.push(after - look - own);
    survivors.push(Math.max(0, kept - before - own));
  }
  // Where the heap became smaller, a collection came in between, and nothing is known.
  const whole = garbage.filter((bytes) => bytes >= 0);
  return {
    bytes: whole.length === 0 ? 0 : percentile(whole, 0.5) / calls,
    survivingBytes: percentile(survivors, 0.5) / calls,
  };
}
