/**
 * Kinds of jobs for tests, and the task of the threads that run them: a plain one, and one whose cells go wrong in every way.
 */
import { existsSync, writeFileSync } from 'node:fs';

import { bug } from '../../../sim/base/bug.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { batchRunner } from '../../../workers/pools/run-cells.ts';

export interface Mishap {
  readonly does: 'nothing' | 'refuses' | 'bug' | 'type error' | 'ends its thread' | 'gives a function';
  readonly n: number;
  /** Only as long as this file is missing, which is made then. */
  readonly onceBy?: string;
}

export interface Squared {
  readonly square: number;
  /** NaN where n is 0: JSON has no such number. */
  readonly ratio: number;
}

function square({ factor }: { readonly factor: number }, { n }: { readonly n: number }): Squared {
  return { square: factor * n * n, ratio: n / n };
}

function mishap(_: null, { does, n, onceBy }: Mishap): unknown {
  if (onceBy !== undefined) {
    if (existsSync(onceBy)) return n;
    writeFileSync(onceBy, '');
  }
  switch (does) {
    case 'refuses':
      throw new UserError('infeasible', `no ${n}`, 'try more');
    case 'bug':
      return bug('RIG', n, 'seen');
    case 'type error':
      return (undefined as unknown as { readonly of: unknown }).of;
    case 'ends its thread':
      return process.exit(7);
    case 'gives a function':
      return () => n;
    default:
      return n;
  }
}

export const SQUARE = { name: 'square', version: 1, run: square } as const;
export const MISHAP = { name: 'mishap', version: 1, run: mishap } as const;

export const runBatch = batchRunner([SQUARE, MISHAP]);
