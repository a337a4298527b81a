/**
 * A stage of the data path with its floor: its measurement, and how the two are measured in turn.
 */
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { type Allocation, allocationOf } from '../allocation.ts';
import { BennyRunner } from '../runner.ts';
import { measureInTurn, type TurnOptions } from '../turns.ts';

/** A stage and its floor, measured in turn. */
export interface StageMeasurement {
  readonly stage: string;
  readonly floor: string;
  /** ns per call, one entry per turn. */
  readonly ns: Float64Array;
  readonly floorNs: Float64Array;
  /** Bytes that are moved by a call; 0 where none are. */
  readonly bytes: number;
  /** Bytes copied by a call for each of those. */
  readonly copies: number;
  readonly allocation: Allocation | null;
  /** Waits for the device thread in a call; null where it is not asked. */
  readonly waits: number | null;
  /** Stages of which it is made up, where it is several together. */
  readonly parts?: readonly string[];
}

export interface StageTask extends TurnOptions {
  readonly world: WorldInit;
  /** Whole round trips of a VF for the stages of the driver. */
  readonly moves: number;
}

const runner = new BennyRunner();

/** A stage, ready to be called. */
export interface Pair {
  readonly stage: string;
  readonly floor: string;
  readonly fn: () => number;
  readonly floorFn: () => number;
  readonly bytes: number;
  /** Bytes copied so far, by the stage's own count. */
  readonly copied?: () => number;
  readonly calls: number;
}

/** Each pair after the other, its two sides in turn. @param prepare called before each */
export async function measurePairs(
  pairs: readonly Pair[],
  options: TurnOptions,
  prepare: () => void = () => {},
): Promise<readonly StageMeasurement[]> {
  const measured: StageMeasurement[] = [];
  for (const pair of pairs) {
    prepare();
    measured.push(await measurePair(pair, options));
  }
  return measured;
}

async function measurePair(pair: Pair, options: TurnOptions): Promise<StageMeasurement> {
  const { stage, floor, fn, floorFn, bytes, copied, calls } = pair;
  const before = copied?.() ?? 0;
  fn();
  const copies = copied === undefined || bytes === 0 ? 0 : (copied() - before) / bytes;
  const [ns, floorNs] = await measureInTurn(
    runner,
    [
      { name: stage, fn },
      { name: floor, fn: floorFn },
    ],
    options,
  );
  return {
    stage,
    floor,
    ns: ns!,
    floorNs: floorNs!,
    bytes,
    copies,
    allocation: allocationOf(fn, calls),
    waits: null,
  };
}

export function sharedBytes(bytes: number, fill: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes)).fill(fill);
}
