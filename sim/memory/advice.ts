/**
 * What would let a VM move, tried by moving it.
 */
import { NS_PER_MS } from '../base/units.ts';
import { hasMoved } from './outcome.ts';
import type { VmmParameters } from './parameters.ts';
import { moveVm, type VmMoveInput } from './vm-move.ts';

/** QEMU takes no downtime limit above this, in ms. */
const LIMIT_MS_MAX = 2_000_000;

/**
 * The least downtime limit with which a VM moves, from the first byte on, rounded up to two digits, in ns.
 *
 * @returns null: none
 */
export function leastLimitNs(input: VmMoveInput, p: VmmParameters): number | null {
  const movesWith = (ms: number): boolean => {
    const convergence = { ...input.convergence, downtimeLimitNs: ms * NS_PER_MS, limitSteps: [] };
    return moveVm({ ...input, convergence }, p).end === 'moved';
  };
  if (!movesWith(LIMIT_MS_MAX)) return null;
  let fails = 0;
  let moves = LIMIT_MS_MAX;
  while (moves - fails > 1) {
    const middle = Math.floor((fails + moves) / 2);
    if (movesWith(middle)) moves = middle;
    else fails = middle;
  }
  const digits = 10 ** Math.max(0, Math.ceil(Math.log10(moves)) - 2);
  const rounded = Math.ceil(moves / digits) * digits;
  return (movesWith(rounded) ? rounded : moves) * NS_PER_MS;
}

/** Whether a VM moves when its vCPUs are throttled, where they are not yet. */
export function throttledMoves(input: VmMoveInput, p: VmmParameters): boolean {
  const convergence = { ...input.convergence, autoConverge: true };
  return !input.convergence.autoConverge && hasMoved(moveVm({ ...input, convergence }, p).end);
}
