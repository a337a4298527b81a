/**
 * The VMs of a question with all that it says of them: what stands at its head holds of each, and limits come with a manager.
 */
import { platformFields } from '../manager/question.ts';
import { readsField, unreadFields } from '../manager/readers.ts';
import { keysOf } from '../base/keys.ts';
import { UserError } from '../base/user-error.ts';
import { type LimitsPreset, managerOf } from './limits.ts';
import type { Question, QuestionVm } from './question.ts';

const PLATFORM = keysOf(platformFields);

/**
 * @param presets limits by the names that the question uses
 * @param file name of the question, for messages
 * @throws UserError of kind `input` for options at its head that none of its VMs reads
 */
export function withWholeVms(question: Question, presets: ReadonlyMap<string, LimitsPreset>, file: string): Question {
  const manager = 'limits' in question ? managerOf(question.limits, presets) : undefined;
  const head = manager === undefined ? question : { manager, ...question };
  refuseUnread(head, vmsOf(question), file);
  const whole = (vm: QuestionVm): QuestionVm => wholeVm(vm, head);
  if (question.ask !== 'evacuate') return { ...question, vm: whole(question.vm) };
  const vms = question.fleet.vms.map((each) => ({ ...each, vm: whole(each.vm) }));
  return { ...question, fleet: { ...question.fleet, vms } };
}

/** What is assumed of any of a question's VMs. */
export function assumedIn(question: Question): NonNullable<QuestionVm['assume']> {
  return Object.assign({}, question.assume, ...vmsOf(question).map(({ assume }) => assume)) as NonNullable<
    QuestionVm['assume']
  >;
}

/** The VMs that a question speaks of. */
export function vmsOf(question: Question): readonly QuestionVm[] {
  return question.ask === 'evacuate' ? question.fleet.vms.map(({ vm }) => vm) : [question.vm];
}

function refuseUnread(head: Platform, vms: readonly QuestionVm[], file: string): void {
  const read = vms.map(({ vmm, manager = head.manager }) => ({ vmm, manager }));
  const unread = unreadFields({ ...head, ...read[0]! }).find(({ field }) => !read.some((by) => readsField(field, by)));
  if (unread !== undefined)
    throw new UserError('input', `${file}: ${unread.field} is given, and ${unread.why}`, unread.hint);
}

type Platform = Partial<Pick<QuestionVm, (typeof PLATFORM)[number]>>;

function wholeVm(vm: QuestionVm, head: Platform): QuestionVm {
  const by = { vmm: vm.vmm, manager: vm.manager ?? head.manager };
  const fields = PLATFORM.flatMap((name) => {
    const ofHead = readsField(name, by) ? head[name] : undefined;
    const value = name === 'assume' ? { ...head.assume, ...vm.assume } : (vm[name] ?? ofHead);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...vm, ...(Object.fromEntries(fields) as Platform) };
}
