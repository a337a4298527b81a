/**
 * Which runs are played: random bytes, each run from its own stream, so that runs can be divided among threads at will.
 */
import { Random } from '../base/random.ts';
import type { Generation } from '../driver/generation.ts';
import { type Cause, causeKey, causeOf } from './causes.ts';
import { play } from './play.ts';
import type { Finding } from './record.ts';

/** More bytes than most runs read; past them every choice is the plainest. */
const RUN_BYTES = 96;

/** The bytes of a run of a seed. */
export function runBytes(seed: number, run: number): Uint8Array {
  const random = new Random(seed, run);
  return Uint8Array.from({ length: RUN_BYTES }, () => random.below(256));
}

/** What makes two findings the same before their cause is known: the rule and the place. */
export function findingKey({ rule, place }: Finding): string {
  return `${rule} at ${place}`;
}

/** What some runs found for one cause. */
export interface Hit {
  readonly cause: Cause;
  readonly finding: Finding;
  /** The first run that found it, from 1: an exact count. */
  readonly run: number;
  readonly bytes: Uint8Array;
}

export interface SearchedBlock {
  readonly runs: number;
  /** Calls that the actors made. */
  readonly calls: number;
  /** Runs that found something. */
  readonly withFinding: number;
  /** The first of each cause. */
  readonly hits: readonly Hit[];
}

/** How many findings of one rule and place a block traces to their causes: most have the same one. */
const TRACED_MAX = 10;

/**
 * Plays runs `from` to `from + count - 1` of a seed.
 *
 * @param goesOn asked after each run; the block ends early when it gives false
 */
export function searchBlock(
  generation: Generation,
  seed: number,
  { from, count }: { readonly from: number; readonly count: number },
  goesOn: () => boolean = () => true,
): SearchedBlock {
  const hits = new Map<string, Hit>();
  const traced = new Map<string, number>();
  let calls = 0;
  let withFinding = 0;
  let runs = 0;
  while (runs < count) {
    const bytes = runBytes(seed, from + runs);
    const { finding, calls: made, used } = play(generation, bytes);
    runs += 1;
    calls += made;
    if (finding !== null) {
      withFinding += 1;
      const key = findingKey(finding);
      const before = traced.get(key) ?? 0;
      if (before < TRACED_MAX) {
        traced.set(key, before + 1);
        const cause = causeOf(generation, bytes, finding);
        const ofCause = causeKey(cause, finding);
        if (!hits.has(ofCause)) hits.set(ofCause, { cause, finding, run: from + runs, bytes: bytes.slice(0, used) });
      }
    }
    if (!goesOn()) break;
  }
  return { runs, calls, withFinding, hits: [...hits.values()] };
}

/** Blocks of one search put together: of each cause the first run. */
export function mergeBlocks(blocks: readonly SearchedBlock[]): SearchedBlock {
  const hits = new Map<string, Hit>();
  let [runs, calls, withFinding] = [0, 0, 0];
  for (const block of blocks) {
    runs += block.runs;
    calls += block.calls;
    withFinding += block.withFinding;
    for (const hit of block.hits) {
      const key = causeKey(hit.cause, hit.finding);
      const known = hits.get(key);
      if (known === undefined || hit.run < known.run) hits.set(key, hit);
    }
  }
  return { runs, calls, withFinding, hits: [...hits.values()].toSorted((a, b) => a.run - b.run) };
}
