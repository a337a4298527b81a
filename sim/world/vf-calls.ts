/**
 * Calls on several VFs at once, without a migration around them: opening, resets, state changes; and a reset of the PF
 * among them.
 */
import { PF_REG } from '../abi/registers.ts';
import { NS_PER_MS } from '../base/units.ts';
import { RESET_WAIT_MS, RESET_WAIT_TIMES_MAX } from '../driver/generation.ts';
import { type Fiber, type FiberBody, runFibers } from './fiber.ts';
import type { Host, VfSlot } from './host.ts';
import type { World } from './world.ts';

/** One call, from its beginning to its end, in virtual ns. */
export interface VfCallOutcome {
  /** What it gave: 0 or more, or a negative errno. */
  readonly ret: number;
  readonly beganNs: number;
  readonly endedNs: number;
}

export interface VfCall {
  readonly slot: VfSlot;
  /** The call into the VFIO device. It may be made several times and must do the same each time. */
  readonly body: (slot: VfSlot) => number;
  /** How long after the others it begins, in ns. Default: 0. */
  readonly afterNs?: number;
}

/** A call as a fiber, for runs of calls with other things. */
export function vfCall({ slot, body, afterNs = 0 }: VfCall): FiberBody<VfCallOutcome> {
  return function* run(fiber: Fiber): Generator<number, VfCallOutcome, void> {
    const { clock } = fiber.world;
    if (afterNs > 0) yield clock.nowNs + afterNs;
    const beganNs = clock.nowNs;
    clock.nowNs += slot.host.options.costs.syscallNs;
    const ret = yield* fiber.whole(slot, () => body(slot));
    return { ret, beganNs, endedNs: clock.nowNs };
  };
}

/** Makes calls on VFs at once; among equals in time the one listed first goes first. Outcomes in the order given. */
export function callAll(world: World, calls: readonly VfCall[]): VfCallOutcome[] {
  return runFibers(world, calls.map(vfCall));
}

/** Opens VFs at once, each with its function reset. Where drivers respect the PF's "resetting" mark, one by one. */
export function openAll(world: World, slots: readonly VfSlot[]): VfCallOutcome[] {
  return callAll(
    world,
    slots.map((slot) => ({ slot, body: ({ vfio }) => vfio.open() })),
  );
}

/** Resets VFs at once. */
export function resetAll(world: World, slots: readonly VfSlot[]): VfCallOutcome[] {
  return callAll(
    world,
    slots.map((slot) => ({
      slot,
      body: ({ vfio }) => {
        vfio.reset();
        return 0;
      },
    })),
  );
}

export interface PfResetOptions {
  /** What the reset takes beyond the ordinary, in ns. Default: 0. */
  readonly extraNs?: number;
  /** Called when the reset begins, with the mark held, and when it ends. */
  readonly onReset?: (begins: boolean) => void;
}

/**
 * The PF driver resets the device: it waits for the mark, holds it, and every function forgets what it was. How long the
 * PF driver waits is taken to be as long as a VF's. The migration windows are selected again as they were.
 *
 * @param afterNs how long after the others it begins
 */
export function resetPf(
  host: Host,
  afterNs = 0,
  { extraNs = 0, onReset }: PfResetOptions = {},
): FiberBody<VfCallOutcome> {
  return function* run(fiber: Fiber): Generator<number, VfCallOutcome, void> {
    const { clock } = fiber.world;
    const { accelerator, pf } = host;
    if (afterNs > 0) yield clock.nowNs + afterNs;
    const beganNs = clock.nowNs;
    for (let looks = 0; pf.resetting && looks < RESET_WAIT_TIMES_MAX; looks++) {
      host.resettingWatch?.heldUp(0, clock.nowNs);
      yield clock.nowNs + RESET_WAIT_MS * NS_PER_MS;
    }
    pf.resetting = true;
    onReset?.(true);
    const selected = accelerator.read32(0, PF_REG.QM_MIG_REGION_SEL, clock.nowNs);
    accelerator.resetFunction(0, clock.nowNs);
    yield clock.nowNs + accelerator.costNs + extraNs;
    accelerator.write32(0, PF_REG.QM_MIG_REGION_SEL, selected, clock.nowNs);
    onReset?.(false);
    pf.resetting = false;
    return { ret: 0, beganNs, endedNs: clock.nowNs };
  };
}
