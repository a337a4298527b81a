/**
 * So many moves at once, tried: by closed form, in which all get the same, and by simulation.
 */
import { VFS_MAX } from '../../../abi/vft.ts';
import { bug } from '../../../base/bug.ts';
import { bytesPerSecondOf } from '../../../base/units.ts';
import type { MoveCause } from '../../../memory/outcome.ts';
import type { RangeEnd } from '../../../memory/device-profile.ts';
import { BLOCKERS } from '../../../memory/precopy-end.ts';
import { moveVm } from '../../../memory/vm-move.ts';
import type { ConstraintUse } from '../../constraint.ts';
import { evacuate } from '../../evacuation.ts';
import { FATE } from '../../evacuation-terms.ts';
import { Guarantee } from '../../guarantee.ts';
import { moveClassOf } from '../../limited-vm.ts';
import type { Limits } from '../../limits.ts';
import type { Budget, QuestionOf, QuestionVm } from '../../question.ts';
import { playedVm } from '../../played-vm.ts';
import { type TrialInput, trialOf, type VmTrial, type VmTrials } from '../../vm-trials.ts';
import { blockedUse, pauseUse, type Played, verdictOn, type VmVerdict } from '../../vm-verdict.ts';

export type AtOnceQuestion = QuestionOf<'at-once'>;

/** Over one host or uplink, at most; a PF has its VFs. */
const MOVES_MAX = 512;
/** Where all parameters make pauses long, most is played; nominal where the VM does not move there. */
const ENDS_PLAYED: readonly RangeEnd[] = ['long', 'point'];
const NOMINAL: readonly RangeEnd[] = ['point'];
const ROOMY = { memoryBytes: Infinity, vfs: VFS_MAX, queues: 1024, vcpus: Infinity };
const UNLIMITED = { fleet: Infinity, outboundPerHost: Infinity, inboundPerHost: Infinity, perPf: Infinity };

/** What is tried: a VM under the operator's limits, its budget, and the uplink that moves share, if they do. */
export interface AtOnceAsked {
  readonly vm: QuestionVm;
  readonly budget: Budget;
  readonly uplinkGigabitsPerSecond: number;
}

export class MovesAtOnce {
  /** The most that can be asked for. */
  readonly high: number;
  private readonly over: AtOnceQuestion['over'];
  private readonly confidence: number | null;
  private readonly trials: VmTrials;
  private readonly limits: Limits;
  /** By the VM and the uplink. */
  private readonly guarantees = new WeakMap<QuestionVm, Map<number, Guarantee>>();

  constructor({ over, budget, confidence }: AtOnceQuestion, trials: VmTrials, limits: Limits) {
    this.over = over;
    this.confidence = budget.judge === 'point' ? null : confidence;
    this.trials = trials;
    this.limits = limits;
    this.high = over === 'pf' ? VFS_MAX + 1 : MOVES_MAX;
  }

  /** Whether other registers are played for each number. */
  get playsRegisters(): boolean {
    return this.over === 'pf';
  }

  /** Pauses of so many moves at once, by closed form. */
  guarantee({ vm, uplinkGigabitsPerSecond }: AtOnceAsked): Guarantee {
    const known = this.guarantees.get(vm) ?? new Map<number, Guarantee>();
    this.guarantees.set(vm, known);
    const made =
      known.get(uplinkGigabitsPerSecond) ??
      new Guarantee(this.confidence, this.trials.unknowns.count, (n, at) =>
        this.over === 'pf'
          ? this.trials.bounded(vm, at, n)
          : this.trials.bounded(vm, at, 1, (input) => this.shareOf(n, input, uplinkGigabitsPerSecond)),
      );
    known.set(uplinkGigabitsPerSecond, made);
    return made;
  }

  /** By closed form: all get the same, since all are alike and begin together. @param end the corner that is judged */
  quick(n: number, asked: AtOnceAsked, end?: RangeEnd): VmVerdict {
    const guarantee = this.guarantee(asked);
    const trial = (): VmTrial => (end === undefined ? guarantee.judged(n) : guarantee.corner(n, end));
    return verdictOn(this.uses(n, asked), trial, asked.budget.pause, null);
  }

  /** Whether {@link quick} holds, without the trial that it is judged by. */
  holds(n: number, asked: AtOnceAsked, end?: RangeEnd): boolean {
    if (end !== undefined) return this.quick(n, asked, end).holds;
    return this.can(n, asked) && this.guarantee(asked).holds(n, asked.budget.pause);
  }

  /** Whether limits that are known without a trial allow a number at all. */
  can(n: number, asked: AtOnceAsked): boolean {
    return this.uses(n, asked).every(({ broken }) => !broken);
  }

  /** With nominal parameters, at the phase that `run` plays. */
  lucky(n: number, asked: AtOnceAsked): VmVerdict {
    return verdictOn(this.uses(n, asked), () => this.alike(n, 'point', asked), asked.budget.pause, null);
  }

  /** By simulation: register by register over a PF, otherwise flows that share their links. */
  full(n: number, asked: AtOnceAsked): VmVerdict {
    const { vm, budget } = asked;
    const played = (): Played =>
      this.over === 'pf' ? playedVm(this.trials, vm, budget.judge, n) : this.playedFlows(n, asked);
    return verdictOn(this.uses(n, asked), () => this.guarantee(asked).judged(n), budget.pause, played);
  }

  /** What is used of limits that are known without a trial. */
  uses(n: number, { vm }: AtOnceAsked): readonly ConstraintUse[] {
    const vms = this.over === 'pf' ? n : 1;
    return [
      ...this.limitUses(n),
      ...this.trials.structureUses(vm, vms).filter(this.over === 'pf' ? () => true : isBroken),
    ];
  }

  /** Share of its link that one of `n` moves gets. */
  private shareOf(n: number, { input: { stream }, parameters }: TrialInput, uplinkGigabitsPerSecond: number): number {
    const usable = (gigabits: number): number => bytesPerSecondOf(gigabits) * parameters.lineShare;
    const host = usable(stream.gigabitsPerSecond);
    const share = this.over === 'host' ? host / n : Math.min(host, usable(uplinkGigabitsPerSecond) / n);
    return share / host;
  }

  /** One of `n` moves alike, as it happens to end. */
  private alike(n: number, end: RangeEnd, { vm, uplinkGigabitsPerSecond }: AtOnceAsked): VmTrial {
    if (this.over === 'pf') return this.trials.quick(vm, end, undefined, n);
    const made = this.trials.inputOf(vm, end);
    const { input, parameters, failed } = made;
    const stream = { ...input.stream, lineShare: this.shareOf(n, made, uplinkGigabitsPerSecond) };
    const result = moveVm({ ...input, stream }, parameters);
    return trialOf(failed, result, result.pauseNs);
  }

  private playedFlows(n: number, asked: AtOnceAsked): Played {
    for (const end of this.confidence === null ? NOMINAL : ENDS_PLAYED) {
      const closed = this.alike(n, end, asked);
      if (!closed.moved) continue;
      const use = this.simulated(n, end, asked, closed);
      return use.id === 'pause'
        ? { methods: { closedFormNs: closed.pauseNs, simulatedNs: use.used }, broken: null }
        : { methods: null, broken: use };
    }
    return { methods: null, broken: null };
  }

  /** The longest pause by flows that share their links, or what keeps a VM from moving. */
  private simulated(n: number, end: RangeEnd, asked: AtOnceAsked, closed: VmTrial): ConstraintUse {
    const { vm: asks, budget } = asked;
    const { kind, parameters } = moveClassOf('vm', asks, this.trials, end);
    const usable = (gigabits: number): number => bytesPerSecondOf(gigabits) * parameters.lineShare;
    const sources = this.over === 'host' ? 1 : n;
    const { pauseNs, fate, blocker, fitsBytes, leftBytes, startNs, endNs } = evacuate({
      // As many hosts again receive, in other racks.
      links: {
        racks: 2 * n,
        hostsPerRack: sources,
        pfsPerHost: 1,
        pf: Infinity,
        host: usable(asks.stream.gigabitsPerSecond),
        rack: this.over === 'host' ? Infinity : usable(asked.uplinkGigabitsPerSecond),
        spine: Infinity,
      },
      classes: [kind],
      perHost: [n / sources],
      hosts: sources,
      room: ROOMY,
      concurrency: UNLIMITED,
      hostOrder: 'in turn',
      vmOrder: 'as listed',
    });
    if (fate.every((each) => each <= FATE.forced)) {
      return pauseUse(Math.max(...pauseNs), budget.pause);
    }
    // What kept a VM from moving is recorded where its move ended; its rates come from the closed form.
    const vm = fate.findIndex((each) => each > FATE.forced);
    const cause: MoveCause = {
      ...closed.result.cause,
      blocker: BLOCKERS[blocker[vm]!] ?? 'none',
      fitsBytes: fitsBytes[vm]!,
      leftBytes: leftBytes[vm]!,
      deviceBytes: kind.precopy.deviceBytes,
      usedNs: endNs[vm]! - startNs[vm]!,
    };
    return blockedUse(cause);
  }

  private limitUses(n: number): readonly ConstraintUse[] {
    const { over } = this;
    const { outboundPerHost, fleet, perPf, name } = this.limits;
    const limits: readonly (Pick<ConstraintUse, 'id' | 'limit'> & { readonly applies: boolean })[] = [
      { id: 'movesInFleet', limit: fleet, applies: true },
      { id: 'movesOutOfHost', limit: outboundPerHost, applies: over !== 'uplink' },
      { id: 'movesOverPf', limit: perPf, applies: over === 'pf' },
    ];
    return limits
      .filter(({ limit, applies }) => applies && Number.isFinite(limit))
      .map(({ id, limit }) => ({ id, detail: name, used: n, limit, broken: n > limit }));
  }
}

/** The uplink that a question is about; Infinity where moves share none. */
export function uplinkOf({ over, uplinkGigabitsPerSecond }: AtOnceQuestion): number {
  if (over !== 'uplink') return Infinity;
  return uplinkGigabitsPerSecond ?? bug('NO_UPLINK');
}

function isBroken({ broken }: ConstraintUse): boolean {
  return broken;
}
