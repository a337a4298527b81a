/**
 * Makes the run of a finding as short and plain as it will go: shorter strings, then smaller bytes, as long as the same rule
 * finds the same at the same place, and for the same cause.
 */
import type { Generation } from '../driver/generation.ts';
import { play } from './play.ts';
import type { Finding } from './record.ts';
import { causeKey, causeOf } from './causes.ts';
import { findingKey } from './search.ts';

interface Shrunk {
  readonly bytes: Uint8Array;
  readonly finding: Finding;
  /** Runs that it took. */
  readonly runs: number;
}

/** Runs that a shrink may take. */
const RUNS_MAX = 2_000;

export function shrink(generation: Generation, bytes: Uint8Array, finding: Finding): Shrunk {
  const key = findingKey(finding);
  const cause = causeKey(causeOf(generation, bytes, finding), finding);
  let best = bytes;
  let bestFinding = finding;
  let bestCalls = Infinity;
  let runs = 0;
  // Leaving out different spans often gives the same string; one that was no better then is no better now.
  const tried = new Set<string>();
  const better = (candidate: Uint8Array): boolean => {
    if (runs >= RUNS_MAX) return false;
    const plain = withoutZeros(candidate).join(' ');
    if (tried.has(plain)) return false;
    tried.add(plain);
    runs += 1;
    const outcome = play(generation, candidate);
    if (outcome.finding === null || findingKey(outcome.finding) !== key || outcome.calls > bestCalls) return false;
    if (causeKey(causeOf(generation, candidate, outcome.finding), outcome.finding) !== cause) return false;
    best = withoutZeros(candidate.slice(0, outcome.used));
    bestFinding = outcome.finding;
    bestCalls = outcome.calls;
    return true;
  };
  better(best);
  for (;;) {
    const before = runs;
    const lengthBefore = best.length;
    const sumBefore = sumOf(best);
    dropSpans(() => best, better);
    plainBytes(() => best, better);
    if ((best.length === lengthBefore && sumOf(best) === sumBefore) || runs === before || runs >= RUNS_MAX) break;
  }
  return { bytes: best, finding: bestFinding, runs };
}

/** Leaves spans of bytes out, long ones first. */
function dropSpans(current: () => Uint8Array, better: (bytes: Uint8Array) => boolean): void {
  for (let span = 16; span >= 1; span >>= 1) {
    for (let at = 0; at + span <= current().length;) {
      const bytes = current();
      const shorter = new Uint8Array(bytes.length - span);
      shorter.set(bytes.subarray(0, at));
      shorter.set(bytes.subarray(at + span), at);
      if (!better(shorter)) at += span;
    }
  }
}

/** Makes bytes 0, or else half as large. */
function plainBytes(current: () => Uint8Array, better: (bytes: Uint8Array) => boolean): void {
  for (let at = 0; at < current().length; at++) {
    for (
      let value = 0;
      at < current().length && value < current()[at]!;
      value += Math.max(1, (current()[at]! - value) >> 1)
    ) {
      const plainer = current().slice();
      plainer[at] = value;
      if (better(plainer)) break;
    }
  }
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.slice(0, end);
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}
