/**
 * So many moves at once, tried: by closed form, in which all get the same, and by simulation.
 */
import { VFS_MAX } from '../../../abi/vft.ts';
import { bug } from '../../../base/bug.ts';
import { bytesPerSecondOf } from '../../../base/units.ts';
import { hasMoved, type MoveCause } from '../../../memory/outcome.ts';
import { BLOCKERS } from '../../../memory/precopy-end.ts';
import { moveVm } from '../../../memory/vm-move.ts';
import type { ConstraintUse } from '../../constraint.ts';
import { evacuate } from '../../evacuation.ts';
import { FATE } from '../../evacuation-terms.ts';
import { moveClassOf } from '../../limited-vm.ts';
import type { Limits } from '../../limits.ts';
import type { Budget, QuestionOf, QuestionVm } from '../../question.ts';
import { type JudgedEnd, judgeVm, pauseOf, pauseUse, blockedUse, useOf, type VmVerdict } from '../../vm-verdict.ts';
import type { TrialAt, VmTrial, VmTrials } from '../../vm-trials.ts';

export type AtOnceQuestion = QuestionOf<'at-once'>;

/** Over one host or uplink, at most; a PF has its VFs. */
const MOVES_MAX = 512;
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
  private readonly trials: VmTrials;
  private readonly limits: Limits;

  constructor({ over }: AtOnceQuestion, trials: VmTrials, limits: Limits) {
    this.over = over;
    this.trials = trials;
    this.limits = limits;
    this.high = over === 'pf' ? VFS_MAX + 1 : MOVES_MAX;
  }

  /** By closed form: all get the same, since all are alike and begin together. */
  quick(n: number, end: JudgedEnd, asked: AtOnceAsked): VmVerdict {
    if (this.over === 'pf') return this.limited(n, judgeVm(this.trials, asked.vm, asked.budget, end, 'quick', n));
    if (end === 'worst') return worstEnd((each) => this.quick(n, each, asked));
    return this.limited(n, this.structural(end, asked) ?? this.shared(n, end, asked));
  }

  /** By simulation: register by register over a PF, otherwise flows that share their links. */
  full(n: number, end: JudgedEnd, asked: AtOnceAsked): VmVerdict {
    if (end === 'worst') return worstEnd((each) => this.full(n, each, asked));
    if (this.over === 'pf') return this.limited(n, judgeVm(this.trials, asked.vm, asked.budget, end, 'full', n));
    return this.limited(n, this.structural(end, asked) ?? this.simulated(n, end, asked));
  }

  /** The verdict on a VM that hardware or VMM do not allow; null when they do. */
  private structural(end: TrialAt, { vm, budget }: AtOnceAsked): VmVerdict | null {
    const broken = this.trials.structures(vm).some(({ used, limit }) => used > limit);
    return broken ? judgeVm(this.trials, vm, budget, end, 'quick') : null;
  }

  /** One of `n` moves that share the host's line, or the uplink. */
  private shared(n: number, end: TrialAt, { vm, budget, uplinkGigabitsPerSecond }: AtOnceAsked): VmVerdict {
    const { input, parameters, failed } = this.trials.inputOf(vm, end);
    const { stream } = input;
    const usable = (gigabits: number): number => bytesPerSecondOf(gigabits) * parameters.lineShare;
    const host = usable(stream.gigabitsPerSecond);
    const share = this.over === 'host' ? host / n : Math.min(host, usable(uplinkGigabitsPerSecond) / n);
    const result = moveVm({ ...input, stream: { ...stream, lineShare: share / host } }, parameters);
    const { end: ended, pauseNs, totalNs } = result;
    const trial: VmTrial = {
      moved: hasMoved(ended) && failed === null,
      failed,
      pauseNs,
      totalNs,
      result,
      deviceBytes: this.trials.deviceBytes(vm, end),
    };
    return { holds: true, uses: [useOf(trial, budget.pause)], trial };
  }

  private simulated(n: number, end: TrialAt, asked: AtOnceAsked): VmVerdict {
    const { vm: asks, budget } = asked;
    const { kind, parameters } = moveClassOf('vm', asks, this.trials, end);
    const usable = (gigabits: number): number => bytesPerSecondOf(gigabits) * parameters.lineShare;
    const sources = this.over === 'host' ? 1 : n;
    const { pauseNs, fate, blocker, fitsBytes, leftBytes, startNs, endNs } = evacuate({
      // As many hosts again receive, in other racks.
      lines: {
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
      return { holds: true, uses: [pauseUse(Math.max(...pauseNs), budget.pause)], trial: null };
    }
    // What kept a VM from moving is recorded where its move ended; its rates come from the closed form.
    const vm = fate.findIndex((each) => each > FATE.forced);
    const alone = this.shared(n, end, asked).trial?.result.cause ?? bug('NO_TRIAL', n);
    const cause: MoveCause = {
      ...alone,
      blocker: BLOCKERS[blocker[vm]!] ?? 'none',
      fitsBytes: fitsBytes[vm]!,
      leftBytes: leftBytes[vm]!,
      deviceBytes: kind.precopy.deviceBytes,
      usedNs: endNs[vm]! - startNs[vm]!,
    };
    return { holds: false, uses: [blockedUse(cause)], trial: null };
  }

  /** A verdict, with what the operator's own limits say first. */
  private limited(n: number, { holds, uses, trial }: VmVerdict): VmVerdict {
    const all = [...this.limitUses(n), ...uses];
    return { holds: holds && all.every(({ broken }) => !broken), uses: all, trial };
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

/** Of the three ends of the parameters, the verdict on the one that fares worst. */
function worstEnd(at: (end: TrialAt) => VmVerdict): VmVerdict {
  const pauseNs = (verdict: VmVerdict): number => pauseOf(verdict) ?? Number.POSITIVE_INFINITY;
  return (['long', 'point', 'short'] as const).map(at).reduce((a, b) => (pauseNs(b) > pauseNs(a) ? b : a));
}
