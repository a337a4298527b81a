/**
 * What calls leave on the heap of this thread: garbage, and what survives it.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { percentile } from './statistics.ts';

const TRIES = 7;
/** Tries before, which compile the code. */
const WARM_UP_TRIES = 3;

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

/** What was seen in several tries. */
class Looks {
  private readonly garbage: number[] = [];
  private readonly survivors: number[] = [];
  private before = 0;
  /** Garbage of a reading itself. */
  private own = 0;

  begin(): void {
    collect();
    this.before = usedBytes();
    this.own = usedBytes() - this.before;
  }

  end(): void {
    const { before, own } = this;
    const after = usedBytes();
    collect();
    const kept = usedBytes();
    this.garbage.push(after - before - 2 * own);
    this.survivors.push(Math.max(0, kept - before - own));
  }

  perCall(calls: number): Allocation {
    // Where the heap became smaller, a collection came in between, and nothing is known.
    const whole = this.garbage.filter((bytes) => bytes >= 0);
    return {
      bytes: whole.length === 0 ? 0 : percentile(whole, 0.5) / calls,
      survivingBytes: percentile(this.survivors, 0.5) / calls,
    };
  }
}

/** @param calls enough that a byte for each would show, few enough that their garbage fits into the young generation */
export function allocationOf(fn: () => unknown, calls: number): Allocation {
  const looks = new Looks();
  for (let attempt = -WARM_UP_TRIES; attempt < TRIES; attempt++) {
    if (attempt >= 0) looks.begin();
    for (let i = 0; i < calls; i++) fn();
    if (attempt >= 0) looks.end();
  }
  return looks.perCall(calls);
}

/** As {@link allocationOf}, for calls that end later: what this thread does meanwhile counts as theirs. */
export async function allocationOfAsync(fn: () => Promise<unknown>, calls: number): Promise<Allocation> {
  const looks = new Looks();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    looks.begin();
    for (let i = 0; i < calls; i++) await fn();
    looks.end();
  }
  return looks.perCall(calls);
}
