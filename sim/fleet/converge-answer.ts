/**
 * Does a VM converge, and after which step of a rising limit?
 */
import { formatGigabytes, formatNs, NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import type { Answer, AnswerOptions, Proof } from './answer-parts.ts';
import { firstThatHolds } from './bound-search.ts';
import { limitedVm } from './limited-vm.ts';
import type { Limits } from './limits.ts';
import { partsTable } from './most-answer.ts';
import type { QuestionOf, QuestionVm } from './question.ts';
import { pauseTornado } from './vm-tornado.ts';
import type { VmTrial, VmTrials } from './vm-trials.ts';
import { novaSteps } from '../scenario/document.ts';
import { VMMS } from '../memory/vmms.ts';

const LIMIT_MS_MAX = 3_600_000;

interface LimitStep {
  readonly after: number;
  readonly limit: number;
}

function stepsOf({ convergence, memory }: QuestionVm): readonly LimitStep[] {
  const { steps, downtimeLimit } = convergence;
  if (steps === 'nova')
    return novaSteps(memory.size).map(({ afterNs, limitNs }) => ({ after: afterNs, limit: limitNs }));
  const own = steps ?? [];
  return own.length > 0 && own[0]!.after === 0 ? own : [{ after: 0, limit: downtimeLimit }, ...own];
}

/** Which step held when the VM was stopped, from 1; null: it never was. */
function stepAt(trial: VmTrial, steps: readonly LimitStep[]): number | null {
  const limit = trial.result.rounds.at(-1)?.limitNs;
  if (!trial.moved || limit === undefined) return null;
  return steps.findLastIndex((step) => step.limit === limit) + 1;
}

/** Answers `converge`. */
export function convergeAnswer(
  question: QuestionOf<'converge'>,
  trials: VmTrials,
  limits: Limits,
  { verify = true, tornado = true }: AnswerOptions,
): Answer {
  const vm = limitedVm(question.vm, limits);
  const steps = stepsOf(vm);
  const ends: readonly RangeEnd[] = ['short', 'point', 'long'];
  const tried = new Map(ends.map((end) => [end, trials.quick(vm, end)]));
  const stepOf = (end: RangeEnd): number | null => stepAt(tried.get(end)!, steps);
  const point = tried.get('point')!;
  const value = stepOf('point');
  /** Only the first so many steps, and the limit stays there. */
  const upTo = (count: number): QuestionVm => ({
    ...vm,
    convergence: { ...vm.convergence, steps: steps.slice(0, Math.max(1, count)).map((step) => ({ ...step })) },
  });
  const proof: Proof[] = [];
  if (value !== null) {
    for (const at of value > 1 ? [value - 1, value] : [value]) {
      const trial = verify ? trials.full(upTo(at), 'point') : trials.quick(upTo(at), 'point');
      proof.push({ at, holds: trial.moved, method: verify ? 'simulation' : 'closed form', finding: findingOf(trial) });
    }
  }
  const { rounds, rates } = point.result;
  const last = rounds.at(-1);
  const written = last === undefined || last.lastsNs === 0 ? 0 : (last.dirtiedBytes / last.lastsNs) * NS_PER_S;
  const wanted = point.moved ? (last?.limitNs ?? 0) : neededLimit(trials, vm);
  const rate = `the stream carries ${formatGigabytes(rates.memoryBytesPerSecond)} per second, bound by ${rates.bound}`;
  const leaves = `the guest left ${formatGigabytes(last?.dirtiedBytes ?? 0)} dirty in its last round (${formatGigabytes(written)} per second)`;
  const timeout = vm.convergence.timeout ?? Infinity;
  const faster = { ...vm, stream: { ...vm.stream, gigabitsPerSecond: 2 * vm.stream.gigabitsPerSecond } };
  const slower = { ...vm, convergence: { ...vm.convergence, autoConverge: true } };
  const relaxing = [
    { change: 'twice the line', answer: stepAt(trials.quick(faster, 'point'), steps) },
    ...(VMMS[vm.vmm].throttles && !vm.convergence.autoConverge
      ? [{ change: 'auto-converge, which slows the guest', answer: stepAt(trials.quick(slower, 'point'), steps) }]
      : []),
  ];
  const feasible = value !== null;
  return {
    feasible,
    value,
    unit: 'step',
    band: { short: stepOf('short'), point: value, long: stepOf('long') },
    sentences: feasible
      ? [
          `It converges at step ${value} of ${steps.length}, with a limit of ${formatNs(wanted)}, ` +
            `${formatNs(point.result.stoppedAtNs)} after the begin; it then stands still for ${formatNs(point.pauseNs)}.`,
          `What binds is the limit: ${rate}, and ${leaves}.`,
        ]
      : [
          `It does not converge within ${formatNs(timeout)}: ${rate}, and ${leaves}; the last limit is ${formatNs(steps.at(-1)!.limit)}.`,
        ],
    constraints: [
      {
        name: 'downtime limit',
        unit: 'ns',
        limit: feasible ? wanted : steps.at(-1)!.limit,
        used: null,
        next: wanted,
        binds: true,
      },
      { name: 'time-out', unit: 'ns', limit: timeout, used: point.totalNs, next: null, binds: !feasible },
    ],
    proof,
    relaxing,
    tornado: tornado && feasible ? pauseTornado(trials, vm) : null,
    tables: [
      {
        title: 'Steps of the limit',
        columns: [
          { name: 'step', title: 'step', unit: '' },
          { name: 'afterNs', title: 'after', unit: 'ns' },
          { name: 'limitNs', title: 'limit', unit: 'ns' },
          { name: 'short', title: 'short', unit: '' },
          { name: 'point', title: 'best guess', unit: '' },
          { name: 'long', title: 'long', unit: '' },
        ],
        rows: steps.map(({ after, limit }, i) => [
          i + 1,
          after,
          limit,
          ...ends.map((end) => (stepOf(end) === i + 1 ? 'converges' : '')),
        ]),
      },
      ...(feasible ? [partsTable(trials, vm)] : []),
    ],
    methods: proof.length > 0 && verify ? methods(trials, upTo(value!), point) : [],
    nearest: feasible
      ? null
      : Number.isFinite(wanted)
        ? `The nearest that converges: a limit of ${formatNs(wanted)} from the begin.`
        : 'No downtime limit makes it converge in that time: give a faster line, auto-converge, or a guest that writes less.',
  };
}

function findingOf({ moved, pauseNs, totalNs }: VmTrial): string {
  return moved ? `stopped for ${formatNs(pauseNs)}` : `given up after ${formatNs(totalNs)}`;
}

function methods(trials: VmTrials, vm: QuestionVm, point: VmTrial): Answer['methods'] {
  const simulated = trials.full(vm, 'point');
  return [
    { figure: 'pause', unit: 'ns', closedForm: point.pauseNs, simulated: simulated.pauseNs },
    { figure: 'whole move', unit: 'ns', closedForm: point.totalNs, simulated: simulated.totalNs },
  ];
}

/** The least limit, in whole ms, with which it would converge; Infinity: none. */
function neededLimit(trials: VmTrials, vm: QuestionVm): number {
  const { steps: _without, ...convergence } = vm.convergence;
  const found = firstThatHolds(1, LIMIT_MS_MAX, (ms) => {
    const trial = trials.quick({ ...vm, convergence: { ...convergence, downtimeLimit: ms * NS_PER_MS } }, 'point');
    return trial.moved;
  });
  return found > LIMIT_MS_MAX ? Infinity : found * NS_PER_MS;
}
