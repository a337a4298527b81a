/**
 * Two scenarios, each played with its own band, or answered by `can` where its VM will not move.
 */
import { writtenScenario } from '../../../sim/scenario/document.ts';
import { type PairSide, type RunPairDocument, runPairDocument } from '../../documents/run/pair.ts';
import type { Output } from '../../io/output.ts';
import { outcomeOf, type ReadyRun, readyRun } from './outcome.ts';
import { readDocuments, type RunGiven, type ScenarioDocuments } from './play.ts';

/** Scenarios that were read, each ready to be played or refused. */
interface Ready {
  readonly read: ScenarioDocuments;
  readonly run: ReadyRun;
}

/**
 * Plays two scenarios one after the other; both are read and checked before the first is played.
 *
 * @param words paths or names of shipped scenarios, A and B
 * @param given a seed in place of those of the scenarios, and a platform
 * @throws UserError of kind `input` for a scenario that cannot be, or leaves out what decides whether its VM moves
 * @throws Interrupted when the signal fires
 */
export async function playPair(
  words: readonly [string, string],
  { seed, platform }: RunGiven,
  output: Output,
  signal: AbortSignal,
): Promise<RunPairDocument> {
  const [a, b] = [ready(words[0], { seed, platform }), ready(words[1], { seed, platform })];
  return runPairDocument(await sideOf(a, output, signal), await sideOf(b, output, signal));
}

function ready(word: string, given: RunGiven): Ready {
  const read = readDocuments(word, given);
  return { read, run: readyRun(read) };
}

async function sideOf({ read, run }: Ready, output: Output, signal: AbortSignal): Promise<PairSide> {
  const { scenario, profiles } = read;
  const { document } = await outcomeOf(run, output, signal);
  return {
    document,
    scenario: { ...(writtenScenario(scenario) as object) },
    vms: scenario.vms,
    profiles: scenario.devices.map(({ profile }) => ({ word: profile, profile: profiles.get(profile) })),
  };
}
