/**
 * What the designs have in common: two VFs, the steps of a move, and their observer.
 */
import type { Boundary } from './boundary.ts';
import { bug } from '../base/bug.ts';
import type { DesignStep } from '../base/pause-parts.ts';
import type { CostValues } from '../device/costs.ts';
import type { VfSlot } from '../world/host.ts';
import type { VfGuest } from '../world/vf-guest.ts';
import type { World } from '../world/world.ts';

export interface DesignRun {
  readonly world: World;
  readonly costs: CostValues;
  /** Idle, and at the source. */
  readonly guest: VfGuest;
  readonly source: VfSlot;
  readonly destination: VfSlot;
  readonly boundary: Boundary;
  /** A step begins. `attach` finds out what the device offers; the last one ends when the design returns. */
  at(step: DesignStep): void;
}

/** Plays one whole move of an idle VF. What fails is our mistake: the devices are healthy. */
export type PlayDesign = (run: DesignRun) => void;

/** @returns the value, which must be what was expected */
export function expectResult(value: number, expected: number): number {
  if (value !== expected) bug('DESIGN_CALL', value, expected);
  return value;
}
