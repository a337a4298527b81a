/**
 * Passes over memory from times at which the progress of a move was asked for.
 */
import type { IterationFacts } from './facts.ts';

/** A point in time at which bytes and syncs were counted. */
export interface ProgressPoint {
  /** Since the start of the move. */
  readonly atMs: number;
  /** Bytes of pages with data until then. */
  readonly sentBytes: number;
  /** Dirty-bitmap syncs until then: the number of the pass that runs. */
  readonly syncs: number;
}

/** When a pass began. */
export interface PassBegin {
  /** From 1. */
  readonly index: number;
  readonly atMs: number;
}

/**
 * Passes, with what each sent: pages with data are counted at points, and between two points they grow evenly.
 *
 * What pass n + 1 sends is what the guest wrote while pass n ran, where both ended before the stop.
 *
 * @param begins of passes, by events; none: the points at which the count of syncs rose
 * @param stoppedMs when the VM was stopped; undefined: not known, or never
 */
export function iterationsOf(
  points: readonly ProgressPoint[],
  begins: readonly PassBegin[],
  stoppedMs: number | undefined,
): readonly IterationFacts[] {
  const known = begins.length > 0 ? begins : risesOf(points);
  const before = known.filter(({ atMs }) => stoppedMs === undefined || atMs < stoppedMs);
  const passes = before.map(({ index, atMs }, place): IterationFacts => {
    const endMs = before[place + 1]?.atMs ?? stoppedMs;
    const [from, to] = [sentAt(points, atMs), endMs === undefined ? undefined : sentAt(points, endMs)];
    return {
      index,
      startMs: atMs,
      ...(endMs === undefined ? {} : { lastsMs: endMs - atMs }),
      ...(from === undefined || to === undefined || to < from ? {} : { sentBytes: Math.round(to - from) }),
    };
  });
  return passes.map((pass, place) => {
    // The last pass before the stop may have been cut short by it.
    const next = place + 2 < passes.length ? passes[place + 1]!.sentBytes : undefined;
    return next === undefined ? pass : { ...pass, dirtiedBytes: next };
  });
}

function risesOf(points: readonly ProgressPoint[]): readonly PassBegin[] {
  return points.flatMap(({ atMs, syncs }, place) => {
    const before = points[place - 1];
    // A later pass had begun before it was first seen: nobody knows when.
    if (before === undefined) return syncs === 1 ? [{ index: 1, atMs: 0 }] : [];
    return syncs > before.syncs ? [{ index: syncs, atMs }] : [];
  });
}

/** Bytes at a time between two points; undefined: outside of them. */
function sentAt(points: readonly ProgressPoint[], atMs: number): number | undefined {
  const first = points[0];
  if (first === undefined) return undefined;
  let before = { atMs: 0, sentBytes: 0 };
  for (const point of points) {
    if (point.atMs >= atMs) {
      const share = point.atMs === before.atMs ? 1 : (atMs - before.atMs) / (point.atMs - before.atMs);
      return before.sentBytes + share * (point.sentBytes - before.sentBytes);
    }
    before = point;
  }
  return undefined;
}
