/**
 * The system calls of one move, one after another: made in one go where nobody else is at work, and in turn with those of
 * other moves where there are any.
 */
import { bug } from '../base/bug.ts';
import type { Fiber } from '../world/fiber.ts';
import type { VfSlot } from '../world/host.ts';
import type { World } from '../world/world.ts';

export class MoveCalls {
  private readonly world: World;
  private readonly syscallNs: number;
  private readonly fiber: Fiber | null;

  /**
   * @param syscallNs cost of each call, without its work
   * @param fiber whose turns the calls take; null: nobody else is at work
   */
  constructor(world: World, syscallNs: number, fiber: Fiber | null) {
    if (fiber === null && world.takesTurns) bug('CALLS_OUT_OF_TURN');
    this.world = world;
    this.syscallNs = syscallNs;
    this.fiber = fiber;
  }

  get nowNs(): number {
    return this.world.clock.nowNs;
  }

  /**
   * Begins one call into the VFIO device of a slot.
   *
   * @param make the call, made on `vf`; where others are at work it may be made several times
   * @returns what it gave; null when others come first: {@link rest} then gives it
   */
  begin<Vf>(slot: VfSlot, make: (vf: Vf) => number, vf: Vf): number | null {
    const { world, fiber } = this;
    const { clock } = world;
    clock.nowNs += this.syscallNs;
    if (fiber !== null) return fiber.call(slot, () => make(vf));
    const ret = make(vf);
    world.catchUp(clock.nowNs);
    return ret;
  }

  /** The rest of the call that was begun last. */
  rest(): Generator<number, number, void> {
    return (this.fiber ?? bug('CALL_WAITS_ALONE')).rest();
  }

  /** Within a call: something that must happen only once, at its time. */
  once(service: number, argument: number, run: () => void): void {
    if (this.fiber === null) run();
    else this.fiber.once(service, argument, run);
  }
}
