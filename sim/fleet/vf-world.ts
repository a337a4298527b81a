/**
 * One VF moved in a world of its own, for the times of its steps.
 *
 * The world is that of a scenario with one VM and one VF, and ends when the VF runs again: nothing that a plan asks for
 * comes later. Its rings are short where that makes no difference: as long as no task is refused for want of room in them, no
 * time depends on how long they are. Where one is refused, the world is played again with the rings that the VF has.
 */
import { bug } from '../base/bug.ts';
import { Move, type MoveOutcome, runMoves, type Sending } from '../move/move.ts';
import { DeviceWorld, warmUpNs, type WorldCosts } from '../scenario/device-world.ts';
import type { RegisterGroup, CompiledScenario } from '../scenario/compile.ts';
import type { QueueDepths } from '../workload/layout.ts';

/** Entries of a short ring of tasks: those of a guest that keeps up with its load hardly ever hold more. */
const SHORT_SQ = 64;

/**
 * @param plan with one VM and one VF
 * @param loadBeginsNs when loading begins, in ns after the vCPUs' stop
 */
export function moveVf(plan: CompiledScenario, numbers: WorldCosts, loadBeginsNs: number): MoveOutcome {
  const group = plan.registerGroups[0] ?? bug('NO_VF');
  const depths = shortDepths(group);
  if (depths.sq < group.depths.sq) {
    const outcome = play(plan, { ...group, depths }, numbers, loadBeginsNs, 'never full');
    if (outcome !== null) return outcome;
  }
  return play(plan, group, numbers, loadBeginsNs, 'may be full') ?? bug('NO_OUTCOME');
}

/** Never longer than the VF's own, and with room for what arrives together or is always in flight. */
function shortDepths({ depths, load }: RegisterGroup): QueueDepths {
  const together = load.kind === 'closed' ? load.inFlightPerQueue : load.kind === 'open' ? (load.burst ?? 1) : 0;
  const sq = Math.max(SHORT_SQ, 2 * together);
  // A ring of completions that is shorter than that of tasks may fill up by itself.
  if (depths.cq < depths.sq || 2 * sq >= depths.sq) return depths;
  return { ...depths, sq, cq: 2 * sq };
}

/** @returns null when a task was refused, of rings that are never to be full */
function play(
  plan: CompiledScenario,
  group: RegisterGroup,
  numbers: WorldCosts,
  loadBeginsNs: number,
  rings: 'never full' | 'may be full',
): MoveOutcome | null {
  const { world } = new DeviceWorld({ ...plan, registerGroups: [group] }, numbers);
  const vm = world.guests[0] ?? bug('NO_VF');
  const destination = world.hosts[1] ?? bug('NO_DESTINATION');
  const wereFull = (): boolean => rings === 'never full' && vm.guest.totalRejected() > 0;
  world.runUntil(world.clock.nowNs + warmUpNs(group, 1, numbers.end));
  if (wereFull()) return null;
  const options = {
    vfs: [{ guest: vm, destination: destination.slot(vm.slot.fn) }],
    costs: numbers.costs,
    preCopy: plan.preCopy,
    recovery: plan.recovery,
    loadBegins: ({ stoppedAtNs }: Sending) => stoppedAtNs + loadBeginsNs,
    watchNs: 0,
  };
  const [outcome] = runMoves(world, [new Move(world, options)]);
  return wereFull() ? null : (outcome ?? bug('NO_OUTCOME'));
}
