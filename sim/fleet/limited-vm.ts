/**
 * A VM under an operator's limits, and as the fleet moves it.
 */
import type { VmmParameters } from '../memory/parameters.ts';
import { novaSteps } from '../scenario/document.ts';
import { type Limits, timeoutOf } from './limits.ts';
import { MoveClass, type Needs } from './move-class.ts';
import type { QuestionVm } from './question.ts';
import type { Moved, TrialAt, VmTrials } from './vm-trials.ts';

/** The VM with the limits that a move of it gets. What the VM says of its own stays, but for the downtime limit. */
export function limitedVm(vm: QuestionVm, limits: Limits): QuestionVm {
  const { convergence, stream, memory } = vm;
  const { downtimeLimitNs, bytesPerSecondPerMove, manager, progressTimeoutNs } = limits;
  const timeout = convergence.timeout ?? timeoutOf(limits, memory.size);
  const steps = convergence.steps ?? stepsFor(limits, memory.size);
  const cap = Math.min(stream.maxBytesPerSecond ?? Infinity, bytesPerSecondPerMove);
  return {
    ...vm,
    ...(manager === undefined ? {} : { watch: { manager, progressTimeoutNs } }),
    convergence: {
      ...convergence,
      timeout,
      // Stall detection sets the limit itself.
      ...(downtimeLimitNs === undefined || vm.kubevirt?.stallDetection === true
        ? {}
        : { downtimeLimit: downtimeLimitNs }),
      ...(steps === undefined ? {} : { steps }),
    },
    stream: { ...stream, ...(Number.isFinite(cap) ? { maxBytesPerSecond: cap } : {}) },
  };
}

function stepsFor({ steps }: Limits, memoryBytes: number): QuestionVm['convergence']['steps'] {
  if (steps === undefined || steps === 'nova') return steps;
  return novaSteps(memoryBytes, steps).map(({ afterNs, limitNs }) => ({ after: afterNs, limit: limitNs }));
}

/** What a VM needs where it goes. */
export function needsOf({ memory, devices, vcpus }: QuestionVm): Needs {
  let vfs = 0;
  let allQueues = 0;
  for (const { count, queues } of devices) {
    vfs += count;
    allQueues += count * queues;
  }
  return { memoryBytes: memory.size, vfs, queues: allQueues, vcpus };
}

/** The VM as the fleet replays it, with the parameters that it was made with. */
export function moveClassOf(
  name: string,
  vm: QuestionVm,
  trials: VmTrials,
  end: TrialAt,
  moved?: Moved,
): { readonly kind: MoveClass; readonly parameters: VmmParameters } {
  const { input: move, parameters } = trials.inputOf(vm, end, moved);
  return { kind: new MoveClass({ name, move, parameters, needs: needsOf(vm) }), parameters };
}

/** Whether a gate of KubeVirt sets the limit while the VM moves. */
export function isGated({ kubevirt }: QuestionVm): boolean {
  return kubevirt?.stallDetection === true || kubevirt?.downtimeTuning === true;
}

/** The VM under that one limit, or with a gate that raises it so far; in ns. */
export function withLimit(vm: QuestionVm, limitNs: number): QuestionVm {
  if (isGated(vm)) return { ...vm, kubevirt: { ...vm.kubevirt!, maxDowntime: limitNs } };
  const { steps: _without, ...convergence } = vm.convergence;
  return { ...vm, convergence: { ...convergence, downtimeLimit: limitNs } };
}
