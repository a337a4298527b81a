/**
 * What is changed, one thing at a time, to see what it would buy of `most` and `least`.
 */
import { VMM_NAMES, type VmmName, VMMS } from '../../../memory/vmms.ts';
import type { Budget, QuestionVm } from '../../question.ts';
import { type AxisName, CHANNELS_MAX } from './axes.ts';

/** What is asked of a VM. */
export interface Asked {
  readonly vm: QuestionVm;
  readonly budget: Budget;
}

export type BoundChange =
  | { readonly kind: 'twicePause' | 'bestGuesses' | 'twiceLine' | 'twiceChannels' | 'halfWriting' }
  /** A VMM that moves several devices without P2P. */
  | { readonly kind: 'otherVmm'; readonly vmm: VmmName };

/** Every change that applies, in the order in which they are tried, with what is then asked. */
export function boundChanges(
  asked: Asked,
  axis: AxisName,
): readonly { readonly change: BoundChange; readonly to: Asked }[] {
  const { vm, budget } = asked;
  const { stream } = vm;
  const changes: { change: BoundChange; to: Asked }[] = [];
  const add = (change: BoundChange, to: Partial<Asked>): void => {
    changes.push({ change, to: { ...asked, ...to } });
  };
  add({ kind: 'twicePause' }, { budget: { ...budget, pause: 2 * budget.pause } });
  if (budget.judge !== 'point') add({ kind: 'bestGuesses' }, { budget: { ...budget, judge: 'point' } });
  if (axis !== 'gigabitsPerSecond') {
    add({ kind: 'twiceLine' }, { vm: withStream(vm, { gigabitsPerSecond: 2 * stream.gigabitsPerSecond }) });
  }
  const channels = 2 * stream.channels;
  if (axis !== 'channels' && channels <= CHANNELS_MAX && stream.multifd !== false) {
    add({ kind: 'twiceChannels' }, { vm: withStream(vm, { channels }) });
  }
  const { dirty } = vm.memory;
  if (dirty.kind === 'uniform') {
    const half = { ...dirty, pagesPerSecond: dirty.pagesPerSecond / 2 };
    add({ kind: 'halfWriting' }, { vm: { ...vm, memory: { ...vm.memory, dirty: half } } });
  }
  for (const vmm of vmmsWithoutP2p(vm)) add({ kind: 'otherVmm', vmm }, { vm: { ...vm, vmm, parallelDevices: false } });
  return changes;
}

function withStream(vm: QuestionVm, change: Partial<QuestionVm['stream']>): QuestionVm {
  return { ...vm, stream: { ...vm.stream, ...change } };
}

/** VMMs that move several devices without P2P, where the VM's own does not, and where they can do what it does. */
function vmmsWithoutP2p({ vmm, stream, convergence }: QuestionVm): readonly VmmName[] {
  const others = stream.compression === 'none' && stream.multifd === undefined && !convergence.autoConverge;
  if (!VMMS[vmm].severalNeedP2p || !others) return [];
  return VMM_NAMES.filter((name) => !VMMS[name].severalNeedP2p);
}
