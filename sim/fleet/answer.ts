/**
 * The planner: a question in, its answer out. Pure; files are read elsewhere.
 */
import { UserError } from '../base/user-error.ts';
import type { Topology } from '../pci/topology.ts';
import type { OwnPlatform } from '../memory/platform-file.ts';
import { dependsOnQueues, type DeviceProfile } from '../memory/device-profile.ts';
import { changesWithTime } from '../memory/dirty.ts';
import { type Answer, answerFrom, type AnswerOptions } from './answers/answer-parts.ts';
import { verdictStates } from './answers/constraints.ts';
import { atOnceNumbers } from './answers/at-once/numbers.ts';
import { atOnceWords } from './answers/at-once/words.ts';
import { boundConstraints } from './answers/bound/constraints.ts';
import { boundNumbers } from './answers/bound/numbers.ts';
import { boundWords } from './answers/bound/words.ts';
import { compareConstraints } from './answers/compare/constraints.ts';
import { compareNumbers } from './answers/compare/numbers.ts';
import { compareWords } from './answers/compare/words.ts';
import { convergeConstraints } from './answers/converge/constraints.ts';
import { convergeNumbers } from './answers/converge/numbers.ts';
import { convergeWords } from './answers/converge/words.ts';
import { evacuateConstraints } from './answers/evacuate/constraints.ts';
import { evacuateNumbers } from './answers/evacuate/numbers.ts';
import { evacuateWords } from './answers/evacuate/words.ts';
import { roomConstraints } from './answers/room/constraints.ts';
import { roomNumbers } from './answers/room/numbers.ts';
import { roomWords } from './answers/room/words.ts';
import { answerDraws } from './answer-interval.ts';
import { FleetPlan } from './fleet-plan.ts';
import { drawsFor } from './guarantee.ts';
import { allStayAnswer, staysAnswer } from './answers/stays.ts';
import type { AskedCan } from '../scenario/ask-can.ts';
import { queuelessPhrase } from '../scenario/compile.ts';
import { checkLimits, type LimitField, type Limits, type LimitsPreset, limitsOf, refuseUnsaid } from './limits.ts';
import type { Question, QuestionVm } from './question.ts';
import { unreadByAsk, unreadSentence } from './unread.ts';
import { refusalOf, VmTrials } from './vm-trials.ts';
import { vmsOf, withWholeVms } from './whole-vm.ts';

/** The documents that a question names, by the words that it uses. */
export interface QuestionFiles {
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly presets: ReadonlyMap<string, LimitsPreset>;
  readonly topologies: ReadonlyMap<string, Topology>;
  /** Measured parameters of the machines, in place of the shipped ones. */
  readonly platform?: OwnPlatform;
}

/**
 * Answers a question.
 *
 * @param asked as it was read; what stands at its head is put into its VMs
 * @param file name of the question, used in messages
 * @throws UserError of kind `input` for a question that contradicts itself
 */
export function answer(asked: Question, files: QuestionFiles, file: string, options: AnswerOptions = {}): Answer {
  const draws = options.draws ?? ('confidence' in asked ? drawsFor(asked.confidence) : undefined);
  const unknowns = answerDraws(draws, files.platform?.spreads, 'seed' in asked ? asked.seed : undefined);
  const trials = new VmTrials(files.profiles, file, files.platform, unknowns);
  const question = withWholeVms(asked, files.presets);
  check(asked, question, trials);
  if ('limits' in question)
    checkLimits(question.limits, files.presets, vmPaths(question), question.ask === 'evacuate', file);
  const refused = refusalIn(question, trials);
  if (refused !== null) return staysAnswer(refused);
  const limits = (given: Parameters<typeof limitsOf>[0]): Limits => {
    const found = limitsOf(given, files.presets);
    refuseUnsaid(found, limitsReadBy(question), file);
    return found;
  };
  switch (question.ask) {
    case 'most':
    case 'least':
      return answerFrom(boundNumbers(question, trials, options), boundConstraints, boundWords);
    case 'at-once': {
      const numbers = atOnceNumbers(question, trials, limits(question.limits), options);
      return answerFrom(numbers, ({ here, further }) => verdictStates(here, further), atOnceWords);
    }
    case 'converge': {
      const numbers = convergeNumbers(question, trials, limits(question.limits), options);
      return answerFrom(numbers, convergeConstraints, convergeWords);
    }
    case 'evacuate': {
      const { vms, staying } = new FleetPlan(question, trials, limits(question.limits));
      if (vms === 0) return allStayAnswer(staying);
      const numbers = evacuateNumbers(question, trials, limits(question.limits), options);
      return answerFrom(numbers, evacuateConstraints, evacuateWords);
    }
    case 'room':
      return answerFrom(roomNumbers(question, trials, files.topologies), roomConstraints, roomWords);
    default:
      return answerFrom(compareNumbers(question, trials, options), compareConstraints, compareWords);
  }
}

/** The limits on which an answer depends. */
function limitsReadBy(question: Question): readonly LimitField[] {
  const ofMoves = ['bytesPerSecondPerMove', 'timeoutPerGib', 'timeout', 'progressTimeout'] as const;
  if (question.ask === 'evacuate') return ['atOnce', 'outboundPerHost', 'inboundPerHost', 'perPf', ...ofMoves];
  if (question.ask !== 'at-once') return ofMoves;
  const out = question.over === 'uplink' ? [] : (['outboundPerHost'] as const);
  return ['atOnce', ...out, ...(question.over === 'pf' ? (['perPf'] as const) : []), ...ofMoves];
}

/** Each VM's VMM, with the path of the VM. */
function vmPaths(question: Question): readonly (readonly [path: string, vmm: QuestionVm['vmm']])[] {
  return vmsOf(question).map(({ vmm }, index) => [question.ask === 'evacuate' ? `fleet.vms[${index}].vm` : 'vm', vmm]);
}

/** Whether the VM of a question stays whatever is changed of it; fleets have more than one. */
function refusalIn(question: Question, trials: VmTrials): AskedCan | null {
  if (question.ask === 'evacuate') return null;
  // What others find out by a move, room does not.
  const several = question.ask === 'room' ? 'is a reason' : 'is a limit';
  return refusalOf(question.vm, trials.profiles, trials.file, several);
}

/** Fields that another field contradicts, or that change nothing of any hardware. */
function refuseContradictions(question: Question, refuse: (message: string, hint: string) => never): void {
  if (question.ask === 'compare') {
    const index = question.variants.findIndex(({ hardware }) => hardware !== undefined);
    if (index >= 0) {
      refuse(`variants[${index}].hardware is given, and V3, V4 and V5 move alike`, 'Compare drivers, or inFlight.');
    }
  }
  if (question.ask === 'at-once' && question.over !== 'pf' && question.vm.stream.share !== 1) {
    refuse('vm.stream.share is given, and the moves share the link evenly', 'Leave it out.');
  }
  if (question.ask === 'room') {
    const index = question.hosts.findIndex(({ kind, freeQueues }) => kind !== 'other' && freeQueues === undefined);
    if (index >= 0) {
      refuse(
        `hosts[${index}].freeQueues is missing`,
        'It says how many queues of the PF are free; allowed is 0 to 1024.',
      );
    }
  }
  refuseTraces(question, refuse);
  if (question.ask !== 'evacuate') return;
  const { vms, hostGigabitsPerSecond } = question.fleet;
  for (const [index, { vm }] of vms.entries()) {
    const { gigabitsPerSecond } = vm.stream;
    if (gigabitsPerSecond === hostGigabitsPerSecond) continue;
    refuse(
      `fleet.vms[${index}].vm.stream.gigabitsPerSecond is ${gigabitsPerSecond}, and fleet.hostGigabitsPerSecond is ${hostGigabitsPerSecond}`,
      'A VM of a fleet moves over the links of its host: say the same; stream.maxBytesPerSecond limits one move.',
    );
  }
}

/** Moves that share a link begin at any time, of which a trace and bursts do not know. */
function refuseTraces(question: Question, refuse: (message: string, hint: string) => never): void {
  const isShared = question.ask === 'evacuate' || (question.ask === 'at-once' && question.over !== 'pf');
  if (!isShared) return;
  const index = vmsOf(question).findIndex(({ memory }) => changesWithTime(memory.dirty));
  if (index < 0) return;
  const at = question.ask === 'evacuate' ? `fleet.vms[${index}].vm` : 'vm';
  refuse(
    `${at}.memory.dirty is of kind ${vmsOf(question)[index]!.memory.dirty.kind}, and moves that share a link begin at any time`,
    'Give kind uniform or hotSet with the mean rates.',
  );
}

/** @param asked as it was read; in `question`, what stands at its head is in its VMs */
function check(asked: Question, question: Question, { file, profiles }: VmTrials): void {
  const refuse = (message: string, hint?: string): never => {
    throw new UserError('input', `${file}: ${message}`, hint);
  };
  const [unread] = unreadByAsk(asked, profiles);
  if (unread !== undefined) refuse(unreadSentence(unread), unread.hint);
  refuseContradictions(question, refuse);
  if (
    question.ask === 'compare' &&
    !question.vm.devices.some(({ profile }) => profiles.get(profile)?.kind !== undefined)
  ) {
    refuse('no device of vm has a register model, which variants could differ in', 'Give it an accelerator VF.');
  }
  if (question.ask === 'most' && question.vm.devices[question.device - 1] === undefined) {
    refuse(`device is ${question.device}, and the VM has ${question.vm.devices.length} in its list`);
  }
  if (question.ask === 'most' && question.of === 'queues') {
    const { profile: word } = question.vm.devices[question.device - 1]!;
    const profile = profiles.get(word);
    if (profile !== undefined && !dependsOnQueues(profile)) {
      refuse(`of is queues, and ${queuelessPhrase(word)}`, 'Ask of: vfs, or take an accelerator VF.');
    }
  }
  if (question.ask === 'at-once' && question.over === 'uplink' && question.uplinkGigabitsPerSecond === undefined) {
    refuse('uplinkGigabitsPerSecond is missing', 'It says what moves from several hosts share.');
  }
  if (question.ask === 'at-once' && question.over === 'pf' && question.vm.devices.length === 0) {
    refuse('over is pf, and the VM has no device', 'Give vm.devices, or ask over: host.');
  }
}
