/**
 * Guests of measured moves, as scenarios say what a guest writes.
 */
import { MIB } from '../../../sim/base/units.ts';
import type { PlatformFile } from '../../../sim/memory/platform-file.ts';
import { fitGuest, type GuestFigure, type GuestFit } from './guest-fit.ts';
import type { MeasuredRow } from './measured-rows.ts';

type Guest = NonNullable<PlatformFile['guests']>[number];

const DIGITS = 4;
/** Names of figures that `memory.dirty` of a scenario does not take: when bursts begin is of one move. */
const OF_ONE_MOVE = 'begins';

/** What the iterations of rows say of their guests; rows without iterations say nothing. */
export function guestsOf(rows: readonly MeasuredRow[]): readonly Guest[] {
  return rows.flatMap(({ name, spans, experiment }): Guest[] => {
    if (spans === undefined) return [];
    const fit = fitGuest(spans, experiment.memoryGib * 1024 * MIB);
    const dirty = dirtyOf(fit);
    return [
      {
        row: name,
        iterations: spans.length,
        ...(dirty === undefined ? {} : { dirty }),
        figures: fit.figures.map(figureOf),
        ...(Number.isNaN(fit.error) || fit.kind === 'trace' ? {} : { error: digits(fit.error) }),
        unknown: [...fit.unknown],
      },
    ];
  });
}

function digits(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

function figureOf({ name, value, low, high, unit }: GuestFigure): Guest['figures'][number] {
  const of = (each: number): number => digits(unit === 'bytes' ? each / MIB : each);
  return {
    name,
    value: of(value),
    ...(low === undefined ? {} : { low: of(low) }),
    ...(high === undefined ? {} : { high: of(high) }),
    unit: unit === 'bytes' ? 'MiB' : unit,
  };
}

/** `memory.dirty` of a scenario with this guest; undefined: nothing is known of it. */
function dirtyOf({ kind, figures, trace }: GuestFit): Guest['dirty'] | undefined {
  if (kind === 'unknown') return undefined;
  if (kind === 'trace') {
    return {
      kind,
      at: trace.map(({ fromNs }) => `${Math.round(fromNs / 1e6)}ms`),
      pagesPerSecond: trace.map(({ pagesPerSecond }) => Math.round(pagesPerSecond)),
    };
  }
  const fields = figures.flatMap(({ name, value, unit, high }) => {
    if (name === OF_ONE_MOVE) return [];
    // A set that nothing limits is all of the memory, which is the default.
    if (name === 'workingSet' && kind === 'uniform' && high === undefined) return [];
    if (unit === 'bytes') return [[name, `${Math.max(1, Math.round(value / MIB))}MiB`] as const];
    return [[name, unit === 's' ? `${Math.round(value * 1000)}ms` : Math.round(value)] as const];
  });
  return { kind, ...Object.fromEntries(fields) };
}
