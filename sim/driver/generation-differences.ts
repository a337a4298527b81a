/**
 * What differs between two driver generations: facts in words, and the bugs that one has and the other has not.
 */
import {
  changeWords,
  type Fact,
  FACT_NAMES,
  type FactName,
  FACTS,
  factWords,
  hasChange,
  RELEASES,
} from './generation-facts.ts';
import { type GenerationId, GENERATIONS } from './generation.ts';
import { HAZARD_IDS, hasHazard, type HazardId } from './hazards.ts';

interface FactDifference {
  readonly fact: FactName;
  readonly what: string;
  /** Values in words. */
  readonly from: string;
  readonly to: string;
  /** The releases that account for it, as `6.16, back-ported to 6.12.y`; the changes that only one of the two has. */
  readonly changedIn: readonly string[];
}

export interface GenerationDifferences {
  readonly from: GenerationId;
  readonly to: GenerationId;
  readonly facts: readonly FactDifference[];
  /** What `from` has and `to` has not, and the reverse. */
  readonly fixed: readonly HazardId[];
  readonly introduced: readonly HazardId[];
}

export function differencesBetween(from: GenerationId, to: GenerationId): GenerationDifferences {
  const [before, after] = [RELEASES[from], RELEASES[to]];
  const differing = FACT_NAMES.filter((name) => GENERATIONS[from][name] !== GENERATIONS[to][name]);
  return {
    from,
    to,
    facts: differing.map((fact) => {
      const { what, changes }: Fact = FACTS[fact];
      const between = changes.filter((change) => hasChange(before, change) !== hasChange(after, change));
      return {
        fact,
        what,
        from: factWords(GENERATIONS[from], fact),
        to: factWords(GENERATIONS[to], fact),
        changedIn: between.map(changeWords),
      };
    }),
    fixed: HAZARD_IDS.filter((id) => hasHazard(from, id) && !hasHazard(to, id)),
    introduced: HAZARD_IDS.filter((id) => hasHazard(to, id) && !hasHazard(from, id)),
  };
}
