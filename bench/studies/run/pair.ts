/**
 * Two scenarios, each played with its own band, or answered by `can` where its VM will not move.
 */
import { WillNotMove } from '../../../sim/scenario/ask-can.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { writtenScenario } from '../../../sim/scenario/document.ts';
import { type CanDocument, canDocument } from '../../documents/can/document.ts';
import { runDocument } from '../../documents/run/document.ts';
import { type PairMember, type PairSide, type RunPairDocument, runPairDocument } from '../../documents/run/pair.ts';
import type { Output } from '../../io/output.ts';
import { compiled, playScenario, readDocuments, type ScenarioDocuments } from './play.ts';

/** Scenarios that were read, each ready to be played or refused. */
interface Ready {
  readonly read: ScenarioDocuments;
  readonly plan: CompiledScenario | CanDocument;
}

/**
 * Plays two scenarios one after the other; both are read and checked before the first is played.
 *
 * @param words paths or names of shipped scenarios, A and B
 * @param seed in place of those of the scenarios
 * @throws UserError of kind `input` for a scenario that cannot be, or leaves out what decides whether its VM moves
 * @throws Interrupted when the signal fires
 */
export async function playPair(
  words: readonly [string, string],
  seed: number | undefined,
  output: Output,
  signal: AbortSignal,
): Promise<RunPairDocument> {
  const [a, b] = [ready(words[0], seed), ready(words[1], seed)];
  return runPairDocument(await sideOf(a, output, signal), await sideOf(b, output, signal));
}

function ready(word: string, seed: number | undefined): Ready {
  const read = readDocuments(word, seed);
  try {
    return { read, plan: compiled(read) };
  } catch (error) {
    if (!(error instanceof WillNotMove)) throw error;
    return { read, plan: canDocument(error.asked.question, error.asked.answer) };
  }
}

async function sideOf({ read, plan }: Ready, output: Output, signal: AbortSignal): Promise<PairSide> {
  const { scenario, profiles } = read;
  const document: PairMember = 'scenario' in plan ? runDocument(await playScenario(plan, output, signal)) : plan;
  return {
    document,
    scenario: { ...(writtenScenario(scenario) as object) },
    vms: scenario.vms,
    profiles: scenario.devices.map(({ profile }) => ({ word: profile, profile: profiles.get(profile) })),
  };
}
