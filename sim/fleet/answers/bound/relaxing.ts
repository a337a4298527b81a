/**
 * What is changed, one thing at a time, to see what it would buy of `most` and `least`.
 */
import { UserError } from '../../../base/user-error.ts';
import { newestRelease } from '../../../manager/open.ts';
import { withoutUnread } from '../../../manager/readers.ts';
import { rulesOf } from '../../../scenario/rules.ts';
import { VMM_NAMES, type VmmName } from '../../../memory/vmms.ts';
import type { Budget, QuestionVm } from '../../question.ts';
import { limitsDevices, refusalOf, type VmTrials } from '../../vm-trials.ts';
import { type AxisName, CHANNELS_MAX } from './axes.ts';

/** What is asked of a VM. */
export interface Asked {
  readonly vm: QuestionVm;
  readonly budget: Budget;
}

export type BoundChange =
  | { readonly kind: 'twicePause' | 'bestGuesses' | 'twiceLink' | 'twiceChannels' | 'halfWriting' }
  /** A VMM that moves several devices without P2P. */
  | { readonly kind: 'otherVmm'; readonly vmm: VmmName };

/** Every change that applies, in the order in which they are tried, with what is then asked. */
export function boundChanges(
  asked: Asked,
  axis: AxisName,
  trials: VmTrials,
): readonly { readonly change: BoundChange; readonly to: Asked }[] {
  const { vm, budget } = asked;
  const { stream } = vm;
  const isLimited = limitsDevices(vm, trials.profiles, trials.file);
  const changes: { change: BoundChange; to: Asked }[] = [];
  const add = (change: BoundChange, to: Partial<Asked>): void => {
    changes.push({ change, to: { ...asked, ...to } });
  };
  add({ kind: 'twicePause' }, { budget: { ...budget, pause: 2 * budget.pause } });
  if (budget.judge !== 'point') add({ kind: 'bestGuesses' }, { budget: { ...budget, judge: 'point' } });
  if (axis !== 'gigabitsPerSecond') {
    add({ kind: 'twiceLink' }, { vm: withStream(vm, { gigabitsPerSecond: 2 * stream.gigabitsPerSecond }) });
  }
  const channels = 2 * stream.channels;
  if (axis !== 'channels' && channels <= CHANNELS_MAX && stream.multifd !== false) {
    const wider = withStream(vm, { channels });
    if (moves(wider, trials)) add({ kind: 'twiceChannels' }, { vm: wider });
  }
  const { dirty } = vm.memory;
  if (dirty.kind === 'uniform') {
    const half = { ...dirty, pagesPerSecond: dirty.pagesPerSecond / 2 };
    add({ kind: 'halfWriting' }, { vm: { ...vm, memory: { ...vm.memory, dirty: half } } });
  }
  for (const vmm of VMM_NAMES) {
    if (vmm === vm.vmm || !isLimited || !canTake(vm)) continue;
    const asOther = { ...vm, vmm, vmmVersion: newestRelease(vmm), parallelDevices: false };
    const other: QuestionVm = withoutUnread(asOther);
    if (movesSeveral(other, trials)) add({ kind: 'otherVmm', vmm }, { vm: other });
  }
  return changes;
}

function withStream(vm: QuestionVm, change: Partial<QuestionVm['stream']>): QuestionVm {
  return { ...vm, stream: { ...vm.stream, ...change } };
}

/** Whether other VMMs can do what the VM's own does. */
function canTake(vm: QuestionVm): boolean {
  const { compression, multifd } = vm.stream;
  return compression === 'none' && multifd === undefined && !rulesOf(vm).autoConverge;
}

/** Whether a VM with more devices moves, as far as is said. */
function movesSeveral(vm: QuestionVm, trials: VmTrials): boolean {
  return moves(vm, trials) && !limitsDevices(vm, trials.profiles, trials.file);
}

/** Whether a VM moves, as far as is said. */
function moves(vm: QuestionVm, { profiles, file }: VmTrials): boolean {
  try {
    return refusalOf(vm, profiles, file) === null;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
