/**
 * The border between the bench command and the sweep that measures: what is asked, what is reported on the way, what comes
 * back.
 */
import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { GenerationId } from '../../../sim/driver/generation.ts';
import type { Cell, CostParameter, Floors } from '../../documents/bench/result.ts';
import { type InFlight } from '../../../sim/abi/in-flight.ts';
import { type LoadName } from '../../../sim/workload/load.ts';

/** What can be chosen with --suite. Figures of a suite that is not run are left out of the cells. */
export const SUITES = {
  throughput: 'saves and restores per second, in images and in bytes',
  handshake: 'round trips between a VF thread and the PF thread, against the bare floor',
  virtual: 'speed of the virtual world, against a hand-written loop over the same accesses',
  downtime: 'wall and modelled downtime with their parts, guest-visible pause, lost tasks',
} as const;

export type SuiteName = keyof typeof SUITES;

export interface SweepOptions {
  readonly suites: readonly SuiteName[];
  /** Fewer and shorter measurements, for a first impression and for tests. */
  readonly quick: boolean;
  readonly seed: number;
  readonly accelerators: readonly AcceleratorKind[];
  readonly queuePairs: readonly number[];
  readonly loads: readonly LoadName[];
  readonly driver: GenerationId;
  /** What a pause does with tasks in service; the drivers do not reveal what hardware does. */
  readonly inFlight: InFlight;
}

export interface SweepHooks {
  /** Called once per finished cell, in order. A cell that was cut short by the signal is not reported. */
  onCell(cell: Cell): void;
  /**
   * Called when the floors are known, with the parameters of the modelled figures, and again before each cell that adds to
   * what ratios were divided by.
   *
   * @param bestPingPongNs the best bare ping-pong that the threads of this process were calibrated with
   */
  onFloors(floors: Floors, costs: readonly CostParameter[], bestPingPongNs: number): void;
  /** @param label what is being measured now, for a person */
  onProgress(done: number, total: number, label: string): void;
  /** When it fires, the sweep stops within a second and returns what it has. */
  readonly signal: AbortSignal;
}

export type RunSweep = (options: SweepOptions, hooks: SweepHooks) => Promise<void>;
