/**
 * Numbers of `most` and `least`: the largest or smallest number at which a pause stays within its budget. Searched by
 * closed form, then settled by simulation on both sides.
 */
import { NS_PER_MS } from '../../../base/units.ts';
import { firstThatHolds, lastThatHolds, settleBound } from '../../bound-search.ts';
import { withLimit } from '../../limited-vm.ts';
import type { Budget, QuestionVm } from '../../question.ts';
import {
  endlessOrPauseNs,
  type JudgedEnd,
  judgedEnd,
  judgeVm,
  pauseOf,
  type TriedNumber,
  type VmVerdict,
} from '../../vm-verdict.ts';
import { type AnswerInterval, intervalOfDraws, intervalOfRanked } from '../../answer-interval.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import type { VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { type PauseInParts, pausesInParts } from '../pause-parts.ts';
import { AXES, type Axis, type AxisName, type BoundQuestion, deviceIndex } from './axes.ts';
import { type Asked, type BoundChange, boundChanges } from './relaxing.ts';

/** The highest downtime limit of QEMU. */
const LIMIT_MS_MAX = 2_000_000;

/** Numbers on the side that holds at which it is tried whether they do. */
const OTHERS_TRIED = 6;

/** Numbers of what is asked for are in the unit of the axis. */
export interface BoundNumbers extends AnswerNumbers {
  readonly axis: AxisName;
  /** Profile of the device that is changed. */
  readonly device: string;
  readonly budgetNs: number;
  /** What the VM itself says, in the unit of the axis or in a word, and whether it holds with that. */
  readonly given: { readonly at: number | string; readonly verdict: VmVerdict };
  /** At the answer; where there is none, at the number that comes nearest. */
  readonly here: VmVerdict;
  /** One step further; null where nothing further can be asked for. */
  readonly further: VmVerdict | null;
  /** Every number that was tried in full, the smallest first. */
  readonly tried: readonly TriedNumber[];
  /** Numbers on the side that holds at which it does not: pauses need not grow evenly. */
  readonly exceptions: readonly number[];
  readonly relaxing: readonly { readonly change: BoundChange; readonly answer: number | null }[];
  readonly parts: readonly PauseInParts[] | null;
  /** The pause by both methods, at the answer and one step further. */
  readonly methods: readonly { readonly at: number; readonly closedFormNs: number; readonly simulatedNs: number }[];
  /**
   * Where there is no answer: the pause budget with which the first number would hold, and the downtime limit that it needs where
   * that of the VM is too low; null: neither helps.
   */
  readonly nearest: { readonly at: number; readonly budgetNs: number; readonly limitNs: number | null } | null;
}

/** Computes the numbers. */
export function boundNumbers(question: BoundQuestion, trials: VmTrials, options: AnswerOptions): BoundNumbers {
  return new BoundSearch(question, trials, options).numbers();
}

class BoundSearch {
  private readonly question: BoundQuestion;
  private readonly trials: VmTrials;
  private readonly verify: boolean;
  private readonly tornado: boolean;
  private readonly onProgress: (done: number, total: number, what: string) => void;
  private readonly axis: Axis;
  private readonly end: JudgedEnd;
  /** Verdicts that count, by number. */
  private readonly seen = new Map<number, VmVerdict>();
  /** VMs with other numbers. */
  private readonly asked = new WeakMap<QuestionVm, Map<number, QuestionVm>>();

  constructor(question: BoundQuestion, trials: VmTrials, options: AnswerOptions) {
    const { verify = true, tornado = true, onProgress = () => {} } = options;
    this.question = question;
    this.trials = trials;
    this.verify = verify;
    this.tornado = tornado;
    this.onProgress = onProgress;
    this.axis = AXES[question.of];
    this.end = judgedEnd(question.budget);
  }

  numbers(): BoundNumbers {
    const { question, axis, end } = this;
    const { of, vm, budget } = question;
    this.onProgress(0, 4, 'the bound, by closed form');
    const band = { short: this.found('short'), point: this.found('point'), long: this.found('long') };
    this.onProgress(1, 4, 'the bound, register by register');
    const guess = this.search(end) ?? (axis.direction === 1 ? axis.low : axis.high);
    const settled = settleBound(guess, axis.low, axis.high, axis.direction, (n) => this.verdict(n).holds);
    const here = this.verdict(settled ?? guess);
    const beyond = settled === null ? null : this.beyond(settled);
    const tried = this.tried();
    this.onProgress(2, 4, 'what relaxing buys');
    const relaxing = this.relaxing();
    this.onProgress(3, 4, 'each parameter at its ends');
    const chosen = settled === null ? null : this.set(vm, settled);
    return {
      value: settled === null ? null : this.shown(settled),
      unit: axis.unit,
      band,
      interval: this.interval(band.point, settled, guess),
      tornado: this.tornado && chosen !== null ? pauseTornado(this.trials, chosen) : null,
      axis: of,
      device: vm.devices[deviceIndex(question)]?.profile ?? 'device',
      budgetNs: budget.pause,
      given: this.given(),
      here,
      further: settled === null ? here : beyond,
      tried,
      exceptions: settled === null ? [] : this.exceptions(settled),
      relaxing: settled === null ? relaxing.filter(({ answer }) => answer !== null) : relaxing,
      parts: chosen === null || here.trial === null ? null : pausesInParts(this.trials, chosen),
      methods: settled === null ? [] : this.methods([settled, settled + axis.direction]),
      nearest: settled === null ? this.nearest(here) : null,
    };
  }

  private shown(n: number): number {
    return n / this.axis.scale;
  }

  private set(vm: QuestionVm, n: number): QuestionVm {
    return this.axis.set(vm, n, deviceIndex(this.question));
  }

  /** The same object for the same number: what draws share of it is kept with it. */
  private setOnce(vm: QuestionVm, n: number): QuestionVm {
    const known = this.asked.get(vm) ?? new Map<number, QuestionVm>();
    this.asked.set(vm, known);
    const made = known.get(n) ?? this.set(vm, n);
    known.set(n, made);
    return made;
  }

  private quick(n: number, end: JudgedEnd, { vm, budget }: Asked = this.question): VmVerdict {
    return judgeVm(this.trials, this.setOnce(vm, n), budget, end, 'quick');
  }

  /** The verdict that counts. */
  private verdict(n: number): VmVerdict {
    const { vm, budget } = this.question;
    const method = this.verify ? 'full' : 'quick';
    const verdict = this.seen.get(n) ?? judgeVm(this.trials, this.set(vm, n), budget, this.end, method);
    this.seen.set(n, verdict);
    return verdict;
  }

  /** The bound by closed form; null: nothing that can be asked for holds. */
  private search(end: JudgedEnd, asked?: Asked): number | null {
    const { low, high, direction } = this.axis;
    const holds = (n: number): boolean => this.quick(n, end, asked).holds;
    const found = direction === 1 ? lastThatHolds(low, high, holds) : firstThatHolds(low, high, holds);
    if (found >= low && found <= high) return found;
    // Pauses need not grow evenly: the number that the VM itself says may hold where the end of the axis does not.
    const given = this.givenNumber();
    if (given === null || !holds(given)) return null;
    return direction === 1 ? lastThatHolds(given, high, holds) : firstThatHolds(low, given, holds);
  }

  /** What the VM itself says, where that is a number of the axis. */
  private givenNumber(): number | null {
    const { given, scale, low, high } = this.axis;
    const at = given(this.question.vm, deviceIndex(this.question));
    const n = typeof at === 'number' ? Math.round(at * scale * 1e6) / 1e6 : Number.NaN;
    return Number.isInteger(n) && n >= low && n <= high ? n : null;
  }

  /** {@link search}, in the unit of the axis. */
  private found(end: JudgedEnd, asked?: Asked): number | null {
    const n = this.search(end, asked);
    return n === null ? null : this.shown(n);
  }

  /** The VM as it is, by the method that counts where it was tried, else by closed form. */
  private given(): BoundNumbers['given'] {
    const { axis, trials, end } = this;
    const { vm, budget } = this.question;
    const at = axis.given(vm, deviceIndex(this.question));
    const seen = this.seen.get(this.givenNumber() ?? Number.NaN);
    return { at, verdict: seen ?? judgeVm(trials, vm, budget, end, 'quick') };
  }

  /** The bound in draws. */
  private interval(nominal: number | null, settled: number | null, guess: number): AnswerInterval {
    const { axis, question, trials } = this;
    const none = axis.direction === 1 ? 'least' : 'most';
    const inDraw = (draw: number): number | null => this.found({ draw });
    if (!axis.playsRegisters) {
      return intervalOfDraws(nominal, inDraw, none, settled === null ? null : this.shown(settled));
    }
    const vm = this.setOnce(question.vm, settled ?? guess);
    return intervalOfRanked(nominal, (draw) => endlessOrPauseNs(trials.quick(vm, { draw })), inDraw, none);
  }

  private beyond(n: number): VmVerdict | null {
    const { low, high, direction } = this.axis;
    const further = n + direction;
    return further >= low && further <= high ? this.verdict(further) : null;
  }

  private tried(): readonly TriedNumber[] {
    return [...this.seen]
      .toSorted(([a], [b]) => a - b)
      .map(([n, verdict]) => ({
        at: this.shown(n),
        verdict,
        simulated: this.verify && verdict.trial !== null,
      }));
  }

  private exceptions(value: number): readonly number[] {
    const { low, high, direction } = this.axis;
    const [from, to] = direction === 1 ? [low, value] : [value, high];
    const count = Math.min(OTHERS_TRIED, to - from + 1);
    const apart = (to - from) / Math.max(1, count - 1);
    const others = Array.from({ length: count }, (_, i) => Math.round(from + apart * i));
    return others.filter((n) => !this.quick(n, this.end).holds).map((n) => this.shown(n));
  }

  private relaxing(): BoundNumbers['relaxing'] {
    const { vm, budget, of } = this.question;
    return boundChanges({ vm, budget }, of, this.trials).map(({ change, to }) => ({
      change,
      answer: this.found(judgedEnd(to.budget), to),
    }));
  }

  private methods(numbers: readonly number[]): BoundNumbers['methods'] {
    if (!this.verify) return [];
    return numbers.flatMap((n) => {
      // Only numbers that were tried: those beyond what can be asked for have no pause.
      const simulated = this.seen.get(n)?.trial;
      const closedForm = simulated?.moved === true ? this.quick(n, this.end).trial : null;
      if (simulated?.moved !== true || closedForm?.moved !== true) return [];
      return [{ at: this.shown(n), closedFormNs: closedForm.pauseNs, simulatedNs: simulated.pauseNs }];
    });
  }

  private nearest(verdict: VmVerdict): BoundNumbers['nearest'] {
    const { vm, budget } = this.question;
    const { low, high, direction } = this.axis;
    const first = direction === 1 ? low : high;
    const pauseNs = pauseOf(verdict);
    const unlimited: Budget = { ...budget, pause: Number.POSITIVE_INFINITY };
    if (pauseNs !== null) {
      return this.search(this.end, { vm, budget: unlimited }) === null
        ? null
        : { at: this.shown(first), budgetNs: asPrinted(pauseNs), limitNs: null };
    }
    // The number that the VM itself says is nearer to the user than the end of what can be asked for.
    const n = (direction === -1 ? this.givenNumber() : null) ?? first;
    const under = (ms: number): VmVerdict =>
      this.quick(n, this.end, { vm: withLimit(vm, ms * NS_PER_MS), budget: unlimited });
    const found = firstThatHolds(1, LIMIT_MS_MAX, (each) => under(each).holds);
    const ms = asPrinted(found * NS_PER_MS) / NS_PER_MS;
    const limited = ms > LIMIT_MS_MAX ? null : under(ms);
    const limitedNs = limited?.holds === true ? pauseOf(limited) : null;
    return limitedNs === null ? null : { at: this.shown(n), budgetNs: asPrinted(limitedNs), limitNs: ms * NS_PER_MS };
  }
}

/** A time that is enough when it is written as it is printed: whole ms, and up to three significant digits. */
function asPrinted(ns: number): number {
  const ms = Math.ceil(ns / NS_PER_MS);
  const step = 10 ** Math.max(0, Math.ceil(Math.log10(ms + 1)) - 3);
  return Math.ceil(ms / step) * step * NS_PER_MS;
}
