/**
 * What an operator can sign: a number for which a pause stays within its budget whatever the phase of the iterations, in so
 * large a share of draws of everything unknown as is asked for.
 *
 * The rule: of the draws so few may fail that, if a share of just the confidence held, no more than one set of draws in
 * twenty would fail as seldom (the one-sided binomial test). A number that passes then holds in about that share of any
 * other draws, or more.
 */
import { binomialDistribution } from 'simple-statistics';

import { bug } from '../base/bug.ts';
import { placesOf } from '../base/draws.ts';
import type { RangeEnd } from '../memory/device-profile.ts';
import { DRAWS } from '../scenario/unknowns.ts';
import { DEFAULT_CONFIDENCE } from './confidence.ts';
import type { TrialAt, VmTrial } from './vm-trials.ts';

/** How often a set of draws may pass although the share that holds is below the confidence. */
const ERROR_SHARE = 0.05;
/** So many draws may fail at least, so that one draw more or less does not decide. */
const LEAST_FAILING = 4;
/** Draws come in hundreds. */
const DRAWS_STEP = 100;

const ENDS: readonly RangeEnd[] = ['short', 'point', 'long'];

/** What a guaranteed number rests on: every phase of the iterations, and so many draws of everything unknown. */
export interface StatedGuarantee {
  /** Share of draws that hold, above 0 up to 1; 1: every corner of the parameters as well. */
  readonly confidence: number;
  readonly draws: number;
  /** So many of the draws have to hold, so that the confidence survives other draws. */
  readonly needed: number;
  /** In so many of them the answer holds; null: there is none. */
  readonly holding: number | null;
}

/** How many draws may fail of so many. @param confidence above 0, up to 1 */
export function failingDraws(draws: number, confidence: number): number {
  if (confidence === 1) return 0;
  const shares = binomialDistribution(draws, 1 - confidence) ?? bug('NO_BINOMIAL', draws);
  let sum = 0;
  let failing = -1;
  while (sum + (shares[failing + 1] ?? 1) <= ERROR_SHARE) {
    failing += 1;
    sum += shares[failing]!;
  }
  return failing;
}

/** So many draws as say whether a number holds with a confidence. */
export function drawsFor(confidence: number): number {
  let draws = DRAWS;
  if (confidence === 1) return draws;
  while (failingDraws(draws, confidence) < LEAST_FAILING) draws += DRAWS_STEP;
  return draws;
}

/** By the bounds of the pause, which are Infinity where a VM is not moved. */
export class Guarantee {
  /** Null: nominal parameters only. */
  readonly confidence: number | null;
  readonly draws: number;
  /** So many draws hold at least. */
  readonly needed: number;
  private readonly at: (n: number, at: TrialAt) => VmTrial;
  /** Bounds of the pause by draw, and of how many draws they are known: the first ones. */
  private readonly drawn = new Map<number, { readonly ns: Float64Array; known: number }>();
  private readonly corners = new Map<string, VmTrial>();
  private readonly judgedAt = new Map<number, VmTrial>();

  /**
   * @param confidence share of draws that hold; null: only nominal parameters count
   * @param at the trial with a number, of which the pause is the bound
   */
  constructor(confidence: number | null, draws: number, at: (n: number, at: TrialAt) => VmTrial) {
    this.confidence = confidence;
    this.draws = draws;
    // Draws that are too few to show a confidence hold all.
    this.needed = Math.min(draws, draws - failingDraws(draws, confidence ?? DEFAULT_CONFIDENCE));
    this.at = at;
  }

  /** Bounds of the pause by draw, in ns. */
  pausesNs(n: number): Float64Array {
    for (let draw = 0; draw < this.draws; draw++) this.pauseNs(n, draw);
    return this.drawn.get(n)!.ns;
  }

  /** In a draw; of a number they are asked for in the order of draws. */
  private pauseNs(n: number, draw: number): number {
    const drawn = this.drawn.get(n) ?? { ns: new Float64Array(this.draws), known: 0 };
    if (drawn.known === 0) this.drawn.set(n, drawn);
    if (draw === drawn.known) {
      drawn.ns[draw] = endlessOrPauseNs(this.at(n, { draw }));
      drawn.known += 1;
    }
    return drawn.ns[draw]!;
  }

  /** With all parameters at one end of their ranges. */
  corner(n: number, end: RangeEnd): VmTrial {
    const key = `${n} ${end}`;
    const made = this.corners.get(key) ?? this.at(n, end);
    this.corners.set(key, made);
    return made;
  }

  /** The trial by which a number is judged: of those that have to hold, the one with the longest pause. */
  judged(n: number): VmTrial {
    const known = this.judgedAt.get(n) ?? this.judge(n);
    this.judgedAt.set(n, known);
    return known;
  }

  /** Whether {@link judged} stays within a budget; plays no more draws than it takes to know. */
  holds(n: number, budgetNs: number): boolean {
    if (this.confidence === null) return isWithin(endlessOrPauseNs(this.corner(n, 'point')), budgetNs);
    if (!this.holdsIn(n, budgetNs, this.needed)) return false;
    return this.confidence < 1 || ENDS.every((end) => isWithin(endlessOrPauseNs(this.corner(n, end)), budgetNs));
  }

  /** Whether a number holds in so many draws at least, 1 to {@link draws}; plays no more of them than it takes to know. */
  holdsIn(n: number, budgetNs: number, least: number): boolean {
    let holding = 0;
    for (let draw = 0; holding < least; draw++) {
      // So many draws are left that all of them would be too few.
      if (holding + this.draws - draw < least) return false;
      if (isWithin(this.pauseNs(n, draw), budgetNs)) holding += 1;
    }
    return true;
  }

  private judge(n: number): VmTrial {
    if (this.confidence === null) return this.corner(n, 'point');
    const draw = placesOf(this.pausesNs(n))[this.needed - 1]!;
    const worst = this.at(n, { draw });
    if (this.confidence < 1) return worst;
    const corners = ENDS.map((end) => this.corner(n, end));
    return corners.reduce((a, b) => (endlessOrPauseNs(b) > endlessOrPauseNs(a) ? b : a), worst);
  }

  /** In how many draws a pause with so much more than its bound is within a budget. */
  holding(n: number, budgetNs: number, moreNs: number = 0): number {
    let holding = 0;
    for (const ns of this.pausesNs(n)) if (ns + moreNs <= budgetNs) holding += 1;
    return holding;
  }
}

/** What a guarantee rests on, as an answer says it. */
export function statedOf({ confidence, draws, needed }: Guarantee): Omit<StatedGuarantee, 'holding'> {
  return { confidence: confidence ?? bug('NO_CONFIDENCE'), draws, needed };
}

/** A VM that is not moved is within no budget. */
function isWithin(pauseNs: number, budgetNs: number): boolean {
  return Number.isFinite(pauseNs) && pauseNs <= budgetNs;
}

/** A VM that is not moved fares worse than any pause. */
export function endlessOrPauseNs({ moved, pauseNs }: Pick<VmTrial, 'moved' | 'pauseNs'>): number {
  return moved ? pauseNs : Number.POSITIVE_INFINITY;
}
