/**
 * Many at once in virtual time: each fiber is one thread of a VMM or of the kernel, with its own time on the one clock.
 *
 * A fiber is a generator that yields the time until which it has nothing to do. The one whose time comes first resumes, among
 * equals the one listed first; it runs until another one comes first. A driver call inside is left and made again
 * (`interleaved-port.ts`), so that calls on several VFs interleave access by access, in the order of their times.
 */
import { bug } from '../base/bug.ts';
import { InterleavedPort, type Turn } from './interleaved-port.ts';
import type { VfSlot } from './host.ts';
import { StateSnapshot } from './state-snapshot.ts';
import type { World } from './world.ts';

/** What a fiber does, from the time at which it begins. */
export type FiberBody<T> = (fiber: Fiber) => Generator<number, T, void>;

/**
 * Asked before each access of what VFs share, in a driver call: for how long the scheduler keeps the call from running there.
 *
 * @param fiber its place in the list
 * @returns in ns, 0 for not at all
 */
export type Preempts = (fiber: number) => number;

/** Whose turn it is, until when, and which VFs are in a call. */
class Turns implements Turn {
  readonly held = new Set<VfSlot>();
  private readonly preempts: Preempts | null;
  private index = 0;
  private untilNs = Infinity;
  private untilIndex = 0;

  constructor(preempts: Preempts | null) {
    this.preempts = preempts;
  }

  /** A fiber's turn begins; it ends before anything that comes after the next time of another one. */
  give(index: number, untilNs: number, untilIndex: number): void {
    this.index = index;
    this.untilNs = untilNs;
    this.untilIndex = untilIndex;
  }

  preemptedNs(): number {
    return this.preempts === null ? 0 : this.preempts(this.index);
  }

  isDue(nowNs: number): boolean {
    return nowNs < this.untilNs || (nowNs === this.untilNs && this.index < this.untilIndex);
  }
}

export class Fiber {
  readonly world: World;
  private readonly turns: Turns;
  private readonly calls: InterleavedPort;
  private readonly snapshots = new Map<VfSlot, StateSnapshot>();
  private slot: VfSlot | null = null;
  private body: (() => number) | null = null;
  private ret: number | null = null;

  constructor(world: World, turns: Turns) {
    this.world = world;
    this.turns = turns;
    this.calls = new InterleavedPort(world.clock, turns);
  }

  /**
   * One driver call on a VF, from the clock's time on. It may be made several times, its driver put back each time: what
   * the body does in addition must bear that, or go through {@link once}.
   *
   * @returns what it gave; or null when others come first: {@link rest} then gives it
   */
  call(slot: VfSlot, body: () => number): number | null {
    // A second caller would have to wait for the VF's state mutex.
    if (this.turns.held.has(slot)) bug('VF_IN_A_CALL', slot.fn);
    this.turns.held.add(slot);
    this.slot = slot;
    this.body = body;
    this.calls.begin(slot.port);
    this.snapshotOf(slot).take(slot.vfio);
    this.attempt();
    return this.end();
  }

  /** The rest of the last {@link call}. */
  *rest(): Generator<number, number, void> {
    const { clock } = this.world;
    for (;;) {
      yield clock.nowNs;
      if (this.ret === null && this.calls.proceed()) this.attempt();
      const ret = this.end();
      if (ret !== null) return ret;
    }
  }

  /** A driver call and its rest. */
  *whole(slot: VfSlot, body: () => number): Generator<number, number, void> {
    return this.call(slot, body) ?? (yield* this.rest());
  }

  /** Within a driver call: something that must happen only once, at its time. */
  once(name: number, argument: number, run: () => void): void {
    this.calls.service(name, argument, () => {
      run();
      return 0;
    });
  }

  private attempt(): void {
    const { slot, body } = this;
    if (slot === null || body === null) return bug('FIBER_WITHOUT_CALL');
    this.ret = this.calls.attempt(body);
    if (this.ret === null) this.snapshotOf(slot).restore();
  }

  /** A call that is over is left when its time has come, so that its caller resumes in turn too. */
  private end(): number | null {
    const { ret, world, slot } = this;
    if (ret === null || slot === null || !this.turns.isDue(world.clock.nowNs)) return null;
    this.turns.held.delete(slot);
    this.slot = null;
    this.body = null;
    this.ret = null;
    world.catchUp(world.clock.nowNs);
    return ret;
  }

  private snapshotOf(slot: VfSlot): StateSnapshot {
    let snapshot = this.snapshots.get(slot);
    if (snapshot === undefined) {
      snapshot = new StateSnapshot(slot.outside);
      this.snapshots.set(slot, snapshot);
    }
    return snapshot;
  }
}

/**
 * Runs fibers to their ends on one clock, the earliest next; among equals in the order given. The clock then
 * stands at the end of the last.
 *
 * @returns what they gave, in the order given
 */
export function runFibers<T>(world: World, bodies: readonly FiberBody<T>[], preempts: Preempts | null = null): T[] {
  if (world.takesTurns) bug('FIBERS_WITHIN_FIBERS');
  const results: T[] = [];
  const { clock } = world;
  const startNs = clock.nowNs;
  let endNs = startNs;
  const turns = new Turns(preempts);
  const active = bodies.map((body, index) => ({ index, steps: body(new Fiber(world, turns)), wakeNs: startNs }));
  world.takesTurns = true;
  try {
    while (active.length > 0) {
      // The list keeps its order, so that of equals the first is met first.
      let first = 0;
      let secondNs = Infinity;
      let second = -1;
      for (let i = 1; i < active.length; i++) {
        const { wakeNs } = active[i]!;
        if (wakeNs < active[first]!.wakeNs) {
          secondNs = active[first]!.wakeNs;
          second = first;
          first = i;
        } else if (wakeNs < secondNs) {
          secondNs = wakeNs;
          second = i;
        }
      }
      const next = active[first]!;
      clock.nowNs = next.wakeNs;
      world.catchUp(next.wakeNs);
      turns.give(next.index, secondNs, second < 0 ? Infinity : active[second]!.index);
      const step = next.steps.next();
      if (step.done === true) {
        results[next.index] = step.value;
        endNs = Math.max(endNs, clock.nowNs);
        active.splice(first, 1);
      } else {
        if (!(step.value >= next.wakeNs)) bug('FIBER_BACKWARD', step.value, next.wakeNs);
        next.wakeNs = step.value;
      }
    }
  } finally {
    world.takesTurns = false;
  }
  clock.nowNs = endNs;
  return results;
}
