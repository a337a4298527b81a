/**
 * What a run document holds of the draws: the 80 % interval of each figure, how the draws ended, and what decides the pause.
 */
import type { Spread } from '../../../sim/base/draws.ts';
import { mapValues } from '../../../sim/base/keys.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { type DrawnMove, type RegistersByEnd, registersOf } from '../../../sim/scenario/drawn-moves.ts';
import type { GroupLatency, PhaseLatency } from '../../../sim/scenario/guest-latency.ts';
import { type Decider, type DrawnEnds, MoveIntervals } from '../../../sim/scenario/intervals.ts';
import type { ScenarioResult, VmResult } from '../../../sim/scenario/scenario-run.ts';
import { clocksOfVm, stoppedNsOf } from '../../../sim/scenario/service.ts';
import type { Figure } from '../../show/figure.ts';

/** One draw of the pause; its parts add up. */
interface DrawReport {
  readonly pauseNs: number;
  readonly parts: readonly { readonly name: string; readonly criticalNs: number }[];
}

/** The draws of what nobody knows, of the VM that the headlines are of. */
export interface DrawsReport {
  readonly count: number;
  readonly seed: number;
  /** How many ended so. */
  readonly ended: DrawnEnds;
  /** What decides the interval of the pause most. */
  readonly deciders: readonly Decider[];
  /** Draws whose pauses stand at 10 and 90 %; null: no draw ends as the nominal move does. */
  readonly low: DrawReport | null;
  readonly high: DrawReport | null;
}

/** Ends of an interval, in ns. */
export interface IntervalNs {
  readonly lowNs: number;
  readonly highNs: number;
}

/** A phase with waits over the pause, whose ends follow from those of the pause. */
interface PhaseReport extends PhaseLatency {
  readonly low?: Pick<PhaseLatency, 'p50Ns' | 'p99Ns' | 'maxNs'>;
  readonly high?: Pick<PhaseLatency, 'p50Ns' | 'p99Ns' | 'maxNs'>;
}

export interface LatencyReport extends Omit<GroupLatency, 'phases'> {
  readonly phases: readonly PhaseReport[];
}

/** Results of the three plays. */
type Results = Readonly<Record<RangeEnd, ScenarioResult>>;

export class RunIntervals {
  private readonly plan: CompiledScenario;
  private readonly results: Results;
  private readonly nominal: VmResult;
  private readonly registers: RegistersByEnd;
  private readonly intervals: MoveIntervals;

  /** @param vm place of the VM that the headlines are of */
  constructor(plan: CompiledScenario, results: Results, vm: number) {
    this.plan = plan;
    this.results = results;
    this.nominal = results.point.vms[vm]!;
    this.registers = registersOf(plan, results, vm);
    this.intervals = new MoveIntervals(plan, this.registers, vm, this.nominal.kind);
  }

  figure(value: number, unit: string, of: (move: DrawnMove) => number): Figure {
    return { unit, kind: 'modelled', ...this.intervals.of(value, of) };
  }

  /** A figure that is the pause and some more, such as a queue's gap: what is more is that of the registers' play. */
  overPause(value: number, valueAt: (result: ScenarioResult) => number | undefined, pauseAt: PauseAt): Figure {
    const moreNs = mapValues(this.results, (result) => {
      const at = valueAt(result);
      return at === undefined ? value - pauseAt(this.results.point) : at - pauseAt(result);
    });
    return this.figure(value, 'ns', ({ pauseNs, registers }) => pauseNs + moreNs[registers]);
  }

  /** The interval of a part of the pause on its critical path. */
  part(name: string, valueNs: number): IntervalNs {
    return endsOf(this.intervals.of(valueNs, ({ partsNs }) => partsNs[name] ?? 0));
  }

  /** How long each VF does not run. */
  stopped(valuesNs: readonly number[]): readonly IntervalNs[] {
    const drawn = this.intervals.alike.map((move) => stoppedNsOf(this.passed(move)));
    return valuesNs.map((valueNs, vf) => {
      const byDraw = new Map(this.intervals.alike.map((move, place) => [move, drawn[place]![vf] ?? Number.NaN]));
      return endsOf(this.intervals.of(valueNs, (move) => byDraw.get(move)!));
    });
  }

  /** What each program prints, by the clock's name. */
  clocks(): ReadonlyMap<string, readonly number[]> {
    const drawn = new Map<string, number[]>();
    for (const move of this.intervals.alike) {
      for (const { id, ns } of clocksOfVm(this.plan, this.passed(move))) {
        const values = drawn.get(id) ?? [];
        if (values.length === 0) drawn.set(id, values);
        values.push(ns);
      }
    }
    return drawn;
  }

  /** Waits over the pause are as much longer as the pause is. */
  latencies(latencies: readonly GroupLatency[]): readonly LatencyReport[] {
    const { value, low, high } = this.intervals.of(this.nominal.pauseNs, ({ pauseNs }) => pauseNs);
    return latencies.map(({ phases, ...group }) => ({
      ...group,
      phases: phases.map((each): PhaseReport => {
        if (each.phase !== 'during' || each.jobs === 0) return each;
        return { ...each, low: shifted(each, low - value), high: shifted(each, high - value) };
      }),
    }));
  }

  report(): DrawsReport {
    const { moves, seed, ended } = this.intervals;
    const drawReport = (move: DrawnMove | undefined): DrawReport | null => {
      if (move === undefined) return null;
      const parts = Object.entries(move.partsNs).map(([name, criticalNs]) => ({ name, criticalNs }));
      return { pauseNs: move.pauseNs, parts };
    };
    return {
      count: moves.length,
      seed,
      ended,
      deciders: this.intervals.deciders(),
      low: drawReport(this.intervals.at(0.1)),
      high: drawReport(this.intervals.at(0.9)),
    };
  }

  private passed({ kind, move, registers }: DrawnMove) {
    return { kind, move, times: this.registers[registers].times };
  }
}

/** The pause of the VM that the headlines are of, in a play. */
type PauseAt = (result: ScenarioResult) => number;

function endsOf({ low, high }: Spread): IntervalNs {
  return { lowNs: low, highNs: high };
}

function shifted({ p50Ns, p99Ns, maxNs }: PhaseLatency, byNs: number) {
  return { p50Ns: p50Ns + byNs, p99Ns: p99Ns + byNs, maxNs: maxNs + byNs };
}
