/**
 * Why a run found what it found: which of the driver's known bugs (R1 to R28) it is.
 *
 * The search knows none of them. A finding is traced afterwards, by playing its bytes against the same generation with one
 * fact changed to what the newest driver does: where the finding is gone, that fact is its cause. A bug that the newest driver
 * still has has no such fact, and is known by the rule that sees it.
 */
import { DEFAULT_GENERATION, type Generation, GENERATION_IDS, GENERATIONS } from '../driver/generation.ts';
import { FACT_NAMES, type FactName } from '../driver/generation-facts.ts';
import { hasHazard, type HazardId } from '../driver/hazards.ts';
import { play, type Run } from './play.ts';
import type { Finding } from './record.ts';
import type { RuleId } from './rules.ts';

interface Trail {
  readonly id: HazardId;
  /** Rules that see it. */
  readonly rules: readonly RuleId[];
  /** Facts of a generation that make it; together they mend it. Empty: every generation has it. */
  readonly facts: readonly FactName[];
}

/** Bugs that a rule sees, in the order in which they are tried: those that a fact mends first. */
const TRAILS: readonly Trail[] = [
  { id: 'R1', rules: ['image.rings', 'load.tables'], facts: ['ringAddressWord'] },
  { id: 'R3', rules: ['load.misfit', 'load.tables'], facts: ['isolationMismatchErrno'] },
  {
    id: 'R5',
    rules: ['image.pieces', 'load.tables', 'tasks.order', 'tasks.stuck', 'load.misfit', 'load.nulls', 'limit.none'],
    facts: ['filesKeepPosition'],
  },
  { id: 'R8', rules: ['tasks.stuck', 'tasks.order'], facts: ['ringsEventQueuesAfterSave'] },
  { id: 'R10', rules: ['load.nulls'], facts: ['skipsNullAddresses'] },
  { id: 'R10', rules: ['load.early'], facts: ['writesGuestStateAt'] },
  { id: 'R11', rules: ['files.leaked'], facts: ['dropsFilesAtClose'] },
  {
    id: 'R13',
    rules: ['errno.cause'],
    facts: ['cacheWriteBackErrno', 'saveQueryErrno', 'matchQueryErrno', 'loadIdleErrno'],
  },
  { id: 'R14', rules: ['reset.overlap'], facts: ['serialisesResets'] },
  { id: 'R15', rules: ['state.afterReset', 'files.leaked', 'state.trapped'], facts: ['cleansUpAfterReset'] },
  { id: 'R18', rules: ['limit.short'], facts: ['mailboxDoneTimeoutUs'] },
  { id: 'R16', rules: ['load.misfit', 'load.tables'], facts: ['forgetsMatchAtOpen'] },
  { id: 'R27', rules: ['kernel.crash'], facts: ['prepareFollowsNullPf'] },
  { id: 'R28', rules: ['reset.mark'], facts: ['forgetsResetMark'] },
  { id: 'R2', rules: ['load.tables'], facts: ['imageVersion'] },
  { id: 'R4', rules: ['refusal.late'], facts: ['matchesAt', 'flags'] },
  { id: 'R16', rules: ['load.misfit'], facts: [] },
  { id: 'R12', rules: ['load.tables'], facts: [] },
  { id: 'R20', rules: ['write.foreign'], facts: [] },
  { id: 'R21', rules: ['image.entry'], facts: [] },
  { id: 'R22', rules: ['state.paused'], facts: [] },
  { id: 'R23', rules: ['state.notResumed', 'tasks.stuck'], facts: [] },
  { id: 'R24', rules: ['files.leaked'], facts: [] },
  { id: 'R25', rules: ['state.trapped'], facts: [] },
];

/** What a finding comes from. */
export interface Cause {
  /** Null: none of the known bugs. */
  readonly id: HazardId | null;
  /** The facts that mend it, as the newest driver has them. */
  readonly facts: readonly FactName[];
}

const NEWEST: Generation = GENERATIONS[DEFAULT_GENERATION];

/** A generation with some of its facts as the newest driver has them. */
function mended(generation: Generation, facts: readonly FactName[]): Generation {
  return { ...generation, ...Object.fromEntries(facts.map((fact) => [fact, NEWEST[fact]])) };
}

/**
 * Traces a finding to one of the known bugs, or to a fact of the generation.
 *
 */
export function causeOf(generation: Generation, run: Run, finding: Finding): Cause {
  if (finding.rule === 'script.gives') return { id: run instanceof Uint8Array ? null : run.shows, facts: [] };
  const mends = (facts: readonly FactName[]): boolean => {
    if (facts.every((fact) => generation[fact] === NEWEST[fact])) return false;
    const left = play(mended(generation, facts), run).finding;
    return left?.rule !== finding.rule || left.place !== finding.place;
  };
  const trails = TRAILS.filter(({ rules }) => rules.includes(finding.rule));
  for (const { id, facts } of trails) if (facts.length > 0 && mends(facts)) return { id, facts };
  const open = trails.find(({ id, facts }) => facts.length === 0 && (id !== 'R12' || generation.imageVersion === 2));
  if (open !== undefined) return { id: open.id, facts: [] };
  const fact = FACT_NAMES.find((name) => !KNOWN_FACTS.has(name) && mends([name]));
  return { id: null, facts: fact === undefined ? [] : [fact] };
}

const KNOWN_FACTS: ReadonlySet<FactName> = new Set(TRAILS.flatMap(({ facts }) => facts));

/**
 * A generation with some of its fixes taken back: as the newest driver that had each bug does it.
 *
 * @returns null for a bug that is no fact of a generation, so that it cannot be put back
 */
export function unfixed(generation: Generation, ids: readonly HazardId[]): Generation | null {
  const taken: Partial<Record<FactName, unknown>> = {};
  for (const id of ids) {
    const facts = TRAILS.filter((trail) => trail.id === id).flatMap((trail) => trail.facts);
    const last = GENERATION_IDS.findLast(
      (known) => hasHazard(known, id) && facts.some((f) => GENERATIONS[known][f] !== NEWEST[f]),
    );
    if (last === undefined) return null;
    for (const fact of facts) taken[fact] = GENERATIONS[last][fact];
  }
  return { ...generation, ...(taken as Partial<Generation>) };
}

/** Bugs that {@link unfixed} can put back. */
export const FIXED_IDS: readonly HazardId[] = [
  ...new Set(TRAILS.filter(({ facts }) => facts.length > 0).map(({ id }) => id)),
];

/** What makes two causes the same. */
export function causeKey({ id, facts }: Cause, { rule, place }: Finding): string {
  return id ?? `${rule} at ${place}, ${facts.join()}`;
}

/** What the search can find at all, and the rules that see it. */
export function rulesThatSee(id: HazardId): readonly RuleId[] {
  return [...new Set(TRAILS.filter((trail) => trail.id === id).flatMap(({ rules }) => rules))];
}
