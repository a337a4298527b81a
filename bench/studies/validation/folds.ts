/**
 * What a prediction may rest on: for a lab whose figures ship, all but its own; for others, all.
 */
import { z } from 'zod';

import { Draws } from '../../../sim/base/draws.ts';
import { parameterSpreads } from '../../../sim/memory/evidence.ts';
import type { Grounds } from './experiments.ts';
import FITTED from '../../../sim/memory/fitted.json' with { type: 'json' };

/** Values of fitted parameters, lab by lab, fitted without that lab; `scripts/fit.mjs` writes them. */
const folds = z.record(z.string(), z.record(z.string(), z.number())).parse(FITTED.without);

/** Draws of each prediction, and their seed. */
const DRAWS = 200;
const SEED = 1;

/** Labs whose figures parameters were fitted to. */
export const FITTED_LABS: readonly string[] = Object.keys(folds);

const known = new Map<string, Grounds>();

/** @param lab that has measured what is to be predicted; undefined: a lab whose figures do not ship */
export function groundsFor(lab: string | undefined): Grounds {
  const values = lab === undefined ? undefined : folds[lab];
  const key = values === undefined ? '' : lab!;
  let grounds = known.get(key);
  if (grounds === undefined) {
    const without = values === undefined ? undefined : { lab: lab!, values };
    grounds = { parameters: parameterSpreads(without), without: without?.lab, draws: new Draws(DRAWS, SEED) };
    known.set(key, grounds);
  }
  return grounds;
}
