/**
 * What draws of a scenario's move say: 80 % intervals of its figures, how many draws end as the nominal move does, and which
 * unknowns decide the interval of the pause.
 *
 * An interval holds the values of 80 of 100 draws, a tenth lies below and a tenth above, and it holds the nominal value. Its
 * draws are those that end as the nominal move does: at the destination, or not there.
 */
import { sampleCorrelation } from 'simple-statistics';

import { intervalAround, placeAt, placesOf, type Spread } from '../base/draws.ts';
import { hasMoved, type MoveEnd } from '../memory/outcome.ts';
import { VMMS } from '../memory/vmms.ts';
import type { CompiledScenario } from './compile.ts';
import { type DrawnMove, drawMoves, hasUnknownBursts, type RegistersByEnd } from './drawn-moves.ts';
import { BURST_PHASE, DATA_AT_END, REGISTERS, type Unknowns, unknownsOf, WINDOW_PHASE } from './unknowns.ts';

/** An unknown that decides an interval. */
export interface Decider {
  readonly name: string;
  /** Square of the rank correlation with the pause over the draws: share of the variance of its ranks. */
  readonly share: number;
}

/** Counts of draws by how the move ends. */
export type DrawnEnds = Readonly<Partial<Record<MoveEnd | 'endless', number>>>;

/** Shares below it are noise of {@link DRAWS} draws: three standard deviations of the rank correlation of what does not matter. */
const LEAST_SHARE = 0.05;
const DECIDERS_MAX = 3;
/** Fewer draws do not say what decides. */
const LEAST_DRAWS = 20;

export class MoveIntervals {
  readonly seed: number;
  readonly moves: readonly DrawnMove[];
  /** Those that end as the nominal move does. */
  readonly alike: readonly DrawnMove[];
  private readonly plan: CompiledScenario;
  private readonly unknowns: Unknowns;

  /**
   * @param registers what the registers of the VM did
   * @param vm place of the VM among those of the scenario
   * @param nominal how it ends with nominal parameters
   */
  constructor(plan: CompiledScenario, registers: RegistersByEnd, vm: number, nominal: MoveEnd | 'endless') {
    this.plan = plan;
    this.unknowns = unknownsOf(plan.scenario.seed, plan.platform?.spreads);
    this.seed = plan.scenario.seed;
    this.moves = drawMoves(plan, registers, this.unknowns, vm);
    this.alike = this.moves.filter(({ kind }) => hasMoved(kind) === hasMoved(nominal));
  }

  /** The interval of a figure around its nominal value. */
  of(value: number, figure: (move: DrawnMove) => number): Spread {
    return intervalAround(value, this.alike.map(figure));
  }

  /** How the draws end. */
  get ended(): DrawnEnds {
    const counts: Partial<Record<MoveEnd | 'endless', number>> = {};
    for (const { kind } of this.moves) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /** The draw whose pause stands at a share of all pauses, such as 0.9; undefined: no draw ends as the nominal move does. */
  at(share: number): DrawnMove | undefined {
    const { alike } = this;
    return alike.length === 0
      ? undefined
      : alike[
          placeAt(
            alike.map(({ pauseNs }) => pauseNs),
            share,
          )
        ];
  }

  /** What decides the interval of the pause most, the largest share first. */
  deciders(): readonly Decider[] {
    const { alike, unknowns } = this;
    return decidersIn(
      alike.map(({ pauseNs }) => pauseNs),
      this.names(),
      (name, place) => unknowns.share(name, alike[place]!.draw),
    );
  }

  private names(): readonly string[] {
    const { scenario, devices, registerGroups } = this.plan;
    const isUnknown: Readonly<Record<string, boolean>> = {
      [WINDOW_PHASE]: VMMS[scenario.vmm].sends === 'windows',
      [DATA_AT_END]: scenario.memory.tail === undefined,
      [BURST_PHASE]: hasUnknownBursts(scenario.memory.dirty),
      [REGISTERS]: registerGroups.length > 0,
    };
    const profiles = [...new Set(devices.map(({ profile }) => profile))];
    return this.unknowns.names(profiles, (name) => isUnknown[name] === true);
  }
}

/**
 * What decides values in draws most, the largest share first.
 *
 * @param names of unknowns
 * @param shareOf share of the distribution of an unknown below its value, by the place of the draw among the values
 */
export function decidersIn(
  values: readonly number[],
  names: readonly string[],
  shareOf: (name: string, place: number) => number,
): readonly Decider[] {
  if (values.length < LEAST_DRAWS) return [];
  const ranks = ranksOf(values);
  return names
    .map((name) => {
      const correlation = sampleCorrelation(
        values.map((_, place) => shareOf(name, place)),
        ranks,
      );
      return { name, share: correlation ** 2 };
    })
    .filter(({ share }) => share >= LEAST_SHARE)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, DECIDERS_MAX);
}

/** Place of each value among all, equal values at their mean place. */
function ranksOf(values: readonly number[]): number[] {
  const order = placesOf(values).map((place) => ({ value: values[place]!, place }));
  const ranks = values.map(() => 0);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && order[last + 1]!.value === order[first]!.value) last += 1;
    for (let i = first; i <= last; i++) ranks[order[i]!.place] = (first + last) / 2;
    first = last + 1;
  }
  return ranks;
}
