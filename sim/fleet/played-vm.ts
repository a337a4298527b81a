/**
 * What the simulation of a VM's move adds to its closed form.
 */
import type { RangeEnd } from '../memory/device-profile.ts';
import type { Budget, QuestionVm } from './question.ts';
import { endlessOrPauseNs } from './guarantee.ts';
import type { VmTrials } from './vm-trials.ts';
import { type Played, useOf } from './vm-verdict.ts';

/** Registers take longest with all costs at their high values. Nominal where the VM does not move there. */
const PLAYED_ENDS: readonly RangeEnd[] = ['long', 'point'];

/**
 * Plays a VM register by register, with all parameters where they make pauses long, or nominal.
 *
 * @param vms how many such VMs move at once over one PF
 */
export function playedVm(trials: VmTrials, vm: QuestionVm, judge: Budget['judge'], vms: number = 1): Played {
  for (const end of judge === 'point' ? PLAYED_ENDS.slice(1) : PLAYED_ENDS) {
    const closed = trials.quick(vm, end, undefined, vms);
    if (!closed.moved) continue;
    const played = trials.full(vm, end, vms);
    if (!played.moved) return { methods: null, broken: useOf(played, Number.POSITIVE_INFINITY) };
    const methods = { closedFormNs: endlessOrPauseNs(closed), simulatedNs: endlessOrPauseNs(played) };
    return { methods, broken: null };
  }
  return { methods: null, broken: null };
}
