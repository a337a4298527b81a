/**
 * Numbers of `most` and `least`: the largest or smallest number at which a pause stays within its budget, for certain as far as
 * is asked for. Searched by closed form, then settled by simulation on both sides.
 */
import { NS_PER_MS } from '../../../base/units.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import { firstThatHolds, lastThatHolds, settleBound } from '../../bound-search.ts';
import { type Decider, decidersOf } from '../../deciders.ts';
import { Guarantee, statedOf } from '../../guarantee.ts';
import { withLimit } from '../../limited-vm.ts';
import { playedVm } from '../../played-vm.ts';
import type { Budget, QuestionVm } from '../../question.ts';
import { moreNs, pauseOf, type TriedNumber, verdictOn, type VmVerdict } from '../../vm-verdict.ts';
import { type AnswerInterval, intervalOfNumbers } from '../../answer-interval.ts';
import { pauseTornado } from '../../vm-tornado.ts';
import type { TrialAt, VmTrial, VmTrials } from '../../vm-trials.ts';
import type { AnswerNumbers, AnswerOptions } from '../answer-parts.ts';
import { curveOf, type PauseCurve } from '../curve.ts';
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
  /** The number of a move with nominal parameters, whose iterations end as they happen to; null: none. */
  readonly lucky: number | null;
  /** Whose ranges decide the pause that is judged, the one with the largest share first. */
  readonly deciders: readonly Decider[];
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

/** Whether a number holds of what is asked. */
type Holds = (n: number) => boolean;

class BoundSearch {
  private readonly question: BoundQuestion;
  private readonly trials: VmTrials;
  private readonly verify: boolean;
  private readonly tornado: boolean;
  private readonly onProgress: (done: number, total: number, what: string) => void;
  private readonly axis: Axis;
  /** Numbers that can be asked for; fewer where some further ones do not hold. */
  private low: number;
  private high: number;
  /** Verdicts that count, by number. */
  private readonly seen = new Map<number, VmVerdict>();
  /** By the VM that is asked about; those that are judged by nominal parameters apart. */
  private readonly guarantees = new Map<QuestionVm, Guarantee>();
  private readonly nominal = new Map<QuestionVm, Guarantee>();
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
    this.low = this.axis.low;
    this.high = this.axis.high;
  }

  numbers(): BoundNumbers {
    const { question, axis } = this;
    const { of, vm, budget } = question;
    this.onProgress(0, 4, 'the bound, by closed form');
    const band = { short: this.found('short'), point: this.found('point'), long: this.found('long') };
    this.onProgress(1, 4, 'the bound, register by register');
    const { settled, guess } = this.settle();
    const here = this.verdict(settled ?? guess);
    const beyond = settled === null ? null : this.beyond(settled);
    const tried = this.tried();
    this.onProgress(2, 4, 'what relaxing buys');
    const relaxing = this.relaxing();
    this.onProgress(3, 4, 'each parameter at its ends');
    const chosen = settled === null ? null : this.set(vm, settled);
    const guarantee = this.guarantee();
    return {
      value: settled === null ? null : this.shown(settled),
      unit: axis.unit,
      band,
      interval: this.interval(band.point, settled),
      tornado: this.tornado && chosen !== null ? pauseTornado(this.trials, chosen) : null,
      guarantee: guarantee.confidence === null ? null : { ...statedOf(guarantee), holding: this.held(settled) },
      curve: this.curve(guarantee, settled),
      axis: of,
      device: vm.devices[deviceIndex(question)]?.profile ?? 'device',
      budgetNs: budget.pause,
      given: this.given(),
      here,
      further: settled === null ? here : beyond,
      tried,
      lucky: this.lucky(),
      deciders: guarantee.confidence === null || here.trial === null ? [] : this.deciders(settled ?? guess),
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

  private guarantee({ vm, budget }: Asked = this.question): Guarantee {
    const { trials, question } = this;
    const isNominal = budget.judge === 'point';
    const known = (isNominal ? this.nominal : this.guarantees).get(vm);
    if (known !== undefined) return known;
    const at = (n: number, end: TrialAt): VmTrial => trials.bounded(this.setOnce(vm, n), end);
    const made = new Guarantee(isNominal ? null : question.confidence, trials.unknowns.count, at);
    (isNominal ? this.nominal : this.guarantees).set(vm, made);
    return made;
  }

  /** What is judged by closed form: as many draws as are asked for, or with all parameters at one end. */
  private quick(n: number, asked: Asked = this.question, end?: RangeEnd): VmVerdict {
    const { vm, budget } = asked;
    const guarantee = this.guarantee(asked);
    const trial = (): VmTrial => (end === undefined ? guarantee.judged(n) : guarantee.corner(n, end));
    return verdictOn(this.trials.structureUses(this.setOnce(vm, n)), trial, budget.pause, null);
  }

  /** Whether {@link quick} holds, without the trial that it is judged by. */
  private holds(n: number, asked: Asked = this.question, end?: RangeEnd): boolean {
    const { vm, budget } = asked;
    if (end !== undefined) return this.quick(n, asked, end).holds;
    return this.can(n, vm) && this.guarantee(asked).holds(n, budget.pause);
  }

  /** Whether hardware and VMM allow a number at all. */
  private can(n: number, vm: QuestionVm = this.question.vm): boolean {
    return this.trials.structureUses(this.setOnce(vm, n)).every(({ broken }) => !broken);
  }

  /** The verdict that counts. */
  private verdict(n: number): VmVerdict {
    const { trials, question } = this;
    const { vm, budget } = question;
    const made =
      this.seen.get(n) ??
      verdictOn(
        trials.structureUses(this.setOnce(vm, n)),
        () => this.guarantee().judged(n),
        budget.pause,
        this.verify ? () => playedVm(trials, this.setOnce(vm, n), budget.judge) : null,
      );
    this.seen.set(n, made);
    return made;
  }

  /** The bound; null: nothing that can be asked for holds. */
  private search(holds: Holds): number | null {
    const { low, high } = this;
    const { direction } = this.axis;
    const found = direction === 1 ? lastThatHolds(low, high, holds) : firstThatHolds(low, high, holds);
    if (found >= low && found <= high) return found;
    // Pauses need not grow evenly: the number that the VM itself says may hold where the end of the axis does not.
    const given = this.givenNumber();
    if (given === null || !holds(given)) return null;
    return direction === 1 ? lastThatHolds(given, high, holds) : firstThatHolds(low, given, holds);
  }

  /** The bound by closed form, settled by the verdicts that count; a number before which one fails is none. */
  private settle(): { readonly settled: number | null; readonly guess: number } {
    const { direction, low, high } = this.axis;
    for (;;) {
      const guess = this.search((n) => this.holds(n)) ?? (direction === 1 ? low : high);
      const settled = settleBound(guess, this.low, this.high, direction, (n) => this.verdict(n).holds);
      const failing = settled === null ? undefined : this.failingBefore(settled);
      if (failing === undefined) return { settled, guess };
      if (failing === (direction === 1 ? this.low : this.high)) return { settled: null, guess: failing };
      if (direction === 1) this.high = failing - 1;
      else this.low = failing + 1;
    }
  }

  /** The first number at which it does not hold, of some on the side of an answer that has to hold. */
  private failingBefore(settled: number): number | undefined {
    const { direction } = this.axis;
    const end = direction === 1 ? this.low : this.reach();
    const count = Math.min(OTHERS_TRIED, Math.abs(settled - end) + 1);
    const others = Array.from({ length: count }, (_, i) =>
      Math.round(end + ((settled - end) / Math.max(1, count - 1)) * i),
    );
    return others.find((n) => !this.holds(n));
  }

  /** The furthest number on the side that has to hold: the end of the axis, or what the VM itself says where that end does not. */
  private reach(): number {
    return this.holds(this.high) ? this.high : (this.givenNumber() ?? this.high);
  }

  /** What the VM itself says, where that is a number of the axis. */
  private givenNumber(): number | null {
    const { given, scale, low, high } = this.axis;
    const at = given(this.question.vm, deviceIndex(this.question));
    const n = typeof at === 'number' ? Math.round(at * scale * 1e6) / 1e6 : Number.NaN;
    return Number.isInteger(n) && n >= low && n <= high ? n : null;
  }

  /** {@link search}, in the unit of the axis. */
  private found(end?: RangeEnd, asked?: Asked): number | null {
    const n = this.search((each) => this.holds(each, asked, end));
    return n === null ? null : this.shown(n);
  }

  /** With nominal parameters, at the phase that `run` plays. */
  private lucky(): number | null {
    const { trials, question } = this;
    const { vm, budget } = question;
    const n = this.search((each) => {
      const own = this.setOnce(vm, each);
      return verdictOn(trials.structureUses(own), () => trials.quick(own, 'point'), budget.pause, null).holds;
    });
    return n === null ? null : this.shown(n);
  }

  /** The VM as it is, by the method that counts where it was tried, else by closed form. */
  private given(): BoundNumbers['given'] {
    const { axis, trials, question } = this;
    const { vm, budget, confidence } = question;
    const at = axis.given(vm, deviceIndex(question));
    const n = this.givenNumber();
    if (n !== null) return { at, verdict: this.seen.get(n) ?? this.quick(n) };
    const own = new Guarantee(budget.judge === 'point' ? null : confidence, trials.unknowns.count, (_, end) =>
      trials.bounded(vm, end),
    );
    return { at, verdict: verdictOn(trials.structureUses(vm), () => own.judged(0), budget.pause, null) };
  }

  /** The bound in draws. */
  private interval(nominal: number | null, settled: number | null): AnswerInterval {
    const { direction } = this.axis;
    const { budget } = this.question;
    const guarantee = this.guarantee();
    const numberFor = (draws: number): number | null => {
      const n = this.search((each) => this.can(each) && guarantee.holdsIn(each, budget.pause, draws));
      return n === null ? null : this.shown(n);
    };
    const easiest = direction === 1 ? this.axis.low : this.reach();
    return intervalOfNumbers(
      nominal,
      numberFor,
      direction === 1 ? 'least' : 'most',
      this.trials.unknowns,
      this.can(easiest) ? guarantee.holding(easiest, budget.pause) : 0,
      this.held(settled),
    );
  }

  /** In how many draws a number holds; null: there is none. */
  private held(settled: number | null): number | null {
    const { budget } = this.question;
    return settled === null ? null : this.guarantee().holding(settled, budget.pause, moreNs(this.verdict(settled)));
  }

  private curve(guarantee: Guarantee, settled: number | null): PauseCurve {
    const { axis } = this;
    const { budget } = this.question;
    return curveOf({
      guarantee,
      unit: axis.unit,
      scale: axis.scale,
      budgetNs: budget.pause,
      low: axis.low,
      high: axis.high,
      around: settled ?? this.givenNumber() ?? (axis.direction === 1 ? axis.low : axis.high),
      few: axis.playsRegisters,
      can: (n) => this.can(n),
    });
  }

  private deciders(n: number): readonly Decider[] {
    const { vm } = this.question;
    return decidersOf(this.trials, this.setOnce(vm, n), this.guarantee().pausesNs(n));
  }

  private beyond(n: number): VmVerdict | null {
    const { direction, low, high } = this.axis;
    const further = n + direction;
    return further >= low && further <= high ? this.verdict(further) : null;
  }

  private tried(): readonly TriedNumber[] {
    return [...this.seen]
      .toSorted(([a], [b]) => a - b)
      .map(([n, verdict]) => ({ at: this.shown(n), verdict, simulated: verdict.methods !== null }));
  }

  private relaxing(): BoundNumbers['relaxing'] {
    const { vm, budget, of } = this.question;
    return boundChanges({ vm, budget }, of, this.trials).map(({ change, to }) => ({
      change,
      answer: this.found(undefined, to),
    }));
  }

  private methods(numbers: readonly number[]): BoundNumbers['methods'] {
    return numbers.flatMap((n) => {
      // Only numbers that were tried: those beyond what can be asked for have no pause.
      const methods = this.seen.get(n)?.methods ?? null;
      return methods === null ? [] : [{ at: this.shown(n), ...methods }];
    });
  }

  private nearest(verdict: VmVerdict): BoundNumbers['nearest'] {
    const { vm, budget } = this.question;
    const { low, high, direction } = this.axis;
    const first = direction === 1 ? low : high;
    const pauseNs = pauseOf(verdict);
    const unlimited: Budget = { ...budget, pause: Number.POSITIVE_INFINITY };
    if (pauseNs !== null) {
      return this.search((n) => this.holds(n, { vm, budget: unlimited })) === null
        ? null
        : { at: this.shown(first), budgetNs: asPrinted(pauseNs), limitNs: null };
    }
    // The number that the VM itself says is nearer to the user than the end of what can be asked for.
    const n = (direction === -1 ? this.givenNumber() : null) ?? first;
    const under = (ms: number): Asked => ({ vm: withLimit(vm, ms * NS_PER_MS), budget: unlimited });
    const found = firstThatHolds(1, LIMIT_MS_MAX, (each) => this.holds(n, under(each)));
    const ms = asPrinted(found * NS_PER_MS) / NS_PER_MS;
    const limited = ms > LIMIT_MS_MAX ? null : this.quick(n, under(ms));
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
