/**
 * Which parameter a pause depends on most: each at its low and at its high value, all others nominal.
 */
import { type Tornado, type TornadoBar, tornadoOf } from './tornado.ts';
import type { QuestionVm } from './question.ts';
import type { VmTrials } from './vm-trials.ts';

/**
 * @param vms so many such VMs at once
 * @param onBar called before each parameter: so many done of so many
 */
export function pauseTornado(
  trials: VmTrials,
  vm: QuestionVm,
  vms: number = 1,
  onBar: (done: number, total: number) => void = () => {},
): Tornado {
  const value = trials.quick(vm, 'point', undefined, vms).pauseNs;
  const assumptions = trials.assumptions(vm);
  const bars = assumptions.map(({ group, name, from, source }, index): TornadoBar => {
    onBar(index, assumptions.length);
    const at = (end: 'short' | 'long'): number => trials.quick(vm, 'point', { group, name, end }, vms).pauseNs;
    return { parameter: name, from, source, short: at('short'), long: at('long') };
  });
  return tornadoOf('pause', 'ns', value, bars);
}
