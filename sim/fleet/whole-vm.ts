/**
 * The VMs of a question with all that it says of them: what stands at its head holds of each, and limits come with a manager.
 */
import { asOfSentences } from '../manager/coverage.ts';
import { platformFields } from '../manager/question.ts';
import { readsField, unreadFields } from '../manager/readers.ts';
import { keysOf } from '../base/keys.ts';
import { UserError } from '../base/user-error.ts';
import { type LimitsPreset, managerOf } from './limits.ts';
import type { Question, QuestionVm } from './question.ts';

const PLATFORM = keysOf(platformFields);

/** @param presets limits by the names that the question uses */
export function withWholeVms(question: Question, presets: ReadonlyMap<string, LimitsPreset>): Question {
  const head = headOf(question, presets);
  const whole = (vm: QuestionVm): QuestionVm => wholeVm(vm, head);
  if (question.ask !== 'evacuate') return { ...question, vm: whole(question.vm) };
  const vms = question.fleet.vms.map((each) => ({ ...each, vm: whole(each.vm) }));
  return { ...question, fleet: { ...question.fleet, vms } };
}

/**
 * Checks that what stands at the head of a question is read by a VM: of the question, or of one of its sweep.
 *
 * @param asked the question, or every one of its sweep
 * @param file name of the question, used in messages
 * @throws UserError of kind `input` for options that no VM reads
 */
export function checkHeads(asked: readonly Question[], presets: ReadonlyMap<string, LimitsPreset>, file: string): void {
  const read = new Set<string>();
  for (const question of asked) {
    const head = headOf(question, presets);
    for (const { vmm, manager = head.manager } of vmsOf(question)) {
      for (const name of PLATFORM) if (readsField(name, { vmm, manager })) read.add(name);
    }
  }
  for (const question of asked) {
    const head = headOf(question, presets);
    const { vmm, manager = head.manager } = vmsOf(question)[0]!;
    const unread = unreadFields({ ...head, vmm, manager }).find(({ field }) => !read.has(field));
    if (unread === undefined) continue;
    throw new UserError('input', `${file}: ${unread.field} is given, and ${unread.why}`, unread.hint);
  }
}

function headOf(question: Question, presets: ReadonlyMap<string, LimitsPreset>): Platform {
  const manager = 'limits' in question ? managerOf(question.limits, presets) : undefined;
  return manager === undefined ? question : { manager, ...question };
}

/** What is assumed of any of a question's VMs. */
export function assumedIn(question: Question): NonNullable<QuestionVm['assume']> {
  return Object.assign({}, question.assume, ...vmsOf(question).map(({ assume }) => assume)) as NonNullable<
    QuestionVm['assume']
  >;
}

/** Sentences on releases of a question's VMs that are later than all that is on record. */
export function asOfIn(question: Question): readonly string[] {
  return [...new Set(vmsOf(question).flatMap(asOfSentences))];
}

/** The VMs that a question speaks of. */
export function vmsOf(question: Question): readonly QuestionVm[] {
  return question.ask === 'evacuate' ? question.fleet.vms.map(({ vm }) => vm) : [question.vm];
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
