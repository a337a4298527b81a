/**
 * Numbers of `converge`: does a VM converge, and after which step of a rising limit?
 */
import { NS_PER_MS, NS_PER_S } from '../../../base/units.ts';
import { VMMS } from '../../../memory/vmms.ts';
import { novaSteps } from '../../../scenario/document.ts';
import { namedManager, rulesOf } from '../../../scenario/rules.ts';
import { firstThatHolds } from '../../bound-search.ts';
import { isGated, limitedVm, withLimit } from '../../limited-vm.ts';
import type { MoveCause } from '../../../memory/outcome.ts';
import type { Bound } from '../../../memory/stream.ts';
import { TIMEOUT_STEP_NS } from '../../fleet-plan.ts';
import { type Limits, timeoutUnits } from '../../limits.ts';
import type { QuestionOf, QuestionVm } from '../../question.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import type { TrialAt, VmTrial, VmTrials } from '../../vm-trials.ts';
import { intervalOfDraws } from '../../answer-interval.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { type PauseInParts, pausesInParts } from '../pause-parts.ts';

const LIMIT_MS_MAX = 3_600_000;
/** QEMU's own bound of a limit, which holds of what KubeVirt sets. */
const GATED_LIMIT_MS_MAX = 2_000_000;
/** Any time, as far as it is tried. */
const TIME_MAX_NS = 1e6 * NS_PER_S;

interface LimitStep {
  readonly afterNs: number;
  readonly limitNs: number;
}

export type ConvergeChange = 'twiceLink' | 'autoConverge';

/** A trial with only the first so many steps of the limit. */
export interface TriedSteps {
  readonly at: number;
  readonly moved: boolean;
  readonly pauseNs: number;
  readonly totalNs: number;
  readonly simulated: boolean;
}

/** Value and band are steps, from 1. Figures are with nominal parameters. */
export interface ConvergeNumbers extends AnswerNumbers {
  /** Whether a gate of KubeVirt sets the limit. */
  readonly isGated: boolean;
  /** Where the manager sets the limit, those of the nominal move. */
  readonly steps: readonly LimitStep[];
  /** The limit at the stop; where it never stops, the least with which it would, Infinity where none is enough. */
  readonly limitNs: number;
  readonly timeoutNs: number;
  /** Where it does not move: the least time-out with which it does, and per GiB in steps; Infinity: none. */
  readonly neededTimeoutNs: number;
  readonly neededTimeoutNsPerGib: number;
  readonly cause: MoveCause;
  /** When the VM was stopped, after the move began. */
  readonly stoppedAtNs: number;
  readonly pauseNs: number;
  readonly totalNs: number;
  readonly carriedBytesPerSecond: number;
  /** What bounds the stream. */
  readonly carriedBound: Bound;
  /** Memory that was made dirty in the last iteration, and at which rate. */
  readonly dirtiedBytes: number;
  readonly dirtiedBytesPerSecond: number;
  /** The step before the answer, where there is one, and the answer. */
  readonly tried: readonly TriedSteps[];
  readonly relaxing: readonly { readonly change: ConvergeChange; readonly answer: number | null }[];
  readonly parts: readonly PauseInParts[] | null;
}

/** Computes the numbers. */
export function convergeNumbers(
  question: QuestionOf<'converge'>,
  trials: VmTrials,
  limits: Limits,
  { verify = true, tornado = true }: AnswerOptions,
): ConvergeNumbers {
  const vm = limitedVm(question.vm, limits);
  const raises = isRaised(vm);
  const point = trials.quick(vm, 'point');
  const steps = raises ? limitsSeen(point) : stepsOf(vm);
  const stepAt = (trial: VmTrial): number | null => (raises ? lastSeen(trial) : lastOf(trial, steps));
  const stepOf = (of: QuestionVm, end: TrialAt): number | null => stepAt(trials.quick(of, end));
  const value = stepAt(point);
  const { rounds, rates, stoppedAtNs } = point.result;
  const last = rounds.at(-1);
  const neededTimeoutNs = point.moved ? 0 : neededTime(trials, vm);
  return {
    value,
    unit: 'step',
    band: { short: stepOf(vm, 'short'), point: value, long: stepOf(vm, 'long') },
    interval: intervalOfDraws(value, (draw) => stepOf(vm, { draw }), 'most', trials.unknowns),
    tornado: tornado && value !== null ? pauseTornado(trials, vm) : null,
    isGated: isGated(vm),
    steps,
    limitNs: point.moved ? (last?.limitNs ?? 0) : neededLimitNs(trials, vm),
    timeoutNs: point.result.cause.timeoutNs,
    neededTimeoutNs,
    neededTimeoutNsPerGib:
      Math.ceil(neededTimeoutNs / timeoutUnits(limits, vm.memory.size) / TIMEOUT_STEP_NS) * TIMEOUT_STEP_NS,
    cause: point.result.cause,
    stoppedAtNs,
    pauseNs: point.pauseNs,
    totalNs: point.totalNs,
    carriedBytesPerSecond: rates.memoryBytesPerSecond,
    carriedBound: rates.bound,
    dirtiedBytes: last?.dirtiedBytes ?? 0,
    dirtiedBytesPerSecond: point.result.cause.dirtiedBytesPerSecond,
    tried: value === null ? [] : triedSteps(trials, vm, steps, value, verify),
    relaxing: relaxations(vm).map(([change, changed]) => ({ change, answer: stepOf(changed, 'point') })),
    parts: value === null ? null : pausesInParts(trials, vm),
  };
}

function stepsOf(vm: QuestionVm): readonly LimitStep[] {
  const { steps, downtimeLimitNs } = rulesOf(vm);
  if (steps === 'nova') return novaSteps(vm.memory.size);
  const own = (steps ?? []).map(({ after, limit }) => ({ afterNs: after, limitNs: limit }));
  return own[0]?.afterNs === 0 ? own : [{ afterNs: 0, limitNs: downtimeLimitNs }, ...own];
}

/** Whether the manager sets the limit while the VM moves, by a gate or by rules of its own. */
function isRaised(vm: QuestionVm): boolean {
  const manager = vm.watch?.manager ?? namedManager(vm);
  return isGated(vm) || manager === 'kubevirt' || manager === 'proxmox';
}

/** The limits that held one after another, each from the end of the first iteration that saw it. */
function limitsSeen({ result }: VmTrial): readonly LimitStep[] {
  const seen: LimitStep[] = [];
  for (const { startNs, lastsNs, limitNs } of result.rounds) {
    if (seen.at(-1)?.limitNs !== limitNs) seen.push({ afterNs: seen.length === 0 ? 0 : startNs + lastsNs, limitNs });
  }
  return seen;
}

function lastSeen(trial: VmTrial): number | null {
  return trial.moved ? limitsSeen(trial).length : null;
}

/** Which step held when the VM was stopped, from 1; null: it never was. */
function lastOf(trial: VmTrial, steps: readonly LimitStep[]): number | null {
  const limitNs = trial.result.rounds.at(-1)?.limitNs;
  if (!trial.moved || limitNs === undefined) return null;
  return steps.findLastIndex((step) => step.limitNs === limitNs) + 1;
}

/** The VM with only the first so many steps: the limit stays there. */
function upTo(vm: QuestionVm, steps: readonly LimitStep[], count: number): QuestionVm {
  const kept = steps.slice(0, Math.max(1, count)).map(({ afterNs, limitNs }) => ({ after: afterNs, limit: limitNs }));
  return { ...vm, convergence: { ...vm.convergence, steps: kept } };
}

/** The step found, and the one before it. */
function triedSteps(
  trials: VmTrials,
  vm: QuestionVm,
  steps: readonly LimitStep[],
  value: number,
  simulated: boolean,
): readonly TriedSteps[] {
  const raises = isRaised(vm);
  return (raises ? [value] : [value - 1, value])
    .filter((at) => at >= 1)
    .map((at) => {
      const own = raises ? vm : upTo(vm, steps, at);
      const { moved, pauseNs, totalNs } = simulated ? trials.full(own, 'point') : trials.quick(own, 'point');
      return { at, moved, pauseNs, totalNs, simulated };
    });
}

function relaxations(vm: QuestionVm): readonly [change: ConvergeChange, changed: QuestionVm][] {
  const { stream, convergence } = vm;
  const twiceLink = { ...vm, stream: { ...stream, gigabitsPerSecond: 2 * stream.gigabitsPerSecond } };
  if (!VMMS[vm.vmm].throttles || rulesOf(vm).autoConverge) return [['twiceLink', twiceLink]];
  return [
    ['twiceLink', twiceLink],
    ['autoConverge', { ...vm, convergence: { ...convergence, autoConverge: true } }],
  ];
}

/** How long it takes when it may take any time, in ns; Infinity: it never ends. */
function neededTime(trials: VmTrials, vm: QuestionVm): number {
  const { moved, totalNs } = trials.quick({ ...vm, convergence: { ...vm.convergence, timeout: TIME_MAX_NS } }, 'point');
  return moved ? totalNs : Infinity;
}

/** The least limit, in whole ms, with which it would converge, or to which a gate may raise it; Infinity: none. */
function neededLimitNs(trials: VmTrials, vm: QuestionVm): number {
  const most = isGated(vm) ? GATED_LIMIT_MS_MAX : LIMIT_MS_MAX;
  const found = firstThatHolds(1, most, (ms) => trials.quick(withLimit(vm, ms * NS_PER_MS), 'point').moved);
  return found > most ? Infinity : found * NS_PER_MS;
}
