/**
 * The files of other tools that are shipped to start from: each is read, and the moves come to what was measured.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { median } from 'simple-statistics';
import { expect, test } from 'vitest';

import { readForeign } from '../../../bench/import/readers.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { readMove } from '../../../bench/studies/import/moves.ts';

const FOLDER = join(packageRoot(), 'bench/studies/import/examples');
const READ = readdirSync(FOLDER).map((name) => ({ name, reading: readForeign(join(FOLDER, name)) }));
const MOVES = READ.filter(({ reading }) => reading.kind === 'move').map(({ name }) => name);

test('there are files for each kind of user, and eight moves', () => {
  expect(new Set(READ.map(({ reading }) => reading.kind))).toEqual(new Set(['move', 'machine', 'fleet', 'driver']));
  expect(MOVES.length).toBeGreaterThanOrEqual(8);
});

test('every move was completed, and the model comes to its total and downtime', () => {
  const errors = MOVES.map((name) => {
    const { measured, modelled } = readMove(join(FOLDER, name)).made;
    return {
      name,
      total: Math.abs(modelled!.totalMs / measured.totalMs! - 1),
      pause: Math.abs(modelled!.pauseMs / measured.pauseMs! - 1),
    };
  });
  expect(errors.filter(({ total, pause }) => !(total < 0.15 && pause < 0.3))).toEqual([]);
  expect(median(errors.map(({ total }) => total))).toBeLessThan(0.1);
  expect(median(errors.map(({ pause }) => pause))).toBeLessThan(0.25);
});
