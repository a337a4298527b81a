/**
 * A fit on moves whose parameters are known, since the model itself made their figures.
 */
import { describe, expect, test } from 'vitest';

import { readMeasured } from '../../../../bench/studies/fit/measured-rows.ts';
import { meanFigures } from '../../../../bench/studies/validation/mean-figures.ts';
import { candidatesOf, nextMoves, standardMove } from '../../../../bench/studies/fit/next-moves.ts';
import { fitPlatform, knowledgeOf, type PlatformFit, predicted } from '../../../../bench/studies/fit/platform-fit.ts';
import { parametersAt } from '../../../../bench/studies/fit/unknowns.ts';
import type { FitRow } from '../../../../bench/studies/validation/fit.ts';
import { join } from 'node:path';
import { packageRoot } from '../../../../bench/io/package-root.ts';
import { parameterSpreads } from '../../../../sim/memory/evidence.ts';
import { type MoveExperiment, moveExperimentSchema } from '../../../../sim/memory/experiment.ts';
import { pointParameters, type VmmParameterName } from '../../../../sim/memory/parameters.ts';

const SPREADS = parameterSpreads();
const TRUE = { ...pointParameters(), zstdBytesPerSecond: 4.8e8, platformLoadNs: 8e6 };

const EXPERIMENTS: readonly MoveExperiment[] = [
  { channels: 4, compression: 'zstd' },
  { channels: 2, compression: 'zstd' },
  { channels: 4 },
].map((fields) =>
  moveExperimentSchema.parse({ vcpus: 4, memoryGib: 8, gigabitsPerSecond: 50, cpu: 'ice-lake', qemu: 9.2, ...fields }),
);

const ROWS = EXPERIMENTS.map((experiment): FitRow => {
  const { downtimeMs, totalMs } = meanFigures(experiment, TRUE, ['downtimeMs', 'totalMs']);
  return {
    lab: 'mine',
    experiment,
    published: { downtimeMs: Math.exp(downtimeMs!.log), totalMs: Math.exp(totalMs!.log) },
  };
});

const FIT = fitPlatform(ROWS, SPREADS);
const KNOWLEDGE = knowledgeOf(ROWS, FIT);

function placeOf(fit: PlatformFit, name: VmmParameterName): number {
  return fit.unknowns.findIndex((unknown) => unknown.kind === 'parameter' && unknown.name === name);
}

describe('a fit', () => {
  test('finds a rate within a few percent, which decides a total', () => {
    const found = parametersAt(SPREADS, FIT.unknowns, FIT.deviations);
    expect(Math.abs(found.zstdBytesPerSecond / TRUE.zstdBytesPerSecond - 1)).toBeLessThan(0.05);
    expect(found.platformLoadNs).toBeLessThan(SPREADS.platformLoadNs.value);
  });

  test('predicts the figures that it was given, better than without', () => {
    const none = fitPlatform([], SPREADS);
    for (const { experiment, published } of ROWS) {
      const off = (fit: PlatformFit, name: 'downtimeMs' | 'totalMs'): number =>
        Math.abs(Math.log(predicted(experiment, fit)[name]! / published[name]!));
      expect(off(FIT, 'totalMs')).toBeLessThan(0.03);
      expect(off(FIT, 'downtimeMs')).toBeLessThan(off(none, 'downtimeMs') / 2);
    }
  });

  test('never knows less than before, and nothing of what its rows do not react to', () => {
    for (const i of FIT.unknowns.keys()) expect(KNOWLEDGE.covariance.deviation(i)).toBeLessThanOrEqual(1);
    for (const name of ['faultBytesPerSecond', 'cloudHypervisorSaveNs', 'tlsBytesPerSecond'] as const) {
      const place = placeOf(FIT, name);
      expect([name, FIT.deviations[place], KNOWLEDGE.covariance.deviation(place)]).toEqual([name, 0, 1]);
    }
  });

  test('without rows is what ships', () => {
    const { unknowns, deviations } = fitPlatform([], SPREADS);
    expect(parametersAt(SPREADS, unknowns, deviations)).toEqual(pointParameters());
  });

  test('is the same to the digit when it is made again', () => {
    expect(fitPlatform(ROWS, SPREADS).deviations).toEqual(FIT.deviations);
  });

  test('stays within what a parameter may be at all, whatever a row says', () => {
    const odd = { ...ROWS[2]!, published: { downtimeMs: 4000, totalMs: 500_000 } };
    const { unknowns, deviations } = fitPlatform([odd], SPREADS);
    for (const [i, { least, most }] of unknowns.entries()) {
      expect(deviations[i]).toBeGreaterThanOrEqual(least);
      expect(deviations[i]).toBeLessThanOrEqual(most);
    }
  });
});

describe('what to measure next', () => {
  const standard = standardMove(EXPERIMENTS[0]!);
  const planned = [standard, ...candidatesOf(standard).map(({ experiment }) => experiment)];
  const fit = fitPlatform(ROWS.slice(0, 1), SPREADS, planned);
  const { covariance } = knowledgeOf(ROWS.slice(0, 1), fit);
  const next = nextMoves(fit, covariance, standard);

  test('no move makes the standard move known less, and the best is first', () => {
    const size = ({ downtime, total }: typeof next.known): number => Math.log(downtime) ** 2 + Math.log(total) ** 2;
    const sizes = next.moves.map(({ known }) => size(known));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(size(next.known));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(next.moves.length).toBeGreaterThan(8);
  });

  test('a move that was made once more is known better', () => {
    const [first] = ROWS;
    const i = placeOf(fit, 'zstdBytesPerSecond');
    const twice = knowledgeOf([first!, first!], fit).covariance.deviation(i);
    expect(covariance.deviation(i)).toBeLessThan(0.7);
    expect(twice).toBeLessThan(covariance.deviation(i));
  });
});

test('an example of a table ships', () => {
  const [table] = readMeasured([join(packageRoot(), 'bench/studies/fit/examples/small-lab.yaml')]);
  expect(table!.rows.map(({ name }) => name)).toEqual(['small-lab row 1', 'small-lab row 2', 'small-lab row 3']);
});
