/**
 * The two ends of a lone read, compiled: see text.ts.
 */
import { LANE_CODE_BINARY } from './binary.ts';
import type { MapMemory } from '../map-memory.ts';

/** What {@link LaneCode.serve} gives when no lane waits for the device itself. */
export const FOUND = {
  /** Nothing was asked. */
  nothing: -1,
  /** Some reads were answered. */
  answered: -2,
} as const;

export interface LaneCode {
  /**
   * The device thread's end: polls the lanes in turn, and answers reads of a PF's registers that are alone in their lane
   * and that the register file answers (MAP.answers).
   *
   * @param lanes taken
   * @param passes over all lanes, each polled once: 1 or more
   * @returns the lane that wants something else, as soon as one does, or one of {@link FOUND}
   */
  readonly serve: (lanes: number, passes: number) => number;
  /**
   * The asking end: hands over a read that is alone in its lane, wakes the device thread where it sleeps, and polls for the
   * answer.
   *
   * @param lane where the lane begins, in bytes
   * @param word the operation, marked with `count`
   * @param offset of the register
   * @param count accesses of the lane, this one included
   * @param polls made at most for the answer, 0 or more
   * @returns 1 when it has been answered
   */
  readonly ask: (lane: number, word: number, offset: number, count: number, polls: number) => number;
}

let module: WebAssembly.Module | undefined;

/** The code, at work on a map. */
export function laneCodeOf(memory: MapMemory): LaneCode {
  module ??= new WebAssembly.Module(Buffer.from(LANE_CODE_BINARY, 'base64'));
  // Not the object of the exports itself, which is a dictionary: a read of it costs as much as an atomic load.
  const { serve, ask } = new WebAssembly.Instance(module, { map: { memory } }).exports as unknown as LaneCode;
  return { serve, ask };
}
