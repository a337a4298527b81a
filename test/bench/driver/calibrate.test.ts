/**
 * Calibration finds the costs again that a world was made with: what a trace identifies within 2 %, all else as a range that
 * holds the truth in 95 of 100, also with interrupts between accesses and lost events.
 */
import { describe, expect, test } from 'vitest';

import { readTextOf } from '../../../bench/import/readers.ts';
import { calibrate } from '../../../bench/studies/driver/calibrate.ts';
import { captureOf } from '../../../bench/studies/driver/capture-of.ts';
import { callsOf } from '../../../bench/studies/driver/calls.ts';
import { callsOfCapture, traceOf } from '../../../bench/studies/driver/read-driver.ts';
import { streamsOf } from '../../../bench/studies/driver/streams.ts';
import { Random } from '../../../sim/base/random.ts';
import { keysOf } from '../../../sim/base/keys.ts';
import { costFileSchema } from '../../../sim/device/cost-file.ts';
import { effort } from '../../effort.ts';
import { VMALLOCINFO } from './rwmmio-writer.ts';
import { type MovesOptions, tracedMoves } from './traced-moves.ts';

const WORLDS = effort(4, 4, 400);

/** Shares of worlds whose truth is in the range, by cost; and the largest error of what a trace identifies. */
function calibrated(options: MovesOptions) {
  const inside = new Map<string, { held: number; of: number }>();
  let outside = 0;
  const errors = { read: [] as number[], writeBack: [] as number[], arc: [] as number[] };
  for (let seed = 0; seed < WORLDS; seed++) {
    const { text, costs, writeBacksNs, arcsNs } = tracedMoves(new Random(seed), options);
    const trace = traceOf([readTextOf('driver', text, 'trace.txt'), readTextOf('driver', VMALLOCINFO, 'map.txt')]);
    const calls = streamsOf(trace).vfs.map((vf) => callsOfCapture(captureOf('trace', trace, vf, callsOf(vf))));
    const table = costFileSchema.parse(
      calibrate(
        { files: ['trace.txt'], calls, functions: [], timeless: false, hasLosses: trace.losses.length > 0 },
        'trace',
      ),
    );
    for (const name of keysOf(table.costs)) {
      const { min, max } = table.costs[name]!;
      const count = inside.get(name) ?? { held: 0, of: 0 };
      count.of += 1;
      if (costs[name] >= min && costs[name] <= max) count.held += 1;
      inside.set(name, count);
    }
    outside += table.arcs!.filter(({ seenNs, lowNs, highNs }) => seenNs < lowNs || seenNs > highNs).length;
    errors.read.push(Math.abs(table.costs.mmioReadNs!.ns / costs.mmioReadNs - 1));
    const step = (word: string): number | undefined => table.steps?.find((each) => each.step === word)?.medianNs;
    const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1]!;
    const [seen, stop] = [step('cache write-back'), step('arc to STOP_COPY')];
    if (seen !== undefined) errors.writeBack.push(Math.abs(seen - median(writeBacksNs)) / median(writeBacksNs));
    if (stop !== undefined) errors.arc.push(Math.abs(stop / median(arcsNs.filter((_, i) => i % 2 === 1)) - 1));
  }
  return { inside, errors, outside };
}

const worst = (all: readonly number[]): number => Math.max(...all);

const GENERATIONS = ['linux-6.12.117', 'upstream-2026'] as const;

describe.each(GENERATIONS)('a driver of %s', (generation) => {
  const base = { generation, moves: 3, digits: 9, interrupts: 0, lost: 0 } as const;

  test.each([
    ['nothing between', base],
    ['interrupts', { ...base, interrupts: 0.1 }],
    ['microseconds', { ...base, digits: 6 }],
    ['interrupts, microseconds, lost events', { ...base, digits: 6, interrupts: 0.05, lost: 0.01 }],
  ] as const)('%s', (_, options) => {
    const result = calibrated(options);
    const { inside, errors, outside } = result;
    // A table comes to the arcs of its own trace, within the ends of its ranges.
    expect(options.interrupts === 0 ? outside : 0).toBe(0);
    for (const [name, { held, of }] of inside) expect([name, held >= 0.95 * of - 1]).toEqual([name, true]);
    // A clock of microseconds identifies what takes a hundred of them, such as arcs, where none is lost; for all else its ranges do hold.
    const identified =
      options.digits === 9 ? [errors.read, errors.arc, errors.writeBack] : options.lost === 0 ? [errors.arc] : [];
    expect(identified.map(worst).filter((error) => error >= 0.02)).toEqual([]);
  });
});
