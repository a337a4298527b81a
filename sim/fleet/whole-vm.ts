/**
 * The VMs of a question with all that it says of them: what stands at its head holds of each, and limits come with a manager.
 */
import { platformFields } from '../manager/question.ts';
import { keysOf } from '../base/keys.ts';
import { type LimitsPreset, managerOf } from './limits.ts';
import type { Question, QuestionVm } from './question.ts';

const PLATFORM = keysOf(platformFields);

/** @param presets limits by the names that the question uses */
export function withWholeVms(question: Question, presets: ReadonlyMap<string, LimitsPreset>): Question {
  const manager = 'limits' in question ? managerOf(question.limits, presets) : undefined;
  const whole = (vm: QuestionVm): QuestionVm =>
    wholeVm(vm, manager === undefined ? question : { manager, ...question });
  if (question.ask !== 'evacuate') return { ...question, vm: whole(question.vm) };
  const vms = question.fleet.vms.map((each) => ({ ...each, vm: whole(each.vm) }));
  return { ...question, fleet: { ...question.fleet, vms } };
}

/** What is assumed of any of a question's VMs. */
export function assumedIn(question: Question): NonNullable<QuestionVm['assume']> {
  const vms = question.ask === 'evacuate' ? question.fleet.vms.map(({ vm }) => vm) : [question.vm];
  return Object.assign({}, question.assume, ...vms.map(({ assume }) => assume)) as NonNullable<QuestionVm['assume']>;
}

type Platform = Partial<Pick<QuestionVm, (typeof PLATFORM)[number]>>;

function wholeVm(vm: QuestionVm, head: Platform): QuestionVm {
  const fields = PLATFORM.flatMap((name) => {
    const value = name === 'assume' ? { ...head.assume, ...vm.assume } : (vm[name] ?? head[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...vm, ...(Object.fromEntries(fields) as Platform) };
}
