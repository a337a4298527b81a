/**
 * A scenario that was read, and what comes of it: played with its band, or the answer of `can` where its VM will not move.
 */
import { WillNotMove } from '../../../sim/scenario/ask-can.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { type Played, runDocument } from '../../documents/run/document.ts';
import { type AnyRun, type UnplayedRun, unplayedRun } from '../../documents/run/unplayed.ts';
import type { Output } from '../../io/output.ts';
import { compiled, playScenario, type ScenarioDocuments } from './play.ts';

/** A scenario ready to be played, or the document of one that will not be. */
export type ReadyRun = { readonly plan: CompiledScenario } | { readonly unplayed: UnplayedRun };

/** A run's document, and what was played for it; null: nothing. */
export interface RunOutcome {
  readonly document: AnyRun;
  readonly played: Played | null;
}

/** @throws UserError of kind `input` for a scenario that cannot be, or leaves out what decides whether its VM moves */
export function readyRun(read: ScenarioDocuments): ReadyRun {
  try {
    return { plan: compiled(read) };
  } catch (error) {
    if (!(error instanceof WillNotMove)) throw error;
    return { unplayed: unplayedRun(read.file, read.scenario, error.asked) };
  }
}

/** @throws Interrupted when the signal fires */
export async function outcomeOf(ready: ReadyRun, output: Output, signal: AbortSignal): Promise<RunOutcome> {
  if ('unplayed' in ready) return { document: ready.unplayed, played: null };
  const played = await playScenario(ready.plan, output, signal);
  return { document: runDocument(played), played };
}
