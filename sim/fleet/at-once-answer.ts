/**
 * How many migrations at once: from one host, over one PF, over one uplink.
 */
import { VFS_MAX } from '../abi/vft.ts';
import { bug } from '../base/bug.ts';
import { bytesPerSecondOf, formatNs, NS_PER_MS } from '../base/units.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import { moveVm } from '../memory/vm-move.ts';
import type { Answer, AnswerOptions, Proof, Relaxed } from './answer-parts.ts';
import { lastThatHolds, settleBound } from './bound-search.ts';
import { evacuate, FATE } from './evacuation.ts';
import { limitedVm, moveClassOf } from './limited-vm.ts';
import type { Limits } from './limits.ts';
import {
  bindingWords,
  constraintStates,
  findingOf,
  judge,
  judgedEnd,
  partsTable,
  trialState,
  type BoundVerdict,
} from './most-answer.ts';
import type { Budget, QuestionOf, QuestionVm } from './question.ts';
import { pauseTornado } from './vm-tornado.ts';
import { structures, type VmTrial, type VmTrials } from './vm-trials.ts';

/** Of one host or uplink, at most; a PF has its VFs. */
const MOVES_MAX = 512;
const ROOMY = { memoryBytes: Infinity, vfs: VFS_MAX, queues: 1024 };

export type AtOnceQuestion = QuestionOf<'at-once'>;

class AtOnce {
  readonly question: AtOnceQuestion;
  readonly high: number;
  private readonly trials: VmTrials;
  private readonly limits: Limits;

  constructor(question: AtOnceQuestion, trials: VmTrials, limits: Limits) {
    this.question = question;
    this.trials = trials;
    this.limits = limits;
    this.high = question.over === 'pf' ? VFS_MAX + 1 : MOVES_MAX;
  }

  /** By closed form: all get the same, since all are alike and begin together. */
  quick(n: number, end: RangeEnd | 'worst', vm: QuestionVm, budget: Budget, uplink = this.uplink): BoundVerdict {
    const { over } = this.question;
    if (end === 'worst' && over !== 'pf') return this.worst((each) => this.quick(n, each, vm, budget, uplink));
    const states = this.limitStates(n);
    if (over === 'pf' || end === 'worst') return this.with(states, judge(this.trials, vm, budget, end, 'quick', n));
    if (structures(vm, this.trials.profiles).some(({ used, limit }) => used > limit)) {
      return this.with(states, judge(this.trials, vm, budget, end, 'quick'));
    }
    const { input, parameters, failed } = this.trials.inputOf(vm, end);
    const { stream } = input;
    const line = bytesPerSecondOf(stream.gigabitsPerSecond) * parameters.lineShare;
    const way = over === 'host' ? line / n : Math.min(line, (bytesPerSecondOf(uplink) * parameters.lineShare) / n);
    const result = moveVm(
      { ...input, stream: { ...stream, maxBytesPerSecond: Math.min(stream.maxBytesPerSecond, way) } },
      parameters,
    );
    const { end: ended, pauseNs, totalNs } = result;
    const trial: VmTrial = {
      moved: ended === 'moved' && failed === null,
      failed,
      pauseNs,
      totalNs,
      result,
      deviceBytes: this.trials.deviceBytes(vm, end),
    };
    return this.with(states, { holds: true, states: [trialState(trial, vm, budget.pause)], trial });
  }

  /** By simulation: register by register over a PF, otherwise flows that share their links. */
  full(n: number, end: RangeEnd | 'worst', vm: QuestionVm, budget: Budget): BoundVerdict {
    if (end === 'worst') return this.worst((each) => this.full(n, each, vm, budget));
    const { over } = this.question;
    const states = this.limitStates(n);
    const structural = structures(vm, this.trials.profiles, over === 'pf' ? n : 1);
    if (over === 'pf' || structural.some(({ used, limit }) => used > limit)) {
      return this.with(states, judge(this.trials, vm, budget, end, 'full', over === 'pf' ? n : 1));
    }
    const { kind, parameters } = moveClassOf('vm', vm, this.trials, end, this.limits.progressTimeoutNs);
    const usable = (gigabits: number): number => bytesPerSecondOf(gigabits) * parameters.lineShare;
    const host = usable(vm.stream.gigabitsPerSecond);
    const sources = over === 'host' ? 1 : n;
    const { pauseNs, fate } = evacuate({
      // As many hosts again receive, in other racks.
      lines: {
        racks: 2 * n,
        hostsPerRack: sources,
        pfsPerHost: 1,
        pf: Infinity,
        host,
        rack: over === 'host' ? Infinity : usable(this.uplink),
        spine: Infinity,
      },
      classes: [kind],
      perHost: [over === 'host' ? n : 1],
      hosts: sources,
      room: ROOMY,
      concurrency: { fleet: Infinity, outboundPerHost: Infinity, inboundPerHost: Infinity, perPf: Infinity },
      hostOrder: 'in turn',
      vmOrder: 'as listed',
    });
    const quick = this.quick(n, end, vm, budget);
    if (!fate.every((each) => each === FATE.moved)) {
      // The rounds are told by the closed form; if that says that all moved, the two disagree, and the proof shows it.
      const { states: told } = quick;
      return {
        holds: false,
        states: told.map((each, i) => (i === told.length - 1 ? { ...each, broken: true } : each)),
        trial: null,
      };
    }
    const used = Math.max(...pauseNs);
    const state = { name: 'pause budget', unit: 'ns', used, limit: budget.pause, broken: used > budget.pause };
    return this.with(states, { holds: true, states: [state], trial: null });
  }

  /** Of the three ends, the one that fares worst. */
  private worst(at: (end: RangeEnd) => BoundVerdict): BoundVerdict {
    const fare = ({ states }: BoundVerdict): number =>
      states.find(({ name }) => name === 'pause budget')?.used ?? Number.POSITIVE_INFINITY;
    return (['long', 'point', 'short'] as const).map(at).reduce((a, b) => (fare(b) > fare(a) ? b : a));
  }

  get uplink(): number {
    const { over, uplinkGigabitsPerSecond } = this.question;
    if (over !== 'uplink') return Infinity;
    return uplinkGigabitsPerSecond ?? bug('NO_UPLINK');
  }

  private with(states: BoundVerdict['states'], verdict: BoundVerdict): BoundVerdict {
    return {
      holds: verdict.holds && [...states, ...verdict.states].every(({ broken }) => !broken),
      states: [...states, ...verdict.states],
      trial: verdict.trial,
    };
  }

  /** What the operator's own limits say. */
  private limitStates(n: number): BoundVerdict['states'] {
    const { over } = this.question;
    const { outboundPerHost, fleet, perPf, name } = this.limits;
    const each = [
      { name: `moves at once in the fleet (${name})`, limit: fleet },
      ...(over === 'uplink' ? [] : [{ name: `moves at once out of a host (${name})`, limit: outboundPerHost }]),
      ...(over === 'pf' ? [{ name: `moves at once over a PF (${name})`, limit: perPf }] : []),
    ];
    return each
      .filter(({ limit }) => Number.isFinite(limit))
      .map(({ name: what, limit }) => ({ name: what, unit: '', used: n, limit, broken: n > limit }));
  }
}

/** Answers `at-once`. */
export function atOnceAnswer(
  question: AtOnceQuestion,
  trials: VmTrials,
  limits: Limits,
  options: AnswerOptions,
): Answer {
  const { verify = true, tornado = true, onProgress = () => {} } = options;
  const { budget, over } = question;
  const asked = new AtOnce(question, trials, limits);
  const vm = limitedVm(question.vm, limits);
  const { high } = asked;
  const search = (
    end: RangeEnd | 'worst',
    change: QuestionVm = vm,
    own: Budget = budget,
    uplink?: number,
  ): number | null => {
    const found = lastThatHolds(1, high, (n) => asked.quick(n, end, change, own, uplink).holds);
    return found < 1 ? null : found;
  };
  onProgress(0, 3, 'the bound, by closed form');
  const band = { short: search('short'), point: search('point'), long: search('long') };
  const end = judgedEnd(budget);
  onProgress(1, 3, 'the bound, by simulation');
  const seen = new Map<number, BoundVerdict>();
  const fully = (n: number): BoundVerdict => {
    const known = seen.get(n) ?? (verify ? asked.full(n, end, vm, budget) : asked.quick(n, end, vm, budget));
    seen.set(n, known);
    return known;
  };
  const value = settleBound(search(end) ?? 1, 1, high, 1, (n) => fully(n).holds);
  const method = verify ? 'simulation' : 'closed form';
  const proof: Proof[] = [...seen]
    .toSorted(([a], [b]) => a - b)
    .map(([at, verdict]) => ({ at, holds: verdict.holds, method, finding: findingOf(verdict) }));
  const at = fully(value ?? 1);
  const next = value === null ? at : value < high ? fully(value + 1) : null;
  const constraints = constraintStates(at, next);
  const where = { host: 'from one host', pf: 'over one PF', uplink: 'over one uplink' }[over];
  const pauseOf = (verdict: BoundVerdict): number =>
    verdict.states.find(({ name }) => name === 'pause budget')?.used ?? Number.NaN;
  const double = { ...vm.stream, gigabitsPerSecond: 2 * vm.stream.gigabitsPerSecond };
  const relaxing: Relaxed[] = [
    { change: 'twice the pause budget', answer: search(end, vm, { ...budget, pause: 2 * budget.pause }) },
    { change: "twice the host's line", answer: search(end, { ...vm, stream: double }) },
    ...(over === 'uplink' ? [{ change: 'twice the uplink', answer: search(end, vm, budget, 2 * asked.uplink) }] : []),
  ];
  onProgress(2, 3, 'each parameter at its ends');
  const binding = constraints.filter(({ binds }) => binds);
  const feasible = value !== null;
  return {
    feasible,
    value,
    unit: 'moves at once',
    band,
    sentences: [
      feasible
        ? `At most ${value} moves at once ${where}, each with a pause of at most ${formatNs(budget.pause)}: ` +
          `${binding.length === 0 ? 'more were not asked for' : binding.map((state) => bindingWords(state)).join('; ')}.`
        : `Not even one move ${where}: ${binding.map(({ name }) => `${name} cannot be met`).join('; ')}.`,
    ],
    constraints,
    proof,
    relaxing,
    tornado:
      tornado && feasible && over === 'pf'
        ? pauseTornado(trials, vm, value)
        : tornado && feasible
          ? pauseTornado(trials, vm)
          : null,
    tables: feasible && over === 'pf' ? [partsTable(trials, vm)] : [],
    methods: verify
      ? [...seen].flatMap(([n, verdict]) => {
          const simulated = pauseOf(verdict);
          const closedForm = pauseOf(asked.quick(n, end, vm, budget));
          if (Number.isNaN(simulated) || Number.isNaN(closedForm)) return [];
          return [
            {
              figure: `pause with ${n} at once${over === 'pf' ? ' (the closed form knows of no waiting for the PF)' : ''}`,
              unit: 'ns',
              closedForm,
              simulated,
            },
          ];
        })
      : [],
    nearest: feasible ? null : nearestBudget(at, budget),
  };
}

function nearestBudget({ states }: BoundVerdict, { pause }: Budget): string {
  const needed = states.find(({ name }) => name === 'pause budget');
  if (needed === undefined || needed.used <= pause) return 'The nearest that holds is another VM, line or limit.';
  return `The nearest that holds: one at a time with a budget of ${formatNs(Math.ceil(needed.used / NS_PER_MS) * NS_PER_MS)}.`;
}
