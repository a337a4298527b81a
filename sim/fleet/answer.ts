/**
 * The planner: a question in, its answer out. Pure; files are read elsewhere.
 */
import { UserError } from '../base/user-error.ts';
import type { Topology } from '../pci/topology.ts';
import type { DeviceProfile } from '../memory/device-profile.ts';
import type { Answer, AnswerOptions } from './answer-parts.ts';
import { atOnceAnswer } from './at-once-answer.ts';
import { compareAnswer } from './compare-answer.ts';
import { convergeAnswer } from './converge-answer.ts';
import { evacuateAnswer } from './evacuate-answer.ts';
import { type LimitsPreset, limitsOf } from './limits.ts';
import { boundAnswer } from './most-answer.ts';
import type { Question, QuestionVm } from './question.ts';
import { roomAnswer } from './room-answer.ts';
import { VmTrials } from './vm-trials.ts';

/** The documents that a question names, by the words that it uses. */
export interface QuestionFiles {
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly presets: ReadonlyMap<string, LimitsPreset>;
  readonly topologies: ReadonlyMap<string, Topology>;
}

/** The VMs that a question speaks of. */
export function vmsOf(question: Question): readonly QuestionVm[] {
  return question.ask === 'evacuate' ? question.fleet.vms.map(({ vm }) => vm) : [question.vm];
}

/**
 * Answers a question.
 *
 * @param file name of the question, for messages
 * @throws UserError of kind `input` for a question that contradicts itself
 */
export function answer(question: Question, files: QuestionFiles, file: string, options: AnswerOptions = {}): Answer {
  const trials = new VmTrials(files.profiles, file);
  check(question, file);
  switch (question.ask) {
    case 'most':
    case 'least':
      return boundAnswer(question, trials, options);
    case 'at-once':
      return atOnceAnswer(question, trials, limitsOf(question.limits, files.presets), options);
    case 'converge':
      return convergeAnswer(question, trials, limitsOf(question.limits, files.presets), options);
    case 'evacuate':
      return evacuateAnswer(question, trials, limitsOf(question.limits, files.presets), options);
    case 'room':
      return roomAnswer(question, trials, files.topologies);
    default:
      return compareAnswer(question, trials, options);
  }
}

function check(question: Question, file: string): void {
  const refuse = (message: string, hint?: string): never => {
    throw new UserError('input', `${file}: ${message}`, hint);
  };
  if (question.ask === 'most' && question.vm.devices[question.device - 1] === undefined) {
    refuse(`device is ${question.device}, and the VM has ${question.vm.devices.length} in its list`);
  }
  if (question.ask === 'at-once' && question.over === 'uplink' && question.uplinkGigabitsPerSecond === undefined) {
    refuse('uplinkGigabitsPerSecond is missing', 'It says what moves from several hosts share.');
  }
  if (question.ask === 'at-once' && question.over === 'pf' && question.vm.devices.length === 0) {
    refuse('over is pf, and the VM has no device', 'Give vm.devices, or ask over: host.');
  }
}
